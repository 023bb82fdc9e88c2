"""Reads of the request and the response in an expression: the caller's input, bodies, secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Call, PropertyAccess
from apimpolicy.checks.nodes import receiver_of, text_of, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.expressions import CheckedExpression

_INPUTS = {
    "IRequest": ("Headers", "Body"),
    "IUrl": ("Query", "QueryString"),
}

_SECRETS = {
    "ISubscription": ("Key", "PrimaryKey", "SecondaryKey"),
    "BasicAuthCredentials": ("Password",),
}


def caller_inputs(expression: CheckedExpression) -> Iterator[PropertyAccess]:
    """Yield the nodes that read text of the caller: headers, body, query."""
    for node in expression.of_kind(PropertyAccess):
        if node.property.name in _INPUTS.get(type_name(node.receiver), ()):
            yield node


def secrets(expression: CheckedExpression) -> Iterator[tuple[str, PropertyAccess | Call]]:
    """Yield the nodes that read a secret, with its description."""
    for node in expression.compiled.nodes:
        if isinstance(node, PropertyAccess) and node.property.name in _SECRETS.get(type_name(node.receiver), ()):
            yield ("a subscription key" if type_name(node.receiver) == "ISubscription" else "a password"), node
        elif isinstance(node, Call) and _is_about_headers(node):
            for text in filter(None, map(text_of, node.arguments)):
                if text.lower() in ("authorization", "ocp-apim-subscription-key"):
                    yield f"the header {text}", node
                    break


def _is_about_headers(node: Call) -> bool:
    receiver, _ = receiver_of(node)
    return (
        node.method.name in ("GetValueOrDefault", "TryGetValue")
        and isinstance(receiver, PropertyAccess)
        and receiver.property.name == "Headers"
    )
