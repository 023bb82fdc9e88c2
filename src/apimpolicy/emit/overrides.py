"""The implementation of a member, which an override shares with the declaration that it overrides.

Implementations stand at the declaration (`Encoding.GetString`) and reach the run-time class by themselves; the surface
lists overrides too (`UTF8Encoding.GetString`), and code finds those when it knows the derived type: `dynamic` code
always does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.registry import find_implementation
from apimpolicy.dotnet.signatures import Field, Method, Property

if TYPE_CHECKING:
    from apimpolicy.dotnet.registry import Implementation
    from apimpolicy.dotnet.signatures import Member

_OF_EVERYTHING = ("object", "System.ValueType")
"""What these say of themselves is not what an override says: `ToString` without an implementation stays one without."""


def implementation_of(member: Member, *, setter: bool = False) -> Implementation | None:
    """Return how a member is reached; None when neither it nor what it overrides is simulated."""
    found = find_implementation(member.declaring, member.signature, setter=setter)
    if found is not None or member.is_static or isinstance(member, Field) or member.name == "new":
        return found
    base = member.declaring.open_type.base
    while base is not None and base.definition.name not in _OF_EVERYTHING:
        for declared in base.definition.members(member.name):
            if _is_overridden(declared.within(base), member):
                found = find_implementation(declared.declaring, declared.signature, setter=setter)
                if found is not None:
                    return found
        base = base.base
    return None


def _is_overridden(declared: Member, member: Member) -> bool:
    """Return whether a member of a base has the name, the type and the parameters of this one."""
    if declared.is_static:
        return False
    if isinstance(declared, Property) and isinstance(member, Property):
        return declared.type is member.type and _same_parameters(declared, member)
    if isinstance(declared, Method) and isinstance(member, Method):
        return declared.returns is member.returns and _same_parameters(declared, member)
    return False


def _same_parameters(declared: Method | Property, member: Method | Property) -> bool:
    return [(p.type, p.mode) for p in declared.parameters] == [(p.type, p.mode) for p in member.parameters]
