"""Filters of numbers: whole numbers stay whole, others are calculated as decimal as long as they fit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import DivideByZeroException, DotnetException, OverflowException
from apimpolicy.csharp.dotnet.system import decimals
from apimpolicy.csharp.dotnet.system.objects import get_type
from apimpolicy.csharp.dotnet.values import Int64
from apimpolicy.gateway.policies.liquid.filters import liquid_filter
from apimpolicy.gateway.policies.liquid.markup import LiquidError
from apimpolicy.gateway.policies.liquid.values import XmlElement, is_convertible, library, plain, plain_text, to_int32

_CURRENCY_STYLE = 383
"""`NumberStyles.Currency`"""


def _to_decimal(value: Any) -> Decimal:
    return library("System.Convert", "static decimal ToDecimal(object value)")(plain_text(value))  # type: ignore[no-any-return]


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _calculated(
    name: str,
    left: Any,
    right: Any,
    whole: Callable[[int, int], int],
    exact: Callable[[Decimal, Decimal], Decimal],
    rough: Callable[[float, float], float],
) -> Any:
    """`left operator right`. Raises DotnetException, LiquidError for what is not a number."""
    if left is None or right is None:
        return None
    if _whole(left) and _whole(right):
        result = whole(int(left), int(right))
        wide = isinstance(left, Int64) or isinstance(right, Int64)
        if not -(1 << (63 if wide else 31)) <= result < 1 << (63 if wide else 31):
            raise OverflowException("Arithmetic operation resulted in an overflow.")
        return Int64(result) if wide else result
    if isinstance(left, (float, Decimal)) or isinstance(right, (float, Decimal)):
        try:
            return exact(_to_decimal(left), _to_decimal(right))
        except (OverflowException, DivideByZeroException):
            to_double = library("System.Convert", "static double ToDouble(object value)")
            return rough(to_double(plain_text(left)), to_double(plain_text(right)))
    raise LiquidError(
        f"The binary operator {name} is not defined for the types '{_type_name(left)}' and '{_type_name(right)}'."
    )


def _type_name(value: Any) -> str:
    return get_type(plain_text(value)).full_name if is_convertible(value) else "System.Object"


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise DivideByZeroException("Attempted to divide by zero.")
    whole = abs(left) // abs(right)
    return whole if (left < 0) == (right < 0) else -whole


def _rough_quotient(left: float, right: float) -> float:
    if right:
        return left / right
    return float("nan") if left == 0 or left != left else float("inf") if left > 0 else float("-inf")


def _rough_remainder(left: float, right: float) -> float:
    from math import fmod

    return fmod(left, right) if right else float("nan")


@liquid_filter("object input", "object operand")
def plus(left: Any, right: Any) -> Any:
    """Return a sum; behind a text, the other operand's text."""
    if isinstance(left, str):
        environment().new_string(len(left) + len(plain(right)))
        return plain(left) + plain(right)
    return _calculated("Add", left, right, int.__add__, decimals.add, float.__add__)


@liquid_filter("object input", "object operand")
def minus(left: Any, right: Any) -> Any:
    return _calculated("Subtract", left, right, int.__sub__, decimals.subtract, float.__sub__)


@liquid_filter("object input", "object operand")
def times(left: Any, right: Any) -> Any:
    """Return a product; a text is repeated."""
    if isinstance(left, str) and _whole(right):
        if right < 0:
            raise LiquidError("Specified argument was out of the range of valid values. (Parameter 'count')")
        environment().new_elements(int(right))
        environment().new_string(len(left) * int(right))
        return [plain(left)] * int(right)
    return _calculated("Multiply", left, right, int.__mul__, decimals.multiply, float.__mul__)


@liquid_filter("object input", "object operand")
def divided_by(left: Any, right: Any) -> Any:
    return _calculated("Divide", left, right, _quotient, decimals.divide, _rough_quotient)


@liquid_filter("object input", "object operand")
def modulo(left: Any, right: Any) -> Any:
    def remainder(first: int, second: int) -> int:
        return first - _quotient(first, second) * second

    return _calculated("Modulo", left, right, remainder, decimals.remainder, _rough_remainder)


@liquid_filter("object input", "object places = null")
def _round(value: Any, places: Any) -> Any:
    """Round to so many places, halves to the even digit; null for what is not a number."""
    try:
        digits = 0 if places is None else to_int32(plain_text(places))
        return decimals.round_to(_to_decimal(value), digits)
    except DotnetException:
        return None


@liquid_filter("object input")
def ceil(value: Any) -> Any:
    number = _parsed(value)
    return None if number is None else decimals.ceiling(number)


@liquid_filter("object input")
def floor(value: Any) -> Any:
    number = _parsed(value)
    return None if number is None else decimals.floor(number)


def _parsed(value: Any) -> Decimal | None:
    if value is None:
        raise LiquidError("Object reference not set to an instance of an object.")
    text = value.text if isinstance(value, XmlElement) else plain(value)
    try:
        return _to_decimal(text)
    except DotnetException:
        return None


def _as_double(value: Any) -> float | None:
    number = _parsed(value)
    return None if number is None else decimals.to_double(number)


@liquid_filter("object input")
def _abs(value: Any) -> float:
    """Return a number without its sign; 0 for what is not a number."""
    number = _as_double(value)
    return 0.0 if number is None else number if number > 0 else -number if number else 0.0


@liquid_filter("object input", "object atLeast")
def at_least(value: Any, other: Any) -> Any:
    left, right = _as_double(value), _as_double(other)
    return value if left is None or right is None else max(left, right)


@liquid_filter("object input", "object atMost")
def at_most(value: Any, other: Any) -> Any:
    left, right = _as_double(value), _as_double(other)
    return value if left is None or right is None else min(left, right)


@liquid_filter("object input", "string languageTag = null")
def currency(value: Any, language: str | None) -> str:
    """Return an amount of money: in the culture of that name, else in the gateway's, which is the invariant one here.

    Texts are read in the gateway's culture; what is not an amount stays as it is. Raises CultureNotFoundException, and
    NotSimulatedError for a culture that the simulated .NET does not have.
    """
    from apimpolicy.csharp.dotnet.system import cultures
    from apimpolicy.csharp.dotnet.system.number_formats import format_decimal
    from apimpolicy.csharp.dotnet.system.number_parsing import parse_decimal

    if value is None:
        raise LiquidError("Object reference not set to an instance of an object.")
    culture = cultures.INVARIANT_CULTURE if language is None else cultures.make(language.strip())
    shown = plain(value)
    try:
        is_real = isinstance(value, (float, Decimal))
        amount = _to_decimal(value) if is_real else parse_decimal(shown, _CURRENCY_STYLE)
    except DotnetException:
        return shown
    return format_decimal(amount, "C", culture.number_symbols)
