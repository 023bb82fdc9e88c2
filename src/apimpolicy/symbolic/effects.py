"""What policies do to what expressions see, over the inputs; the table `EFFECTS` has those that are understood.

Of any other policy, what it changed in the run is from then on what it was, with an obstacle; and whether it could have
ended otherwise is unknown.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from apimpolicy.dotnet.values import to_utf16
from apimpolicy.policies.effects import Replaced
from apimpolicy.policies.registry import has_trait
from apimpolicy.symbolic import checks, doubles, limits, solver
from apimpolicy.symbolic.conversions import obstacle
from apimpolicy.symbolic.forms.contexts import METHODS
from apimpolicy.symbolic.state import Body, Fields, Message
from apimpolicy.symbolic.values import Dual, Obstacle, term_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.steps import Step
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import PolicyError
    from apimpolicy.symbolic.following import Follower

_Effect = TypeVar("_Effect", bound="Callable[[Follower, Exchange, TraceEntry], None]")

EFFECTS: dict[str, Callable[[Follower, Exchange, TraceEntry], None]] = {}
FAILURES: dict[str, Callable[[Follower, Exchange, TraceEntry, PolicyError], bool]] = {}


def effect(*names: str) -> Callable[[_Effect], _Effect]:
    """Declare what these policies do."""

    def register(function: _Effect) -> _Effect:
        for name in names:
            EFFECTS[name] = function
        return function

    return register


def after_policy(follower: Follower, exchange: Any, step: Step, before: Any) -> None:
    """A policy has run."""
    entry = exchange._entries[step]
    if isinstance(entry.effect, Replaced):
        doubles.has_passed(follower, exchange, step)
        return
    known = EFFECTS.get(step.name)
    if doubles.may_fail(follower, step):
        doubles.did_not_fail(follower, step)
    if known is not None:
        known(follower, exchange, entry)
        return
    if step.specification is not None and step.specification.holds_policies:
        return
    lost = obstacle(entry, f"the policy {step.name}")
    if not _is_harmless(step.name):
        follower.path.blocked(lost)
    _changes(follower, exchange, before, lost)
    limits.counted(follower, exchange, entry, refuses=False)


def _listed(given: Any) -> list[Dual]:
    return [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, Dual)]


def _is_harmless(name: str) -> bool:
    """Whether a policy changes nothing that expressions see, and cannot end the request."""
    return has_trait(name, "logs") or has_trait(name, "measures")


def _changes(follower: Follower, exchange: Exchange, before: Any, lost: Obstacle) -> None:
    """What a policy changed becomes what it was."""
    state = follower.state
    for name, value in exchange.variables.to_dict().items():
        if name not in before.variables or before.variables[name] is not value:
            state.variables[to_utf16(name)] = Dual(value, lost=lost)
    request = exchange.request
    if request.url is not before.url:
        state.request.url_lost = lost
    if request.method != before.method:
        state.request.method = Dual(request.method, lost=lost)
    if request.body is not before.body:
        state.request.body.set = Dual(None, lost=lost)
    fields = {name: tuple(values) for name, values in request.headers.fields()}
    for name in {*fields, *before.fields}:
        if fields.get(name) != before.fields.get(name):
            values = fields.get(name)
            state.request.headers.set[name.lower()] = None if values is None else Dual(",".join(values), lost=lost)


def failed_policy(follower: Follower, exchange: Any, step: Step, error: PolicyError) -> None:
    """A policy has failed; an expression that threw explains itself."""
    entry = exchange._entries[step]
    if doubles.has_failed(follower, step) or error is follower.error:
        return
    follower.state.last_error = {}
    follower.state.error_status = None
    follower.error = error
    known = FAILURES.get(step.name)
    if entry.error is None or id(entry) in follower.failed_expressions:
        doubles.did_not_pass(follower, step, is_understood=True)
    elif known is None or not known(follower, exchange, entry, error):
        follower.path.blocked(obstacle(entry, f"the policy {step.name}"))
        checks.tokens(follower, step)
        limits.counted(follower, exchange, entry, refuses=True)
        doubles.did_not_pass(follower, step)


def written(entry: TraceEntry, attribute: str) -> str:
    """An attribute as it is written; empty without one."""
    found = entry.element.get(attribute)
    return "" if found is None else found.value.text


def message_of(follower: Follower, exchange: Exchange) -> Message | None:
    """The message that a policy works on; None for one that a policy composes."""
    if exchange.composed_request is not None:
        return None
    if exchange.changes_request:
        return follower.state.request
    return follower.state.response(exchange.reply)


# Policies around others, and those that expressions do not see


@effect("base", "include-fragment", "choose", "retry", "wait", "limit-concurrency", "trace")
def nothing(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    return


@effect("set-variable")
def set_variable(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    given = follower.attributes(entry)
    name = entry.element.get("name")
    assert name is not None
    key = name.value.text
    value = given.get("value")
    follower.state.variables[to_utf16(key)] = value if value is not None else Dual(exchange.variables.get(key))


@effect("set-header")
def set_header(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    message = message_of(follower, exchange)
    if message is None:
        return
    given = follower.attributes(entry)
    action = entry.element.get("exists-action")
    attribute = entry.element.get("name")
    assert attribute is not None
    name = given["name"] if "name" in given else Dual(to_utf16(attribute.value.text))
    lost = obstacle(entry, "the policy set-header")
    if not name.is_constant or (action is not None and action.value.expression is not None):
        message.headers.lost = lost
        follower.path.blocked(lost)
        return
    _put(follower, message.headers, name.value, "override" if action is None else action.value.text, given, lost)


def _put(follower: Follower, fields: Fields, name: str, action: str, given: dict[str, Any], lost: Obstacle) -> None:
    values: list[Dual] = given.get("values", [])
    key = fields.name(name)
    if action == "delete":
        fields.set[key] = None
    elif action == "skip" and follower.path.split(fields.there(name), "skip"):
        return
    elif action == "append" and follower.path.split(fields.there(name), "append"):
        fields.set[key] = Dual(None, lost=lost)
    elif len(values) == 1:
        fields.set[key] = values[0]
    elif values and all(each.is_constant for each in values):
        fields.set[key] = Dual(",".join(str(each.value) for each in values))
    else:
        fields.set[key] = Dual(None, lost=lost) if values else None


@effect("set-method")
def set_method(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    if exchange.composed_request is None:
        given = next(iter(follower.attributes(entry).values()), None)
        follower.state.request.method = given if isinstance(given, Dual) else Dual(exchange.request.method)


@effect("set-status")
def set_status(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    message = message_of(follower, exchange)
    if message is None:
        return
    given = follower.attributes(entry)
    message.status = given.get("code", Dual(exchange.response.status_code))
    message.reason = given.get("reason", Dual(exchange.response.status_reason))


@effect("set-body")
def set_body(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    message = message_of(follower, exchange)
    if message is None:
        return
    given = follower.attributes(entry)
    template = entry.element.get("template")
    if template is not None:
        _sample(follower, entry, message.body)
    values = [value for value in given.values() if isinstance(value, Dual)]
    if message is follower.state.request and message.body.set is None and message.body.key == ("body",):
        _may_have_body(follower, True)
    body = Body(follower.inputs, message.body.key)
    body.set = values[-1] if len(values) == 1 and template is None else Dual(None, lost=obstacle(entry, "set-body"))
    if not values and template is None:
        body.set = Dual("")
    message.body = body


_PLACES = re.compile(r"\{[{%][^}]*?\bbody((?:\.[A-Za-z_][\w-]*)+)")


def _sample(follower: Follower, entry: TraceEntry, body: Body) -> None:
    """A template reads a body: one that has all that the template asks for is worth trying."""
    content: dict[str, Any] = {}
    for found in _PLACES.finditer(entry.element.source.text[entry.element.start : entry.element.end]):
        *around, last = found[1][1:].split(".")
        inner = content
        for name in around:
            below = inner.setdefault(name, {})
            inner = below if isinstance(below, dict) else {}
        inner.setdefault(last, "x")
    if content and body.set is None:
        key = (*body.key, "sample", json.dumps(content))
        follower.path.hold(follower.inputs.truth(*key), bool(follower.path.assignment.get(key)), "sample")


def _may_have_body(follower: Follower, can: bool) -> None:
    """A body is not given to a GET or HEAD that has none."""
    method = follower.state.request.method
    term = follower.inputs.one_of("method", choices=METHODS) if method is None else term_of(method)
    if term is None:
        follower.path.blocked(Obstacle("the method", ""))
        return
    has_none = [solver.equal(term, solver.constant(each)) for each in ("GET", "HEAD")]
    there = follower.inputs.truth("body", "there")
    follower.path.hold(solver.some(there, solver.no(solver.some(*has_none))), can, "set-body")


def _no_body(follower: Follower, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    body = follower.state.request.body
    if exchange.composed_request is not None or not exchange.changes_request or body.set is not None:
        return False
    _may_have_body(follower, False)
    return True


FAILURES["set-body"] = _no_body


@effect("authentication-managed-identity")
def identified(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    """The token is another in each run; where it goes is written."""
    lost = obstacle(entry, "a token of a managed identity")
    name = written(entry, "output-token-variable-name")
    if name:
        follower.state.variables[to_utf16(name)] = Dual(exchange.variables.get(name), lost=lost)
    elif exchange.composed_request is None:
        follower.state.request.headers.set["authorization"] = Dual(
            exchange.request.headers.joined("Authorization"), lost=lost
        )


@effect("mock-response")
def ends(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    return


@effect("return-response")
def returned(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    """What the policies inside said is known; one that begins as a response in a variable is as it was in this run."""
    if entry.element.get("response-variable-name") is None:
        return
    lost = obstacle(entry, "the response in a variable")
    assert exchange.answer is not None
    message = follower.state.response(exchange.answer)
    message.status = message.status or Dual(exchange.answer.status_code, lost=lost)
    message.reason = message.reason or Dual(exchange.answer.status_reason, lost=lost)
    message.headers.lost = message.body.lost = lost


__all__ = ["after_policy", "effect", "failed_policy", "message_of", "solver"]

EFFECTS["check-header"] = checks.header_checked
FAILURES["check-header"] = checks.header_refused
EFFECTS["validate-jwt"] = EFFECTS["validate-azure-ad-token"] = checks.token_accepted
