"""The gateway's state while policies run: named cells, each with a value; states of branches are merged lazily.

A cell that nothing has written is an input of the request, or unknown since a policy that may have changed all cells of
its kind. Kinds: variable, header, query, response-header (by name), and cells without a name. Headers and parameters
come any number of times, with any Unicode text, headers without line breaks and NUL; methods are any tokens in upper
case, paths what the gateway's URLs have. Generation 0 are the request's own; later generations are unknown since a
policy.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.reasoning.languages import units
from apimpolicy.reasoning.languages.language import (
    ANYTHING,
    Language,
    any_of_text,
    at_least_once,
    both,
    containing,
    in_ranges,
    not_,
    one_of,
    optional,
    repeat,
    sequence,
    union,
)
from apimpolicy.reasoning.languages.language import literal as word
from apimpolicy.reasoning.semantics.values import (
    ABSENT,
    NULL,
    FieldValue,
    Number,
    Opaque,
    Text,
    Truth,
    Value,
    as_one_number,
    constant_number,
    constant_truth,
    merge,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term

if TYPE_CHECKING:
    from apimpolicy.reasoning.semantics.unknowns import Unknowns


Cell = tuple[str, str]
ANSWER = ("reason", "response-header", "response-body")
"""The parts of a response besides its status."""
REACHABLE = ("variable", "matched", "header", "query", "url", "body", "response-header", "response-body")
"""The kinds of cells whose content is made of objects that expressions reach."""
KINDS = (*REACHABLE[:-2], "method", "status", *ANSWER)
"""Every kind of cell that a policy can write."""
KINDS_OF_MESSAGES = frozenset((*KINDS, "has-response", "error"))
"""The kinds of cells that objects of the gateway show."""


OWN = "own-"
"""Begins the kinds of cells of a message that a policy composes: expressions see the caller's messages instead."""


class Base(NamedTuple):
    """The origin of cells of a kind that were not written: a generation, or a choice between two bases."""

    generation: Hashable
    condition: Term | None = None
    then: Base | None = None
    otherwise: Base | None = None


FIRST = Base(0)


class Lacking(NamedTuple):
    """The generation of cells that are those of another base, `then`, but for some that are gone: any or named ones."""

    generation: Hashable
    names: frozenset[str] | None = None


class State:
    """Cells with their values. `make` gives the value of a cell that was not written, by generation (0: the input)."""

    def __init__(self, make: Callable[[Cell, Hashable], Value]) -> None:
        self._make = make
        self._cells: dict[Cell, Value] = {}
        self._bases: dict[str, Base] = {}
        self._written: set[str] = set()

    def copy(self) -> State:
        made = State(self._make)
        made._cells = self._cells.copy()
        made._bases = self._bases.copy()
        made._written = self._written.copy()
        return made

    def first(self, kind: str, name: str = "") -> Value:
        """Return a cell's value when the request came."""
        return self._make((kind, name), 0)

    def is_first(self, *kinds: str) -> bool:
        """Return whether no cell of these kinds was written since the request came."""
        return self._written.isdisjoint(kinds)

    def get(self, kind: str, name: str = "") -> Value:
        cell = (kind, name)
        found = self._cells.get(cell)
        if found is None:
            found = self._cells[cell] = self._first(cell, self._bases.get(kind, FIRST))
        return found

    def set(self, value: Value, kind: str, name: str = "") -> None:
        self._cells[kind, name] = value
        self._written.add(kind)

    def forget(self, kind: str, generation: Hashable) -> None:
        """Make all cells of a kind unknown: of a new generation."""
        for cell in [cell for cell in self._cells if cell[0] == kind]:
            del self._cells[cell]
        self._bases[kind] = Base(generation)
        self._written.add(kind)

    def keep(self, kind: str, before: State, lacking: Lacking) -> None:
        """Give a kind the cells of an earlier state, without some."""
        for cell in [cell for cell in before._cells if cell[0] == kind]:
            self._cells[cell] = self._lacking(cell, lacking, before._cells[cell])
        self._bases[kind] = Base(lacking, then=before._bases.get(kind, FIRST))

    def _lacking(self, cell: Cell, lacking: Lacking, old: Value) -> Value:
        if lacking.names is not None:
            return ABSENT if cell[1] in lacking.names else old
        gone = self._make(("gone", cell[1]), lacking.generation)
        assert isinstance(gone, Truth)
        return merge(gone.term, ABSENT, old)

    def forget_own(self) -> None:
        """Drop the cells of a message that a policy has composed."""
        for cell in [cell for cell in self._cells if cell[0].startswith(OWN)]:
            del self._cells[cell]
        for kind in [kind for kind in self._bases if kind.startswith(OWN)]:
            del self._bases[kind]
        self._written = {kind for kind in self._written if not kind.startswith(OWN)}

    def answer_with_own(self) -> None:
        """Make the response that a policy has composed the response."""
        for kind in ("status", *ANSWER):
            self.forget(kind, 0)
            for cell in [cell for cell in self._cells if cell[0] == OWN + kind]:
                self._cells[kind, cell[1]] = self._cells[cell]
            if (base := self._bases.get(OWN + kind)) is not None:
                self._bases[kind] = base
        self.forget_own()

    def changed(self, other: State) -> frozenset[Cell]:
        """Return the cells that differ from another state's; the name `*` represents all cells of a kind."""
        found = {
            cell
            for cell in {**self._cells, **other._cells}
            if self._cells.get(cell) is not other._cells.get(cell) and self.get(*cell).key != other.get(*cell).key
        }
        kinds = {**self._bases, **other._bases}
        return frozenset(found) | {
            (kind, "*") for kind in kinds if self._bases.get(kind, FIRST) != other._bases.get(kind, FIRST)
        }

    def signature(self, kinds: Container[str] | None = None) -> Hashable:
        """Return the key of a state: the cells whose values differ from the request's start, and the bases.

        `kinds` are those that count; all unless given.
        """
        cells = {
            (cell, value.key)
            for cell, value in self._cells.items()
            if (kinds is None or cell[0] in kinds) and value.key != self._make(cell, 0).key
        }
        bases = self._bases.items() if kinds is None else [each for each in self._bases.items() if each[0] in kinds]
        return frozenset(cells), frozenset(bases)

    def written(self, kind: str) -> list[str]:
        return [name for each, name in self._cells if each == kind]

    def _first(self, cell: Cell, base: Base) -> Value:
        if isinstance(base.generation, Lacking):
            assert base.then is not None
            return self._lacking(cell, base.generation, self._first(cell, base.then))
        if base.condition is None:
            return self._make(cell, base.generation)
        assert base.then is not None
        assert base.otherwise is not None
        return merge(base.condition, self._first(cell, base.then), self._first(cell, base.otherwise))

    @classmethod
    def merged(cls, condition: Term, one: State, other: State) -> State:
        """Return the state that is `one` where the condition is true, and `other` elsewhere."""
        if condition is terms.TRUE or one is other:
            return one
        if condition is terms.FALSE:
            return other
        made = State(one._make)
        made._written = one._written | other._written
        for cell in {**one._cells, **other._cells}:
            first, second = one._cells.get(cell), other._cells.get(cell)
            if first is not second:
                first, second = one.get(*cell), other.get(*cell)
            assert first is not None
            assert second is not None
            made._cells[cell] = as_one_number(merge(condition, first, second))
        for kind in {**one._bases, **other._bases}:
            base, another = one._bases.get(kind, FIRST), other._bases.get(kind, FIRST)
            made._bases[kind] = base if base == another else Base(0, condition, base, another)
        return made


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
FIELD_TEXT = repeat(one_of(~units.of_text("\0\r\n")))
"""Texts that a header of a request can have (RFC 9110, section 5.5): servers refuse others before any policy runs."""
SCHEME = union(word("http"), word("https"), word("ws"), word("wss"))
_HOST = not_(containing(any_of_text("/?#")))
_QUERY = optional(sequence(word("?"), ANYTHING))
_WITH_COMMA = containing(word(","))


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
        self._implied: dict[str, list[Term]] = {}
        """What is true where a request has any header or parameter, as far as it was asked."""
        for cell, value in (fixed or {}).items():
            self.fix(value, *cell)

    def fix(self, value: Value, kind: str, name: str = "") -> None:
        """Let a cell be the same in every request."""
        self._made[(kind, name), 0] = value

    def state(self) -> State:
        return State(self.make)

    def make(self, cell: Cell, generation: Hashable) -> Value:
        found = self._made.get((cell, generation))
        if found is None:
            found = self._made[cell, generation] = self._make(*cell, generation)
        return found

    def _make(self, kind: str, name: str, generation: Hashable) -> Value:
        match kind.removeprefix(OWN):
            case "header" | "query" | "response-header":
                return self.field(kind.removeprefix(OWN), name, generation)
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
                return self._body(kind.removeprefix(OWN), generation)
            case "entity":
                text = self._text(tuple(name.split()), generation, None)
                self.unknowns.assume(PRINTABLE, text, terms.member(text, _PRINTABLE))
                return Text(text)
            case "certificate":
                presented = Opaque((kind, name, generation), CERTIFICATE, 0)
                return merge(self._truth(("there", kind), generation), presented, NULL)
            case "status":
                return self.status(generation)
            case "has-response" | "reached" | "given" | "ran":
                return constant_truth(False) if not generation else Truth(self._truth((kind, name), generation))
            case "count":
                return self._count(name)
            case "gone":
                return Truth(self.unknowns.truth(f"whether the operation's URL names the parameter {name}"))
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

    def _count(self, kind: str) -> Value:
        """Return how many headers or parameters a request has."""
        made = self.unknowns.input(("count", kind), terms.NUMBER)
        self.unknowns.know(made, terms.at_most(terms.number(kind == "header"), made))  # Host is always there
        self._imply(kind, terms.at_most(terms.number(1), made))
        return Number(made, "int")

    def _imply(self, kind: str, fact: Term) -> None:
        """Say what is true of a request with any header or parameter: of those known now, and of later ones."""
        self._implied.setdefault(kind, []).append(fact)
        for cell, generation in self._made:
            if cell[0] == kind and not generation:
                self._know_of_field(*cell, fact)

    def _know_of_field(self, kind: str, name: str, *facts: Term) -> None:
        is_there = self._truth((kind, name, "there"), 0)
        self.unknowns.know(is_there, *(terms.any_of(terms.not_(is_there), fact) for fact in facts))

    def field(self, kind: str, name: str, generation: Hashable) -> Value:
        """Return a header or parameter: absent, once, or several times."""
        if isinstance(generation, HeadersOf) and name not in generation.names:
            return ABSENT
        key = (kind, name)
        is_there = self._truth((*key, "there"), generation)
        repeats = self._truth((*key, "repeats"), generation)
        is_sent = kind == "header" and not generation
        joined = self._text(key, generation, FIELD_TEXT if is_sent else None)
        first, second = (self._text((*key, part), generation, None) for part in ("first", "second"))
        rest = self._text((*key, "rest"), generation, None)
        unknowns = self.unknowns
        unknowns.know(repeats, terms.any_of(terms.not_(repeats), terms.member(joined, _WITH_COMMA)))
        unknowns.assume(ONCE, repeats, terms.not_(repeats))
        parts = terms.joined(first, terms.text(","), rest)
        unknowns.know(first, terms.any_of(terms.not_(repeats), terms.same(joined, parts)))
        several = FieldValue(joined, (Text(first), Text(second)), repeats=True)
        there = merge(repeats, several, FieldValue(joined, (Text(joined),)))
        if name == "host" and kind == "header" and not generation:
            return there
        if not generation:
            self._know_of_field(kind, name, *self._implied.get(kind, ()))
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
        made = self._text(("url", name), generation, language)
        if name == "QueryString" and not generation:
            self._imply("query", terms.not_(terms.same(made, terms.text(""))))
        return Text(made)

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
    """Describe a cell that an unmodelled policy leaves unknown: `response header 'etag', which a policy may change`."""
    kind, *name = (part for part in key if part != "there")
    words = kind.replace("-", " ")
    named = f"{words} {name[0]!r}" if name and name[0] else words
    return f"{named}, which a policy may change"
