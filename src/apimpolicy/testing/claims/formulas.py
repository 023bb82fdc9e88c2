"""Claims as formulas over all requests: where a request would break one.

Each end of the pipeline is evaluated by itself, so that an end that is only possible can't hide another one. Without a
form, a condition is an unknown Boolean: the claim is not proven then.

Conditions on sent requests are evaluated over the state of the gateway after forwarding has changed it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Literal

import attrs

from apimpolicy.csharp.dotnet.environment import use_environment
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.own_answers import REFUSED
from apimpolicy.gateway.engine.steps import Step
from apimpolicy.gateway.policies.registry import is_known
from apimpolicy.reasoning.languages.language import TooLarge, any_of_text, in_ranges, repeat, union
from apimpolicy.reasoning.semantics.state import State
from apimpolicy.reasoning.semantics.unknowns import Unsupported
from apimpolicy.reasoning.semantics.values import (
    ABSENT,
    Choice,
    FieldValue,
    Number,
    Text,
    Truth,
    Value,
    constant_text,
    merge,
    over,
    where,
)
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.reasoning.terms.term import Term
from apimpolicy.reasoning.transfer.flow import End, Sent
from apimpolicy.reasoning.transfer.run import is_exact
from apimpolicy.testing.claims.format import CONDITION
from apimpolicy.testing.claims.reading import REACHES_BACKEND, Claim, Expressions, is_expression
from apimpolicy.testing.claims.response_conditions import response_condition
from apimpolicy.testing.tree import Tree

if TYPE_CHECKING:
    from apimpolicy.reasoning.proving.proof import Proof
    from apimpolicy.reasoning.scenarios.harness import Harness

    Base = Literal["none", "plain", "unknown"]
    """The prefix of the path at the backend: none (it is the request's own URL), a URL without a query, or any."""

_ADDED = ("host", "x-forwarded-for")
"""Headers that forwarding sets."""
_QUERY_OF_BASE = "?"
_LITERAL = re.compile(r"(https?)://([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*)(?=[:/]|$)")
"""A URL whose host is written as `Url.Host` shows it: a name in lower case, and no address."""
_PATH = re.compile(r"https?://[^/?#]+((?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?)")
"""A URL whose path is written as `Url.Path` shows it."""
_PLAIN = repeat(union(in_ranges((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)), any_of_text("-._~")))
"""The values of parameters that a URL has as they are."""


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
    sent = state.copy()
    generation = (1 << 30) + len(proof.unknowns.reasons)
    path, query = state.get("url", "Path"), [(name, state.get("query", name)) for name in state.written("query")]
    query_string = state.get("url", "QueryString")
    kinds = ["certificate", "response-header", *(["header"] if has_credentials else [])]
    kinds += ["url", "query"] if base == "unknown" else ["url"] if base == "plain" else []
    for number, kind in enumerate(kinds):
        sent.forget(kind, generation + number)
    if base != "none":
        backend, first = state.get("backend"), state.first("url", "Path")
        sent.set(over(backend, lambda address: over(path, partial(_below, proof, address, first))), "url", "Path")
        _set_host(sent, backend)
    if base == "plain":
        unknown = sent.get("url", "QueryString")
        sent.set(over(query_string, lambda leaf: unknown if _constant(leaf) is None else leaf), "url", "QueryString")
    for name, value in query if base != "unknown" else ():
        sent.set(over(value, partial(_encoded, proof, state.first("query", name))), "query", name)
    sent.forget("variable", 0)
    sent.set(Truth(terms.FALSE), "has-response")
    for number, name in enumerate(_ADDED, 10):
        sent.set(proof.inputs.make(("header", name), generation + number), "header", name)
    sent.set(proof.inputs.make(("body", ""), generation + 20), "body")
    return sent


def _set_host(made: State, backend: Value) -> None:
    """Set scheme and host of the backend's URL, where a policy has set it to a constant one."""
    for place, name in enumerate(("Scheme", "Host")):
        unknown = made.get("url", name)

        def part(leaf: Value, place: int = place, unknown: Value = unknown) -> Value:
            found = _LITERAL.match(_constant(leaf) or "")
            return unknown if found is None else constant_text(found.group(place + 1))

        made.set(over(backend, part), "url", name)


def _below(proof: Proof, backend: Value, first: Value, path: Value) -> Value:
    """Return a path below that of the backend: one that rewrite-uri wrote is whole, others lose the API's own path."""
    unknowns = proof.unknowns
    if not isinstance(path, Text) or path.key == first.key:
        return unknowns.value("string", "the path at the backend", null=False)
    found = _PATH.fullmatch(_constant(backend) or "")
    if found is not None:
        return Text(terms.joined(terms.text(found[1].rstrip("/")), path.term))
    before = unknowns.value("string", "the path of the backend", ("path of the backend",), null=False)
    assert isinstance(before, Text)
    return Text(terms.joined(before.term, path.term))


def _constant(value: Value) -> str | None:
    return value.constant if isinstance(value, Text) else None


def _encoded(proof: Proof, first: Value, leaf: Value) -> Value:
    """Return the value read of a parameter written into a URL: unusual texts differ then."""
    if leaf is ABSENT or not isinstance(leaf, FieldValue) or leaf.key in _keys(first):
        return leaf
    if all(isinstance(item, Text) and (item.constant or "\u0100").isascii() for item in leaf.items):
        return leaf
    text = proof.unknowns.fresh(terms.TEXT, "a parameter as it was sent")
    is_plain = terms.truth(len(leaf.items) == 1 and not leaf.repeats)
    is_plain = terms.all_of(is_plain, terms.member(leaf.joined, _PLAIN))
    return merge(is_plain, leaf, FieldValue(text, (Text(text),), repeats=leaf.repeats))


def _keys(value: Value) -> set[Hashable]:
    if isinstance(value, Choice):
        return _keys(value.then) | _keys(value.otherwise)
    return {value.key}


_LATER = "what a request does after it was sent"


@attrs.frozen(eq=False)
class Formulas:
    """The formulas of claims about one proof. `has_credentials`: the backend gets headers that are unknown. `tools` are
    those of the MCP server that the requests are for.
    """

    proof: Proof
    expressions: Expressions
    base: Base
    has_credentials: bool
    tools: frozenset[str]
    _of_requests: dict[int, Term] = attrs.field(factory=dict, init=False)

    def broken(self, claim: Claim) -> Term:
        return terms.any_of(*self._broken(claim))

    def concerned(self, claim: Claim) -> Term:
        """Return where a claim is about a request."""
        if "then" not in claim.parts and "never" not in claim.parts:
            selected = self.met(claim.parts["if"], None) if "if" in claim.parts else terms.TRUE
            return terms.all_of(selected, terms.any_of(*(sent.condition for sent in self.proof.outcome.sent)))
        if "if" not in claim.parts:
            return terms.TRUE
        return terms.any_of(*(terms.all_of(end.condition, self.met(claim.parts["if"], end)) for end in self.proof.ends))

    def _broken(self, claim: Claim) -> Iterator[Term]:
        parts = claim.parts
        for end in self.proof.ends:
            broken = [terms.not_(self.met(parts["then"], end))] if "then" in parts else []
            broken += [self.met(parts["never"], end)] if "never" in parts else []
            selected = self.met(parts["if"], end) if "if" in parts and broken else terms.TRUE
            yield terms.all_of(end.condition, selected, terms.any_of(*broken))
        if "then-sent" in parts:
            selected = self.met(parts["if"], None) if "if" in parts else terms.TRUE
            for sent in self.proof.outcome.sent:
                holds = self._sent(parts["then-sent"], sent)
                yield terms.all_of(sent.condition, selected, terms.not_(holds))

    def _sent(self, tree: Tree, sent: Sent) -> Term:
        """Return where expressions hold for a request as it was sent."""
        if sent.state is None:
            return self._unknown(tree, "a request that is not known")
        state = as_sent(self.proof, sent.state, self.base, has_credentials=self.has_credentials)
        return terms.all_of(*(self.proof.expression(self.expressions.compiled(item), state) for item in tree.items()))

    # Conditions

    def met(self, tree: Tree, end: End | None) -> Term:
        """Return where a condition is met at an end; None: by a request that was sent, whatever its end is."""
        if isinstance(tree.value, list):
            return terms.all_of(*(self.met(item, end) for item in tree.items()))
        if isinstance(tree.value, dict):
            return terms.all_of(*(self._key(key, part, end) for key, part in tree.known(CONDITION).items()))
        text = tree.text()
        if is_expression(text):
            return self._of_request(tree)
        if end is None:
            return terms.TRUE if text == REACHES_BACKEND else self._unknown(tree, _LATER)
        return self._reaches(end) if text == REACHES_BACKEND else self._ran(end, text)

    def _of_request(self, tree: Tree) -> Term:
        """Return where an expression is true of the request as it came."""
        found = self._of_requests.get(id(tree))
        if found is None:
            compiled = self.expressions.compiled(tree)
            found = self._of_requests[id(tree)] = self.proof.expression(compiled, self.proof.outcome.start)
        return found

    def _key(self, key: str, tree: Tree, end: End | None) -> Term:
        match key:
            case "all":
                return terms.all_of(*(self.met(item, end) for item in tree.items()))
            case "any":
                return terms.any_of(*(self.met(item, end) for item in tree.items()))
            case "not":
                return terms.not_(self.met(tree, end))
        if end is None:
            return self._unknown(tree, _LATER) if key != "tool" or self._has_tool(tree) else terms.FALSE
        match key:
            case "tool":
                return self._calls(end, tree)
            case "reaches-backend":
                return self._reaches(end) if tree.value else terms.not_(self._reaches(end))
            case "backend-requests" if tree.value is True or tree.value in (0, []):
                forwarded = self._cell(end.state, "reached")
                return forwarded if tree.value else terms.not_(forwarded)
            case "by":
                return _by(end, str(tree.value))
            case "runs":
                return terms.all_of(*(self._ran(end, name) for name in tree.texts()))
        try:
            unknowns, added = self.proof.unknowns, self.proof.outcome.added_headers
            return response_condition(key, tree, end, unknowns, added_headers=added)
        except (Unsupported, TooLarge) as problem:
            return self._unknown(tree, str(problem) or f"a claim's condition on the response: {key}")

    def _has_tool(self, tree: Tree) -> bool:
        return not self.tools.isdisjoint(tree.texts())

    def _calls(self, end: End, tree: Tree) -> Term:
        """Return where the server lets the call of a tool through: not where a request ends before that."""
        if not self._has_tool(tree):
            return terms.FALSE
        return terms.all_of(self._cell(end.state, "reached"), self._unknown(tree, "which tool a request calls"))

    def _reaches(self, end: End) -> Term:
        """Return where a request was forwarded, or gets the response to one of the policy's own: see `own_answers`."""
        given = self._cell(end.state, "given")
        if given is terms.FALSE:
            return self._cell(end.state, "reached")
        most = terms.number(REFUSED - 1)
        is_good = where(end.status, lambda leaf: terms.at_most(leaf.term, most) if isinstance(leaf, Number) else given)
        return terms.any_of(self._cell(end.state, "reached"), terms.all_of(given, is_good))

    def _ran(self, end: End, name: str) -> Term:
        return self._cell(end.state, "ran", name)

    def _cell(self, state: State, kind: str, name: str = "") -> Term:
        return where(state.get(kind, name), lambda leaf: leaf.term if isinstance(leaf, Truth) else terms.FALSE)

    def _unknown(self, tree: Tree, what: str) -> Term:
        self.proof.unknowns.place = lambda: f"{tree.source.path}:{tree.line}"
        return self.proof.unknowns.truth(what)


def _by(end: End, who: str) -> Term:
    if who == "policy":
        return end.by_policy
    by_backend = terms.all_of(end.by_backend, terms.not_(end.by_policy))
    return by_backend if who == "backend" else terms.all_of(terms.not_(end.by_policy), terms.not_(by_backend))
