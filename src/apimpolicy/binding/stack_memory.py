"""`stackalloc` as a span (C# 7.3; specification, section 12.8.22): with a size, with elements, or with both.

It may stand where a local variable gets its value, also behind a cast or in a branch of `? :`, and where one is
assigned in a statement of its own; elsewhere is C# 8. What it gives must not live longer than its function. That is
followed through variables alone, not through members such as Slice; here the memory is an array, and nothing breaks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import conversions as conv
from apimpolicy.binding.array_creation import array_of_elements, implied_element
from apimpolicy.binding.nodes import ArrayCreation, Bad, Expression
from apimpolicy.binding.spelling import shown
from apimpolicy.binding.type_relations import is_unmanaged
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import ERROR, NamedType, Type, array_of
from apimpolicy.dotnet.values import INT
from apimpolicy.syntax import shapes

if TYPE_CHECKING:
    _Stackalloc = shapes.Stackalloc | shapes.StackallocWithInitializer | shapes.ImplicitStackalloc
    from apimpolicy.binding.core import Binder
    from apimpolicy.syntax.nodes import Child


def stack_value(binder: Binder, node: _Stackalloc, target: Type | None) -> Expression:
    """`T name = stackalloc …`, or `var name` without a target: a span, or a pointer, which is unsafe (CS0214)."""
    array = _stack_array(binder, node)
    if isinstance(array, Bad) or target is ERROR:
        return binder.bad(node)
    element = array.type.element  # type: ignore[attr-defined]
    if target is None:
        help = f"write Span<{shown(element)}> for 'var'"
        return binder.failure(node, "CS0214", "pointers can only be used in unsafe code", help=help)
    if isinstance(target, NamedType) and conv.is_ref_struct(target) and target.arguments[0] is element:
        return binder.convert(array, target)
    what = f"'stackalloc {shown(element)}[…]' gives a Span<{shown(element)}>, not '{shown(target)}'"
    return binder.failure(node, "CS8346", what)


def bind_stackalloc(binder: Binder, node: _Stackalloc) -> Expression:
    array = _stack_array(binder, node)
    if isinstance(array, Bad):
        return array
    return binder.convert(array, named("System.Span", array.type.element))  # type: ignore[attr-defined]


bind_stackalloc_with_initializer = bind_implicit_stackalloc = bind_stackalloc


def _stack_array(binder: Binder, node: _Stackalloc) -> Expression:
    """The memory, as an array."""
    if id(node) not in binder.stack_places:
        end = node.start + len("stackalloc")
        message = "'stackalloc in nested expressions' is newer than C# 7.3"
        return binder.failure_at(node.start, end, node, "CS8370", message, help="use 'new' instead of 'stackalloc'")
    if "catch" in binder.enclosing.parts or "finally" in binder.enclosing.parts:
        return binder.failure(node, "CS0255", "'stackalloc' can't be used in a catch or finally block")
    if isinstance(node, shapes.ImplicitStackalloc):
        return _implied(binder, node)
    type_node, initializer = node.type, node.initializer
    element = binder.bind_type(type_node)
    if element is ERROR or not _is_unmanaged(binder, type_node, element):
        return binder.bad(node)
    sizes = [binder.bind_typed(size) for size in node.sizes.sizes] if isinstance(node, shapes.Stackalloc) else []
    rank = len(sizes) if isinstance(node, shapes.Stackalloc) else node.rank.text.count(",") + 1
    if rank > 1:
        return binder.failure(type_node, "CS1575", "'stackalloc' must have one size: stackalloc int[3]")
    sizes = [binder.convert(size, INT) for size in sizes]
    if any(isinstance(size, Bad) for size in sizes):
        return binder.bad(node)
    if sizes and sizes[0].is_constant and sizes[0].constant < 0:
        return binder.failure(sizes[0].syntax, "CS0247", "the size of 'stackalloc' cannot be negative")
    if not isinstance(initializer, shapes.Initializer):
        return ArrayCreation(node, array_of(element), tuple(sizes), None)
    return array_of_elements(binder, node, array_of(element), sizes, initializer)


def _implied(binder: Binder, node: shapes.ImplicitStackalloc) -> Expression:
    items = [binder.bind_value(child) for child in node.initializer.items]
    element = implied_element(binder, node, items, "stackalloc int[] …")
    if element is None or not _is_unmanaged(binder, node, element):
        return binder.bad(node)
    return ArrayCreation(node, array_of(element), (), tuple([binder.convert(item, element) for item in items]))


def _is_unmanaged(binder: Binder, node: Child, type_: Type) -> bool:
    if is_unmanaged(type_):
        return True
    binder.report(
        node, "CS0208", f"'{shown(type_)}' is or contains a reference type, so it can't be allocated on the stack"
    )
    return False
