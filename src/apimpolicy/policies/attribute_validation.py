"""Validate the attributes of an element.

POL102  an attribute that the policy does not have       POL105  an expression where none is evaluated
POL103  a required attribute is missing                  POL113  attributes that do not go together
POL104  a value that the attribute does not allow
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.policies.conversions import InvalidValueError
from apimpolicy.policies.registry import did_you_mean, is_unnamed_output
from apimpolicy.text import source

if TYPE_CHECKING:
    from apimpolicy.policies.spec import AttributeSlot, Specification
    from apimpolicy.text.document import Attribute, Characters, Element


def validate_attributes(element: Element, specification: Specification) -> Iterator[Diagnostic]:
    """Yield every finding about the attributes of an element."""
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
    """Return a finding at the name of an element."""
    return Diagnostic(code, message, element.source, element.name_start, element.name_end, severity, label, help)


def _at_value(attribute: Attribute, message: str, label: str = "", help: str = "") -> Diagnostic:
    value = attribute.value
    return Diagnostic("POL104", message, value.source, value.start, value.end, label=label, help=help)
