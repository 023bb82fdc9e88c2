"""What a run does is possible in the model: for each policy, slot, nesting and section, whether the slot throws or not.

The model of a prover may admit more than happens, never less: what it excludes, it proves impossible.
"""

from __future__ import annotations

from itertools import groupby, product
from typing import TYPE_CHECKING, Any

import pytest
from tests.sampling import sampled
from tests.unit.reasoning.transfer.generated_policies import Combination, combinations

pytest.importorskip("z3")

from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.errors import DiagnosticError
from apimpolicy.gateway.engine.document import load_policy
from apimpolicy.gateway.engine.own_answers import reaches_backend
from apimpolicy.gateway.policies.registry import is_known
from apimpolicy.reasoning.semantics.values import ABSENT, NULL, FieldValue, Number, Text, Truth, Value, where
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.testing.claims.conditions import BACKEND, GATEWAY, POLICY, Conditions, answered_by
from apimpolicy.testing.claims.harnesses import file_about, harness_of, setup_of
from apimpolicy.testing.claims.reading import Expressions
from apimpolicy.testing.claims.static_proofs import StaticProofs

if TYPE_CHECKING:
    from apimpolicy.gateway.context.urls import Url
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.reasoning.terms.term import Term
    from apimpolicy.reasoning.transfer.flow import End

VARIABLES = ("before", "after", "in", "handled", "made", "r", "n")
ANSWERS: list[dict[Any, Any]] = [{}, {("answer", "0", "status"): 503, ("sent", "0", "fails"): True}]


def excluded(each: Combination) -> list[str]:
    """Return what runs do that the model excludes. Raises DiagnosticError for a policy that the gateway refuses."""
    file = file_about("made-up.xml", load_policy(each.document))
    harness = harness_of({"api": each.document}, setup_of(file))
    static = StaticProofs(harness, [], Expressions({}))
    wrong: list[str] = []
    is_handled = each.section == "on-error"
    for throws, nested, answers in product((False, True), (False, True), ANSWERS):
        assignment = dict(answers)
        shown = {"X-T": throws, "X-N": nested, "X-F": not is_handled}
        present = {name.lower(): is_there for name, is_there in shown.items()}
        for name, is_there in shown.items():
            if is_there:
                assignment |= {("header", name.lower()): "a", ("header", name.lower(), "there"): True}
        run = harness.run(assignment)
        if run.result is None:
            continue
        seen = [observed(static, end, run.result) for end in static.proof.ends]
        facts: list[Term] = []
        for key, variable in static.proof.unknowns.inputs.items():
            match key:
                case ("header", name, "there") if name in present:
                    facts.append(variable if present[name] else terms.not_(variable))
                case ("method",):
                    facts.append(terms.same(variable, terms.text(run.result.request.method)))
        if static.proof.question(terms.all_of(*facts, terms.any_of(*seen))).decide().is_proven:
            wrong.append(f"{shown} {answers}: {described(run.result)}")
    return wrong


def observed(static: StaticProofs, end: End, result: Result) -> Term:
    """Return where an end of the model is what a run was."""
    names = {step.name for step in static.harness.program.steps() if is_known(step.name)}
    conditions = Conditions(result, static.harness.first, Expressions({}))
    parts = [end.condition, where(end.status, lambda leaf: _is_number(leaf, result.response.status_code))]
    who = {POLICY: end.by_policy, BACKEND: terms.all_of(end.by_backend, terms.not_(end.by_policy))}
    who[GATEWAY] = terms.not_(terms.any_of(*who.values()))
    parts.append(who[answered_by(result)])
    parts += [_is(static.formulas._ran(end, name), conditions.runs(name)) for name in sorted(names)]
    parts.append(_is(static.formulas._reaches(end), reaches_backend(result)))
    parts.append(_is(static.formulas._cell(end.state, "reached"), result.reached_backend))
    given = result.exchange.variables
    parts += [_variable(end.state.get("variable", name), name in given, given.get(name)) for name in VARIABLES]
    request, query = result.exchange.request, result.exchange.request.url.query
    for name in ("x-made", "authorization"):
        parts.append(_field(end.state.get("header", name), request.headers.get_all(name)))
    parts += [_field(end.state.get("query", name), query.get_all(name)) for name in ("abc", "made", "x-made")]
    parts.append(_field(end.state.get("response-header", "x-made"), result.response.headers.get_all("X-Made")))
    parts.append(_equals(end.state.get("method"), request.method))
    parts += [_equals(end.state.get("url", name), value) for name, value in _url(request.url).items()]
    parts.append(_equals(end.state.get("reason"), result.response.reason))
    return terms.all_of(*parts)


def _url(url: Url) -> dict[str, str | int]:
    return {"Scheme": url.scheme, "Host": url.host, "Port": url.port, "Path": url.path, "QueryString": url.query_string}


def _equals(value: Value, given: str | int) -> Term:
    def is_given(leaf: Value) -> Term:
        if isinstance(leaf, Text):
            return terms.same(leaf.term, terms.text(to_utf16(given))) if isinstance(given, str) else terms.FALSE
        if isinstance(leaf, Number):
            return terms.equal(leaf.term, terms.number(given)) if isinstance(given, int) else terms.FALSE
        return terms.TRUE

    return where(value, is_given)


def _is(condition: Term, value: bool) -> Term:
    return condition if value else terms.not_(condition)


def _is_number(leaf: Value, number: int) -> Term:
    return terms.equal(leaf.term, terms.number(number)) if isinstance(leaf, Number) else terms.TRUE


def _variable(value: Value, is_there: bool, given: object) -> Term:
    def is_given(leaf: Value) -> Term:
        if leaf is ABSENT or not is_there:
            return terms.truth(leaf is ABSENT and not is_there)
        if leaf is NULL or given is None:
            return terms.truth(
                (leaf is NULL and given is None) or (given is None and not isinstance(leaf, (Text, Truth, Number)))
            )
        if isinstance(leaf, Text):
            return terms.same(leaf.term, terms.text(given)) if isinstance(given, str) else terms.FALSE
        return terms.TRUE

    return where(value, is_given)


def _field(value: Value, texts: list[str]) -> Term:
    def is_given(leaf: Value) -> Term:
        if leaf is ABSENT or not texts:
            return terms.truth(leaf is ABSENT and not texts)
        if isinstance(leaf, FieldValue):
            return terms.same(leaf.joined, terms.text(to_utf16(",".join(texts))))
        return terms.TRUE

    return where(value, is_given)


def described(result: Result) -> str:
    error = result.error
    shown = "" if error is None else f" {error.source} {error.reason} {error.message}"
    ran = [entry.name for entry in result.trace if entry.error is None]
    return f"{result.response.status_code} by {answered_by(result)}{shown}, {ran}, {result.variables}"


ALL = {str(each): each for each in combinations()}
OF_POLICIES = [list(group) for _, group in groupby(ALL, lambda name: ALL[name].policy)]


@pytest.mark.parametrize("name", [name for names in OF_POLICIES for name in sampled(names, 2)])
def test_the_model_admits_what_runs_do(name: str) -> None:
    try:
        wrong = excluded(ALL[name])
    except DiagnosticError:
        pytest.skip("the gateway refuses the policy")
    assert not wrong, "\n".join([ALL[name].document, *wrong])


FAILING = '<forward-request fail-on-error-status-code="true" />'


@pytest.mark.parametrize("status", [200, 399, 400, 599, 600])
def test_statuses_that_count_as_errors_are_those_of_runs(status: int) -> None:
    document = f"<policies><inbound /><backend>{FAILING}</backend><outbound /><on-error /></policies>"
    file = file_about("made-up.xml", load_policy(document))
    harness = harness_of({"api": document}, setup_of(file))
    static = StaticProofs(harness, [], Expressions({}))
    run = harness.run({("answer", "0", "status"): status})
    assert run.result is not None
    is_error = run.result.error is not None
    assert is_error is (400 <= status <= 599)
    seen = [observed(static, end, run.result) for end in static.proof.ends]
    assert not static.proof.question(terms.any_of(*seen)).decide().is_proven
    failed = [terms.all_of(end.condition, _status(end, status)) for end in static.proof.ends if end.errors]
    chances = (terms.not_(each) for each in static.proof.unknowns.chances)
    is_impossible = static.proof.question(terms.all_of(terms.any_of(*failed), *chances)).decide().is_proven
    assert is_impossible is not is_error


def _status(end: End, status: int) -> Term:
    return where(end.status, lambda leaf: _is_number(leaf, status))
