"""Numbers, dates, `System.Object`, and texts as numbers and truth values: `Parse`, `TryParse`, `Convert`, `Regex`.

Which of two dates or spans of time comes first is unknown, and all comparisons of the two agree about it.
"""

from __future__ import annotations

import base64

from apimpolicy.reasoning.languages import patterns
from apimpolicy.reasoning.languages.language import both, counted, in_ranges, literal, not_, sequence, shorter_than
from apimpolicy.reasoning.languages.patterns import NotRegular, language_of
from apimpolicy.reasoning.semantics.creation import default_of
from apimpolicy.reasoning.semantics.evaluation import as_number, as_text, constant_of
from apimpolicy.reasoning.semantics.members import MemberCall, form
from apimpolicy.reasoning.semantics.operators import is_fraction, is_nan, text_of, wrapped
from apimpolicy.reasoning.semantics.unknowns import Unsupported, key_of
from apimpolicy.reasoning.semantics.values import (
    INTEGERS,
    NULL,
    Number,
    Opaque,
    Pattern,
    ResultWithOuts,
    Text,
    Truth,
    Value,
    constant_number,
    constant_text,
    constant_truth,
    merge,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.measures import Parsed
from apimpolicy.reasoning.terms.term import Term


def _is_number(term: Term, type_: str) -> Term:
    least, largest = INTEGERS[type_]
    return terms.member(term, both(patterns.at_most(largest), not_(patterns.at_most(least - 1))))


def _parsed(call: MemberCall, text: Value, type_: str) -> Value:
    term = as_text(text).term
    if (written := _written(call, term, type_)) is not None:
        return written
    call.evaluation.throw(terms.not_(_is_number(term, type_)))
    return Number(terms.measure(Parsed(), term), type_)


def _written(call: MemberCall, term: Term, type_: str) -> Number | None:
    """Return the number that a text shows, which is one of this type."""
    number = call.evaluation.unknowns.written_numbers.get(term)
    if number is None:
        return None
    (least, largest), (first, last) = INTEGERS[type_], INTEGERS[number.type]
    return Number(number.term, type_) if least <= first and last <= largest else None


def _parsing_of(type_: str) -> None:
    @form(type_, f"static {type_} Parse(string s)")
    def parse(call: MemberCall, text: Value) -> Value:
        return call.evaluation.fail() if text is NULL else _parsed(call, text, type_)

    @form(type_, f"static bool TryParse(string s, out {type_} result)")
    def try_parse(call: MemberCall, text: Value) -> Value:
        zero = constant_number(0, type_)
        if text is NULL:
            return ResultWithOuts(constant_truth(False), zero)
        term = as_text(text).term
        if (written := _written(call, term, type_)) is not None:
            return ResultWithOuts(constant_truth(True), written)
        is_good = _is_number(term, type_)
        return ResultWithOuts(Truth(is_good), merge(is_good, Number(terms.measure(Parsed(), term), type_), zero))

    @form(type_, "string ToString()")
    def to_string(call: MemberCall, number: Value) -> Value:
        return text_of(call.evaluation, number)


for _name in INTEGERS:
    if _name != "char":
        _parsing_of(_name)


# Truth values


def _truths(text: Value) -> tuple[Term, Term]:
    term = as_text(text).term
    return terms.member(term, patterns.truth(value=True)), terms.member(term, patterns.truth(value=False))


@form("bool", "static bool Parse(string value)")
def parse_truth(call: MemberCall, text: Value) -> Value:
    return call.evaluation.fail() if text is NULL else _to_truth(call, text)


def _to_truth(call: MemberCall, text: Value) -> Value:
    is_true, is_false = _truths(text)
    call.evaluation.throw(terms.not_(terms.any_of(is_true, is_false)))
    return Truth(is_true)


@form("bool", "static bool TryParse(string value, out bool result)")
def try_parse_truth(call: MemberCall, text: Value) -> Value:
    if text is NULL:
        return ResultWithOuts(constant_truth(False), constant_truth(False))
    is_true, is_false = _truths(text)
    return ResultWithOuts(Truth(terms.any_of(is_true, is_false)), Truth(is_true))


@form("bool", "string ToString()")
def truth_to_string(call: MemberCall, value: Value) -> Value:
    return text_of(call.evaluation, value)


# Convert


@form("System.Convert", "static bool ToBoolean(string value)", "static bool ToBoolean(bool value)")
def to_boolean(call: MemberCall, value: Value) -> Value:
    if value is NULL:
        return constant_truth(False)
    if isinstance(value, Truth):
        return value
    return _to_truth(call, value)


@form("System.Convert", "static bool ToBoolean(object value)")
def object_to_boolean(call: MemberCall, value: Value) -> Value:
    if value is NULL or isinstance(value, (Truth, Text)):
        found: Value = to_boolean(call, value)
        return found
    raise Unsupported("Convert of another type")


_SOURCES = ("object", "string", "bool", "int", "long")


@form("System.Convert", *(f"static int ToInt32({each} value)" for each in _SOURCES))
@form("System.Convert", *(f"static long ToInt64({each} value)" for each in _SOURCES))
def to_whole_number(call: MemberCall, value: Value) -> Value:
    type_ = str(call.type)
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


@form("double", "static bool IsNaN(double d)")
def is_not_a_number(call: MemberCall, value: Value) -> Value:
    if not is_fraction(value):
        raise Unsupported("a number of another type")
    return Truth(is_nan(call.evaluation.unknowns, value))


_BOUNDED = ("int", "long", "uint", "ulong")


@form("System.Math", *(f"static {each} Max({each} val1, {each} val2)" for each in _BOUNDED))
@form("System.Math", *(f"static {each} Min({each} val1, {each} val2)" for each in _BOUNDED))
def larger_or_smaller(call: MemberCall, one: Value, other: Value) -> Value:
    first, second = as_number(one), as_number(other)
    in_order = terms.at_most(first.term, second.term)
    if call.member.name == "Max":
        first, second = second, first
    return Number(terms.choice(in_order, first.term, second.term), first.type)


@form("System.Math", "static int Abs(int value)", "static long Abs(long value)")
def absolute(call: MemberCall, value: Value) -> Value:
    """Return a number without its sign; the least of its type has none, and throws."""
    number = as_number(value)
    call.evaluation.throw(terms.equal(number.term, terms.number(INTEGERS[number.type][0])))
    is_negative = terms.at_most(number.term, terms.number(-1))
    return Number(terms.choice(is_negative, terms.scaled(-1, number.term), number.term), number.type)


_NAMES = {"System.DateTime": ("t1", "t2"), "System.DateTimeOffset": ("left", "right"), "System.TimeSpan": ("t1", "t2")}


def _comparison_of_times(type_: str, operator: str, *, is_swapped: bool, is_negated: bool) -> None:
    one, other = _NAMES[type_]

    @form(type_, f"static bool {operator}({type_} {one}, {type_} {other})")
    def compared(call: MemberCall, first: Value, second: Value) -> Value:
        if NULL in (first, second):
            raise Unsupported("a comparison with null")
        if is_swapped:
            first, second = second, first
        key = key_of(call.evaluation, "before", type_, first, second)
        found = call.evaluation.unknowns.truth(f"{type_}.{call.member.name}", key)
        return Truth(terms.not_(found) if is_negated else found)


for _type in _NAMES:
    _comparison_of_times(_type, "op_LessThan", is_swapped=False, is_negated=False)
    _comparison_of_times(_type, "op_GreaterThan", is_swapped=True, is_negated=False)
    _comparison_of_times(_type, "op_LessThanOrEqual", is_swapped=True, is_negated=True)
    _comparison_of_times(_type, "op_GreaterThanOrEqual", is_swapped=False, is_negated=True)


_REGEX = "System.Text.RegularExpressions.Regex"
_OPTIONS = "System.Text.RegularExpressions.RegexOptions options"


@form(
    _REGEX,
    "static bool IsMatch(string input, string pattern)",
    f"static bool IsMatch(string input, string pattern, {_OPTIONS})",
)
def is_match(call: MemberCall, text: Value, pattern: Value, options: Value | None = None) -> Value:
    chosen = 0 if options is None else as_number(options).constant
    if chosen is None:
        raise Unsupported("options that are not constant")
    return _matched(call, text, constant_of(pattern), chosen)


@form(_REGEX, "bool IsMatch(string input)")
def is_match_of(call: MemberCall, pattern: Value, text: Value) -> Value:
    if not isinstance(pattern, Pattern):
        raise Unsupported("a Regex that is not known")
    return _matched(call, text, pattern.pattern, pattern.options)


def _matched(call: MemberCall, text: Value, pattern: str, options: int) -> Value:
    try:
        language = language_of(pattern, options)
    except NotRegular:
        raise Unsupported("a regular expression beyond regular languages") from None
    if text is NULL:
        return call.evaluation.fail()
    return Truth(terms.member(as_text(text).term, language))


_COMPARER = "System.StringComparer"
_DIGITS = in_ranges((0x30, 0x39), (0x61, 0x66))
_GUID = sequence(counted(_DIGITS, 8, 8), *(sequence(literal("-"), counted(_DIGITS, n, n)) for n in (4, 4, 4, 12)))

_GUID_DIGITS = 32


@form("object", "string ToString()")
def to_string(call: MemberCall, value: Value) -> Value:
    if isinstance(value, (Text, Truth, Number)):
        return text_of(call.evaluation, value)
    raise Unsupported("the text of an object")


@form("System.Nullable", "bool HasValue { get; }")
def has_value(call: MemberCall, value: Value) -> Value:
    return constant_truth(value is not NULL)


@form("System.Nullable", "T Value { get; }")
def value_of_nullable(call: MemberCall, value: Value) -> Value:
    return call.evaluation.fail() if value is NULL else value


@form("System.Nullable", "T GetValueOrDefault()", "T GetValueOrDefault(T defaultValue)")
def value_or_default(call: MemberCall, value: Value, default: Value | None = None) -> Value:
    if value is not NULL:
        return value
    return default_of(call.evaluation, str(call.type), is_value_type=True) if default is None else default


@form("System.Nullable", "string ToString()")
def nullable_to_string(call: MemberCall, value: Value) -> Value:
    return constant_text("") if value is NULL else to_string(call, value)


@form("System.Nullable", "bool Equals(object other)")
def nullable_equals(call: MemberCall, one: Value, other: Value) -> Value:
    if NULL in (one, other):
        return constant_truth(one is other)
    raise Unsupported("the equality of values")


@form("System.Nullable", "int GetHashCode()")
def hash_of_nullable(call: MemberCall, value: Value) -> Value:
    if value is NULL:
        return constant_number(0)
    raise Unsupported("the hash code of a value")


@form("System.Guid", "string ToString()")
def guid_to_string(call: MemberCall, guid: Value) -> Value:
    if not isinstance(guid, Opaque):
        raise Unsupported("a Guid that is not known")
    found = call.evaluation.unknowns.value("string", "the text of a Guid", ("text of", guid.key), null=False)
    assert isinstance(found, Text)
    call.evaluation.unknowns.know(found.term, terms.member(found.term, _GUID))
    return found


@form("System.Guid", "static bool TryParse(string input, out System.Guid result)")
def try_parse_guid(call: MemberCall, text: Value) -> Value:
    """Return whether a text is a Guid: unknown, but never of a text with fewer units than a Guid has digits."""
    evaluation = call.evaluation
    key = key_of(evaluation, "guid", text)
    guid = evaluation.unknowns.value("System.Guid", "System.Guid.TryParse", key and ("out", key), null=False)
    if text is NULL:
        return ResultWithOuts(constant_truth(False), guid)
    is_guid = evaluation.unknowns.truth("System.Guid.TryParse", key)
    is_short = terms.member(as_text(text).term, shorter_than(_GUID_DIGITS))
    evaluation.unknowns.know(is_guid, terms.any_of(terms.not_(is_guid), terms.not_(is_short)))
    return ResultWithOuts(Truth(is_guid), guid)


@form(_COMPARER, *(f"static {_COMPARER} {name} {{ get; }}" for name in ("Ordinal", "OrdinalIgnoreCase")))
def comparer(call: MemberCall) -> Value:
    return Opaque(("comparer", "ordinal" if call.member.name == "Ordinal" else "ignore-case"), _COMPARER, 0)


# Chance: another number each time, within bounds


@form("System.Random", "int Next(int minValue, int maxValue)", "int Next(int maxValue)", "int Next()")
def random_number(call: MemberCall, source: Value, *bounds: Value) -> Value:
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


# The bytes of constant texts, such as credentials of HTTP's Basic scheme

_ENCODING = "System.Text.Encoding"


@form(_ENCODING, f"static {_ENCODING} UTF8 {{ get; }}")
def utf8(call: MemberCall) -> Value:
    return Opaque(("encoding", "utf-8"), _ENCODING, 0)


@form(_ENCODING, f"static {_ENCODING} ASCII {{ get; }}")
def ascii_(call: MemberCall) -> Value:
    return Opaque(("encoding", "ascii"), _ENCODING, 0)


@form(_ENCODING, "byte[] GetBytes(string s)")
def bytes_of(call: MemberCall, encoding: Value, text: Value) -> Value:
    constant = text.constant if isinstance(text, Text) else None
    if constant is None or not _is_encoding(encoding) or not constant.isascii():
        raise Unsupported("the bytes of a text")
    return Opaque(("bytes", constant), "byte[]", call.evaluation.unknowns.heap)


@form(_ENCODING, "string GetString(byte[] bytes)")
def text_of_bytes(call: MemberCall, encoding: Value, given: Value) -> Value:
    if not _is_encoding(encoding):
        raise Unsupported("another encoding")
    return constant_text(_ascii_bytes(call, given))


@form("System.Convert", "static string ToBase64String(byte[] inArray)")
def to_base64(call: MemberCall, given: Value) -> Value:
    return constant_text(base64.b64encode(_ascii_bytes(call, given).encode()).decode())


def _is_encoding(value: Value) -> bool:
    return isinstance(value, Opaque) and value.identity in (("encoding", "utf-8"), ("encoding", "ascii"))


def _ascii_bytes(call: MemberCall, value: Value) -> str:
    """Return bytes that nothing has changed, all below 128, as a text."""
    if isinstance(value, Opaque) and value.born == call.evaluation.unknowns.heap:
        match value.identity:
            case ("bytes", str() as text):
                return text
    raise Unsupported("bytes that aren't constant")
