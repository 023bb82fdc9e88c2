"""Targets of assignments (C# specification, section 12.21.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import advice, nodes
from apimpolicy.binding.nodes import Bad, Expression
from apimpolicy.binding.readonly import read_only
from apimpolicy.binding.spelling import shown

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder
    from apimpolicy.syntax.nodes import Node, Token


def check_assignable(binder: Binder, target: Expression, node: Node | Token, *, code: str = "CS0131") -> bool:
    """Return whether something can be assigned to this expression; reports why not."""
    if isinstance(target, Bad):
        return False
    if isinstance(target, nodes.Local) and target.symbol.is_readonly:
        kinds = {"foreach": "foreach iteration variable", "using": "using variable"}
        if target.symbol.kind == "range":
            binder.report(node, "CS1947", f"'{target.symbol.name}' is a range variable and cannot be assigned")
        elif target.symbol.kind in kinds:
            binder.report(
                node, "CS1656", f"'{target.symbol.name}' is a {kinds[target.symbol.kind]} and cannot be assigned"
            )
        elif target.symbol.kind == "constant":
            binder.report(node, "CS0131", f"'{target.symbol.name}' is a constant and cannot be assigned")
        else:
            binder.report(node, "CS0200", f"'{target.symbol.name}' cannot be assigned")
        return False
    if not _has_own_place(binder, target, node):
        return False
    cause = read_only(target)
    if cause is not None:
        assigned = code if cause.assigned == "CS0131" else cause.assigned
        binder.report(node, assigned, f"{cause.what} and cannot be assigned")
        return False
    if isinstance(target, nodes.Local):
        return True
    if isinstance(target, (nodes.PropertyAccess, nodes.IndexerAccess)):
        if not target.property.has_setter:
            what = f"'{shown(target.property.container)}.{target.property.name}'"
            if isinstance(target, nodes.IndexerAccess):
                what = f"the index of '{shown(target.property.container)}'"
            binder.report(node, "CS0200", f"{what} is read-only", help=_readonly_help(target))
            return False
        return True
    if isinstance(target, nodes.FieldAccess):
        if target.field.is_constant:
            binder.report(node, "CS0131", f"'{target.field.name}' is a constant and cannot be assigned")
            return False
        if target.field.is_readonly:
            binder.report(node, "CS0198", f"'{target.field.name}' is read-only")
            return False
        return True
    if isinstance(target, nodes.AnonymousMember):
        binder.report(node, "CS0200", "the properties of an anonymous object are read-only")
        return False
    if isinstance(target, (nodes.ArrayAccess, nodes.TupleElement, nodes.Dereference)):
        return True
    if isinstance(target, nodes.Dynamic) and target.operation in ("member", "index"):
        return True
    if isinstance(target, nodes.MethodGroup):
        binder.report(node, "CS1656", f"'{target.name}' is a method and cannot be assigned")
        return False
    binder.report(node, code, "only a variable, a property or an indexed element can be assigned")
    return False


def _has_own_place(binder: Binder, target: Expression, node: Node | Token) -> bool:
    """Return whether the tuple that an element is of is a variable: changing a copy is CS1612, or CS1654 in a loop."""
    whole = target
    while _is_part(whole):
        whole = whole.receiver  # type: ignore[attr-defined]
    if whole is target:
        return True
    target = whole
    if isinstance(target, nodes.Local) and target.symbol.kind in ("foreach", "using"):
        binder.report(node, "CS1654", f"'{target.symbol.name}' and its elements are read-only")
        return False
    if isinstance(target, (nodes.PropertyAccess, nodes.IndexerAccess, nodes.Call, nodes.DelegateCall)):
        binder.report(
            target.syntax, "CS1612", "this expression returns a copy of the tuple, so changing it has no effect"
        )
        return False
    return True


def _readonly_help(target: Expression) -> str:
    container = getattr(getattr(target, "property", None), "container", None)
    if container is not None and "IReadOnlyDictionary" in str(container):
        return "headers, variables and the like are changed by policies: set-header, set-variable, …"
    return advice.EQUALS


def _is_part(target: Expression) -> bool:
    """Return whether something is an element of a tuple: as the tuple, it may be a copy."""
    if isinstance(target, nodes.FieldAccess):
        return target.receiver is not None and target.receiver.type.is_value_type and not target.field.is_static
    return isinstance(target, nodes.TupleElement)
