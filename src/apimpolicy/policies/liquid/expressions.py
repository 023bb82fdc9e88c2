"""What stands in tags: literals, paths like `body.items[0].name`, `value | Filter: argument`, and conditions.

Conditions of `if`, `unless` and `case` are comparisons, joined by `and` and `or` from the right.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.system import objects
from apimpolicy.dotnet.values import Int64
from apimpolicy.policies.liquid.markup import FRAGMENT, QUOTED, LiquidError, LiquidSyntaxError
from apimpolicy.policies.liquid.values import (
    Hash,
    compare_values,
    converted,
    is_convertible,
    is_true,
    items,
    member,
    plain,
    plain_text,
    text_of,
    to_int32,
    without_box,
)
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.policies.liquid.filters import Filter
    from apimpolicy.policies.liquid.markup import Rendering

_INTEGER = re.compile(r"[+-]?\d+\Z", re.ASCII)
_FLOAT = re.compile(r"[+-]?\d[\d.|,]+\Z", re.ASCII)
_PART = re.compile(r"\[[^\]]+\]|[\w-]+\??")
_NAME = re.compile(r"[\w-]+\??")
_HEAD = re.compile(rf"((?:{QUOTED}|(?:[^\s|'\"]|{QUOTED})+))(.*)", re.DOTALL)
_FILTERS = re.compile(rf"\||(?:(?!\|)(?:{FRAGMENT}|\S+)\s*)+")
_ARGUMENT = re.compile(rf"[:,]\s*({FRAGMENT})")
_WORD = re.compile(r"\s*(\w+)")


class LiquidExpression(Protocol):
    """Something that has a value."""

    def evaluate(self, rendering: Rendering) -> Any:
        """Return the value. Raises LiquidError, DotnetException."""


class Constant(Record):
    """A value that is written down."""

    value: Any

    def evaluate(self, rendering: Rendering) -> Any:
        return self.value


class EmptyConstant:
    """`empty` and `blank`: equal to every text, list and object without anything in it."""


class NumberRange(Record):
    """`(1..5)`"""

    first: LiquidExpression
    last: LiquidExpression

    def evaluate(self, rendering: Rendering) -> Any:
        first, last = (to_int32(without_box(end.evaluate(rendering))) for end in (self.first, self.last))
        environment().new_elements(max(last - first + 1, 0))
        return range(first, last + 1)


class Path(Record):
    """A variable and what is looked up in it; each part is a name, or an expression when it was in brackets."""

    parts: list[str | LiquidExpression]

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
        self.value: LiquidExpression | None = None
        self.filters: list[tuple[str, list[LiquidExpression]]] = []
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


def expression(fragment: str) -> LiquidExpression:
    if fragment in _WORDS:
        return Constant(_WORDS[fragment])
    if fragment in ("empty", "blank"):
        return Constant(EmptyConstant())
    if len(fragment) > 1 and fragment[0] == fragment[-1] and fragment[0] in "'\"":
        return Constant(fragment[1:-1])
    if _INTEGER.match(fragment) is not None:
        return _integer(fragment)
    if fragment.startswith("(") and fragment.endswith(")"):
        first, dots, last = fragment[1:-1].rpartition("..")
        if dots and first and last and not {"(", ")"} & {*first, *last}:
            return NumberRange(expression(first), expression(last))
    if _FLOAT.match(fragment) is not None:
        return _Float(fragment)
    closed = fragment.rfind("]") + 1
    found = _PART.findall(fragment, 0, closed) + _NAME.findall(fragment, closed)
    parts: list[str | LiquidExpression] = [expression(part[1:-1]) if part.startswith("[") else part for part in found]
    return Path(parts) if parts else Constant(None)


def _integer(fragment: str) -> LiquidExpression:
    if len(fragment) > 20:
        return _Float(fragment)
    value = int(fragment)
    if -(1 << 31) <= value < 1 << 31:
        return Constant(value)
    return Constant(Int64(value)) if -(1 << 63) <= value < 1 << 63 else _Float(fragment)


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
    from apimpolicy.policies.liquid import number_filters  # noqa: F401  # registers its own
    from apimpolicy.policies.liquid.filters import FILTERS

    return FILTERS


MAXIMUM_CONDITIONS = 500
"""Joined in one tag; DotLiquid's own limit."""

_JOINING = r"\b(?:and|or)\b"
_PIECES = re.compile(rf"{_JOINING}|(?:(?!{_JOINING})(?:{FRAGMENT}|\S+)\s*)+")
_COMPARISON = re.compile(rf"({FRAGMENT})\s*([=!<>a-zA-Z_]+)?\s*({FRAGMENT})?")


class LiquidComparison(Record):
    """`left operator right`, or a value alone."""

    left: LiquidExpression
    operator: str
    right: LiquidExpression

    def is_met(self, rendering: Rendering) -> bool:
        left = self.left.evaluate(rendering)
        if not self.operator:
            return is_true(left)
        right = self.right.evaluate(rendering)
        name = self.operator[:1].lower() + self.operator[1:]
        compare = _OPERATORS.get(name)
        if compare is None:
            raise LiquidError(f"Unknown operator {self.operator}")
        return compare(left, right)


class JoinedComparisons(Record):
    """Comparisons with what joins each to the next."""

    comparisons: list[LiquidComparison]
    joints: list[str]

    def is_met(self, rendering: Rendering) -> bool:
        """Evaluate a condition from the right, as far as necessary: `a and b or c` is `a and (b or c)`."""
        for comparison, joint in zip(self.comparisons, [*self.joints, ""], strict=True):
            met = comparison.is_met(rendering)
            if not joint or met == (joint == "or"):
                return met
        return False


def condition(markup: str, tag: str) -> JoinedComparisons:
    """Read the condition of a tag. Raises LiquidSyntaxError."""
    pieces = [piece.strip() for piece in _PIECES.findall(markup)]
    if len(pieces) > 2 * MAXIMUM_CONDITIONS:
        raise LiquidSyntaxError(f"Syntax Error in '{tag}' tag - max {MAXIMUM_CONDITIONS} conditions are allowed")
    comparisons = []
    for piece in pieces[::2]:
        found = _COMPARISON.search(piece)
        if found is None:
            raise LiquidSyntaxError(_help(tag))
        left, operator, right = found.groups("")
        comparisons.append(LiquidComparison(expression(left), operator, expression(right)))
    joints = pieces[1::2]
    if not comparisons or len(joints) != len(comparisons) - 1 or any(joint not in ("and", "or") for joint in joints):
        raise LiquidSyntaxError(_help(tag))
    return JoinedComparisons(comparisons, joints)


def _help(tag: str) -> str:
    return f"Syntax Error in '{tag}' tag - Valid syntax: {tag} [expression]"


def are_equal(left: Any, right: Any) -> bool:
    """`==`: the right side is converted to the left side's type, if it can be."""
    if isinstance(left, EmptyConstant) or isinstance(right, EmptyConstant):
        other = right if isinstance(left, EmptyConstant) else left
        found = items(other)
        return found is not None and len(found) == 0
    if left is None or right is None:
        return left is right
    if not is_convertible(left) or not is_convertible(right):
        return left is right
    left, right = plain_text(left), plain_text(right)
    if type(left) is not type(right):
        try:
            right = converted(right, left)
        except DotnetException:
            return False
    return objects.equals(left, right)


def _ordered(holds: Callable[[int], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        result = compare_values(left, right)
        return result is not None and holds(result)

    return compare


def _contains(left: Any, right: Any) -> bool:
    if isinstance(left, (list, range)):
        return any(_are_alike(item, right) for item in left)
    return isinstance(left, str) and right is not None and plain(right) in left


def _are_alike(item: Any, right: Any) -> bool:
    """Return whether values are equal without a conversion, except numbers of different types."""
    if isinstance(item, str) and isinstance(right, str):
        return bool(plain_text(item) == plain_text(right))
    numbers = (int, float, Decimal)
    if isinstance(item, numbers) and isinstance(right, numbers):
        return isinstance(item, bool) == isinstance(right, bool) and bool(without_box(item) == without_box(right))
    return type(item) is type(right) and are_equal(item, right)


def _at_end(index: int) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        if isinstance(left, (list, range)):
            return are_equal(left[index] if left else None, right)
        if not isinstance(left, str) or right is None:
            return False
        return left.endswith(plain(right)) if index else left.startswith(plain(right))

    return compare


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": are_equal,
    "!=": lambda left, right: not are_equal(left, right),
    "<>": lambda left, right: not are_equal(left, right),
    "<": _ordered(lambda result: result < 0),
    ">": _ordered(lambda result: result > 0),
    "<=": _ordered(lambda result: result <= 0),
    ">=": _ordered(lambda result: result >= 0),
    "contains": _contains,
    "startswith": _at_end(0),
    "startsWith": _at_end(0),
    "endswith": _at_end(-1),
    "endsWith": _at_end(-1),
    "hasKey": lambda left, right: isinstance(left, Hash) and isinstance(right, str) and left.find(right)[0],
    "hasValue": lambda left, right: isinstance(left, Hash) and any(are_equal(value, right) for value in left.values()),
}
