"""Find reads of bodies in an expression: which body, whether certainly, and whether it is preserved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs

from apimpolicy.binding.nodes import Call, PropertyAccess
from apimpolicy.checks.nodes import context_member, is_always_evaluated, receiver_of, type_name

if TYPE_CHECKING:
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
    receiver, _ = receiver_of(node)
    if not isinstance(receiver, PropertyAccess) or receiver.property.name != "Body":
        return None
    which = OWNERS.get(type_name(receiver.receiver))
    if which is None or context_member(receiver.receiver) is None:
        return None
    flag = next((argument for argument in node.arguments if type_name(argument) == "bool"), None)
    preserves = flag is not None and (not flag.is_constant or flag.constant is True)
    return BodyRead(which, expression, node, is_always_evaluated(expression, node), preserves)
