"""Find the secret named values that an element writes: in its text, or in results of its expressions.

Whether a named value is secret is known from a service folder or from a configuration. Of others the name decides:
`orders-client-secret`, `BackendPassword`, `storage-connection-string`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Literal, UnknownText
from apimpolicy.checks.results import reaches_result
from apimpolicy.text.document import Characters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.subject import Subject
    from apimpolicy.text.document import Element

NAME = re.compile(
    r"(?:secret|password|passwd|pwd|passphrase|private[-_. ]?key|connection[-_. ]?string|sas[-_. ]?token"
    r"|(?:api|access|account|subscription|function|master|encryption|signing|shared)[-_. ]?key)s?",
    re.IGNORECASE,
)
"""Endings of names of secrets."""


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
    """Return whether a name ends as those of secrets do."""
    return any(found.end() == len(name) for found in NAME.finditer(name))
