"""The effect of each `access` word that policies declare on the walk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from apimpolicy.checks.rules.forwarded_for_trusted import lists_addresses
from apimpolicy.gateway.policies.ip_filter import parsed
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.gateway.policies.token_keys import unreadable_part
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.credentials import (
    chooses_backend,
    connection,
    credentials,
    header_set,
    identity,
    lending_texts,
    lent_in,
)
from apimpolicy.reasoning.audit.origins import ValueOrigin
from apimpolicy.reasoning.audit.outgoing import (
    answers,
    invokes,
    looks_up,
    looks_up_completion,
    looks_up_value,
    requests,
    respond,
    stores,
)
from apimpolicy.reasoning.audit.sources import GATEWAY as OF_GATEWAY
from apimpolicy.reasoning.audit.sources import UNKNOWN, UNKNOWN_SOURCE, KnownValue, Parts, Sources, ValueSource, chosen
from apimpolicy.reasoning.audit.states import (
    ALWAYS,
    NEVER,
    Alternatives,
    AuditState,
    Fact,
    GatewayAction,
    TokenCheck,
    attribute_of,
    both,
    either,
    of_facts,
)
from apimpolicy.reasoning.audit.text_tests import accepted_in_any_case
from apimpolicy.reasoning.audit.variables import assigned
from apimpolicy.reasoning.audit.weak_proofs import keys_of, token_of
from apimpolicy.text.source import UNKNOWN_POLICIES

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.steps import Step
    from apimpolicy.reasoning.audit.walk import Walk
    from apimpolicy.text.document import Element, MarkupNode

FORWARDING = ("inbound", "backend")
"""The sections that run before a request reaches the backend."""


def passes(walk: Walk, step: Step, state: AuditState) -> AuditState:
    for attribute in step.element.attributes:
        if attribute.name.endswith("variable-name") and attribute.value.text:
            walk.knowledge.set(attribute.value.text, UNKNOWN)
    specification = step.specification
    effects = () if specification is None else specification.effects or ()
    if not {"passes", "fails", "refuses"} >= {effect.partition(":")[0] for effect in effects} or not effects:
        walk.knowledge.changed()
    if has_trait(step.name, "rewrites-path"):
        rewrites(walk, step)
    if has_trait(step.name, "replaces-body"):
        _writes_body(walk, step, state)
    if has_trait(step.name, "sets-method"):
        walk.knowledge.method_changed()
    if has_trait(step.name, "undocumented-outputs"):
        walk.knowledge.forget_variables()
    return lending_texts(walk, step, state)


def rewrites(walk: Walk, step: Step) -> None:
    """Note the parameters that a template writes; it copies the others, unless it is told not to."""
    walk.knowledge.path_changed()
    template = attribute_of(step.element, "template")
    query = template.partition("?")[2]
    copies = attribute_of(step.element, "copy-unmatched-params").lower() != "false"
    if not copies or template.startswith("@"):
        walk.knowledge.query_changed(None)
        return
    for field in filter(None, query.split("&")):
        name, _, text = field.partition("=")
        is_parameter = text.startswith("{") and not text.startswith("{{")
        sources = frozenset((ValueSource("parameter", text.strip("{}")),)) if is_parameter else frozenset((OF_GATEWAY,))
        walk.knowledge.query_changed(name, KnownValue("unknown", parts=((ALWAYS, sources),)))


def _writes_body(walk: Walk, step: Step, state: AuditState) -> None:
    sources = walk.sources_within(step.element)
    if walk.section == "outbound":
        respond(walk, state, sources, is_done=False)
    else:
        walk.knowledge.body_changed(KnownValue("unknown", parts=((ALWAYS, sources or frozenset((OF_GATEWAY,))),)))


def branches(walk: Walk, step: Step, state: AuditState) -> AuditState:
    rest: Alternatives = ALWAYS
    found: list[tuple[Alternatives, Sequence[Step]]] = []
    for when in _steps(step, "whens"):
        if not rest:
            break
        condition = walk.truth(when, "condition")
        found.append((both(rest, condition.if_true), _steps(when, "steps")))
        rest = both(rest, condition.if_false)
    otherwise = step.fields.get("otherwise")
    is_there = otherwise is not None and not isinstance(otherwise, list)
    found.append((rest, _steps(otherwise, "steps") if is_there else ()))  # type: ignore[arg-type]
    return walk.branches(state, found)


def _steps(step: Step, field: str) -> Sequence[Step]:
    found = step.fields.get(field)
    return found if isinstance(found, list) else ()


def runs(walk: Walk, step: Step, state: AuditState) -> AuditState:
    name = step.element.get("fragment-id")
    if name is not None and name.value.text in walk.missing:
        text = name.value.text
        reason = text.removeprefix(UNKNOWN_POLICIES)
        is_missing = text == reason
        return walk.undecided(step, state, f"fragment '{text}', which doesn't exist" if is_missing else reason)
    for inside in step.lists_inside():
        state = walk.execute(inside, state)
    return state


def waits(walk: Walk, step: Step, state: AuditState) -> AuditState:
    """Run policies inside that may fail while the request continues: their proofs don't count."""
    for inside in step.lists_inside():
        for each in inside:
            walk.execute([each], state)
    walk.knowledge.changed()
    return state


def forwards(walk: Walk, step: Step, state: AuditState) -> AuditState:
    if walk.section not in FORWARDING:
        return state
    walk.note(step, "forwards")
    walk.forwarded = AuditState.joined([walk.forwarded, state])
    return state


def token(walk: Walk, step: Step, state: AuditState) -> AuditState:
    element = step.element
    if any(each.name == "key" and unreadable_part(each) for each in element.descendants()):
        return walk.undecided(step, state, "a key that is not Base64")
    if any(walk.chosen(key) for key in keys_of(element)):
        return walk.proving(step, state, of_facts(Fact(kinds.FORGED, "a token that the caller signs")))
    required = token_of(element, lambda value: bool(walk.chosen(value)))
    proof: Alternatives = NEVER
    for guard, sources in _token_parts(walk, element):
        for fact in _token_facts(sources, required, step):
            proof = either(proof, both(guard, of_facts(fact)))
    if variable := attribute_of(element, "output-token-variable-name"):
        walk.knowledge.set(variable, KnownValue("token", parts=_token_parts(walk, element)))
    return walk.proving(step, state, proof)


def _token_parts(walk: Walk, element: Element) -> Parts:
    value, parameter = element.get("token-value"), attribute_of(element, "query-parameter-name")
    if value is not None:
        return walk.parts(value.value)
    if parameter:
        return walk.knowledge.parts_of(ValueOrigin("query", parameter))
    name = attribute_of(element, "header-name").lower() or "authorization"
    return walk.knowledge.parts_of(ValueOrigin("header", name))


def _token_facts(sources: Sources, required: TokenCheck, step: Step) -> Iterator[Fact]:
    """Yield what a valid token of these sources proves; nothing for a text that can't be one."""
    own = chosen(sources)
    if sources == {OF_GATEWAY}:
        yield Fact(kinds.GATEWAY, "a token that the gateway put there", (step.where(),))
    elif own and own == sources:
        source = next(iter(own)) if len(own) == 1 else None
        yield Fact(kinds.TOKEN, "", (required._replace(source=source),))
    elif sources:
        who = "a token that may be the gateway's" if UNKNOWN_SOURCE in sources or own else "a token of another service"
        yield Fact(kinds.OWN, who, (step.where(),))


_TIMES = ("revocation", "not-before", "not-after")
"""What else `validate-client-certificate` checks, unless it is told not to."""


def certificate(walk: Walk, step: Step, state: AuditState) -> AuditState:
    def says(name: str, expected: str) -> bool:
        attribute = step.element.get(name)
        return attribute is not None and attribute.value.text.strip().lower() == expected

    if says("ignore-error", "true"):
        return state
    proof = {Fact(kinds.CERTIFICATE, kinds.PRESENTED)}
    if not says("validate-trust", "false"):
        proof.add(Fact(kinds.CERTIFICATE, kinds.VERIFIED))
    proof |= {Fact(kinds.CERTIFICATE, f"checked: {name}") for name in _TIMES if not says(f"validate-{name}", "false")}
    identities = [each for each in step.element.descendants() if each.name == "identity" and each.attributes]
    if identities:
        is_pinned = all(
            (thumbprint := each.get("thumbprint")) is not None and not walk.chosen(thumbprint.value)
            for each in identities
        )
        listed = tuple(" ".join(f"{each.name}={each.value.text}" for each in one.attributes) for one in identities)
        proof.add(Fact(kinds.CERTIFICATE, kinds.PINNED if is_pinned else kinds.NAMED, listed))
    return walk.proving(step, state, of_facts(*proof))


def header(walk: Walk, step: Step, state: AuditState) -> AuditState:
    name = attribute_of(step.element, "name").lower()
    values = [each for each in step.element.elements() if each.name == "value"]
    texts, origin = tuple(each.text.strip() for each in values), ValueOrigin("header", name)
    is_blind = attribute_of(step.element, "ignore-case").lower() == "true"
    accepted = tuple(map(accepted_in_any_case, texts)) if is_blind else texts
    proof: Alternatives = NEVER
    for guard, sources in walk.knowledge.parts_of(origin):
        if sources and sources <= {OF_GATEWAY}:
            fact = Fact(kinds.GATEWAY, f"header '{name}', which a policy has set", (step.where(),))
        elif lists_addresses(name, texts):
            fact = Fact(kinds.FORGED, f"header '{name}'", (texts, 0))
        elif texts and not any(walk.chosen(value) for each in values for value in each.children):
            fact = Fact(kinds.OWN, f"header '{name}'", (accepted, 0))
        else:
            fact = Fact(kinds.CHOICE, f"header '{name}'", (0,))
        proof = either(proof, both(guard, of_facts(fact)))
    return walk.proving(step, state, proof)


def address(walk: Walk, step: Step, state: AuditState) -> AuditState:
    is_forbidden = attribute_of(step.element, "action").lower() == "forbid"
    if not is_forbidden and covers_everything(step.element):
        return state
    listed = tuple(
        "-".join(attribute.value.text for attribute in each.attributes) or each.text.strip()
        for each in step.element.elements()
    )
    if any(walk.chosen(value) for each in step.element.elements() for value in _values_of(each)):
        return walk.proving(step, state, of_facts(Fact(kinds.FORGED, "an address that the caller lists", listed)))
    return walk.proving(step, state, of_facts(Fact(kinds.ADDRESS, "", listed, is_true=not is_forbidden)))


def _values_of(element: Element) -> Sequence[MarkupNode]:
    return [*element.children, *(attribute.value for attribute in element.attributes)]


def limits(walk: Walk, step: Step, state: AuditState) -> AuditState:
    state = passes(walk, step, state)
    if has_trait(step.name, "per-subscription"):
        if not walk.knowledge.caller.has_key:
            return walk.act(step, state, GatewayAction(kinds.LIMITS, f"{step.name} never"))
        sources = frozenset((ValueSource("subscription"),))
    else:
        key = step.element.get("counter-key")
        sources = frozenset() if key is None else walk.sources(key.value)
    state = walk.act(step, state, GatewayAction(kinds.COUNTS, step.name, sources))
    return walk.act(step, state, GatewayAction(kinds.LIMITS, step.name))


def variable_set(walk: Walk, step: Step, state: AuditState) -> AuditState:
    name, written = step.element.get("name"), step.element.get("value")
    if name is None or name.value.expression is not None:
        walk.knowledge.forget_variables()
        return state
    value = UNKNOWN if written is None else assigned(written.value, walk.knowledge, walk.check)
    found = {fact for proven, _ in value.cases for alternative in proven for fact in alternative}
    walk.note(step, *found)
    lent = "" if written is None or value.kind != "unknown" else next(lent_in(walk, written.value.text), "")
    walk.knowledge.set(name.value.text, value._replace(kind="credential", subject=lent) if lent else value)
    return state


def cors(walk: Walk, step: Step, state: AuditState) -> AuditState:
    credentials = attribute_of(step.element, "allow-credentials").lower() == "true"
    origins = [each.text.strip() for each in step.element.descendants() if each.name == "origin"]
    walk.cors.update((origin, credentials) for origin in origins)
    for origin in origins:
        walk.note(step, ("cors", origin))
    return state


HANDLERS: dict[str, Callable[[Walk, Step, AuditState], AuditState]] = {
    "passes": passes,
    "answers": answers,
    "backend": chooses_backend,
    "branches": branches,
    "runs": runs,
    "waits": waits,
    "forwards": forwards,
    "token": token,
    "certificate": certificate,
    "header": header,
    "address": address,
    "limits": limits,
    "identity": identity,
    "connection": connection,
    "credentials": credentials,
    "header-set": header_set,
    "variable-set": variable_set,
    "requests": requests,
    "invokes": invokes,
    "cached-response": looks_up,
    "cached-completion": looks_up_completion,
    "cached-value": looks_up_value,
    "stores": stores,
    "cors": cors,
}
"""By the words of `policies.traits.ACCESS`; a test holds the two to each other."""


# Whether the addresses and ranges of an ip-filter check anyone

_FIRST, _LAST = 1 << 24, (224 << 24) - 1
"""The addresses that callers on the internet have: 1.0.0.0 to 223.255.255.255."""


def covers_everything(element: Element) -> bool:
    spans = sorted(_spans(element))
    next_one = _FIRST
    for first, last in spans:
        if first > next_one:
            return False
        next_one = max(next_one, last + 1)
    return next_one > _LAST


def _spans(element: Element) -> Iterator[tuple[int, int]]:
    for each in element.elements():
        ends = [attribute_of(each, name) for name in ("from", "to")] if each.attributes else [each.text.strip()] * 2
        first, last = map(parsed, ends)
        if first is not None and last is not None and first.version == last.version == 4:
            yield int(first), int(last)
