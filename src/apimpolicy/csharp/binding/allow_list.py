"""The types and members that expressions may use (codes in `host`)."""

from __future__ import annotations

from typing import Final

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.bind import BoundExpression
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.csharp.binding.reports import is_var
from apimpolicy.csharp.dotnet.metadata import TypeDefinition
from apimpolicy.csharp.dotnet.signatures import Field, Method, Property
from apimpolicy.csharp.dotnet.types import NamedType
from apimpolicy.csharp.host import MEMBER_REFUSED, TYPE_REFUSED
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Node, Token
from apimpolicy.diagnostics import Diagnostic, Severity

# The list is Microsoft's page "API Management policy expressions"; the surface carries it as the `use` line of each
# type. A type counts as used where it is written (a declaration, a cast, `new`, `typeof`, a type argument, a pattern)
# and where a static member of it is used; a type that an expression merely happens to have is not. Where the page says
# nothing, the gateway is taken to be lenient: delegates, tuples, operators, what every object inherits, and members of
# a type that is not listed but was reached through a listed one, as `Regex.Matches(…)[0]`. Any exception may be caught,
# since deployed policies catch those that the page does not list.

DEPLOYED: Final = frozenset({"System.Xml.XmlReader", "System.Security.Cryptography.RSACng"})
"""Types that are not on the page's list, but that Microsoft's own snippets use: an info, not an error."""

_OF_EVERY_OBJECT: Final = frozenset({"ToString", "Equals", "GetHashCode", "GetType"})


def check_allow_list(bound: BoundExpression, tree: Node) -> list[Diagnostic]:
    """Return the findings of an expression without errors, in order of the text."""
    walk = _Walk(bound)
    walk.written_types(tree)
    walk.members(bound.body)
    return sorted(walk.found, key=lambda finding: finding.start)


def is_type_allowed(definition: TypeDefinition) -> bool:
    return definition.use != "not allowed" or definition.kind == "delegate" or definition.is_tuple


def is_member_allowed(member: Method | Property | Field) -> bool:
    use = member.declaring.use
    name = "constructor" if member.name == "new" else member.name
    if (name in _OF_EVERY_OBJECT and not member.is_static) or name.startswith("op_"):
        return True
    if use.startswith("only "):
        return name in use.removeprefix("only ").split(", ")
    if use.startswith("all except "):
        without = use.removeprefix("all except ").split(", ")
        has_no_parameters = isinstance(member, Method) and not member.parameters
        return name not in without and not (has_no_parameters and f"{name}()" in without)
    return True


class _Walk:
    def __init__(self, bound: BoundExpression) -> None:
        self.excerpt = bound.excerpt
        self.found: list[Diagnostic] = []
        self._names = Binder(bound.excerpt)

    def _report(
        self, place: Node | Token, code: str, message: str, help: str, severity: Severity = Severity.ERROR
    ) -> None:
        found = Diagnostic.within(self.excerpt, place.start, place.end, code, message, severity=severity, help=help)
        self.found.append(found)

    def _type(self, place: Node | Token, definition: TypeDefinition) -> None:
        if is_type_allowed(definition):
            return
        if definition.name in DEPLOYED:
            message = f"the type '{definition.name}' is not on the list of types for policy expressions"
            advice = "Microsoft's own snippets use it, so it may work."
            self._report(place, TYPE_REFUSED, message, advice, Severity.INFO)
        else:
            self._report(
                place,
                TYPE_REFUSED,
                f"the type '{definition.name}' is not allowed in policy expressions",
                "Azure refuses types that are not on the list in its policy expression reference.",
            )

    def _member(self, place: Node | Token, member: Method | Property | Field) -> None:
        if not is_member_allowed(member):
            shown = "the constructor" if member.name == "new" else f"'{member.name}'"
            self._report(
                place,
                MEMBER_REFUSED,
                f"{shown} of '{member.declaring.name}' is not allowed in policy expressions",
                f"Allowed: {member.declaring.use}.",
            )

    # -------------------------------------------------------------------------------------- types as written

    def written_types(self, tree: Node) -> None:
        waiting: list[Node] = [tree]
        while waiting:
            node = waiting.pop()
            children = node.children
            if isinstance(node, shapes.NamedType):
                self._written(node)
                children = children[2:]  # what stands before the dot is no use of its own
            elif isinstance(node, shapes.CatchDeclaration):
                children = children[1:]
            waiting.extend([child for child in children[::-1] if isinstance(child, Node)])

    def _written(self, node: Node) -> None:
        if is_var(node):
            return
        reported = len(self._names.diagnostics)
        type_ = self._names.bind_type(node)
        if len(self._names.diagnostics) > reported:  # `x is Limit` names a constant
            del self._names.diagnostics[reported:]
        elif isinstance(type_, NamedType):
            self._type(node, type_.definition)

    # ---------------------------------------------------------------------------------------------- members

    def members(self, body: Bound) -> None:
        waiting: list[Bound] = [body]
        while waiting:
            node = waiting.pop()
            if (member := _used_member(node)) is not None:
                place = node.syntax
                if member.is_static and not (isinstance(member, Method) and member.is_extension and _is_sugar(node)):
                    self._type(_type_place(place), member.declaring)
                elif isinstance(member, Method) and member.is_extension:
                    self._type(_name_place(place), member.declaring)
                if is_type_allowed(member.declaring):
                    self._member(_name_place(place), member)
            waiting.extend(reversed(node.children()))


_USES = {
    nodes.Call: "method",
    nodes.MethodReference: "method",
    nodes.DeconstructCall: "method",
    nodes.PropertyAccess: "property",
    nodes.IndexerAccess: "property",
    nodes.FieldAccess: "field",
    nodes.ObjectCreation: "constructor",
}
"""The nodes that use a member, and where they have it."""


def _used_member(node: Bound) -> Method | Property | Field | None:
    if (slot := _USES.get(type(node))) is None:
        return None
    member: Method | Property | Field | None = getattr(node, slot)
    is_operator = member is not None and (not member.name or member.name.startswith("op_"))
    return None if is_operator else member


def _is_sugar(node: Bound) -> bool:
    """Return whether an extension method is called on a value, not as a static method of its class."""
    place = node.syntax
    callee = place.target if isinstance(place, shapes.Invocation) else place
    arguments = place.arguments if isinstance(place, shapes.Invocation) else None
    written = len(arguments.children) if isinstance(arguments, Node) else 0
    return isinstance(callee, Node) and isinstance(node, nodes.Call) and written < len(node.method.parameters)


def _callee(place: Node | Token) -> Node | Token:
    if isinstance(place, shapes.Invocation):
        target = place.target
        return target if target is not None else place
    return place


def _name_place(place: Node | Token) -> Node | Token:
    callee = _callee(place)
    if isinstance(callee, (shapes.MemberAccess, shapes.ConditionalMemberAccess)):
        name = callee.name
        return name if name is not None else callee
    return callee


def _type_place(place: Node | Token) -> Node | Token:
    callee = _callee(place)
    if isinstance(callee, (shapes.MemberAccess, shapes.ConditionalMemberAccess)):
        receiver = callee.receiver
        return receiver if receiver is not None else callee
    return callee
