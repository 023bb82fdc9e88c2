"""What a model needs to make a formula true."""

from __future__ import annotations

from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.needed import needed


def test_a_disjunction_needs_its_cheapest_true_part() -> None:
    a, b, c, known = (terms.variable(name, terms.TRUTH) for name in ("a", "b", "c", "known"))
    formula = terms.all_of(
        known, terms.any_of(terms.all_of(a, b), c), terms.not_(terms.all_of(a, known, terms.not_(b)))
    )
    values = dict.fromkeys((a, b, c, known), True)
    assert needed(formula, values, lambda each: each is not known) == [c, b]


def test_a_choice_needs_what_is_chosen() -> None:
    condition, then, otherwise = (terms.variable(name, terms.TRUTH) for name in ("condition", "then", "otherwise"))
    formula = terms.choice(condition, then, otherwise)
    values = {condition: False, then: True, otherwise: True}
    assert set(needed(formula, values, lambda each: True)) == {condition, otherwise}
