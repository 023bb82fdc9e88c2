"""Emission of operations on `dynamic` values: each becomes a call of a `DynamicSite` with the boxed operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.emit.core import EmitterCore, call

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from apimpolicy.dotnet.types import Type


class DynamicEmitter(EmitterCore):
    """Operations that are bound when they run."""

    def emit_dynamic(self, node: nodes.Dynamic) -> ast.expr:
        return self._at_site(node, [self._boxed_operand(operand) for operand in node.operands])

    def _boxed_operand(self, operand: nodes.Expression) -> ast.expr:
        value = self.emit(operand)
        return self.boxed(value, operand.type) if operand.type.is_value_type else value

    def store_dynamic(self, target: nodes.Dynamic, value: ast.expr) -> ast.expr:
        """`d.Name = value`, `d[index] = value`; the value is boxed already."""
        operands = [self._boxed_operand(operand) for operand in target.operands]
        return self._at_site(target, [*operands, value], stores=True)

    def convert_dynamic(self, node: nodes.Expression, value: ast.expr, target: Type, *, explicit: bool) -> ast.expr:
        """A dynamic value as a value of a static type."""
        converting = nodes.Dynamic(node.syntax, target, "convert", (node,), explicit)
        return self._at_site(converting, [value])

    def _at_site(self, node: nodes.Dynamic, values: Sequence[ast.expr], *, stores: bool = False) -> ast.expr:
        from apimpolicy.emit.dynamic_sites import DynamicSite

        site = DynamicSite(self.excerpt, node, stores=stores)
        return self.at(call(self.bring(site, "site"), *values), node)  # type: ignore[no-any-return]

    def boxed(self, value: ast.expr, source: Type) -> ast.expr:
        raise NotImplementedError
