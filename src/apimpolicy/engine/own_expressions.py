"""Find the expressions of a policy itself, without those of policies inside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Specification
    from apimpolicy.text.document import Element
    from apimpolicy.text.source import Excerpt


def own_expressions(element: Element, specification: Specification) -> Iterator[Excerpt]:
    """Yield the expressions of a policy or part itself: in attributes, in its content, and in values."""
    literal = {slot.name for slot in specification.attributes if not slot.expression}
    for attribute in element.attributes:
        if attribute.value.expression is not None and attribute.name not in literal:
            yield attribute.value.expression
    if specification.takes_text and element.expression is not None:
        yield element.expression
    values = {slot.child for slot in specification.contents if slot.child is not None}
    for inner in element.elements():
        if inner.name in values and inner.expression is not None:
            yield inner.expression
