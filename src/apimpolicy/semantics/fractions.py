"""Comparisons of `double` and `float`: a number is its place among all, and whether it is NaN."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from apimpolicy.semantics.values import Number, Opaque, Value
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from apimpolicy.semantics.unknowns import Unknowns
    from apimpolicy.terms.term import Term

FRACTIONS = ("double", "float")
_CONSTANT = "constant fraction"
_SIGN = 1 << 63


def constant_fraction(value: float, type_: str) -> Value:
    """Return a constant."""
    return Opaque((_CONSTANT, repr(value)), type_, 0)


def is_fraction(value: Value) -> bool:
    """Return whether a value is one of these numbers."""
    return isinstance(value, Opaque) and value.type in FRACTIONS


def is_nan(unknowns: Unknowns, value: Value) -> Term:
    """Return where a number is NaN."""
    constant = _constant(value)
    if constant is not None:
        return terms.truth(constant != constant)
    return unknowns.truth("whether a number is NaN", ("nan", value.key))


def compared(unknowns: Unknowns, operator: str, one: Value, other: Value) -> Term:
    """Return where a comparison of two numbers is true: with NaN, `!=` alone is."""
    if operator == "!=":
        return terms.not_(compared(unknowns, "==", one, other))
    first, second = _place(unknowns, one), _place(unknowns, other)
    found = {
        "==": terms.equal(first, second),
        "<=": terms.at_most(first, second),
        ">=": terms.at_most(second, first),
        "<": terms.not_(terms.at_most(second, first)),
        ">": terms.not_(terms.at_most(first, second)),
    }[operator]
    return terms.all_of(found, *(terms.not_(is_nan(unknowns, each)) for each in (one, other)))


def _constant(value: Value) -> float | None:
    identity = value.identity if isinstance(value, Opaque) else None
    return float(identity[1]) if isinstance(identity, tuple) and identity[0] == _CONSTANT else None


def _place(unknowns: Unknowns, value: Value) -> Term:
    """Return the place of a number among all: larger numbers have larger ones, and both zeros the same."""
    constant = _constant(value)
    if constant is not None:
        return terms.number(place_of(constant))
    found = unknowns.value("long", f"the size of a {getattr(value, 'type', 'number')}", ("place", value.key))
    assert isinstance(found, Number)
    return found.term


def place_of(value: float) -> int:
    """Return the place of a number that is not NaN: its bits, as a number with a sign."""
    bits: int = struct.unpack("<Q", struct.pack("<d", value))[0]
    return bits if bits < _SIGN else -(bits - _SIGN)
