"""The switch statement (C# specification, section 13.8.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import lookup
from apimpolicy.binding.declarations import DeclarationBinder
from apimpolicy.binding.flow import Flow
from apimpolicy.binding.nodes import (
    Bad,
    Expression,
    Pattern,
    Statement,
    Switch,
    SwitchLabel,
    SwitchSection,
)
from apimpolicy.binding.symbols import Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Node


class SwitchBinder(DeclarationBinder):
    """`switch`, its sections and labels."""

    def statement_switch_statement(self, node: Node) -> Statement:
        value = self.bind_typed(node.children[0])
        saved, saved_breakable = self.enter(), self._breakable
        self._breakable = (*self._breakable, "switch")
        try:
            outer_labels = self.declare_labels([s for child in node.children[1:] for s in child.children[1:]])  # type: ignore[union-attr]
            sections = [self._switch_section(child, value) for child in node.children[1:]]  # type: ignore[arg-type]
            self._labels = outer_labels
            self._check_labels(sections)
            self._check_subsumed(sections)
            for section in sections:
                if Flow().list_end_reachable(section.statements):
                    label = section.labels[-1].syntax
                    last = section is sections[-1]
                    self.report(
                        label,
                        "CS8070" if last else "CS0163",
                        "control falls out of this case",
                        help="end it with 'break;' or 'return'",
                    )
            return Switch(node, value, sections, self.scope.order)
        finally:
            self.scope, self._breakable = saved, saved_breakable

    def _switch_section(self, node: Node, value: Expression) -> SwitchSection:
        labels_node, *statements = node.children
        saved = self.enter()
        try:
            labels = [self._switch_label(child, value) for child in labels_node.children]  # type: ignore[union-attr, arg-type]
            names = self.scope.names
            self.scope = saved
            # variables declared in a section belong to the whole switch block, those of patterns to the section
            inner = Scope(saved)
            inner.names.update(names)
            self.scope = inner
            bound = [self.bind_statement(child) for child in statements]
            for symbol in inner.order:
                saved.names.setdefault(symbol.name, symbol)
            return SwitchSection(node, labels, bound)
        finally:
            self.scope = saved

    def _switch_label(self, node: Node, value: Expression) -> SwitchLabel:
        if node.kind == "default_label":
            return SwitchLabel(node, None, None)
        pattern_node, guard_node = node.children
        pattern = None
        if not isinstance(value, Bad):
            pattern = self.bind_pattern(pattern_node, value.type)  # type: ignore[arg-type]
        guard = self.convert_condition(self.bind_value(guard_node)) if guard_node is not None else None
        return SwitchLabel(node, pattern or Pattern(node, None, None, self.bad(node)), guard)

    def _check_labels(self, sections: Sequence[SwitchSection]) -> None:
        """CS0152 for a constant that occurs twice."""
        seen: set[Any] = set()
        for section in sections:
            for label in section.labels:
                if label.pattern is None:
                    key: Any = "default:"
                elif label.pattern.value is not None and label.pattern.value.is_constant and label.guard is None:
                    constant = label.pattern.value.constant
                    key = (type(constant), constant)
                else:
                    continue
                if key in seen:
                    shown_label = "default" if key == "default:" else f"case {key[1]!r}"
                    self.report(label.syntax, "CS0152", f"'{shown_label}:' occurs twice in this switch")
                seen.add(key)

    def _check_subsumed(self, sections: Sequence[SwitchSection]) -> None:
        """CS8120 for a pattern that can never match, since an earlier one takes all its values."""
        taken: dict[Type, None] = {}
        for section in sections:
            for label in section.labels:
                pattern = label.pattern
                if pattern is None or isinstance(pattern.value, Bad):
                    continue
                type_ = pattern.target or (pattern.value.type if pattern.value is not None else None)
                if type_ is not None and any(parent in taken for parent in lookup.supertypes(type_)):
                    self.report(
                        pattern.syntax,
                        "CS8120",
                        "an earlier case already takes every value that this one would",
                        help="put the narrower case first",
                    )
                elif pattern.target is not None and label.guard is None:
                    taken[pattern.target] = None
