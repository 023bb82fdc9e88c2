"""Terms mean what they are made of, however they were folded, and the solver says so, too."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import pytest

pytest.importorskip("z3")

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.reasoning.languages import language as languages
from apimpolicy.reasoning.languages import operations, units
from apimpolicy.reasoning.languages.language import TooLarge
from apimpolicy.reasoning.terms import measures, solving
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.needed import needed
from apimpolicy.reasoning.terms.solving import Question
from apimpolicy.reasoning.terms.term import Term, value_of

Values = Mapping[Term, Any]
Known = tuple[Term, Callable[[Values], Any]]
"""A term, and its value in Python."""

TRUTHS, NUMBERS, TEXTS = (
    [terms.variable(f"{sort} {number}", sort) for number in range(2)]
    for sort in (terms.TRUTH, terms.NUMBER, terms.TEXT)
)
VARIABLES = [*TRUTHS, *NUMBERS, *TEXTS]
WORDS = ["", "a", "A", "b", "ab", "aA", "ba", "a,b", " ab", "b,a,a"]
ASSIGNMENTS = st.fixed_dictionaries(
    {
        **dict.fromkeys(TRUTHS, st.booleans()),
        **dict.fromkeys(NUMBERS, st.integers(-3, 4)),
        **dict.fromkeys(TEXTS, st.sampled_from(WORDS)),
    }
)
OPERATIONS: list[operations.Operation] = [
    operations.ToUpper(),
    operations.ToLower(),
    operations.Trim(units.of_text(" a").bits),
    operations.Erase(ord("a")),
    operations.ReplaceUnit(ord("a"), ord("b")),
    operations.LastPart(ord(",")),
]
LANGUAGES = [
    *map(languages.literal, ("", "a", "ab")),
    languages.containing(languages.literal("b")),
    languages.shorter_than(2),
    languages.not_(languages.literal("b")),
    languages.ANYTHING,
]
MEASURES: list[measures.Measure] = [
    measures.Length(),
    *map(measures.FirstIndex, ("a", "", "ab")),
    measures.PartCount(ord(",")),
]
PARTIAL: list[measures.Measure] = [measures.Parsed(), *map(measures.Unit, range(3))]


def _of(made: Callable[..., Term], value: Callable[..., Any], *parts: st.SearchStrategy[Known]) -> Any:
    return st.tuples(*parts).map(
        lambda known: (made(*(each[0] for each in known)), lambda values: value(*(each[1](values) for each in known)))
    )


def _with(
    made: Callable[..., Term], value: Callable[..., Any], choices: Any, part: st.SearchStrategy[Known]
) -> st.SearchStrategy[Known]:
    """A term that is made of another one and of something that is no term."""
    return st.tuples(st.sampled_from(choices), part).map(
        lambda both: (made(both[0], both[1][0]), lambda values: value(both[0], both[1][1](values)))
    )


def _leaf(variables: list[Term], constant: Callable[[Any], Term], choices: Any) -> st.SearchStrategy[Known]:
    return st.one_of(
        st.sampled_from(variables).map(lambda each: (each, lambda values: values[each])),
        st.sampled_from(choices).map(lambda each: (constant(each), lambda values: each)),
    )


def _texts(depth: int) -> st.SearchStrategy[Known]:
    leaf = _leaf(TEXTS, terms.text, WORDS[:5])
    if not depth:
        return leaf
    inner = _texts(depth - 1)
    return st.one_of(
        leaf,
        _with(terms.applied, lambda operation, text: operation.apply(text), OPERATIONS, inner),
        _of(terms.joined, lambda *texts: "".join(texts), inner, leaf),
        _of(terms.joined, lambda *texts: "".join(texts), leaf, inner, leaf),
    )


def _numbers(depth: int) -> st.SearchStrategy[Known]:
    leaf = _leaf(NUMBERS, terms.number, [-2, -1, 0, 1, 2, 7])
    measured = _with(terms.measure, lambda measure, text: measure.of(text), MEASURES, _texts(1))
    if not depth:
        return leaf | measured
    inner = _numbers(depth - 1)
    return st.one_of(
        leaf,
        measured,
        _of(terms.total, lambda one, other: one + other, inner, inner),
        _with(terms.scaled, lambda factor, number: factor * number, [-3, -2, -1, 0, 1, 2, 3], inner),
        _with(lambda by, term: terms.quotient(term, by), lambda by, number: number // by, [1, 2, 3], inner),
        _with(lambda by, term: terms.remainder(term, by), lambda by, number: number % by, [1, 2, 3], inner),
        _of(terms.choice, lambda is_true, one, other: one if is_true else other, _truths(0), inner, inner),
    )


def _truths(depth: int) -> st.SearchStrategy[Known]:
    leaf = _leaf(TRUTHS, terms.truth, [True, False])
    if not depth:
        return leaf
    inner, number, text = _truths(depth - 1), _numbers(depth - 1), _texts(depth - 1)
    return st.one_of(
        leaf,
        inner.map(lambda known: (terms.not_(known[0]), lambda values: not known[1](values))),
        _of(terms.all_of, lambda *parts: all(parts), inner, inner, inner),
        _of(terms.any_of, lambda *parts: any(parts), inner, inner, inner),
        _of(terms.iff, lambda one, other: one == other, inner, inner),
        _of(terms.choice, lambda is_true, one, other: one if is_true else other, inner, inner, inner),
        _of(terms.same, lambda one, other: one == other, text, text),
        _with(
            lambda language, term: terms.member(term, language), lambda kind, text: kind.accepts(text), LANGUAGES, text
        ),
        _of(terms.at_most, lambda one, other: one <= other, number, number),
        _of(terms.equal, lambda one, other: one == other, number, number),
    )


@pytest.mark.parametrize("sort", [terms.TRUTH, terms.NUMBER])
def test_a_variable_that_may_have_any_value_has_one_of_its_sort(sort: str) -> None:
    free, other = (terms.variable(name, sort) for name in ("free", "other"))
    formula = (
        terms.any_of(TRUTHS[0], free, other)
        if sort == terms.TRUTH
        else terms.any_of(TRUTHS[0], terms.at_most(free, other))
    )
    found = Question(formula, lambda _: ()).ask([TRUTHS[0]])
    assert found.model is not None
    assert {type(found.model.values[each]) for each in (free, other)} == {bool if sort == terms.TRUTH else int}


def fixed(values: Values) -> Term:
    """Return the formula that is true for these values alone."""
    made = {
        terms.TRUTH: lambda term, value: term if value else terms.not_(term),
        terms.NUMBER: lambda term, value: terms.equal(term, terms.number(value)),
        terms.TEXT: lambda term, value: terms.same(term, terms.text(value)),
    }
    return terms.all_of(*(made[term.sort](term, value) for term, value in values.items()))


def is_approximate(formula: Term) -> bool:
    """Return whether a formula has a text that the solver over-approximates: one that is joined of unknown ones."""
    waiting = [formula]
    for term in waiting:
        waiting += term.terms
    return any(term.kind == "joined" for term in waiting)


EVERY = [_truths(2), _numbers(2), _texts(2)]


@pytest.mark.parametrize("sort", range(3), ids=["truth", "number", "text"])
@settings(max_examples=examples(300), derandomize=True)
@given(data=st.data(), values=ASSIGNMENTS, known=st.sets(st.sampled_from(VARIABLES)))
def test_a_term_has_the_value_of_what_it_is_made_of(
    sort: int, data: st.DataObject, values: Values, known: set[Term]
) -> None:
    try:
        term, value = data.draw(EVERY[sort])
    except TooLarge:
        assume(False)
    assert value_of(term, values) == value(values)
    assert type(value_of(term, values)) is type(value(values))
    assert value_of(term, {each: values[each] for each in known}) in (None, value(values))


@settings(max_examples=examples(600), derandomize=True)
@given(_numbers(2), ASSIGNMENTS)
def test_a_bound_is_exact_around_the_value(known: Known, values: Values) -> None:
    term, value = known[0], known[1](values)
    for bound in range(value - 2, value + 3):
        constant = terms.number(bound)
        made = [terms.at_most(term, constant), terms.at_most(constant, term), terms.equal(term, constant)]
        assert [value_of(each, values) for each in made] == [value <= bound, bound <= value, value == bound]


@settings(max_examples=examples(150), derandomize=True)
@given(data=st.data(), values=ASSIGNMENTS)
def test_the_solver_agrees(data: st.DataObject, values: Values) -> None:
    """Of fixed variables it finds what the value is; of free ones, a model that makes the formula true."""
    try:
        formula, value = data.draw(_truths(2))
        status = Question(terms.all_of(formula, fixed(values)), lambda _: ()).ask().status
        free = Question(formula, lambda _: ()).ask()
    except TooLarge:
        assume(False)
    if value(values):
        assert status == free.status == "possible"
    else:
        assert status == "impossible"
    types = {terms.TRUTH: bool, terms.NUMBER: int, terms.TEXT: str}
    for each, found in free.model.values.items() if free.model is not None else ():
        assert type(found) is types[each.sort]
    if free.model is not None and not is_approximate(formula):
        assert value({each: free.model.values.get(each, value) for each, value in values.items()})


def with_truths(values: Values) -> list[Values]:
    """Return the values with all combinations of truth values."""
    return [{**values, **dict(zip(TRUTHS, each, strict=True))} for each in itertools.product((False, True), repeat=2)]


@settings(max_examples=examples(90), derandomize=True)
@given(data=st.data(), values=ASSIGNMENTS)
def test_assumptions_are_kept_and_a_core_is_enough(data: st.DataObject, values: Values) -> None:
    """The truth values are free: they are assumed, one and all of them, and each model is left out once."""
    try:
        formula, value = data.draw(_truths(2))
        others = {each: known for each, known in values.items() if each not in TRUTHS}
        question = Question(terms.all_of(formula, fixed(others), terms.any_of(TRUTHS[0], *TRUTHS)), lambda _: ())
    except TooLarge:
        assume(False)
    possible = [each for each in with_truths(values) if value(each) and any(each[truth] for truth in TRUTHS)]
    for assumed in ([], TRUTHS[:1], TRUTHS[1:], TRUTHS[::-1]):
        answer = question.ask(assumed)
        if answer.status == "impossible":
            assert {*answer.core} <= {*assumed}
            assert not any(all(each[truth] for truth in answer.core) for each in possible)
        elif not is_approximate(formula):
            assert answer.model is not None
            assert all(answer.model.values[truth] for truth in assumed)
            assert any(
                all(each[truth] == answer.model.values.get(truth, each[truth]) for truth in TRUTHS) for each in possible
            )
    found = 0
    while not is_approximate(formula) and (model := question.ask().model) is not None:
        question.exclude(model, TRUTHS)
        found += 1
        assert found <= 4
    if not is_approximate(formula) and {*TRUTHS} <= question.all_variables:
        assert found == len(possible)


@pytest.mark.parametrize(
    "limit", ["_MOST_LINKED", "_MOST_COMPARED", "_MOST_REFINED", "_MOST_STATES_OF_CONFLICTS", "STATES"]
)
@settings(max_examples=examples(30), derandomize=True)
@given(data=st.data(), values=ASSIGNMENTS)
def test_what_is_impossible_is_so_within_any_limits(limit: str, data: st.DataObject, values: Values) -> None:
    """Without its work the solver gives up, and its models are proposals."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solving, limit, 1)
        try:
            formula, value = data.draw(_truths(2))
            question = Question(terms.all_of(formula, fixed(values)), lambda _: ())
            answers = [question.ask(rounds=rounds).status for rounds in (0, 1, 3)]
        except TooLarge:
            assume(False)
    assert answers[0] == "unknown"
    if value(values):
        assert "impossible" not in answers


@settings(max_examples=examples(200), derandomize=True)
@given(data=st.data(), values=ASSIGNMENTS, others=ASSIGNMENTS)
def test_variables_that_are_not_needed_may_have_any_value(data: st.DataObject, values: Values, others: Values) -> None:
    try:
        formula, value = data.draw(_truths(2))
    except TooLarge:
        assume(False)
    assume(value(values))
    found = needed(formula, values, lambda _: True)
    assert value({**others, **{each: values[each] for each in found}})


MEASURED = ["", "0", "-1", "1", "a", "b1", "-2147483648", " 7\n", "\uffff", ",", "a,b,c", "ab", "xab", *WORDS]


@pytest.mark.parametrize("measure", [*MEASURES, *PARTIAL], ids=str)
@example(measures.LONGEST)
@given(st.integers(-3, 5) | st.sampled_from([0x60, 0x61, 0xFFFE, 0xFFFF, 0x10000, -(2**31), -(2**31) - 1]))
def test_a_bound_of_a_measure_is_a_language(measure: measures.Measure, bound: int) -> None:
    try:
        inside = measure.at_most(bound)
    except TooLarge:
        assert 5 < bound < measures.LONGEST
        return
    for text in MEASURED:
        value = measure.of(text)
        assert measure.defined.accepts(text) == (value is not None)
        if value is not None:
            assert inside.accepts(text) == (value <= bound), text


@settings(max_examples=examples(100), derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(LANGUAGES), st.booleans()), max_size=3), st.booleans(), st.booleans())
def test_texts_that_are_equal_or_not_have_words_of_their_languages(
    conditions: list[tuple[Any, bool]], is_same: bool, is_other_same: bool
) -> None:
    """Three texts and what they are in, against all short words: a model has words, and without words there is none."""
    one, other, third = (terms.variable(name, terms.TEXT) for name in ("one", "other", "third"))
    members = [
        terms.member(each, language) for each, (language, _) in zip((one, other, third), conditions, strict=False)
    ]
    signs = [is_true for _, is_true in conditions]
    parts = [
        *(each if is_true else terms.not_(each) for each, is_true in zip(members, signs, strict=True)),
        *(
            each if is_true else terms.not_(each)
            for each, is_true in ((terms.same(one, other), is_same), (terms.same(other, third), is_other_same))
        ),
    ]
    formula = terms.all_of(*parts)
    answer = Question(formula, lambda _: ()).ask()
    words = [dict(zip((one, other, third), each, strict=True)) for each in itertools.product(WORDS, repeat=3)]
    assert answer.status == ("possible" if any(value_of(formula, each) for each in words) else "impossible")
    if answer.model is not None:
        assert value_of(formula, {each: answer.model.values.get(each, "") for each in (one, other, third)}) is True


def test_equal_constructions_are_the_same_term() -> None:
    (a, b), (m, n), (s, t) = TRUTHS, NUMBERS, TEXTS
    length = measures.Length()

    def at_most(term: Term, bound: int) -> Term:
        return terms.at_most(term, terms.number(bound))

    def at_least(term: Term, bound: int) -> Term:
        return terms.at_most(terms.number(bound), term)

    for first, second in (
        (terms.choice(terms.not_(a), m, n), terms.choice(a, n, m)),
        (terms.not_(terms.not_(a)), a),
        (terms.all_of(a, terms.TRUE, b, a), terms.all_of(a, b)),
        (terms.all_of(a, b, terms.not_(a)), terms.FALSE),
        (terms.any_of(a, terms.not_(a)), terms.TRUE),
        (terms.same(s, t), terms.same(t, s)),
        (terms.joined(terms.joined(s, terms.text("a")), terms.text("b")), terms.joined(s, terms.text("ab"))),
        (terms.applied(OPERATIONS[0], terms.applied(OPERATIONS[0], s)), terms.applied(OPERATIONS[0], s)),
        (terms.equal(terms.number(1), m), terms.equal(m, terms.number(1))),
        (terms.total(m, terms.number(0)), terms.total(terms.number(0), m)),
        (terms.scaled(1, m), m),
        (terms.scaled(0, m), terms.number(0)),
        (terms.scaled(-2, terms.number(3)), terms.number(-6)),
        (terms.quotient(terms.number(-7), 2), terms.number(-4)),
        (terms.remainder(terms.number(-7), 2), terms.number(1)),
        (terms.measure(length, terms.text("ab")), terms.number(2)),
        (terms.same(terms.text("a"), s), terms.member(s, languages.literal("a"))),
        (terms.at_most(m, m), terms.TRUE),
        (terms.at_most(terms.number(2), terms.number(1)), terms.FALSE),
        (at_most(terms.measure(length, s), 2), terms.member(s, length.at_most(2))),
        (at_least(terms.measure(length, s), 3), terms.not_(terms.member(s, length.at_most(2)))),
        (at_most(terms.choice(a, terms.number(1), terms.number(5)), 3), a),
        (at_most(terms.scaled(2, m), 5), at_most(m, 2)),
        (at_most(terms.scaled(-2, m), 5), at_least(m, -2)),
        (at_most(terms.total(m, terms.number(2)), 5), at_most(m, 3)),
        (at_most(terms.total(terms.number(2), m), 5), at_most(m, 3)),
        (at_least(m, 4), terms.not_(at_most(m, 3))),
    ):
        assert first is second


def test_facts_are_known_of_each_variable_also_of_those_inside_texts() -> None:
    text = terms.joined(terms.applied(operations.Trim(units.of_text(" ").bits), TEXTS[0]), TEXTS[1])
    formula = terms.all_of(TRUTHS[0], terms.member(text, LANGUAGES[3]), terms.at_most(*NUMBERS))
    asked: list[Term] = []
    question = Question(formula, lambda variable: asked.append(variable) or [])  # type: ignore[func-returns-value]
    expected = {TRUTHS[0], *NUMBERS, *TEXTS}
    assert question.all_variables == set(asked) == expected
    assert len(asked) == len(expected)
    assert question.ask().status == "possible"
    for each in expected:
        refuted = Question(formula, lambda variable, each=each: [terms.FALSE] * (variable is each))
        assert refuted.ask().status == "impossible"


SUMS = {
    measures.Length(): (2, 3),
    measures.FirstIndex("a"): (2, 3),
    measures.PartCount(ord(",")): (2, 3),
    measures.Unit(1): (60, 37),
    measures.Parsed(): (1000, -1),
}


@pytest.mark.parametrize("measure", SUMS, ids=str)
def test_the_texts_of_a_model_have_the_measures_that_it_needs(measure: measures.Measure) -> None:
    """Also those that the formula doesn't name: here it is a sum."""
    one, other = SUMS[measure]
    numbers = {NUMBERS[0]: one, NUMBERS[1]: other}
    wanted = terms.equal(terms.measure(measure, TEXTS[0]), terms.total(*numbers))
    is_defined = terms.member(TEXTS[0], measure.defined)
    found = Question(terms.all_of(wanted, is_defined, fixed(numbers)), lambda _: ()).ask()
    assert found.model is not None
    assert measure.of(str(found.model.values[TEXTS[0]])) == one + other
