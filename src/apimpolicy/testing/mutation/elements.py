"""Changes of a document, besides those of its expressions.

- `remove`: remove a policy, a `when` or an `otherwise`; the only `when` of a `choose` is never taken instead
- `attribute`: swap `true` and `false`, increment numbers, take the next of several allowed values, append `-mutant` to
  other texts; texts of elements likewise (`constant`)

`<base />`, `id` and `fragment-id` stay: without them a document is another one, or none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import attrs

from apimpolicy.policies.registry import has_trait, specification_of
from apimpolicy.testing.coverage.places import file_source
from apimpolicy.testing.mutation.change import Change
from apimpolicy.testing.mutation.expressions import expression_changes
from apimpolicy.text.document import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.document import Policy
    from apimpolicy.policies.spec import Specification
    from apimpolicy.testing.mutation.checks import CheckIndex
    from apimpolicy.text.document import Attribute, Characters, Element

KEPT = ("id", "fragment-id")
WITHOUT_EFFECT_ON_CHECKS = ("failed-", "output-")
"""Prefixes of attributes that set what happens when a check fails, not what it checks."""

_NUMBER = re.compile(r"-?\d{1,15}")
_BOOLEANS = {"true": "false", "false": "true", "True": "False", "False": "True", "TRUE": "FALSE", "FALSE": "TRUE"}


def changes_of(policy: Policy, checks: CheckIndex) -> Iterator[tuple[Element, Change]]:
    """Yield each change of a document, with its policy; `checks` tells which checks it affects."""
    walk = _Walk(checks)
    for elements in policy.sections.values():
        for element in elements:
            specification = specification_of(element.name)
            if specification is not None:
                for owner, change in walk.policy(element, specification):
                    about = change.about
                    if not change.description.startswith(WITHOUT_EFFECT_ON_CHECKS):
                        about = (*about, *checks.of_policy(owner))
                    yield owner, attrs.evolve(change, about=tuple(dict.fromkeys(about)))


class _Walk:
    def __init__(self, checks: CheckIndex) -> None:
        self.checks = checks

    def policy(self, element: Element, specification: Specification) -> Iterator[tuple[Element, Change]]:
        if element.name != "base":
            yield element, _removal(element, f"without <{element.name}>", self.checks.of_removal(element))
        yield from self.inside(element, specification, element)

    def inside(
        self, element: Element, specification: Specification, owner: Element
    ) -> Iterator[tuple[Element, Change]]:
        """Yield the changes of attributes, texts and children of a policy or part; `owner` is the policy."""
        yield from ((owner, change) for change in _own(element, specification, self.checks))
        for slot in specification.children:
            for inner in element.elements():
                if slot.part is None:
                    inner_specification = specification_of(inner.name)
                    if inner.name not in specification.own_children and inner_specification is not None:
                        yield from self.policy(inner, inner_specification)
                elif inner.name == slot.name:
                    part = specification.part(inner.name)
                    assert part is not None
                    if has_trait(element.name, "branches"):
                        yield from ((owner, change) for change in self.branch(element, inner))
                    yield from self.inside(inner, part, owner)

    def branch(self, choose: Element, branch: Element) -> Iterator[Change]:
        whens = [element for element in choose.elements() if element.name == "when"]
        condition = branch.get("condition")
        if branch.name == "otherwise":
            yield _removal(branch, "without otherwise", self.checks.of_otherwise(branch))
        elif len(whens) > 1:
            yield _removal(branch, f"without when {whens.index(branch) + 1}", self.checks.of_branch(branch))
        elif condition is not None:
            start, end = _span(branch, condition.value.start, condition.value.end)
            never = "false" if condition.value.expression is None else "@(false)"
            removes = self.checks.of_branch(branch)
            yield Change("remove", start, end, never, "when 1 is never taken", removes=removes)


def _own(element: Element, specification: Specification, checks: CheckIndex) -> Iterator[Change]:
    literal = {slot.name: slot for slot in specification.attributes}
    for attribute in element.attributes:
        slot = literal.get(attribute.name)
        if slot is None:
            continue
        if attribute.value.expression is not None and slot.expression:
            yield from expression_changes(attribute.value.expression, checks)
        elif attribute.name not in KEPT and (other := _other(attribute.value.text, slot.values)) is not None:
            yield from _attribute(element, attribute, other)
    if specification.takes_text:
        yield from _content(element, checks)
    values = {slot.child for slot in specification.contents if slot.child is not None}
    for inner in element.elements():
        if inner.name in values:
            yield from _content(inner, checks)


def _attribute(element: Element, attribute: Attribute, other: str) -> Iterator[Change]:
    start, end = _span(element, attribute.value.start, attribute.value.end)
    if "{{" not in _raw(element, start, end):
        description = f'{attribute.name}="{attribute.value.text}" becomes "{other}"'
        yield Change("attribute", start, end, _escaped(other), description)


def _content(element: Element, checks: CheckIndex) -> Iterator[Change]:
    if element.expression is not None:
        yield from expression_changes(element.expression, checks)
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
        yield Change("constant", start, end, other, f"the text of <{element.name}> becomes `{' '.join(other.split())}`")


def _other(value: str, allowed: tuple[str, ...]) -> str | None:
    """Return another value for an attribute or a text; None for an empty one."""
    if value in allowed:
        return allowed[(allowed.index(value) + 1) % len(allowed)] if len(allowed) > 1 else None
    if value in _BOOLEANS:
        return _BOOLEANS[value]
    if _NUMBER.fullmatch(value):
        return str(int(value) + 1)
    return f"{value}-mutant" if value.strip() else None


def _removal(element: Element, description: str, removes: tuple[str, ...]) -> Change:
    start, end = _span(element, element.start, element.end)
    return Change("remove", start, end, "", description, removes=removes)


def _span(element: Element, start: int, end: int) -> tuple[int, int]:
    return element.source.original_span(start, end)


def _raw(element: Element, start: int, end: int) -> str:
    return file_source(element.source).text[start:end]


def _escaped(text: str) -> str:
    return escape(text, {'"': "&quot;", "'": "&apos;"})
