"""Fractions: which of them are NaN. What a text is as a fraction is unknown, the same for the same text."""

from __future__ import annotations

from apimpolicy.semantics.fractions import is_fraction, is_nan
from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import Truth, Value


@form("double", "static bool IsNaN(double d)")
def is_not_a_number(call: Call, value: Value) -> Value:
    if not is_fraction(value):
        raise Unsupported("a number of another type")
    return Truth(is_nan(call.evaluation.unknowns, value))
