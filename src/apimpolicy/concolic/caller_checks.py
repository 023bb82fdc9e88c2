"""Policies that check the caller: when they let a request through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.symbolic_json import Jwt
from apimpolicy.concolic.values import ConcolicValue
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.policies.registry import has_trait
from apimpolicy.scenarios.doubles import variables_of

if TYPE_CHECKING:
    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.steps import Step
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import PolicyError

_TOKENS = ("good", "expired", "none")


def branch_on_token(tracer: Tracer, step: Step) -> None:
    """Branch on the token of the request, after a policy that checks tokens."""
    if has_trait(step.name, "checks-token"):
        for provider in tracer.harness.providers:
            term = tracer.inputs.one_of("token", provider, choices=("none", "good", "expired"))
            actual = tracer.path.assignment.get(("token", provider), "none")
            tracer.path.branch_on_value(term, _TOKENS, actual, "token")


def accept_token(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    """Make the claims of an accepted token inputs."""
    branch_on_token(tracer, entry.step)
    for provider in tracer.harness.providers:
        if tracer.path.assignment.get(("token", provider), "none") != "none":
            for name, _ in variables_of(entry.step):
                form = Jwt(tracer.inputs, ("token", provider, "claim"))
                tracer.state.variables[to_utf16(name)] = ConcolicValue(exchange.variables.get(name), form=form)


def check_header(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    _header(tracer, entry, passes=True)


def fail_check_header(tracer: Tracer, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    return _header(tracer, entry, passes=False)


def _header(tracer: Tracer, entry: TraceEntry, *, passes: bool) -> bool:
    given = tracer.attributes(entry)
    name = entry.element.get("name")
    values = given.get("values", [])
    ignores = entry.element.get("ignore-case")
    fields = tracer.state.request.headers
    if (
        name is None
        or name.value.expression is not None
        or fields.unsupported is not None
        or fields.is_known(name.value.text)
    ):
        return False
    if not all(each.is_constant for each in values):
        return False
    there, found = fields.there(name.value.text), fields.value(name.value.text)
    condition = there
    if values:
        folds = ignores is None or ignores.value.text.lower() != "false"
        condition = solver.all_of(
            there,
            solver.any_of(
                *(
                    solver.matches(found.term, solver.ignoring_case(each.value))
                    if folds
                    else solver.equal(found.term, solver.constant(each.value))
                    for each in values
                )
            ),
        )
    if tracer.inputs.value(condition, tracer.path.assignment) is not passes:
        return False
    tracer.path.add_branch(condition, passes, "check-header")
    return True
