"""What a request and its surroundings may be: every input with its sort, its default, and the values that it may have.

An input is known by its key, as `("header", "x-id")`; `("header", "x-id", "there")` says whether there is one. An
assignment gives values to some of them, the others have their defaults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.symbolic import solver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from apimpolicy.symbolic.bounds import Bounds
    from apimpolicy.symbolic.solver import Pattern, Term

Key = tuple[str, ...]
Assignment = dict[Key, Any]

_LOWER, _DIGIT = solver.span("a", "z"), solver.span("0", "9")
_WORD = solver.either(_LOWER, solver.span("A", "Z"), _DIGIT)
_VISIBLE = solver.span("!", "~")
PRINTABLE = solver.span(" ", "~")
_TOKEN = solver.either(_WORD, solver.literal("-"), solver.literal("_"), solver.literal("."))
_IN_SEGMENT = solver.either(_TOKEN, *(solver.literal(each) for each in "~!$&'()*+,;=:@"))
_PATH = solver.either(_IN_SEGMENT, solver.literal("/"))
"""What stands in the path of a URL as it is."""
_NO_SLASH = solver.either(solver.span(" ", "."), solver.span("0", "~"))
_NO_BOUND = solver.many(PRINTABLE)

FIELD = solver.either(solver.literal(""), _VISIBLE, solver.sequence(_VISIBLE, solver.many(PRINTABLE), _VISIBLE))
"""The value of a header: visible characters, with spaces inside."""
LABEL = solver.either(_VISIBLE, solver.sequence(_VISIBLE, solver.many(PRINTABLE), _VISIBLE))
"""What people call something: visible characters, with spaces inside."""
ANY = _NO_BOUND
SOME = solver.times(PRINTABLE, 1, None)
WORD = solver.times(_TOKEN, 1, None)
TOKENS = solver.many(_TOKEN)
"""Letters, digits and `-_.`: what no coding changes."""
NAME = solver.sequence(_TOKEN, solver.many(solver.either(_TOKEN, solver.literal(" "), solver.literal("@"))))
RELATIVE = solver.many(solver.either(_TOKEN, solver.literal("/")))
_OCTET = solver.either(
    _DIGIT,
    solver.sequence(solver.span("1", "9"), _DIGIT),
    solver.sequence(solver.literal("1"), _DIGIT, _DIGIT),
    solver.sequence(solver.literal("2"), solver.span("0", "4"), _DIGIT),
    solver.sequence(solver.literal("25"), solver.span("0", "5")),
)
_GROUP = solver.times(solver.either(_DIGIT, solver.span("a", "f")), 1, 4)
ADDRESS = solver.either(
    solver.sequence(_OCTET, *[part for _ in range(3) for part in (solver.literal("."), _OCTET)]),
    solver.sequence(_GROUP, *[part for _ in range(7) for part in (solver.literal(":"), _GROUP)]),
)
"""An IPv4 address, or an IPv6 address in full."""
PARAMETER = solver.times(_NO_SLASH, 1, None)
"""What stands between two slashes of a path, decoded."""
PATH = solver.sequence(solver.literal("/"), solver.many(_PATH))
SEGMENT = solver.without(solver.times(_IN_SEGMENT, 1, None), solver.either(solver.literal("."), solver.literal("..")))
"""A segment of a path, of characters that need no code; `.` and `..` lead elsewhere."""
SEGMENTS = solver.either(
    solver.literal(""),
    solver.sequence(
        SEGMENT, solver.many(solver.sequence(solver.literal("/"), SEGMENT)), solver.times(solver.literal("/"), 0, 1)
    ),
)
"""Any number of segments, with a slash at the end or without."""
BELOW = solver.either(solver.literal(""), solver.sequence(solver.literal("/"), SEGMENTS))
"""A path below another one, or nothing."""
MAYBE_SLASH = solver.times(solver.literal("/"), 0, 1)
HOST = solver.sequence(
    _LOWER, solver.many(solver.either(_LOWER, _DIGIT, solver.literal("-"), solver.literal("."))), _LOWER
)
URL = solver.sequence(
    solver.literal("https://"), HOST, solver.either(solver.literal(""), solver.sequence(solver.literal("/"), TOKENS))
)
"""A plain URL; others are URLs too."""
READABLE = solver.times(solver.either(_TOKEN, solver.literal(" "), solver.literal("/")), 1, None)
"""What people like to read in a test."""


class Piece(NamedTuple):
    """A piece of a path: a text, or what may stand in its place, with `default` unless it matters.

    `parameter` is the name under which policies find it among the matched parameters.
    """

    default: str
    pattern: Pattern | None = None
    parameter: str | None = None

    @classmethod
    def ignoring_case(cls, text: str) -> Piece:
        """A text in any case."""
        return cls(text, solver.ignoring_case(text) if text.lower() != text.upper() else None)

    def key(self, index: int) -> Key:
        """The input that it is; `index` is its place among the pieces."""
        return ("path", f"[{index}]") if self.parameter is None else ("matched", self.parameter)


class Input:
    """One input. `domain` are the terms that its values make true, `wishes` those that make it pleasant to read."""

    __slots__ = ("choices", "default", "domain", "key", "name", "term", "wishes")
    _SAID = ("kind", "truth", "json")
    _BY_CHANCE = ("random", "seeded", "guid", "request-id")

    def __init__(self, key: Key, term: Term, default: Any, domain: tuple[Term, ...], wishes: tuple[Term, ...]) -> None:
        self.key = key
        self.name = "|".join(key)
        self.term = term
        self.default = default
        self.domain = domain
        self.wishes = wishes
        self.choices: tuple[str, ...] = ()
        """What it may be, where that is one of a few."""

    @property
    def is_said(self) -> bool:
        """Whether it is written down even where it has its default: what is not said may be something else."""
        return self.key[-1] in self._SAID or self.key[0] in self._BY_CHANCE


class Inputs:
    """The inputs that came up so far, each made once."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.known: dict[Key, Input] = {}
        self.by_name: dict[str, Input] = {}
        self.template: tuple[Piece, ...] | None = None
        """What the path of every request is made of; None where it is any path."""
        self.fixed: frozenset[str] = frozenset()
        """Entities of `context` that are the same in every run, by kind."""
        self.clock: int | None = None
        """When requests run, in seconds since 1970, where the clock stands still and may be set."""
        self.has_tokens = False
        """Whether values from outside may be tokens: the policy speaks of them."""

    def text(self, *key: str, default: str = "x", pattern: Pattern | None = None) -> Term:
        """A text whose values match the pattern; unless given, that of the value of a header."""
        pattern = FIELD if pattern is None else pattern
        return self._get(key, solver.text, default, lambda term: self._domain_of_text(term, pattern), _wishes_of_text)

    def one_of(self, *key: str, choices: Iterable[str]) -> Term:
        """One of these texts, the first unless it matters."""
        known = tuple(choices)
        term = self._get(
            key,
            solver.text,
            known[0],
            lambda term: (solver.some(*(solver.equal(term, solver.constant(each)) for each in known)),),
        )
        self.known[key].choices = known
        return term

    def number(self, *key: str, default: int = 0, least: int, most: int) -> Term:
        """A whole number in a range."""
        return self._get(key, solver.number, default, lambda term: (term >= least, term <= most))

    def fraction(self, *key: str) -> Term:
        """A number from 0 up to, not including, 1."""
        return self._get(key, solver.fraction, 0.5, lambda term: (term >= 0, term < 1))

    def truth(self, *key: str, default: bool = False) -> Term:
        """Yes or no."""
        return self._get(key, solver.truth, default, lambda _: ())

    def _get(
        self,
        key: Key,
        make: Callable[[str], Term],
        default: Any,
        domain: Callable[[Term], tuple[Term, ...]],
        wishes: Callable[[Term], tuple[Term, ...]] = lambda _: (),
    ) -> Term:
        known = self.known.get(key)
        if known is None:
            term = make("|".join(key))
            known = self.known[key] = Input(key, term, default, domain(term), wishes(term))
            self.by_name[known.name] = known
        return known.term

    def _domain_of_text(self, term: Term, pattern: Pattern) -> tuple[Term, ...]:
        return solver.matches(term, pattern), solver.length(term) <= self.bounds.text_length

    def path(self) -> Term:
        """The path of the request's URL."""
        if self.template is None:
            return self.text("path", default="/", pattern=PATH)
        return solver.joined([self.piece(index) for index in range(len(self.template))])

    def piece(self, index: int) -> Term:
        """A piece of the path, where that has a template."""
        assert self.template is not None
        piece = self.template[index]
        if piece.pattern is None:
            return solver.constant(piece.default)
        return self.text(*piece.key(index), default=piece.default, pattern=piece.pattern)

    def in_term(self, term: Term) -> list[Input]:
        """The inputs that a term is over."""
        return [self.by_name[name] for name in sorted(solver.names_of(term)) if name in self.by_name]

    def value(self, term: Term, assignment: Mapping[Key, Any]) -> Any:
        """What a term is under an assignment; None when that is not certain."""
        return solver.under(term, ((each.term, assignment.get(each.key, each.default)) for each in self.in_term(term)))


def _wishes_of_text(term: Term) -> tuple[Term, ...]:
    return (solver.matches(term, READABLE),)
