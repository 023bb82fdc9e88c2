"""One walk over the effective policies of an operation: who reaches the backend, and what the gateway does before.

Errors and refusals end a path: nothing behind them reaches the backend. A policy does what its `access` declares; where
it declares nothing, what follows is not decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.audit.conditions import Condition, truth
from apimpolicy.audit.facts import UNDECIDED, Fact, GatewayAction, PolicyLocation, location_of
from apimpolicy.audit.states import EITHER, FALSE, NOWHERE, TRUE, State, Truth, of_fact, truth_of
from apimpolicy.text.holes import UNKNOWN_BASE

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from apimpolicy.audit.service_context import ServiceContext
    from apimpolicy.audit.states import Alternatives
    from apimpolicy.audit.variables import Knowledge
    from apimpolicy.checks.expressions import ExpressionCheck
    from apimpolicy.engine.steps import Program, Step

SECTIONS = ("inbound", "backend")
"""The sections that run before a request reaches the backend."""


class Walk:
    """One walk. `forwarded` is what reaches the backend; `places` are the locations of facts and actions."""

    def __init__(
        self,
        knowledge: Knowledge,
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

    def run(self, program: Program, entered: State) -> None:
        """Walk the sections before the backend."""
        state = entered
        for section in SECTIONS:
            self.section = section
            state = self.execute(program.sections[section], state)

    def execute(self, steps: Sequence[Step], state: State) -> State:
        for step in steps:
            if not state.is_reached:
                return state
            state = self.step(step, state)
        return state

    def step(self, step: Step, state: State) -> State:
        from apimpolicy.audit.policies import HANDLERS

        access = "" if step.specification is None else step.specification.access
        handler = HANDLERS.get(access)
        if handler is None:
            return self.undecided(step, state, f"policy '{step.name}'")
        return handler(self, step, state)

    # What policies use

    def proving(self, step: Step, state: State, proof: Alternatives) -> State:
        """Go on with the requests that have proven something at a policy."""
        self.note(step, *{fact for alternative in proof for fact in alternative})
        return state.proving(proof)

    def act(self, step: Step, state: State, action: GatewayAction) -> State:
        self.note(step, action)
        return state.with_action(action)

    def undecided(self, step: Step, state: State, subject: str) -> State:
        self.knowledge.forget_variables()
        return self.proving(step, state, of_fact(Fact(UNDECIDED, subject)))

    def note(self, step: Step, *found: Hashable) -> None:
        for each in found:
            self.places.setdefault(each, location_of(step.element))

    def truth(self, step: Step, name: str) -> Truth:
        """Return the proofs of an attribute's condition."""
        attribute = step.element.get(name)
        if attribute is None:
            return TRUE
        excerpt = attribute.value.expression
        if excerpt is not None:
            found = truth(Condition(excerpt, self.knowledge), self.check)
        else:
            text = attribute.value.text.strip()
            literal = {"true": TRUE, "false": FALSE, f"{{{{{UNKNOWN_BASE}}}}}": EITHER}.get(text.lower())
            found = literal or truth_of(Fact(UNDECIDED, f"the condition {text}"))
        self.note(step, *{fact for side in found for alternative in side for fact in alternative})
        return found

    def branches(self, state: State, branches: Sequence[tuple[Alternatives, Sequence[Step]]]) -> State:
        """Run the policies of alternatives, each under its guard, and join their ends."""
        around = self.knowledge
        ends: list[State] = []
        known: list[tuple[Alternatives, Knowledge]] = []
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
        return State.joined(ends) if ends else NOWHERE
