"""`System.Globalization.NumberFormatInfo`: how a culture writes numbers, or a policy's own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    InvalidOperationException,
    require,
)
from apimpolicy.dotnet.globalization.culture_data import check_symbol
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all, implements_setter
from apimpolicy.dotnet.system.date_symbols import INVARIANT as INVARIANT_DATES
from apimpolicy.dotnet.system.date_symbols import DateSymbols
from apimpolicy.dotnet.system.number_symbols import (
    CURRENCY_NEGATIVE,
    CURRENCY_POSITIVE,
    INVARIANT,
    NUMBER_NEGATIVE,
    PERCENT_NEGATIVE,
    PERCENT_POSITIVE,
    NumberSymbols,
    numbers_of,
)
from apimpolicy.dotnet.values import INT, Array

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.system.objects import TypeObject

_NAME = "System.Globalization.NumberFormatInfo"
_MOST_DIGITS = 99


@dotnet_class(_NAME)
class NumberFormatInfo(NumberSymbols):
    """Number symbols that a policy can hold, and change unless they are read-only."""

    __slots__ = ("is_read_only",)

    def __init__(self, symbols: NumberSymbols = INVARIANT, is_read_only: bool = False) -> None:
        super().__init__(symbols.culture, **symbols.values())
        self.is_read_only = is_read_only

    @property
    def number_symbols(self) -> NumberSymbols:
        return self

    @property
    def date_symbols(self) -> DateSymbols:
        """It says nothing about dates."""
        return INVARIANT_DATES

    def clone(self) -> NumberFormatInfo:
        return NumberFormatInfo(self)

    def get_format(self, asked: TypeObject | None) -> NumberFormatInfo | None:
        return self if asked is not None and str(asked.type) == _NAME else None

    @staticmethod
    def get_instance(provider: Any) -> NumberFormatInfo:
        found = numbers_of(provider)
        return found if isinstance(found, NumberFormatInfo) else NumberFormatInfo(found, is_read_only=True)

    @staticmethod
    def read_only(info: NumberFormatInfo | None) -> NumberFormatInfo:
        info = require(info, "nfi")
        return NumberFormatInfo(info, is_read_only=True)


_INVARIANT_INFO = NumberFormatInfo(INVARIANT, is_read_only=True)
for _property in ("InvariantInfo", "CurrentInfo"):
    implements(_NAME, f"static {_NAME} {_property} {{ get; }}")(lambda: _INVARIANT_INFO)


def _check_text(name: str, value: str | None) -> str:
    value = require(value, name, "String reference not set to an instance of a String.")
    return check_symbol(value)


def _check_separator(name: str, value: str | None) -> str:
    if value == "":
        raise ArgumentException("Empty string is not allowed as a decimal separator.", name)
    return _check_text(name, value)


def _up_to(most: int) -> Callable[[str, int], int]:
    def check(name: str, value: int) -> int:
        if not 0 <= value <= most:
            raise ArgumentOutOfRangeException(name, f"Valid values are between 0 and {most}, inclusive.")
        return value

    return check


def _check_sizes(name: str, value: Array | None) -> tuple[int, ...]:
    value = require(value, name, "Object cannot be null.")
    sizes = tuple(value)
    if any(not (1 <= size <= 9 or (size == 0 and index == len(sizes) - 1)) for index, size in enumerate(sizes)):
        raise ArgumentException(
            "Every element in the value array should be between one and nine, except for the last element, which can "
            "be zero.",
            name,
        )
    return sizes


_PROPERTIES: dict[str, tuple[str, Callable[[str, Any], Any]]] = {
    "NaNSymbol": ("nan", _check_text),
    "PositiveInfinitySymbol": ("positive_infinity", _check_text),
    "NegativeInfinitySymbol": ("negative_infinity", _check_text),
    "PositiveSign": ("positive_sign", _check_text),
    "NegativeSign": ("negative_sign", _check_text),
    "PercentSymbol": ("percent_symbol", _check_text),
    "PerMilleSymbol": ("per_mille_symbol", _check_text),
    "CurrencySymbol": ("currency_symbol", _check_text),
    "NumberNegativePattern": ("number_negative", _up_to(len(NUMBER_NEGATIVE) - 1)),
    "CurrencyPositivePattern": ("currency_positive", _up_to(len(CURRENCY_POSITIVE) - 1)),
    "CurrencyNegativePattern": ("currency_negative", _up_to(len(CURRENCY_NEGATIVE) - 1)),
    "PercentPositivePattern": ("percent_positive", _up_to(len(PERCENT_POSITIVE) - 1)),
    "PercentNegativePattern": ("percent_negative", _up_to(len(PERCENT_NEGATIVE) - 1)),
}
for _kind in ("Number", "Currency", "Percent"):
    _PROPERTIES |= {
        f"{_kind}DecimalSeparator": (f"{_kind.lower()}_point", _check_separator),
        f"{_kind}GroupSeparator": (f"{_kind.lower()}_group", _check_text),
        f"{_kind}DecimalDigits": (f"{_kind.lower()}_digits", _up_to(_MOST_DIGITS)),
        f"{_kind}GroupSizes": (f"{_kind.lower()}_groups", _check_sizes),
    }


def _register(name: str, attribute: str, check: Callable[[str, Any], Any]) -> None:
    is_sizes = check is _check_sizes
    type_name = "int[]" if is_sizes else "string" if check in (_check_text, _check_separator) else "int"

    def get(info: NumberFormatInfo) -> Any:
        value = getattr(info, attribute)
        return Array(INT, value) if is_sizes else value

    def put(info: NumberFormatInfo, value: Any) -> None:
        checked = check("value" if is_sizes else name, value)
        if info.is_read_only:
            raise InvalidOperationException("Instance is read-only.")
        setattr(info, attribute, checked)

    implements(_NAME, f"{type_name} {name} {{ get; set; }}")(get)
    implements_setter(_NAME, f"{type_name} {name} {{ get; set; }}")(put)


for _property, (_attribute, _check) in _PROPERTIES.items():
    _register(_property, _attribute, _check)

implements_all(
    _NAME,
    {
        "new": NumberFormatInfo,
        "IsReadOnly": lambda info: info.is_read_only,
    },
)
