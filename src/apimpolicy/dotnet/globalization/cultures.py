"""`System.Globalization.CultureInfo`: the invariant culture, which is also the gateway's current one, and those of
`culture_data`. Another culture's name fails by name; one that cannot be a name throws, as in .NET on Windows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    InvalidOperationException,
    require,
)
from apimpolicy.dotnet.globalization.culture_data import IDENTITIES, dates, numbers
from apimpolicy.dotnet.globalization.date_format_info import DateTimeFormatInfo
from apimpolicy.dotnet.globalization.number_format_info import NumberFormatInfo
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all, implements_setter
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.date_symbols import DateSymbols
    from apimpolicy.dotnet.system.number_symbols import NumberSymbols
    from apimpolicy.dotnet.system.objects import TypeObject

_NAME = "System.Globalization.CultureInfo"
_WELL_FORMED = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*", re.IGNORECASE)
_BY_LOWER = {name.lower(): name for name in IDENTITIES}
_BY_NUMBER = {identity.lcid: name for name, identity in IDENTITIES.items()}


class CultureNotFoundException(ArgumentException):
    type_name = "System.Globalization.CultureNotFoundException"

    def __init__(self, name: str) -> None:
        super().__init__("Culture is not supported.", "name")
        self.message += f"\n{name} is an invalid culture identifier."


@dotnet_class(_NAME)
class CultureInfo:
    """A culture of `culture_data`, by its name there."""

    __slots__ = ("_dates", "_numbers", "is_read_only", "name")

    def __init__(self, name: str, is_read_only: bool = False) -> None:
        self.name = name
        self.is_read_only = is_read_only
        self._numbers: NumberFormatInfo | None = None
        self._dates: DateTimeFormatInfo | None = None

    @property
    def number_symbols(self) -> NumberSymbols:
        return self._numbers or numbers(self.name)

    @property
    def date_symbols(self) -> DateSymbols:
        return self._dates or dates(self.name)

    @property
    def number_format(self) -> NumberFormatInfo:
        if self._numbers is None:
            self._numbers = NumberFormatInfo(numbers(self.name), self.is_read_only)
        return self._numbers

    @number_format.setter
    def number_format(self, value: NumberFormatInfo | None) -> None:
        self._check_change(value)
        self._numbers = value

    @property
    def date_format(self) -> DateTimeFormatInfo:
        if self._dates is None:
            self._dates = DateTimeFormatInfo(dates(self.name), self.is_read_only)
        return self._dates

    @date_format.setter
    def date_format(self, value: DateTimeFormatInfo | None) -> None:
        self._check_change(value)
        self._dates = value

    def _check_change(self, value: Any) -> None:
        require(value, "value", "Object cannot be null.")
        if self.is_read_only:
            raise InvalidOperationException("Instance is read-only.")

    @property
    def is_neutral(self) -> bool:
        return bool(self.name) and "-" not in self.name

    def check_order(self, *texts: str | None) -> None:
        """Raise NotSimulatedError when the culture sorts letters of these texts otherwise than the invariant one."""
        own = IDENTITIES[self.name].own_order
        if own and any(text and (not text.isascii() if own == "*" else set(own) & set(text)) for text in texts):
            raise NotSimulatedError(f"comparing by the culture {self.name}", "it has an order of its own for this text")

    @property
    def has_own_order(self) -> bool:
        return bool(IDENTITIES[self.name].own_order)

    def get_format(self, asked: TypeObject | None) -> Any:
        name = str(asked.type) if asked is not None else ""
        if name == "System.Globalization.NumberFormatInfo":
            return self.number_format
        return self.date_format if name == "System.Globalization.DateTimeFormatInfo" else None

    def clone(self) -> CultureInfo:
        return self._copy(False)

    def _copy(self, is_read_only: bool) -> CultureInfo:
        made = CultureInfo(self.name, is_read_only)
        made._numbers = self._numbers and NumberFormatInfo(self._numbers, is_read_only)
        made._dates = self._dates and DateTimeFormatInfo(self._dates, is_read_only)
        return made

    @staticmethod
    def read_only(culture: CultureInfo | None) -> CultureInfo:
        culture = require(culture, "ci")
        return culture._copy(True)

    def to_string(self) -> str:
        return self.name

    def equals(self, other: Any) -> bool:
        return isinstance(other, CultureInfo) and other.name == self.name

    def get_hash_code(self) -> int:
        return IDENTITIES[self.name].lcid


INVARIANT = CultureInfo("", is_read_only=True)


def _known(name: str | None) -> str:
    """The name as the data has it; raises CultureNotFoundException, NotSimulatedError."""
    name = require(name, "name")
    found = _BY_LOWER.get(name.lower())
    if found is not None:
        return found
    if not _WELL_FORMED.fullmatch(name):
        raise CultureNotFoundException(name)
    simulated = ", ".join(sorted(filter(None, IDENTITIES)))
    raise NotSimulatedError(f"the culture {name!r}", f"the invariant one is, and {simulated}")


def _known_number(number: int) -> str:
    if number <= 0:
        raise ArgumentOutOfRangeException("culture", "Positive number required.")
    found = _BY_NUMBER.get(number)
    if found is None:
        raise NotSimulatedError(f"the culture with the LCID {number}", "docs/choices.md lists those that are")
    return found


@implements(_NAME, "new")
def make(name: str | None, _user_override: bool = True) -> CultureInfo:
    """A culture whose formats can be changed."""
    return CultureInfo(_known(name))


@implements(_NAME, "GetCultureInfo(string)", "GetCultureInfoByIetfLanguageTag")
def get_culture(name: str | None) -> CultureInfo:
    """A culture that cannot be changed."""
    known = _known(name)
    return CultureInfo(known, is_read_only=True) if known else INVARIANT


for _property in ("InvariantCulture { get; }", "CurrentCulture { get; set; }", "CurrentUICulture { get; set; }"):
    implements(_NAME, f"static {_NAME} {_property}")(lambda: INVARIANT)


@implements_setter(_NAME, "NumberFormat")
def _set_number_format(culture: CultureInfo, value: NumberFormatInfo | None) -> None:
    culture.number_format = value


@implements_setter(_NAME, "DateTimeFormat")
def _set_date_format(culture: CultureInfo, value: DateTimeFormatInfo | None) -> None:
    culture.date_format = value


implements_all(
    _NAME,
    {
        "Name": lambda culture: culture.name,
        "IetfLanguageTag": lambda culture: culture.name,
        "EnglishName": lambda culture: IDENTITIES[culture.name].english_name,
        "LCID": lambda culture: IDENTITIES[culture.name].lcid,
        "ThreeLetterISOLanguageName": lambda culture: IDENTITIES[culture.name].three_letters,
        "TwoLetterISOLanguageName": lambda culture: culture.name.split("-")[0] or "iv",
        "IsNeutralCulture": lambda culture: culture.is_neutral,
        "IsReadOnly": lambda culture: culture.is_read_only,
        "NumberFormat": lambda culture: culture.number_format,
        "DateTimeFormat": lambda culture: culture.date_format,
        "Parent": lambda culture: get_culture(IDENTITIES[culture.name].parent),
        "new(int)": lambda number, _user_override=True: CultureInfo(_known_number(number)),
        "new(int, bool)": lambda number, _user_override=True: CultureInfo(_known_number(number)),
        "GetCultureInfo(int)": lambda number: get_culture(_known_number(number)),
        "CreateSpecificCulture": lambda name: CultureInfo(IDENTITIES[_known(name)].formats),
    },
)
