"""cors: what it does with a request, and which requests are preflights, of which policies see nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.engine.pipeline import preflight_steps
from apimpolicy.policies.cors import folded_origin, is_preflight
from apimpolicy.policies.effects import CorsChecked
from apimpolicy.symbolic import solver
from apimpolicy.symbolic.conversions import obstacle
from apimpolicy.symbolic.effects import effect, written
from apimpolicy.symbolic.forms.contexts import METHODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.symbolic.following import Follower
    from apimpolicy.symbolic.solver import Term
    from apimpolicy.text.document import Element

_PORTS = {"http://": ":80", "https://": ":443"}


def begun(follower: Follower, exchange: Exchange) -> None:
    """A request is about to meet the first policy: one that is a preflight meets no others than cors."""
    if exchange.program is None or not preflight_steps(exchange.program):
        return
    inputs, headers = follower.inputs, follower.state.request.headers
    asked = solver.every(
        solver.equal(inputs.one_of("method", choices=METHODS), solver.constant("OPTIONS")),
        headers.there("Origin"),
        headers.there("Access-Control-Request-Method"),
    )
    follower.path.hold(asked, is_preflight(exchange.request), "preflight")


@effect("cors")
def crossed(follower: Follower, exchange: Exchange, entry: TraceEntry) -> None:
    """Whether a preflight is answered, and which other request is ended.

    What cors adds to the answer of any other, it adds when all policies have run.
    """
    headers, method = follower.state.request.headers, follower.state.request.method
    ends_others = written(entry, "terminate-unmatched-request").strip().lower() not in ("", "false")
    asks = is_preflight(exchange.request)
    if not asks and not ends_others:
        return
    if headers.lost is not None or method is not None or any(each.expression is not None for each in _listed(entry)):
        follower.path.blocked(obstacle(entry, "the policy cors"))
        return
    origin = headers.value("Origin").term
    comes = solver.every(headers.there("Origin"), solver.no(solver.equal(origin, solver.constant(""))))
    fits = solver.every(comes, _is_one_of(origin, _texts(entry, "allowed-origins"), _same_origin))
    if asks:
        _preflight(follower, exchange, entry, fits)
        return
    chosen = follower.inputs.one_of("method", choices=METHODS)
    reads = solver.some(*(solver.equal(chosen, solver.constant(each)) for each in ("GET", "HEAD")))
    refused = solver.every(comes, solver.no(fits), reads)
    follower.path.hold(refused, exchange.answer is not None, "cors")


def _preflight(follower: Follower, exchange: Exchange, entry: TraceEntry, fits: Term) -> None:
    headers = follower.state.request.headers
    lost = obstacle(entry, "the headers that a preflight asks for")
    if "*" not in _texts(entry, "allowed-headers") and follower.path.split(
        headers.there("Access-Control-Request-Headers"), "cors"
    ):
        follower.path.blocked(lost)
        return
    method = headers.value("Access-Control-Request-Method").term
    methods = _texts(entry, "allowed-methods") or ["GET", "POST"]
    fits = solver.every(fits, _is_one_of(method, methods, _same_method))
    assert isinstance(entry.effect, CorsChecked)
    follower.path.hold(fits, entry.effect.allowed, "cors")
    if exchange.answer is not None:
        follower.state.response(exchange.answer).headers.lost = lost


def _listed(entry: TraceEntry) -> list[Element]:
    """The elements that say what is allowed."""
    return [child for each in entry.element.elements() for child in each.elements()]


def _texts(entry: TraceEntry, name: str) -> list[str]:
    parts = (each for each in entry.element.elements() if each.name == name)
    return [child.text.strip() for each in parts for child in each.elements()]


def _is_one_of(term: Term, allowed: Iterable[str], is_same: Callable[[Term, str], Term]) -> Term:
    listed = list(allowed)
    return solver.TRUE if "*" in listed else solver.some(*(is_same(term, each) for each in listed))


def _same_method(term: Term, allowed: str) -> Term:
    return solver.matches(term, solver.ignoring_case(allowed))


def _same_origin(origin: Term, allowed: str) -> Term:
    """Whether an origin is the same, but for case, the default port, and slashes at its end."""
    folded = folded_origin(allowed)
    port = next((port for scheme, port in _PORTS.items() if folded.startswith(scheme)), "")
    parts = [solver.ignoring_case(folded), solver.either(solver.literal(""), solver.literal(port))]
    return solver.matches(origin, solver.sequence(*parts, solver.many(solver.literal("/"))))
