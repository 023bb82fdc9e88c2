"""Variables as targets of assignments and of `ref` (C# specification, sections 9.7, 12.18 and 12.21.2)."""

from __future__ import annotations

from apimpolicy.csharp.binding import advice, nodes
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.nodes import Bad, Expression
from apimpolicy.csharp.binding.reports import shown
from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol
from apimpolicy.csharp.binding.type_relations import is_ref_struct, same
from apimpolicy.csharp.dotnet.types import ERROR, Type
from apimpolicy.csharp.host import SET_BY
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Child, Node, Token
from apimpolicy.records import Record


def bind_ref_expression(binder: Binder, node: shapes.RefExpression) -> Expression:
    """Return a `ref` where no reference is wanted: only the places that want one ask `reference` themselves."""
    return binder.failure(node, "CS1525", "'ref' can't be used here", help="remove it")


def bind_reference(
    binder: Binder, node: shapes.RefExpression, *, returned: bool = False, read_only: bool = False
) -> Expression:
    """`ref variable`: the reference; reports when there is no variable, or one that does not live on.

    `read_only`: what is wanted is a `ref readonly`, which may be to a variable that can only be read.
    """
    target = binder.require_typed(binder.bind_value(node.target))
    if isinstance(target, Bad):
        return target
    return reference_to(binder, target, node.target, returned=returned, read_only=read_only)


def reference_to(
    binder: Binder, target: Expression, node: Child, *, returned: bool = False, read_only: bool = False
) -> Expression:
    cause = None if read_only else find_read_only(target)
    if cause is not None:
        return binder.failure(node, cause.returned if returned else cause.referenced, f"{cause.what} and is read-only")
    if isinstance(target, nodes.Dereference):
        return target.reference
    if isinstance(target, nodes.IndexerAccess) and target.property.has_setter and is_ref_struct(target.receiver.type):
        return nodes.Reference(target.syntax, target.type, target)  # the indexer of a span returns by reference
    if isinstance(target, (nodes.PropertyAccess, nodes.IndexerAccess)):
        code = "CS8156" if returned else "CS0206"
        return binder.failure(node, code, "a property or indexer can't be passed by reference")
    if not isinstance(target, (nodes.Local, nodes.ArrayAccess, nodes.FieldAccess, nodes.TupleElement)) or (
        isinstance(target, nodes.Local) and target.symbol.kind == "constant"
    ):
        return binder.failure(node, "CS8156" if returned else "CS1510", "'ref' needs a variable")
    if isinstance(target, nodes.Local):
        if returned and not target.symbol.is_reference and not (read_only and target.symbol.mode == "in"):
            return _does_not_live_on(binder, target, node)
        if target.symbol.is_readonly and not read_only:
            message = f"'{target.symbol.name}' is read-only and can't be passed by reference"
            return binder.failure(node, "CS1657", message)
    mark_referenced(target)
    return nodes.Reference(target.syntax, target.type, target)


def _does_not_live_on(binder: Binder, target: nodes.Local, node: Child) -> Bad:
    if target.symbol.kind == "parameter":
        message = f"'{target.symbol.name}' can't be returned by reference: it is not a ref parameter"
        return binder.failure(node, "CS8166", message)
    message = f"'{target.symbol.name}' can't be returned by reference: it is not a ref variable"
    return binder.failure(node, "CS8168", message)


def wanted_reference(binder: Binder, node: Child, reference: Expression, wanted: Type, code: str) -> Expression:
    """Return a reference; reports one that is not to exactly the wanted type: CS8173 or CS8151."""
    if ERROR in (reference.type, wanted) or same(reference.type, wanted):
        return reference
    return binder.failure(node, code, f"a reference to '{shown(wanted)}' is needed, not to '{shown(reference.type)}'")


def reference_conditional(binder: Binder, node: shapes.Conditional) -> Expression:
    """`c ? ref a : ref b` is a variable (section 12.18); both branches have one type."""
    branches = [branch for branch in (node.when_true, node.when_false) if isinstance(branch, shapes.RefExpression)]
    if len(branches) == 1:
        at = node.when_true if node.when_false is branches[0] else node.when_false
        return binder.failure(at, "CS8326", "either both or none of the branches must be 'ref'")
    condition = binder.bind_condition(node.condition)
    first, second = (bind_reference(binder, branch, read_only=True) for branch in branches)
    if any(isinstance(e, Bad) for e in (condition, first, second)):
        return binder.bad(node)
    if not same(first.type, second.type):
        message = f"both branches must be of the type '{shown(first.type)}'"
        return binder.failure(second.syntax, "CS8327", message)
    return nodes.Dereference(node, first.type, nodes.Conditional(node, first.type, condition, first, second))


def returned_reference(binder: Binder, node: Node, value: Node, function: object) -> Expression:
    """Return the returned reference; report a value and a function that do not agree about `ref`."""
    at = node.start if isinstance(node, shapes.ReturnStatement) else value.start
    if not isinstance(function, LocalFunctionSymbol) or not function.returns_reference:
        return binder.failure_at(at, node.end, node, "CS8149", "this function doesn't return by reference")
    if not isinstance(value, shapes.RefExpression):
        help = "write 'ref' before the variable"
        return binder.failure_at(at, node.end, node, "CS8150", "this function returns by reference", help=help)
    reference = bind_reference(binder, value, returned=True, read_only=function.returns_readonly)
    if isinstance(reference, Bad):
        return reference
    return wanted_reference(binder, value.target, reference, function.returns, "CS8151")


# Variables that can only be read: `ref readonly` locals and returns (C# 7.2), and `in` parameters.


class ReadOnly(Record):
    """The reason why a variable is read-only, with the codes for assigning, passing and returning it by reference."""

    what: str
    assigned: str
    referenced: str
    returned: str


def find_read_only(target: Expression) -> ReadOnly | None:
    """Return why a variable is read-only, or None; a part of a structure is read-only with the whole."""
    is_part = False
    while isinstance(target, nodes.TupleElement) or (
        isinstance(target, nodes.FieldAccess) and target.receiver is not None and target.receiver.type.is_value_type
    ):
        if target.receiver is None:
            return None
        is_part, target = True, target.receiver
    if isinstance(target, nodes.Local):
        if target.symbol.is_readonly_reference:
            return ReadOnly(f"'{target.symbol.name}' is a ref readonly variable", "CS0131", "CS1510", "CS8156")
        if target.symbol.mode == "in":
            return _without_field(f"'{target.symbol.name}' is an in parameter", is_part=is_part)
    if isinstance(target, nodes.Dereference):
        return _of_reference(target.reference, is_part=is_part)
    return None


def _without_field(what: str, *, is_part: bool) -> ReadOnly:
    if is_part:
        return ReadOnly(what, "CS8332", "CS8330", "CS8334")
    return ReadOnly(what, "CS8331", "CS8329", "CS8333")


def _of_reference(reference: Expression, *, is_part: bool) -> ReadOnly | None:
    if isinstance(reference, nodes.Reference):
        return find_read_only(reference.target)
    if isinstance(reference, nodes.Conditional):
        return _of_reference(reference.when_true, is_part=is_part) or _of_reference(
            reference.when_false, is_part=is_part
        )
    if isinstance(reference, nodes.DelegateCall) and isinstance(reference.target, nodes.MethodGroup):
        function = reference.target.function
        if function is not None and function.returns_readonly:
            return _without_field(f"'{function.name}' returns a ref readonly", is_part=is_part)
    return None


def mark_referenced(target: Expression) -> None:
    """Remember that something else than its name may change a variable."""
    while isinstance(target, nodes.TupleElement):
        target = target.receiver
    if isinstance(target, nodes.Local):
        target.symbol.is_referenced = True


# Targets of assignments (C# specification, section 12.21.2).


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
    cause = find_read_only(target)
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
    policy = SET_BY.get(f"{target.property.container}.{target.property.name}")
    before = binder.excerpt.text[: target.syntax.start].rstrip()
    if policy is not None and before[-1:] in ("{", "}", ";"):
        return f"an expression can't change it: use the policy {policy}"
    return advice.EQUALS


def _tuple_of(target: Expression) -> Expression | None:
    if isinstance(target, nodes.FieldAccess) and target.receiver is not None and not target.field.is_static:
        return target.receiver if target.receiver.type.is_value_type else None
    return target.receiver if isinstance(target, nodes.TupleElement) else None
