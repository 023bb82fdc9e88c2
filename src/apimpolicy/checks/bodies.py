"""Find reads of bodies in an expression: which body, whether certainly, and whether it is preserved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from apimpolicy.binding.nodes import (
    Bound,
    Call,
    Coalesce,
    Conditional,
    ConditionalAccess,
    Foreach,
    If,
    Lambda,
    LocalFunction,
    Logical,
    Loop,
    PropertyAccess,
    Return,
    Switch,
    Try,
)
from apimpolicy.checks.messages import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression

OWNERS = {"IRequest": "request", "IResponse": "response"}


@attrs.frozen(eq=False)
class BodyRead:
    """A read of the request's or of the response's body.

    `is_certain`: it happens whenever the expression is evaluated. `preserves`: `preserveContent: true`, or a value that
    is computed.
    """

    which: str
    expression: CheckedExpression
    node: Call
    is_certain: bool
    preserves: bool


def body_reads(expression: CheckedExpression) -> Iterator[BodyRead]:
    """Yield every read of `context.Request.Body` and `context.Response.Body`, in order of the text."""
    if "Body" not in expression.excerpt.text:
        return
    found = [read for node in expression.of_kind(Call) if (read := _read(expression, node)) is not None]
    yield from sorted(found, key=lambda read: read.node.syntax.end)


def _read(expression: CheckedExpression, node: Call) -> BodyRead | None:
    receiver = node.receiver
    if receiver is None and node.arguments:
        receiver = node.arguments[0]
    if not isinstance(receiver, PropertyAccess) or receiver.property.name != "Body":
        return None
    which = OWNERS.get(type_name(receiver.receiver))
    if which is None or not _is_the_context_s(receiver.receiver):
        return None
    flag = node.arguments[-1] if node.arguments else None
    preserves = flag is not None and type_name(flag) == "bool" and (not flag.is_constant or flag.constant is True)
    return BodyRead(which, expression, node, not _is_conditional(expression, node), preserves)


def _is_the_context_s(node: Bound | None) -> bool:
    return isinstance(node, PropertyAccess) and type_name(node.receiver) == "IContext"


def _is_conditional(expression: CheckedExpression, node: Bound) -> bool:
    inner = node
    for around in expression.ancestors(node):
        if isinstance(around, Conditional) and inner is not around.condition:
            return True
        if isinstance(around, Logical) and inner is around.right:
            return True
        if isinstance(around, Coalesce) and inner is around.right:
            return True
        if isinstance(around, ConditionalAccess) and inner is around.access:
            return True
        if isinstance(around, (If, Switch)) and inner is not (
            around.condition if isinstance(around, If) else around.value
        ):
            return True
        if isinstance(around, (Lambda, Loop, Foreach, Try, LocalFunction)):
            return True
        inner = around
    # A return before it may have left the block.
    return any(found.syntax.end <= node.syntax.start for found in expression.of_kind(Return))
