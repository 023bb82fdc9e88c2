"""Find the secrets that an expression reads or an element writes, and whether an expression returns them.

Service folders and configurations tell whether a named value is secret. Of others the name decides:
`orders-client-secret`, `BackendPassword`, `storage-connection-string`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.checks.nodes import receiver_of, text_of, type_name
from apimpolicy.csharp.binding.nodes import (
    Assignment,
    Binary,
    Call,
    Literal,
    Local,
    LocalDeclaration,
    PropertyAccess,
    Return,
    UnknownText,
)
from apimpolicy.text.document import Characters, Element

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.checks.subject import Subject
    from apimpolicy.csharp.binding.nodes import Bound

_SECRETS = {"ISubscription": ("Key", "PrimaryKey", "SecondaryKey"), "BasicAuthCredentials": ("Password",)}
"""Properties with secrets, by type."""
HARMLESS = frozenset(("ComputeHash", "AsJwt", "TryParseJwt", "Length", "IsNullOrEmpty", "IsNullOrWhiteSpace"))
"""Members that take something from a secret that may be shown."""
NAME = re.compile(
    r"(?:secret|password|passwd|pwd|passphrase|private[-_. ]?key|connection[-_. ]?string|sas[-_. ]?token"
    r"|(?:api|access|account|subscription|function|master|encryption|signing|shared)[-_. ]?key)s?",
    re.IGNORECASE,
)
"""Endings of names of secrets."""


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


def reaches_result(expression: CheckedExpression, secret: Bound) -> bool:
    """Return whether the expression returns the secret, or a text made of it; through local variables as well."""
    is_block = next(expression.of_kind(Return), None) is not None
    waiting, seen = [secret], {id(secret)}
    while waiting:
        node = waiting.pop()
        around = list(expression.ancestors(node))
        if any(map(is_harmless, around)):
            continue
        if not is_block or any(isinstance(each, Return) for each in around):
            return True
        written = {id(symbol) for each in around if (symbol := _written(each)) is not None}
        uses = (each for each in expression.of_kind(Local) if id(each.symbol) in written and id(each) not in seen)
        for use in uses:
            seen.add(id(use))
            waiting.append(use)
    return False


def _written(node: Bound) -> object:
    if isinstance(node, LocalDeclaration):
        return node.symbol
    if isinstance(node, Assignment) and isinstance(node.target, Local):
        return node.target.symbol
    return None


def is_harmless(node: Bound) -> bool:
    """Return whether a node takes something from a secret that may be shown."""
    if isinstance(node, Call):
        return node.method.name in HARMLESS
    if isinstance(node, PropertyAccess):
        return node.property.name in HARMLESS
    return isinstance(node, Binary) and node.operator in ("==", "!=")


def secrets_written(subject: Subject, element: Element, attribute: str = "") -> Iterator[str]:
    """Yield the names of the secret named values that an element's text writes out, and its expressions return.

    With `attribute` the value of that attribute is looked at instead of the text.
    """
    given = element.get(attribute)
    for child in element.children if not attribute else () if given is None else (given.value,):
        if isinstance(child, Characters) and not child.parts:
            yield from _secrets_between(subject, child.start, child.end)
    for expression in subject.expressions_of(element):
        if expression.attribute is not given:
            continue
        for node in expression.compiled.nodes:
            if not isinstance(node, (Literal, UnknownText)):
                continue
            start, end = (expression.excerpt.locate(offset) for offset in (node.syntax.start, node.syntax.end))
            names = list(_secrets_between(subject, start, end))
            if names and reaches_result(expression, node):
                yield from names


def _secrets_between(subject: Subject, start: int, end: int) -> Iterator[str]:
    first, last = subject.document.source.original_span(start, end)
    references = subject.named_value_references
    known = subject.settings.secrets
    for index in range(bisect_left(references, first, key=lambda reference: reference.start), len(references)):
        reference = references[index]
        if reference.start >= last:
            return
        if known.get(reference.name, is_named_like_a_secret(reference.name)):
            yield reference.name


def is_named_like_a_secret(name: str) -> bool:
    return any(found.end() == len(name) for found in NAME.finditer(name))
