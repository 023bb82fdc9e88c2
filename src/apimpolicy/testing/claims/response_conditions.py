"""Conditions about a response, over all requests: variables, headers, the request after the policies, errors.

Each form returns where the condition is met, exactly; a condition without a form raises Unsupported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.gateway.context.urls import DEFAULT_PORTS
from apimpolicy.reasoning.languages.language import (
    Language,
    at_least_once,
    containing,
    in_ranges,
    literal,
    not_,
    sequence,
)
from apimpolicy.reasoning.languages.patterns import NotRegular, language_of
from apimpolicy.reasoning.semantics.forms.context import is_utf8
from apimpolicy.reasoning.semantics.unknowns import Unknowns, Unsupported
from apimpolicy.reasoning.semantics.values import (
    ABSENT,
    INTEGERS,
    NULL,
    FieldValue,
    Json,
    Number,
    Opaque,
    Text,
    Truth,
    Value,
    type_of,
    where,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term

if TYPE_CHECKING:
    from apimpolicy.reasoning.transfer.flow import End, Error
    from apimpolicy.testing.tree import Tree

_STATUS = re.compile(r"[0-9]+x*")
_PLAIN_PATTERN = re.compile(
    r"""(?:[\w /:;,@&%#=~!<>"'-]|\\[./?*+$^()|\[\]{}-]|[()|^$](?!\?)|\[[\w./:-]+\]|(?:\.|\[\^[\w./:-]+\])(?=[*+])"""
    r"|[*+?]\??(?![*+?]))*",
    re.ASCII,
)
"""Patterns that are the same in Python, in which test files are read, and in .NET."""


def response_condition(
    key: str, tree: Tree, end: End, unknowns: Unknowns, *, added_headers: frozenset[str] | None
) -> Term:
    """Return where a response meets a key of a condition. Raises Unsupported."""
    match key:
        case "status":
            return terms.any_of(*(_is_status(end.status, code) for code in tree.items()))
        case "variables":
            return terms.all_of(*(_variable(end, name, value, unknowns) for name, value in tree.table().items()))
        case "request":
            return _request(end, tree, unknowns)
        case "headers" if added_headers is not None:
            if any(name.strip().lower() in added_headers for name in tree.table()):
                raise Unsupported("a header that a policy adds to the response at its end")
            return _headers(end, "response-header", tree, unknowns)
        case "reason":
            return where(end.state.get("reason"), partial(_is_text, wanted=tree))
        case "body":
            return _body(end, tree)
        case "error":
            return _error(end, tree)
    raise Unsupported(f"a claim's condition on the response: {key}")


def _variable(end: End, name: str, wanted: Tree, unknowns: Unknowns) -> Term:
    def is_wanted(leaf: Value) -> Term:
        if leaf is ABSENT or leaf is NULL:
            return terms.truth(wanted.value is None)
        if isinstance(leaf, Opaque) and leaf.type == "IResponse" and isinstance(wanted.value, dict):
            if set(wanted.value) != {"status"}:
                return unknowns.truth("a claim's condition on more than the status of a response in a variable")
            status = unknowns.status_of(leaf)
            return terms.any_of(*(_is_status(status, code) for code in wanted.value["status"].items()))
        if wanted.value is None and not isinstance(leaf, Json) and type_of(leaf) not in ("", "object"):
            return terms.FALSE
        if wanted.value is None or isinstance(wanted.value, (dict, list)):
            return unknowns.truth("a claim's condition on a variable")
        if isinstance(leaf, Truth):
            if isinstance(wanted.value, bool):
                return leaf.term if wanted.value else terms.not_(leaf.term)
            spelled = {"True": leaf.term, "False": terms.not_(leaf.term)}
            return spelled.get(wanted.text(), terms.FALSE)
        if isinstance(leaf, Number) and leaf.type == "char":
            unit = to_utf16(_spelled(wanted))
            return terms.equal(leaf.term, terms.number(ord(unit))) if len(unit) == 1 else terms.FALSE
        if isinstance(leaf, Number) and leaf.type in INTEGERS and type(wanted.value) is int:
            return terms.equal(leaf.term, terms.number(wanted.value))
        if isinstance(leaf, Text):
            return terms.same(leaf.term, terms.text(to_utf16(_spelled(wanted))))
        raise Unsupported("the text of a variable")

    return where(end.state.get("variable", to_utf16(name)), is_wanted)


def _is_status(status: Value, tree: Tree) -> Term:
    """Return where a status is a number, or fits a pattern such as `4xx`. Raises Unsupported."""
    text = tree.text().lower()
    if not isinstance(tree.value, int) and _STATUS.fullmatch(text) is None:
        raise Unsupported("a status with digits that are left out")
    least, most = (terms.number(int(text.replace("x", digit))) for digit in "09")

    def fits(leaf: Value) -> Term:
        if not isinstance(leaf, Number):
            raise Unsupported("a status")
        return terms.all_of(terms.at_most(least, leaf.term), terms.at_most(leaf.term, most))

    return where(status, fits)


def _spelled(wanted: Tree) -> str:
    if isinstance(wanted.value, bool):
        return "True" if wanted.value else "False"
    return wanted.text()


def _request(end: End, tree: Tree, unknowns: Unknowns) -> Term:
    found: list[Term] = []
    if not isinstance(tree.value, dict):
        raise Unsupported("a claim's condition on the request")
    for key, part in tree.table().items():
        if key == "headers":
            found.append(_headers(end, "header", part, unknowns))
        elif key == "method":
            found.append(where(end.state.get("method"), partial(_is_text, wanted=part)))
        elif key == "url":
            found.append(_url(end, part, unknowns))
        else:
            raise Unsupported(f"a claim's condition on the request: {key}")
    return terms.all_of(*found)


def _url(end: End, wanted: Tree, unknowns: Unknowns) -> Term:
    """Return where the whole URL is what is wanted; a port that isn't the scheme's default is part of it."""

    def fits(scheme: Value, host: Value, number: Value, path: Value, query: Value) -> Term:
        texts = [leaf.term for leaf in (scheme, host, path, query) if isinstance(leaf, Text)]
        if len(texts) < 4 or not isinstance(number, Number):
            raise Unsupported("a part of a URL")
        is_usual = terms.any_of(
            *(
                terms.all_of(terms.same(texts[0], terms.text(name)), terms.equal(number.term, terms.number(default)))
                for name, default in DEFAULT_PORTS.items()
            )
        )
        port = unknowns.fresh(terms.TEXT, "the port of a URL")
        is_written = terms.member(port, sequence(literal(":"), at_least_once(in_ranges((0x30, 0x39)))))
        unknowns.know(port, terms.choice(is_usual, terms.same(port, terms.text("")), is_written))
        return _is_text(Text(terms.joined(texts[0], terms.text("://"), texts[1], port, *texts[2:])), wanted)

    return _where_all([end.state.get("url", name) for name in ("Scheme", "Host", "Port", "Path", "QueryString")], fits)


def _where_all(values: Sequence[Value], form: Callable[..., Term], *leaves: Value) -> Term:
    """Return where a form is true of the alternatives of several values."""
    if not values:
        return form(*leaves)
    return where(values[0], lambda leaf: _where_all(values[1:], form, *leaves, leaf))


def _headers(end: End, kind: str, tree: Tree, unknowns: Unknowns) -> Term:
    def is_wanted(leaf: Value, wanted: Tree) -> Term:
        if wanted.value is None:
            return terms.truth(leaf is ABSENT)
        if leaf is ABSENT:
            return terms.FALSE
        if isinstance(leaf, FieldValue) and not leaf.repeats and len(leaf.items) == 1:
            return where(leaf.items[0], lambda item: _is_text(item, wanted))
        return unknowns.truth("a header that comes several times")

    return terms.all_of(
        *(
            where(end.state.get(kind, name.strip().lower()), partial(is_wanted, wanted=wanted))
            for name, wanted in tree.table().items()
        )
    )


def _is_text(leaf: Value, wanted: Tree) -> Term:
    if not isinstance(leaf, Text):
        raise Unsupported("the text of a value")
    if isinstance(wanted.value, str):
        return terms.same(leaf.term, terms.text(to_utf16(wanted.text())))
    if not isinstance(wanted.value, dict):
        raise Unsupported("a claim's condition on a text")
    languages = [each for key, part in wanted.table().items() for each in _languages(key, part)]
    return terms.all_of(*(terms.member(leaf.term, each) for each in languages))


def _languages(key: str, wanted: Tree) -> list[Language]:
    """Return languages that a text which meets one key of a condition is in. Raises Unsupported."""
    if key == "matches":
        try:
            if _PLAIN_PATTERN.fullmatch(wanted.text()):
                return [language_of(wanted.text())]
        except NotRegular:
            pass
        raise Unsupported("a claim's regular expression")
    words = [literal(to_utf16(each)) for each in wanted.texts()]
    if key == "equals":
        return words
    return [containing(each) if key == "contains" else not_(containing(each)) for each in words]


def _body(end: End, wanted: Tree) -> Term:
    """Return where a body is what is wanted: an ASCII text that a policy wrote, read as UTF-8."""

    def is_content(leaf: Value) -> Term:
        if not isinstance(leaf, Text) or leaf.constant is None or not leaf.constant.isascii():
            raise Unsupported("the content of a body")
        return _is_text(leaf, wanted)

    if is_utf8(end.state.get("response-header", "content-type")) is not terms.TRUE:
        raise Unsupported("the character set of a body")
    return where(end.state.get("response-body", "text"), is_content)


def _error(end: End, tree: Tree) -> Term:
    if tree.value in (False, None):
        return terms.truth(not end.errors)
    if not end.errors:
        return terms.FALSE
    if tree.value is True:
        return terms.TRUE
    return terms.any_of(*(terms.all_of(error.condition, _is_error(error, tree)) for error in end.errors))


def _is_error(error: Error, tree: Tree) -> Term:
    known: dict[str, str | None] = {"source": error.source or None, "reason": error.reason}
    for key, part in tree.table().items():
        value = known.get(key)
        if value is None or not isinstance(part.value, str):
            raise Unsupported(f"a claim's condition on an error: {key}")
        if part.text() != value:
            return terms.FALSE
    return terms.TRUE
