"""`System.Globalization.CultureInfo`: the invariant culture, which is also the gateway's current one, and those of
`culture_data`, for numbers. Another culture fails by name; a text that can't be a name throws, as in .NET on Windows.

Azure refuses the type in policy expressions; the Liquid filter `currency` has cultures.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentException, require
from apimpolicy.dotnet.globalization.culture_data import FORMATS, numbers
from apimpolicy.dotnet.registry import dotnet_class, implements
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.number_symbols import NumberSymbols

_NAME = "System.Globalization.CultureInfo"
_WELL_FORMED = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,8})*", re.IGNORECASE)
_BY_LOWER = {name.lower(): name for name in FORMATS}


class CultureNotFoundException(ArgumentException):
    type_name = "System.Globalization.CultureNotFoundException"

    def __init__(self, name: str) -> None:
        super().__init__("Culture is not supported.", "name")
        self.message += f"\n{name} is an invalid culture identifier."


@dotnet_class(_NAME)
class CultureInfo:
    """A culture of `culture_data`, by its name there."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def number_symbols(self) -> NumberSymbols:
        return numbers(self.name)

    def check_dates(self) -> None:
        """Raise NotSimulatedError where the culture has other dates than the invariant one."""
        if self.name:
            raise NotSimulatedError(f"dates in the culture {self.name}", "those of the invariant culture are")

    def to_string(self) -> str:
        return self.name

    def equals(self, other: Any) -> bool:
        return isinstance(other, CultureInfo) and other.name == self.name


INVARIANT = CultureInfo("")


@implements(_NAME, "new(string)")
def make(name: str | None) -> CultureInfo:
    """Raise CultureNotFoundException, NotSimulatedError."""
    name = require(name, "name")
    found = _BY_LOWER.get(name.lower())
    if found is not None:
        return CultureInfo(found)
    if not _WELL_FORMED.fullmatch(name):
        raise CultureNotFoundException(name)
    simulated = ", ".join(sorted(filter(None, FORMATS)))
    raise NotSimulatedError(f"the culture {name!r}", f"the invariant one is, and {simulated}")


for _property in ("InvariantCulture", "CurrentCulture"):
    implements(_NAME, _property)(lambda: INVARIANT)
