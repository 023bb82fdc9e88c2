"""`System.Math` over whole numbers, and fractions: which of them are NaN."""

from __future__ import annotations

from apimpolicy.semantics.evaluation import as_number
from apimpolicy.semantics.fractions import is_fraction, is_nan
from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import INTEGERS, Number, Truth, Value
from apimpolicy.terms import term as terms


@form("double", "static bool IsNaN(double d)")
def is_not_a_number(call: Call, value: Value) -> Value:
    if not is_fraction(value):
        raise Unsupported("a number of another type")
    return Truth(is_nan(call.evaluation.unknowns, value))


_BOUNDED = ("int", "long", "uint", "ulong")


@form("System.Math", *(f"static {each} Max({each} val1, {each} val2)" for each in _BOUNDED))
def larger(call: Call, one: Value, other: Value) -> Value:
    first, second = as_number(one), as_number(other)
    return Number(terms.choice(terms.at_most(first.term, second.term), second.term, first.term), first.type)


@form("System.Math", *(f"static {each} Min({each} val1, {each} val2)" for each in _BOUNDED))
def smaller(call: Call, one: Value, other: Value) -> Value:
    first, second = as_number(one), as_number(other)
    return Number(terms.choice(terms.at_most(first.term, second.term), first.term, second.term), first.type)


@form("System.Math", "static int Abs(int value)", "static long Abs(long value)")
def absolute(call: Call, value: Value) -> Value:
    """Return a number without its sign; the least of its type has none, and throws."""
    number = as_number(value)
    call.evaluation.throw(terms.equal(number.term, terms.number(INTEGERS[number.type][0])))
    is_negative = terms.at_most(number.term, terms.number(-1))
    return Number(terms.choice(is_negative, terms.scaled(-1, number.term), number.term), number.type)
