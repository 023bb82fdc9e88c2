"""`System.Object`, comparers and random numbers."""

from __future__ import annotations

from apimpolicy.languages.language import counted, in_ranges, literal, sequence, shorter_than
from apimpolicy.semantics.creation import default_of
from apimpolicy.semantics.evaluation import as_text
from apimpolicy.semantics.keys import key_of
from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.operators import text_of
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    NULL,
    Number,
    Opaque,
    Several,
    Text,
    Truth,
    Value,
    constant_number,
    constant_text,
    constant_truth,
)
from apimpolicy.terms import term as terms

_COMPARER = "System.StringComparer"
_DIGITS = in_ranges((0x30, 0x39), (0x61, 0x66))
_GUID = sequence(counted(_DIGITS, 8, 8), *(sequence(literal("-"), counted(_DIGITS, n, n)) for n in (4, 4, 4, 12)))

_GUID_DIGITS = 32


@form("object", "string ToString()")
def to_string(call: Call, value: Value) -> Value:
    if isinstance(value, (Text, Truth, Number)):
        return text_of(call.evaluation, value)
    raise Unsupported("the text of an object")


@form("System.Nullable", "bool HasValue { get; }")
def has_value(call: Call, value: Value) -> Value:
    return constant_truth(value is not NULL)


@form("System.Nullable", "T Value { get; }")
def value_of_nullable(call: Call, value: Value) -> Value:
    return call.evaluation.fail() if value is NULL else value


@form("System.Nullable", "T GetValueOrDefault()", "T GetValueOrDefault(T defaultValue)")
def value_or_default(call: Call, value: Value, default: Value | None = None) -> Value:
    if value is not NULL:
        return value
    return default_of(call.evaluation, str(call.type), is_value_type=True) if default is None else default


@form("System.Nullable", "string ToString()")
def nullable_to_string(call: Call, value: Value) -> Value:
    return constant_text("") if value is NULL else to_string(call, value)


@form("System.Nullable", "bool Equals(object other)")
def nullable_equals(call: Call, one: Value, other: Value) -> Value:
    if NULL in (one, other):
        return constant_truth(one is other)
    raise Unsupported("the equality of values")


@form("System.Nullable", "int GetHashCode()")
def hash_of_nullable(call: Call, value: Value) -> Value:
    if value is NULL:
        return constant_number(0)
    raise Unsupported("the hash code of a value")


@form("System.Guid", "string ToString()")
def guid_to_string(call: Call, guid: Value) -> Value:
    if not isinstance(guid, Opaque):
        raise Unsupported("a Guid that is not known")
    found = call.evaluation.unknowns.value("string", "the text of a Guid", ("text of", guid.key), null=False)
    assert isinstance(found, Text)
    call.evaluation.unknowns.know(found.term, terms.member(found.term, _GUID))
    return found


@form("System.Guid", "static bool TryParse(string input, out System.Guid result)")
def try_parse_guid(call: Call, text: Value) -> Value:
    """Return whether a text is a Guid: unknown, but never of a text with fewer units than a Guid has digits."""
    evaluation = call.evaluation
    key = key_of(evaluation, "guid", text)
    guid = evaluation.unknowns.value("System.Guid", "System.Guid.TryParse", key and ("out", key), null=False)
    if text is NULL:
        return Several(constant_truth(False), guid)
    is_guid = evaluation.unknowns.truth("System.Guid.TryParse", key)
    is_short = terms.member(as_text(text).term, shorter_than(_GUID_DIGITS))
    evaluation.unknowns.know(is_guid, terms.any_of(terms.not_(is_guid), terms.not_(is_short)))
    return Several(Truth(is_guid), guid)


@form(_COMPARER, f"static {_COMPARER} Ordinal {{ get; }}")
def ordinal(call: Call) -> Value:
    return Opaque(("comparer", "ordinal"), _COMPARER, 0)


@form(_COMPARER, f"static {_COMPARER} OrdinalIgnoreCase {{ get; }}")
def ordinal_ignore_case(call: Call) -> Value:
    return Opaque(("comparer", "ignore-case"), _COMPARER, 0)


# Chance: another number each time, within bounds


@form("System.Random", "int Next(int minValue, int maxValue)", "int Next(int maxValue)", "int Next()")
def random_number(call: Call, source: Value, *bounds: Value) -> Value:
    unknowns = call.evaluation.unknowns
    limits = [bound.constant for bound in bounds if isinstance(bound, Number)]
    known = [limit for limit in limits if limit is not None]
    if len(known) < len(bounds):
        raise Unsupported("random numbers between unknown bounds")
    least, most = {0: (0, (1 << 31) - 1), 1: (0, *known[:1]), 2: tuple(known)}[len(known)]
    if least > most:
        return call.evaluation.fail()
    found = unknowns.value("int", "a random number", null=False)
    assert isinstance(found, Number)
    inside = terms.at_most(terms.number(least), found.term)
    unknowns.know(found.term, inside, terms.at_most(found.term, terms.number(max(most - 1, least))))
    return found
