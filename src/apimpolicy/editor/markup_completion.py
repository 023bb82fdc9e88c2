"""Completion in the markup: elements by section and scope, attributes, values, end tags, snippets."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from apimpolicy.checks.subject import Subject
from apimpolicy.editor.names_completion import names_in_value
from apimpolicy.editor.pages import attribute_page, kind_of, page_for_editors, summary
from apimpolicy.editor.ranking import Item
from apimpolicy.gateway.policies import conversions
from apimpolicy.gateway.policies.registry import names, placement_of, specification_of
from apimpolicy.gateway.policies.spec import SECTIONS, AttributeSlot, Specification

if TYPE_CHECKING:
    from apimpolicy.editor.analysis import OpenPolicy
    from apimpolicy.editor.knowledge import ProjectNames
    from apimpolicy.editor.place import CaretPlace
    from apimpolicy.text.document import Element

_DEEPEST = 4
"""Elements in one another that a snippet has."""
_DOCUMENT = "policies", "fragment", *SECTIONS
_WHOLE = (
    "policies>\n\t<inbound>\n\t\t<base />\n\t\t$0\n\t</inbound>\n\t<backend>\n\t\t<base />\n\t</backend>\n"
    "\t<outbound>\n\t\t<base />\n\t</outbound>\n\t<on-error>\n\t\t<base />\n\t</on-error>\n</policies>"
)


def at_element(policy: OpenPolicy, place: CaretPlace, opening: str = "") -> list[Item]:
    """Return the elements that are valid here; `opening` precedes the inserted text."""
    parent = place.element
    if parent is None:
        return [_root_item(name, opening) for name in _DOCUMENT]
    if parent.name == "policies":
        present = {element.name for element in parent.elements()}
        return [_section_item(name, opening) for name in SECTIONS if name not in present]
    specification = policy.subject.specification_of(parent)
    items = [_part_item(specification, name, opening) for name in _own_children(specification)]
    return [*items, *(_policy_item(name, opening) for name in _policies_in(policy, parent, specification))]


def at_content(policy: OpenPolicy, place: CaretPlace) -> list[Item]:
    """Return whole elements, with their `<`, and expressions in an element that takes text."""
    specification = policy.subject.specification_of(place.element) if place.element is not None else None
    items = at_element(policy, place, "<")
    if specification is not None and specification.takes_text:
        items += _expressions("@{\n\t$0\n}")
    return items


def _root_item(name: str, opening: str) -> Item:
    if name == "policies":
        return Item(name, "element", "a policy document", insert=opening + _WHOLE, is_snippet=True, rank=(0,))
    inner = f"{name}>\n\t$0\n</{name}>"
    detail = "a policy fragment" if name == "fragment" else "a section"
    return Item(name, "element", detail, insert=opening + inner, is_snippet=True, rank=(1 + (name != "fragment"),))


def _section_item(name: str, opening: str) -> Item:
    insert = f"{opening}{name}>\n\t<base />\n\t$0\n</{name}>"
    return Item(name, "element", "a section", insert=insert, is_snippet=True, rank=(SECTIONS.index(name),))


def _own_children(specification: Specification | None) -> list[str]:
    if specification is None:
        return []
    slots = [slot.name for slot in specification.children if slot.part is not None]
    texts = [slot.child for slot in specification.contents]
    return list(dict.fromkeys(name for name in (*slots, *texts) if name is not None))


def _policies_in(policy: OpenPolicy, parent: Element, specification: Specification | None) -> Iterable[str]:
    if specification is None:
        allowed = names() if parent.name in (*SECTIONS, "fragment") else ()
    else:
        slots = [slot for slot in specification.children if slot.part is None]
        allowed = tuple(dict.fromkeys(name for slot in slots for name in slot.known or names()))
    section = policy.subject.section_of(parent)
    in_fragment = policy.subject.is_fragment or parent.name == "fragment"
    for name in allowed:
        if in_fragment and name in ("base", "include-fragment"):
            continue
        if is_allowed(name, section, policy.settings.scope, policy.settings.gateway):
            yield name


def is_allowed(name: str, section: str | None, scope: str | None, gateway: str | None) -> bool:
    """Return whether a policy is allowed in a section, at a scope and on a gateway, each if known."""
    specification = specification_of(name)
    if specification is None:
        return False
    placement = placement_of(name)
    return (
        (section is None or section in specification.sections)
        and (scope is None or scope not in placement.not_at)
        and (gateway is None or gateway not in placement.not_on)
    )


def _policy_item(name: str, opening: str) -> Item:
    specification = specification_of(name)
    assert specification is not None  # only simulated policies are offered
    documentation = page_for_editors(name)
    return Item(
        name,
        "element",
        summary(name),
        documentation,
        opening + snippet(specification),
        is_snippet=True,
        rank=(5, name == "base"),
    )


def _part_item(specification: Specification | None, name: str, opening: str) -> Item:
    part = specification.part(name) if specification is not None else None
    insert = snippet(part, name) if part is not None else f"{name}>$0</{name}>"
    return Item(
        name,
        "element",
        f"part of {specification.name if specification else name}",
        insert=opening + insert,
        is_snippet=True,
        rank=(1,),
    )


def snippet(specification: Specification, name: str = "", depth: int = 0) -> str:
    """Return an element with its required parts, without its `<`: attributes and children as tab stops."""
    return _Snippet().element(specification, name or specification.name, depth) + ("" if depth else "$0")


class _Snippet:
    def __init__(self) -> None:
        self._number = 0

    def _place(self, text: str = "", values: tuple[str, ...] = ()) -> str:
        self._number += 1
        if values:
            return f"${{{self._number}|{','.join(value.replace(',', chr(92) + ',') for value in values)}|}}"
        return f"${{{self._number}:{text}}}" if text else f"${self._number}"

    def element(self, specification: Specification, name: str, depth: int) -> str:
        given = [slot for slot in specification.attributes if slot.required]
        for group in (specification.alternatives[:1],):
            given += [slot for slot in specification.attributes if slot.name in group and slot not in given]
        attributes = "".join(f' {slot.name}="{self._value(slot)}"' for slot in given)
        inside = self._children(specification, depth + 1)
        if inside:
            indent = "\n" + "\t" * (depth + 1)
            return f"{name}{attributes}>{indent}{indent.join(inside)}\n{chr(9) * depth}</{name}>"
        if specification.holds_policies:
            return f"{name}{attributes}>\n{chr(9) * (depth + 1)}{self._place()}\n{chr(9) * depth}</{name}>"
        if specification.takes_text:
            return f"{name}{attributes}>{self._place()}</{name}>"
        return f"{name}{attributes} />"

    def _children(self, specification: Specification, depth: int) -> list[str]:
        found: list[str] = []
        for slot in specification.contents:
            is_all = len(specification.contents) == 1 and not specification.children
            if slot.child is not None and (slot.required or is_all):
                found.append(f"<{slot.child}>{self._place()}</{slot.child}>")
        for child in specification.children:
            part = specification.part(child.name) if child.name is not None and child.part is not None else None
            if part is not None and child.required and depth < _DEEPEST:
                found.append("<" + self.element(part, child.name or "", depth))
        return found

    def _value(self, slot: AttributeSlot) -> str:
        if slot.values:
            return self._place(values=slot.values)
        if slot.convert is conversions.boolean:
            return self._place(values=("true", "false")) if not slot.expression else f"@({self._place()})"
        return self._place()


def at_end_tag(place: CaretPlace) -> list[Item]:
    """Return the name of the open element."""
    if place.element is None:
        return []
    return [Item(place.element.name, "element", "close it", insert=f"{place.element.name}>", rank=(0,))]


def at_attribute(place: CaretPlace) -> list[Item]:
    """Return the attributes that the element doesn't have yet, required ones first."""
    element = place.element
    specification = Subject.specification_of(element) if element is not None else None
    if element is None or specification is None:
        return []
    given = {attribute.name for attribute in element.attributes if attribute is not place.attribute}
    has_value = place.attribute is not None and place.attribute.value.start > place.attribute.name_end
    items: list[Item] = []
    for number, slot in enumerate(specification.attributes):
        if slot.name in given:
            continue
        choice = f"${{1|{','.join(slot.values)}|}}" if slot.values else "$1"
        insert = slot.name if has_value else f'{slot.name}="{choice}"'
        detail = kind_of(slot).replace("`", "") + (" (required)" if slot.required else "")
        page = attribute_page(specification, slot)
        rank = (0 if slot.required else 1, number)
        items.append(Item(slot.name, "attribute", detail, page, insert, is_snippet=not has_value, rank=rank))
    return items


def at_value(policy: OpenPolicy, place: CaretPlace, offset: int, knowledge: ProjectNames) -> list[Item]:
    """Return values of the attribute, names that it may refer to, and the beginning of an expression."""
    element, attribute = place.element, place.attribute
    if element is None or attribute is None:
        return []
    slot = policy.subject.slot_of(element, attribute.name)
    items = names_in_value(policy, element, attribute, knowledge)
    if slot is not None:
        values = slot.values or (("true", "false") if slot.convert is conversions.boolean else ())
        items += [Item(value, "value", rank=(1, number)) for number, value in enumerate(values)]
        codes = HTTPStatus if slot.convert is conversions.status_code else ()
        items += [Item(str(each.value), "value", each.phrase, rank=(1, each.value)) for each in codes]
        if slot.expression:
            items += _expressions("@($0)")
    return items


def _expressions(text: str) -> list[Item]:
    return [
        Item("@(…)" if "(" in text else "@{…}", "snippet", "an expression", insert=text, is_snippet=True, rank=(8,))
    ]
