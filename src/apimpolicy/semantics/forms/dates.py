"""Dates and spans of time: which comes first is unknown, and all comparisons of two of them agree about it."""

from __future__ import annotations

from apimpolicy.semantics.keys import key_of
from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, Truth, Value
from apimpolicy.terms import term as terms

_NAMES = {"System.DateTime": ("t1", "t2"), "System.DateTimeOffset": ("left", "right"), "System.TimeSpan": ("t1", "t2")}


def _register(type_: str, operator: str, *, is_swapped: bool, is_negated: bool) -> None:
    one, other = _NAMES[type_]

    @form(type_, f"static bool {operator}({type_} {one}, {type_} {other})")
    def compared(call: Call, first: Value, second: Value) -> Value:
        if NULL in (first, second):
            raise Unsupported("a comparison with null")
        if is_swapped:
            first, second = second, first
        key = key_of(call.evaluation, "before", type_, first, second)
        found = call.evaluation.unknowns.truth(f"{type_}.{call.member.name}", key)
        return Truth(terms.not_(found) if is_negated else found)


for _type in _NAMES:
    _register(_type, "op_LessThan", is_swapped=False, is_negated=False)
    _register(_type, "op_GreaterThan", is_swapped=True, is_negated=False)
    _register(_type, "op_LessThanOrEqual", is_swapped=True, is_negated=True)
    _register(_type, "op_GreaterThanOrEqual", is_swapped=False, is_negated=True)
