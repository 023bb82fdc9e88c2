"""Messages of RuntimeBinderException: .NET's own words, by the compiler's code and the operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import lookup
from apimpolicy.dotnet.metadata import parse
from apimpolicy.dotnet.signatures import Method
from apimpolicy.dotnet.types import NULL
from apimpolicy.syntax import literals

if TYPE_CHECKING:
    from apimpolicy.binding import nodes
    from apimpolicy.dotnet.types import Type


def _shown(type_: Type) -> str:
    return "<null>" if type_ is NULL else str(type_)


def message_for(node: nodes.Dynamic, code: str, types: tuple[Type, ...]) -> str:
    """Return the message for an operation that the binder refused with a code, on operands of these types."""
    return (_OPERATIONS.get(node.operation) or _member)(node, code, types)


def _member(node: nodes.Dynamic, code: str, types: tuple[Type, ...]) -> str:
    name = getattr(node.detail, "name", None) or literals.identifier_name(getattr(node.detail, "text", ""))
    owner = _shown(types[0]) if len(types) > len(node.arguments) or node.operation == "member" else ""
    if code == "CS1593":
        return f"Delegate '{_spelled(owner)}' does not take '{len(node.arguments)}' arguments"
    if code == "CS1503" and _is_call_of_delegate(node, types):
        return f"Delegate '{_spelled(owner)}' has some invalid arguments"
    if code == "CS1501":
        return f"No overload for method '{name}' takes {len(node.arguments)} arguments"
    if code in ("CS1503", "CS1502", "CS0121", "CS1620", "CS1615"):
        return f"The best overloaded method match for '{_signature(node, owner, name)}' has some invalid arguments"
    if code in ("CS1955", "CS0149"):
        return "Cannot invoke a non-delegate type"
    if code == "CS0176":
        what = "cannot be accessed with an instance reference; qualify it with a type name instead"
        return f"Member '{owner}.{name}' {what}"
    if code == "CS0200":
        return f"Property or indexer '{owner}.{name}' cannot be assigned to -- it is read only"
    return f"'{owner}' does not contain a definition for '{name}'"


def _is_call_of_delegate(node: nodes.Dynamic, types: tuple[Type, ...]) -> bool:
    return node.operation in ("invoke", "invoke_member") and getattr(types[0], "kind", "") == "delegate"


def _spelled(type_: str) -> str:
    return type_.replace(", ", ",")


def _signature(node: nodes.Dynamic, owner: str, name: str) -> str:
    """`string.Substring(int)`: the first method that takes as many arguments, as the message names it."""
    group = getattr(node.detail, "methods", None)
    members = group if group is not None else lookup.find_members(parse(owner), name)
    for member in members:
        if isinstance(member, Method) and len(member.parameters) == len(node.arguments):
            return f"{member.container}.{name}({', '.join(str(p.type) for p in member.parameters)})"
    return f"{owner}.{name}" if owner else name


def _binary(node: nodes.Dynamic, _code: str, types: tuple[Type, ...]) -> str:
    left, right = map(_shown, types)
    return f"Operator '{node.detail}' cannot be applied to operands of type '{left}' and '{right}'"


def _unary(node: nodes.Dynamic, _code: str, types: tuple[Type, ...]) -> str:
    return f"Operator '{node.detail}' cannot be applied to operand of type '{_shown(types[0])}'"


def _index(_node: nodes.Dynamic, code: str, types: tuple[Type, ...]) -> str:
    if code == "CS0021":
        return f"Cannot apply indexing with [] to an expression of type '{_shown(types[0])}'"
    return f"The best overloaded method match for '{_shown(types[0])}.this[int]' has some invalid arguments"


def _convert(node: nodes.Dynamic, code: str, types: tuple[Type, ...]) -> str:
    source, target = types[0], str(node.type)
    if source is NULL:
        return f"Cannot convert null to '{target}' because it is a non-nullable value type"
    if node.detail:
        return f"Cannot convert type '{source}' to '{target}'"
    exists = " An explicit conversion exists (are you missing a cast?)" if code == "CS0266" else ""
    dot = "." if exists else ""
    return f"Cannot implicitly convert type '{source}' to '{target}'{dot}{exists}"


_OPERATIONS = {"binary": _binary, "unary": _unary, "index": _index, "convert": _convert}
