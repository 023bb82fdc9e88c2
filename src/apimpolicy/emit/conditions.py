"""Emission of what is evaluated under a condition: `? :`, `??`, `?.`, and `throw` in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.emit import runtime
from apimpolicy.emit.building import conditional, constant, is_none, is_not_none, walrus

if TYPE_CHECKING:
    import ast

    from apimpolicy.binding import nodes
    from apimpolicy.emit.core import Emitter


def emit_conditional(emitter: Emitter, node: nodes.Conditional) -> ast.expr:
    return conditional(emitter.emit(node.condition), emitter.emit(node.when_true), emitter.emit(node.when_false))


def emit_coalesce(emitter: Emitter, node: nodes.Coalesce) -> ast.expr:
    name = emitter.fresh()
    emitter.with_placeholder(node.placeholder, name, not_null=True)
    left = walrus(name, emitter.emit(node.left))
    return conditional(is_not_none(left), emitter.emit(node.value), emitter.emit(node.right))


def emit_conditional_access(emitter: Emitter, node: nodes.ConditionalAccess) -> ast.expr:
    name = emitter.fresh()
    emitter.with_placeholder(node.placeholder, name, not_null=True)
    receiver = walrus(name, emitter.emit(node.receiver))
    return conditional(is_none(receiver), constant(None), emitter.emit(node.access))


def emit_throw_expression(emitter: Emitter, node: nodes.ThrowExpression) -> ast.expr:
    return emitter.run(runtime.raise_exception, emitter.emit(node.exception))
