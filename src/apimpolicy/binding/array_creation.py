"""Array creation (C# specification, section 12.8.17.5): with sizes, with elements, with neither type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.arguments import array_index
from apimpolicy.binding.inference import best_common_type
from apimpolicy.binding.nodes import ArrayCreation, Bad, Expression
from apimpolicy.binding.overloads import Argument
from apimpolicy.dotnet.types import ERROR, ArrayType, array_of
from apimpolicy.syntax.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.core import Binder
    from apimpolicy.syntax.nodes import Child


def bind_array_creation(binder: Binder, node: Node) -> Expression:
    type_node, sizes_node, *rest = node.children
    ranks, initializer = rest[:-1], rest[-1]
    element = binder.bind_type(type_node)
    sizes = [_array_size(binder, size) for size in sizes_node.children]  # type: ignore[union-attr]
    for rank in reversed(ranks):
        element = array_of(element, rank.text.count(",") + 1)  # type: ignore[union-attr]
    type_ = array_of(element, len(sizes))
    if element.has_error or any(isinstance(size, Bad) for size in sizes):
        return binder.bad(node, type_)
    if not isinstance(initializer, Node):
        return ArrayCreation(node, type_, tuple(sizes), None)
    return array_of_elements(binder, node, type_, sizes, initializer)


def array_of_elements(
    binder: Binder, node: Node, type_: ArrayType, sizes: Sequence[Expression], initializer: Node
) -> Expression:
    """An array with its elements listed, and perhaps its sizes as well."""
    for size in sizes:
        if not size.is_constant:
            return binder.failure(
                size.syntax, "CS0150", "the size must be a constant when the array has an initializer"
            )
    items = _array_items(binder, initializer, type_, 0, [size.constant for size in sizes] or [None] * type_.rank)
    return binder.bad(node, type_) if items is None else ArrayCreation(node, type_, tuple(sizes), tuple(items))


def _array_size(binder: Binder, node: Child) -> Expression:
    expression = binder.bind_typed(node)
    if isinstance(expression, Bad):
        return expression
    size = array_index(binder, Argument(expression, expression.syntax))
    if size.is_constant and size.constant < 0:
        return binder.failure(size.syntax, "CS0248", "the size of an array cannot be negative")
    return size


def bind_array_creation_with_initializer(binder: Binder, node: Node) -> Expression:
    type_ = binder.bind_type(node.children[0])
    if not isinstance(type_, ArrayType):
        return binder.bad(node)
    return array_from(binder, node, type_, node.children[1])  # type: ignore[arg-type]


def array_from(binder: Binder, node: Node, type_: ArrayType, initializer: Node) -> Expression:
    """An array of a known type from `{ … }`."""
    items = _array_items(binder, initializer, type_, 0, [None] * type_.rank)
    return binder.bad(node, type_) if items is None else ArrayCreation(node, type_, (), tuple(items))


def _array_items(
    binder: Binder, node: Node, type_: ArrayType, depth: int, lengths: list[int | None]
) -> list[Expression] | None:
    """The elements, flat for one dimension; rows become ArrayCreations of the same rank, in row-major order.

    `lengths` are those of the dimensions, as written or as the first row of each has it.
    """
    items: list[Expression] = []
    failed = False
    if lengths[depth] is None:
        lengths[depth] = len(node.children)
    elif lengths[depth] != len(node.children):
        binder.report(node, "CS0847", f"expected {lengths[depth]} elements, found {len(node.children)}")
        return None
    for child in node.children:
        if depth + 1 < type_.rank:
            if not isinstance(child, Node) or child.kind != "initializer":
                binder.report(child, "CS0846", "expected a row in braces")
                return None
            row = _array_items(binder, child, type_, depth + 1, lengths)
            if row is None:
                return None
            items.append(ArrayCreation(child, array_of(type_.element, 1), (), tuple(row)))
            continue
        if isinstance(child, Node) and child.kind == "initializer":
            binder.report(child, "CS0623", "nested braces are only allowed in arrays with more than one dimension")
            return None
        item = binder.convert(binder.bind_value(child), type_.element)
        failed = failed or isinstance(item, Bad)
        items.append(item)
    return None if failed else items


def bind_implicit_array_creation(binder: Binder, node: Node) -> Expression:
    initializer = node.node(1)
    rank = node.token(0).text.count(",") + 1
    items = [binder.bind_value(child) for child in _innermost(initializer, rank)]
    if any(isinstance(item, Bad) for item in items):
        return binder.bad(node)
    element = best_common_type(items)
    if element is None or element is ERROR:
        return binder.failure(
            node,
            "CS0826",
            "no single type fits all elements of this array",
            help="write the type: new object[] { … }",
        )
    if rank > 1:
        return array_from(binder, node, array_of(element, rank), initializer)
    converted = [binder.convert(item, element) for item in items]
    return ArrayCreation(node, array_of(element), (), tuple(converted))


def _innermost(initializer: Node, rank: int) -> list[Child]:
    """The elements in the rows of an array of several dimensions."""
    if rank == 1:
        return list(initializer.children)
    rows = [child for child in initializer.children if isinstance(child, Node) and child.kind == "initializer"]
    return [element for row in rows for element in _innermost(row, rank - 1)]
