"""Reads of the request and the response in an expression: the caller's input, bodies, secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Call, PropertyAccess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.nodes import Bound
    from apimpolicy.checks.expressions import CheckedExpression

_INPUTS = {
    "IRequest": ("Headers", "Body"),
    "IUrl": ("Query", "QueryString"),
}

_SECRETS = {
    "ISubscription": ("Key", "PrimaryKey", "SecondaryKey"),
    "BasicAuthCredentials": ("Password",),
}


def type_name(node: Bound | None) -> str:
    """Return the name of a value's type without its namespace; empty for None."""
    found = getattr(node, "type", None)
    return "" if found is None else str(found).rpartition(".")[2]


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
        elif isinstance(node, Call):
            for argument in node.arguments:
                text = argument.constant if argument.is_constant else None
                if isinstance(text, str) and text.lower() in ("authorization", "ocp-apim-subscription-key"):
                    if _is_about_headers(node):
                        yield f"the header {text}", node
                    break


def _is_about_headers(node: Call) -> bool:
    receiver = node.receiver if node.receiver is not None else node.arguments[0] if node.arguments else None
    return (
        node.method.name in ("GetValueOrDefault", "TryGetValue")
        and isinstance(receiver, PropertyAccess)
        and receiver.property.name == "Headers"
    )
