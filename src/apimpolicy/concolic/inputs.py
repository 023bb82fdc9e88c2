"""The inputs of a search: each has a sort, a default, and a domain.

An input has a key, such as `("header", "x-id")`; `("header", "x-id", "there")` tells whether the header is present. An
assignment gives values to some inputs, the others have their defaults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.concolic import solver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from apimpolicy.concolic.solver import Pattern, Term
    from apimpolicy.scenarios.assignments import Key
    from apimpolicy.scenarios.bounds import Bounds


_LOWER, _DIGIT = solver.char_range("a", "z"), solver.char_range("0", "9")
_WORD = solver.union(_LOWER, solver.char_range("A", "Z"), _DIGIT)
_VISIBLE = solver.char_range("!", "~")
PRINTABLE = solver.char_range(" ", "~")
_TOKEN = solver.union(_WORD, solver.literal("-"), solver.literal("_"), solver.literal("."))
_IN_SEGMENT = solver.union(_TOKEN, *(solver.literal(each) for each in "~!$&'()*+,;=:@"))
_PATH = solver.union(_IN_SEGMENT, solver.literal("/"))
"""Characters that the path of a URL contains unescaped."""
_NO_SLASH = solver.union(solver.char_range(" ", "."), solver.char_range("0", "~"))
_NO_BOUND = solver.star(PRINTABLE)

FIELD = solver.union(solver.literal(""), _VISIBLE, solver.concat_patterns(_VISIBLE, solver.star(PRINTABLE), _VISIBLE))
"""The value of a header: visible characters, with spaces inside."""
LABEL = solver.union(_VISIBLE, solver.concat_patterns(_VISIBLE, solver.star(PRINTABLE), _VISIBLE))
"""Names: visible characters, with spaces inside."""
ANY = _NO_BOUND
SOME = solver.repeat(PRINTABLE, 1, None)
WORD = solver.repeat(_TOKEN, 1, None)
TOKENS = solver.star(_TOKEN)
"""Letters, digits and `-_.`: what no coding changes."""
NAME = solver.concat_patterns(_TOKEN, solver.star(solver.union(_TOKEN, solver.literal(" "), solver.literal("@"))))
RELATIVE = solver.star(solver.union(_TOKEN, solver.literal("/")))
_OCTET = solver.union(
    _DIGIT,
    solver.concat_patterns(solver.char_range("1", "9"), _DIGIT),
    solver.concat_patterns(solver.literal("1"), _DIGIT, _DIGIT),
    solver.concat_patterns(solver.literal("2"), solver.char_range("0", "4"), _DIGIT),
    solver.concat_patterns(solver.literal("25"), solver.char_range("0", "5")),
)
_GROUP = solver.repeat(solver.union(_DIGIT, solver.char_range("a", "f")), 1, 4)
ADDRESS = solver.union(
    solver.concat_patterns(_OCTET, *[part for _ in range(3) for part in (solver.literal("."), _OCTET)]),
    solver.concat_patterns(_GROUP, *[part for _ in range(7) for part in (solver.literal(":"), _GROUP)]),
)
"""An IPv4 address, or an IPv6 address in full."""
PARAMETER = solver.repeat(_NO_SLASH, 1, None)
"""A segment of a path, decoded."""
PATH = solver.concat_patterns(solver.literal("/"), solver.star(_PATH))
SEGMENT = solver.difference(
    solver.repeat(_IN_SEGMENT, 1, None), solver.union(solver.literal("."), solver.literal(".."))
)
"""A segment of a path, of characters that need no code; `.` and `..` lead elsewhere."""
SEGMENTS = solver.union(
    solver.literal(""),
    solver.concat_patterns(
        SEGMENT,
        solver.star(solver.concat_patterns(solver.literal("/"), SEGMENT)),
        solver.repeat(solver.literal("/"), 0, 1),
    ),
)
"""Any number of segments, with a slash at the end or without."""
BELOW = solver.union(solver.literal(""), solver.concat_patterns(solver.literal("/"), SEGMENTS))
"""A path below another one, or nothing."""
MAYBE_SLASH = solver.repeat(solver.literal("/"), 0, 1)
HOST = solver.concat_patterns(
    _LOWER, solver.star(solver.union(_LOWER, _DIGIT, solver.literal("-"), solver.literal("."))), _LOWER
)
URL = solver.concat_patterns(
    solver.literal("https://"),
    HOST,
    solver.union(solver.literal(""), solver.concat_patterns(solver.literal("/"), TOKENS)),
)
"""A plain URL; others are URLs too."""
READABLE = solver.repeat(solver.union(_TOKEN, solver.literal(" "), solver.literal("/")), 1, None)
"""Readable strings."""


class Piece(NamedTuple):
    """A segment of a path template: literal text, or a pattern with a `default`.

    `parameter` is its name among the matched parameters.
    """

    default: str
    pattern: Pattern | None = None
    parameter: str | None = None

    @classmethod
    def ignoring_case(cls, text: str) -> Piece:
        """Return literal text in any case."""
        return cls(text, solver.ignoring_case(text) if text.lower() != text.upper() else None)

    def key(self, index: int) -> Key:
        """Return the key of its input; `index` is its position among the segments."""
        return ("path", f"[{index}]") if self.parameter is None else ("matched", self.parameter)


class Input:
    """One input. `domain` are terms that its values satisfy, `soft_constraints` those that make them readable."""

    __slots__ = ("choices", "default", "domain", "key", "name", "soft_constraints", "term")
    _SAID = ("kind", "truth", "json")
    _BY_CHANCE = ("random", "seeded", "guid", "request-id")

    def __init__(
        self, key: Key, term: Term, default: Any, domain: tuple[Term, ...], soft_constraints: tuple[Term, ...]
    ) -> None:
        self.key = key
        self.name = "|".join(key)
        self.term = term
        self.default = default
        self.domain = domain
        self.soft_constraints = soft_constraints
        self.choices: tuple[str, ...] = ()
        """Its values, where there are a few."""

    @property
    def is_explicit(self) -> bool:
        """Return whether a scenario states it even where it has its default, since it may vary otherwise."""
        return self.key[-1] in self._SAID or self.key[0] in self._BY_CHANCE


class Inputs:
    """The inputs that came up so far, each made once."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.known: dict[Key, Input] = {}
        self.by_name: dict[str, Input] = {}
        self.template: tuple[Piece, ...] | None = None
        """The template of every request's path; None where it is any path."""
        self.fixed: frozenset[str] = frozenset()
        """Entities of `context` that are the same in every run, by kind."""
        self.clock: int | None = None
        """The time of requests in seconds since 1970, where the clock is fixed and can be set."""
        self.has_tokens = False
        """True if values from outside may be tokens, because the policy mentions them."""

    def string_var(self, *key: str, default: str = "x", pattern: Pattern | None = None) -> Term:
        """Return a string whose values match the pattern; by default, that of header values."""
        pattern = FIELD if pattern is None else pattern
        return self._get(
            key, solver.string_var, default, lambda term: self._domain_of_text(term, pattern), _soft_constraints_of_text
        )

    def one_of(self, *key: str, choices: Iterable[str]) -> Term:
        """Return a string that is one of these; the first by default."""
        known = tuple(choices)
        term = self._get(
            key,
            solver.string_var,
            known[0],
            lambda term: (solver.any_of(*(solver.equal(term, solver.constant(each)) for each in known)),),
        )
        self.known[key].choices = known
        return term

    def int_var(self, *key: str, default: int = 0, least: int, most: int) -> Term:
        """Return an integer in a range."""
        return self._get(key, solver.int_var, default, lambda term: (term >= least, term <= most))

    def real_var(self, *key: str) -> Term:
        """Return a number from 0 up to, not including, 1."""
        return self._get(key, solver.real_var, 0.5, lambda term: (term >= 0, term < 1))

    def bool_var(self, *key: str, default: bool = False) -> Term:
        """Return a Boolean."""
        return self._get(key, solver.bool_var, default, lambda _: ())

    def _get(
        self,
        key: Key,
        make: Callable[[str], Term],
        default: Any,
        domain: Callable[[Term], tuple[Term, ...]],
        soft_constraints: Callable[[Term], tuple[Term, ...]] = lambda _: (),
    ) -> Term:
        known = self.known.get(key)
        if known is None:
            term = make("|".join(key))
            known = self.known[key] = Input(key, term, default, domain(term), soft_constraints(term))
            self.by_name[known.name] = known
        return known.term

    def _domain_of_text(self, term: Term, pattern: Pattern) -> tuple[Term, ...]:
        return solver.matches(term, pattern), solver.length(term) <= self.bounds.text_length

    def path(self) -> Term:
        """Return the path of the request's URL."""
        if self.template is None:
            return self.string_var("path", default="/", pattern=PATH)
        return solver.concat([self.piece(index) for index in range(len(self.template))])

    def piece(self, index: int) -> Term:
        """Return a segment of the path, where that has a template."""
        assert self.template is not None
        piece = self.template[index]
        if piece.pattern is None:
            return solver.constant(piece.default)
        return self.string_var(*piece.key(index), default=piece.default, pattern=piece.pattern)

    def in_term(self, term: Term) -> list[Input]:
        """Return the inputs of a term."""
        return [self.by_name[name] for name in sorted(solver.names_of(term)) if name in self.by_name]

    def value(self, term: Term, assignment: Mapping[Key, Any]) -> Any:
        """Return the value of a term under an assignment; None when that is not certain."""
        return solver.evaluate(
            term, ((each.term, assignment.get(each.key, each.default)) for each in self.in_term(term))
        )


def _soft_constraints_of_text(term: Term) -> tuple[Term, ...]:
    return (solver.matches(term, READABLE),)
