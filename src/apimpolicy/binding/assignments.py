"""Assignments and increments (C# specification, section 12.21)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import advice
from apimpolicy.binding import conversions as conv
from apimpolicy.binding.nodes import (
    AnonymousMember,
    ArrayAccess,
    Assignment,
    Bad,
    Call,
    CompoundAssignment,
    DelegateCall,
    Dereference,
    Dynamic,
    Expression,
    FieldAccess,
    IndexerAccess,
    Literal,
    Local,
    MethodGroup,
    Placeholder,
    PropertyAccess,
    Redirection,
    TupleElement,
)
from apimpolicy.binding.operations import OperationBinder, operand_name
from apimpolicy.binding.readonly import read_only
from apimpolicy.binding.spelling import shown
from apimpolicy.dotnet.types import DYNAMIC
from apimpolicy.dotnet.values import INT, VOID
from apimpolicy.syntax.nodes import Node

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type


class AssignmentBinder(OperationBinder):
    """`=`, `op=`, `++` and `--`."""

    def bind_prefix_increment(self, node: Node) -> Expression:
        return self._increment(node, node.token(0).text, node.node(1), is_postfix=False)

    def bind_postfix_increment(self, node: Node) -> Expression:
        return self._increment(node, node.token(1).text, node.node(0), is_postfix=True)

    def _increment(self, node: Node, operator: str, target_node: Node, *, is_postfix: bool) -> Expression:
        target = self.require_typed(self.bind_value(target_node))
        if isinstance(target, Bad):
            return target
        if not self.check_assignable(target, target_node, code="CS1059"):
            return self.bad(node)
        bare = target.type.underlying or target.type
        if bare not in conv.NUMERIC and not conv.is_enum(bare) and bare is not DYNAMIC:
            return self.failure(node, "CS0023", f"'{operator}' can't be applied to {operand_name(target)}")
        placeholder = Placeholder(target_node, target.type)
        one = Literal(node, INT, 1)
        result = self._compound_result(node, operator[0], target, placeholder, one)
        if isinstance(result, Bad):
            return result
        return CompoundAssignment(node, target.type, target, placeholder, result, is_postfix=is_postfix)

    # --------------------------------------------------------------------------------------- assignments

    def check_assignable(self, target: Expression, node: Node, *, code: str = "CS0131") -> bool:
        """Whether something can be assigned to this expression; reports why not."""
        if isinstance(target, Bad):
            return False
        if isinstance(target, Local) and target.symbol.is_readonly:
            kinds = {"foreach": "foreach iteration variable", "using": "using variable"}
            if target.symbol.kind == "range":
                self.report(node, "CS1947", f"'{target.symbol.name}' is a range variable and cannot be assigned")
            elif target.symbol.kind in kinds:
                self.report(
                    node,
                    "CS1656",
                    f"'{target.symbol.name}' is a {kinds[target.symbol.kind]} and cannot be assigned",
                )
            elif target.symbol.kind == "constant":
                self.report(node, "CS0131", f"'{target.symbol.name}' is a constant and cannot be assigned")
            else:
                self.report(node, "CS0200", f"'{target.symbol.name}' cannot be assigned")
            return False
        if not self._has_own_place(target, node):
            return False
        cause = read_only(target)
        if cause is not None:
            assigned = code if cause.assigned == "CS0131" else cause.assigned
            self.report(node, assigned, f"{cause.what} and cannot be assigned")
            return False
        if isinstance(target, Local):
            return True
        if isinstance(target, (PropertyAccess, IndexerAccess)):
            if not target.property.has_setter:
                what = f"'{shown(target.property.container)}.{target.property.name}'"
                if isinstance(target, IndexerAccess):
                    what = f"the index of '{shown(target.property.container)}'"
                self.report(node, "CS0200", f"{what} is read-only", help=_readonly_help(target))
                return False
            return True
        if isinstance(target, FieldAccess):
            if target.field.is_constant:
                self.report(node, "CS0131", f"'{target.field.name}' is a constant and cannot be assigned")
                return False
            if target.field.is_readonly:
                self.report(node, "CS0198", f"'{target.field.name}' is read-only")
                return False
            return True
        if isinstance(target, AnonymousMember):
            self.report(node, "CS0200", "the properties of an anonymous object are read-only")
            return False
        if isinstance(target, (ArrayAccess, TupleElement, Dereference)):
            return True
        if isinstance(target, Dynamic) and target.operation in ("member", "index"):
            return True
        if isinstance(target, MethodGroup):
            self.report(node, "CS1656", f"'{target.name}' is a method and cannot be assigned")
            return False
        self.report(node, code, "only a variable, a property or an indexed element can be assigned")
        return False

    def _has_own_place(self, target: Expression, node: Node) -> bool:
        """Whether the tuple that an element is of is a variable: changing a copy is CS1612, or CS1654 in a loop."""
        whole = target
        while _is_part(whole):
            whole = whole.receiver  # type: ignore[attr-defined]
        if whole is target:
            return True
        target = whole
        if isinstance(target, Local) and target.symbol.kind in ("foreach", "using"):
            self.report(node, "CS1654", f"'{target.symbol.name}' and its elements are read-only")
            return False
        if isinstance(target, (PropertyAccess, IndexerAccess, Call, DelegateCall)):
            self.report(
                target.syntax, "CS1612", "this expression returns a copy of the tuple, so changing it has no effect"
            )
            return False
        return True

    def bind_assignment(self, node: Node) -> Expression:
        left_node, right_node = node.children
        if isinstance(left_node, Node) and left_node.kind in ("tuple", "declaration_expression"):
            return self.bind_deconstruction(node)
        if self._is_discard(left_node):
            value = self.require_typed(self.bind_value(right_node))
            if value.type is VOID:
                return self.failure(left_node, "CS8209", "this call returns nothing (void), so it can't be assigned")
            return value if isinstance(value, Bad) else Assignment(node, value.type, value, value)
        target = self.bind_value(left_node)
        if isinstance(right_node, Node) and right_node.kind == "ref_expression":
            return self._refer_anew(node, target, right_node)
        value = self.bind_value(right_node)
        if isinstance(target, Bad) or not self.check_assignable(target, left_node):  # type: ignore[arg-type]
            return self.bad(node)
        converted = self.convert(value, target.type)
        if isinstance(converted, Bad):
            return converted
        if conv.is_ref_struct(target.type) and not self.lives_on(value, target):
            return self.bad(node)
        return Assignment(node, target.type, target, converted)

    def lives_on(self, value: Expression, target: Expression | None) -> bool:
        raise NotImplementedError

    def _refer_anew(self, node: Node, target: Expression, value: Node) -> Expression:
        """`reference = ref variable` (section 12.21.3)."""
        read_only = isinstance(target, Local) and target.symbol.is_readonly_reference
        reference = self.reference(value, read_only=read_only)
        if isinstance(target, Bad) or isinstance(reference, Bad):
            return self.bad(node)
        if not isinstance(target, Local) or not target.symbol.is_reference:
            return self.failure(node.children[0], "CS8373", "only a ref variable can be reassigned with 'ref'")
        reference = self.wanted_reference(value.children[0], reference, target.type, "CS8173")
        return reference if isinstance(reference, Bad) else Redirection(node, target.type, target.symbol, reference)

    def reference(self, node: Node, *, returned: bool = False, read_only: bool = False) -> Expression:
        raise NotImplementedError

    def wanted_reference(self, node: Any, reference: Expression, wanted: Type, code: str) -> Expression:
        raise NotImplementedError

    def _is_discard(self, node: Any) -> bool:
        return (
            isinstance(node, Node)
            and node.kind == "identifier"
            and node.token(0).text == "_"
            and self.scope.find("_") is None
        )

    def bind_deconstruction(self, node: Node) -> Expression:
        raise NotImplementedError

    def bind_compound_assignment(self, node: Node) -> Expression:
        left_node, operator_token, right_node = node.children
        target = self.bind_value(left_node)
        value = self.bind_value(right_node)
        if isinstance(target, Bad) or isinstance(value, Bad):
            return self.bad(node)
        if not self.check_assignable(target, left_node):  # type: ignore[arg-type]
            return self.bad(node)
        operator = operator_token.text[:-1]  # type: ignore[union-attr]
        placeholder = Placeholder(left_node, target.type)  # type: ignore[arg-type]
        result = self._compound_result(node, operator, target, placeholder, value)
        if isinstance(result, Bad):
            return result
        return CompoundAssignment(node, target.type, target, placeholder, result)

    def _compound_result(
        self, node: Node, operator: str, target: Expression, placeholder: Placeholder, value: Expression
    ) -> Expression:
        """`target op value` converted back to the target's type (section 12.21.4)."""
        result = self.binary(node, operator, placeholder, value)
        if isinstance(result, Bad):
            return result
        conversion = self.classify(result, target.type)
        if conversion is not None:
            return self.apply(result, target.type, conversion)
        explicit = conv.explicit_conversion(result.type, target.type)
        shift = operator in ("<<", ">>")
        fits = shift or self.classify(value, target.type) is not None or conv.is_enum(target.type)
        if explicit is not None and explicit.kind != "user" and fits:
            return self.apply(result, target.type, explicit, explicit=True)
        if isinstance(value, Literal) and value.constant == 1 and target.type in conv.NUMERIC and explicit is not None:
            return self.apply(result, target.type, explicit, explicit=True)
        return self.convert(result, target.type, node)


def _readonly_help(target: Expression) -> str:
    container = getattr(getattr(target, "property", None), "container", None)
    if container is not None and "IReadOnlyDictionary" in str(container):
        return "headers, variables and the like are changed by policies: set-header, set-variable, …"
    return advice.EQUALS


def _is_part(target: Expression) -> bool:
    """Whether something is an element of a tuple: as the tuple, it may be a copy."""
    if isinstance(target, FieldAccess):
        return target.receiver is not None and target.receiver.type.is_value_type and not target.field.is_static
    return isinstance(target, TupleElement)
