"""Emission of operations on `dynamic` values: each becomes a call of a `DynamicSite` with the boxed operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.emit.boxing import boxed_operand
from apimpolicy.emit.building import call
from apimpolicy.emit.dynamic_sites import DynamicSite

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from apimpolicy.dotnet.types import Type
    from apimpolicy.emit.core import Emitter


def emit_dynamic(emitter: Emitter, node: nodes.Dynamic) -> ast.expr:
    return _at_site(emitter, node, [boxed_operand(emitter, operand) for operand in node.operands])


def store_dynamic(emitter: Emitter, target: nodes.Dynamic, value: ast.expr) -> ast.expr:
    """`d.Name = value`, `d[index] = value`; the value is boxed already."""
    operands = [boxed_operand(emitter, operand) for operand in target.operands]
    return _at_site(emitter, target, [*operands, value], stores=True)


def convert_dynamic(
    emitter: Emitter, node: nodes.Expression, value: ast.expr, target: Type, *, explicit: bool
) -> ast.expr:
    """Return a dynamic value as a value of a static type."""
    converting = nodes.Dynamic(node.syntax, target, "convert", (node,), explicit)
    return _at_site(emitter, converting, [value])


def _at_site(emitter: Emitter, node: nodes.Dynamic, values: Sequence[ast.expr], *, stores: bool = False) -> ast.expr:
    site = DynamicSite(emitter.excerpt, node, stores=stores)
    return emitter.at(call(emitter.bring(site, "site"), *values), node)
