"""Comparisons of doubles against the implementation, for odd numbers, and a seeded fault that must show."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from apimpolicy import compile_expression
from apimpolicy.gateway.context.execution import Context
from apimpolicy.reasoning.semantics import operators
from apimpolicy.reasoning.semantics.unknowns import Unknowns
from apimpolicy.reasoning.semantics.values import Opaque
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import value_of

if TYPE_CHECKING:
    import pytest

ODD = ("0.0", "-0.0", "1.0", "-1.0", "1.5", "99.5", "99.50000000000001", "5E-324", "-5E-324", "1.7976931348623157E+308")
NAMED = ("double.NaN", "double.PositiveInfinity", "double.NegativeInfinity")
OPERATORS = ("==", "!=", "<", "<=", ">", ">=")


def differing() -> list[str]:
    """Comparisons for which the term says something else than the implementation, with the operands unknown."""
    wrong: list[str] = []
    values = {code: compile_expression(f"@({code})").evaluate(Context()) for code in (*ODD, *NAMED)}
    for (one, first), (other, second) in itertools.product(values.items(), values.items()):
        for operator in OPERATORS:
            unknowns = Unknowns()
            operands = [Opaque((name, code), "double", 0) for name, code in (("a", one), ("b", other))]
            found = operators.compared(unknowns, operator, *operands)
            assignment: dict[Any, Any] = {}
            for operand, value in zip(operands, (first, second), strict=True):
                place = operators._place(unknowns, operand)
                assignment[place] = operators.place_of(0.0 if value != value else value)
                assignment[operators.is_nan(unknowns, operand)] = value != value
            known = value_of(found, assignment)
            expected = compile_expression(f"@({one} {operator} {other})").evaluate(Context())
            if known is not expected:
                wrong.append(f"{one} {operator} {other}: {expected}, the term says {known}")
    return wrong


def test_comparisons_agree_with_the_implementation() -> None:
    assert differing() == []


def test_a_nan_that_is_compared_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operators, "is_nan", lambda unknowns, value: terms.FALSE)
    assert differing() != []
