"""What is wrong with a document as policies: names, attributes, values, children, sections.

    POL101  a policy that nobody knows                       POL106  a policy in a section that does not allow it
    POL102  an attribute that the policy does not have       POL107  an element that does not belong here
    POL103  a required attribute is missing                  POL108  a required element is missing
    POL104  a value that the attribute does not allow        POL109  a fragment with something fragments cannot hold
    POL105  an expression where none is evaluated            POL110  a root or a section that policies do not have
    POL113  attributes that do not go together               POL114  a policy that no documentation describes

An error says that the gateway would refuse the document. Where the documentation and the gateway's schema disagree, or
where people's documents live with it, it is a warning. Of policies that are not simulated yet only the name is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.policies.conversions import boolean, integer, long_integer, number
from apimpolicy.policies.registry import UNDOCUMENTED, is_known, nearest, specification_of
from apimpolicy.policies.spec import SECTIONS
from apimpolicy.text.document import CData, Characters, Element
from apimpolicy.text.holes import has_hole, is_unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from apimpolicy.policies.spec import AttributeSlot, Specification
    from apimpolicy.text.document import Attribute, Document

_DOUBTFUL_REQUIREMENTS = frozenset(
    {
        ("authentication-managed-identity", "resource"),
        ("set-status", "reason"),
        ("check-header", "ignore-case"),
        ("check-header", "failed-check-error-message"),
        ("llm-semantic-cache-lookup", "embeddings-backend-auth"),
        ("send-request", "response-variable-name"),
        ("llm-token-limit", "estimate-prompt-tokens"),
        ("azure-openai-token-limit", "estimate-prompt-tokens"),
    }
)
"""Required by the documentation; optional in the schema, or left out by many or by the documentation's own examples."""

_DOUBTFUL_ORDER = frozenset({("validate-jwt", "decryption-keys")})
"""Last in an example of the documentation, in the middle in the schema."""


def validate(document: Document) -> list[Diagnostic]:
    """Every finding about a document that could be read as markup, in document order.

    What is not known (`text.holes`) may be anything that the place allows: a value, elements, attributes.
    """
    found: list[Diagnostic] = []
    for root in document.roots:
        found.extend(finding for finding in _root(root) if not has_hole(finding.message))
    found.sort(key=lambda finding: finding.start)
    return found


def _root(root: Element) -> Iterator[Diagnostic]:
    if root.name == "policies":
        seen: set[str] = set()
        for section in root.elements():
            if section.name not in SECTIONS:
                yield _at_name(
                    section,
                    "POL110",
                    f"'{section.name}' is not a section",
                    help="The sections are inbound, backend, outbound and on-error.",
                )
                continue
            if section.name in seen:
                yield _at_name(section, "POL110", f"the section '{section.name}' is given twice")
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
        yield _at_name(
            root,
            "POL110",
            f"a policy document does not begin with <{root.name}>",
            help="Write <policies>, or <fragment> for a policy fragment.",
        )


def _fragment(root: Element) -> Iterator[Diagnostic]:
    for element in root.descendants():
        if element.name in ("base", "include-fragment") or (element.name in SECTIONS and element.parent is root):
            yield _at_name(
                element,
                "POL109",
                f"a fragment cannot hold <{element.name}>",
                help="A fragment holds policies only: no sections, no <base />, no further fragment.",
            )


def _policies(
    parent: Element, section: str | None, known: Iterable[str] = (), own: Container[str] = ()
) -> Iterator[Diagnostic]:
    """`own` are the names of elements that belong to the parent and are no policies."""
    allowed = tuple(known)
    for element in parent.elements():
        if element.name in own:
            continue
        if allowed and element.name not in allowed:
            yield _unexpected(element, allowed)
        elif not is_known(element.name):
            if section is None and element.name in SECTIONS:
                continue
            near = nearest(element.name)
            yield _at_name(
                element,
                "POL101",
                f"there is no policy '{element.name}'",
                label=f"did you mean '{near}'?" if near else "",
            )
        else:
            yield from _policy(element, section)
    yield from _no_text(parent)


def _policy(element: Element, section: str | None) -> Iterator[Diagnostic]:
    specification = specification_of(element.name)
    if element.name in UNDOCUMENTED:
        yield _at_name(
            element,
            "POL114",
            f"no documentation describes the policy '{element.name}'",
            severity=Severity.WARNING,
            help=f"Only {UNDOCUMENTED[element.name]} knows it; what it does is not known, and it is not simulated.",
        )
    if specification is None:
        return
    if section is not None and section not in specification.sections:
        where = ", ".join(name for name in SECTIONS if name in specification.sections)
        yield _at_name(
            element,
            "POL106",
            f"'{element.name}' is not allowed in the section '{section}'",
            severity=Severity.WARNING,
            help=f"The documentation allows it in {where or 'GraphQL resolvers only'}.",
        )
    yield from _element(element, specification, section)


def _element(element: Element, specification: Specification, section: str | None) -> Iterator[Diagnostic]:
    yield from _attributes(element, specification)
    texts = {slot.child: slot for slot in specification.contents if slot.child is not None}
    parts = {slot.name: slot for slot in specification.children if slot.part is not None}
    own = {*texts, *(name for name in parts if name)}
    counts: dict[str, int] = {}
    for child in element.elements():
        counts[child.name] = counts.get(child.name, 0) + 1
        if child.name in texts:
            continue
        part = specification.part(child.name)
        if part is not None:
            most = 1 if parts[child.name].single else parts[child.name].most
            if most is not None and counts[child.name] == most + 1:
                allowed = "one" if most == 1 else str(most)
                yield _at_name(child, "POL107", f"'{element.name}' takes {allowed} '{child.name}' only")
            yield from _element(child, part, section)
        elif not specification.holds_policies and not specification.takes_markup:
            yield _unexpected(child, sorted(own))
    if specification.in_order:
        yield from _order(element, [name for name in parts if name])
    required = [slot.child for slot in specification.contents if slot.required and slot.child is not None]
    required += [slot.name for slot in specification.children if slot.required and slot.name is not None]
    for name in required:
        if name not in counts and not element.may_hold_more:
            yield _at_name(element, "POL108", f"'{element.name}' has no '{name}' element")
    for slot in specification.children:
        if slot.part is None:
            yield from _policies(element, None if specification.composes else section, slot.known, own)
    if not specification.takes_text and not specification.holds_policies:
        yield from _no_text(element)


def _order(element: Element, names: list[str]) -> Iterator[Diagnostic]:
    """The first child element that stands behind one that should follow it, and doubtful ones."""
    reached = 0
    for child in element.elements():
        if child.name not in names:
            continue
        if names.index(child.name) < reached:
            later = names[reached:]
            doubtful = (element.name, child.name) in _DOUBTFUL_ORDER
            yield _at_name(
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


def _attributes(element: Element, specification: Specification) -> Iterator[Diagnostic]:
    slots = {slot.name: slot for slot in specification.attributes}
    for attribute in element.attributes:
        slot = slots.get(attribute.name)
        if slot is not None:
            yield from _value(element, attribute, slot)
        elif attribute.name != "id" and not attribute.name.startswith("xmlns"):
            yield _unknown_attribute(element, attribute, slots)
    for slot in slots.values():
        if slot.required and element.get(slot.name) is None and not element.may_have_more_attributes:
            yield _at_name(
                element,
                "POL103",
                f"'{element.name}' needs the attribute '{slot.name}'",
                severity=_severity_of_missing(element.name, slot.name),
            )
    if specification.alternatives and not (
        any(element.get(name) for name in specification.alternatives) or element.may_have_more_attributes
    ):
        choice = " or ".join(f"'{name}'" for name in specification.alternatives)
        yield _at_name(element, "POL113", f"'{element.name}' needs the attribute {choice}")
    for first, second in specification.exclusive:
        if element.get(first) and element.get(second):
            message = f"'{element.name}' takes either '{first}' or '{second}', not both"
            yield _at_name(element, "POL113", message)


def _severity_of_missing(element: str, attribute: str) -> Severity:
    return Severity.WARNING if (element, attribute) in _DOUBTFUL_REQUIREMENTS else Severity.ERROR


def _value(element: Element, attribute: Attribute, slot: AttributeSlot) -> Iterator[Diagnostic]:
    value = attribute.value
    if value.parts:
        if not slot.expression:
            yield Diagnostic(
                "POL105",
                f"'{attribute.name}' of '{element.name}' cannot be an expression",
                value.source,
                value.start,
                value.end,
                Severity.WARNING,
                help="According to the documentation no expression is evaluated here.",
            )
        return
    text = value.text
    if is_unknown(text) or "<" in value.raw:  # what is wrong with a raw `<` was said already
        return
    if slot.values:
        advice = "" if text in slot.values else f"The values are {', '.join(slot.values)}."
    else:
        advice = _wrong_literal(text, slot)
    if advice:
        message = f"'{text}' is not a value of '{attribute.name}'"
        label = _meant(text, slot.values)
        yield Diagnostic("POL104", message, value.source, value.start, value.end, label=label, help=advice)


_LITERALS: dict[Callable[..., object], str] = {
    boolean: "It is true or false.",
    integer: "It is a whole number.",
    long_integer: "It is a whole number.",
    number: "It is a number.",
}


def _wrong_literal(text: str, slot: AttributeSlot) -> str:
    """What a literal must be, when it cannot be converted; an empty one is let pass: some gateways take it for none."""
    advice = _LITERALS.get(slot.convert)
    if advice is None or not text:
        return ""
    try:
        slot.convert(text)
    except DotnetException:
        return advice
    return ""


def _unknown_attribute(element: Element, attribute: Attribute, known: Iterable[str]) -> Diagnostic:
    return Diagnostic(
        "POL102",
        f"'{element.name}' has no attribute '{attribute.name}'",
        element.source,
        attribute.name_start,
        attribute.name_end,
        label=_meant(attribute.name, known),
        help=f"Its attributes are {', '.join(known)}." if known else "It has no attributes.",
    )


def _meant(written: str, known: Iterable[str]) -> str:
    """The known name that is like the written one, as a question; empty when none is."""
    from difflib import get_close_matches

    names = {name.lower(): name for name in known}
    near = get_close_matches(written[:64].lower(), names, 1, 0.7)
    return f"did you mean '{names[near[0]]}'?" if near else ""


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
    expected = ", ".join(f"'{name}'" for name in allowed)
    return _at_name(
        element,
        "POL107",
        f"the element '{parent}' has invalid child element '{element.name}'",
        help=f"Expected: {expected}." if expected else "It has no child elements.",
    )


def _at_name(
    element: Element,
    code: str,
    message: str,
    *,
    severity: Severity = Severity.ERROR,
    label: str = "",
    help: str = "",
) -> Diagnostic:
    return Diagnostic(code, message, element.source, element.name_start, element.name_end, severity, label, help)
