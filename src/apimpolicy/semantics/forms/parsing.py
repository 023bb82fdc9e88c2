"""Texts as numbers and truth values: `Parse`, `TryParse`, `Convert`; constant texts as bytes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from apimpolicy.languages import patterns
from apimpolicy.languages.language import both, not_
from apimpolicy.semantics.evaluation import as_text
from apimpolicy.semantics.members import Call, form
from apimpolicy.semantics.operators import text_of, wrapped
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    INTEGERS,
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
    merge,
)
from apimpolicy.terms import term as terms
from apimpolicy.terms.measures import Parsed

if TYPE_CHECKING:
    from apimpolicy.terms.term import Term


def _is_number(term: Term, type_: str) -> Term:
    """Return whether a text is a number of a type."""
    least, largest = INTEGERS[type_]
    return terms.member(term, both(patterns.at_most(largest), not_(patterns.at_most(least - 1))))


def _parsed(call: Call, text: Value, type_: str) -> Value:
    term = as_text(text).term
    call.evaluation.throw(terms.not_(_is_number(term, type_)))
    return Number(terms.measure(Parsed(), term), type_)


def _register(type_: str) -> None:
    @form(type_, f"static {type_} Parse(string s)")
    def parse(call: Call, text: Value) -> Value:
        return call.evaluation.fail() if text is NULL else _parsed(call, text, type_)

    @form(type_, f"static bool TryParse(string s, out {type_} result)")
    def try_parse(call: Call, text: Value) -> Value:
        zero = constant_number(0, type_)
        if text is NULL:
            return Several(constant_truth(False), zero)
        term = as_text(text).term
        is_good = _is_number(term, type_)
        return Several(Truth(is_good), merge(is_good, Number(terms.measure(Parsed(), term), type_), zero))

    @form(type_, "string ToString()")
    def to_string(call: Call, number: Value) -> Value:
        return text_of(call.evaluation, number)


for _name in INTEGERS:
    if _name != "char":
        _register(_name)


# Truth values


def _truths(text: Value) -> tuple[Term, Term]:
    term = as_text(text).term
    return terms.member(term, patterns.truth(value=True)), terms.member(term, patterns.truth(value=False))


@form("bool", "static bool Parse(string value)")
def parse_truth(call: Call, text: Value) -> Value:
    return call.evaluation.fail() if text is NULL else _to_truth(call, text)


def _to_truth(call: Call, text: Value) -> Value:
    is_true, is_false = _truths(text)
    call.evaluation.throw(terms.not_(terms.any_of(is_true, is_false)))
    return Truth(is_true)


@form("bool", "static bool TryParse(string value, out bool result)")
def try_parse_truth(call: Call, text: Value) -> Value:
    if text is NULL:
        return Several(constant_truth(False), constant_truth(False))
    is_true, is_false = _truths(text)
    return Several(Truth(terms.any_of(is_true, is_false)), Truth(is_true))


@form("bool", "string ToString()")
def truth_to_string(call: Call, value: Value) -> Value:
    return text_of(call.evaluation, value)


# Convert


@form("System.Convert", "static bool ToBoolean(string value)", "static bool ToBoolean(bool value)")
def to_boolean(call: Call, value: Value) -> Value:
    if value is NULL:
        return constant_truth(False)
    if isinstance(value, Truth):
        return value
    return _to_truth(call, value)


@form("System.Convert", "static bool ToBoolean(object value)")
def object_to_boolean(call: Call, value: Value) -> Value:
    if value is NULL or isinstance(value, (Truth, Text)):
        found: Value = to_boolean(call, value)
        return found
    raise Unsupported("Convert of another type")


def _converted(call: Call, value: Value, type_: str) -> Value:
    if value is NULL:
        return constant_number(0, type_)
    if isinstance(value, Text):
        return _parsed(call, value, type_)
    if isinstance(value, Truth):
        return merge(value.term, constant_number(1, type_), constant_number(0, type_))
    if isinstance(value, Number) and value.type in INTEGERS:
        least, largest = map(terms.number, INTEGERS[type_])
        inside = terms.all_of(terms.at_most(least, value.term), terms.at_most(value.term, largest))
        call.evaluation.throw(terms.not_(inside))
        return wrapped(value.term, type_)
    raise Unsupported("Convert of another type")


@form("System.Convert", *(f"static int ToInt32({each} value)" for each in ("object", "string", "bool", "int", "long")))
def to_int32(call: Call, value: Value) -> Value:
    return _converted(call, value, "int")


@form("System.Convert", *(f"static long ToInt64({each} value)" for each in ("object", "string", "bool", "int", "long")))
def to_int64(call: Call, value: Value) -> Value:
    return _converted(call, value, "long")


# The bytes of constant texts, such as credentials of HTTP's Basic scheme

_ENCODING = "System.Text.Encoding"


@form(_ENCODING, f"static {_ENCODING} UTF8 {{ get; }}")
def utf8(call: Call) -> Value:
    return Opaque(("encoding", "utf-8"), _ENCODING, 0)


@form(_ENCODING, f"static {_ENCODING} ASCII {{ get; }}")
def ascii_(call: Call) -> Value:
    return Opaque(("encoding", "ascii"), _ENCODING, 0)


@form(_ENCODING, "byte[] GetBytes(string s)")
def bytes_of(call: Call, encoding: Value, text: Value) -> Value:
    constant = text.constant if isinstance(text, Text) else None
    if constant is None or not _is_encoding(encoding) or not constant.isascii():
        raise Unsupported("the bytes of a text")
    return Opaque(("bytes", constant), "byte[]", call.evaluation.unknowns.heap)


@form(_ENCODING, "string GetString(byte[] bytes)")
def text_of_bytes(call: Call, encoding: Value, given: Value) -> Value:
    if not _is_encoding(encoding):
        raise Unsupported("another encoding")
    return constant_text(_ascii_bytes(call, given))


@form("System.Convert", "static string ToBase64String(byte[] inArray)")
def to_base64(call: Call, given: Value) -> Value:
    return constant_text(base64.b64encode(_ascii_bytes(call, given).encode()).decode())


def _is_encoding(value: Value) -> bool:
    return isinstance(value, Opaque) and value.identity in (("encoding", "utf-8"), ("encoding", "ascii"))


def _ascii_bytes(call: Call, value: Value) -> str:
    """Return bytes that nothing has changed, all below 128, as a text."""
    if isinstance(value, Opaque) and value.born == call.evaluation.unknowns.heap:
        match value.identity:
            case ("bytes", str() as text):
                return text
    raise Unsupported("bytes that aren't constant")
