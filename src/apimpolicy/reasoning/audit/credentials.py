"""Credentials of the gateway in a request, and policies that add them or write headers and parameters of the query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.sources import OF_GATEWAY, UNKNOWN, UNSET, KnownValue, of_text
from apimpolicy.reasoning.audit.states import ALWAYS, AuditState, GatewayAction, attribute_of, both
from apimpolicy.text.document import Characters, Element

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.steps import Step
    from apimpolicy.reasoning.audit.walk import Walk

_VARIABLE = re.compile(r"""Variables[.\w<>?\s]*[\[(]\s*(?:&quot;|")([\w.-]+)""")
_NAMED_VALUE = re.compile(r"\{\{([^{}]+)\}\}")
_CREDENTIAL = re.compile(r"key|secret|password|auth|token|code|credential", re.IGNORECASE)
_PARAMETER = re.compile(r"[?&]([^=&?#]+)=([^&#]*)")
_CREDENTIAL_NAMES = frozenset(
    (
        *("authorization", "api-key", "x-functions-key", "x-api-key", "ocp-apim-subscription-key"),
        *("code", "sig", "subscription-key"),
    )
)
"""Headers and parameters of a URL that carry credentials: of Azure, and of many APIs."""


def lending(walk: Walk, step: Step, state: AuditState, lent: Iterable[str]) -> AuditState:
    for each in dict.fromkeys(lent):
        state = walk.act(step, state, GatewayAction(kinds.LENDS, each))
    return state


def lending_texts(walk: Walk, step: Step, state: AuditState) -> AuditState:
    """Lend what the request carries in its URL or in its body, where a policy has written it."""
    if has_trait(step.name, "rewrites-path", "chooses-backend"):
        for attribute in step.element.attributes:
            text = attribute.value.text
            state = lending(walk, step, state, (*lent_in(walk, text), *lent_in_url(walk, text)))
    elif has_trait(step.name, "replaces-body"):
        state = lending(walk, step, state, lent_in(walk, step.element.text))
    return state


def lent_in_url(walk: Walk, text: str) -> Iterator[str]:
    """Yield the credentials of the gateway that the parameters of a URL carry."""
    for name, value in _PARAMETER.findall(text):
        yield from lent_in(walk, value, name.lower())


def lent_in(walk: Walk, text: str, name: str = "") -> Iterator[str]:
    """Yield the credentials of the gateway that a text carries, in a header or a parameter of a name."""
    for found in _NAMED_VALUE.findall(text):
        is_named = name and (name in _CREDENTIAL_NAMES or _CREDENTIAL.search(found))
        if found in walk.service_context.secrets or is_named:
            yield f"named value '{found}'"
    for found in _VARIABLE.findall(text):
        value = walk.knowledge.variable(found)
        if value.kind == "credential":
            yield value.subject
        elif name == "authorization" and value.kind in ("unknown", "answer", "cached"):
            yield f"variable '{found}'"
        elif value.origin is not None and value.origin.kind == "variable":
            inner = walk.knowledge.variable(value.origin.name or "")
            if inner.kind == "credential":
                yield inner.subject


_OF_GATEWAY = KnownValue("unknown", parts=((ALWAYS, OF_GATEWAY),))


def chooses_backend(walk: Walk, step: Step, state: AuditState) -> AuditState:
    walk.knowledge.changed()
    state = lending_texts(walk, step, state)
    lent = walk.service_context.lending_backends.get(attribute_of(step.element, "backend-id"))
    return state if lent is None else walk.act(step, state, GatewayAction(kinds.LENDS, lent))


def identity(walk: Walk, step: Step, state: AuditState) -> AuditState:
    lent = _identity(step.element)
    variable = attribute_of(step.element, "output-token-variable-name")
    if variable:
        walk.knowledge.set(variable, KnownValue("credential", subject=lent, parts=((ALWAYS, OF_GATEWAY),)))
        return state
    walk.knowledge.header_changed("authorization", _OF_GATEWAY)
    return walk.act(
        step, walk.act(step, state, GatewayAction(kinds.LENDS, lent)), GatewayAction(kinds.REPLACES, "authorization")
    )


def _identity(element: Element) -> str:
    resource = attribute_of(element, "resource")
    return f"managed identity for {resource.removeprefix('https://').rstrip('/') or 'an unknown resource'}"


def connection(walk: Walk, step: Step, state: AuditState) -> AuditState:
    variable, name = attribute_of(step.element, "context-variable-name"), step.element.get("provider-id")
    if name is None:
        lent = "a stored connection"
    elif name.value.expression is None:
        lent = f"connection '{name.value.text.strip()}'"
    else:
        is_chosen = bool(walk.chosen(name.value))
        lent = "every stored connection, by the caller's choice" if is_chosen else "a stored connection"
    if variable:
        walk.knowledge.set(variable, KnownValue("credential", subject=lent, parts=((ALWAYS, OF_GATEWAY),)))
    return state


def credentials(walk: Walk, step: Step, state: AuditState) -> AuditState:
    state = walk.act(step, state, GatewayAction(kinds.LENDS, _credential(step.element)))
    if not step.name.endswith("basic"):
        return state
    walk.knowledge.header_changed("authorization", _OF_GATEWAY)
    return walk.act(step, state, GatewayAction(kinds.REPLACES, "authorization"))


def _credential(element: Element) -> str:
    kind = element.name.removeprefix("authentication-")
    return {"basic": "user name and password", "certificate": "client certificate of the gateway"}.get(kind, kind)


def header_set(walk: Walk, step: Step, state: AuditState) -> AuditState:
    name = attribute_of(step.element, "name").lower()
    known = None if "@" in name or "{{" in name else name
    is_header = has_trait(step.name, "sets-header")
    if is_header:
        walk.knowledge.header_changed(known, _written_value(walk, step.element, name))
    else:
        known = None if known is None else attribute_of(step.element, "name")
        walk.knowledge.query_changed(known, _written_value(walk, step.element, f"?{known}"))
    action = attribute_of(step.element, "exists-action") or "override"
    if action in ("override", "delete") and name in walk.caller_headers:
        state = walk.act(step, state, GatewayAction(kinds.REPLACES, name))
    return lending(walk, step, state, lent_in(walk, _texts(step.element), name))


def _written_value(walk: Walk, element: Element, field: str) -> KnownValue:
    """Return the value that a header or a parameter of the query has behind a policy that writes it."""
    action = attribute_of(element, "exists-action") or "override"
    values = [
        child
        for part_of_policy in element.elements()
        if part_of_policy.name == "value"
        for child in part_of_policy.children
        if isinstance(child, Characters) and child.text.strip()
    ]
    if action == "delete":
        return UNSET
    if len(values) != 1 or action not in ("override", "skip"):
        before = walk.knowledge.field(field).parts if action != "override" else ()
        parts = (*before, *(part for value in values for part in walk.parts(value)))
        return KnownValue("unknown", parts=parts) if parts else UNKNOWN
    (value,) = values
    if action == "skip":
        is_absent = walk.knowledge.absence_of_field(field)
        kept = [(is_absent.if_false, part) for part in walk.knowledge.field(field).parts]
        added = [(is_absent.if_true, part) for part in walk.parts(value)]
        both_parts = [(both(guard, proven), sources) for guard, (proven, sources) in (*kept, *added)]
        return KnownValue("unknown", parts=tuple(part for part in both_parts if part[0]))
    if value.expression is not None:
        return walk.value(value)
    text = value.text.strip()
    return _OF_GATEWAY if "{{" in text else KnownValue.constant(text, of_text(text))


def lent_by(walk: Walk, element: Element) -> Iterator[str]:
    for each in element.elements():
        if has_trait(each.name, "acquires-token"):
            yield _identity(each)
        elif each.name.startswith("authentication-"):
            yield _credential(each)
        else:
            text = f"{_texts(each)} {each.text} {attribute_of(each, 'value')}"
            yield from lent_in(walk, text, attribute_of(each, "name").lower())
            yield from lent_in_url(walk, text)
    lent = walk.service_context.lending_backends.get(attribute_of(element, "backend-id"))
    if lent is not None:
        yield lent


def _texts(element: Element) -> str:
    return " ".join(each.text for each in element.elements())
