"""Inputs from outside the policy: responses of backends and services, entries of the cache; and the backend's URL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.conversions import unsupported_at
from apimpolicy.concolic.effects import EFFECTS, FAILURES, effect, written
from apimpolicy.concolic.inputs import URL
from apimpolicy.concolic.symbolic_json import SymbolicJson
from apimpolicy.concolic.values import ConcolicValue
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.policies.effects import CacheAccessed

if TYPE_CHECKING:
    from apimpolicy.concolic.state import State
    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import PolicyError


@effect("forward-request")
def forward_request(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    key = ("answer", str(tracer.state.answers))
    tracer.state.answers += 1
    tracer.state.forwarded.append(tracer.state.request.snapshot())
    _branch_on_failure(tracer, key, fails=False)
    tracer.state.answered(exchange.response, key)
    if _is_set(entry, "follow-redirects"):
        tracer.path.mark_inexact(unsupported_at(entry, "follow-redirects"))
    if _is_set(entry, "fail-on-error-status-code"):
        _branch_on_status(tracer, key, fails=False)


def _is_set(entry: TraceEntry, name: str) -> bool:
    attribute = entry.element.get(name)
    return attribute is not None and attribute.value.text.strip().lower() != "false"


def _branch_on_status(tracer: Tracer, key: tuple[str, ...], *, fails: bool) -> None:
    status = tracer.inputs.int_var(*key, "status", default=200, least=200, most=599)
    tracer.path.add_branch(status >= 400, fails, "failure")


def _branch_on_failure(tracer: Tracer, key: tuple[str, ...], *, fails: bool) -> None:
    tracer.path.add_branch(tracer.inputs.bool_var(*key, "fails"), fails, "failure")


def _fail_call(tracer: Tracer, key: tuple[str, ...]) -> None:
    """Branch on how a call failed: no connection, or a timeout."""
    _branch_on_failure(tracer, key, fails=True)
    late = bool(tracer.path.assignment.get((*key, "late")))
    tracer.path.add_branch(tracer.inputs.bool_var(*key, "late"), late, "failure")


def _fail_forward(tracer: Tracer, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    key = ("answer", str(tracer.state.answers))
    tracer.state.answers += 1
    tracer.state.forwarded.append(tracer.state.request.snapshot())
    if not tracer.path.assignment.get((*key, "fails")):
        if error.response is None or not _is_set(entry, "fail-on-error-status-code"):
            return False
        _branch_on_failure(tracer, key, fails=False)
        _branch_on_status(tracer, key, fails=True)
        tracer.state.answered(error.response, key)
        return True
    _fail_call(tracer, key)
    return True


FAILURES["forward-request"] = _fail_forward


@effect("send-request")
def send_request(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    key = ("sent", str(tracer.state.sent))
    tracer.state.sent += 1
    name = entry.element.get("response-variable-name")
    value = None if name is None else exchange.variables.get(name.value.text)
    has_failed = bool(tracer.path.assignment.get((*key, "fails")))
    if value is not None:
        _branch_on_url(tracer, entry, is_one=True)
    _branch_on_failure(tracer, key, fails=has_failed)
    if name is None:
        return
    if value is None:
        tracer.state.variables[to_utf16(name.value.text)] = ConcolicValue(None)
        return
    message = tracer.state.answered(value, key)
    tracer.state.variables[to_utf16(name.value.text)] = ConcolicValue(value, form=message)


def _branch_on_url(tracer: Tracer, entry: TraceEntry, *, is_one: bool) -> bool:
    """Branch on whether send-request got a valid URL; return whether that explains the outcome."""
    constraints = [
        solver.matches(each.term, URL) for each in tracer.attributes(entry).get("urls", []) if each.term is not None
    ]
    if not constraints or tracer.inputs.value(solver.all_of(*constraints), tracer.path.assignment) is not is_one:
        return False
    tracer.path.add_branch(solver.all_of(*constraints), is_one, "URL")
    return True


@effect("send-one-way-request")
def send_one_way_request(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    tracer.state.sent += 1


def _fail_send_request(tracer: Tracer, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    if _branch_on_url(tracer, entry, is_one=False):
        return True
    key = ("sent", str(tracer.state.sent))
    tracer.state.sent += 1
    if not tracer.path.assignment.get((*key, "fails")):
        return False
    _fail_call(tracer, key)
    return True


FAILURES["send-request"] = _fail_send_request


# What the cache holds


@effect("cache-lookup-value")
def cache_lookup_value(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    given, state = tracer.attributes(entry), tracer.state
    key = given.get("key", ConcolicValue(to_utf16(written(entry, "key"))))
    found = isinstance(entry.effect, CacheAccessed) and entry.effect.found
    name = str(key.value)
    if not _is_one_key(state, name, key):
        tracer.path.mark_inexact(key.unsupported or unsupported_at(entry, "a key of the cache"))
    variable = to_utf16(written(entry, "variable-name"))
    stored = state.stored.get(name)
    if stored is not None:
        state.variables[variable] = stored
        return
    there = tracer.inputs.bool_var("cache", name, "there")
    if tracer.inputs.value(there, tracer.path.assignment) is not found:  # calls before have filled it
        unsupported = unsupported_at(entry, "what earlier requests stored in the cache")
        tracer.path.mark_inexact(unsupported)
        state.variables[variable] = ConcolicValue(
            exchange.variables.get(written(entry, "variable-name")), unsupported=unsupported
        )
        return
    tracer.path.add_branch(there, found, "cache")
    if found:
        value = exchange.variables.get(written(entry, "variable-name"))
        state.variables[variable] = ConcolicValue(
            value, form=SymbolicJson(tracer.inputs, ("cache", name), is_token=False)
        )
    elif (default := given.get("default_value")) is not None:
        state.variables[variable] = default
    elif entry.element.get("default-value") is not None:
        state.variables[variable] = ConcolicValue(exchange.variables.get(written(entry, "variable-name")))


def _is_one_key(state: State, name: str, key: ConcolicValue) -> bool:
    """Return whether a cache key equals another one for all requests with this path, or for none.

    The entry under a key is an input, whatever the key is.
    """
    term = "" if key.is_constant else str(key.term)
    return state.cache_keys.setdefault(name, term) == term and (
        key.is_constant or (key.term is not None and not state.stored)
    )


@effect("cache-store-value")
def cache_store_value(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    given = tracer.attributes(entry)
    key = given.get("key", ConcolicValue(to_utf16(written(entry, "key"))))
    value = given.get("value", ConcolicValue(to_utf16(written(entry, "value"))))
    if not key.is_constant:
        tracer.path.mark_inexact(unsupported_at(entry, "a key of the cache"))
    tracer.state.stored[str(key.value)] = value


@effect("cache-remove-value", "cache-store")
def ignore(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    return


# Where the request goes


@effect("set-backend-service")
def set_backend_service(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    given = tracer.attributes(entry)
    for field in ("backend_id", "base_url"):
        chosen = given.get(field)
        if chosen is not None and not chosen.is_constant:
            tracer.path.mark_inexact(unsupported_at(entry, "a backend that depends on the request"))


def _fail_set_backend_service(tracer: Tracer, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    """Branch on whether the backend exists."""
    given = tracer.attributes(entry).get("backend_id")
    name = str(given.value) if given is not None else written(entry, "backend-id")
    if not name or not tracer.harness.has_doubles:
        return False
    tracer.path.mark_inexact(unsupported_at(entry, "an unknown backend"))
    tracer.path.add_branch(tracer.inputs.bool_var("backend", name), False, "backend")
    return True


FAILURES["set-backend-service"] = _fail_set_backend_service


@effect("rewrite-uri", "set-query-parameter")
def change_url(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    tracer.state.request.url_unsupported = unsupported_at(entry, "a URL that a policy changed")
    if any(not each.is_constant for each in tracer.attributes(entry).values() if isinstance(each, ConcolicValue)):
        tracer.path.mark_inexact(unsupported_at(entry, f"the policy {entry.name}"))


__all__ = ["EFFECTS"]
