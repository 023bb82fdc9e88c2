"""Casts, `as`, `is`, `typeof`, `default`, `checked`; patterns, and the switch statement.

C# specification, sections 12.8, 12.9 and 12.12, chapter 11 and section 13.8.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apimpolicy.csharp.binding import advice, lookup, nodes
from apimpolicy.csharp.binding import conversions as conv
from apimpolicy.csharp.binding.advice import operand_name
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.declarations import declare_ahead
from apimpolicy.csharp.binding.flow import Reachability
from apimpolicy.csharp.binding.literals import UnboundLambda
from apimpolicy.csharp.binding.names import bind_qualifier
from apimpolicy.csharp.binding.nodes import Bad, Expression, Statement
from apimpolicy.csharp.binding.reports import is_var, name_of, shown
from apimpolicy.csharp.binding.symbols import LocalSymbol, Scope
from apimpolicy.csharp.binding.type_relations import is_reference, is_static_class
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.types import ERROR, NULL, SpecialType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import BOOL, INT, VOID
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Child, Node, Token


def bind_is_pattern(binder: Binder, node: shapes.IsPattern) -> Expression:
    operand = binder.bind_value(node.operand)
    pattern_node = node.pattern
    if isinstance(operand, (UnboundLambda, nodes.MethodGroup)):
        operand = binder.failure(node, "CS0837", f"{operand_name(operand)} can't be used with 'is'")
    elif isinstance(operand.type, SpecialType) and operand.type is not ERROR:
        message = f"{operand_name(operand)} can't be used with 'is': it is not a value"
        operand = binder.failure(node.operand, "CS8117", message)
    if isinstance(operand, Bad):
        _declare_after_error(binder, pattern_node)
        return binder.bad(node, BOOL)
    pattern = bind_pattern(binder, pattern_node, operand.type)
    return binder.bad(node, BOOL) if pattern is None else nodes.IsPattern(node, BOOL, operand, pattern)


def bind_is_constant(binder: Binder, node: Node, operand: Expression, type_node: Node) -> Expression:
    if isinstance(operand, Bad):
        return operand
    value = binder.bind_value(_name_expression(type_node))
    pattern = _constant_pattern(binder, type_node, value, operand.type)
    return binder.bad(node) if pattern is None else nodes.IsPattern(node, BOOL, operand, pattern)


def _declare_after_error(binder: Binder, node: Child) -> None:
    if isinstance(node, shapes.DeclarationPattern):
        token = node.name
        type_ = ERROR if is_var(node.type) else binder.bind_type(node.type)
        _pattern_variable(binder, token, type_)
    elif isinstance(node, shapes.NewerPattern):
        bind_pattern(binder, node, ERROR)


def _pattern_variable(binder: Binder, token: Token, type_: Type) -> LocalSymbol | None:
    return None if token.text == "_" else binder.declare_variable(token, type_, "pattern")


def bind_pattern(
    binder: Binder, node: shapes.DeclarationPattern | shapes.NewerPattern | shapes.ConstantPattern, input_type: Type
) -> nodes.Pattern | None:
    """Return a pattern against a value of this type; None after a report."""
    if isinstance(node, shapes.NewerPattern):
        from apimpolicy.csharp.binding.newer_features import report_pattern

        report_pattern(binder, node)
        return None
    if isinstance(node, shapes.DeclarationPattern):
        type_node, token = node.type, node.name
        if is_var(type_node):
            return nodes.Pattern(node, None, _pattern_variable(binder, token, input_type))
        if isinstance(type_node, shapes.TupleType):
            target = positional_pattern(binder, type_node)
        else:
            target = binder.bind_type(type_node)
        symbol = _pattern_variable(binder, token, target)
        if target is ERROR or not _may_match(binder, type_node, input_type, target):
            return None
        return nodes.Pattern(node, target, symbol)
    value = binder.bind_value(node.value)
    return _constant_pattern(binder, node.value, value, input_type)


def positional_pattern(binder: Binder, node: shapes.TupleType) -> Type:
    """Report `is (int, string)`: where a pattern may be, the parenthesis opens a pattern of C# 8, and no tuple type."""
    help = "write ValueTuple<…> for the type of a tuple"
    binder.report(node, "CS8370", "'recursive patterns' is newer than C# 7.3", help=help)
    return ERROR


def _may_match(binder: Binder, node: Node, source: Type, target: Type) -> bool:
    if isinstance(source, SpecialType):
        if source is NULL:
            binder.report(node, "CS8117", "null can't be matched against a type")
            return False
        return True
    if target.underlying is not None:
        message = f"the nullable type '{shown(target)}' can't be used in a pattern"
        binder.report(node, "CS8116", message, help=f"use '{shown(target.underlying)}'")
        return False
    if not conv.may_be(binder.binds_instance, source, target):
        binder.report(node, "CS8121", f"a value of type '{shown(source)}' can never be a '{shown(target)}'")
        return False
    return True


def _constant_pattern(binder: Binder, node: Node, value: Expression, input_type: Type) -> nodes.Pattern | None:
    if isinstance(value, Bad):
        return None
    if input_type is ERROR:
        return nodes.Pattern(node, None, None, value)
    target = input_type.underlying or input_type
    if value.type is NULL:
        if not (is_reference(input_type) or input_type.underlying is not None):
            binder.report(node, "CS0037", f"'{shown(input_type)}' cannot be null")
            return None
        return nodes.Pattern(node, None, None, value)
    if not value.is_constant:
        binder.report(node, "CS0150", "a constant value is expected")
        return None
    conversion = binder.classify(value, target)
    if isinstance(target, TypeParameter) or (conversion is None and binder.binds_instance):
        return nodes.Pattern(node, None, None, value)
    if conversion is None:
        binder.convert(value, target, node)
        return None
    if conversion.kind == "user":
        message = f"a '{shown(value.type)}' constant can't be matched against a '{shown(target)}'"
        binder.report(node, "CS0150", message, help=advice.for_constant(target, value.type))
        return None
    if is_reference(target):
        return nodes.Pattern(node, None, None, value)
    return nodes.Pattern(node, None, None, binder.convert(value, target))


def bind_declaration_expression(binder: Binder, node: shapes.DeclarationExpression) -> Expression:
    return binder.failure(node, "CS8185", "a declaration is not allowed here")


def _name_expression(node: Node) -> Node:
    """Return a named type's syntax read as an expression: `A.B` as member access."""
    if not isinstance(node, shapes.NamedType):
        return node
    qualifier, token, arguments = node.qualifier, node.name, node.type_arguments
    if qualifier is None:
        return shapes.Identifier([token, arguments], node.start, node.end)
    return shapes.MemberAccess([_name_expression(qualifier), token, arguments], node.start, node.end)


# The switch statement (C# specification, section 13.8.3)


def statement_switch_statement(binder: Binder, node: shapes.SwitchStatement) -> Statement:
    value = binder.bind_value(node.value)
    is_special = isinstance(value.type, SpecialType) and value.type is not ERROR
    if is_special or value.type is VOID:
        value = binder.failure(node.value, "CS8119", f"switch needs a value, but this is {operand_name(value)}")
    around = binder.enclosing
    inside = around.replaced(breakable=(*around.breakable, "switch"), switch_types=(*around.switch_types, value.type))
    with binder.in_scope(), binder.within(enclosing=inside, gotos=()):
        statements = [s for child in node.sections for s in child.statements]
        declare_ahead(binder, statements)
        sections = [_switch_section(binder, child, value) for child in node.sections]
        _check_labels(binder, sections)
        if not binder.binds_instance:
            _check_subsumed(binder, sections, value.type)
        _check_gotos(binder, sections)
        for section in sections:
            if Reachability(binder.ends).list_end_reachable(section.statements):
                label = section.labels[-1].syntax
                last = section is sections[-1]
                message = "this case falls through to the next one"
                binder.report(label, "CS8070" if last else "CS0163", message, help="end it with 'break;' or 'return'")
        return nodes.Switch(node, value, tuple(sections), tuple(binder.scope.order))


def _switch_section(binder: Binder, node: shapes.SwitchSection, value: Expression) -> nodes.SwitchSection:
    block = binder.scope
    with binder.in_scope():
        labels = [_switch_label(binder, child, value) for child in node.labels.labels]
        names = binder.scope.names
    # variables declared in a section belong to the whole switch block, those of patterns to the section
    inner = Scope(block)
    inner.section_of = block
    inner.take(names.values())
    with binder.within(scope=inner):
        bound = [binder.bind_statement(child) for child in node.statements]
    block.take(symbol for symbol in inner.order if symbol.name not in block.names)
    return nodes.SwitchSection(node, tuple(labels), tuple(bound))


def _switch_label(binder: Binder, node: shapes.CaseLabel | shapes.DefaultLabel, value: Expression) -> nodes.SwitchLabel:
    if isinstance(node, shapes.DefaultLabel):
        return nodes.SwitchLabel(node, None, None)
    pattern_node, guard_node = node.pattern, node.guard
    pattern = bind_pattern(binder, pattern_node, value.type)
    guard = binder.bind_condition(guard_node) if guard_node is not None else None
    return nodes.SwitchLabel(node, pattern or nodes.Pattern(node, None, None, binder.bad(node)), guard)


def _check_labels(binder: Binder, sections: Sequence[nodes.SwitchSection]) -> None:
    """CS0152 for a constant that occurs twice."""
    seen: set[Any] = set()
    for section in sections:
        for label in section.labels:
            if label.pattern is None:
                key: Any = "default:"
            elif label.pattern.value is not None and label.pattern.value.is_constant and label.guard is None:
                key = _case_key(label.pattern.value)
            else:
                continue
            if key in seen:
                shown_label = "default" if key == "default:" else f"case {key[1]!r}"
                binder.report(label.syntax, "CS0152", f"this switch has '{shown_label}:' more than once")
            seen.add(key)


def _check_gotos(binder: Binder, sections: Sequence[nodes.SwitchSection]) -> None:
    """CS0159 for a `goto case` or `goto default` without its label (section 13.10.4); a guarded one is none."""
    labels = [label for section in sections for label in section.labels]
    if any(label.pattern is not None and isinstance(label.pattern.value, Bad) for label in labels):
        return
    has_default = any(label.pattern is None for label in labels)
    constants = {
        _case_key(label.pattern.value)
        for label in labels
        if label.guard is None
        and label.pattern is not None
        and label.pattern.value is not None
        and label.pattern.value.is_constant
    }
    for goto in binder.gotos:
        if goto.value is None and not has_default:
            binder.report(goto.syntax, "CS0159", "this switch has no 'default:' label")
        elif goto.value is not None and goto.value.is_constant:
            value = goto.value.constant
            if _case_key(goto.value) not in constants:
                binder.report(goto.syntax, "CS0159", f"this switch has no 'case {value!r}:' label")


def _check_subsumed(binder: Binder, sections: Sequence[nodes.SwitchSection], governing: Type) -> None:
    """CS8120 for a pattern that can never match, since earlier ones take all its values."""
    taken = _Taken(governing)
    for section in sections:
        for label in section.labels:
            pattern = label.pattern
            if pattern is None or isinstance(pattern.value, Bad):
                continue
            if taken.has(pattern):
                message = "an earlier case already handles every value of this one"
                binder.report(pattern.syntax, "CS8120", message, help="move the more specific case up")
            elif label.guard is None or (label.guard.is_constant and label.guard.constant):
                taken.add(pattern)


def _case_key(value: Expression) -> tuple[Any, Any]:
    """Return the key of a constant case: `3` and `3L` are different cases, for an object; there is one null."""
    return (None if value.constant is None else value.type), value.constant


class _Taken:
    """The values of a switch that its cases have handled so far."""

    def __init__(self, governing: Type) -> None:
        self._governing = governing
        self._types: set[Type] = set()
        self._booleans: set[bool] = set()
        self._has_null = governing.is_value_type and governing.underlying is None
        self._has_all = False

    def add(self, pattern: nodes.Pattern) -> None:
        if pattern.target is not None:
            self._types.add(pattern.target.nameless)
        elif pattern.value is None:
            self._has_all = True
        elif pattern.value.is_constant and pattern.value.constant is None:
            self._has_null = True
        elif pattern.value.type is BOOL:
            self._booleans.add(pattern.value.constant)

    def has(self, pattern: nodes.Pattern) -> bool:
        """Return whether no value is left for a pattern; CS0152 reports a constant that occurs twice."""
        if self._has_all:
            return True
        if pattern.target is not None:
            return self._has_type(pattern.target)
        if pattern.value is None:
            return self._has_null and self._has_type(self._governing.underlying or self._governing)
        is_null = pattern.value.is_constant and pattern.value.constant is None
        return not is_null and any(parent.nameless in self._types for parent in lookup.supertypes(pattern.value.type))

    def _has_type(self, type_: Type) -> bool:
        if type_ is BOOL and len(self._booleans) == len((True, False)):
            return True
        return any(parent.nameless in self._types for parent in lookup.supertypes(type_))


def bind_cast(binder: Binder, node: shapes.Cast) -> Expression:
    target = binder.bind_type(node.type)
    operand = binder.bind_value(node.operand)
    if target is ERROR or isinstance(operand, Bad):
        return binder.bad(node, target)
    if is_static_class(target):
        return binder.failure(node, "CS0716", f"'{shown(target)}' is a static class and can't be used as a type here")
    return cast(binder, node, operand, target)


def cast(binder: Binder, node: Node, operand: Expression, target: Type) -> Expression:
    """`(target)operand`."""
    if isinstance(operand, nodes.TupleCreation):
        conversion = binder.classify(operand, target)
        if conversion is not None:
            return binder.apply(operand, target, conversion, node, explicit=True)
    if isinstance(operand.type, SpecialType) and operand.type is not NULL:
        return binder.convert(operand, target, node)
    found = conv.explicit_conversion(operand.type, target)
    if found is None and binder.classify(operand, target) is not None:
        found = binder.classify(operand, target)
    if found is None:
        if operand.type is NULL:
            return binder.failure(node, "CS0037", f"'{shown(target)}' cannot be null", help=f"use '{shown(target)}?'")
        message = f"'{shown(operand.type)}' cannot be cast to '{shown(target)}'"
        return binder.failure(node, "CS0030", message, help=advice.for_conversion(operand.type, target, operand))
    return binder.apply(operand, target, found, node, explicit=True)


def bind_as_type(binder: Binder, node: shapes.AsType) -> Expression:
    operand = binder.bind_value(node.operand)
    target = binder.bind_type(node.type)
    if isinstance(operand, Bad) or target.has_error:
        return binder.bad(node, target)
    if target.is_value_type and target.underlying is None:
        message = f"'as' must be used with a type that can be null, and '{shown(target)}' can't be"
        return binder.failure(node, "CS0077", message, help=f"use 'as {shown(target)}?' or a cast")
    if isinstance(target, TypeParameter) and not is_reference(target):
        help = f"write where {target.name} : class"
        message = f"'as' must be used with a type that can be null, and '{target.name}' might not be"
        return binder.failure(node, "CS0413", message, help=help)
    if isinstance(operand.type, SpecialType) and operand.type is not NULL:
        return binder.failure(node, "CS0837", f"{operand_name(operand)} can't be used with 'as'")
    if operand.type is not NULL and not conv.may_be(binder.binds_instance, operand.type, target):
        return binder.failure(node, "CS0039", f"'{shown(operand.type)}' can never be a '{shown(target)}'")
    return nodes.AsType(node, target, operand)


def bind_is_type(binder: Binder, node: shapes.IsType) -> Expression:
    operand = binder.bind_value(node.operand)
    type_node = node.type
    if isinstance(type_node, shapes.NamedType) and _names_constant(binder, type_node):
        return bind_is_constant(binder, node, operand, type_node)
    target = (
        positional_pattern(binder, type_node)
        if isinstance(type_node, shapes.TupleType)
        else binder.bind_type(type_node)
    )
    if isinstance(operand, Bad) or target is ERROR:
        return binder.bad(node, BOOL)
    if isinstance(operand.type, SpecialType) and operand.type is not NULL:
        return binder.failure(node, "CS0837", f"{operand_name(operand)} can't be used with 'is'")
    return nodes.IsType(node, BOOL, operand, target)


def _names_constant(binder: Binder, node: shapes.NamedType) -> bool:
    """Return whether `x is Name` means a constant: no such type, but a value of that name."""
    qualifier, token, arguments = node.qualifier, node.name, node.type_arguments
    if arguments is not None:
        return False
    name = name_of(token)
    if qualifier is None:
        return binder.scope.find(name) is not None
    with binder.within(diagnostics=[]):
        left = bind_qualifier(binder, qualifier)
        reported = bool(binder.diagnostics)
    if isinstance(left, str) or reported or left is ERROR:
        return False
    return bool(lookup.find_members(left, name))


def bind_typeof(binder: Binder, node: shapes.Typeof) -> Expression:
    with binder.within(takes_unbound=isinstance(node.type, shapes.NamedType)):
        target = binder.bind_type(node.type)
    return binder.bad(node) if target is ERROR else nodes.TypeOf(node, named("System.Type"), target)


_SIZES = {1: "byte sbyte bool", 2: "short ushort char", 4: "int uint float", 8: "long ulong double", 16: "decimal"}


def bind_sizeof(binder: Binder, node: shapes.Sizeof) -> Expression:
    target = binder.bind_type(node.type)
    size = next((size for size, types in _SIZES.items() if str(target) in types.split()), None)
    if target is ERROR:
        return binder.bad(node)
    if size is None and is_reference(target):
        return binder.failure(node, "CS0208", f"'{shown(target)}' is a reference type, and 'sizeof' needs a value type")
    if size is None:
        return binder.failure(node, "CS0233", f"'sizeof({shown(target)})' is only allowed in unsafe code")
    return nodes.Literal(node, INT, size)


def bind_default_expression(binder: Binder, node: shapes.DefaultExpression) -> Expression:
    target = binder.bind_type(node.type)
    return binder.bad(node) if target is ERROR else binder.default_value(node, target)


def bind_checked_expression(binder: Binder, node: shapes.CheckedExpression | shapes.UncheckedExpression) -> Expression:
    with binder.within(is_checked=isinstance(node, shapes.CheckedExpression)):
        return binder.bind(node.expression)


bind_unchecked_expression = bind_checked_expression
