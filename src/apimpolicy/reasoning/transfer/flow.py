"""Requests on their way through policies: the state that they have, and where they leave: errors, responses, ends."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.reasoning.semantics.state import ANSWER, KINDS, OWN, HeadersOf, Inputs, State
from apimpolicy.reasoning.semantics.values import Truth, Value, constant_number, constant_truth
from apimpolicy.reasoning.terms import term as terms

if TYPE_CHECKING:
    from apimpolicy.reasoning.semantics.unknowns import Unknowns
    from apimpolicy.reasoning.terms.term import Term

OF_ERRORS = frozenset(("content-type", "retry-after", "www-authenticate"))
"""The headers of the gateway's own answers to errors, besides those that policies name."""
_NO = terms.FALSE


class Error(NamedTuple):
    """An error that goes to on-error: the state, the status, and who made the response."""

    condition: Term
    state: State
    status: Value
    by_policy: Term = _NO
    by_backend: Term = _NO
    source: str = ""
    reason: str | None = None
    before: State | None = None
    """The state in which it happened, where errors may be ignored: without the response that the error makes."""


class End(NamedTuple):
    """An end of the pipeline: its condition, the state, the status of the response, and who responded."""

    condition: Term
    state: State
    status: Value
    by_policy: Term = _NO
    by_backend: Term = _NO
    errors: tuple[Error, ...] = ()
    """Errors before it; empty without any."""


class Sent(NamedTuple):
    """A request that is forwarded. `state` None: one of which nothing is known but the step that sends it, `key`."""

    condition: Term
    state: State | None
    key: Hashable = None


class OwnRequest(NamedTuple):
    """A request that a policy sends itself: the policy without layout, what its expressions evaluate to, and the state
    of the request that it copies, if it copies one.
    """

    condition: Term
    key: Hashable
    values: tuple[Value, ...]
    state: State | None


class WiderScope(NamedTuple):
    """A `<base />`: the condition under which the policies of wider scopes run, and the state that they see."""

    condition: Term
    section: str
    state: State


class RequestFlow:
    """The requests that get to a place. `alive` is the condition under which they do."""

    def __init__(self, unknowns: Unknowns, inputs: Inputs) -> None:
        self.unknowns = unknowns
        self.inputs = inputs
        self.state = inputs.state()
        self.alive: Term = terms.TRUE
        self.section = "inbound"
        self.own = ""
        """The message of its own that a policy composes with those inside: `request` or `response`."""
        self.ignores_errors = False
        self.source = ""
        """The name of the policy that runs: the source of errors."""
        self.lost: list[Term] = []
        """The conditions of requests that left the run, since the outer policy began."""
        self.errors: list[Error] = []
        self.ends: list[End] = []
        self.served: list[tuple[Term, State]] = []
        self.added_headers: frozenset[str] | None = frozenset()
        """The headers that policies may add to the response after all others have run; None for any."""
        self.error_headers: frozenset[str] | None = OF_ERRORS
        """The headers that the gateway's own response to an error may have; None for any."""
        self.has_address = True
        """Whether each API has a backend, unless policies choose one."""
        self.plain_backends: Container[str | None] = ()
        """The ids of backends to which requests are sent as they are: they are known, and nothing can prevent it."""
        self.open_statuses: Sequence[int] = ()
        """The statuses of requests for backends whose circuits may be open."""

    def lose(self, condition: Term) -> Term:
        """Take requests out of the walk; return where it loses them."""
        gone = terms.all_of(self.alive, condition)
        if gone is not terms.FALSE:
            self.lost.append(gone)
            self.alive = terms.FALSE if condition is terms.TRUE else terms.all_of(self.alive, terms.not_(condition))
        return gone

    def fail(
        self,
        condition: Term,
        status: Value | None = None,
        *,
        by_policy: Term = terms.FALSE,
        by_backend: Term = terms.FALSE,
        reason: str | None = None,
        keeps_headers: bool = False,
    ) -> None:
        """Fail requests where a condition is true; by default with the gateway's own 500. `reason` None: unknown.

        The response is the gateway's own, with few headers, unless it `keeps_headers` of the backend's.
        """
        gone = self.lose(condition)
        if gone is not terms.FALSE:
            answered = constant_number(500) if status is None else status
            state = self.state.copy()
            state.forget_own()
            before = state.copy() if self.ignores_errors else None
            for kind in ANSWER:
                state.forget(kind, self.next_generation())
            if not keeps_headers:
                self.limit_headers(state, self.error_headers)
                state.set(constant_truth(False), "given")
            self.errors.append(Error(gone, state, answered, by_policy, by_backend, self.source, reason, before))

    def ignoring_errors(self, run: Callable[[], None]) -> Term:
        """Run policies whose errors are ignored; return where there is one, in whose state requests continue."""
        alive, errors, lost = self.alive, len(self.errors), len(self.lost)
        around, self.ignores_errors = self.ignores_errors, True
        run()
        self.ignores_errors = around
        ignored = self.errors[errors:]
        del self.errors[errors:]
        for error in ignored:
            assert error.before is not None
            if error.condition in self.lost:
                self.lost.remove(error.condition)
            is_only = self.alive is terms.FALSE
            self.state = error.before if is_only else State.merged(error.condition, error.before, self.state)
            self.alive = terms.any_of(self.alive, error.condition)
        if len(self.lost) == lost:
            self.alive = alive
        return terms.any_of(*(error.condition for error in ignored))

    def fail_at_service(
        self, what: str, *, by_policy: Term = _NO, by_backend: Term = _NO, only: Term = terms.TRUE
    ) -> None:
        """Let a request to a backend or another service fail; the circuit of a backend may be open."""
        statuses = [constant_number(each) for each in self.open_statuses]
        for status in (None, *statuses):
            chance = terms.all_of(only, self.unknowns.chance(what))
            self.fail(chance, status, by_policy=by_policy, by_backend=by_backend)

    def end(self, condition: Term, status: Value, headers: frozenset[str] | None) -> None:
        """End requests with a response of a policy, where a condition is true.

        The response has no headers but, perhaps, these; None for any.
        """
        gone = self.lose(condition)
        if gone is not terms.FALSE:
            state = self.state.copy()
            for kind in ANSWER:
                state.forget(kind, self.next_generation())
            self.limit_headers(state, headers)
            self.ends.append(End(gone, state, status, by_policy=terms.TRUE))

    def limit_headers(self, state: State, names: frozenset[str] | None) -> None:
        """Say that a response has no headers but, perhaps, these; None for any."""
        if names is not None:
            state.forget("response-header", HeadersOf(names, self.next_generation()))

    def add_headers(self, names: frozenset[str] | None) -> None:
        """Say that a policy may add headers to every response at its end."""
        known = self.added_headers
        self.added_headers = None if names is None or known is None else known | names

    def serve(self, condition: Term) -> None:
        """Skip the backend, where a condition is true: a policy has a response."""
        gone = self.lose(condition)
        if gone is not terms.FALSE:
            state = self.state.copy()
            state.set(self.inputs.status(self.next_generation()), "status")
            for kind in ANSWER:
                state.forget(kind, self.next_generation())
            self.served.append((gone, state))

    # What is not known any more

    def next_generation(self) -> Hashable:
        return "generation", self.unknowns.next()

    def forget(self, *kinds: str) -> None:
        for kind in kinds:
            self.state.forget(kind, self.next_generation())

    def forget_cell(self, kind: str, name: str = "") -> None:
        self.state.set(self.inputs.make((kind, name), self.next_generation()), kind, name)

    def forget_everything(self) -> None:
        self.forget(
            *KINDS, *(OWN + kind for kind in KINDS if self.own), "has-response", "error", "ran", "given", "backend"
        )
        self.unknowns.change()
        self.unknowns.use_up()
        reached = self.state.get("reached")
        assert isinstance(reached, Truth)
        more = self.unknowns.truth("whether a policy reaches the backend")
        self.state.set(Truth(terms.any_of(reached.term, more)), "reached")

    # The message that policies change

    @property
    def changes_request(self) -> bool:
        """Return whether policies change a request here: one that they compose, or the caller's before outbound."""
        return self.own == "request" or (not self.own and self.section in ("inbound", "backend"))

    def header_kind(self) -> str:
        return self.kind_of("header" if self.changes_request else "response-header")

    def body_kind(self) -> str:
        return self.kind_of("body" if self.changes_request else "response-body")

    def kind_of(self, kind: str) -> str:
        """Return the kind of cells that a policy changes here: those of the message that is composed, if they are."""
        return OWN + kind if kind in _OF_OWN[self.own] else kind


_OF_OWN = {"": (), "request": ("header", "body", "method"), "response": ("status", *ANSWER)}
