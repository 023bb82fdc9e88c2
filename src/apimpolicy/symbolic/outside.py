"""What comes from outside: answers of backends and services, what a cache holds; and where the request goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import to_utf16
from apimpolicy.policies.effects import CacheAccessed
from apimpolicy.symbolic import solver
from apimpolicy.symbolic.conversions import obstacle
from apimpolicy.symbolic.effects import EFFECTS, FAILURES, effect, written
from apimpolicy.symbolic.inputs import URL
from apimpolicy.symbolic.trees import Tree
from apimpolicy.symbolic.values import Dual

if TYPE_CHECKING:
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.policies.spec import PolicyError
    from apimpolicy.symbolic.following import Follower
    from apimpolicy.symbolic.state import State


@effect("forward-request")
def forwarded(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    key = ("answer", str(follower.state.answers))
    follower.state.answers += 1
    follower.state.forwarded.append(follower.state.request.as_it_is())
    _failing(follower, key, fails=False)
    follower.state.answered(exchange.response, key)
    if _says_true(entry, "follow-redirects"):
        follower.path.blocked(obstacle(entry, "follow-redirects"))
    if _says_true(entry, "fail-on-error-status-code"):
        _failing_by_status(follower, key, fails=False)


def _says_true(entry: TraceEntry, name: str) -> bool:
    attribute = entry.element.get(name)
    return attribute is not None and attribute.value.text.strip().lower() != "false"


def _failing_by_status(follower: Follower, key: tuple[str, ...], *, fails: bool) -> None:
    status = follower.inputs.number(*key, "status", default=200, least=200, most=599)
    follower.path.hold(status >= 400, fails, "failure")


def _failing(follower: Follower, key: tuple[str, ...], *, fails: bool) -> None:
    follower.path.hold(follower.inputs.truth(*key, "fails"), fails, "failure")


def _failed(follower: Follower, key: tuple[str, ...]) -> None:
    """Nobody answered: there was no connection, or it took too long, and the error says which."""
    _failing(follower, key, fails=True)
    late = bool(follower.path.assignment.get((*key, "late")))
    follower.path.hold(follower.inputs.truth(*key, "late"), late, "failure")


def _failed_forward(follower: Follower, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    key = ("answer", str(follower.state.answers))
    follower.state.answers += 1
    follower.state.forwarded.append(follower.state.request.as_it_is())
    if not follower.path.assignment.get((*key, "fails")):
        if error.response is None or not _says_true(entry, "fail-on-error-status-code"):
            return False
        _failing(follower, key, fails=False)
        _failing_by_status(follower, key, fails=True)
        follower.state.answered(error.response, key)
        return True
    _failed(follower, key)
    return True


FAILURES["forward-request"] = _failed_forward


@effect("send-request")
def sent(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    key = ("sent", str(follower.state.sent))
    follower.state.sent += 1
    name = entry.element.get("response-variable-name")
    value = None if name is None else exchange.variables.get(name.value.text)
    has_failed = bool(follower.path.assignment.get((*key, "fails")))
    if value is not None:
        _url(follower, entry, is_one=True)
    _failing(follower, key, fails=has_failed)
    if name is None:
        return
    if value is None:
        follower.state.variables[to_utf16(name.value.text)] = Dual(None)
        return
    message = follower.state.answered(value, key)
    follower.state.variables[to_utf16(name.value.text)] = Dual(value, form=message)


def _url(follower: Follower, entry: TraceEntry, *, is_one: bool) -> bool:
    """What it sends to must be a URL; whether that explains what happened."""
    asked = [
        solver.matches(each.term, URL) for each in follower.attributes(entry).get("urls", []) if each.term is not None
    ]
    if not asked or follower.inputs.value(solver.every(*asked), follower.path.assignment) is not is_one:
        return False
    follower.path.hold(solver.every(*asked), is_one, "URL")
    return True


@effect("send-one-way-request")
def sent_one_way(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    follower.state.sent += 1


def _failed_sent(follower: Follower, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    if _url(follower, entry, is_one=False):
        return True
    key = ("sent", str(follower.state.sent))
    follower.state.sent += 1
    if not follower.path.assignment.get((*key, "fails")):
        return False
    _failed(follower, key)
    return True


FAILURES["send-request"] = _failed_sent


# What the cache holds


@effect("cache-lookup-value")
def looked_up(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    given, state = follower.attributes(entry), follower.state
    key = given.get("key", Dual(to_utf16(written(entry, "key"))))
    found = isinstance(entry.effect, CacheAccessed) and entry.effect.found
    name = str(key.value)
    if not _is_one_key(state, name, key):
        follower.path.blocked(key.lost or obstacle(entry, "a key of the cache"))
    variable = to_utf16(written(entry, "variable-name"))
    stored = state.stored.get(name)
    if stored is not None:
        state.variables[variable] = stored
        return
    there = follower.inputs.truth("cache", name, "there")
    if follower.inputs.value(there, follower.path.assignment) is not found:  # calls before have filled it
        lost = obstacle(entry, "what calls before put into the cache")
        follower.path.blocked(lost)
        state.variables[variable] = Dual(exchange.variables.get(written(entry, "variable-name")), lost=lost)
        return
    follower.path.hold(there, found, "cache")
    if found:
        value = exchange.variables.get(written(entry, "variable-name"))
        state.variables[variable] = Dual(value, form=Tree(follower.inputs, ("cache", name), is_token=False))
    elif (default := given.get("default_value")) is not None:
        state.variables[variable] = default
    elif entry.element.get("default-value") is not None:
        state.variables[variable] = Dual(exchange.variables.get(written(entry, "variable-name")))


def _is_one_key(state: State, name: str, key: Dual) -> bool:
    """Whether a key of the cache is the same as another one in all requests of this way, or in none.

    What is in the cache under a key is an input, whatever the key is.
    """
    asked = "" if key.is_constant else str(key.term)
    return state.cache_keys.setdefault(name, asked) == asked and (
        key.is_constant or (key.term is not None and not state.stored)
    )


@effect("cache-store-value")
def stored(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    given = follower.attributes(entry)
    key = given.get("key", Dual(to_utf16(written(entry, "key"))))
    value = given.get("value", Dual(to_utf16(written(entry, "value"))))
    if not key.is_constant:
        follower.path.blocked(obstacle(entry, "a key of the cache"))
    follower.state.stored[str(key.value)] = value


@effect("cache-remove-value", "cache-store")
def forgotten(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    return


# Where the request goes


@effect("set-backend-service")
def backend_set(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    given = follower.attributes(entry)
    for field in ("backend_id", "base_url"):
        chosen = given.get(field)
        if chosen is not None and not chosen.is_constant:
            follower.path.blocked(obstacle(entry, "a backend that the request chooses"))


def _no_backend(follower: Follower, exchange: Exchange, entry: TraceEntry, error: PolicyError) -> bool:
    """The backend is not there; in another world it is."""
    given = follower.attributes(entry).get("backend_id")
    name = str(given.value) if given is not None else written(entry, "backend-id")
    if not name or not follower.world.has_doubles:
        return False
    follower.path.blocked(obstacle(entry, "a backend that is not there"))
    follower.path.hold(follower.inputs.truth("backend", name), False, "backend")
    return True


FAILURES["set-backend-service"] = _no_backend


@effect("rewrite-uri", "set-query-parameter")
def url_changed(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    follower.state.request.url_lost = obstacle(entry, "a URL that a policy changed")
    if any(not each.is_constant for each in follower.attributes(entry).values() if isinstance(each, Dual)):
        follower.path.blocked(obstacle(entry, f"the policy {entry.name}"))


__all__ = ["EFFECTS"]
