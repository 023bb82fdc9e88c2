"""`System.Globalization.CultureInfo`, of which only the invariant culture is simulated."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.registry import dotnet_class, implements, member
from apimpolicy.errors import NotSimulatedError


@dotnet_class("System.Globalization.CultureInfo")
class CultureInfo:
    """The invariant culture, which is also the gateway's current one."""

    __slots__ = ()

    @member("string ToString()")
    def to_string(self) -> str:
        return ""

    @member("bool Equals(object value)")
    def equals(self, other: Any) -> bool:
        return isinstance(other, CultureInfo)

    @member("int GetHashCode()")
    def get_hash_code(self) -> int:
        return 0


INVARIANT = CultureInfo()
_NAME = "System.Globalization.CultureInfo"

for _property in ("InvariantCulture { get; }", "CurrentCulture { get; set; }", "CurrentUICulture { get; set; }"):
    implements(_NAME, f"static {_NAME} {_property}")(lambda: INVARIANT)
implements(_NAME, "string Name { get; }")(lambda _: "")


@implements(_NAME, "new(string name)")
@implements(_NAME, f"static {_NAME} GetCultureInfo(string name)")
def get_culture(name: str | None) -> CultureInfo:
    """Raises NotSimulatedError for every name but the empty one."""
    if name:
        raise NotSimulatedError(f"{_NAME} {name!r}", "only the invariant culture is")
    return INVARIANT
