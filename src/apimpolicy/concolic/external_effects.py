"""What comes from outside: answers of backends and services, what a cache holds; and where the request goes."""

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
def forwarded(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    key = ("answer", str(tracer.state.answers))
    tracer.state.answers += 1
    tracer.state.forwarded.append(tracer.state.request.as_it_is())
    _failing(tracer, key, fails=False)
    tracer.state.answered(exchange.response, key)
    if _says_true(entry, "follow-redirects"):
        tracer.path.mark_inexact(unsupported_at(entry, "follow-redirects"))
    if _says_true(entry, "fail-on-error-status-code"):
        _failing_by_status(tracer, key, fails=False)


def _says_true(entry: TraceEntry, name: str) -> bool:
    attribute = entry.element.get(name)
    return attribute is not None and attribute.value.text.strip().lower() != "false"


def _failing_by_status(tracer: Tracer, key: tuple[str, ...], *, fails: bool) -> None:
    status = tracer.inputs.int_var(*key, "status", default=200, least=200, most=599)
    tracer.path.add_branch(status >= 400, fails, "failure")


def _failing(tracer: Tracer, key: tuple[str, ...], *, fails: bool) -> None:
    tracer.path.add_branch(tracer.inputs.bool_var(*key, "fails"), fails, "failure")


def _failed(tracer: Tracer, key: tuple[str, ...]) -> None:
    """Nobody answered: there was no connection, or it took too long, and the error says which."""
    _failing(tracer, key, fails=True)
    late = bool(tracer.path.assignment.get((*key, "late")))
    tracer.path.add_branch(tracer.inputs.bool_var(*key, "late"), late, "failure")


def _failed_forward(tracer: Tracer, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    key = ("answer", str(tracer.state.answers))
    tracer.state.answers += 1
    tracer.state.forwarded.append(tracer.state.request.as_it_is())
    if not tracer.path.assignment.get((*key, "fails")):
        if error.response is None or not _says_true(entry, "fail-on-error-status-code"):
            return False
        _failing(tracer, key, fails=False)
        _failing_by_status(tracer, key, fails=True)
        tracer.state.answered(error.response, key)
        return True
    _failed(tracer, key)
    return True


FAILURES["forward-request"] = _failed_forward


@effect("send-request")
def sent(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    key = ("sent", str(tracer.state.sent))
    tracer.state.sent += 1
    name = entry.element.get("response-variable-name")
    value = None if name is None else exchange.variables.get(name.value.text)
    has_failed = bool(tracer.path.assignment.get((*key, "fails")))
    if value is not None:
        _url(tracer, entry, is_one=True)
    _failing(tracer, key, fails=has_failed)
    if name is None:
        return
    if value is None:
        tracer.state.variables[to_utf16(name.value.text)] = ConcolicValue(None)
        return
    message = tracer.state.answered(value, key)
    tracer.state.variables[to_utf16(name.value.text)] = ConcolicValue(value, form=message)


def _url(tracer: Tracer, entry: TraceEntry, *, is_one: bool) -> bool:
    """What it sends to must be a URL; whether that explains what happened."""
    asked = [
        solver.matches(each.term, URL) for each in tracer.attributes(entry).get("urls", []) if each.term is not None
    ]
    if not asked or tracer.inputs.value(solver.all_of(*asked), tracer.path.assignment) is not is_one:
        return False
    tracer.path.add_branch(solver.all_of(*asked), is_one, "URL")
    return True


@effect("send-one-way-request")
def sent_one_way(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    tracer.state.sent += 1


def _failed_sent(tracer: Tracer, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    if _url(tracer, entry, is_one=False):
        return True
    key = ("sent", str(tracer.state.sent))
    tracer.state.sent += 1
    if not tracer.path.assignment.get((*key, "fails")):
        return False
    _failed(tracer, key)
    return True


FAILURES["send-request"] = _failed_sent


# What the cache holds


@effect("cache-lookup-value")
def looked_up(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
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
        unsupported = unsupported_at(entry, "what calls before put into the cache")
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
    """Whether a key of the cache is the same as another one in all requests of this way, or in none.

    What is in the cache under a key is an input, whatever the key is.
    """
    asked = "" if key.is_constant else str(key.term)
    return state.cache_keys.setdefault(name, asked) == asked and (
        key.is_constant or (key.term is not None and not state.stored)
    )


@effect("cache-store-value")
def stored(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    given = tracer.attributes(entry)
    key = given.get("key", ConcolicValue(to_utf16(written(entry, "key"))))
    value = given.get("value", ConcolicValue(to_utf16(written(entry, "value"))))
    if not key.is_constant:
        tracer.path.mark_inexact(unsupported_at(entry, "a key of the cache"))
    tracer.state.stored[str(key.value)] = value


@effect("cache-remove-value", "cache-store")
def forgotten(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    return


# Where the request goes


@effect("set-backend-service")
def backend_set(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    given = tracer.attributes(entry)
    for field in ("backend_id", "base_url"):
        chosen = given.get(field)
        if chosen is not None and not chosen.is_constant:
            tracer.path.mark_inexact(unsupported_at(entry, "a backend that the request chooses"))


def _no_backend(tracer: Tracer, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    """The backend is not there; in another world it is."""
    given = tracer.attributes(entry).get("backend_id")
    name = str(given.value) if given is not None else written(entry, "backend-id")
    if not name or not tracer.harness.has_doubles:
        return False
    tracer.path.mark_inexact(unsupported_at(entry, "a backend that is not there"))
    tracer.path.add_branch(tracer.inputs.bool_var("backend", name), False, "backend")
    return True


FAILURES["set-backend-service"] = _no_backend


@effect("rewrite-uri", "set-query-parameter")
def url_changed(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    tracer.state.request.url_unsupported = unsupported_at(entry, "a URL that a policy changed")
    if any(not each.is_constant for each in tracer.attributes(entry).values() if isinstance(each, ConcolicValue)):
        tracer.path.mark_inexact(unsupported_at(entry, f"the policy {entry.name}"))


__all__ = ["EFFECTS"]
