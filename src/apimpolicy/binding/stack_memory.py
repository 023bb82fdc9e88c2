"""`stackalloc` as a span (C# 7.3; specification, section 12.8.22): with a size, with elements, or with both.

It may stand where a local variable gets its value, also behind a cast or in a branch of `? :`, and where one is
assigned in a statement of its own; elsewhere is C# 8. What it gives must not live longer than its function. That is
followed through variables alone, not through members such as Slice; here the memory is an array, and nothing breaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import conversions as conv
from apimpolicy.binding.creation import CreationBinder
from apimpolicy.binding.inference import best_common_type
from apimpolicy.binding.nodes import ArrayCreation, Bad, Conditional, Convert, Expression, Local
from apimpolicy.binding.spelling import shown
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import ERROR, NamedType, Type, TypeParameter, array_of
from apimpolicy.dotnet.values import INT
from apimpolicy.syntax.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.syntax.nodes import Child

STACK_KINDS = frozenset({"stackalloc", "stackalloc_with_initializer", "implicit_stackalloc"})
_AROUND = frozenset({"conditional", "cast", *STACK_KINDS})


class StackMemoryBinder(CreationBinder):
    """`stackalloc` in all its forms."""

    _stack_places: frozenset[int] = frozenset()
    """The identities of the nodes that stand where `stackalloc` may."""

    def allow_stack_memory(self, value: Child) -> None:
        """Say that this is the value of a variable, where `stackalloc` may stand."""
        if not isinstance(value, Node) or value.kind not in _AROUND:
            return
        waiting: list[Child] = [value]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Node):
                while node.kind == "cast":
                    node = node.node(1)
                if node.kind in STACK_KINDS:
                    self._stack_places |= {id(node)}
                elif node.kind == "conditional":
                    waiting.extend(node.children)

    def stack_value(self, node: Node, target: Type | None) -> Expression:
        """`T name = stackalloc …`, or `var name` without a target: a span, or a pointer, which is unsafe (CS0214)."""
        array = self._stack_array(node)
        if isinstance(array, Bad) or target is ERROR:
            return self.bad(node)
        element = array.type.element  # type: ignore[attr-defined]
        if target is None:
            help = f"write Span<{shown(element)}> for 'var'"
            return self.failure(node, "CS0214", "pointers can only be used in unsafe code", help=help)
        if isinstance(target, NamedType) and conv.is_ref_struct(target) and target.arguments[0] is element:
            return self.convert(array, target)
        what = f"'stackalloc {shown(element)}[…]' gives a Span<{shown(element)}>, not '{shown(target)}'"
        return self.failure(node, "CS8346", what)

    def bind_stackalloc(self, node: Node) -> Expression:
        array = self._stack_array(node)
        if isinstance(array, Bad):
            return array
        return self.convert(array, named("System.Span", array.type.element))  # type: ignore[attr-defined]

    bind_stackalloc_with_initializer = bind_implicit_stackalloc = bind_stackalloc

    def _stack_array(self, node: Node) -> Expression:
        """The memory, as an array."""
        if id(node) not in self._stack_places:
            end = node.start + len("stackalloc")
            message = "'stackalloc in nested expressions' is newer than C# 7.3"
            return self.failure_at(node.start, end, node, "CS8370", message, help="use 'new' instead of 'stackalloc'")
        if "catch" in self.enclosing_parts() or "finally" in self.enclosing_parts():
            return self.failure(node, "CS0255", "'stackalloc' can't be used in a catch or finally block")
        if node.kind == "implicit_stackalloc":
            return self._implied(node)
        type_node, sizes_node, initializer = node.children
        element = self.bind_type(type_node)
        if element is ERROR or not self._is_unmanaged(type_node, element):
            return self.bad(node)
        sizes = [self.bind_typed(size) for size in sizes_node.children] if isinstance(sizes_node, Node) else []
        rank = len(sizes) if sizes else sizes_node.text.count(",") + 1  # type: ignore[union-attr]
        if rank > 1:
            return self.failure(type_node, "CS1575", "'stackalloc' must have one size: stackalloc int[3]")
        sizes = [self.convert(size, INT) for size in sizes]
        if any(isinstance(size, Bad) for size in sizes):
            return self.bad(node)
        if sizes and sizes[0].is_constant and sizes[0].constant < 0:
            return self.failure(sizes[0].syntax, "CS0247", "the size of 'stackalloc' cannot be negative")
        if not isinstance(initializer, Node):
            return ArrayCreation(node, array_of(element), sizes, None)
        return self.array_of_elements(node, array_of(element), sizes, initializer)

    def _implied(self, node: Node) -> Expression:
        items = [self.bind_value(child) for child in node.node(1).children]
        if any(isinstance(item, Bad) for item in items):
            return self.bad(node)
        element = best_common_type(items)
        if element is None or element is ERROR:
            return self.failure(
                node,
                "CS0826",
                "no single type fits all elements of this array",
                help="write the type: stackalloc int[] …",
            )
        if not self._is_unmanaged(node, element):
            return self.bad(node)
        return ArrayCreation(node, array_of(element), (), [self.convert(item, element) for item in items])

    def _is_unmanaged(self, node: Child, type_: Type) -> bool:
        if is_unmanaged(type_):
            return True
        self.report(
            node, "CS0208", f"'{shown(type_)}' is or contains a reference type, so it can't be allocated on the stack"
        )
        return False

    def lives_on(self, value: Expression, target: Expression | None) -> bool:
        """Whether a span may be returned, or given to a variable that may be; reports CS8352 or CS8353 if not."""
        if isinstance(target, Local) and target.symbol.is_on_stack:
            return True
        found = _on_stack(value)
        if isinstance(found, Local):
            self.report(
                found.syntax, "CS8352", f"'{found.symbol.name}' refers to stack memory and can't leave this function"
            )
        elif found is not None:
            self.report(found.syntax, "CS8353", "stack memory can't leave this function")
        return found is None

    def enclosing_parts(self) -> Sequence[str]:
        raise NotImplementedError


def is_on_stack(value: Expression | None) -> bool:
    """Whether a variable with this first value holds memory of the stack."""
    return value is not None and _on_stack(value) is not None


def _on_stack(value: Expression) -> Expression | None:
    """The part of a value that is memory of the stack: a `stackalloc`, or a variable that has one."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Local) and found.symbol.is_on_stack:
            return found
        if isinstance(found, ArrayCreation) and isinstance(found.syntax, Node) and found.syntax.kind in STACK_KINDS:
            return found
        if isinstance(found, Convert):
            waiting.append(found.operand)
        elif isinstance(found, Conditional):
            waiting += [found.when_true, found.when_false]
    return None


def is_unmanaged(type_: Type) -> bool:
    """Whether values of a type hold no reference (section 8.8): numbers, enums, plain structures."""
    if isinstance(type_, TypeParameter):
        return "unmanaged" in type_.constraints
    if not isinstance(type_, NamedType) or not type_.is_value_type or conv.is_ref_struct(type_):
        return False
    return not type_.arguments and type_.name not in _WITH_REFERENCES


_WITH_REFERENCES = frozenset(
    {"System.Threading.CancellationToken", "System.Security.Cryptography.HashAlgorithmName", "System.RuntimeTypeHandle"}
)
"""Structures with a reference inside; the surface does not record it."""
