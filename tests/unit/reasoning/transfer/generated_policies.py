"""Policies that are generated from the declarations: policy, slot, nesting, section, and whether the slot throws."""

from __future__ import annotations

import html
from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from apimpolicy.gateway.policies import conversions
from apimpolicy.gateway.policies.registry import names, specification_of
from apimpolicy.gateway.policies.spec import AttributeSlot, ContentSlot, Specification

_BY_CONVERSION = {
    conversions.boolean: "true",
    conversions.integer: "5",
    conversions.long_integer: "5",
    conversions.number: "5",
    conversions.status_code: "403",
    conversions.http_method: "POST",
    conversions.header_name: "X-Made",
}
_BY_NAME = {
    "url": "https://other.example",
    "base-url": "https://other.example",
    "set-url": "https://other.example",
    "template": "/made",
    "renewal-period": "300",
    "time-to-live": "00:10:00",
    "authorization-type": "Bearer",
    "thumbprint": "AA",
    "output-token-variable-name": "made",
    "ignore-error": "false",
}
_CHILDREN = {
    "validate-jwt": "<audiences><audience>a</audience></audiences>",
    "validate-azure-ad-token": "<client-application-ids><application-id>a</application-id></client-application-ids>",
    "ip-filter": "<address>203.0.113.7</address>",
    "cors": "<allowed-origins><origin>*</origin></allowed-origins>",
    "emit-metric": '<dimension name="API ID" />',
    "llm-content-safety": (
        '<categories output-type="EightSeverityLevels"><category name="Hate" threshold="1" /></categories>'
    ),
    "check-header": "<value>a</value>",
    "send-service-bus-message": "<payload>a</payload>",
    "set-header": "<value>a</value>",
    "send-request": "<set-url>https://other.example</set-url>",
    "send-one-way-request": "<set-url>https://other.example</set-url>",
    "choose": '<when condition="@(true)"><set-variable name="in" value="a" /></when>',
}
_INSIDE = '<set-variable name="in" value="a" />'
_ALSO = {
    "set-header": ["exists-action"],
    "authentication-managed-identity": ["output-token-variable-name"],
    "send-request": ["ignore-error"],
}
_WITH = {"token-quota": "token-quota-period"}
_WITHOUT = {"certificate-id": "thumbprint", "query-parameter-name": "header-name", "token-value": "header-name"}
"""Attributes that need another one, or exclude it."""
ODD = {
    "nothing": '""',
    "no name": '"a b:"',
    "a negative number": '"-1"',
    "a URL": '"https://a.example/?abc=1"',
    "a number": "1000",
}
"""What a slot may give for some requests, in C#."""
SECTIONS = ("inbound", "backend", "outbound", "on-error")
NESTINGS = {
    "alone": "{}",
    "choose": '<choose><when condition="@(context.Request.Headers.ContainsKey(&quot;X-N&quot;))">{}</when></choose>',
    "retry": (
        '<retry condition="@(context.Request.Headers.ContainsKey(&quot;X-N&quot;))" count="1" interval="0">{}</retry>'
    ),
    "wait": '<wait for="all"><choose><when condition="@(true)">{}</when></choose><choose /></wait>',
    "limit": '<limit-concurrency key="a" max-count="1">{}</limit-concurrency>',
    "ignored": (
        '<send-request mode="new" response-variable-name="r" ignore-error="true"><set-url>https://a.example</set-url>'
        "{}</send-request>"
    ),
    "sent": (
        '<send-request mode="copy" response-variable-name="r"><set-url>https://a.example</set-url>{}</send-request>'
    ),
    "sent one way": '<send-one-way-request mode="new"><set-url>https://a.example</set-url>{}</send-one-way-request>',
    "returned": "<return-response>{}</return-response>",
}


class Combination(NamedTuple):
    """A policy whose slot may throw or give an odd value, in a section, inside another policy."""

    policy: str
    slot: str
    gives: str
    nesting: str
    section: str
    document: str

    def __str__(self) -> str:
        return " ".join(filter(None, self[:5]))


def combinations() -> Iterator[Combination]:
    """Yield all combinations; a gateway refuses some of them."""
    for name in names():
        specification = specification_of(name)
        if specification is None or not specification.sections or name in ("base", "include-fragment"):
            continue
        slots = [("", ""), *product(_evaluated(specification), ("", *ODD))]
        allowed = specification.sections | specification.also_in
        for (slot, odd), section in product(slots, (each for each in SECTIONS if each in allowed)):
            element = element_of(specification, slot, ODD.get(odd))
            for nesting, around in NESTINGS.items():
                document = _document(section, around.replace("{}", element))
                yield Combination(name, slot, odd, nesting, section, document)


def _document(section: str, inner: str) -> str:
    texts = {"backend": "<forward-request />", "inbound": "", "outbound": "", "on-error": ""}
    before, after = (f'<set-variable name="{each}" value="a" />' for each in ("before", "after"))
    if section == "on-error":
        texts["inbound"] = '<set-variable name="n" value="@(context.Request.Headers[&quot;X-F&quot;][0])" />'
    else:
        texts["on-error"] = '<set-variable name="handled" value="a" />'
    found = before + inner + after
    texts[section] = found + "<forward-request />" if section == "backend" and "forward-request" not in inner else found
    return "<policies>" + "".join(f"<{name}>{texts[name]}</{name}>" for name in SECTIONS) + "</policies>"


def _evaluated(specification: Specification) -> Iterator[str]:
    for slot in specification.attributes:
        if slot.expression:
            yield slot.name
    for content in specification.contents:
        yield content.child or "text"


def element_of(specification: Specification, throwing: str, odd: str | None = None) -> str:
    """Return a policy with what it needs; for requests with the header X-T, the slot that is `throwing` throws, or
    gives an odd value.
    """
    name, attributes = specification.name, ""
    chosen = {group[0] for group in (specification.alternatives,) if group}
    for slot in specification.attributes:
        is_given = slot.required or slot.name == throwing or slot.name in chosen or slot.name in _ALSO.get(name, ())
        is_given |= _WITH.get(throwing) == slot.name
        if is_given and _WITHOUT.get(throwing) != slot.name:
            text = value_of(slot, slot.name)
            value = thrown(text, slot, odd) if slot.name == throwing else text
            attributes += f' {slot.name}="{html.escape(value)}"'
    inside = _CHILDREN.get(name, "")
    for content in specification.contents:
        if (content.child or "text") == throwing:
            text = html.escape(thrown(value_of(content, content.child or ""), content, odd))
            inside = text if content.child is None else f"<{content.child}>{text}</{content.child}>"
        elif content.child is None and not inside:
            inside = value_of(content, "")
    if any(slot.part is None and not slot.known for slot in specification.children):
        inside += _INSIDE
    return f"<{name}{attributes}>{inside}</{name}>"


def value_of(slot: AttributeSlot | ContentSlot, name: str) -> str:
    """Return a value that a slot accepts."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if isinstance(slot, AttributeSlot) and slot.values:
        return slot.values[0]
    return _BY_CONVERSION.get(slot.convert, "https://other.example" if name.endswith("url") else "abc")


def thrown(text: str, slot: AttributeSlot | ContentSlot, odd: str | None) -> str:
    """Return an expression with this value, which throws for requests with a header, or gives an odd text."""
    absent = 'context.Request.Headers["X-None"][0]'
    if odd is not None:
        failed, literal = f"(object){odd}", f'"{text}"'
    elif slot.convert is conversions.boolean:
        failed, literal = f"bool.Parse({absent})", text
    elif text.isdecimal():
        failed, literal = f"int.Parse({absent})", text
    else:
        failed, literal = absent, f'"{text}"'
    return f'@(context.Request.Headers.ContainsKey("X-T") ? {failed} : {literal})'
