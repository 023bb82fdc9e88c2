"""The origin of a C# value: a header, the client certificate, a variable, a claim of a token.

    context.Request.Headers.GetValueOrDefault("x-key", "").Trim()      header x-key
    context.Request.Certificate?.Thumbprint                            certificate, with the member Thumbprint

Conversions, local variables, `?.` and `??` are transparent. A value that is made of several has the first origin.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.csharp.dotnet.values import from_utf16

MOST_STEPS = 60

_OF_REQUEST = {
    "Certificate": "certificate",
    "IpAddress": "address",
    "Method": "method",
    "Url": "url",
    "OriginalUrl": "url",
    "Headers": "headers",
    "MatchedParameters": "parameters",
    "Body": "body",
    "PrivateEndpointConnection": "connection",
}
_OF_CONTEXT = frozenset(
    ("Subscription", "User", "Product", "Operation", "Api", "Deployment", "LastError", "Response", "Workspace")
)
_KEYED = {"headers": "header", "variables": "variable", "query": "query", "parameters": "parameter"}
_BY_KEY = frozenset(("GetValueOrDefault", "GetValues", "TryGetValue", "ContainsKey", "get_Item"))


class ValueOrigin(NamedTuple):
    """`kind` and `name` identify it, `members` are those that were read; the name is None when it isn't constant.

    `default` replaces it where it is absent.
    """

    kind: str = ""
    name: str | None = ""
    members: tuple[str, ...] = ()
    default: str | None = None
    is_open: bool = False
    """True if the default is not constant."""

    def member(self, name: str) -> ValueOrigin:
        return self._replace(members=(*self.members, name))


NOWHERE = ValueOrigin()


class Origins:
    """Finds origins in one bound expression."""

    def __init__(self, expression: Sequence[Bound]) -> None:
        self.locals: dict[int, Bound | None] = {}
        self.definitions: dict[int, list[Bound]] = {}
        """The values that a local variable, a parameter of a lambda or a placeholder may have."""
        self._receivers: dict[int, Bound] = {}
        assigned: set[int] = set()
        for node in expression:
            if isinstance(node, nodes.LocalDeclaration):
                self.locals[id(node.symbol)] = node.value
                self._define(node.symbol, node.value)
            elif isinstance(node, (nodes.Assignment, nodes.CompoundAssignment)):
                if isinstance(node.target, nodes.Local):
                    assigned.add(id(node.target.symbol))
                    self._define(node.target.symbol, node.value if isinstance(node, nodes.Assignment) else node.result)
            elif isinstance(node, nodes.ConditionalAccess):
                self._receivers[id(node.placeholder)] = node.receiver
                self._define(node.placeholder, node.receiver)
            elif isinstance(node, nodes.Coalesce):
                self._receivers[id(node.placeholder)] = node.left
                self._define(node.placeholder, node.left)
            elif isinstance(node, nodes.IsPattern) and node.pattern.symbol is not None:
                self.locals[id(node.pattern.symbol)] = node.operand
                self._define(node.pattern.symbol, node.operand)
            elif isinstance(node, nodes.Foreach):
                self._define(node.placeholder, node.collection)
                self._define(node.symbol, node.collection)
            elif isinstance(node, nodes.Call):
                self._define_arguments(node)
        for key in assigned:  # its value depends on where it is read
            self.locals[key] = None

    def _define(self, symbol: object, value: Bound | None) -> None:
        if value is not None:
            self.definitions.setdefault(id(symbol), []).append(value)

    def _define_arguments(self, call: nodes.Call) -> None:
        """Note what the parameters of lambdas, and variables after `out`, may have as their values."""
        receiver, arguments = receiver_of(call)
        for argument in arguments:
            if isinstance(argument, nodes.Lambda):
                for parameter in argument.parameters:
                    self._define(parameter, receiver)
            elif isinstance(argument, nodes.OutVariable) and argument.symbol is not None:
                self._define(argument.symbol, receiver)

    def resolved(self, node: Bound | None, *, with_defaults: bool = True) -> Bound | None:
        """Look through conversions, local variables and `?.`, and `with_defaults` through `??`."""
        for _ in range(MOST_STEPS):
            following = self._inner(node) if with_defaults or not isinstance(node, nodes.Coalesce) else None
            if following is None:
                return node
            node = following
        return node

    def _inner(self, node: Bound | None) -> Bound | None:
        match node:
            case nodes.Convert() | nodes.AsType():
                return node.operand
            case nodes.Local():
                return self.locals.get(id(node.symbol))
            case nodes.Placeholder():
                return self._receivers.get(id(node))
            case nodes.ConditionalAccess():
                return node.access
            case nodes.Coalesce():
                return node.left
        return None

    def of(self, node: Bound | None, depth: int = 0) -> ValueOrigin:
        if isinstance(node, nodes.Coalesce) and not is_null(node.right):
            default = constant(node.right)
            text = None if default is None else str(default)
            return self.of(node.left, depth + 1)._replace(default=text, is_open=default is None)
        node = self.resolved(node)
        if depth > MOST_STEPS:
            return NOWHERE
        match node:
            case nodes.UnknownText():
                return ValueOrigin("named value")
            case nodes.PropertyAccess():
                return self._property(node, depth)
            case nodes.IndexerAccess():
                return keyed(self.of(node.receiver, depth + 1), constant(node.arguments[0]))
            case nodes.Call():
                return self._call(node, depth)
            case nodes.Binary():
                return self._part((node.left, node.right), depth)
            case nodes.InterpolatedString():
                return self._part([part.value for part in node.parts if not isinstance(part, str)], depth)
            case nodes.ArrayAccess():
                return self.of(node.array, depth + 1)
        return NOWHERE

    def _part(self, parts: Sequence[Bound], depth: int) -> ValueOrigin:
        """Return the origin of a part of a value: what is compared is more than it."""
        found = self._first(parts, depth)
        return found.member("+") if found.kind else found

    def _first(self, parts: Sequence[Bound], depth: int) -> ValueOrigin:
        return next((found for part in parts if (found := self.of(part, depth + 1)).kind), NOWHERE)

    def keyed(self, found: ValueOrigin, arguments: Sequence[Bound], *, has_default: bool = False) -> ValueOrigin:
        """Return the origin of what a collection has under a key, with the default that a call gives."""
        origin = keyed(found, constant(arguments[0]) if arguments else None)
        if not has_default or len(arguments) < 2:
            return origin
        default = constant(arguments[1])
        is_open = default is None and not is_null(arguments[1])
        return origin._replace(default=None if default is None else str(default), is_open=is_open)

    def _property(self, node: nodes.PropertyAccess, depth: int) -> ValueOrigin:
        name = node.property.name
        of_type = "" if node.receiver is None else str(node.receiver.type)
        if of_type == "IRequest" and name in _OF_REQUEST:
            return ValueOrigin(_OF_REQUEST[name])
        if name == "Variables":
            return ValueOrigin("variables")
        if name in _OF_CONTEXT and "ontext" in of_type:
            return ValueOrigin(name.lower())
        found = self.of(node.receiver, depth + 1) if node.receiver is not None else NOWHERE
        if found.kind == "url" and name == "Query":
            return ValueOrigin("query")
        return found.member(name) if found.kind else found

    def _call(self, node: nodes.Call, depth: int) -> ValueOrigin:
        receiver, arguments = receiver_of(node)
        if receiver is None:
            return NOWHERE
        found, name = self.of(receiver, depth + 1), node.method.name
        if name == "AsJwt":
            return ValueOrigin("unverified token", f"{found.kind} '{found.name}'")
        if name == "AsBasic":
            return ValueOrigin("basic", f"{found.kind} '{found.name}'")
        if name in _BY_KEY and found.kind in _KEYED:
            return self.keyed(found, arguments, has_default=name == "GetValueOrDefault")
        if found.kind:
            return found.member(name)
        return self._first(arguments, depth)


def keyed(found: ValueOrigin, key: object) -> ValueOrigin:
    kind = _KEYED.get(found.kind)
    if kind is None:
        return found
    name = from_utf16(key) if isinstance(key, str) else None
    return ValueOrigin(kind, name.lower() if name is not None and kind == "header" else name)


def receiver_of(node: nodes.Call) -> tuple[Bound | None, list[Bound]]:
    """Return the value that a method is called on, and the other arguments; extension methods have it first."""
    arguments: list[Bound] = list(node.arguments)
    if node.receiver is None or isinstance(node.receiver, nodes.TypeReference):
        return (arguments[0], arguments[1:]) if arguments else (None, [])
    return node.receiver, arguments


def constant(node: Bound | None) -> str | bool | int | None:
    """Return the constant value of an expression; None if it has none, or is null."""
    while node is not None:
        value = getattr(node, "constant", None)
        if isinstance(value, (str, bool, int)):
            return value
        if not isinstance(node, (nodes.Convert, nodes.AsType)):
            return None
        node = node.operand
    return None


def is_null(node: Bound | None) -> bool:
    while isinstance(node, (nodes.Convert, nodes.AsType)):
        node = node.operand
    return isinstance(node, nodes.Literal) and node.constant is None
