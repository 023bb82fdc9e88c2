"""`System.String`."""

from __future__ import annotations

from collections.abc import Callable

from apimpolicy.csharp.dotnet.system.string_search import split as split_text
from apimpolicy.reasoning.languages import units
from apimpolicy.reasoning.languages.language import (
    ANYTHING,
    Language,
    containing,
    in_ranges,
    literal,
    one_of,
    repeat,
    sequence,
)
from apimpolicy.reasoning.languages.operations import (
    Drop,
    Erase,
    ReplaceUnit,
    Take,
    ToLower,
    ToUpper,
    Trim,
    white_space,
)
from apimpolicy.reasoning.semantics.evaluation import as_number, as_text, constant_of
from apimpolicy.reasoning.semantics.members import MemberCall, comparison_of, form
from apimpolicy.reasoning.semantics.operators import text_of
from apimpolicy.reasoning.semantics.unknowns import Unsupported, key_of
from apimpolicy.reasoning.semantics.values import (
    NULL,
    Items,
    Number,
    Parts,
    Text,
    Truth,
    Value,
    constant_text,
    constant_truth,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.measures import FirstIndex, Length
from apimpolicy.reasoning.terms.term import Term

PLAIN = "texts have no characters but printable ASCII and line breaks"
_PLAIN_WORDS = repeat(in_ranges((0x09, 0x09), (0x20, 0x7E)))
_PLAIN = repeat(in_ranges((0x09, 0x0D), (0x20, 0x7E)))
"""Texts in which searches by the invariant culture find what searches by code units find."""


# Equality


@form("string", "bool Equals(object obj)")
def equals_object(call: MemberCall, one: Value, other: Value) -> Value:
    if other is NULL or isinstance(other, (Truth, Number)):
        return constant_truth(False)
    return _equal(one, other, "ordinal")


@form(
    "string",
    "bool Equals(string value)",
    "static bool Equals(string a, string b)",
    "bool Equals(string value, System.StringComparison comparisonType)",
    "static bool Equals(string a, string b, System.StringComparison comparisonType)",
)
def equals(call: MemberCall, one: Value, other: Value, comparison: Value | None = None) -> Value:
    return _equal(one, other, "ordinal" if comparison is None else comparison_of(comparison))


def _equal(one: Value, other: Value, comparison: str) -> Value:
    if NULL in (one, other):
        return constant_truth(one is other)
    return Truth(same_texts(as_text(one).term, as_text(other).term, comparison))


def same_texts(one: Term, other: Term, comparison: str) -> Term:
    """Return whether two texts are equal, by code units or without regard to case."""
    return terms.same(folded(one, comparison), folded(other, comparison))


def folded(term: Term, comparison: str) -> Term:
    return terms.applied(ToUpper(), term) if comparison == "ignore-case" else term


# Order: whether texts are the same in it; which is first is not known


@form(
    "string",
    "static int CompareOrdinal(string strA, string strB)",
    "static int Compare(string strA, string strB, System.StringComparison comparisonType)",
)
def compare(call: MemberCall, one: Value, other: Value, by: Value | None = None) -> Value:
    evaluation, comparison = call.evaluation, "ordinal" if by is None else comparison_of(by)
    key = key_of(evaluation, "compare", comparison, one, other)
    order = evaluation.unknowns.value("int", "the order of texts", key)
    is_same = _equal(one, other, comparison)
    assert isinstance(order, Number)
    assert isinstance(is_same, Truth)
    evaluation.unknowns.know(order.term, terms.not_(terms.equal(order.term, terms.number(0))))
    return Number(terms.choice(is_same.term, terms.number(0), order.term), "int")


# Searches


def _by_culture(call: MemberCall, term: Term, needle: str, exact: Value, key: object) -> Value:
    """Return a search by the invariant culture: that by code units, of texts where they agree."""
    if not _PLAIN_WORDS.accepts(needle) or not needle:
        raise Unsupported("a search by culture for other than plain text")
    is_plain = terms.member(term, _PLAIN)
    type_ = "bool" if isinstance(exact, Truth) else "int"
    evaluation = call.evaluation
    for variable in _variables(term):
        evaluation.unknowns.assume(PLAIN, variable, is_plain)
    what = "a search by culture in a text with other characters than ASCII"
    return evaluation.exact_where(is_plain, exact, type_, what, key)


def _variables(term: Term) -> list[Term]:
    waiting = [term]
    found: list[Term] = []
    for each in waiting:
        waiting += each.terms
        if each.kind == "var":
            found.append(each)
    return found


def _register_search(name: str, around: Callable[[Language], Language], usual: str) -> None:
    """Register a search; `around` makes the texts that have a part where it is looked for."""

    @form("string", f"bool {name}(string value)", f"bool {name}(string value, System.StringComparison comparisonType)")
    def found(call: MemberCall, text: Value, needle: Value, by: Value | None = None) -> Value:
        if needle is NULL:
            return call.evaluation.fail()
        comparison = usual if by is None else comparison_of(by)
        words, term = as_text(needle), as_text(text).term
        constant = constant_of(words)
        known = ToUpper().apply(constant) if comparison == "ignore-case" else constant
        exact = Truth(terms.member(folded(term, comparison), around(literal(known))))
        if comparison != "culture":
            return exact
        return _by_culture(call, term, constant, exact, ("culture", name, term, constant))

    @form("string", f"bool {name}(char value)")
    def found_unit(call: MemberCall, text: Value, value: Value) -> Value:
        return Truth(terms.member(as_text(text).term, around(_unit(value))))


_register_search("Contains", containing, "ordinal")
_register_search("StartsWith", lambda part: sequence(part, ANYTHING), "culture")
_register_search("EndsWith", lambda part: sequence(ANYTHING, part), "culture")


def _unit(value: Value) -> Language:
    return one_of(units.of_bits(1 << _constant_unit(value)))


def _constant_unit(value: Value) -> int:
    found = as_number(value).constant
    if found is None:
        raise Unsupported("a character that is not constant")
    return found


@form("string", "int IndexOf(string value)")
def index_of(call: MemberCall, text: Value, value: Value) -> Value:
    if value is NULL:
        return call.evaluation.fail()
    term, needle = as_text(text).term, constant_of(value)
    exact = Number(terms.measure(FirstIndex(needle), term), "int")
    return _by_culture(call, term, needle, exact, ("culture index", term, needle))


@form("string", "int IndexOf(char value)")
def index_of_unit(call: MemberCall, text: Value, value: Value) -> Value:
    return Number(terms.measure(FirstIndex(chr(_constant_unit(value))), as_text(text).term), "int")


@form("string", "int IndexOf(string value, System.StringComparison comparisonType)")
def index_of_by(call: MemberCall, text: Value, value: Value, comparison: Value) -> Value:
    if value is NULL:
        return call.evaluation.fail()
    how = comparison_of(comparison)
    needle = constant_of(value)
    known = ToUpper().apply(needle) if how == "ignore-case" else needle
    return Number(terms.measure(FirstIndex(known), folded(as_text(text).term, how)), "int")


# Parts


@form("string", "int Length { get; }")
def length(call: MemberCall, text: Value) -> Value:
    return Number(terms.measure(Length(), _same_length(as_text(text).term)), "int")


def _same_length(term: Term) -> Term:
    """Return a text of the same length as simple as it can be: case mapping doesn't change lengths."""
    while term.kind == "applied" and isinstance(term.parts[0], (ToUpper, ToLower, ReplaceUnit)):
        term = term.parts[1]
    return term


@form("string", "string Substring(int startIndex)")
def substring(call: MemberCall, text: Value, start: Value) -> Value:
    index = _constant_index(start)
    if index < 0:
        return call.evaluation.fail()
    term = as_text(text).term
    call.evaluation.throw(_is_shorter(term, index))
    return Text(terms.applied(Drop(index), term) if index else term)


@form("string", "string Substring(int startIndex, int length)")
def substring_of(call: MemberCall, text: Value, start: Value, count: Value) -> Value:
    index, size = _constant_index(start), _constant_index(count)
    if index < 0 or size < 0:
        return call.evaluation.fail()
    term = as_text(text).term
    call.evaluation.throw(_is_shorter(term, index + size))
    return Text(terms.applied(Take(size), terms.applied(Drop(index), term) if index else term))


def _constant_index(value: Value) -> int:
    found = as_number(value).constant
    if found is None:
        raise Unsupported("an index that is not constant")
    return found


def _is_shorter(term: Term, size: int) -> Term:
    return terms.at_most(terms.measure(Length(), _same_length(term)), terms.number(size - 1))


@form("string", "char Chars[int index] { get; }")
def unit_at(call: MemberCall, text: Value, place: Value) -> Value:
    from apimpolicy.reasoning.terms.measures import Unit

    index = _constant_index(place)
    if index < 0:
        return call.evaluation.fail()
    term = as_text(text).term
    call.evaluation.throw(_is_shorter(term, index + 1))
    return Number(terms.measure(Unit(index), term), "char")


@form(
    "string",
    "string[] Split(params char[] separator)",
    "string[] Split(char[] separator, System.StringSplitOptions options)",
    "string[] Split(string[] separator, System.StringSplitOptions options)",
    'string[] Split(char separator, System.StringSplitOptions options = "None")',
    'string[] Split(string separator, System.StringSplitOptions options = "None")',
)
def split(call: MemberCall, text: Value, separator: Value, options: Value | None = None) -> Value:
    heap = call.evaluation.unknowns.heap
    if isinstance(separator, Items) and not separator.has_more:
        marks = [_constant_mark(each) for each in separator.items]
    else:
        marks = [_constant_mark(separator)]
    chosen = options.constant if isinstance(options, Number) else 0
    if chosen == 0 and len(marks) == 1 and len(marks[0]) == 1:
        return Parts(as_text(text).term, ord(marks[0]), heap)
    if isinstance(text, Text) and text.constant is not None and chosen is not None:
        return Items(tuple(map(constant_text, split_text(text.constant, marks, options=chosen))), "string[]", heap)
    raise Unsupported("Split with options or several separators")


def _constant_mark(separator: Value) -> str:
    return constant_of(separator) if isinstance(separator, Text) else chr(_constant_unit(separator))


# Changes


@form("string", "string ToLower()", "string ToLowerInvariant()")
def to_lower(call: MemberCall, text: Value) -> Value:
    return Text(terms.applied(ToLower(), as_text(text).term))


@form("string", "string ToUpper()", "string ToUpperInvariant()")
def to_upper(call: MemberCall, text: Value) -> Value:
    return Text(terms.applied(ToUpper(), as_text(text).term))


def _trimmed(text: Value, given: Value | None, *, start: bool = True, end: bool = True) -> Value:
    members = white_space()
    if isinstance(given, Number):
        members = units.of_bits(1 << _constant_unit(given))
    elif isinstance(given, Items) and given.items and not given.has_more:
        members = units.of_text(chr(_constant_unit(item)) for item in given.items)
    elif given is not None and given is not NULL and not (isinstance(given, Items) and not given.has_more):
        raise Unsupported("characters that are not known")
    return Text(terms.applied(Trim(members.bits, start, end), as_text(text).term))


@form("string", "string Trim()", "string Trim(char trimChar)", "string Trim(params char[] trimChars)")
def trim(call: MemberCall, text: Value, given: Value | None = None) -> Value:
    return _trimmed(text, given)


@form("string", "string TrimStart()", "string TrimStart(char trimChar)", "string TrimStart(params char[] trimChars)")
def trim_start(call: MemberCall, text: Value, given: Value | None = None) -> Value:
    return _trimmed(text, given, end=False)


@form("string", "string TrimEnd()", "string TrimEnd(char trimChar)", "string TrimEnd(params char[] trimChars)")
def trim_end(call: MemberCall, text: Value, given: Value | None = None) -> Value:
    return _trimmed(text, given, start=False)


@form("string", "string Replace(char oldChar, char newChar)")
def replace_unit(call: MemberCall, text: Value, old: Value, new: Value) -> Value:
    return Text(terms.applied(ReplaceUnit(_constant_unit(old), _constant_unit(new)), as_text(text).term))


@form("string", "string Replace(string oldValue, string newValue)")
def replace(call: MemberCall, text: Value, old: Value, new: Value) -> Value:
    if old is NULL:
        return call.evaluation.fail()
    term, search = as_text(text).term, constant_of(old)
    replacement = "" if new is NULL else constant_of(new)
    constant = terms.constant_text(term)
    if not search:
        return call.evaluation.fail()
    if constant is not None:
        return constant_text(constant.replace(search, replacement))
    if len(search) == 1 and not replacement:
        return Text(terms.applied(Erase(ord(search)), term))
    if len(search) == 1 and len(replacement) == 1:
        return Text(terms.applied(ReplaceUnit(ord(search), ord(replacement)), term))
    raise Unsupported("Replace of several characters")


# Others


@form("string", "static bool IsNullOrEmpty(string value)")
def is_null_or_empty(call: MemberCall, text: Value) -> Value:
    return constant_truth(True) if text is NULL else Truth(terms.same(as_text(text).term, terms.text("")))


@form("string", "static bool IsNullOrWhiteSpace(string value)")
def is_null_or_white_space(call: MemberCall, text: Value) -> Value:
    if text is NULL:
        return constant_truth(True)
    return Truth(terms.member(as_text(text).term, repeat(one_of(white_space()))))


@form(
    "string",
    "static string Concat(string str0, string str1)",
    "static string Concat(string str0, string str1, string str2)",
    "static string Concat(string str0, string str1, string str2, string str3)",
    "static string Concat(object arg0)",
    "static string Concat(object arg0, object arg1)",
    "static string Concat(object arg0, object arg1, object arg2)",
)
def concat(call: MemberCall, *values: Value) -> Value:
    parts = [text_of(call.evaluation, value) for value in values]
    return call.evaluation.each(parts, lambda *texts: Text(terms.joined(*(as_text(each).term for each in texts))))


@form("string", "string ToString()", "object Clone()")
def to_string(call: MemberCall, text: Value) -> Value:
    return as_text(text)
