"""Targets of assignments (C# specification, section 12.21.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import advice, nodes
from apimpolicy.binding.nodes import Bad, Expression
from apimpolicy.binding.readonly import read_only
from apimpolicy.binding.reports import shown

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.syntax.nodes import Node, Token


def check_assignable(binder: Binder, target: Expression, node: Node | Token, *, code: str = "CS0131") -> bool:
    """Return whether something can be assigned to this expression; reports why not."""
    if isinstance(target, Bad):
        return False
    if isinstance(target, nodes.Local) and target.symbol.is_readonly:
        kind_code, kind = _READ_ONLY[target.symbol.kind]
        binder.report(node, kind_code, f"'{target.symbol.name}' is a {kind} and cannot be assigned")
        return False
    if not _has_own_place(binder, target, node):
        return False
    found = _refusal(target, code)
    if found is not None:
        binder.report(node, found[0], found[1], help=_readonly_help(binder, target))
    return found is None


_READ_ONLY = {
    "range": ("CS1947", "range variable"),
    "foreach": ("CS1656", "foreach iteration variable"),
    "using": ("CS1656", "using variable"),
    "constant": ("CS0131", "constant"),
}
"""Code and name of read-only variables, by kind."""


def _refusal(target: Expression, code: str) -> tuple[str, str] | None:
    """Return why nothing can be assigned to an expression, as a code and a message."""
    cause = read_only(target)
    if cause is not None:
        return code if cause.assigned == "CS0131" else cause.assigned, f"{cause.what} and cannot be assigned"
    match target:
        case nodes.PropertyAccess() | nodes.IndexerAccess() if not target.property.has_setter:
            what = f"'{shown(target.property.container)}.{target.property.name}'"
            if isinstance(target, nodes.IndexerAccess):
                what = f"the index of '{shown(target.property.container)}'"
            return "CS0200", f"{what} is read-only"
        case nodes.FieldAccess() if target.field.is_constant:
            return "CS0131", f"'{target.field.name}' is a constant and cannot be assigned"
        case nodes.FieldAccess() if target.field.is_readonly:
            return "CS0198", f"'{target.field.name}' is read-only"
        case nodes.AnonymousMember():
            return "CS0200", "the properties of an anonymous object are read-only"
        case nodes.MethodGroup():
            return "CS1656", f"'{target.name}' is a method and cannot be assigned"
    if isinstance(target, _ASSIGNABLE):
        return None
    return code, "only a variable, a property or an indexed element can be assigned"


_ASSIGNABLE = (
    *(nodes.Local, nodes.PropertyAccess, nodes.IndexerAccess, nodes.FieldAccess, nodes.ArrayAccess),
    *(nodes.TupleElement, nodes.Dereference),
)


def _has_own_place(binder: Binder, target: Expression, node: Node | Token) -> bool:
    """Return whether the tuple that an element is of is a variable: changing a copy is CS1612, or CS1654 in a loop."""
    whole = target
    while (outer := _tuple_of(whole)) is not None:
        whole = outer
    if whole is target:
        return True
    target = whole
    if isinstance(target, nodes.Local) and target.symbol.kind in ("foreach", "using"):
        binder.report(node, "CS1654", f"'{target.symbol.name}' and its elements are read-only")
        return False
    if isinstance(target, (nodes.PropertyAccess, nodes.IndexerAccess, nodes.Call, nodes.DelegateCall)):
        message = "this expression returns a copy of the tuple, so changing it has no effect"
        binder.report(target.syntax, "CS1612", message)
        return False
    return True


def _readonly_help(binder: Binder, target: Expression) -> str:
    if not isinstance(target, (nodes.PropertyAccess, nodes.IndexerAccess)) or target.property.has_setter:
        return ""
    if "IReadOnlyDictionary" in str(target.property.container):
        return "headers, variables and the like are changed by policies: set-header, set-variable, …"
    policy = (
        _POLICIES.get(target.property.name) if str(target.property.container) in ("IRequest", "IResponse") else None
    )
    before = binder.excerpt.text[: target.syntax.start].rstrip()
    if policy is not None and before[-1:] in ("{", "}", ";"):
        return f"an expression can't change it: use the policy {policy}"
    return advice.EQUALS


_POLICIES = {
    "StatusCode": "set-status",
    "StatusReason": "set-status",
    "Method": "set-method",
    "Url": "rewrite-uri",
    "Body": "set-body",
}


def _tuple_of(target: Expression) -> Expression | None:
    """Return the tuple that something is an element of; None when it is none."""
    if isinstance(target, nodes.FieldAccess) and target.receiver is not None and not target.field.is_static:
        return target.receiver if target.receiver.type.is_value_type else None
    return target.receiver if isinstance(target, nodes.TupleElement) else None
