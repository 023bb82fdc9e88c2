"""What can be changed in a document besides its expressions.

- `remove`: a policy, a `when` or an `otherwise` is gone; the only `when` of a `choose` is never taken instead
- `attribute`: `true` and `false` change places, numbers are one more, of several allowed values it is the next, other
  texts end in `-mutant`; so do texts of elements (`constant`)

`<base />` stays, and so do `id` and `fragment-id`: without them a document is another one, or none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

from apimpolicy.policies.registry import specification_of
from apimpolicy.testing.mutation.expressions import expression_changes, mentions_certificate
from apimpolicy.testing.mutation.mutants import Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.document import Policy
    from apimpolicy.policies.spec import Specification
    from apimpolicy.text.document import Attribute, Characters, Element

KEPT = ("id", "fragment-id")
CHECKS = ("validate-client-certificate",)
"""Policies that are a check of the client certificate all by themselves."""

_NUMBER = re.compile(r"-?\d{1,15}")
_BOOLEANS = {"true": "false", "false": "true", "True": "False", "False": "True", "TRUE": "FALSE", "FALSE": "TRUE"}


def changes_of(policy: Policy) -> Iterator[tuple[Element, Change]]:
    """Each change of a document, with the policy that it is in."""
    for elements in policy.sections.values():
        for element in elements:
            specification = specification_of(element.name)
            if specification is not None:
                for owner, change in _policy(element, specification):
                    is_about = change.is_about_certificate or owner.name in CHECKS
                    yield owner, attrs.evolve(change, is_about_certificate=is_about)


def _policy(element: Element, specification: Specification) -> Iterator[tuple[Element, Change]]:
    if element.name != "base":
        is_check = element.name in CHECKS or _is_check(element) or _is_all_of_a_check(element)
        yield element, _removal(element, f"without <{element.name}>", is_check)
    yield from _inside(element, specification, element)


def _inside(element: Element, specification: Specification, owner: Element) -> Iterator[tuple[Element, Change]]:
    """The changes of a policy's or part's attributes and texts, and of what is in it; `owner` is the policy."""
    yield from ((owner, change) for change in _own(element, specification))
    for slot in specification.children:
        for inner in element.elements():
            if slot.part is None:
                inner_specification = specification_of(inner.name)
                if inner.name not in specification.own_children and inner_specification is not None:
                    yield from _policy(inner, inner_specification)
            elif inner.name == slot.name:
                part = specification.part(inner.name)
                assert part is not None
                if element.name == "choose":
                    yield from ((owner, change) for change in _branch(element, inner))
                yield from _inside(inner, part, owner)


def _branch(choose: Element, branch: Element) -> Iterator[Change]:
    whens = [element for element in choose.elements() if element.name == "when"]
    condition = branch.get("condition")
    if branch.name == "otherwise" or len(whens) > 1:
        name = "otherwise" if branch.name == "otherwise" else f"when {whens.index(branch) + 1}"
        is_check = condition is not None and mentions_certificate(condition.value.text)
        yield _removal(branch, f"without {name}", is_check)
    elif condition is not None:
        start, end = _span(branch, condition.value.start, condition.value.end)
        is_check = mentions_certificate(condition.value.text)
        never = "false" if condition.value.expression is None else "@(false)"
        yield Change("remove", start, end, never, "when 1 is never taken", is_check_removed=is_check)


def _is_check(element: Element) -> bool:
    """Whether a `choose` asks for the certificate in every branch."""
    conditions = [inner.get("condition") for inner in element.elements() if inner.name == "when"]
    return (
        element.name == "choose"
        and bool(conditions)
        and all(condition is not None and mentions_certificate(condition.value.text) for condition in conditions)
    )


def _is_all_of_a_check(element: Element) -> bool:
    """Whether a policy is all that a `when` does that asks for the certificate."""
    branch = element.parent
    if branch is None or branch.name != "when" or sum(1 for _ in branch.elements()) != 1:
        return False
    condition = branch.get("condition")
    return condition is not None and mentions_certificate(condition.value.text)


def _own(element: Element, specification: Specification) -> Iterator[Change]:
    literal = {slot.name: slot for slot in specification.attributes}
    for attribute in element.attributes:
        slot = literal.get(attribute.name)
        if slot is None:
            continue
        if attribute.value.expression is not None and slot.expression:
            yield from expression_changes(attribute.value.expression)
        elif attribute.name not in KEPT and (other := _other(attribute.value.text, slot.values)) is not None:
            yield from _attribute(element, attribute, other)
    if specification.takes_text:
        yield from _content(element)
    values = {slot.child for slot in specification.contents if slot.child is not None}
    for inner in element.elements():
        if inner.name in values:
            yield from _content(inner)


def _attribute(element: Element, attribute: Attribute, other: str) -> Iterator[Change]:
    start, end = _span(element, attribute.value.start, attribute.value.end)
    if "{{" not in _raw(element, start, end):
        description = f'{attribute.name}="{attribute.value.text}" is "{other}"'
        yield Change("attribute", start, end, _escaped(other), description)


def _content(element: Element) -> Iterator[Change]:
    from apimpolicy.text.document import Text

    if element.expression is not None:
        yield from expression_changes(element.expression)
        return
    texts: list[Characters] = [child for child in element.children if isinstance(child, Text) and child.text.strip()]
    if len(texts) != 1 or any(True for _ in element.elements()):
        return
    text = texts[0]
    first = text.start + len(text.raw) - len(text.raw.lstrip())
    start, end = _span(element, first, text.start + len(text.raw.rstrip()))
    raw = _raw(element, start, end)
    other = _other(raw, ())
    if other is not None and "{{" not in raw:
        yield Change("constant", start, end, other, f"the text of <{element.name}> is `{' '.join(other.split())}`")


def _other(value: str, allowed: tuple[str, ...]) -> str | None:
    """Another value for an attribute or a text; None for an empty one."""
    if value in allowed:
        return allowed[(allowed.index(value) + 1) % len(allowed)] if len(allowed) > 1 else None
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if _NUMBER.fullmatch(value):
        return str(int(value) + 1)
    return f"{value}-mutant" if value.strip() else None


def _removal(element: Element, description: str, is_check: bool) -> Change:
    start, end = _span(element, element.start, element.end)
    return Change("remove", start, end, "", description, is_check_removed=is_check)


def _span(element: Element, start: int, end: int) -> tuple[int, int]:
    return element.source.original_span(start, end)


def _raw(element: Element, start: int, end: int) -> str:
    from apimpolicy.testing.coverage.places import file_source

    return file_source(element.source).text[start:end]


def _escaped(text: str) -> str:
    from xml.sax.saxutils import escape

    return escape(text, {'"': "&quot;", "'": "&apos;"})
