"""The sections of a program, what becomes of errors, and all ends."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from apimpolicy.gateway.engine.own_answers import giving_steps
from apimpolicy.gateway.engine.pipeline import direct_steps, preflight_steps
from apimpolicy.gateway.engine.steps import Program, Step
from apimpolicy.reasoning.semantics.state import State
from apimpolicy.reasoning.semantics.values import (
    Opaque,
    Text,
    Truth,
    Value,
    constant_number,
    constant_text,
    constant_truth,
    is_there,
    where,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term
from apimpolicy.reasoning.transfer import exchanges
from apimpolicy.reasoning.transfer.effects import evaluate_at_end, names_added, respond
from apimpolicy.reasoning.transfer.flow import OF_ERRORS, End, Error, OwnRequest, Sent, WiderScope
from apimpolicy.reasoning.transfer.run import Run


class Outcome(NamedTuple):
    """The ends of a program over all requests, its forwarded requests, and where each policy is reached."""

    start: State
    ends: list[End]
    sent: list[Sent]
    branches: dict[int, Term]
    outcomes: dict[tuple[int, str], Term]
    added_headers: frozenset[str] | None
    own_requests: list[OwnRequest]
    wider_scopes: list[WiderScope]
    unknown_steps: list[Hashable]


def outcome_of(program: Program, run: Run) -> Outcome:
    run.giving = giving_steps(program)
    named = names_added(run, program.steps())
    run.error_headers = None if named is None else OF_ERRORS | named
    start = run.state.copy()
    ends: list[End] = []
    _preflight(run, program, ends)
    for section in ("inbound", "backend"):
        run.begin(section)
        run.execute(program.sections[run.section])
    _to_outbound(run)
    run.section = "outbound"
    for step in run.later:
        declares = step.specification is not None and step.specification.effects is not None
        run.source = step.name if declares else ""
        run.enter(step)
        if declares:
            run.unknowns.scope = ("later", step.name)  # backends are the same for both of two programs
        respond(run, step)
    run.unknowns.scope = None
    run.execute(program.sections[run.section])
    by_backend = where(run.state.get("reached"), _truth)
    ends.append(End(run.alive, run.state, run.state.get("status"), by_backend=by_backend))
    ends += run.ends
    ends += _after_errors(run, program)
    ends = [end for end in ends if end.condition is not terms.FALSE]
    evaluate_at_end(run, ends)
    return Outcome(
        start,
        ends,
        run.sent,
        run.branches,
        run.outcomes,
        run.added_headers,
        run.own_requests,
        run.wider_scopes,
        run.unknown_steps,
    )


def _truth(leaf: Value) -> Term:
    return leaf.term if isinstance(leaf, Truth) else terms.FALSE


def admit_method(run: Run, program: Program, method: str) -> Term:
    """Let requests have an operation's method, or be a preflight for it where a cors may see one; return that term."""
    operation = constant_text(method)
    run.inputs.fix(operation, "entity", "operation method")
    if method == "OPTIONS" or not any(_cors_of(run, program)):
        run.inputs.fix(operation, "method")
        return terms.FALSE
    text = run.state.get("method")
    assert isinstance(text, Text)
    given = text.term
    preflight = terms.all_of(terms.same(given, terms.text("OPTIONS")), *_asked(run))
    run.unknowns.know(given, terms.any_of(terms.same(given, operation.term), preflight))
    run.method = operation
    return preflight


def _cors_of(run: Run, program: Program) -> tuple[list[Step], list[Step]]:
    """Return the policies that answer preflights, and the missing fragments that may have one."""
    hidden = [step for step in direct_steps(program) if run.made_up is not None and run.made_up.is_fragment(step)]
    return preflight_steps(program), hidden


def _asked(run: Run) -> list[Term]:
    return [is_there(run.state.get("header", name)) for name in ("origin", "access-control-request-method")]


def _preflight(run: Run, program: Program, ends: list[End]) -> None:
    """Remove preflight requests, to which cors responds, whatever its scope; a missing fragment may have one."""
    steps, hidden = _cors_of(run, program)
    if not steps and not hidden:
        return
    method = run.state.get("method")
    is_options = terms.same(method.term, terms.text("OPTIONS")) if isinstance(method, Text) else terms.TRUE
    operation = run.state.first("entity", "operation method")
    options = terms.text("OPTIONS")
    is_other = terms.not_(terms.same(operation.term, options)) if isinstance(operation, Text) else terms.TRUE
    is_preflight = terms.all_of(*_asked(run), is_other)
    if not steps:
        is_preflight = terms.all_of(is_preflight, run.unknowns.truth("whether a missing fragment has a cors"))
    gone = run.lose(terms.all_of(is_options, is_preflight))
    if gone is terms.FALSE:
        return
    state = run.state.copy()
    if run.method is not None:
        run.state.set(run.method, "method")
    state.forget("ran", run.next_generation())
    if not hidden:
        run.limit_headers(state, exchanges.HEADERS_OF_CORS)
    by_policy = run.unknowns.truth("whether cors answers a preflight")
    is_fixed = all(attribute.value.expression is None for step in steps for attribute in step.element.attributes)
    is_fixed = is_fixed and all(part.expression is None for step in steps for part in step.element.descendants())
    status = constant_number(200) if is_fixed and not hidden else run.inputs.status(run.next_generation())
    ends.append(End(gone, state, status, by_policy=by_policy))
    for step in steps:
        run.reach(step)


def _to_outbound(run: Run) -> None:
    """Continue with outbound: with the backend's response, or with one of a policy in its place."""
    for condition, state in run.served:
        run.state = state if run.alive is terms.FALSE else State.merged(condition, state, run.state)
        run.alive = terms.any_of(run.alive, condition)
    run.state = run.state.copy()
    if where(run.state.get("has-response"), _truth) is terms.FALSE:  # an empty 200
        run.limit_headers(run.state, frozenset())
    run.state.set(constant_truth(True), "has-response")


def _after_errors(run: Run, program: Program) -> list[End]:
    """Run on-error for all errors at once; where it does nothing, each error is an end of its own."""
    errors, run.errors, run.ends = run.errors, [], []
    if not errors:
        return []
    if not does_anything(program.sections["on-error"]):
        return [
            End(each.condition, each.state, each.status, each.by_policy, each.by_backend, (each,)) for each in errors
        ]
    run.section = "on-error"
    last = errors[-1]
    merged, by_policy, by_backend = _shown(last), last.by_policy, last.by_backend
    for error in errors[-2::-1]:  # behind `wait`, the conditions of several may be met: the first one happened
        merged = State.merged(error.condition, _shown(error), merged)
        by_policy = terms.choice(error.condition, error.by_policy, by_policy)
        by_backend = terms.choice(error.condition, error.by_backend, by_backend)
    run.state, run.alive = merged, terms.any_of(*(error.condition for error in errors))
    run.execute(program.sections["on-error"])
    all_errors = tuple(errors)
    ends = [End(run.alive, run.state, run.state.get("status"), by_policy, by_backend, all_errors)]
    ends += [end._replace(errors=all_errors) for end in run.ends]
    for second in run.errors:
        ends.append(End(second.condition, second.state, second.status, by_policy, by_backend, all_errors))
    return ends


def does_anything(steps: list[Step]) -> bool:
    """Return whether policies are more than `<base />` with nothing behind it."""
    return any(step.name != "base" or does_anything(step.inserted) for step in steps)


def _shown(error: Error) -> State:
    """Return the state in which on-error begins: it sees the error, and the response that it makes."""
    state = error.state.copy()
    state.set(error.status, "status")
    state.set(constant_truth(True), "has-response")
    identity = ("error", error.source, str(error.reason), error.condition)
    state.set(Opaque(identity, "ILastError", 0), "error")
    return state
