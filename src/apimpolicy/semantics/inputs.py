"""The inputs of a request: the cells of the state before any policy, from the real domain.

Headers and parameters come any number of times, with any Unicode text; methods are any tokens in upper case, paths what
the gateway's URLs have. Generation 0 are the request's own; later generations are unknown since a policy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.languages.language import (
    ANYTHING,
    any_of_text,
    at_least_once,
    both,
    containing,
    in_ranges,
    not_,
    optional,
    repeat,
    sequence,
    union,
)
from apimpolicy.languages.language import literal as word
from apimpolicy.semantics.state import State
from apimpolicy.semantics.values import (
    ABSENT,
    NULL,
    Field,
    Number,
    Opaque,
    Text,
    Truth,
    Value,
    constant_number,
    constant_truth,
    merge,
)
from apimpolicy.terms import term as terms

if TYPE_CHECKING:
    from collections.abc import Hashable

    from apimpolicy.languages.language import Language
    from apimpolicy.semantics.state import Cell
    from apimpolicy.semantics.unknowns import Unknowns
    from apimpolicy.terms.term import Term

CERTIFICATE = "System.Security.Cryptography.X509Certificates.X509Certificate2"


class HeadersOf(NamedTuple):
    """A generation of a message that has no headers but, perhaps, these."""

    names: frozenset[str] = frozenset()
    generation: Hashable = 0


EMPTY = HeadersOf()
"""The generation of a message without any headers."""
ONCE = "each header and each query parameter comes at most once"
PRINTABLE = "ids and names of users, products and APIs have no control characters"
_PRINTABLE = repeat(in_ranges((0x20, 0xFFFF)))
_ALPHANUMERIC = ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A))
_OF_PATHS = union(in_ranges(*_ALPHANUMERIC), any_of_text("/%:@!$&'()*+,;=~-._[]|"))
_DOT = union(word("."), word("%2e"), word("%2E"))
WITHOUT_DOTS = not_(sequence(ANYTHING, word("/"), _DOT, optional(_DOT), optional(sequence(word("/"), ANYTHING))))
"""Texts without dot segments: a URL has none, see `context.urls`."""
PATH = both(sequence(word("/"), repeat(_OF_PATHS)), WITHOUT_DOTS)
METHOD = at_least_once(union(in_ranges((0x30, 0x39), (0x41, 0x5A)), any_of_text("!#$%&'*+-.^_`|~")))
SCHEME = union(word("http"), word("https"), word("ws"), word("wss"))
_HOST = not_(containing(any_of_text("/?#")))
_QUERY = optional(sequence(word("?"), ANYTHING))
_WITH_COMMA = containing(word(","))
_BLANK = any_of_text(" \t")
_FIELD = not_(union(sequence(_BLANK, ANYTHING), sequence(ANYTHING, _BLANK), containing(any_of_text("\r\n\0"))))
"""The value of a header as it comes: in one line, without blanks around it (RFC 9110, section 5.5)."""


class Inputs:
    """Makes the cells of one proof. `fixed` are cells that are the same in every request.

    `variables` are the names of all variables that a request may come with; any unless given.
    """

    def __init__(
        self, unknowns: Unknowns, fixed: dict[Cell, Value] | None = None, variables: frozenset[str] | None = None
    ) -> None:
        self.unknowns = unknowns
        self._variables = variables
        self._made: dict[tuple[Cell, Hashable], Value] = {}
        for cell, value in (fixed or {}).items():
            self._made[cell, 0] = value

    def state(self) -> State:
        """Return the state in which a request comes."""
        return State(self.make)

    def make(self, cell: Cell, generation: Hashable) -> Value:
        """Return a cell that nothing has written in this generation."""
        found = self._made.get((cell, generation))
        if found is None:
            found = self._made[cell, generation] = self._make(*cell, generation)
        return found

    def _make(self, kind: str, name: str, generation: Hashable) -> Value:
        match kind:
            case "header" | "query" | "response-header":
                return self.field(kind, name, generation)
            case "variable":
                return self._variable(name, generation)
            case "matched":
                is_there = self._truth((kind, name, "there"), generation)
                return merge(is_there, Text(self._text((kind, name), generation, None)), ABSENT)
            case "method":
                return Text(self._text((kind,), generation, METHOD))
            case "url":
                return self._url(name, generation)
            case "reason":
                return Text(self._text((kind,), generation, None))
            case "response-body" if name:
                return Opaque((kind, name, generation), "string", 0)
            case "body" | "response-body":
                return self._body(kind, generation)
            case "entity":
                made = self._text(tuple(name.split()), generation, None)
                self.unknowns.assume(PRINTABLE, made, terms.member(made, _PRINTABLE))
                return Text(made)
            case "certificate":
                shown = Opaque((kind, name, generation), CERTIFICATE, 0)
                return merge(self._truth(("there", kind), generation), shown, NULL)
            case "status":
                return self.status(generation)
            case "has-response" | "reached" | "ran":
                return constant_truth(False) if not generation else Truth(self._truth((kind, name), generation))
            case "error":
                return NULL if not generation else self.unknowns.value("ILastError", "context.LastError")
        return Opaque((kind, name, generation), kind, 0)

    def _truth(self, key: tuple[str, ...], generation: Hashable) -> Term:
        if not generation:
            return self.unknowns.input(key, terms.TRUTH)
        return self.unknowns.fresh(terms.TRUTH, _shown(key))

    def _text(self, key: tuple[str, ...], generation: Hashable, language: Language | None) -> Term:
        made = self.unknowns.input(key, terms.TEXT) if not generation else self.unknowns.fresh(terms.TEXT, _shown(key))
        if language is not None:
            self.unknowns.know(made, terms.member(made, language))
        return made

    def field(self, kind: str, name: str, generation: Hashable) -> Value:
        """Return a header or parameter: absent, once, or several times."""
        if isinstance(generation, HeadersOf) and name not in generation.names:
            return ABSENT
        key = (kind, name)
        is_there = self._truth((*key, "there"), generation)
        repeats = self._truth((*key, "repeats"), generation)
        language = _FIELD if kind == "header" and not generation else None
        joined = self._text(key, generation, language)
        first, second = (self._text((*key, each), generation, language) for each in ("first", "second"))
        rest = self._text((*key, "rest"), generation, None)
        unknowns = self.unknowns
        unknowns.know(repeats, terms.any_of(terms.not_(repeats), terms.member(joined, _WITH_COMMA)))
        unknowns.assume(ONCE, repeats, terms.not_(repeats))
        parts = terms.joined(first, terms.text(","), rest)
        unknowns.know(first, terms.any_of(terms.not_(repeats), terms.same(joined, parts)))
        several = Field(joined, (Text(first), Text(second)), repeats=True)
        there = merge(repeats, several, Field(joined, (Text(joined),)))
        if name == "host" and kind == "header" and not generation:
            return there
        return merge(is_there, there, ABSENT)

    def _variable(self, name: str, generation: Hashable) -> Value:
        if not generation and self._variables is not None and name not in self._variables:
            return ABSENT
        is_there = self._truth(("variable", name, "there"), generation)
        is_null = self._truth(("variable", name, "null"), generation)
        value = Opaque(("variable", name, generation), "object", self.unknowns.heap if generation else 0)
        return merge(is_there, merge(is_null, NULL, value), ABSENT)

    def _url(self, name: str, generation: Hashable) -> Value:
        if name == "Port":
            found = self.unknowns.value("int", "the port of a URL", ("url", name, generation))
            assert isinstance(found, Number)
            self.unknowns.know(found.term, terms.at_most(terms.number(0), found.term))
            return found
        languages = {"Path": PATH, "Scheme": SCHEME, "Host": _HOST, "QueryString": _QUERY}
        language = languages.get(name) if not generation else None
        return Text(self._text(("url", name), generation, language))

    def _body(self, kind: str, generation: Hashable) -> Value:
        born = self.unknowns.heap if generation else 0
        identity = (kind,) if not generation else (kind, generation)
        made = Opaque(identity, "IMessageBody", born)
        if kind == "response-body":
            return made
        return merge(self._truth(("there", "body"), generation), made, NULL)

    def status(self, generation: Hashable) -> Value:
        """Return a status: 200 until there is another."""
        if not generation:
            return constant_number(200)
        made = self.unknowns.variable(f"status {generation}", terms.NUMBER)
        least, most = terms.number(0), terms.number(999)
        self.unknowns.know(made, terms.at_most(least, made), terms.at_most(made, most))
        return Number(made, "int")


def _shown(key: tuple[str, ...]) -> str:
    """Describe a cell that an unmodelled policy leaves unknown: `response header 'etag' after a policy`."""
    kind, *name = (part for part in key if part != "there")
    words = kind.replace("-", " ")
    return f"{words} {name[0]!r} after a policy" if name and name[0] else f"{words} after a policy"
