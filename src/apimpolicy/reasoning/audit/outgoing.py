"""Data that reaches callers without a forwarded request: from a cache, or from a request of the policy's own.

A hit of the cache ends the request with the response that another caller got, so that checks behind the lookup don't
count, unless the cache's key varies by the credential. A request of the policy's own is a backend like any other when
its response is returned, or when the policy does nothing but send it; it isn't one when it checks the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.credentials import lent_by
from apimpolicy.reasoning.audit.origins import ValueOrigin
from apimpolicy.reasoning.audit.sources import (
    ANSWER,
    CACHE,
    CHOSEN,
    NO_SOURCES,
    OF_CALLERS_SERVICE,
    KnownValue,
    Sources,
    ValueSource,
    of_caller,
)
from apimpolicy.reasoning.audit.states import (
    ALWAYS,
    NOWHERE,
    Alternative,
    Alternatives,
    AuditState,
    Fact,
    GatewayAction,
    TokenCheck,
    attribute_of,
    both,
    either,
    location_of,
    of_facts,
    simplified,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.steps import Step
    from apimpolicy.reasoning.audit.states import PolicyLocation
    from apimpolicy.reasoning.audit.walk import Walk

_AUTHORIZATION = ValueSource("header", "authorization")
_AUTHORIZATION_HEADER = ValueOrigin("header", "authorization")
_REFUSES = 400
_NAMES_HOST = re.compile(r"""["']?https?://[^"/{}]+/|\{\{""")


class AuditedRequest(NamedTuple):
    """A request of the policy's own: where the response goes, the state at the policy, and what it carries."""

    action: GatewayAction
    variable: str
    alternatives: Alternatives
    lends: tuple[str, ...]
    is_for_caller: bool
    """True if it contains something of the caller."""
    place: PolicyLocation


class GivenToCaller(NamedTuple):
    """A request of the policy's own that is for the caller, with what the caller has proven."""

    request: AuditedRequest
    alternatives: Alternatives


class Hit(NamedTuple):
    """A lookup in the cache: what callers have proven there, and what the key has of them."""

    alternatives: Alternatives
    varied: Sources
    is_private: bool
    """Whether requests with an Authorization header are neither looked up nor stored."""
    place: PolicyLocation
    variable: str = ""


# Requests of the policy's own


def requests(walk: Walk, step: Step, state: AuditState) -> AuditState:
    element, variable = step.element, attribute_of(step.element, "response-variable-name")
    asked = walk.sources_within(element)
    if attribute_of(element, "mode").lower() == "copy":
        asked |= {ValueSource(kind) for kind in CHOSEN}
    urls = [value for each in element.elements() if each.name == "set-url" for value in each.children]
    if any(walk.chosen(url) and not _NAMES_HOST.search(getattr(url, "text", "")) for url in urls):
        asked |= {OF_CALLERS_SERVICE}
    answer = KnownValue("answer", parts=((ALWAYS, frozenset((ValueSource(ANSWER, variable),))),), asked=asked)
    if variable:
        walk.knowledge.set(variable, answer)
    action = GatewayAction(kinds.ASKS, step.where())
    lends = tuple(dict.fromkeys(lent_by(walk, element)))
    own = AuditedRequest(action, variable, state.alternatives, lends, bool(of_caller(asked)), location_of(element))
    walk.own_requests.append(own)
    return walk.act(step, state, action)


def invokes(walk: Walk, step: Step, state: AuditState) -> AuditState:
    state = requests(walk, step, state)
    if attribute_of(step.element, "response-variable-name"):
        return state
    walk.given.append(GivenToCaller(walk.own_requests[-1], state.alternatives))
    return NOWHERE


def answers(walk: Walk, step: Step, state: AuditState) -> AuditState:
    walk.answers.append(location_of(step.element))
    inside = list(step.element.elements())
    shown = walk.sources_within(*(each for each in inside if not has_trait(each.name, "sets-status")))
    named = attribute_of(step.element, "response-variable-name")
    if named:
        shown |= walk.knowledge.sources_of(ValueOrigin("variable", named))
    status = next((attribute_of(each, "code") for each in inside if has_trait(each.name, "sets-status")), "")
    is_refusal = status.isdecimal() and int(status) >= _REFUSES
    respond(walk, state, shown, is_done=not is_refusal and walk.section != "on-error")
    return NOWHERE


def respond(walk: Walk, state: AuditState, shown: Sources, *, is_done: bool) -> None:
    """Note the requests whose responses are in a response; if `is_done`, also those that did what the caller wants."""
    variables = {each.name for each in shown if each.kind == ANSWER}
    for own in walk.own_requests:
        proven = state.actions.get(own.action)
        if proven is None:
            continue
        is_check = not own.lends and all(_is_about(own, alternative) for alternative in state.alternatives)
        if own.variable and own.variable in variables:
            walk.given.append(GivenToCaller(own, proven))
        elif is_done and (own.lends or own.is_for_caller) and not is_check:
            walk.given.append(GivenToCaller(own, own.alternatives))
    for each in shown:
        if each.kind == CACHE and (kept := walk.cached_values.get(each.name)) is not None:
            walk.hits.append(kept._replace(alternatives=state.alternatives))


def _is_about(own: AuditedRequest, alternative: Alternative) -> bool:
    return bool(own.variable) and any(_reads(fact, own.variable) for fact in alternative)


def _reads(fact: Fact, variable: str) -> bool:
    """Return whether a fact is about a variable that has a response."""
    return fact.detail[:1] == (variable,) or ValueSource(ANSWER, variable) in fact.detail


def given_to_callers(walk: Walk) -> Iterator[AuditState]:
    """Yield who gets the responses of requests of the policy's own, but for those that check the caller."""
    for request, alternatives in walk.given:
        others = [walk.forwarded.alternatives, *(each.alternatives for each in walk.given if each.request != request)]
        if any(_is_about(request, alternative) for found in others for alternative in found):
            continue
        own = simplified(
            frozenset(fact for fact in each if not _is_about(request, frozenset((fact,)))) for each in alternatives
        )
        via = Fact(kinds.VIA, kinds.SENT, (str(request.place),))
        walk.places.setdefault(via, request.place)
        proven = both(own, of_facts(via))
        for lent in request.lends:
            walk.places.setdefault(GatewayAction(kinds.LENDS, lent), request.place)
        yield AuditState(proven, {GatewayAction(kinds.LENDS, lent): proven for lent in request.lends})


# Caches


def looks_up(walk: Walk, step: Step, state: AuditState) -> AuditState:
    element, known = step.element, walk.knowledge
    is_private = attribute_of(element, "allow-private-response-caching").lower() in ("", "false")
    if is_private and known.is_written(_AUTHORIZATION_HEADER):
        written = known.written_to(_AUTHORIZATION_HEADER)
        if written.kind != "cases" or any(text is not None for _, text in written.cases):
            return state  # every request has the header
        is_private = False
    names = [each for each in element.elements() if each.name == "vary-by-query-parameter"]
    varied = NO_SOURCES if names else frozenset((ValueSource("query"),))
    for each in names:
        found = (known.sources_of(ValueOrigin("query", name.strip())) for name in each.text.split(";"))
        varied |= NO_SOURCES.union(*found)
    for each in element.elements():
        if each.name == "vary-by-header":
            varied |= known.sources_of(ValueOrigin("header", each.text.strip().lower()))
    return _may_hit(walk, step, state, Hit(state.alternatives, varied, is_private, location_of(element)), "GET")


def looks_up_completion(walk: Walk, step: Step, state: AuditState) -> AuditState:
    partitions = [each for each in step.element.elements() if each.name == "vary-by"]
    hit = Hit(state.alternatives, walk.sources_within(*partitions), False, location_of(step.element))
    return _may_hit(walk, step, state, hit, "POST")


def _may_hit(walk: Walk, step: Step, state: AuditState, hit: Hit, method: str) -> AuditState:
    walk.note(step, "looks up")
    walk.knowledge.changed()
    walk.knowledge.read.add("operation")
    if walk.knowledge.target.operation.get("Method", "*").upper() in (method, "*"):
        walk.hits.append(hit)
    return state


def looks_up_value(walk: Walk, step: Step, state: AuditState) -> AuditState:
    walk.note(step, "looks up")
    variable = attribute_of(step.element, "variable-name")
    key = step.element.get("key")
    asked = NO_SOURCES if key is None else walk.sources(key.value)
    if variable:
        parts = ((ALWAYS, frozenset((ValueSource(CACHE, variable),))),)
        walk.knowledge.set(variable, KnownValue("cached", parts=parts, asked=asked))
        walk.cached_values[variable] = Hit(NOWHERE.alternatives, asked, False, location_of(step.element), variable)
    return state


def stores(walk: Walk, step: Step, state: AuditState) -> AuditState:
    value = step.element.get("value")
    kept = None if value is None else walk.sources(value.value)
    walk.is_stored[kept is not None] |= kept is None or any(each.kind in ("response", ANSWER) for each in kept)
    return state


def hits_of(walks: Sequence[Walk]) -> Iterator[tuple[Walk, Alternatives]]:
    """Yield who gets cached responses, which the requests by all entries have filled."""
    filled: Alternatives = NOWHERE.alternatives
    for walk in walks:
        filled = either(filled, walk.forwarded.alternatives)
    for walk in walks:
        for hit in walk.hits:
            if not any(other.is_stored[bool(hit.variable)] for other in walks):
                continue
            inherited = simplified(
                frozenset(fact for fact in facts if _is_varied(fact, hit.varied))
                for facts in filled
                if not (hit.is_private and any(source_of(fact) == _AUTHORIZATION for fact in facts))
            )
            own = simplified(
                frozenset(fact for fact in facts if not (hit.variable and _reads(fact, hit.variable)))
                for facts in hit.alternatives
            )
            if inherited and own:
                via = Fact(kinds.VIA, kinds.CACHED, (str(hit.place),))
                walk.places.setdefault(via, hit.place)
                yield walk, both(both(own, inherited), of_facts(via))


def _is_varied(fact: Fact, varied: Iterable[ValueSource]) -> bool:
    """Return whether a request that has the same key in the cache has proven the same."""
    source = source_of(fact)
    return source is not None and any(each in (source, ValueSource(source.kind)) for each in varied)


def source_of(fact: Fact) -> ValueSource | None:
    """Return the part of the request that has proven a fact, if it is a header or a parameter of the query."""
    if fact.kind == kinds.TOKEN and isinstance(token := fact.detail[0], TokenCheck):
        return None if token.source is None else ValueSource(*token.source)
    kind, _, name = fact.subject.partition(" ")
    return ValueSource(kind, name.strip("'")) if fact.kind == kinds.OWN and fact.is_true and kind in CHOSEN else None
