"""A request as it is sent to the backend, over all requests: what forwarding makes of the gateway's state."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Literal

from apimpolicy.context.records import Request
from apimpolicy.dotnet.environment import use_environment
from apimpolicy.policies.registry import is_known
from apimpolicy.semantics.values import ABSENT, Choice, FieldValue, Text, Truth, Value, constant_text, over
from apimpolicy.terms import term as terms
from apimpolicy.transfer.run import is_exact

if TYPE_CHECKING:
    from collections.abc import Hashable

    from apimpolicy.engine.steps import Step
    from apimpolicy.proving.proof import Proof
    from apimpolicy.scenarios.harness import Harness
    from apimpolicy.semantics.state import State

    Base = Literal["none", "plain", "unknown"]
    """The prefix of the path at the backend: none (it is the request's own URL), a URL without a query, or any."""

_ADDED = ("host", "x-forwarded-for")
"""Headers that forwarding sets."""
_QUERY_OF_BASE = "?"
_LITERAL = re.compile(r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*)(?=[:/]|$)")
"""A URL whose host is written as `Url.Host` shows it: a name in lower case, and no address."""


def base_of(harness: Harness) -> Base:
    """Classify the URL of the backend."""
    if getattr(harness, "route", None) is not None:
        return "unknown"
    found: Base = "none"
    for step in harness.program.steps():
        of_step = _base_of_step(step)
        if of_step == "unknown":
            return "unknown"
        found = "plain" if "plain" in (found, of_step) else found
    with use_environment(harness.first.environment()):
        service = harness.first.exchange(Request.get("/")).context.api.service_url
    if service is None:
        return found
    return "unknown" if service.query_string else "plain"


def _base_of_step(step: Step) -> Base:
    if step.specification is None or not is_known(step.name):  # a part of a policy, such as `when`
        return "none"
    declared = step.specification.effects
    if declared is None:
        return "none" if is_exact(step.name) else "unknown"
    if all(effect.partition(":")[0] != "backend" for effect in declared):
        return "none"
    url = step.element.get("base-url")
    is_plain = url is not None and url.value.expression is None and _QUERY_OF_BASE not in url.value.text
    return "plain" if is_plain and len(step.element.attributes) == 1 else "unknown"


def as_sent(proof: Proof, state: State, base: Base, *, has_credentials: bool) -> State:
    """Return the state that an expression sees of a request as it was sent: the backend's URL, no variables."""
    made = state.copy()
    generation = (1 << 30) + len(proof.unknowns.reasons)
    path, query = state.get("url", "Path"), [(name, state.get("query", name)) for name in state.written("query")]
    kinds = ["certificate", "response-header", *(["header"] if has_credentials else [])]
    kinds += ["url", "query"] if base == "unknown" else ["url"] if base == "plain" else []
    for number, kind in enumerate(kinds):
        made.forget(kind, generation + number)
    if base != "none":
        made.set(_below(proof, path, state.first("url", "Path")), "url", "Path")
        _set_host(made, state.get("backend"))
    for name, value in query if base != "unknown" else ():
        made.set(over(value, partial(_encoded, proof, state.first("query", name))), "query", name)
    made.forget("variable", 0)
    made.set(Truth(terms.FALSE), "has-response")
    for number, name in enumerate(_ADDED, 10):
        made.set(proof.inputs.make(("header", name), generation + number), "header", name)
    made.set(proof.inputs.make(("body", ""), generation + 20), "body")
    return made


def _set_host(made: State, backend: Value) -> None:
    """Set scheme and host of the backend's URL, where a policy has set it to a constant one."""
    for place, name in enumerate(("Scheme", "Host")):
        unknown = made.get("url", name)

        def part(leaf: Value, place: int = place, unknown: Value = unknown) -> Value:
            found = _LITERAL.match(leaf.constant or "") if isinstance(leaf, Text) else None
            return unknown if found is None else constant_text(found.group(place + 1))

        made.set(over(backend, part), "url", name)


def _below(proof: Proof, path: Value, first: Value) -> Value:
    """Return a path below that of the backend: one that rewrite-uri wrote is whole, others lose the API's own path."""
    unknowns = proof.unknowns

    def below(leaf: Value) -> Value:
        if not isinstance(leaf, Text) or leaf.key == first.key:
            return unknowns.value("string", "the path at the backend", null=False)
        before = unknowns.value("string", "the path of the backend", ("path of the backend",), null=False)
        assert isinstance(before, Text)
        return Text(terms.joined(before.term, leaf.term))

    return over(path, below)


def _encoded(proof: Proof, first: Value, leaf: Value) -> Value:
    """Return the value read of a parameter written into a URL: unusual texts differ then."""
    if leaf is ABSENT or not isinstance(leaf, FieldValue) or leaf.key in _keys(first):
        return leaf
    if all(isinstance(item, Text) and (item.constant or "\u0100").isascii() for item in leaf.items):
        return leaf
    text = proof.unknowns.fresh(terms.TEXT, "a parameter as it was sent")
    return FieldValue(text, (Text(text),), repeats=leaf.repeats)


def _keys(value: Value) -> set[Hashable]:
    if isinstance(value, Choice):
        return _keys(value.then) | _keys(value.otherwise)
    return {value.key}
