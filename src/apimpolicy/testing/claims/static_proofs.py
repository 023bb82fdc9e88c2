"""Static proofs of claims: from the prover alone, never from a search that found nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.mcp.clients import call_message, to_server
from apimpolicy.gateway.engine.mcp.endpoint import definitions_of, operation_of
from apimpolicy.gateway.engine.mcp.protocol import example_of, input_of
from apimpolicy.gateway.engine.pipeline import preflight_steps
from apimpolicy.gateway.engine.service import Service, ServiceApi
from apimpolicy.gateway.engine.service_requests import ServiceRequests
from apimpolicy.project.service.description import NOWHERE, PolicyText
from apimpolicy.project.service.policy_sources import unknown_calls, unknown_policies, wrapped
from apimpolicy.reasoning.audit.requests import ALL_APIS, Rehearsal
from apimpolicy.reasoning.languages.url_paths import SEGMENT, paths_of
from apimpolicy.reasoning.proving.proof import Inquiry, Proof, ProofResult
from apimpolicy.reasoning.semantics.values import Value, constant_text
from apimpolicy.reasoning.terms import term as terms
from apimpolicy.testing.claims.formulas import Formulas, base_of
from apimpolicy.testing.claims.reading import REACHES_BACKEND, Claim, Expressions, trees_of
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.document import AnyPolicy
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.steps import Program, Step
    from apimpolicy.reasoning.languages.language import Language
    from apimpolicy.reasoning.scenarios.harness import Harness
    from apimpolicy.reasoning.semantics.state import Cell
    from apimpolicy.reasoning.terms.term import Term
    from apimpolicy.testing.tree import Tree

_MOST_SHOWN = 100
_READS_OPERATION = re.compile(r"\b(?:(?:Original)?Url(?!\.Query\b)|Operation|Method|MatchedParameters)\b")
"""What differs between the operations of an API, whatever is made of it."""
_OF_OPERATION = frozenset(("url", "method", "matched", "operation"))
"""The first words of inputs that differ between the operations of an API."""


class StaticProofs:
    """Proves claims about the policies of one harness."""

    def __init__(self, harness: Harness, claims: Sequence[Claim], expressions: Expressions) -> None:
        self.harness = harness
        self.proof = route_proof(harness)
        tools = tools_in(harness.program)
        base, credentials = base_of(harness), has_credentials(harness)
        self.formulas = Formulas(self.proof, expressions, base, credentials, tools)
        self.claims = claims
        self._inquiries: dict[int, Inquiry] = {}

    def inquiry(self, index: int) -> Inquiry:
        """Return the question whether any request breaks a claim."""
        found = self._inquiries.get(index)
        if found is None:
            formula = self.formulas.broken(self.claims[index])
            found = self._inquiries[index] = self.proof.question(formula)
        return found

    def asks_for_operation(self, index: int) -> bool:
        """Return whether a claim may depend on the operation that a request is for, among those with its policies."""
        read = [each.source.text[each.start : each.end] for each in trees_of(self.claims[index])]
        sources = {id(step.element.source): step.element.source for step in self.harness.program.steps()}
        read += (source.text for source in sources.values())
        if preflight_steps(self.harness.program) or any(map(_READS_OPERATION.search, read)):
            return True
        return self.inquiry(index).asks_for(_OF_OPERATION)

    def why_vacuous(self, index: int) -> str:
        """Return why a proven claim is about no request; empty where it is about some."""
        if not self._is_impossible(self.formulas.concerned(self.claims[index])):
            return ""
        parts = self.claims[index].parts
        if "then-sent" in parts and self._is_impossible(terms.any_of(*self._sent())):
            return f"no request reaches the backend{self._where_all_end()}"
        return self._why_unmet(parts["if"])

    def _sent(self) -> Iterator[Term]:
        return (sent.condition for sent in self.proof.outcome.sent)

    def _why_unmet(self, tree: Tree) -> str:
        """Return why no request meets a condition: the first part that none meets, and where all of them end."""
        parts = tree.items() if isinstance(tree.value, list) else (tree,)
        for part in parts:
            met = (terms.all_of(end.condition, self.formulas.met(part, end)) for end in self.proof.ends)
            if self._is_impossible(terms.any_of(*met)):
                if part.value == REACHES_BACKEND:
                    return f"no request reaches the backend{self._where_all_end()}"
                return f"no request meets {_shown(part)}"
        return "no request meets all parts of its 'if' together"

    def _where_all_end(self) -> str:
        for step in _in_order(self.harness.program.sections["inbound"]):
            passed = self.proof.outcome.outcomes.get((id(step.element), "passed"), terms.FALSE)
            if step.name != "base" and self._is_impossible(passed):
                return f": none gets past {step.name} ({step.where()})"
        return ""

    def _is_impossible(self, formula: Term) -> bool:
        return self.proof.question(formula).decide().is_proven

    def decide(self, index: int) -> ProofResult:
        return self.inquiry(index).decide()

    def decide_under_assumptions(self, index: int) -> ProofResult:
        return self.inquiry(index).decide_under_assumptions()


def _in_order(steps: Sequence[Step]) -> Iterator[Step]:
    """Yield policies in the order in which requests reach them, with those of wider scopes in place of `<base />`."""
    for step in steps:
        yield from _in_order(step.inserted)
        yield step


def _shown(tree: Tree) -> str:
    text = " ".join(tree.source.text[tree.start : tree.end].split())
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def known_of_route(harness: Harness) -> tuple[dict[Cell, Value], Language | None, str | None]:
    """Return the common values of all requests to a service's operation, the language of paths, and its method."""
    route = getattr(harness, "route", None)
    if route is None:
        return {}, None, None
    known: dict[Cell, Value] = {("entity", "api id"): constant_text(to_utf16(route.api))}
    known |= {("entity", name): constant_text(value) for name, value in route.constants}
    method = None if route.method is None else to_utf16(route.method)
    return known, paths_of(route.template), method


def proof_of(
    harness: Harness,
    fixed: Mapping[Cell, Value] | None = None,
    path: Language | None = None,
    method: str | None = None,
    watched: Mapping[int, bool] | None = None,
) -> Proof:
    """Return the program of a harness over all requests.

    `fixed` are cells that are the same in every request, `path` the paths of URLs, `method` is that of the operation,
    `watched` nodes keep their outcomes.
    """
    return Proof(
        harness.program,
        harness.first,
        harness.variables,
        fixed,
        path,
        method,
        made_up=harness.stand_ins or None,
        watched=watched,
        knows_variables="variable" in harness.fixed,
        scopes=harness.scopes,
    )


def route_proof(harness: Harness) -> Proof:
    """Return the program of a harness for all requests, or those to an operation of a service.

    Says of requests to an operation whether they have a subscription, and which parameters match.
    """
    proof = proof_of(harness, *known_of_route(harness))
    route = getattr(harness, "route", None)
    if route is not None:
        for piece in route.template:
            if piece.parameter is not None and piece.language is SEGMENT:
                matches = proof.unknowns.input(("matched", to_utf16(piece.parameter), "there"), terms.TRUTH)
                proof.unknowns.know(matches, matches)
        has_subscription = proof.unknowns.input(("there", "subscription"), terms.TRUTH)
        known = has_subscription if route.caller else terms.not_(has_subscription)
        proof.unknowns.know(has_subscription, terms.any_of(known, proof.preflight))
    return proof


def has_credentials(harness: Harness) -> bool:
    """Return whether a policy chooses a backend by its id, whose credentials the backend then gets."""
    return any(step.element.get("backend-id") is not None for step in harness.program.steps())


# The policy of an MCP server as proofs see it: the calls of its tools, which run other policies, may do anything.
#
#     <backend><include-fragment fragment-id="unknown: the calls of the tools …" /><base /></backend>
#
# Requests that inbound refuses are still refused. Equal tools make equal fragments, so that versions can be compared.

_CALLS = re.compile(re.escape(unknown_calls(("…",))).replace("…", "(.*)"))
_PLAIN = "<policies><inbound><base /></inbound><backend><base /></backend></policies>"


def policy_for_proofs(api: ServiceApi) -> AnyPolicy | None:
    """Return the policy of an API; that of an MCP server with an unknown fragment where tools are called."""
    if api.mcp is None or not api.mcp.answers:
        return api.policy
    policy = _text(api)
    if policy is None:
        return api.policy
    fragment = unknown_policies(unknown_calls([each.name for each in api.mcp.tools]))
    try:
        source = policy.read()
        root = read(source).root
        if root is not None and not any(each.name == "backend" for each in root.elements()):
            end = root.content_end
            text = f"{source.text[:end]}<backend><base /></backend>{source.text[end:]}"
            anchors = ((0, 0, True), (end, end, False), (end + len(text) - len(source.text), end, True))
            policy = PolicyText(NOWHERE, source=Source(text, source.path, source, anchors))
        return wrapped(policy, fragment, sections=("backend",)).source
    except ConfigurationError:
        return api.policy


def tools_in(program: Program) -> frozenset[str]:
    """Return the tools of the MCP server whose policies a program has."""
    names = (step.element.get("fragment-id") for step in program.steps())
    found = (_CALLS.search(name.value.text) for name in names if name is not None)
    return frozenset(tool for each in found if each is not None for tool in each[1].split(", "))


class Refutation(NamedTuple):
    """The call of a tool that breaks a claim, with its result."""

    tool: str
    request: Request
    result: Result

    @property
    def words(self) -> str:
        return f"tools/call {self.tool} at {self.request.url}"


def refuted(rehearsal: Rehearsal, server: ServiceApi, holds: Callable[[Result], bool]) -> Refutation | None:
    """Return a call of a tool of a server that breaks a claim, without credentials or with a key; None without one."""
    requests = ServiceRequests(rehearsal.gateway, rehearsal.gateway.service or Service())
    header = from_utf16(server.api.subscription_key_parameter_names.header)
    for tool in server.mcp.tools if server.mcp is not None else ():
        found = None if tool.unknown else operation_of(requests, tool.api, tool.operation)
        if found is None:
            continue
        arguments = example_of(input_of(found[1], definitions_of(requests, found[0])).schema)
        for headers in ({}, {header: rehearsal.keys[ALL_APIS]}):
            plain = Request("POST", "/", headers=headers)
            request = to_server(requests.service, server.base_id, call_message(tool.name, arguments), plain)
            try:
                result = rehearsal.gateway.send(request)
            except ApimPolicyError:
                continue
            if not holds(result):
                return Refutation(tool.name, request, result)
    return None


def _text(api: ServiceApi) -> PolicyText | None:
    match api.policy:
        case None:
            return PolicyText(NOWHERE, source=Source(_PLAIN, f"<policy of the API '{api.id}'>"))
        case Source() as source:
            return PolicyText(NOWHERE, source=source)
        case Path() as path:
            return PolicyText(NOWHERE, path=str(path))
        case str() as text if text.lstrip().startswith("<"):
            return PolicyText(NOWHERE, source=Source(text, f"<policy of the API '{api.id}'>"))
    return None
