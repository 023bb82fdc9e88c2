"""Operations that never throw: a value without a term does no harm until a branch depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding import nodes
    from apimpolicy.concolic.values import ConcolicValue
    from apimpolicy.dotnet.signatures import Member

_PLAIN = frozenset(
    ("System.Guid", "System.DateTime", "System.DateTimeOffset", "System.TimeSpan", "bool", "int", "long", "double")
)
"""Structures whose members and operators never throw on their own account."""
_OF_PLAIN = frozenset(("ToString", "Equals", "CompareTo", "GetHashCode", "ToUniversalTime", "ToLocalTime", "Subtract"))
_TIMES = ("Add", "ToUnixTime")
"""Prefixes of date members that move any date of the clock by a fixed span."""
_OF_TEXTS = frozenset(
    (
        *("ToLower", "ToUpper", "ToLowerInvariant", "ToUpperInvariant", "Trim", "TrimStart", "TrimEnd", "ToString"),
        *("Length", "Contains", "StartsWith", "EndsWith", "IndexOf", "Split", "Replace", "Concat", "Equals"),
        *("IsNullOrEmpty", "IsNullOrWhiteSpace", "GetHashCode", "CompareTo"),
    )
)
"""Members of strings that throw only because of an argument: constant arguments were valid in the run."""
_HARMLESS = ("+", "-", "*", "==", "!=", "<", ">", "<=", ">=")


def may_throw(member: Member, arguments: Sequence[ConcolicValue]) -> bool:
    """Return whether a member may throw for other values than those of the run, on a receiver that is not null."""
    owner, name = member.declaring.name, member.name
    is_fixed = all(argument.is_constant for argument in arguments)
    if owner == "object":
        return name != "ToString"
    if owner == "string":
        return name not in _OF_TEXTS or not (is_fixed or name in ("Concat", "IsNullOrEmpty", "IsNullOrWhiteSpace"))
    if owner not in _PLAIN:
        return True
    if "{ get; }" in member.signature or (name.startswith("op_") and name != "op_Addition"):
        return False
    return not (is_fixed and (name in _OF_PLAIN or name.startswith(_TIMES))) and name != "Subtract"


def operator_may_throw(node: nodes.Binary) -> bool:
    """Return whether a binary operator may throw; of integers and reals only division does."""
    if node.method is not None:
        return may_throw(node.method, ())
    kind = str(node.operand_type)
    return kind == "decimal" or (node.operator not in _HARMLESS and not (kind == "double" and node.operator == "/"))
