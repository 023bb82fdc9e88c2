"""`System.Globalization.CultureInfo`: the invariant culture, which is also the gateway's current one, and those of
`culture_data`, for numbers. Another culture fails by name; a text that can't be a name throws, as in .NET on Windows.

Azure refuses the type in policy expressions; the Liquid filter `currency` has cultures.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    require,
)
from apimpolicy.dotnet.globalization.culture_data import IDENTITIES, numbers
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.number_symbols import NumberSymbols

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

    __slots__ = ("is_read_only", "name")

    def __init__(self, name: str, is_read_only: bool = False) -> None:
        self.name = name
        self.is_read_only = is_read_only

    @property
    def number_symbols(self) -> NumberSymbols:
        return numbers(self.name)

    def check_dates(self) -> None:
        """Raise NotSimulatedError where the culture has other dates than the invariant one."""
        if IDENTITIES[self.name].formats:
            raise NotSimulatedError(f"dates in the culture {self.name}", "those of the invariant culture are")

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

    def to_string(self) -> str:
        return self.name

    def equals(self, other: Any) -> bool:
        return isinstance(other, CultureInfo) and other.name == self.name

    def get_hash_code(self) -> int:
        return IDENTITIES[self.name].lcid


INVARIANT = CultureInfo("", is_read_only=True)


def _known(name: str | None) -> str:
    """Return the name as the data has it; raises CultureNotFoundException, NotSimulatedError."""
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
    """Return a culture whose formats can be changed."""
    return CultureInfo(_known(name))


@implements(_NAME, "GetCultureInfo(string)", "GetCultureInfoByIetfLanguageTag")
def get_culture(name: str | None) -> CultureInfo:
    """Return a culture that cannot be changed."""
    known = _known(name)
    return CultureInfo(known, is_read_only=True) if known else INVARIANT


for _property in ("InvariantCulture { get; }", "CurrentCulture { get; set; }", "CurrentUICulture { get; set; }"):
    implements(_NAME, f"static {_NAME} {_property}")(lambda: INVARIANT)


implements_all(
    _NAME,
    {
        "Name": lambda culture: culture.name,
        "EnglishName": lambda culture: IDENTITIES[culture.name].english_name,
        "LCID": lambda culture: IDENTITIES[culture.name].lcid,
        "ThreeLetterISOLanguageName": lambda culture: IDENTITIES[culture.name].three_letters,
        "TwoLetterISOLanguageName": lambda culture: culture.name.split("-")[0] or "iv",
        "IsNeutralCulture": lambda culture: culture.is_neutral,
        "IsReadOnly": lambda culture: culture.is_read_only,
        "Parent": lambda culture: get_culture(IDENTITIES[culture.name].parent),
        "new(int)": lambda number, _user_override=True: CultureInfo(_known_number(number)),
        "new(int, bool)": lambda number, _user_override=True: CultureInfo(_known_number(number)),
        "GetCultureInfo(int)": lambda number: get_culture(_known_number(number)),
        "CreateSpecificCulture": lambda name: CultureInfo(IDENTITIES[_known(name)].formats),
    },
)
