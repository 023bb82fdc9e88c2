"""Where two values differ, and which differences the prover leaves out, against the values."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.reasoning.proving import equivalence
from apimpolicy.reasoning.semantics.values import (
    ABSENT,
    NULL,
    Choice,
    FieldValue,
    Number,
    Opaque,
    Text,
    Truth,
    Value,
    constant_number,
    constant_text,
    constant_truth,
    merge,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import value_of

TRUTHS, NUMBERS, TEXTS = (
    [terms.variable(f"{sort} {number}", sort) for number in range(3)]
    for sort in (terms.TRUTH, terms.NUMBER, terms.TEXT)
)
ASSIGNMENTS = st.fixed_dictionaries(
    {
        **dict.fromkeys(TRUTHS, st.booleans()),
        **dict.fromkeys(NUMBERS, st.integers(0, 1)),
        **dict.fromkeys(TEXTS, st.sampled_from(["", "a"])),
    }
)
TEXT_VALUES = [*map(Text, TEXTS[:2]), constant_text(""), constant_text("a")]
FIELDS = [FieldValue(each.term, (each,)) for each in TEXT_VALUES]
SINGLE: list[Value] = [
    *map(Truth, TRUTHS[:2]),
    *map(constant_truth, (True, False)),
    *(Number(each, "int") for each in NUMBERS[:2]),
    *map(constant_number, (0, 1)),
    *TEXT_VALUES,
    *FIELDS,
    NULL,
    ABSENT,
]
VALUES = st.recursive(
    st.sampled_from(SINGLE) | st.sampled_from(TEXT_VALUES),
    lambda inner: st.builds(merge, st.sampled_from(TRUTHS), inner, inner),
    max_leaves=9,
)
TWO = [FieldValue(terms.text("a,b"), (constant_text("a"), constant_text("b"))), FieldValue(terms.text("a,b"), ())]
UNDECIDED = [Opaque("a", "object", 0), Opaque("b", "object", 0), *TWO]
"""Values of which no term says where they are the same."""


def known(value: Value, assignment: dict[Any, Any]) -> Any:
    """Return a value where the variables have these values."""
    while isinstance(value, Choice):
        value = value.then if value_of(value.condition, assignment) else value.otherwise
    match value:
        case Truth() | Number() | Text():
            return type(value), value_of(value.term, assignment)
        case FieldValue(items=(Text(),)):
            return FieldValue, value_of(value.joined, assignment)
    return value.key


@settings(max_examples=examples(600))
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4), ASSIGNMENTS)
def test_values_differ_where_their_values_do(pairs: list[tuple[Value, Value]], assignment: dict[Any, Any]) -> None:
    differences = equivalence._Differences(equivalence.KnownDifferences())
    for one, other in [*pairs, (pairs[0][1], pairs[-1][0])]:
        differ = value_of(differences.differ(one, other), assignment)
        assert differ is (known(one, assignment) != known(other, assignment))


def test_a_difference_depends_on_the_conditions_around_it() -> None:
    """The same two values are met under other conditions, one of which is inside of them."""
    first, second, third = TRUTHS
    text, empty = constant_text("a"), constant_text("")
    one = merge(first, merge(second, text, NULL), merge(second, text, ABSENT))
    other = merge(third, merge(first, text, empty), NULL)
    for left, right in ((one, other), (other, one)):
        found = equivalence._Differences(equivalence.KnownDifferences()).differ(left, right)
        for chosen in itertools.product((False, True), repeat=3):
            assignment = dict(zip(TRUTHS, chosen, strict=True))
            assert value_of(found, assignment) is (known(one, assignment) != known(other, assignment))


@settings(max_examples=examples(90))
@given(VALUES, VALUES)
def test_values_with_too_many_choices_differ(one: Value, other: Value) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(equivalence, "_MOST_CHOICES", 0)
        differ = equivalence._Differences(equivalence.KnownDifferences()).differ(one, other)
    if one.key != other.key and (isinstance(one, Choice) or isinstance(other, Choice)):
        assert differ is terms.TRUE


@pytest.mark.parametrize("one", UNDECIDED)
def test_values_that_no_term_tells_apart_differ(one: Value) -> None:
    differ = equivalence._Differences(equivalence.KnownDifferences()).differ
    for other in (*UNDECIDED, *SINGLE):
        assert differ(one, other) is (terms.FALSE if one is other else terms.TRUE)
