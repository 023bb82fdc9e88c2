"""Policies that check the caller: when they let a request through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import to_utf16
from apimpolicy.policies.registry import has_trait
from apimpolicy.symbolic import solver
from apimpolicy.symbolic.trees import Jwt
from apimpolicy.symbolic.values import Dual

if TYPE_CHECKING:
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.steps import Step
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import PolicyError
    from apimpolicy.symbolic.following import Follower

_TOKENS = ("good", "expired", "none")


def tokens(follower: Follower, step: Step) -> None:
    """A check of tokens has judged: which token there was decides, though not alone."""
    if has_trait(step.name, "checks-token"):
        for provider in follower.world.providers:
            term = follower.inputs.one_of("token", provider, choices=("none", "good", "expired"))
            actual = follower.path.assignment.get(("token", provider), "none")
            follower.path.choose(term, _TOKENS, actual, "token")


def token_accepted(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    """A token was accepted: its claims are inputs."""
    from apimpolicy.symbolic.doubles import variables_of

    tokens(follower, entry.step)
    for provider in follower.world.providers:
        if follower.path.assignment.get(("token", provider), "none") != "none":
            for name, _ in variables_of(entry.step):
                form = Jwt(follower.inputs, ("token", provider, "claim"))
                follower.state.variables[to_utf16(name)] = Dual(exchange.variables.get(name), form=form)


def header_checked(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    _header(follower, entry, passes=True)


def header_refused(follower: Follower, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    return _header(follower, entry, passes=False)


def _header(follower: Follower, entry: TraceEntry, *, passes: bool) -> bool:
    given = follower.attributes(entry)
    name = entry.element.get("name")
    values = given.get("values", [])
    ignores = entry.element.get("ignore-case")
    fields = follower.state.request.headers
    if name is None or name.value.expression is not None or fields.lost is not None or fields.is_known(name.value.text):
        return False
    if not all(each.is_constant for each in values):
        return False
    there, found = fields.there(name.value.text), fields.value(name.value.text)
    asked = there
    if values:
        folds = ignores is None or ignores.value.text.lower() != "false"
        asked = solver.every(
            there,
            solver.some(
                *(
                    solver.matches(found.term, solver.ignoring_case(each.value))
                    if folds
                    else solver.equal(found.term, solver.constant(each.value))
                    for each in values
                )
            ),
        )
    if follower.inputs.value(asked, follower.path.assignment) is not passes:
        return False
    follower.path.hold(asked, passes, "check-header")
    return True
