"""The effect of each `access` word that policies declare on the walk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.audit.assignments import assigned
from apimpolicy.audit.facts import (
    ADDRESS,
    CERTIFICATE,
    CHOICE,
    NAMED,
    OWN,
    PINNED,
    PRESENTED,
    TOKEN,
    VERIFIED,
    Fact,
    GatewayAction,
    attribute_of,
    location_of,
)
from apimpolicy.audit.states import ALWAYS, NOWHERE, State, both, of_fact
from apimpolicy.audit.tokens import token_of
from apimpolicy.audit.values import UNKNOWN, UNSET, Value
from apimpolicy.policies.registry import has_trait
from apimpolicy.text.holes import UNKNOWN_POLICIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apimpolicy.audit.states import Alternatives
    from apimpolicy.audit.walk import Walk
    from apimpolicy.engine.steps import Step
    from apimpolicy.text.document import Element

LENDS, REPLACES, LIMITS, ASKS = "lends", "replaces", "limits", "asks"
_NAMED_VALUE = re.compile(r"\{\{([^{}]+)\}\}")
_CREDENTIAL = re.compile(r"key|secret|password|auth|token|code|credential", re.IGNORECASE)
_VARIABLE = re.compile(r"""Variables[.\w<>?\s]*[\[(]\s*(?:&quot;|")([\w.-]+)""")
_CREDENTIAL_HEADERS = frozenset(
    ("authorization", "api-key", "x-functions-key", "x-api-key", "ocp-apim-subscription-key")
)


def passes(walk: Walk, step: Step, state: State) -> State:
    for attribute in step.element.attributes:
        if attribute.name.endswith("variable-name") and attribute.value.text:
            walk.knowledge.set(attribute.value.text, Value("unknown"))
    specification = step.specification
    effects = () if specification is None else specification.effects or ()
    if not {"passes", "fails", "refuses"} >= {effect.partition(":")[0] for effect in effects} or not effects:
        walk.knowledge.changed()
    if has_trait(step.name, "rewrites-path"):
        walk.knowledge.query_changed(None)
    if has_trait(step.name, "sets-method"):
        walk.knowledge.method_changed()
    if has_trait(step.name, "undocumented-outputs"):
        walk.knowledge.forget_variables()
    return state


def chooses_backend(walk: Walk, step: Step, state: State) -> State:
    walk.knowledge.changed()
    lent = walk.service_context.lending_backends.get(attribute_of(step.element, "backend-id"))
    return state if lent is None else walk.act(step, state, GatewayAction(LENDS, lent))


def answers(walk: Walk, step: Step, state: State) -> State:
    walk.answers.append(location_of(step.element))
    return NOWHERE


def branches(walk: Walk, step: Step, state: State) -> State:
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


def runs(walk: Walk, step: Step, state: State) -> State:
    name = step.element.get("fragment-id")
    if name is not None and name.value.text in walk.missing:
        text = name.value.text
        reason = text.removeprefix(UNKNOWN_POLICIES)
        is_missing = text == reason
        return walk.undecided(step, state, f"fragment '{text}', which doesn't exist" if is_missing else reason)
    for inside in step.lists_inside():
        state = walk.execute(inside, state)
    return state


def waits(walk: Walk, step: Step, state: State) -> State:
    """Run policies inside that may fail while the request continues: their proofs don't count."""
    for inside in step.lists_inside():
        for each in inside:
            walk.execute([each], state)
    walk.knowledge.changed()
    return state


def forwards(walk: Walk, step: Step, state: State) -> State:
    walk.note(step, "forwards")
    walk.forwarded = State.joined([walk.forwarded, state])
    return state


def token(walk: Walk, step: Step, state: State) -> State:
    variable = step.element.get("output-token-variable-name")
    if variable is not None and variable.value.text:
        walk.knowledge.set(variable.value.text, Value("token"))
    made = _made_by_the_gateway(walk, step.element)
    fact = Fact(OWN, made, (step.where(),)) if made else Fact(TOKEN, "", (token_of(step.element),))
    return walk.proving(step, state, of_fact(fact))


def _made_by_the_gateway(walk: Walk, element: Element) -> str:
    """Return words for a token that isn't the caller's: from a header that a policy has set, or a variable."""
    value = attribute_of(element, "token-value")
    for name in _VARIABLE.findall(value):
        known = walk.knowledge.variable(name)
        if known.origin is None or known.origin.kind not in ("header", "query"):
            return f"a token in the variable '{name}'"
    name = attribute_of(element, "header-name").lower() or ("" if value else "authorization")
    if element.get("query-parameter-name") is None and name and walk.knowledge.header_generation(name):
        return f"a token in header '{name}', which a policy has set"
    return ""


def certificate(walk: Walk, step: Step, state: State) -> State:
    def says(name: str, expected: str) -> bool:
        attribute = step.element.get(name)
        return attribute is not None and attribute.value.text.strip().lower() == expected

    if says("ignore-error", "true"):
        return state
    proof = {Fact(CERTIFICATE, PRESENTED)}
    if not says("validate-trust", "false"):
        proof.add(Fact(CERTIFICATE, VERIFIED))
    identities = [each for each in step.element.descendants() if each.name == "identity" and each.attributes]
    if identities:
        is_pinned = all(each.get("thumbprint") is not None for each in identities)
        listed = tuple(" ".join(f"{each.name}={each.value.text}" for each in one.attributes) for one in identities)
        proof.add(Fact(CERTIFICATE, PINNED if is_pinned else NAMED, listed))
    return walk.proving(step, state, frozenset((frozenset(proof),)))


def header(walk: Walk, step: Step, state: State) -> State:
    name = attribute_of(step.element, "name").lower()
    values = tuple(each.text.strip() for each in step.element.elements() if each.name == "value")
    fact = Fact(OWN, f"header '{name}'", (values, 0)) if values else Fact(CHOICE, f"header '{name}'", (0,))
    return walk.proving(step, state, of_fact(fact))


def address(walk: Walk, step: Step, state: State) -> State:
    if attribute_of(step.element, "action").lower() == "forbid":
        return state
    listed = tuple(
        "-".join(attribute.value.text for attribute in each.attributes) or each.text.strip()
        for each in step.element.elements()
    )
    return walk.proving(step, state, of_fact(Fact(ADDRESS, "", listed)))


def limits(walk: Walk, step: Step, state: State) -> State:
    never = has_trait(step.name, "per-subscription") and not walk.knowledge.caller.has_key
    return walk.act(
        step, passes(walk, step, state), GatewayAction(LIMITS, f"{step.name} never" if never else step.name)
    )


def identity(walk: Walk, step: Step, state: State) -> State:
    resource = attribute_of(step.element, "resource")
    lent = f"managed identity for {resource.removeprefix('https://').rstrip('/') or 'an unknown resource'}"
    variable = attribute_of(step.element, "output-token-variable-name")
    if variable:
        walk.knowledge.set(variable, Value("credential", subject=lent))
        return state
    walk.knowledge.header_changed("authorization")
    return walk.act(step, walk.act(step, state, GatewayAction(LENDS, lent)), GatewayAction(REPLACES, "authorization"))


def connection(walk: Walk, step: Step, state: State) -> State:
    variable = attribute_of(step.element, "context-variable-name")
    name = attribute_of(step.element, "provider-id") or "a provider"
    if variable:
        walk.knowledge.set(variable, Value("credential", subject=f"connection '{name}'"))
    return state


def credentials(walk: Walk, step: Step, state: State) -> State:
    kind = step.name.removeprefix("authentication-")
    lent = {"basic": "user name and password", "certificate": "client certificate of the gateway"}.get(kind, kind)
    state = walk.act(step, state, GatewayAction(LENDS, lent))
    if kind != "basic":
        return state
    walk.knowledge.header_changed("authorization")
    return walk.act(step, state, GatewayAction(REPLACES, "authorization"))


def header_set(walk: Walk, step: Step, state: State) -> State:
    name = attribute_of(step.element, "name").lower()
    known = None if "@" in name or "{{" in name else name
    if has_trait(step.name, "sets-header"):
        walk.knowledge.header_changed(known, _written_value(step.element))
    else:
        walk.knowledge.query_changed(known)
    action = attribute_of(step.element, "exists-action") or "override"
    if action in ("override", "delete") and name in walk.caller_headers:
        state = walk.act(step, state, GatewayAction(REPLACES, name))
    for lent in dict.fromkeys(_lent(walk, step.element, name)):
        state = walk.act(step, state, GatewayAction(LENDS, lent))
    return state


def _written_value(element: Element) -> Value:
    """Return the value that set-header sets, if it is one known text."""
    action = attribute_of(element, "exists-action") or "override"
    values = [each for each in element.elements() if each.name == "value"]
    if action == "delete":
        return UNSET
    if action != "override" or len(values) != 1 or values[0].expression is not None or "{{" in values[0].text:
        return UNKNOWN
    return Value("cases", ((ALWAYS, values[0].text.strip()),))


def _lent(walk: Walk, element: Element, name: str) -> Iterator[str]:
    """Yield the credentials of the gateway that a header or a parameter carries."""
    text = " ".join(each.text for each in element.elements())
    for found in _NAMED_VALUE.findall(text):
        if found in walk.service_context.secrets or name in _CREDENTIAL_HEADERS or _CREDENTIAL.search(found):
            yield f"named value '{found}'"
    for found in _VARIABLE.findall(text):
        value = walk.knowledge.variable(found)
        if value.kind == "credential":
            yield value.subject
        elif name == "authorization" and value.kind in ("unknown", "answer"):
            yield f"variable '{found}'"
        elif value.origin is not None and value.origin.kind == "variable":
            inner = walk.knowledge.variable(value.origin.name or "")
            if inner.kind == "credential":
                yield inner.subject


def variable_set(walk: Walk, step: Step, state: State) -> State:
    name, written = step.element.get("name"), step.element.get("value")
    if name is None or name.value.expression is not None:
        walk.knowledge.forget_variables()
        return state
    value = Value("unknown") if written is None else assigned(written.value, walk.knowledge, walk.check)
    found = {fact for proven, _ in value.cases for alternative in proven for fact in alternative}
    walk.note(step, *found)
    walk.knowledge.set(name.value.text, value)
    return state


def requests(walk: Walk, step: Step, state: State) -> State:
    variable = attribute_of(step.element, "response-variable-name")
    if variable:
        walk.knowledge.set(variable, Value("answer"))
    return walk.act(step, state, GatewayAction(ASKS, "another service"))


def cors(walk: Walk, step: Step, state: State) -> State:
    credentials = attribute_of(step.element, "allow-credentials").lower() == "true"
    origins = [each.text.strip() for each in step.element.descendants() if each.name == "origin"]
    walk.cors.update((origin, credentials) for origin in origins)
    for origin in origins:
        walk.note(step, ("cors", origin))
    return state


HANDLERS: dict[str, Callable[[Walk, Step, State], State]] = {
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
    "cors": cors,
}
"""By the words of `policies.traits.ACCESS`; a test holds the two to each other."""
