"""`System.Object` and comparers."""

from __future__ import annotations

from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.operators import text_of
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import Number, Opaque, Text, Truth, Value

_COMPARER = "System.StringComparer"


@form("object", "string ToString()")
def to_string(call: Call, value: Value) -> Value:
    if isinstance(value, (Text, Truth, Number)):
        return text_of(call.evaluation, value)
    raise Unsupported("the text of an object")


@form(_COMPARER, f"static {_COMPARER} Ordinal {{ get; }}")
def ordinal(call: Call) -> Value:
    return Opaque(("comparer", "ordinal"), _COMPARER, 0)


@form(_COMPARER, f"static {_COMPARER} OrdinalIgnoreCase {{ get; }}")
def ordinal_ignore_case(call: Call) -> Value:
    return Opaque(("comparer", "ignore-case"), _COMPARER, 0)
