"""One walk over the effective policies of an operation: who reaches the backend, and what the gateway does before.

Errors and refusals end a path: nothing behind them reaches the backend. A policy does what its `access` declares; where
it declares nothing, what follows is not decided.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.conditions import ConditionReader, PolicyCondition, truth
from apimpolicy.reasoning.audit.outgoing import AuditedRequest, GivenToCaller, Hit, given_to_callers
from apimpolicy.reasoning.audit.sources import NO_SOURCES, OF_UNKNOWN, KnownValue, Parts, Sources, chosen, of_text
from apimpolicy.reasoning.audit.states import (
    ALWAYS,
    EITHER,
    FALSE,
    NOWHERE,
    TRUE,
    Alternatives,
    AuditState,
    ConditionProofs,
    Fact,
    GatewayAction,
    PolicyLocation,
    both,
    location_of,
    of_facts,
    truth_of,
)
from apimpolicy.reasoning.audit.variables import VariableKnowledge, assigned, parts_of
from apimpolicy.text.document import Characters, Element, MarkupNode
from apimpolicy.text.source import UNKNOWN_BASE

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.csharp.binding.nodes import Bound
    from apimpolicy.gateway.engine.document import AnyPolicy
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.steps import Program, Step


class ServiceContext(NamedTuple):
    """Facts about a service besides its policies. Named values that are missing here, or secret, are unknown."""

    named_values: Mapping[str, str]
    secrets: frozenset[str]
    fragments: Mapping[str, AnyPolicy]
    lending_backends: Mapping[str, str]
    """Backends with credentials of their own, by id, with words for what they lend."""
    inherit_missing: bool = True
    cors_needs_base: bool = False
    unsettled: frozenset[str] = frozenset()
    """The APIs of which isn't known whether they need a key."""
    lacks_global_policy: bool = False
    """True when the global policy isn't known: in the service, unknown policies are in its place."""

    @classmethod
    def of(cls, gateway: Gateway) -> ServiceContext:
        """Return the context of a gateway. Anything made up in it is unknown."""
        secrets, made_up = frozenset(gateway.secrets) | gateway.unknown_secrets, gateway.made_up
        unknown = secrets | made_up["named_values"]
        missing = made_up["fragments"]
        known = {name: value for name, value in gateway.named_values.items() if name not in unknown}
        return cls(
            known,
            secrets,
            {name: text for name, text in gateway.fragments.items() if name not in missing},
            dict(_lending(gateway)),
            gateway.missing_section == "inherit",
            gateway.cors_needs_base,
        )


def _lending(gateway: Gateway) -> Iterator[tuple[str, str]]:
    from apimpolicy.gateway.engine.backends import Backend

    for id_, backend in (gateway.backends or {}).items():
        if not isinstance(backend, Backend):
            continue
        if backend.managed_identity is not None:
            yield id_, f"managed identity for {backend.managed_identity.resource.removeprefix('https://').rstrip('/')}"
        elif backend.headers or backend.query or backend.authorization or backend.certificates:
            yield id_, f"credentials of the backend '{id_}'"


OWN_DATA = frozenset(("requests", "invokes", "cached-response", "cached-completion", "cached-value"))
"""Policies that give data to callers without a forwarded request, by their `access`."""
REFUSING = frozenset(("token", "certificate", "header", "address", "limits"))
"""Policies that callers can make fail, so that on-error runs, by their `access`."""


class Walk:
    """One walk. `forwarded` is what reaches the backend; `places` are the locations of facts and actions."""

    def __init__(
        self,
        knowledge: VariableKnowledge,
        check: ExpressionCheck,
        missing: frozenset[str],
        service_context: ServiceContext,
        caller_headers: frozenset[str],
    ) -> None:
        self.knowledge = knowledge
        self.check = check
        self.missing = missing
        """Fragments that don't exist."""
        self.service_context = service_context
        self.caller_headers = caller_headers
        """Headers in which callers send credentials."""
        self.forwarded = NOWHERE
        self.places: dict[Hashable, PolicyLocation] = {}
        self.answers: list[PolicyLocation] = []
        """Policies that respond in place of the backend."""
        self.cors: set[tuple[str, bool]] = set()
        """Origins that cors allows, and whether with credentials."""
        self.section = "inbound"
        self.own_requests: list[AuditedRequest] = []
        self.given: list[GivenToCaller] = []
        self.hits: list[Hit] = []
        self.cached_values: dict[str, Hit] = {}
        """Lookups of values in the cache, by the variable."""
        self.is_stored = {False: False, True: False}
        """Whether outbound stores responses (False) and data from a response under a key (True)."""

    def run(self, program: Program, entered: AuditState) -> None:
        """Walk the sections before the backend, and the others where data may reach the caller by them."""
        state, beginning = entered, self.knowledge.copy()
        for section in ("inbound", "backend"):
            state = self.section_of(program, section, state)
        used = {each.specification.access for each in program.steps() if each.specification is not None}
        if not used & OWN_DATA:
            return
        places, sent = dict(self.places), list(self.own_requests)
        self.section_of(program, "outbound", state)
        if used & REFUSING:
            self.knowledge, self.own_requests = beginning.after_any_policy(), sent
            asked = {own.action: both(entered.alternatives, own.alternatives) for own in sent}
            self.section_of(program, "on-error", entered._replace(actions={**entered.actions, **asked}))
        self.places = places
        self.forwarded = AuditState.joined([self.forwarded, *given_to_callers(self)])

    def section_of(self, program: Program, section: str, state: AuditState) -> AuditState:
        self.section = section
        return self.execute(program.sections.get(section, ()), state)

    def execute(self, steps: Sequence[Step], state: AuditState) -> AuditState:
        for step in steps:
            if not state.is_reached:
                return state
            state = self.step(step, state)
        return state

    def step(self, step: Step, state: AuditState) -> AuditState:
        from apimpolicy.reasoning.audit.policies import HANDLERS

        access = "" if step.specification is None else step.specification.access
        handler = HANDLERS.get(access)
        if handler is None:
            return self.undecided(step, state, f"policy '{step.name}'")
        self.sources_within(step.element, is_deep=not any(step.lists_inside()))  # notes the fields that it reads
        return handler(self, step, state)

    # What policies use

    def proving(self, step: Step, state: AuditState, proof: Alternatives) -> AuditState:
        """Go on with the requests that have proven something at a policy."""
        self.note(step, *{fact for alternative in proof for fact in alternative})
        return state.proving(proof)

    def act(self, step: Step, state: AuditState, action: GatewayAction) -> AuditState:
        self.note(step, action)
        return state.with_action(action)

    def undecided(self, step: Step, state: AuditState, subject: str) -> AuditState:
        self.knowledge.forget_variables()
        return self.proving(step, state, of_facts(Fact(kinds.UNDECIDED, subject)))

    def note(self, step: Step, *found: Hashable) -> None:
        for each in found:
            self.places.setdefault(each, location_of(step.element))

    def reader(self, value: Characters) -> tuple[ConditionReader, Bound] | None:
        """Return a reader of an expression, with the expression; None for other texts and what can't be read."""
        excerpt = value.expression
        if excerpt is None:
            return None
        _, compiled = self.check.compile(excerpt)
        if compiled.bound is None or not compiled.nodes:
            return None
        return ConditionReader(PolicyCondition(excerpt, self.knowledge), compiled.nodes), compiled.bound.body

    def sources(self, value: Characters) -> Sources:
        return NO_SOURCES.union(*(sources for _, sources in self.parts(value)))

    def parts(self, value: Characters) -> Parts:
        """Return the sources of an attribute or a text, apart where conditions choose between them."""
        if value.expression is None:
            return ((ALWAYS, of_text(value.text)),)
        found = self.reader(value)
        return ((ALWAYS, OF_UNKNOWN),) if found is None else parts_of(*found)

    def value(self, value: Characters) -> KnownValue:
        return assigned(value, self.knowledge, self.check)

    def chosen(self, value: MarkupNode) -> Sources:
        """Return the sources of an attribute or a text that callers can choose."""
        if not isinstance(value, Characters) or value.expression is None:
            return NO_SOURCES
        return chosen(self.sources(value))

    def sources_within(self, *elements: Element, is_deep: bool = True) -> Sources:
        """Return the sources of all expressions in elements, and of their texts with named values."""
        found = NO_SOURCES
        inside = (each for element in elements for each in (element.descendants() if is_deep else ()))
        for each in (*elements, *inside):
            values = [*(attribute.value for attribute in each.attributes), *each.children]
            for value in values:
                if isinstance(value, Characters) and (value.expression is not None or "{{" in value.text):
                    found |= self.sources(value)
        return found

    def truth(self, step: Step, name: str) -> ConditionProofs:
        attribute = step.element.get(name)
        if attribute is None:
            return TRUE
        excerpt = attribute.value.expression
        if excerpt is not None:
            found = truth(PolicyCondition(excerpt, self.knowledge), self.check)
        else:
            text = attribute.value.text.strip()
            literal = {"true": TRUE, "false": FALSE, f"{{{{{UNKNOWN_BASE}}}}}": EITHER}.get(text.lower())
            found = literal or truth_of(Fact(kinds.UNDECIDED, f"the condition {text}"))
        self.note(step, *{fact for side in found for alternative in side for fact in alternative})
        return found

    def branches(self, state: AuditState, branches: Sequence[tuple[Alternatives, Sequence[Step]]]) -> AuditState:
        """Run the policies of alternatives, each under its guard, and join their ends."""
        around = self.knowledge
        ends: list[AuditState] = []
        known: list[tuple[Alternatives, VariableKnowledge]] = []
        for guard, steps in branches:
            if not guard:
                continue
            self.knowledge = around.copy()
            end = self.execute(steps, state.proving(guard))
            if end.is_reached:
                known.append((guard, self.knowledge))
                ends.append(end)
        self.knowledge = around
        if known:
            around.merge(known)
        return AuditState.joined(ends) if ends else NOWHERE
