"""The switch statement (C# specification, section 13.8.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import lookup, nodes
from apimpolicy.binding.advice import operand_name
from apimpolicy.binding.declarations import declare_ahead
from apimpolicy.binding.flow import Flow
from apimpolicy.binding.nodes import Bad, Expression, Statement
from apimpolicy.binding.patterns import bind_pattern
from apimpolicy.binding.symbols import Scope
from apimpolicy.dotnet.types import ERROR, SpecialType
from apimpolicy.dotnet.values import BOOL, VOID
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.core import Binder
    from apimpolicy.dotnet.types import Type


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
            if Flow(binder.ends).list_end_reachable(section.statements):
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
