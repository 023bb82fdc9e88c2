"""Constant folding (C# specification, section 12.23), and constant texts that are concatenated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from apimpolicy.csharp.binding.nodes import NOT_CONSTANT, Binary, Expression
from apimpolicy.csharp.binding.type_relations import INTEGRAL_RANGES, is_enum, is_reference, underlying_number
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import BOOL, CHAR, DECIMAL, DOUBLE, FLOAT, STRING, to_single, wrap

# Constant folding (C# specification, section 12.23): what the compiler computes, with its overflow errors.
# Values are those of `apimpolicy.csharp.dotnet.values`: int, float, bool, str (also for char), Decimal, None.

_BITS = {"sbyte": 8, "byte": 8, "short": 16, "ushort": 16, "char": 16, "int": 32, "uint": 32, "long": 64, "ulong": 64}
MAX_STRING = 1 << 20
"""Longest string, in UTF-16 code units, that folding makes; longer ones are left to run time."""
MAX_FOLDED = 16 << 20
"""Limit in UTF-16 code units for all strings folded in an expression, which may repeat a long constant."""


class FoldingError(Exception):
    """The compiler refuses the operation; `code` and `message` say why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def is_foldable(type_: Type) -> bool:
    return type_ in INTEGRAL_RANGES or type_ in (BOOL, STRING, DOUBLE, FLOAT, DECIMAL) or is_enum(type_)


def _overflow(checked: bool, type_: Type, value: int) -> int:
    low, high = INTEGRAL_RANGES[type_]
    if low <= value <= high:
        return value
    if checked:
        raise FoldingError("CS0220", "the operation overflows at compile time in checked mode")
    return wrap(_BITS[str(type_)], low < 0, value)


def fold_binary(operator: str, type_: Type, left: Any, right: Any, *, checked: bool) -> Any:
    """Return the value of a predefined binary operator over constants, or NOT_CONSTANT.

    `checked` is the context: constant expressions overflow as errors unless they stand in `unchecked`.
    """
    if type_ is STRING:
        return _fold_string(operator, left, right)
    if operator in _COMPARISONS:
        if type_ is CHAR:
            left, right = ord(left), ord(right)
        return _COMPARISONS[operator](left, right)
    if type_ is BOOL:
        return {"&": left and right, "|": left or right, "^": left != right}.get(operator, NOT_CONSTANT)
    if type_ is DECIMAL:
        return _fold_decimal(operator, left, right)
    if type_ in (DOUBLE, FLOAT):
        value = _fold_float(operator, left, right)
        return to_single(value) if type_ is FLOAT and isinstance(value, float) else value
    if type_ not in INTEGRAL_RANGES:
        return NOT_CONSTANT
    if operator in ("<<", ">>"):
        bits = _BITS[str(type_)]
        count = right & (bits - 1)
        shifted = left << count if operator == "<<" else left >> count
        return wrap(bits, INTEGRAL_RANGES[type_][0] < 0, shifted)
    if operator in ("/", "%"):
        if right == 0:
            raise FoldingError("CS0020", "division by constant zero")
        quotient = abs(left) // abs(right)
        if (left < 0) != (right < 0):
            quotient = -quotient
        return _overflow(checked, type_, quotient if operator == "/" else left - quotient * right)
    return _overflow(checked, type_, _INTEGER[operator](left, right))


_COMPARISONS: dict[str, Any] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
_INTEGER: dict[str, Any] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
}


def _fold_string(operator: str, left: str | None, right: str | None) -> Any:
    if operator in ("==", "!="):
        return (left == right) == (operator == "==")
    return NOT_CONSTANT


def _fold_float(operator: str, left: float, right: float) -> Any:
    if operator == "/":
        if right == 0:
            if left == 0 or math.isnan(left):
                return math.nan
            return math.copysign(math.inf, left) * math.copysign(1.0, right)
        return left / right
    if operator == "%":
        return math.nan if right == 0 or math.isinf(left) else math.fmod(left, right)
    if operator in ("+", "-", "*"):
        return _INTEGER[operator](left, right)
    return NOT_CONSTANT


def _fold_decimal(operator: str, left: Decimal, right: Decimal) -> Any:
    if operator in ("/", "%") and right == 0:
        raise FoldingError("CS0020", "division by constant zero")
    from apimpolicy.csharp.dotnet.exceptions import DotnetException
    from apimpolicy.csharp.dotnet.system import decimals

    operation: Any = {
        "+": decimals.add,
        "-": decimals.subtract,
        "*": decimals.multiply,
        "/": decimals.divide,
        "%": decimals.remainder,
    }.get(operator)
    if operation is None:
        return NOT_CONSTANT
    try:
        return operation(left, right)
    except DotnetException:
        raise FoldingError("CS0463", "the decimal constant expression is out of range") from None


def fold_unary(operator: str, type_: Type, value: Any, *, checked: bool) -> Any:
    if operator == "!":
        return not value
    if operator == "+":
        return value
    if operator == "~":
        return wrap(_BITS[str(type_)], INTEGRAL_RANGES[type_][0] < 0, ~value)
    if type_ is DECIMAL:
        return value.copy_negate()
    if type_ in INTEGRAL_RANGES:
        return _overflow(checked, type_, -value)
    return -value


def fold_conversion(value: Any, source: Type, target: Type, *, checked: bool, explicit: bool) -> Any:
    """Return a constant converted between predefined types, or NOT_CONSTANT when the result is no constant.

    Raises FoldingError CS0221 when a value does not fit; CS0031 for implied conversions, and for those of a decimal,
    which `unchecked` does not allow either.
    """
    source = underlying_number(source)
    real_target = underlying_number(target)
    if source is real_target:
        return value
    if value is None or not is_foldable(real_target) or not is_foldable(source):
        return NOT_CONSTANT
    if source in (STRING, BOOL) or real_target in (STRING, BOOL):
        return NOT_CONSTANT
    number: Any = ord(value) if source is CHAR else value
    if real_target in INTEGRAL_RANGES:
        if isinstance(number, float) and (math.isnan(number) or math.isinf(number)):
            if checked:
                raise FoldingError("CS0221", f"the constant '{number}' cannot be converted to '{target}'")
            return NOT_CONSTANT
        whole = int(number)
        low, high = INTEGRAL_RANGES[real_target]
        if not low <= whole <= high:
            if checked or source is DECIMAL:
                shown = value if source is not CHAR else number
                code = "CS0221" if explicit and source is not DECIMAL else "CS0031"
                raise FoldingError(code, f"the constant '{shown}' cannot be converted to '{target}'")
            if isinstance(number, (float, Decimal)):
                return NOT_CONSTANT
            whole = wrap(_BITS[str(real_target)], low < 0, whole)
        return chr(whole) if real_target is CHAR else whole
    if real_target is DECIMAL:
        return _to_decimal(number, source)
    as_float = float(number)
    return to_single(as_float) if real_target is FLOAT else as_float


def _to_decimal(number: Any, source: Type) -> Any:
    if isinstance(number, int):
        return Decimal(number)
    from apimpolicy.csharp.dotnet.exceptions import DotnetException
    from apimpolicy.csharp.dotnet.system import decimals

    try:
        return decimals.from_single(number) if source is FLOAT else decimals.from_double(number)
    except DotnetException:
        raise FoldingError("CS0031", f"the constant '{number}' cannot be converted to 'decimal'") from None


def default_constant(type_: Type) -> Any:
    """`default(T)` when it is a constant."""
    if type_ is BOOL:
        return False
    if type_ is CHAR:
        return "\0"
    if type_ in INTEGRAL_RANGES or is_enum(type_):
        return 0
    if type_ in (DOUBLE, FLOAT):
        return 0.0
    if type_ is DECIMAL:
        return Decimal(0)
    if is_reference(type_):
        return None
    return NOT_CONSTANT


# Constant texts that are concatenated: made when they are read, not once for each `+` of a chain. Each of the 60,000
# prefixes of `"a" + "b" + …` is a constant. Kept as texts they would take the square of what the chain does. So all
# links of a chain share one list of its parts, and each knows how many of them are its own.


class JoinedText:
    """The text of some first parts of a list that others share; a part is a text, or a joined text itself."""

    __slots__ = ("count", "length", "parts")

    def __init__(self, parts: list[str | JoinedText], length: int) -> None:
        self.parts = parts
        self.count = len(parts)
        self.length = length

    def followed_by(self, part: str | JoinedText) -> JoinedText:
        parts = self.parts if self.count == len(self.parts) else self.parts[: self.count]
        parts.append(part)
        return JoinedText(parts, self.length + length_of(part))

    def __str__(self) -> str:
        return "".join(self._pieces())

    def _pieces(self) -> Iterator[str]:
        waiting: list[str | JoinedText] = [self]
        while waiting:
            current = waiting.pop()
            if isinstance(current, str):
                yield current
            else:
                waiting += current.parts[current.count - 1 :: -1]


class Concatenation(Binary):
    """`left + right` of two constant texts."""

    kind = Binary.kind

    @property
    def is_constant(self) -> bool:
        return True

    @property  # type: ignore[misc]
    def constant(self) -> Any:
        return str(self.joined)

    @constant.setter
    def constant(self, value: Any) -> None:
        _STORED.__set__(self, value if isinstance(value, JoinedText) else JoinedText([value], len(value)))

    @property
    def joined(self) -> JoinedText:
        """The text, not yet put together."""
        found: JoinedText = _STORED.__get__(self)
        return found


_STORED: Any = Expression.__dict__["constant"]


def part_of(expression: Expression) -> str | JoinedText:
    """Return the constant text of an expression; null is empty."""
    return expression.joined if isinstance(expression, Concatenation) else expression.constant or ""


def length_of(part: str | JoinedText) -> int:
    return part.length if isinstance(part, JoinedText) else len(part)
