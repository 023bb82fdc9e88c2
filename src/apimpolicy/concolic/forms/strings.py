"""Strings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver, symbolic_json
from apimpolicy.concolic.forms import form
from apimpolicy.concolic.sequences import items_of
from apimpolicy.concolic.strings import (
    CaseFolded,
    concatenated,
    if_equal_as_written,
    plain_term,
    same_ignoring_case,
    same_text,
    within,
)
from apimpolicy.concolic.values import ConcolicValue, term_of

if TYPE_CHECKING:
    from apimpolicy.concolic.forms import Call

_IGNORING = (1, 3, 5)
"""The members of StringComparison that ignore case."""


@form("string", "static bool IsNullOrEmpty(string value)", "static bool IsNullOrWhiteSpace(string value)")
def is_null_or_empty(call: Call) -> ConcolicValue | None:
    given = call.arguments[0]
    if given.is_constant:
        return ConcolicValue()
    term = given.form.inner if isinstance(given.form, CaseFolded) else term_of(given)
    if term is None:
        return (
            ConcolicValue(term=given.null)
            if isinstance(given.form, symbolic_json.Shown) and given.null is not None
            else None
        )
    if "WhiteSpace" in call.member.name:
        empty = solver.matches(term, solver.star(solver.literal(" ")))
    else:
        empty = solver.equal(term, solver.constant(""))
    return ConcolicValue(term=empty if given.null is None else solver.any_of(given.null, empty))


@form("string", "int Length { get; }")
def length(call: Call) -> ConcolicValue | None:
    term = call.own.form.inner if isinstance(call.own.form, CaseFolded) else term_of(call.own)
    return None if term is None else ConcolicValue(term=solver.length(term))


_WITHIN = {"Contains": solver.contains, "StartsWith": solver.starts_with, "EndsWith": solver.ends_with}
_COMPARED = "string value, System.StringComparison comparisonType"


@form("string", *(f"bool {name}({given})" for name in _WITHIN for given in ("string value", _COMPARED, "char value")))
def is_within(call: Call) -> ConcolicValue | None:
    part, find = call.arguments[0], _WITHIN[call.member.name]
    if part.is_constant and part.value is None:
        return None
    ignores = False
    if len(call.arguments) > 1:
        if not call.arguments[1].is_constant:
            return None
        ignores = call.arguments[1].value in _IGNORING
    if part.null is not None:
        call.guard(solver.not_(part.null))
    found = within(call.own, part, find, ignores_case=ignores)
    if found is not None:
        return ConcolicValue(term=found)
    whole, inner = plain_term(call.own), plain_term(part)
    is_folded = isinstance(call.own.form, CaseFolded) and isinstance(part.form, CaseFolded)
    if whole is None or inner is None or part.is_constant or not (ignores or is_folded):
        return None
    return if_equal_as_written(call.replayer, find(whole, inner))


@form(
    "string",
    "bool Equals(string value)",
    "bool Equals(string value, System.StringComparison comparisonType)",
    "static bool Equals(string a, string b)",
    "static bool Equals(string a, string b, System.StringComparison comparisonType)",
)
def equals(call: Call) -> ConcolicValue | None:
    left, right, *comparisons = call.arguments if call.receiver is None else [call.receiver, *call.arguments]
    if not all(each.is_constant for each in comparisons):
        return None
    if not comparisons or comparisons[0].value not in _IGNORING:
        return same_text(left, right)
    found = same_ignoring_case(left, right)
    one, other = plain_term(left), plain_term(right)
    if found is not None or one is None or other is None or left.null is not None or right.null is not None:
        return found
    return if_equal_as_written(call.replayer, solver.equal(one, other))


@form("string", "bool Equals(object obj)")
@form("object", "bool Equals(object obj)")
def equals_object(call: Call) -> ConcolicValue | None:
    one, two = term_of(call.own), term_of(call.arguments[0])
    if one is None or two is None or not solver.is_string(one) or not solver.is_string(two):
        return None
    return same_text(call.own, call.arguments[0])


@form("string", "string ToString()")
@form("string", "object Clone()")
def itself(call: Call) -> ConcolicValue:
    own = call.own
    return ConcolicValue(term=own.term, form=own.form, unsupported=own.unsupported)


@form(
    "string",
    "string ToLower()",
    "string ToLowerInvariant()",
    "string ToUpper()",
    "string ToUpperInvariant()",
    but="anything but comparisons with constants, Contains, StartsWith, EndsWith and Length; letters beyond ASCII",
)
def folded(call: Call) -> ConcolicValue | None:
    term = call.own.form.inner if isinstance(call.own.form, CaseFolded) else term_of(call.own)
    if term is None:
        return None
    return ConcolicValue(form=CaseFolded(term, "Upper" in call.member.name))


_NO_SPACES = solver.union(
    solver.literal(""),
    solver.char_range("!", "~"),
    solver.concat_patterns(
        solver.char_range("!", "~"), solver.star(solver.char_range(" ", "~")), solver.char_range("!", "~")
    ),
)


@form("string", "string Trim()", "string TrimStart()", "string TrimEnd()", but="more than three spaces at either end")
def trimmed(call: Call) -> ConcolicValue | None:
    """Return a trimmed string; branch on whether it has spaces around it."""
    own = call.own
    if isinstance(own.form, CaseFolded):
        return own
    term = term_of(own)
    if term is None:
        return None
    if _is_field(call, term) or call.replayer.path.branch_on(solver.matches(term, _NO_SPACES), "trim"):
        return ConcolicValue(term=term)
    return _trimmed_by_hand(call, term, " ")


_MOST_TRIMMED = 3


def _trimmed_by_hand(call: Call, term: solver.Term, character: str) -> ConcolicValue | None:
    """Return a string without a few such characters at its ends; branch on each of them."""
    mark = solver.constant(character)
    for end, skips in (("TrimStart", "TrimEnd"), ("TrimEnd", "TrimStart")):
        if call.member.name == skips:
            continue
        ask = solver.starts_with if end == "TrimStart" else solver.ends_with
        for _ in range(_MOST_TRIMMED):
            if not call.replayer.path.branch_on(ask(term, mark), "trim"):
                break
            start = 1 if end == "TrimStart" else 0
            term = solver.simplify(solver.substring(term, solver.constant(start), solver.length(term) - 1))
        else:
            return None
    return ConcolicValue(term=term)


def _is_field(call: Call, term: solver.Term) -> bool:
    """Return whether a term is the value of a header, which has no spaces around it."""
    known = call.replayer.inputs.by_name.get(solver.name_of(term))
    return known is not None and "header" in known.key


@form(
    "string",
    *(f"string {name}(char trimChar)" for name in ("Trim", "TrimStart", "TrimEnd")),
    *(f"string {name}(params char[] trimChars)" for name in ("Trim", "TrimStart", "TrimEnd")),
)
def trimmed_of(call: Call) -> ConcolicValue | None:
    term, given = term_of(call.own), call.arguments[0]
    if term is None or not given.is_constant:
        return None
    characters = given.value if isinstance(given.value, str) else "".join(given.value or ())
    if len(characters) != 1 or given.value is None:
        return None
    return _trimmed_by_hand(call, term, characters)


@form(
    "string",
    "string Replace(string oldValue, string newValue)",
    "string Replace(char oldChar, char newChar)",
    but="strings that contain it more than once",
)
def replaced(call: Call) -> ConcolicValue | None:
    """Return the result of Replace; branch on whether the string contains the old value, and only once."""
    term, old, new = term_of(call.own), call.arguments[0], term_of(call.arguments[1])
    if call.arguments[1].is_constant and call.arguments[1].value is None:
        new = solver.constant("")
    searched = term_of(old)
    if term is None or new is None or searched is None:
        return None
    call.guard(solver.not_(solver.equal(searched, solver.constant(""))))
    if old.value == "":
        return ConcolicValue()
    if not call.replayer.path.branch_on(solver.contains(term, searched), "replace"):
        return ConcolicValue(term=term)
    without = solver.replaced_once(term, searched, solver.constant(""))
    if call.replayer.path.branch_on(solver.contains(without, searched), "replace"):
        return None
    return ConcolicValue(term=solver.replaced_once(term, searched, new))


@form("string", "string Substring(int startIndex)", "string Substring(int startIndex, int length)")
def substring(call: Call) -> ConcolicValue | None:
    term, start = term_of(call.own), term_of(call.arguments[0])
    if term is None or start is None:
        return None
    whole = solver.length(term)
    count = term_of(call.arguments[1]) if len(call.arguments) > 1 else whole - start
    if count is None:
        return None
    call.guard(solver.all_of(start >= 0, count >= 0, start + count <= whole))
    return ConcolicValue(term=solver.substring(term, start, count))


@form("string", "string Insert(int startIndex, string value)")
def inserted(call: Call) -> ConcolicValue | None:
    term, at, new = term_of(call.own), term_of(call.arguments[0]), term_of(call.arguments[1])
    if term is None or at is None or new is None:
        return None
    call.guard(solver.all_of(at >= 0, at <= solver.length(term)))
    rest = solver.substring(term, at, solver.length(term) - at)
    return ConcolicValue(term=solver.concat([solver.substring(term, solver.constant(0), at), new, rest]))


@form("string", "string Remove(int startIndex)", "string Remove(int startIndex, int count)")
def removed(call: Call) -> ConcolicValue | None:
    term, at = term_of(call.own), term_of(call.arguments[0])
    if term is None or at is None:
        return None
    whole = solver.length(term)
    count = term_of(call.arguments[1]) if len(call.arguments) > 1 else whole - at
    if count is None:
        return None
    call.guard(
        solver.all_of(at >= 0, count >= 0, at + count <= whole)
        if call.arguments[1:]
        else solver.all_of(at >= 0, at < whole)
    )
    rest = solver.substring(term, at + count, whole - at - count)
    return ConcolicValue(term=solver.concat([solver.substring(term, solver.constant(0), at), rest]))


@form("string", "int IndexOf(string value)", "int IndexOf(char value)")
@form("string", "int IndexOf(string value, System.StringComparison comparisonType)")
def index_of(call: Call) -> ConcolicValue | None:
    term, part = term_of(call.own), term_of(call.arguments[0])
    if term is None or part is None:
        return None
    if len(call.arguments) > 1 and call.arguments[1].value not in (4,):
        return None
    return ConcolicValue(term=solver.index_of(term, part))


@form("string", "char Chars[int index] { get; }")
def character(call: Call) -> ConcolicValue | None:
    term, index = term_of(call.own), term_of(call.arguments[0])
    if term is None or index is None:
        return None
    call.guard(solver.all_of(index >= 0, index < solver.length(term)))
    return ConcolicValue(term=solver.substring(term, index, solver.constant(1)))


@form(
    "string",
    "static string Concat(string str0, string str1)",
    "static string Concat(string str0, string str1, string str2)",
    "static string Concat(string str0, string str1, string str2, string str3)",
    "static string Concat(object arg0)",
    "static string Concat(object arg0, object arg1)",
    "static string Concat(object arg0, object arg1, object arg2)",
)
def concat(call: Call) -> ConcolicValue | None:
    return concatenated(call.replayer, call.arguments)


@form("string", "static string Concat(params string[] values)", "static string Concat(params object[] args)")
def concat_all(call: Call) -> ConcolicValue | None:
    items = items_of(call.replayer, call.arguments[0], call.node)
    return None if items is None else concatenated(call.replayer, list(items))


@form(
    "string",
    "static string Join(string separator, params string[] value)",
    "static string Join(string separator, System.Collections.Generic.IEnumerable<string> values)",
    "static string Join<T>(string separator, System.Collections.Generic.IEnumerable<T> values)",
    "static string Join(string separator, params object[] values)",
)
def join(call: Call) -> ConcolicValue | None:
    items = items_of(call.replayer, call.arguments[1], call.node)
    if items is None:
        return None
    parts: list[ConcolicValue] = []
    for each in items:
        parts += [call.arguments[0], each] if parts else [each]
    return concatenated(call.replayer, parts or [ConcolicValue("")])


@form(
    "string",
    "static string Format(string format, object arg0)",
    "static string Format(string format, object arg0, object arg1)",
    "static string Format(string format, object arg0, object arg1, object arg2)",
    "static string Format(string format, params object[] args)",
    but="alignment and formats",
)
def formatted(call: Call) -> ConcolicValue | None:
    import re

    pattern, values = call.arguments[0], call.arguments[1:]
    if not pattern.is_constant or not isinstance(pattern.value, str):
        return None
    pieces = re.split(r"\{(\d+)\}", pattern.value)
    if any("{" in each or "}" in each for each in pieces[::2]):
        return None
    if "params" in call.member.signature:
        items = items_of(call.replayer, values[0], call.node)
        if items is None:
            return None
        values = list(items)
    if any(int(each) >= len(values) for each in pieces[1::2]):
        return None
    return concatenated(
        call.replayer, [values[int(each)] if index % 2 else ConcolicValue(each) for index, each in enumerate(pieces)]
    )
