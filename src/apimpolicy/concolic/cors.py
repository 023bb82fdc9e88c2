"""cors: what it does with a request, and which requests are preflights, of which policies see nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic import solver
from apimpolicy.concolic.conversions import unsupported_at
from apimpolicy.concolic.effects import effect, written
from apimpolicy.concolic.forms.context_members import METHODS
from apimpolicy.engine.pipeline import preflight_steps
from apimpolicy.policies.cors import folded_origin, is_preflight
from apimpolicy.policies.effects import CorsChecked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apimpolicy.concolic.solver import Term
    from apimpolicy.concolic.tracing import Tracer
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.trace import TraceEntry
    from apimpolicy.text.document import Element

_PORTS = {"http://": ":80", "https://": ":443"}


def branch_on_preflight(tracer: Tracer, exchange: Exchange) -> None:
    """Branch on whether a request is a preflight, before the first policy: only cors sees preflights."""
    if exchange.program is None or not preflight_steps(exchange.program):
        return
    inputs, headers = tracer.inputs, tracer.state.request.headers
    condition = solver.all_of(
        solver.equal(inputs.one_of("method", choices=METHODS), solver.constant("OPTIONS")),
        headers.there("Origin"),
        headers.there("Access-Control-Request-Method"),
    )
    tracer.path.add_branch(condition, is_preflight(exchange.request), "preflight")


@effect("cors")
def cors(tracer: Tracer, exchange: Exchange, entry: TraceEntry) -> None:
    """Branch on whether cors answers a preflight, and whether it ends another request.

    The headers that cors adds to other responses come after all policies.
    """
    headers, method = tracer.state.request.headers, tracer.state.request.method
    ends_others = written(entry, "terminate-unmatched-request").strip().lower() not in ("", "false")
    asks = is_preflight(exchange.request)
    if not asks and not ends_others:
        return
    if (
        headers.unsupported is not None
        or method is not None
        or any(each.expression is not None for each in _listed(entry))
    ):
        tracer.path.mark_inexact(unsupported_at(entry, "the policy cors"))
        return
    origin = headers.value("Origin").term
    comes = solver.all_of(headers.there("Origin"), solver.not_(solver.equal(origin, solver.constant(""))))
    fits = solver.all_of(comes, _is_one_of(origin, _texts(entry, "allowed-origins"), _same_origin))
    if asks:
        _preflight(tracer, exchange, entry, fits)
        return
    chosen = tracer.inputs.one_of("method", choices=METHODS)
    reads = solver.any_of(*(solver.equal(chosen, solver.constant(each)) for each in ("GET", "HEAD")))
    refused = solver.all_of(comes, solver.not_(fits), reads)
    tracer.path.add_branch(refused, exchange.answer is not None, "cors")


def _preflight(tracer: Tracer, exchange: Exchange, entry: TraceEntry, fits: Term) -> None:
    headers = tracer.state.request.headers
    unsupported = unsupported_at(entry, "the headers that a preflight requests")
    if "*" not in _texts(entry, "allowed-headers") and tracer.path.branch_on(
        headers.there("Access-Control-Request-Headers"), "cors"
    ):
        tracer.path.mark_inexact(unsupported)
        return
    method = headers.value("Access-Control-Request-Method").term
    methods = _texts(entry, "allowed-methods") or ["GET", "POST"]
    fits = solver.all_of(fits, _is_one_of(method, methods, _same_method))
    assert isinstance(entry.effect, CorsChecked)
    tracer.path.add_branch(fits, entry.effect.allowed, "cors")
    if exchange.answer is not None:
        tracer.state.response(exchange.answer).headers.unsupported = unsupported


def _listed(entry: TraceEntry) -> list[Element]:
    """Return the elements that list what is allowed."""
    return [child for each in entry.element.elements() for child in each.elements()]


def _texts(entry: TraceEntry, name: str) -> list[str]:
    parts = (each for each in entry.element.elements() if each.name == name)
    return [child.text.strip() for each in parts for child in each.elements()]


def _is_one_of(term: Term, allowed: Iterable[str], is_same: Callable[[Term, str], Term]) -> Term:
    listed = list(allowed)
    return solver.TRUE if "*" in listed else solver.any_of(*(is_same(term, each) for each in listed))


def _same_method(term: Term, allowed: str) -> Term:
    return solver.matches(term, solver.ignoring_case(allowed))


def _same_origin(origin: Term, allowed: str) -> Term:
    """Return whether origins are equal, ignoring case, the default port and trailing slashes."""
    folded = folded_origin(allowed)
    port = next((port for scheme, port in _PORTS.items() if folded.startswith(scheme)), "")
    parts = [solver.ignoring_case(folded), solver.union(solver.literal(""), solver.literal(port))]
    return solver.matches(origin, solver.concat_patterns(*parts, solver.star(solver.literal("/"))))
