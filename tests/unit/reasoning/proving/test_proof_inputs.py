"""What a proof takes as known: variables, paths, assumptions; and its questions without an answer."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("z3")

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples
from tests.unit.reasoning.proving import policy_pairs as pairs
from tests.unit.reasoning.proving.policy_pairs import header

from apimpolicy import Gateway, Operation, Response, compile_expression
from apimpolicy.reasoning.languages.language import literal
from apimpolicy.reasoning.proving.proof import Inquiry, Proof, fixed_cells
from apimpolicy.reasoning.semantics.evaluation import Evaluation
from apimpolicy.reasoning.semantics.unknowns import Unknowns, Unsupported
from apimpolicy.reasoning.semantics.values import ABSENT, NULL, Number, Text, Truth, leaves
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.solving import CheckResult, Question
from apimpolicy.reasoning.terms.term import Term, value_of
from apimpolicy.testing.claims.harnesses import Setup, harness_of

KNOWN: list[Any] = [None, True, False, 0, -1, 1, 2**31 - 1, -(2**31), "", "a", "@", "a@b"]
UNKNOWN: list[Any] = [2**31, -(2**31) - 1, 1.5, [], {}, "é", "@(1)"]


@pytest.mark.parametrize("value", [each for each in KNOWN if each != "@"], ids=repr)
def test_a_variable_that_requests_begin_with_has_its_value(value: Any) -> None:
    ((cell, known),) = fixed_cells({"v": value})
    assert cell == ("variable", "v")
    if value is None:
        assert known is NULL
    else:
        kind = {bool: Truth, int: Number, str: Text}[type(value)]
        assert isinstance(known, kind)
        assert value_of(known.term, {}) is value or value_of(known.term, {}) == value
        assert type(value_of(known.term, {})) is type(value)


@pytest.mark.parametrize("value", UNKNOWN, ids=repr)
def test_a_variable_of_which_no_term_has_the_value_is_unknown(value: Any) -> None:
    assert list(fixed_cells({"v": value})) == []


def proof(**options: Any) -> Proof:
    made = pairs.harness(pairs.document())
    assert made is not None
    return Proof(made.program, made.first, {"v": "a"}, scopes=made.scopes, **options)


def test_requests_begin_with_no_other_variables_only_where_that_is_known() -> None:
    for knows in (False, True):
        start = proof(knows_variables=knows).outcome.start
        assert (start.get("variable", "w") is ABSENT) is knows
        assert value_of(start.get("variable", "v").term, {}) == "a"  # type: ignore[attr-defined]
    assert proof().outcome.start.get("variable", "w") is not ABSENT


def test_paths_and_methods_are_those_of_an_operation() -> None:
    made = proof(path=literal("/a"), method="PUT")
    path, method = made.outcome.start.get("url", "Path"), made.outcome.start.get("method")
    assert isinstance(path, Text)
    assert isinstance(method, Text)
    other = terms.not_(terms.same(path.term, terms.text("/a")))
    assert made.question(other).decide().is_proven
    assert not made.question(terms.same(path.term, terms.text("/a"))).decide().is_proven
    assert made.question(terms.not_(terms.same(method.term, terms.text("PUT")))).decide().is_proven
    free = proof()
    path = free.outcome.start.get("url", "Path")
    assert isinstance(path, Text)
    assert not free.question(terms.not_(terms.same(path.term, terms.text("/a")))).decide().is_proven


def test_an_expression_that_has_no_term_may_be_true_or_not() -> None:
    made = proof()
    expression = compile_expression('@(context.Request.Method == "GET")')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Evaluation, "run", _refuse)
        unknown = made.expression(expression, made.outcome.start)
    for each in (unknown, terms.not_(unknown)):
        assert not made.question(each).decide().is_proven
    known = made.expression(expression, made.outcome.start)
    assert made.question(terms.all_of(known, terms.not_(known))).decide().is_proven


def _refuse(*_: object) -> None:
    raise Unsupported("something else")


@pytest.mark.parametrize("handler", ["", header("X", "1")])
def test_requests_that_the_gateway_refuses_end_without_the_policies(handler: str) -> None:
    """Over its capacity, for no operation, or without a key: the statuses that runs show are those of ends."""
    text = pairs.document(on_error=handler)
    gateways = {
        429: Gateway(now=pairs.NOW, backend=Response(200), over_capacity=True),
        404: Gateway(now=pairs.NOW, backend=Response(200), operation=Operation(method="PUT", url_template="/other")),
    }
    for status, gateway in gateways.items():
        made = harness_of({"api": text}, Setup(gateway, pairs.NOW, pairs.CERTIFICATES))
        assert gateway.run(made.scopes, pairs.REQUESTS[0]).response.status_code == status
        known = Proof(made.program, gateway, {}, scopes=made.scopes)
        statuses = {
            value_of(leaf.term, {}) for end in known.ends for leaf in leaves(end.status) if isinstance(leaf, Number)
        }
        refused = {401, 404} if status == 404 and not handler else {429} if status == 429 else set()
        assert statuses & {401, 404, 429} == refused
    plain = proof()
    assert len(plain.ends) == len(plain.outcome.ends)


ASSUMED = [terms.variable(f"assumed {number}", terms.TRUTH) for number in range(4)]
CLAUSES = st.lists(st.lists(st.tuples(st.sampled_from(ASSUMED), st.booleans()), min_size=1, max_size=3), max_size=4)


_ask = Question.ask


def _with_all_assumptions(question: Question, assumptions: Sequence[Term] = ()) -> CheckResult:
    found = _ask(question, assumptions)
    return found._replace(core=tuple(assumptions)) if found.status == "impossible" else found


def holds(clauses: list[list[tuple[Any, bool]]], true: set[Any]) -> bool:
    return all(any((each in true) is sign for each, sign in clause) for clause in clauses)


@settings(max_examples=examples(90))
@given(CLAUSES)
def test_a_proof_depends_on_as_few_assumptions_as_it_can(clauses: list[list[tuple[Any, bool]]]) -> None:
    unknowns = Unknowns()
    for number, each in enumerate(ASSUMED):
        unknowns.assumptions[f"{number}"] = each
    formula = terms.all_of(
        *(terms.any_of(*(each if sign else terms.not_(each) for each, sign in clause)) for clause in clauses)
    )
    with pytest.MonkeyPatch.context() as patch:  # a solver may say that more is needed than is
        patch.setattr(Question, "ask", _with_all_assumptions)
        found = Inquiry(unknowns, formula).decide_under_assumptions()
    every = [{*chosen} for size in range(5) for chosen in itertools.combinations(ASSUMED, size)]
    in_question = {each for clause in clauses for each, _ in clause}
    assert found.is_proven is not any(holds(clauses, true) for true in every if in_question <= true)
    if found.is_proven:
        assumed = {ASSUMED[int(each)] for each in found.assumptions}
        assert not any(holds(clauses, true) for true in every if assumed <= true)
        for each in assumed:
            assert any(holds(clauses, true) for true in every if assumed - {each} <= true)
        assert Inquiry(unknowns, formula).decide().is_proven is not any(holds(clauses, true) for true in every)


def test_a_question_without_an_answer_has_no_models() -> None:
    assert list(Inquiry(Unknowns(), terms.FALSE).models()) == []
    assert Inquiry(Unknowns(), terms.FALSE).decide().is_proven
    assert list(Inquiry(Unknowns(), terms.all_of(ASSUMED[0], ASSUMED[1])).models())
