"""JSON trees over all requests: the kind of a token, its content, and its value as a .NET type.

A token is an input by the text that was parsed and the path to it, so that all reads of a text see one tree. Its kind
is one of KINDS, or another: a fraction, a date, a comment, a constructor. The values of those are unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from apimpolicy.reasoning.languages import patterns
from apimpolicy.reasoning.languages.language import ANYTHING, literal, sequence
from apimpolicy.reasoning.semantics.unknowns import Unknowns, Unsupported
from apimpolicy.reasoning.semantics.values import (
    INTEGERS,
    NOTHING,
    NULL,
    Items,
    Json,
    Number,
    Opaque,
    Text,
    Truth,
    Value,
    constant_text,
    merge,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.measures import Parsed
from apimpolicy.reasoning.terms.term import Term

if TYPE_CHECKING:
    from apimpolicy.reasoning.semantics.evaluation import Evaluation

KINDS = ("object", "string", "integer", "boolean", "array", "null")
OTHER = "other"
_JSON = "Newtonsoft.Json.Linq."
MOST_ITEMS = 5
"""Items of an array that are modelled; later ones are unknown."""
_OF_TYPES = {"JObject": ("object",), "JArray": ("array",), "JToken": (*KINDS, OTHER), "object": (*KINDS, OTHER)}
"""The kinds of tokens that are of a type."""
_NAME, _INDEX = r"([A-Za-z_][A-Za-z0-9_-]*)", r"\[(?:([0-9]{1,4})|'([A-Za-z0-9_. -]+)')\]"
_STEP = re.compile(f"{_NAME}|{_INDEX}")
_PATH = re.compile(rf"(?:(?:\$\.)?{_NAME}|\$?{_INDEX})(?:\.{_NAME}|{_INDEX})*")


# What a token is


def kind_of(unknowns: Unknowns, token: Json, kind: str) -> Term:
    """Return where a token is of a kind: no kind before it in KINDS, and this one."""
    parts: list[Term] = []
    for each in KINDS:
        mark = unknowns.input(("json", token.root, token.path, each), terms.TRUTH)
        if each == kind:
            return terms.all_of(*parts, mark)
        parts.append(terms.not_(mark))
    return terms.all_of(*parts)


def by_kind(
    evaluation: Evaluation, token: Json, forms: Mapping[str, Callable[[], Value]], otherwise: Callable[[], Value]
) -> Value:
    found: Value = NOTHING
    for kind in (OTHER, *reversed(KINDS)):
        form = forms.get(kind, otherwise)
        value = evaluation.under(kind_of(evaluation.unknowns, token, kind), form)
        if kind == OTHER:
            found = value
        else:
            mark = evaluation.unknowns.input(("json", token.root, token.path, kind), terms.TRUTH)
            found = merge(mark, value, found)
    return found


def is_of_type(unknowns: Unknowns, token: Json, type_: str) -> Term:
    kinds = _OF_TYPES.get(type_.removeprefix(_JSON))
    if kinds is None:
        if not type_.startswith((_JSON, "System.Collections")):
            return terms.FALSE
        return unknowns.truth(f"whether a JSON token is a {type_}", ("is", token.key, type_))
    return terms.TRUE if OTHER in kinds else terms.any_of(*(kind_of(unknowns, token, kind) for kind in kinds))


# What it has inside


def member_of(evaluation: Evaluation, token: Json, name: str) -> Value:
    is_there = evaluation.unknowns.input(("json", token.root, (*token.path, name), "there"), terms.TRUTH)
    return merge(is_there, Json(token.root, (*token.path, name), token.born), NULL)


def length_of(unknowns: Unknowns, token: Json) -> Term:
    found = unknowns.input(("json", token.root, token.path, "length"), terms.NUMBER)
    if not unknowns.facts(found):
        unknowns.know(found, terms.at_most(terms.number(0), found), terms.at_most(found, terms.number((1 << 31) - 1)))
    return found


def has_item(unknowns: Unknowns, token: Json, index: int) -> Term:
    return terms.at_most(terms.number(index + 1), length_of(unknowns, token))


def items_of(evaluation: Evaluation, token: Json, made: int) -> Value:
    """Return the items of an array, as many as there are up to a number, then unknown ones."""
    items = tuple(Json(token.root, (*token.path, index), token.born) for index in range(MOST_ITEMS))
    type_ = f"{_JSON}JToken[]"
    found: Value = Items(items, type_, made, rest=token.key)
    for count in range(MOST_ITEMS, -1, -1):
        is_longer = has_item(evaluation.unknowns, token, count)
        found = merge(is_longer, found, Items(items[:count], type_, made))
    return found


def selected(evaluation: Evaluation, token: Json, path: str) -> Value:
    """Return the token that a path of names and indexes selects, or null. Raises Unsupported for other paths."""
    if _PATH.fullmatch(path) is None:
        raise Unsupported("a JSONPath with more than names and indexes")
    unknowns = evaluation.unknowns
    is_there, is_known, current = terms.TRUE, terms.TRUE, token
    for name, index, quoted in _STEP.findall(path):
        key: str | int = int(index) if index else name or quoted
        if isinstance(key, int):
            has = terms.all_of(kind_of(unknowns, current, "array"), has_item(unknowns, current, key))
            is_known = terms.all_of(is_known, terms.not_(kind_of(unknowns, current, OTHER)))
        else:
            mark = unknowns.input(("json", token.root, (*current.path, key), "there"), terms.TRUTH)
            has = terms.all_of(kind_of(unknowns, current, "object"), mark)
        is_there = terms.all_of(is_there, has)
        current = Json(token.root, (*current.path, key), token.born)
    found = merge(is_there, current, NULL)
    what = "an item of a JSON constructor"
    return merge(is_known, found, unknowns.value(f"{_JSON}JToken", what, ("selected", token.key, path)))


# What it is as a value of .NET


def string_of(unknowns: Unknowns, token: Json) -> Term:
    return unknowns.input(("json", token.root, token.path, "text"), terms.TEXT)


def digits_of(unknowns: Unknowns, token: Json) -> Term:
    found = unknowns.input(("json", token.root, token.path, "digits"), terms.TEXT)
    if not unknowns.facts(found):
        unknowns.know(found, terms.member(found, patterns.WHOLE))
    return found


def truth_of(unknowns: Unknowns, token: Json) -> Term:
    return unknowns.input(("json", token.root, token.path, "truth"), terms.TRUTH)


def shown(evaluation: Evaluation, token: Json) -> Value:
    """Return the `ToString()` text; an unknown one for containers and other kinds."""
    unknowns = evaluation.unknowns
    forms: dict[str, Callable[[], Value]] = {
        **_texts(unknowns, token),
        "null": lambda: constant_text(""),
        "object": lambda: _unknown_text(unknowns, token, "{"),
        "array": lambda: _unknown_text(unknowns, token, "["),
    }
    return by_kind(evaluation, token, forms, lambda: _unknown_text(unknowns, token))


def _unknown_text(unknowns: Unknowns, token: Json, beginning: str = "") -> Text:
    what = "the text of a JSON object, array, fraction or date"
    found = unknowns.value("string", what, ("json text", beginning, token.key), null=False)
    assert isinstance(found, Text)
    if beginning and not unknowns.facts(found.term):
        unknowns.know(found.term, terms.member(found.term, sequence(literal(beginning), ANYTHING)))
    return found


def _texts(unknowns: Unknowns, token: Json) -> dict[str, Callable[[], Value]]:
    return {
        "string": lambda: Text(string_of(unknowns, token)),
        "integer": lambda: Text(digits_of(unknowns, token)),
        "boolean": lambda: merge(truth_of(unknowns, token), constant_text("True"), constant_text("False")),
    }


def converted(evaluation: Evaluation, token: Json, type_: str) -> Value:
    """Return a token as a primitive value, as casts and `Value<T>` convert it. Raises Unsupported for other types."""
    base, unknowns = type_.rstrip("?"), evaluation.unknowns
    if base == "string":
        forms = {**_texts(unknowns, token), "null": lambda: NULL}
    elif base == "bool":
        forms = _truths(evaluation, token)
    elif base in INTEGERS and base != "char":
        forms = _numbers(evaluation, token, base)
    else:
        raise Unsupported(f"a JSON value as {type_}")
    if type_.endswith("?"):
        forms = {**forms, "null": lambda: NULL}
    return by_kind(
        evaluation, token, {**forms, OTHER: lambda: _unknown(evaluation, token, type_)}, lambda: evaluation.fail()
    )


def _unknown(evaluation: Evaluation, token: Json, type_: str) -> Value:
    what, key, unknowns = f"a JSON fraction or date as {type_}", ("json as", type_, token.key), evaluation.unknowns
    throws = unknowns.truth(what, ("throws", key))
    evaluation.throw(throws)
    if type_ != "string":
        return unknowns.value(type_, what, key)
    text, is_null = _unknown_text(unknowns, token), unknowns.truth(what, ("null", key))
    is_constructor = terms.member(text.term, sequence(literal("new "), ANYTHING))
    if not unknowns.facts(throws):
        unknowns.know(throws, terms.any_of(terms.not_(throws), is_constructor))
        unknowns.know(is_null, terms.any_of(terms.not_(is_null), terms.same(text.term, terms.text(""))))
    return merge(is_null, NULL, text)


def _truths(evaluation: Evaluation, token: Json) -> dict[str, Callable[[], Value]]:
    unknowns = evaluation.unknowns

    def of_text() -> Value:
        term = string_of(unknowns, token)
        is_true, is_false = (terms.member(term, patterns.truth(value=value)) for value in (True, False))
        evaluation.throw(terms.not_(terms.any_of(is_true, is_false)))
        return Truth(is_true)

    def of_number() -> Value:
        term = digits_of(unknowns, token)
        evaluation.throw(terms.not_(_fits(term, "long")))
        return Truth(terms.not_(terms.equal(terms.measure(Parsed(), term), terms.number(0))))

    return {"string": of_text, "integer": of_number, "boolean": lambda: Truth(truth_of(unknowns, token))}


def _numbers(evaluation: Evaluation, token: Json, type_: str) -> dict[str, Callable[[], Value]]:
    unknowns = evaluation.unknowns

    def of(text: Callable[[Unknowns, Json], Term]) -> Value:
        term = text(unknowns, token)
        evaluation.throw(terms.not_(_fits(term, type_)))
        return Number(terms.measure(Parsed(), term), type_)

    one, zero = (Number(terms.number(number), type_) for number in (1, 0))
    return {
        "string": lambda: of(string_of),
        "integer": lambda: of(digits_of),
        "boolean": lambda: merge(truth_of(unknowns, token), one, zero),
    }


def _fits(term: Term, type_: str) -> Term:
    least, largest = INTEGERS[type_]
    in_range = terms.member(term, patterns.at_most(largest))
    return terms.all_of(in_range, terms.not_(terms.member(term, patterns.at_most(least - 1))))


# Parsing


def parsed(evaluation: Evaluation, text: Term, type_: str) -> Value:
    """Return the tree of a text as a JObject, JArray or JToken; it throws where the text is none.

    JToken reads a comment before the tree as the tree: its trees are others than those of the containers.
    """
    unknowns = evaluation.unknowns
    reader = "token" if type_.endswith("JToken") else "container"
    token = Json((reader, text), (), unknowns.heap)
    is_json = unknowns.input(("json", token.root, (), "valid"), terms.TRUTH)
    evaluation.throw(terms.not_(terms.all_of(is_json, is_of_type(unknowns, token, type_))))
    return token


def sequence_of(evaluation: Evaluation, token: Json) -> Value:
    heap = evaluation.unknowns.heap
    other: Value = Opaque(("children", token.key), f"{_JSON}JEnumerable", heap)
    return merge(kind_of(evaluation.unknowns, token, "array"), items_of(evaluation, token, heap), other)
