"""Conditions of `if`, `unless` and `case`: comparisons, joined by `and` and `or` from the right."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.system import objects
from apimpolicy.policies.liquid.comparison import compare_values, converted, plain_text
from apimpolicy.policies.liquid.errors import LiquidError, LiquidSyntaxError
from apimpolicy.policies.liquid.expressions import Empty, Expression, expression
from apimpolicy.policies.liquid.markup import FRAGMENT
from apimpolicy.policies.liquid.values import Hash, is_convertible, is_true, items, plain, without_box
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.policies.liquid.rendering import Rendering

MAXIMUM_CONDITIONS = 500
"""Joined in one tag; DotLiquid's own limit."""

_JOINING = r"\b(?:and|or)\b"
_PIECES = re.compile(rf"{_JOINING}|(?:(?!{_JOINING})(?:{FRAGMENT}|\S+)\s*)+")
_COMPARISON = re.compile(rf"({FRAGMENT})\s*([=!<>a-zA-Z_]+)?\s*({FRAGMENT})?")


class Comparison(Record):
    """`left operator right`, or a value alone."""

    left: Expression
    operator: str
    right: Expression

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


class Condition(Record):
    """Comparisons with what joins each to the next."""

    comparisons: list[Comparison]
    joints: list[str]

    def is_met(self, rendering: Rendering) -> bool:
        """Evaluate a condition from the right, as far as necessary: `a and b or c` is `a and (b or c)`."""
        for comparison, joint in zip(self.comparisons, [*self.joints, ""], strict=True):
            met = comparison.is_met(rendering)
            if not joint or met == (joint == "or"):
                return met
        return False


def condition(markup: str, tag: str) -> Condition:
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
        comparisons.append(Comparison(expression(left), operator, expression(right)))
    joints = pieces[1::2]
    if not comparisons or len(joints) != len(comparisons) - 1 or any(joint not in ("and", "or") for joint in joints):
        raise LiquidSyntaxError(_help(tag))
    return Condition(comparisons, joints)


def _help(tag: str) -> str:
    return f"Syntax Error in '{tag}' tag - Valid syntax: {tag} [expression]"


def are_equal(left: Any, right: Any) -> bool:
    """`==`: the right side is converted to the left side's type, if it can be."""
    if isinstance(left, Empty) or isinstance(right, Empty):
        other = right if isinstance(left, Empty) else left
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
