"""Policies that add credentials of the gateway to a request, or write its headers and the parameters of its query."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.audit.facts import LENDS, REPLACES, GatewayAction, attribute_of
from apimpolicy.audit.lending import lending, lending_texts, lent_in, lent_in_url
from apimpolicy.audit.sources import OF_GATEWAY, of_text
from apimpolicy.audit.states import ALWAYS, State, both
from apimpolicy.audit.values import UNKNOWN, UNSET, Value
from apimpolicy.policies.registry import has_trait
from apimpolicy.text.document import Characters, Element

if TYPE_CHECKING:
    from apimpolicy.audit.walk import Walk
    from apimpolicy.engine.steps import Step

_OF_GATEWAY = Value("unknown", parts=((ALWAYS, OF_GATEWAY),))


def chooses_backend(walk: Walk, step: Step, state: State) -> State:
    walk.knowledge.changed()
    state = lending_texts(walk, step, state)
    lent = walk.service_context.lending_backends.get(attribute_of(step.element, "backend-id"))
    return state if lent is None else walk.act(step, state, GatewayAction(LENDS, lent))


def identity(walk: Walk, step: Step, state: State) -> State:
    lent = _identity(step.element)
    variable = attribute_of(step.element, "output-token-variable-name")
    if variable:
        walk.knowledge.set(variable, Value("credential", subject=lent, parts=((ALWAYS, OF_GATEWAY),)))
        return state
    walk.knowledge.header_changed("authorization", _OF_GATEWAY)
    return walk.act(step, walk.act(step, state, GatewayAction(LENDS, lent)), GatewayAction(REPLACES, "authorization"))


def _identity(element: Element) -> str:
    resource = attribute_of(element, "resource")
    return f"managed identity for {resource.removeprefix('https://').rstrip('/') or 'an unknown resource'}"


def connection(walk: Walk, step: Step, state: State) -> State:
    variable, name = attribute_of(step.element, "context-variable-name"), step.element.get("provider-id")
    if name is None:
        lent = "a stored connection"
    elif name.value.expression is None:
        lent = f"connection '{name.value.text.strip()}'"
    else:
        is_chosen = bool(walk.chosen(name.value))
        lent = "every stored connection, by the caller's choice" if is_chosen else "a stored connection"
    if variable:
        walk.knowledge.set(variable, Value("credential", subject=lent, parts=((ALWAYS, OF_GATEWAY),)))
    return state


def credentials(walk: Walk, step: Step, state: State) -> State:
    state = walk.act(step, state, GatewayAction(LENDS, _credential(step.element)))
    if not step.name.endswith("basic"):
        return state
    walk.knowledge.header_changed("authorization", _OF_GATEWAY)
    return walk.act(step, state, GatewayAction(REPLACES, "authorization"))


def _credential(element: Element) -> str:
    kind = element.name.removeprefix("authentication-")
    return {"basic": "user name and password", "certificate": "client certificate of the gateway"}.get(kind, kind)


def header_set(walk: Walk, step: Step, state: State) -> State:
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
        state = walk.act(step, state, GatewayAction(REPLACES, name))
    return lending(walk, step, state, lent_in(walk, _texts(step.element), name))


def _written_value(walk: Walk, element: Element, field: str) -> Value:
    """Return the value that a header or a parameter of the query has behind a policy that writes it."""
    action = attribute_of(element, "exists-action") or "override"
    values = [
        child
        for each in element.elements()
        if each.name == "value"
        for child in each.children
        if isinstance(child, Characters) and child.text.strip()
    ]
    if action == "delete":
        return UNSET
    if len(values) != 1 or action not in ("override", "skip"):
        before = walk.knowledge.field(field).parts if action != "override" else ()
        parts = (*before, *(part for value in values for part in walk.parts(value)))
        return Value("unknown", parts=parts) if parts else UNKNOWN
    (value,) = values
    if action == "skip":
        is_absent = walk.knowledge.absence_of_field(field)
        kept = [(is_absent.if_false, part) for part in walk.knowledge.field(field).parts]
        added = [(is_absent.if_true, part) for part in walk.parts(value)]
        both_parts = [(both(guard, proven), sources) for guard, (proven, sources) in (*kept, *added)]
        return Value("unknown", parts=tuple(part for part in both_parts if part[0]))
    if value.expression is not None:
        return walk.value(value)
    text = value.text.strip()
    return _OF_GATEWAY if "{{" in text else Value.constant(text, of_text(text))


def lent_by(walk: Walk, element: Element) -> Iterator[str]:
    """Yield the credentials of the gateway that a request of the policy's own carries."""
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
