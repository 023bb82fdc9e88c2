"""Members of texts that have no exact form: the plainest case in which each gives what a policy looks for.

Searches by culture are searches by code units; a text has another unknown one if both are equal.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from apimpolicy.languages.language import TooLarge
from apimpolicy.languages.operations import Before, Behind, Drop, DropLast, Last, Take
from apimpolicy.proposing.forms import FORMS, form
from apimpolicy.semantics.evaluation import as_text, constant_of
from apimpolicy.semantics.forms.strings import same_texts
from apimpolicy.semantics.members import FORMS as KNOWN
from apimpolicy.semantics.operators import text_of
from apimpolicy.semantics.queries import source_of
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import (
    NULL,
    Items,
    Number,
    Parts,
    Query,
    Text,
    Truth,
    Value,
    constant_number,
    constant_text,
    merge,
)
from apimpolicy.terms import term as terms
from apimpolicy.terms.measures import FirstIndex, Length

if TYPE_CHECKING:
    from apimpolicy.semantics.evaluation import Evaluation
    from apimpolicy.semantics.members import Call, Form
    from apimpolicy.terms.term import Term

_HOLE = re.compile(r"\{(\d+)(?::[^}]*)?\}")
_COMPARISON = "System.StringComparison"
_ORDINAL, _IGNORE_CASE = 4, 5
_EXACT = {0: _ORDINAL, 1: _IGNORE_CASE, 2: _ORDINAL, 3: _IGNORE_CASE}
"""Comparisons by code units in place of those by a culture."""


def _by_units(value: Value) -> Value:
    if isinstance(value, Number) and value.type == _COMPARISON and value.constant in _EXACT:
        return constant_number(_EXACT[value.constant], _COMPARISON)
    return value


# Searches


def _search(name: str, result: str) -> None:
    by_comparison = f"{result} {name}(string value, {_COMPARISON} comparisonType)"
    original = KNOWN["string", by_comparison.replace("Last", "")]

    @form("string", by_comparison, f"{result} {name}(string value)")
    def search(call: Call, text: Value, needle: Value, comparison: Value | None = None) -> Value:
        how = constant_number(_ORDINAL, _COMPARISON) if comparison is None else _by_units(comparison)
        try:
            found: Value = original(call, text, needle, how)
            return found
        except (Unsupported, TooLarge):
            mode = "ignore-case" if isinstance(how, Number) and how.constant == _IGNORE_CASE else "ordinal"
            is_there = _has(name, as_text(text).term, as_text(needle).term, mode)
            if result == "bool":
                return Truth(is_there)
            return Number(terms.choice(is_there, terms.number(0), terms.number(-1)), "int")


def _has(name: str, text: Term, needle: Term, mode: str) -> Term:
    """Return whether a text has another one at its start, at its end, or anywhere: where both are equal, or joined."""
    if text.kind == "joined":
        parts = {"StartsWith": text.parts[:1], "EndsWith": text.parts[-1:]}.get(name, text.parts)
        if needle in parts:
            return terms.TRUE
    return terms.any_of(same_texts(text, needle, mode), terms.same(needle, terms.text("")))


for _name in ("StartsWith", "EndsWith", "Contains"):
    _search(_name, "bool")
for _name in ("IndexOf", "LastIndexOf"):
    _search(_name, "int")

for _name in ("Equals", "Compare"):
    for _type, _signature in list(KNOWN):
        if _type == "string" and f" {_name}(" in _signature and _COMPARISON in _signature:

            @form(_type, _signature)
            def compared(call: Call, *values: Value, original: Form = KNOWN[_type, _signature]) -> Value:
                found: Value = original(call, *map(_by_units, values))
                return found


FORMS["string", "int LastIndexOf(char value)"] = KNOWN["string", "int IndexOf(char value)"]


# Parts


@form("string", "string Substring(int startIndex)", "string Remove(int startIndex)")
def substring(call: Call, text: Value, start: Value) -> Value:
    term, index = as_text(text).term, _index(start)
    return _before(call, term, index) if call.member.name == "Remove" else _behind(call, term, index)


def _index(value: Value) -> Term:
    if not isinstance(value, Number):
        raise Unsupported("an index that is not known")
    return value.term


def _sum(term: Term) -> tuple[Term | None, int]:
    """Return a number as a measure of a text plus a constant. Raises Unsupported for other numbers."""
    constant = terms.constant_number(term)
    if constant is not None:
        return None, constant
    if term.kind == "measure":
        return term, 0
    if term.kind == "sum":
        (one, more), (other, rest) = map(_sum, term.parts)
        if one is None or other is None:
            return (one if other is None else other), more + rest
    raise Unsupported("a sum of several measures")


def _behind(call: Call, text: Term, index: Term) -> Value:
    """Return what follows an index: of a text that is found, from the end, or of the units that are asked for."""
    found, more = _sum(index)
    size = terms.measure(Length(), text)
    if found is None:
        call.evaluation.throw(terms.at_most(size, terms.number(more - 1)))
        return Text(terms.applied(Drop(more), text) if more else text)
    if isinstance(found.parts[0], Length) and more <= 0:
        call.evaluation.throw(terms.at_most(size, terms.number(-more - 1)))
        return Text(terms.applied(Last(-more), text))
    if not isinstance(found.parts[0], FirstIndex):
        return Text(text)
    needle = found.parts[0].needle
    if more < 0 or (more and more < len(needle)):
        raise Unsupported("a part of a text around another one")
    if not more:
        call.evaluation.throw(terms.at_most(found, terms.number(-1)))
        return Text(terms.joined(terms.text(needle), terms.applied(Behind(needle), text)))
    rest = terms.applied(Behind(needle), text)
    return Text(terms.applied(Drop(more - len(needle)), rest) if more > len(needle) else rest)


def _before(call: Call, text: Term, index: Term) -> Value:
    """Return what comes before an index."""
    found, more = _sum(index)
    size = terms.measure(Length(), text)
    if found is None:
        call.evaluation.throw(terms.at_most(size, terms.number(more - 1)))
        return Text(terms.applied(Take(more), text))
    if isinstance(found.parts[0], Length) and more <= 0:
        call.evaluation.throw(terms.at_most(size, terms.number(-more - 1)))
        return Text(terms.applied(DropLast(-more), text) if more else text)
    if isinstance(found.parts[0], FirstIndex) and not more:
        call.evaluation.throw(terms.at_most(found, terms.number(-1)))
        return Text(terms.applied(Before(found.parts[0].needle), text))
    return Text(text)


@form("string", "string Substring(int startIndex, int length)", "string Remove(int startIndex, int count)")
def substring_of(call: Call, text: Value, start: Value, count: Value) -> Value:
    if call.member.name == "Remove":
        raise Unsupported("a text without a part")
    return Text(part_of(call, as_text(text).term, _index(start), _index(count)))


def part_of(call: Call, text: Term, start: Term, count: Term) -> Term:
    """Return so many units of a text from an index."""
    rest = as_text(_behind(call, text, start)).term
    first, size = terms.constant_number(start), terms.constant_number(count)
    if size is not None:
        return terms.applied(Take(size), rest)
    found, more = _sum(count)
    if first is not None and found is not None and isinstance(found.parts[0], Length) and more + first <= 0:
        return terms.applied(DropLast(-more - first), rest) if more + first else rest
    return as_text(_before(call, rest, count)).term if first == 0 else rest


@form("string", "string Insert(int startIndex, string value)")
def insert(call: Call, text: Value, start: Value, value: Value) -> Value:
    index = start.constant if isinstance(start, Number) else None
    own, other = as_text(text).term, as_text(value).term
    if index:
        return Text(terms.joined(terms.applied(Take(index), own), other, terms.applied(Drop(index), own)))
    return Text(terms.joined(other, own))


for _type, _signature in list(KNOWN):
    if _type == "string" and " Split(" in _signature:

        @form(_type, _signature)
        def split(
            call: Call, text: Value, separator: Value, *_: Value, original: Form = KNOWN[_type, _signature]
        ) -> Value:
            """Split a text at the first of several separators, in one that has no empty parts."""
            if isinstance(separator, Items) and separator.items:
                separator = separator.items[0]
            found: Value = original(call, text, separator)
            return found


_SPLIT = KNOWN["string", "string[] Split(params char[] separator)"]
_OPTIONS = "System.StringSplitOptions options"


@form(
    "string",
    f"string[] Split(char[] separator, {_OPTIONS})",
    f"string[] Split(string[] separator, {_OPTIONS})",
    "string[] Split(char[] separator, int count)",
    f'string[] Split(char separator, int count, {_OPTIONS} = "None")',
)
def split_by(call: Call, text: Value, separator: Value, *_: Value) -> Value:
    if isinstance(separator, Items) and separator.items:
        separator = separator.items[0]
    found: Value = _SPLIT(call, text, separator)
    return found


# Joined texts


@form(
    "string",
    "static string Join(string separator, params string[] value)",
    "static string Join(string separator, System.Collections.Generic.IEnumerable<string> values)",
    "static string Join(string separator, params object[] values)",
    "static string Join<T>(string separator, System.Collections.Generic.IEnumerable<T> values)",
)
def join(call: Call, separator: Value, values: Value) -> Value:
    evaluation = call.evaluation
    if not isinstance(values, (Items, Parts, Query)):
        raise Unsupported("texts that are not known")
    source, steps = source_of(values)
    mark = terms.text("") if separator is NULL else as_text(separator).term
    if isinstance(source, Parts):
        return Text(source.text)
    if steps:
        raise Unsupported("the texts of a query")
    texts = [evaluation.each([each], partial(text_of, evaluation)) for each in source.items]

    def joined(*parts: Value) -> Value:
        found: list[Term] = []
        for part in parts:
            found += [mark, as_text(part).term]
        return Text(terms.joined(*found[1:]))

    return evaluation.each(texts, joined)


@form(
    "string",
    *(
        f"static string Format(string format, {given})"
        for given in (
            "object arg0",
            "object arg0, object arg1",
            "object arg0, object arg1, object arg2",
            "params object[] args",
        )
    ),
)
def formatted(call: Call, pattern: Value, *values: Value) -> Value:
    evaluation = call.evaluation
    if len(values) == 1 and isinstance(values[0], Items):
        values = values[0].items
    pieces = _HOLE.split(constant_of(pattern))
    parts = [
        constant_text(piece) if not index % 2 else evaluation.each([values[int(piece)]], partial(text_of, evaluation))
        for index, piece in enumerate(pieces)
    ]
    return evaluation.each(parts, lambda *given: Text(terms.joined(*(as_text(each).term for each in given))))


@form("string", "new")
def new_text(evaluation: Evaluation, *arguments: Value) -> Value:
    if len(arguments) != 2:
        raise Unsupported("a text of units that are not known")
    return evaluation.each(arguments, _repeated)


def _repeated(unit: Value, count: Value) -> Value:
    """Return a unit several times; a number that is not known is a few."""
    if not isinstance(unit, Number) or unit.constant is None:
        raise Unsupported("a text of units that are not known")
    known, mark = _index(count), chr(unit.constant)
    size = terms.constant_number(known)
    found: Value = constant_text(mark * (_MOST_REPEATED if size is None else max(size, 0)))
    for number in range(_MOST_REPEATED - 1, -1, -1) if size is None else ():
        found = merge(terms.at_most(known, terms.number(number)), constant_text(mark * number), found)
    return found


_MOST_REPEATED = 3


# Units


def _unit_test(name: str, *ranges: tuple[int, int]) -> None:
    @form("char", f"static bool {name}(char c)")
    def test(call: Call, unit: Value) -> Value:
        term = _index(unit)
        return Truth(
            terms.any_of(
                *(
                    terms.all_of(terms.at_most(terms.number(low), term), terms.at_most(term, terms.number(high)))
                    for low, high in ranges
                )
            )
        )


_DIGITS, _UPPER, _LOWER = (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)
_unit_test("IsDigit", _DIGITS)
_unit_test("IsLetter", _UPPER, _LOWER)
_unit_test("IsLetterOrDigit", _DIGITS, _UPPER, _LOWER)
_unit_test("IsUpper", _UPPER)
_unit_test("IsLower", _LOWER)
