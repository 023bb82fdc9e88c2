"""Values in tags: literals, paths like `body.items[0].name`, and `value | Filter: argument`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.values import Int64
from apimpolicy.policies.liquid.errors import LiquidError
from apimpolicy.policies.liquid.filter import FILTERS, Filter
from apimpolicy.policies.liquid.library import library
from apimpolicy.policies.liquid.markup import FRAGMENT, QUOTED
from apimpolicy.policies.liquid.values import member, plain, text_of, without_box
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.policies.liquid.rendering import Rendering

_INTEGER = re.compile(r"[+-]?\d+\Z", re.ASCII)
_FLOAT = re.compile(r"[+-]?\d[\d.|,]+\Z", re.ASCII)
_PART = re.compile(r"\[[^\]]+\]|[\w-]+\??")
_NAME = re.compile(r"[\w-]+\??")
_HEAD = re.compile(rf"((?:{QUOTED}|(?:[^\s|'\"]|{QUOTED})+))(.*)", re.DOTALL)
_FILTERS = re.compile(rf"\||(?:(?!\|)(?:{FRAGMENT}|\S+)\s*)+")
_ARGUMENT = re.compile(rf"[:,]\s*({FRAGMENT})")
_WORD = re.compile(r"\s*(\w+)")


class Expression(Protocol):
    """Something that has a value."""

    def evaluate(self, rendering: Rendering) -> Any:
        """Return the value. Raises LiquidError, DotnetException."""


class Literal(Record):
    """A value that is written down."""

    value: Any

    def evaluate(self, rendering: Rendering) -> Any:
        return self.value


class Empty:
    """`empty` and `blank`: equal to every text, list and object without anything in it."""


class Range(Record):
    """`(1..5)`"""

    first: Expression
    last: Expression

    def evaluate(self, rendering: Rendering) -> Any:
        to_int = library("System.Convert", "static int ToInt32(object value)")
        first, last = (to_int(without_box(end.evaluate(rendering))) for end in (self.first, self.last))
        environment().new_elements(max(last - first + 1, 0))
        return range(first, last + 1)


class Path(Record):
    """A variable and what is looked up in it; each part is a name, or an expression when it was in brackets."""

    parts: list[str | Expression]

    def evaluate(self, rendering: Rendering) -> Any:
        first, *others = self.parts
        value = rendering.find(first if isinstance(first, str) else plain(first.evaluate(rendering)))
        for part in others:
            if value is None:
                return None
            if isinstance(part, str):
                value = member(value, part, bracketed=False)
            else:
                value = member(value, part.evaluate(rendering), bracketed=True)
        return value


class Filtered:
    """A value and the filters that it goes through; None when there was nothing to read."""

    __slots__ = ("filters", "value")

    def __init__(self, markup: str) -> None:
        self.value: Expression | None = None
        self.filters: list[tuple[str, list[Expression]]] = []
        head = _HEAD.search(markup)
        if head is None:
            return
        self.value = expression(head[1])
        _, bar, rest = head[2].partition("|")
        for written in _FILTERS.findall(bar + rest):
            name = _WORD.match(written)
            if name is not None:
                self.filters.append((name[1], [expression(found) for found in _ARGUMENT.findall(written)]))

    def evaluate(self, rendering: Rendering) -> Any:
        if self.value is None:
            return None
        value = self.value.evaluate(rendering)
        for name, arguments in self.filters:
            environment().step()
            value = apply(rendering, name, value, [argument.evaluate(rendering) for argument in arguments])
        return value


class Output:
    """`{{ … }}`"""

    __slots__ = ("filtered",)

    def __init__(self, markup: str) -> None:
        self.filtered = Filtered(markup)

    def render(self, rendering: Rendering) -> None:
        rendering.write(text_of(self.filtered.evaluate(rendering)))


_WORDS: dict[str, Any] = {"": None, "nil": None, "null": None, "true": True, "false": False}


def expression(fragment: str) -> Expression:
    """Read a fragment."""
    if fragment in _WORDS:
        return Literal(_WORDS[fragment])
    if fragment in ("empty", "blank"):
        return Literal(Empty())
    if len(fragment) > 1 and fragment[0] == fragment[-1] and fragment[0] in "'\"":
        return Literal(fragment[1:-1])
    if _INTEGER.match(fragment) is not None:
        return _integer(fragment)
    if fragment.startswith("(") and fragment.endswith(")"):
        first, dots, last = fragment[1:-1].rpartition("..")
        if dots and first and last and not {"(", ")"} & {*first, *last}:
            return Range(expression(first), expression(last))
    if _FLOAT.match(fragment) is not None:
        return _Float(fragment)
    closed = fragment.rfind("]") + 1
    found = _PART.findall(fragment, 0, closed) + _NAME.findall(fragment, closed)
    parts: list[str | Expression] = [expression(part[1:-1]) if part.startswith("[") else part for part in found]
    return Path(parts) if parts else Literal(None)


def _integer(fragment: str) -> Expression:
    if len(fragment) > 20:
        return _Float(fragment)
    value = int(fragment)
    if -(1 << 31) <= value < 1 << 31:
        return Literal(value)
    return Literal(Int64(value)) if -(1 << 63) <= value < 1 << 63 else _Float(fragment)


class _Float(Record):
    """A literal with a decimal point; one like `1.2.3` is an error when it is evaluated."""

    written: str

    def evaluate(self, rendering: Rendering) -> Any:
        try:
            return float(self.written.replace(",", ""))
        except ValueError:
            raise LiquidError("Input string was not in a correct format.") from None


# All filters, by name


def apply(rendering: Rendering, name: str, value: Any, arguments: list[Any]) -> Any:
    """Return the value after a filter; an unknown one leaves it as it is. Raises LiquidError, DotnetException."""
    found = _all().get(name)
    if found is None:
        rendering.unknown_filters.add(name)
        return value
    return found.call([value, *arguments])


def names() -> list[str]:
    return sorted(_all())


@cache
def _all() -> dict[str, Filter]:
    from apimpolicy.policies.liquid import list_filters, number_filters, text_filters  # noqa: F401

    return FILTERS
