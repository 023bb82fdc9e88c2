"""Validate a document as policies: names, attributes, values, children, sections.

    POL101  an unknown policy                                POL108  a required element is missing, or an empty text
    POL102  an attribute that the policy does not have       POL109  a fragment with something fragments can't hold
    POL103  a required attribute is missing                  POL110  a root or a section that policies do not have
    POL104  a value that the attribute does not allow        POL113  attributes that do not go together
    POL105  an expression where none is evaluated            POL114  a policy that no documentation describes
    POL106  a policy in a section that does not allow it     POL115  a policy that Microsoft has retired
    POL107  an element that does not belong here             POL150  sections without <policies> around them

An error means that the gateway would refuse the document. `traits.DOUBTS` are what the sources disagree about. Of
policies that are not simulated only the name is checked, and what the gateway was seen to require.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.gateway.policies.conversions import InvalidValueError
from apimpolicy.gateway.policies.registry import (
    RETIRED,
    UNDOCUMENTED,
    did_you_mean,
    is_known,
    is_unnamed_output,
    names,
    specification_of,
)
from apimpolicy.gateway.policies.spec import SECTIONS, AttributeSlot, ContentSlot, Specification
from apimpolicy.text import source
from apimpolicy.text.document import Attribute, CData, Characters, Document, Element
from apimpolicy.text.source import UNKNOWN_POLICIES, has_hole


def validate_attributes(element: Element, specification: Specification) -> Iterator[Diagnostic]:
    slots = {slot.name: slot for slot in specification.attributes}
    yield from unknown_attributes(element, slots)
    for attribute in element.attributes:
        if (slot := slots.get(attribute.name)) is not None:
            yield from _value(element, attribute, slot)
    for slot in slots.values():
        if slot.required and element.get(slot.name) is None and "optional" not in slot.doubts:
            yield from _missing(element, slot)
    yield from _combinations(element, specification)


def unknown_attributes(element: Element, known: Iterable[str] = ()) -> Iterator[Diagnostic]:
    """Yield a finding for every attribute that is not known; `id` and namespaces are allowed everywhere."""
    for attribute in element.attributes:
        name = attribute.name
        is_known = name in known or name == "id" or name.startswith("xmlns") or is_unnamed_output(element.name, name)
        if not is_known:
            yield Diagnostic(
                "POL102",
                f"'{element.name}' has no attribute '{name}'",
                element.source,
                attribute.name_start,
                attribute.name_end,
                label=did_you_mean(name, tuple(known)),
                help=f"Its attributes are {', '.join(known)}." if known else "It has no attributes.",
            )


def is_unknown(value: Characters) -> bool:
    """Return whether a text is known only when the policy is deployed or run: an expression, or one with a hole."""
    return bool(value.parts) or source.is_unknown(value.text)


def _missing(element: Element, slot: AttributeSlot) -> Iterator[Diagnostic]:
    if element.may_have_more_attributes:
        return
    severity = Severity.WARNING if "needed" in slot.doubts else Severity.ERROR
    yield at_name(element, "POL103", f"'{element.name}' needs the attribute '{slot.name}'", severity=severity)


def _combinations(element: Element, specification: Specification) -> Iterator[Diagnostic]:
    is_open = element.may_have_more_attributes
    if specification.alternatives and not is_open and not any(element.get(name) for name in specification.alternatives):
        choice = " or ".join(f"'{name}'" for name in specification.alternatives)
        yield at_name(element, "POL113", f"'{element.name}' needs the attribute {choice}")
    for first, second in specification.exclusive:
        if element.get(first) and element.get(second):
            yield at_name(element, "POL113", f"'{element.name}' takes either '{first}' or '{second}', not both")
    for first, second in specification.requires:
        if element.get(first) and not element.get(second) and not is_open:
            yield at_name(element, "POL113", f"'{first}' of '{element.name}' needs the attribute '{second}' as well")


def _value(element: Element, attribute: Attribute, slot: AttributeSlot) -> Iterator[Diagnostic]:
    value = attribute.value
    if value.parts:
        if "disputed-expression" in slot.doubts or not (slot.expression or "expression" in slot.doubts):
            yield _expression(element, attribute, slot)
    elif not is_unknown(value) and "<" not in value.raw:  # a raw `<` has been reported already
        text = value.text
        if slot.is_filled and not text.strip():
            finding = _at_value(attribute, f"'{slot.name}' of '{element.name}' is empty", help="It needs a value.")
            if "empty" in slot.doubts:
                finding.severity = Severity.WARNING
            yield finding
        elif expected := _expected(text, slot):
            finding = _at_value(
                attribute, f"'{slot.name}' can't be '{text[:80]}'", label=did_you_mean(text, slot.values), help=expected
            )
            if text.lower() in map(str.lower, slot.values):  # whether the gateway looks at the case is not known
                finding.severity = Severity.WARNING
            yield finding


def _expression(element: Element, attribute: Attribute, slot: AttributeSlot) -> Diagnostic:
    value = attribute.value
    message, severity = f"'{attribute.name}' of '{element.name}' can't be an expression", Severity.ERROR
    advice = "Write the value itself."
    if "disputed-expression" in slot.doubts:
        message, severity = f"not every gateway accepts an expression for '{attribute.name}'", Severity.WARNING
        advice = "One gateway refused to save it; other services have it in production. A literal works everywhere."
    elif "unknown-expression" in slot.doubts:
        severity, advice = Severity.WARNING, "Undocumented: whether expressions are evaluated here."
    return Diagnostic("POL105", message, value.source, value.start, value.end, severity, help=advice)


def _expected(text: str, slot: AttributeSlot) -> str:
    """Return the expected value for an invalid literal; empty for a valid one.

    An empty literal passes where the attribute is optional: some gateways take it for a missing one.
    """
    if slot.values:
        return "" if text in slot.values else f"Expected {_one_of(slot.values)}."
    kind = _KINDS.get(slot.convert.__name__)
    if kind is None or not text:
        return ""
    try:
        slot.convert(text)
    except (DotnetException, InvalidValueError):
        return f"Expected {kind}."
    return ""


_KINDS = {
    "boolean": "true or false",
    "integer": "a whole number",
    "status_code": "a whole number from 0 to 999",
    "long_integer": "a whole number",
    "number": "a number, 0 or more",
    "double": "a number",
    "skew": "a number of seconds, 0 or more",
    "moment": "a date and time, such as 2026-01-31T00:00:00Z",
}
"""The literals of an attribute, by the name of its conversion."""


def _one_of(values: tuple[str, ...]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"


def at_name(
    element: Element, code: str, message: str, *, severity: Severity = Severity.ERROR, label: str = "", help: str = ""
) -> Diagnostic:
    return Diagnostic(code, message, element.source, element.name_start, element.name_end, severity, label, help)


def _at_value(attribute: Attribute, message: str, label: str = "", help: str = "") -> Diagnostic:
    value = attribute.value
    return Diagnostic("POL104", message, value.source, value.start, value.end, label=label, help=help)


_ROOTS = ("policies", "fragment", *SECTIONS)


def validate(document: Document) -> list[Diagnostic]:
    """Return every finding about a document that could be read as markup, in document order.

    What is not known (`text.source`) may be anything that the place allows: a value, elements, attributes.
    """
    found: list[Diagnostic] = []
    for root in document.roots:
        found.extend(finding for finding in _root(root) if not has_hole(finding.message))
    found.extend(_sections_side_by_side(document.roots))
    found.sort(key=lambda finding: finding.start)
    return found


def _sections_side_by_side(roots: Sequence[Element]) -> Iterator[Diagnostic]:
    """Yield a warning: a build may put <policies> around the file. Rule POL136 is for one section alone."""
    if len(roots) > 1 and len({root.name for root in roots}) == len(roots) and all(r.name in SECTIONS for r in roots):
        yield at_name(
            roots[0],
            "POL150",
            "these sections have no <policies> element around them",
            severity=Severity.WARNING,
            help="Put <policies> around the sections. Azure doesn't save the document as it is.",
        )


def _root(root: Element) -> Iterator[Diagnostic]:
    if root.name == "policies":
        seen: set[str] = set()
        for section in root.elements():
            if section.name not in SECTIONS:
                yield at_name(
                    section,
                    "POL110",
                    f"'{section.name}' is not a section",
                    label=did_you_mean(section.name, SECTIONS),
                    help="The sections are inbound, backend, outbound and on-error.",
                )
                continue
            if section.name in seen:
                yield at_name(section, "POL110", f"the section '{section.name}' appears twice")
            seen.add(section.name)
            yield from _policies(section, section.name)
        yield from _no_text(root)
    elif root.name in SECTIONS:
        yield from _policies(root, root.name)
    elif root.name == "fragment":
        yield from _policies(root, None)
        yield from _fragment(root)
    elif is_known(root.name):
        yield from _policy(root, None)
    else:
        yield at_name(
            root,
            "POL110",
            f"a policy document does not begin with <{root.name}>",
            label=did_you_mean(root.name, _ROOTS),
            help="Write <policies>, or <fragment> for a policy fragment.",
        )


def _fragment(root: Element) -> Iterator[Diagnostic]:
    for element in root.descendants():
        is_section = element.name in (*SECTIONS, "policies") and element.parent is root
        included = element.get("fragment-id")
        if included is not None and included.value.text.startswith(UNKNOWN_POLICIES):
            continue
        if element.name in ("base", "include-fragment") or is_section:
            yield at_name(
                element,
                "POL109",
                f"a fragment can't contain <{element.name}>",
                help="A fragment contains policies only: no sections, no <base /> and no other fragments.",
            )


def _policies(
    parent: Element, section: str | None, known: Iterable[str] = (), own: Container[str] = ()
) -> Iterator[Diagnostic]:
    """`own` are the names of elements that belong to the parent and are not policies.

    What follows an element that has no end may belong beside it; the missing end is a finding already.
    """
    allowed = () if parent.is_unclosed else tuple(known)
    for element in parent.elements():
        if element.name in own:
            continue
        if allowed and element.name not in allowed:
            yield _unexpected(element, allowed)
        elif not is_known(element.name):
            if section is None and element.name in (*SECTIONS, "policies"):
                continue
            yield at_name(
                element, "POL101", f"unknown policy '{element.name}'", label=did_you_mean(element.name, names())
            )
        else:
            yield from _policy(element, section)
    yield from _no_text(parent)


def _policy(element: Element, section: str | None) -> Iterator[Diagnostic]:
    specification = specification_of(element.name)
    if element.name in UNDOCUMENTED:
        yield at_name(
            element,
            "POL114",
            f"no documentation describes the policy '{element.name}'",
            severity=Severity.WARNING,
            help=f"Only {UNDOCUMENTED[element.name]} has it. What it does is not known, and it can't be simulated.",
        )
    if element.name in RETIRED:
        yield at_name(
            element,
            "POL115",
            f"the policy '{element.name}' is retired",
            severity=Severity.WARNING,
            help=f"{RETIRED[element.name]} It can't be simulated.",
        )
    if specification is None:
        return
    if section is not None and section not in specification.sections | specification.also_in:
        where = ", ".join(name for name in SECTIONS if name in specification.sections) or "GraphQL resolvers only"
        if section in specification.doubtful_in:
            message = f"the documentation does not allow '{element.name}' in the section '{section}'"
            advice = f"Deployed policies have it there. Move it to {where} to be safe."
            yield at_name(element, "POL106", message, severity=Severity.INFO, help=advice)
        else:
            message = f"'{element.name}' is not allowed in the section '{section}'"
            yield at_name(element, "POL106", message, help=f"It is allowed in {where}.")
    yield from _element(element, specification, section)


def _element(element: Element, specification: Specification, section: str | None) -> Iterator[Diagnostic]:
    yield from validate_attributes(element, specification)
    texts = {slot.child: slot for slot in specification.contents if slot.child is not None}
    parts = {slot.name: slot for slot in specification.children if slot.part is not None}
    own = {*texts, *(name for name in parts if name)}
    counts: dict[str, int] = {}
    for child in element.elements():
        counts[child.name] = counts.get(child.name, 0) + 1
        if child.name in texts:
            yield from _text_child(child, texts[child.name])
            continue
        part = specification.part(child.name)
        if part is not None:
            most = 1 if parts[child.name].single else parts[child.name].most
            if most is not None and counts[child.name] == most + 1:
                allowed = "one" if most == 1 else str(most)
                yield at_name(child, "POL107", f"'{element.name}' takes only {allowed} '{child.name}'")
            yield from _element(child, part, section)
        elif not specification.holds_policies and not specification.takes_markup and not element.is_unclosed:
            yield _unexpected(child, sorted(own))
    if specification.in_order:
        yield from _order(
            element, [name for name in parts if name], {slot.name for slot in specification.children if slot.anywhere}
        )
    required = [slot.child for slot in specification.contents if slot.required and slot.child is not None]
    required += [slot.name for slot in specification.children if slot.required and slot.name is not None]
    for name in required:
        if name not in counts and not element.may_hold_more:
            yield at_name(element, "POL108", f"'{element.name}' has no '{name}' element")
    waived = specification.waiver and element.get(specification.waiver) is not None
    waived = waived or element.may_hold_more
    if specification.choices and not waived and not any(name in counts for name in specification.choices):
        choice = " or ".join(f"'{name}'" for name in specification.choices)
        severity = Severity.WARNING if specification.choice_is_doubtful else Severity.ERROR
        yield at_name(element, "POL108", f"'{element.name}' needs the element {choice}", severity=severity)
    for slot in specification.children:
        if slot.part is None:
            yield from _policies(element, None if specification.composes else section, slot.known, own)
    own_text = next((slot for slot in specification.contents if slot.child is None), None)
    if own_text is not None:
        yield from _not_empty(element, own_text)
    elif not specification.holds_policies:
        yield from _no_text(element)


def _text_child(element: Element, slot: ContentSlot) -> Iterator[Diagnostic]:
    """Yield a child element that holds a text and nothing else."""
    yield from unknown_attributes(element)
    for child in element.elements():
        if not child.is_unclosed:  # which has a finding already
            yield _unexpected(child, ())
    if slot.literal and element.expression is not None:
        value = element.expression
        message, advice = f"'{element.name}' can't be an expression", "Write the value itself, or a named value."
        yield Diagnostic("POL105", message, value.source, value.start, value.end, help=advice)
    yield from _not_empty(element, slot)


def _not_empty(element: Element, slot: ContentSlot) -> Iterator[Diagnostic]:
    if slot.filled and not element.text.strip() and next(element.elements(), None) is None:
        yield at_name(element, "POL108", f"'{element.name}' is empty", help="It needs a value.")


def _order(element: Element, names: list[str], anywhere: Container[str | None]) -> Iterator[Diagnostic]:
    """Yield the first child element after one that should follow it, and those that may be right there."""
    reached = 0
    for child in element.elements():
        if child.name not in names:
            continue
        if names.index(child.name) < reached:
            later = names[reached:]
            doubtful = child.name in anywhere
            yield at_name(
                child,
                "POL107",
                f"the element '{element.name}' has invalid child element '{child.name}'",
                severity=Severity.WARNING if doubtful else Severity.ERROR,
                label=f"belongs before '{names[reached]}'",
                help=f"The order is {', '.join(names)}. Expected here: {', '.join(later)}.",
            )
            if not doubtful:
                return
        else:
            reached = names.index(child.name)


def _no_text(element: Element) -> Iterator[Diagnostic]:
    for node in element.children:
        if isinstance(node, Characters) and node.text.strip() and not node.is_unknown_outside_expressions:
            start = node.start
            if not isinstance(node, CData):
                start += len(node.raw) - len(node.raw.lstrip())
            yield Diagnostic(
                "POL107", f"the element '{element.name}' cannot contain text", node.source, start, start + 1
            )
            return


def _unexpected(element: Element, allowed: Iterable[str]) -> Diagnostic:
    parent = element.parent.name if element.parent is not None else ""
    known = tuple(allowed)
    expected = ", ".join(f"'{name}'" for name in known)
    return at_name(
        element,
        "POL107",
        f"the element '{parent}' has invalid child element '{element.name}'",
        label=did_you_mean(element.name, known),
        help=f"Expected: {expected}." if expected else f"'{parent}' has no child elements.",
    )
