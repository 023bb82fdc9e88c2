"""Operators on a `dynamic` JValue: compared and calculated as the value in it (Newtonsoft.Json's `JValueDynamicProxy`).

Only the left operand asks: `token + 1` is Newtonsoft's, `1 + token` the compiler's. Sums, differences, products and
quotients are tokens again. Arithmetic is decimal with a `decimal` or `ulong` on a side, else double, else 64-bit
integer without a check for overflow; with a string, `+` joins.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.dotnet.json import platform
from apimpolicy.dotnet.json.scalars import JValue, compare_values
from apimpolicy.dotnet.system.arithmetic import float_divide, int_divide, wrap
from apimpolicy.dotnet.values import Int64, UInt64

if TYPE_CHECKING:
    from collections.abc import Callable

COMPARISONS: Final[dict[str, Callable[[int], bool]]] = {
    "==": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}
_DECIMAL: Final = {"+": "op_Addition", "-": "op_Subtraction", "*": "op_Multiply", "/": "op_Division"}
_LEAST: Final = -(1 << 63)

OPERATORS: Final = frozenset({*COMPARISONS, *_DECIMAL})
"""The operators that a JValue has."""


def operate(operator: str, left: JValue, right: Any) -> Any:
    """Return the boxed result, or NotImplemented when the values have no such operator.

    Raises what `System.Convert` raises for an operand that is no number.
    """
    first, second = left.value, right.value if isinstance(right, JValue) else right
    if operator in COMPARISONS:
        return COMPARISONS[operator](compare_values(left.token_type, first, second))
    result = _calculate(operator, first, second)
    return result if result is NotImplemented else JValue.of(result)


def _calculate(operator: str, first: Any, second: Any) -> Any:
    if operator == "+" and (isinstance(first, str) or isinstance(second, str)):
        return platform.text_of(first) + platform.text_of(second)
    operands = (first, second)
    if any(isinstance(value, (Decimal, UInt64)) for value in operands):
        return None if None in operands else _decimals(operator, first, second)
    if any(isinstance(value, float) for value in operands):
        return None if None in operands else _doubles(operator, *(_as("double ToDouble", value) for value in operands))
    if any(isinstance(value, int) and not isinstance(value, bool) for value in operands):
        return None if None in operands else _integers(operator, *(_as("long ToInt64", value) for value in operands))
    return NotImplemented


def _as(member: str, value: Any) -> Any:
    return platform.function("System.Convert", f"static {member}(object value)")(value)


def _decimals(operator: str, first: Any, second: Any) -> Any:
    calculate = platform.function("decimal", f"static decimal {_DECIMAL[operator]}(decimal d1, decimal d2)")
    return calculate(_as("decimal ToDecimal", first), _as("decimal ToDecimal", second))


def _doubles(operator: str, first: float, second: float) -> float:
    if operator == "/":
        return float_divide(first, second)
    return first + second if operator == "+" else first - second if operator == "-" else first * second


def _integers(operator: str, first: int, second: int) -> Int64:
    if operator == "/":
        return Int64(int_divide(first, second, _LEAST))
    value = first + second if operator == "+" else first - second if operator == "-" else first * second
    return Int64(wrap("long", value))
