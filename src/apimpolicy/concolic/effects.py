"""Effects of policies on the state that expressions see; table `EFFECTS` has a function for each modelled policy.

After any other policy, whatever it changed has its value from the run, marked as unsupported; whether it could have
ended differently is unknown.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from apimpolicy.concolic import call_counts, caller_checks, doubles, solver
from apimpolicy.concolic.conversions import unsupported_at
from apimpolicy.concolic.forms.context_members import METHODS
from apimpolicy.concolic.state import Body, Fields, Message
from apimpolicy.concolic.values import ConcolicValue, Unsupported, term_of
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.policies.effects import Replaced
from apimpolicy.policies.registry import has_trait

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.steps import Step
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import PolicyError

_Effect = TypeVar("_Effect", bound="Callable[[Tracer, Exchange, TraceEntry], None]")

EFFECTS: dict[str, Callable[[Tracer, Exchange, TraceEntry], None]] = {}
FAILURES: dict[str, Callable[[Tracer, Exchange, TraceEntry, PolicyError], bool]] = {}


def effect(*names: str) -> Callable[[_Effect], _Effect]:
    """Declare what these policies do."""

    def register(function: _Effect) -> _Effect:
        for name in names:
            EFFECTS[name] = function
        return function

    return register


def after_policy(tracer: Tracer, exchange: Any, step: Step, before: Any) -> None:
    """Update the state after a policy has run."""
    entry = exchange._entries[step]
    if isinstance(entry.effect, Replaced):
        doubles.apply_passing_double(tracer, exchange, step)
        return
    known = EFFECTS.get(step.name)
    if doubles.may_fail(tracer, step):
        doubles.branch_on_failing_double(tracer, step)
    if known is not None:
        known(tracer, exchange, entry)
        return
    if step.specification is not None and step.specification.holds_policies:
        return
    unsupported = unsupported_at(entry, f"the policy {step.name}")
    if not _is_harmless(step.name):
        tracer.path.mark_inexact(unsupported)
    _invalidate_changes(tracer, exchange, before, unsupported)
    call_counts.branch_on_count(tracer, exchange, entry, refuses=False)


def _listed(given: Any) -> list[ConcolicValue]:
    return [each for each in (given if isinstance(given, list) else [given]) if isinstance(each, ConcolicValue)]


def _is_harmless(name: str) -> bool:
    """Return whether a policy changes nothing that expressions see, and can't end the request."""
    return has_trait(name, "logs") or has_trait(name, "emits-metrics")


def _invalidate_changes(tracer: Tracer, exchange: Exchange, before: Any, unsupported: Unsupported) -> None:
    """Give all that a policy changed its value from the run, marked as unsupported."""
    state = tracer.state
    for name, value in exchange.variables.to_dict().items():
        if name not in before.variables or before.variables[name] is not value:
            state.variables[to_utf16(name)] = ConcolicValue(value, unsupported=unsupported)
    request = exchange.request
    if request.url is not before.url:
        state.request.url_unsupported = unsupported
    if request.method != before.method:
        state.request.method = ConcolicValue(request.method, unsupported=unsupported)
    if request.body is not before.body:
        state.request.body.set = ConcolicValue(None, unsupported=unsupported)
    fields = {name: tuple(values) for name, values in request.headers.fields()}
    for name in {*fields, *before.fields}:
        if fields.get(name) != before.fields.get(name):
            values = fields.get(name)
            state.request.headers.set[name.lower()] = (
                None if values is None else ConcolicValue(",".join(values), unsupported=unsupported)
            )


def failed_policy(tracer: Tracer, exchange: Any, step: Step, error: PolicyError) -> None:
    """Update the state after a policy has failed; an expression that threw was traced already."""
    entry = exchange._entries[step]
    if doubles.has_failed(tracer, step) or error is tracer.error:
        return
    tracer.state.last_error = {}
    tracer.state.error_status = None
    tracer.error = error
    known = FAILURES.get(step.name)
    if entry.error is None or id(entry) in tracer.failed_expressions:
        doubles.branch_on_passing_double(tracer, step, is_understood=True)
    elif known is None or not known(tracer, exchange, entry, error):
        tracer.path.mark_inexact(unsupported_at(entry, f"the policy {step.name}"))
        caller_checks.branch_on_token(tracer, step)
        call_counts.branch_on_count(tracer, exchange, entry, refuses=True)
        doubles.branch_on_passing_double(tracer, step)


def written(entry: TraceEntry, attribute: str) -> str:
    """Return an attribute as it is written; empty when it is missing."""
    found = entry.element.get(attribute)
    return "" if found is None else found.value.text


def message_of(tracer: Tracer, exchange: Exchange) -> Message | None:
    """Return the message that a policy changes; None for one that a policy composes."""
    if exchange.composed_request is not None:
        return None
    if exchange.changes_request:
        return tracer.state.request
    return tracer.state.response(exchange.reply)


# Policies around others, and those that expressions do not see


@effect("base", "include-fragment", "choose", "retry", "wait", "limit-concurrency", "trace", "mock-response")
def ignore(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    """Do nothing: these policies change nothing themselves."""
    return


@effect("set-variable")
def set_variable(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    given = tracer.attributes(entry)
    name = entry.element.get("name")
    assert name is not None
    key = name.value.text
    value = given.get("value")
    tracer.state.variables[to_utf16(key)] = value if value is not None else ConcolicValue(exchange.variables.get(key))


@effect("set-header")
def set_header(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    message = message_of(tracer, exchange)
    if message is None:
        return
    given = tracer.attributes(entry)
    action = entry.element.get("exists-action")
    attribute = entry.element.get("name")
    assert attribute is not None
    name = given["name"] if "name" in given else ConcolicValue(to_utf16(attribute.value.text))
    unsupported = unsupported_at(entry, "the policy set-header")
    if not name.is_constant or (action is not None and action.value.expression is not None):
        message.headers.unsupported = unsupported
        tracer.path.mark_inexact(unsupported)
        return
    kind = "override" if action is None else action.value.text
    _set_field(tracer, message.headers, name.value, kind, given, unsupported)


def _set_field(
    tracer: Tracer, fields: Fields, name: str, action: str, given: dict[str, Any], unsupported: Unsupported
) -> None:
    values: list[ConcolicValue] = given.get("values", [])
    key = fields.name(name)
    if action == "delete":
        fields.set[key] = None
    elif action == "skip" and tracer.path.branch_on(fields.there(name), "skip"):
        return
    elif action == "append" and tracer.path.branch_on(fields.there(name), "append"):
        fields.set[key] = ConcolicValue(None, unsupported=unsupported)
    elif len(values) == 1:
        fields.set[key] = values[0]
    elif values and all(each.is_constant for each in values):
        fields.set[key] = ConcolicValue(",".join(str(each.value) for each in values))
    else:
        fields.set[key] = ConcolicValue(None, unsupported=unsupported) if values else None


@effect("set-method")
def set_method(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    if exchange.composed_request is None:
        given = next(iter(tracer.attributes(entry).values()), None)
        tracer.state.request.method = (
            given if isinstance(given, ConcolicValue) else ConcolicValue(exchange.request.method)
        )


@effect("set-status")
def set_status(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    message = message_of(tracer, exchange)
    if message is None:
        return
    given = tracer.attributes(entry)
    message.status = given.get("code", ConcolicValue(exchange.response.status_code))
    message.reason = given.get("reason", ConcolicValue(exchange.response.status_reason))


@effect("set-body")
def set_body(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    message = message_of(tracer, exchange)
    if message is None:
        return
    given = tracer.attributes(entry)
    template = entry.element.get("template")
    if template is not None:
        _offer_sample(tracer, entry, message.body)
    values = [value for value in given.values() if isinstance(value, ConcolicValue)]
    if message is tracer.state.request and message.body.set is None and message.body.key == ("body",):
        _branch_on_body(tracer, True)
    body = Body(tracer.inputs, message.body.key)
    body.set = (
        values[-1]
        if len(values) == 1 and template is None
        else ConcolicValue(None, unsupported=unsupported_at(entry, "set-body"))
    )
    if not values and template is None:
        body.set = ConcolicValue("")
    message.body = body


_PLACES = re.compile(r"\{[{%][^}]*?\bbody((?:\.[A-Za-z_][\w-]*)+)")


def _offer_sample(tracer: Tracer, entry: TraceEntry, body: Body) -> None:
    """Offer a sample body that has all members that a template reads."""
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
        tracer.path.add_branch(tracer.inputs.bool_var(*key), bool(tracer.path.assignment.get(key)), "sample")


def _branch_on_body(tracer: Tracer, can: bool) -> None:
    """Branch on whether set-body can set a body: not on a GET or HEAD that has none."""
    method = tracer.state.request.method
    term = tracer.inputs.one_of("method", choices=METHODS) if method is None else term_of(method)
    if term is None:
        tracer.path.mark_inexact(Unsupported("the method", ""))
        return
    has_none = [solver.equal(term, solver.constant(each)) for each in ("GET", "HEAD")]
    there = tracer.inputs.bool_var("body", "there")
    tracer.path.add_branch(solver.any_of(there, solver.not_(solver.any_of(*has_none))), can, "set-body")


def _fail_set_body(tracer: Tracer, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    body = tracer.state.request.body
    if exchange.composed_request is not None or not exchange.changes_request or body.set is not None:
        return False
    _branch_on_body(tracer, False)
    return True


FAILURES["set-body"] = _fail_set_body


@effect("authentication-managed-identity")
def authentication_managed_identity(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    """Mark the managed identity's token as unsupported: it differs in each run."""
    unsupported = unsupported_at(entry, "a token of a managed identity")
    name = written(entry, "output-token-variable-name")
    if name:
        tracer.state.variables[to_utf16(name)] = ConcolicValue(exchange.variables.get(name), unsupported=unsupported)
    elif exchange.composed_request is None:
        tracer.state.request.headers.set["authorization"] = ConcolicValue(
            exchange.request.headers.joined("Authorization"), unsupported=unsupported
        )


@effect("return-response")
def return_response(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    """Mark the parts of a response that comes from a variable as unsupported."""
    if entry.element.get("response-variable-name") is None:
        return
    unsupported = unsupported_at(entry, "the response in a variable")
    assert exchange.answer is not None
    message = tracer.state.response(exchange.answer)
    message.status = message.status or ConcolicValue(exchange.answer.status_code, unsupported=unsupported)
    message.reason = message.reason or ConcolicValue(exchange.answer.status_reason, unsupported=unsupported)
    message.headers.unsupported = message.body.unsupported = unsupported


__all__ = ["after_policy", "effect", "failed_policy", "message_of", "solver"]

EFFECTS["check-header"] = caller_checks.check_header
FAILURES["check-header"] = caller_checks.fail_check_header
EFFECTS["validate-jwt"] = EFFECTS["validate-azure-ad-token"] = caller_checks.accept_token
