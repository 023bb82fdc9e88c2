"""Completion anywhere in a file: what fits at an offset, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.metadata import named
from apimpolicy.editor.expression_completion import complete as complete_code
from apimpolicy.editor.markup_completion import at_attribute, at_content, at_element, at_end_tag, at_value
from apimpolicy.editor.names_completion import named_values, names_in_code
from apimpolicy.editor.place import Place, code_at, place_at
from apimpolicy.editor.suppression_completion import complete_suppression
from apimpolicy.editor.unfinished import word_start
from apimpolicy.policies import conversions

if TYPE_CHECKING:
    from collections.abc import Collection

    from apimpolicy.dotnet.types import Type
    from apimpolicy.editor.analysis import Analysis, PolicyText
    from apimpolicy.editor.items import Item
    from apimpolicy.editor.knowledge import Knowledge

_TYPES: dict[object, str] = {conversions.boolean: "bool", conversions.integer: "int", conversions.number: "double"}


def complete(analysis: Analysis, offset: int, knowledge: Knowledge, found_codes: Collection[str] = ()) -> list[Item]:
    """Return the items at an offset of the file, with the span that each replaces.

    `found_codes` are the codes of the findings in the file, which a suppression is likely to name.
    """
    suppression = complete_suppression(analysis.text, offset, found_codes)
    if suppression is not None:
        return suppression
    found = analysis.at(offset)
    if found is None:
        return []
    policy, position = found
    place = place_at(policy.document, position)
    items = _items(policy, place, position, knowledge)
    for item in items:
        if item.start < 0:
            item.start, item.end = place.start, place.end
        item.start, item.end = policy.span(item.start, item.end) if item.start < item.end else (offset, offset)
    return items


def _items(policy: PolicyText, place: Place, offset: int, knowledge: Knowledge) -> list[Item]:
    if place.kind == "code":
        return _in_code(policy, place, offset, knowledge)
    if place.kind == "element":
        return at_element(policy, place)
    if place.kind == "end-tag":
        return at_end_tag(place)
    if place.kind == "attribute":
        return at_attribute(place)
    if place.kind == "value":
        return at_value(policy, place, offset, knowledge)
    if place.kind == "named-value":
        return named_values(policy.source.text, place, knowledge)
    return at_content(policy, place) if place.kind == "content" else []


def _in_code(policy: PolicyText, place: Place, offset: int, knowledge: Knowledge) -> list[Item]:
    code = code_at(place, offset)
    items = names_in_code(policy, place, code, knowledge)
    if items is None:
        used = policy.vocabulary(place.start)
        items = complete_code(code.text, code.caret, wanted_type(policy, place), used).items
    word = code.caret - word_start(code.text, code.caret)
    for item in items:
        if item.start < 0:
            item.start, item.end = offset - word, offset
    return items


def wanted_type(policy: PolicyText, place: Place) -> Type | None:
    """Return the type that an expression should have: that of its attribute."""
    if place.attribute is None or place.element is None:
        return None
    slot = policy.subject.slot_of(place.element, place.attribute.name)
    return named(_TYPES.get(slot.convert, "string")) if slot is not None else None
