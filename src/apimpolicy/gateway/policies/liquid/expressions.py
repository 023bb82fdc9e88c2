"""Expressions inside tags: literals, paths like `body.items[0].name`, `value | Filter: argument`, and conditions.

Conditions of `if`, `unless` and `case` are comparisons, joined by `and` and `or` from the right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.system import objects
from apimpolicy.csharp.dotnet.values import Int64
from apimpolicy.gateway.policies.liquid.markup import (
    FRAGMENT,
    QUOTED,
    LiquidError,
    LiquidExpression,
    LiquidSyntaxError,
    Rendering,
    TemplateNode,
)
from apimpolicy.gateway.policies.liquid.values import (
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

if TYPE_CHECKING:
    from apimpolicy.gateway.policies.liquid.filters import Filter

_INTEGER = re.compile(r"[+-]?\d+\Z", re.ASCII)
_FLOAT = re.compile(r"[+-]?\d[\d.|,]+\Z", re.ASCII)
_PART = re.compile(r"\[[^\]]+\]|[\w-]+\??")
_NAME = re.compile(r"[\w-]+\??")
_HEAD = re.compile(rf"((?:{QUOTED}|(?:[^\s|'\"]|{QUOTED})+))(.*)", re.DOTALL)
_FILTERS = re.compile(rf"\||(?:(?!\|)(?:{FRAGMENT}|\S+)\s*)+")
_ARGUMENT = re.compile(rf"[:,]\s*({FRAGMENT})")
_WORD = re.compile(r"\s*(\w+)")


class EmptyConstant:
    """`empty` and `blank`: equal to every text, list and object without anything in it."""


def _constant(value: Any) -> LiquidExpression:
    return lambda rendering: value


def _range(first: LiquidExpression, last: LiquidExpression) -> LiquidExpression:
    """`(1..5)`"""

    def evaluate(rendering: Rendering) -> range:
        start, end = (to_int32(without_box(bound(rendering))) for bound in (first, last))
        environment().new_elements(max(end - start + 1, 0))
        return range(start, end + 1)

    return evaluate


def _path(first: str | LiquidExpression, others: Sequence[str | LiquidExpression]) -> LiquidExpression:
    """A variable and what is looked up in it; each part is a name, or an expression when it was in brackets."""

    def evaluate(rendering: Rendering) -> Any:
        value = rendering.find(first if isinstance(first, str) else plain(first(rendering)))
        for part in others:
            if value is None:
                return None
            if isinstance(part, str):
                value = member(value, part, bracketed=False)
            else:
                value = member(value, part(rendering), bracketed=True)
        return value

    return evaluate


def filtered(markup: str) -> LiquidExpression:
    """Read a value and the filters that it goes through; null when there is nothing to read."""
    head = _HEAD.search(markup)
    if head is None:
        return _constant(None)
    read = expression(head[1])
    _, bar, rest = head[2].partition("|")
    filters = [
        (name[1], [expression(found) for found in _ARGUMENT.findall(written)])
        for written in _FILTERS.findall(bar + rest)
        if (name := _WORD.match(written)) is not None
    ]

    def evaluate(rendering: Rendering) -> Any:
        value = read(rendering)
        for name, arguments in filters:
            environment().step()
            value = apply(rendering, name, value, [argument(rendering) for argument in arguments])
        return value

    return evaluate


def output(markup: str) -> TemplateNode:
    """`{{ … }}`"""
    value = filtered(markup)
    return lambda rendering: rendering.write(text_of(value(rendering)))


_WORDS: dict[str, Any] = {"": None, "nil": None, "null": None, "true": True, "false": False}


def expression(fragment: str) -> LiquidExpression:
    if fragment in _WORDS:
        return _constant(_WORDS[fragment])
    if fragment in ("empty", "blank"):
        return _constant(EmptyConstant())
    if len(fragment) > 1 and fragment[0] == fragment[-1] and fragment[0] in "'\"":
        return _constant(fragment[1:-1])
    if _INTEGER.match(fragment) is not None:
        return _integer(fragment)
    if fragment.startswith("(") and fragment.endswith(")"):
        first, dots, last = fragment[1:-1].rpartition("..")
        if dots and first and last and not {"(", ")"} & {*first, *last}:
            return _range(expression(first), expression(last))
    if _FLOAT.match(fragment) is not None:
        return _float(fragment)
    closed = fragment.rfind("]") + 1
    found = _PART.findall(fragment, 0, closed) + _NAME.findall(fragment, closed)
    parts = [expression(part[1:-1]) if part.startswith("[") else part for part in found]
    return _path(parts[0], parts[1:]) if parts else _constant(None)


def _integer(fragment: str) -> LiquidExpression:
    if len(fragment) > 20:
        return _float(fragment)
    value = int(fragment)
    if -(1 << 31) <= value < 1 << 31:
        return _constant(value)
    return _constant(Int64(value)) if -(1 << 63) <= value < 1 << 63 else _float(fragment)


def _float(written: str) -> LiquidExpression:
    """A literal with a decimal point; one like `1.2.3` is an error when it is evaluated."""

    def evaluate(rendering: Rendering) -> float:
        try:
            return float(written.replace(",", ""))
        except ValueError:
            raise LiquidError("Input string was not in a correct format.") from None

    return evaluate


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
    from apimpolicy.gateway.policies.liquid import number_filters  # noqa: F401  # registers its own
    from apimpolicy.gateway.policies.liquid.filters import FILTERS

    return FILTERS


MAXIMUM_CONDITIONS = 500
"""Joined in one tag; DotLiquid's own limit."""

_JOINING = r"\b(?:and|or)\b"
_PIECES = re.compile(rf"{_JOINING}|(?:(?!{_JOINING})(?:{FRAGMENT}|\S+)\s*)+")
_COMPARISON = re.compile(rf"({FRAGMENT})\s*([=!<>a-zA-Z_]+)?\s*({FRAGMENT})?")


LiquidCondition = Callable[[Rendering], bool]


def _comparison(left: LiquidExpression, operator: str, right: LiquidExpression) -> LiquidCondition:
    """`left operator right`, or a value alone."""

    def is_met(rendering: Rendering) -> bool:
        first = left(rendering)
        if not operator:
            return is_true(first)
        second = right(rendering)
        compare = _OPERATORS.get(operator[:1].lower() + operator[1:])
        if compare is None:
            raise LiquidError(f"Unknown operator {operator}")
        return compare(first, second)

    return is_met


def condition(markup: str, tag: str) -> LiquidCondition:
    """Read the condition of a tag: comparisons with what joins each to the next. Raises LiquidSyntaxError."""
    pieces = [piece.strip() for piece in _PIECES.findall(markup)]
    if len(pieces) > 2 * MAXIMUM_CONDITIONS:
        raise LiquidSyntaxError(f"Syntax Error in '{tag}' tag - max {MAXIMUM_CONDITIONS} conditions are allowed")
    comparisons = []
    for piece in pieces[::2]:
        comparison_match = _COMPARISON.search(piece)
        if comparison_match is None:
            raise LiquidSyntaxError(_help(tag))
        left, operator, right = comparison_match.groups("")
        comparisons.append(_comparison(expression(left), operator, expression(right)))
    joints = pieces[1::2]
    if not comparisons or len(joints) != len(comparisons) - 1 or any(joint not in ("and", "or") for joint in joints):
        raise LiquidSyntaxError(_help(tag))

    def is_met(rendering: Rendering) -> bool:
        """Evaluate from the right, as far as necessary: `a and b or c` is `a and (b or c)`."""
        for comparison, joint in zip(comparisons, [*joints, ""], strict=True):
            met = comparison(rendering)
            if not joint or met == (joint == "or"):
                return met
        return False

    return is_met


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
