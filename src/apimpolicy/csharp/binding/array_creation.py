"""Array creation (C# specification, section 12.8.17.5): with sizes, with elements, with neither type."""

from __future__ import annotations

from collections.abc import Sequence

from apimpolicy.csharp.binding.arguments import array_index
from apimpolicy.csharp.binding.core import Binder
from apimpolicy.csharp.binding.inference import best_common_type
from apimpolicy.csharp.binding.nodes import ArrayCreation, Bad, Expression
from apimpolicy.csharp.binding.overloads import Argument
from apimpolicy.csharp.dotnet.types import ERROR, ArrayType, Type, array_of
from apimpolicy.csharp.host import TYPE_REFUSED
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.nodes import Node, Token


def bind_array_creation(binder: Binder, node: shapes.ArrayCreation) -> Expression:
    *ranks, initializer = node.ranks_and_initializer
    element = binder.bind_type(node.type)
    sizes = [_array_size(binder, size) for size in node.sizes.sizes]
    for rank in reversed(ranks):
        if isinstance(rank, Token):
            element = array_of(element, rank.text.count(",") + 1)
    type_ = array_of(element, len(sizes))
    if element.has_error or any(isinstance(size, Bad) for size in sizes):
        return binder.bad(node, type_)
    if not isinstance(initializer, shapes.Initializer):
        return ArrayCreation(node, type_, tuple(sizes), None)
    return array_of_elements(binder, node, type_, sizes, initializer)


def array_of_elements(
    binder: Binder, node: Node, type_: ArrayType, sizes: Sequence[Expression], initializer: shapes.Initializer
) -> Expression:
    """Return an array with its elements listed, and perhaps its sizes as well."""
    for size in sizes:
        if not size.is_constant:
            message = "the size must be a constant when the array has an initializer"
            return binder.failure(size.syntax, "CS0150", message)
    items = _array_items(binder, initializer, type_, 0, [size.constant for size in sizes] or [None] * type_.rank)
    return binder.bad(node, type_) if items is None else ArrayCreation(node, type_, tuple(sizes), tuple(items))


def _array_size(binder: Binder, node: Node) -> Expression:
    expression = binder.bind_typed(node)
    if isinstance(expression, Bad):
        return expression
    size = array_index(binder, Argument(expression, expression.syntax))
    if size.is_constant and size.constant < 0:
        return binder.failure(size.syntax, "CS0248", "the size of an array cannot be negative")
    return size


def bind_array_creation_with_initializer(binder: Binder, node: shapes.ArrayCreationWithInitializer) -> Expression:
    type_ = binder.bind_type(node.type)
    if not isinstance(type_, ArrayType):
        return binder.bad(node)
    return array_from(binder, node, type_, node.initializer)


def array_from(binder: Binder, node: Node, type_: ArrayType, initializer: shapes.Initializer) -> Expression:
    """Return an array of a known type from `{ … }`."""
    items = _array_items(binder, initializer, type_, 0, [None] * type_.rank)
    return binder.bad(node, type_) if items is None else ArrayCreation(node, type_, (), tuple(items))


def _array_items(
    binder: Binder, node: shapes.Initializer, type_: ArrayType, depth: int, lengths: list[int | None]
) -> list[Expression] | None:
    """Return the elements, flat for one dimension; rows become ArrayCreations of the same rank, in row-major order.

    `lengths` are those of the dimensions, as written or as the first row of each has it.
    """
    items: list[Expression] = []
    failed = False
    if lengths[depth] is None:
        lengths[depth] = len(node.items)
    elif lengths[depth] != len(node.items):
        binder.report(node, "CS0847", f"expected {lengths[depth]} elements, found {len(node.items)}")
        return None
    for child in node.items:
        if depth + 1 < type_.rank:
            if not isinstance(child, shapes.Initializer):
                binder.report(child, "CS0846", "expected a row in braces")
                return None
            row = _array_items(binder, child, type_, depth + 1, lengths)
            if row is None:
                return None
            items.append(ArrayCreation(child, array_of(type_.element, 1), (), tuple(row)))
            continue
        if isinstance(child, shapes.Initializer):
            binder.report(child, "CS0623", "nested braces are only allowed in arrays with more than one dimension")
            return None
        item = binder.convert(binder.bind_value(child), type_.element)
        failed = failed or isinstance(item, Bad)
        items.append(item)
    return None if failed else items


def bind_implicit_array_creation(binder: Binder, node: shapes.ImplicitArrayCreation) -> Expression:
    initializer = node.initializer
    rank = node.rank.text.count(",") + 1
    items = [binder.bind_value(child) for child in _innermost(initializer, rank)]
    element = implied_element(binder, node, items, "new object[] { … }")
    if element is None:
        return binder.bad(node)
    if rank > 1:
        return array_from(binder, node, array_of(element, rank), initializer)
    converted = [binder.convert(item, element) for item in items]
    return ArrayCreation(node, array_of(element), (), tuple(converted))


def implied_element(binder: Binder, node: Node, items: Sequence[Expression], written: str) -> Type | None:
    """The type of the elements of `new[]` and `stackalloc[]`; None after a report, whose help shows it `written`."""
    if any(isinstance(item, Bad) for item in items):
        return None
    element = best_common_type(items)
    if element is not None and element is not ERROR:
        return element
    message = "no single type fits all elements of this array"
    binder.report(node, "CS0826", message, help=f"write the type: {written}")
    return None


def _innermost(initializer: shapes.Initializer, rank: int) -> list[Node]:
    if rank == 1:
        return initializer.items
    rows = [child for child in initializer.items if isinstance(child, shapes.Initializer)]
    return [element for row in rows for element in _innermost(row, rank - 1)]


# ------------------------------------------------------------------------------------------ stackalloc


_HELP = "use 'new' instead of 'stackalloc'"


def refused(binder: Binder, node: Node) -> Bad:
    """Report `T name = stackalloc …`."""
    return binder.failure(node, TYPE_REFUSED, "'stackalloc' gives a Span, which the gateway doesn't allow", help=_HELP)


def bind_stackalloc(binder: Binder, node: Node) -> Bad:
    message = "'stackalloc in nested expressions' is newer than C# 7.3"
    return binder.failure_at(node.start, node.start + len("stackalloc"), node, "CS8370", message, help=_HELP)


bind_stackalloc_with_initializer = bind_implicit_stackalloc = bind_stackalloc
