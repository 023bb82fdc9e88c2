"""Values of expressions. They never change; a term decides a choice between two of them.

A choice is a decision tree (a guarded union): constants below it stay constants, and merging two values costs nothing
until the result is read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Literal

from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term
from apimpolicy.records import Record, keyword

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.nodes import Lambda

INTEGERS = {
    "int": (-(1 << 31), (1 << 31) - 1),
    "long": (-(1 << 63), (1 << 63) - 1),
    "short": (-(1 << 15), (1 << 15) - 1),
    "sbyte": (-128, 127),
    "byte": (0, 255),
    "char": (0, (1 << 16) - 1),
    "ushort": (0, (1 << 16) - 1),
    "uint": (0, (1 << 32) - 1),
    "ulong": (0, (1 << 64) - 1),
}
"""The least and the largest value of each type of whole numbers."""


class Value(Record):
    """Any value; `key` tells values apart."""

    @property
    def key(self) -> Hashable:
        raise NotImplementedError


_MOST_NUMBERS = 8
"""Numbers between which a value in the state chooses as values; more become one."""


class Choice(Value):
    """`then` where the condition is true, else `otherwise`."""

    condition: Term
    then: Value
    otherwise: Value
    _key: Hashable = None

    @property
    def key(self) -> Hashable:
        if self._key is None:
            self._key = _Key(("choice", self.condition, self.then.key, self.otherwise.key))
        return self._key


class _Key:
    """A key of many parts whose hash is computed once."""

    __slots__ = ("_hash", "parts")

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts
        self._hash = hash(parts)

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, _Key) and self._hash == other._hash and self.parts == other.parts)


class Truth(Value):
    """A `bool`."""

    term: Term

    @property
    def key(self) -> Hashable:
        return "truth", self.term


class Number(Value):
    """A whole number, a `char` or a value of an enum; `type` is the name of its type."""

    term: Term
    type: str

    @property
    def key(self) -> Hashable:
        return "number", self.type, self.term

    @property
    def constant(self) -> int | None:
        return terms.constant_number(self.term)


class Text(Value):
    """A `string` that is not null."""

    term: Term

    @property
    def key(self) -> Hashable:
        return "text", self.term

    @property
    def constant(self) -> str | None:
        return terms.constant_text(self.term)


class _Singleton(Value):
    name: str

    @property
    def key(self) -> Hashable:
        return self.name

    def __repr__(self) -> str:
        return self.name


NULL = _Singleton("null")
ABSENT = _Singleton("absent")
"""The value of a variable, header or parameter that is absent."""
NOTHING = _Singleton("nothing")
"""The value of an evaluation that has thrown."""


class Items(Value):
    """An array or a list whose first items are known. `rest` is what unknown ones after them depend on, None without.

    `comparer` is how a set compares its items; `made` is the version of the heap at which the items were these.
    """

    items: tuple[Value, ...]
    type: str
    made: int
    rest: Hashable = keyword(default=None, kw_only=True)
    comparer: str = keyword(default="ordinal", kw_only=True)

    @property
    def key(self) -> Hashable:
        return "items", self.type, self.comparer, self.rest, tuple(item.key for item in self.items)

    @property
    def has_more(self) -> bool:
        return self.rest is not None


class FieldValue(Value):
    """The values of a header or parameter that is there: joined with commas, and one by one."""

    joined: Term
    items: tuple[Value, ...]
    repeats: bool = keyword(default=False, kw_only=True)
    """True if unknown values may follow."""

    @property
    def key(self) -> Hashable:
        return "field", self.joined, self.repeats, tuple(item.key for item in self.items)


class Parts(Value):
    """The result of `Split` for a text and a separator of one unit."""

    text: Term
    separator: int
    made: int

    @property
    def key(self) -> Hashable:
        return "parts", self.text, self.separator


class Query(Value):
    """A query over items that are known: each step keeps the items for which a lambda is true, or changes them.

    The lambdas run when the items are read, which only the `evaluation` can do that made the query.
    """

    source: Items | Parts
    steps: tuple[tuple[Literal["where", "select"], Function], ...]
    evaluation: object

    @property
    def key(self) -> Hashable:
        steps = tuple((kind, function.key) for kind, function in self.steps)
        return "query", self.source.key, steps, id(self.evaluation)

    @property
    def made(self) -> int:
        return self.source.made


class Table(Value):
    """A dictionary whose entries are known, with constant texts for keys."""

    entries: tuple[tuple[str, Value], ...]
    type: str
    made: int
    comparer: str = keyword(default="ordinal", kw_only=True)

    @property
    def key(self) -> Hashable:
        return "table", self.type, self.comparer, tuple((name, value.key) for name, value in self.entries)


class Opaque(Value):
    """An object of which only this is known: equal keys are the same object or equal ones.

    `born` is the version of the heap at which the key described it; `reads` are the cells that a sequence shows when it
    is evaluated, None where that is not known.
    """

    identity: Hashable
    type: str
    born: int
    reads: frozenset[str] | None = keyword(default=None, kw_only=True)

    @property
    def key(self) -> Hashable:
        return "opaque", self.type, self.identity


class Json(Value):
    """A token of a JSON tree: `root` tells trees apart, `path` are the names and indexes that lead to it.

    `born` is the version of the heap at which the tree was read.
    """

    root: Hashable
    path: tuple[str | int, ...]
    born: int
    _key: Hashable = None

    @property
    def key(self) -> Hashable:
        if self._key is None:
            self._key = _Key(("json", self.root, self.path))
        return self._key


class Host(Value):
    """An object of the gateway's: `context`, its request, its headers. `path` is the name.

    `cells` gives the values of a dictionary that isn't part of the state, by their names.
    """

    path: str
    cells: Callable[[str], Value] | None = keyword(default=None, kw_only=True)

    @property
    def key(self) -> Hashable:
        return "host", self.path


class Pattern(Value):
    """A `Regex` of a constant pattern."""

    pattern: str
    options: int

    @property
    def key(self) -> Hashable:
        return "pattern", self.pattern, self.options


class Function(Value):
    """A lambda; `captured` are variables around it that it reads, with types and values, `reads` the kinds of cells."""

    node: Lambda
    code: Hashable
    captured: tuple[tuple[str, str, Value], ...]
    reads: frozenset[str]

    @property
    def key(self) -> Hashable:
        return "function", id(self.node), tuple(value.key for _, _, value in self.captured)


class ResultWithOuts(Value):
    """The result of a call with what its `out` parameters are set to."""

    parts: tuple[Value, ...]

    def __init__(self, *parts: Value) -> None:
        self.parts = parts

    @property
    def key(self) -> Hashable:
        return "several", tuple(part.key for part in self.parts)


def constant_truth(value: bool) -> Truth:
    return Truth(terms.truth(value))


def constant_text(value: str) -> Text:
    return Text(terms.text(value))


def constant_number(value: int, type_: str = "int") -> Number:
    return Number(terms.number(value), type_)


def merge(condition: Term, then: Value, otherwise: Value) -> Value:
    """Return the choice between two values, as simple as it can be."""
    if condition is terms.TRUE or then is otherwise or otherwise is NOTHING:
        return then
    if condition is terms.FALSE or then is NOTHING:
        return otherwise
    if condition.kind == "not":
        return merge(condition.parts[0], otherwise, then)
    if isinstance(then, Truth) and isinstance(otherwise, Truth):
        return Truth(terms.choice(condition, then.term, otherwise.term))
    if type(then) is type(otherwise) and not isinstance(then, Choice) and then.key == otherwise.key:
        return then
    return Choice(condition, then, otherwise)


def leaves(value: Value) -> list[Value]:
    """Return the values between which a value chooses."""
    found: list[Value] = []
    seen: set[int] = set()
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Choice):
            if id(each) not in seen:
                seen.add(id(each))
                waiting += [each.otherwise, each.then]
        else:
            found.append(each)
    return found


def as_one_number(value: Value) -> Value:
    """Return many numbers between which a value chooses as one, whose term chooses: so a counter has few cases."""
    first = value
    while isinstance(first, Choice):
        first = first.then
    if first is value or not isinstance(first, Number):
        return value
    found = leaves(value)
    if len(found) <= _MOST_NUMBERS or not all(isinstance(leaf, Number) and leaf.type == first.type for leaf in found):
        return value
    known: dict[int, Term] = {}

    def term_of(each: Value) -> Term:
        if isinstance(each, Number):
            return each.term
        assert isinstance(each, Choice)
        if id(each) not in known:
            known[id(each)] = terms.choice(each.condition, term_of(each.then), term_of(each.otherwise))
        return known[id(each)]

    return Number(term_of(value), first.type)


def over(value: Value, change: Callable[[Value], Value]) -> Value:
    """Return a value with each of its alternatives changed; unlike `Evaluation.each`, also those that are absent."""
    if isinstance(value, Choice):
        return merge(value.condition, over(value.then, change), over(value.otherwise, change))
    return change(value)


def where(value: Value, form: Callable[[Value], Term]) -> Term:
    if isinstance(value, Choice):
        return terms.choice(value.condition, where(value.then, form), where(value.otherwise, form))
    return form(value)


def is_there(cell: Value) -> Term:
    return where(cell, lambda leaf: terms.truth(leaf is not ABSENT))


def type_of(value: Value) -> str:
    """Return the name of the type of a value that is not a choice; empty where it is not known."""
    match value:
        case Truth():
            return "bool"
        case Text():
            return "string"
        case Number() | Items() | Opaque() | Table():
            return value.type
        case Parts():
            return "string[]"
    return ""
