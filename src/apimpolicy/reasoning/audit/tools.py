"""Entries into a service by key, product or API, and the tools of MCP servers: who reaches an operation by a call.

The call passes the policies of the server's scopes, then those of the operation's API as a request of its own: the key
is checked again, variables and body are new, headers stay. No source states whether the global policy runs again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.context.entities import Operation
from apimpolicy.gateway.engine.mcp.clients import call_message
from apimpolicy.gateway.engine.mcp.endpoint import definitions_of, operation_of
from apimpolicy.gateway.engine.mcp.protocol import example_of, input_of
from apimpolicy.gateway.engine.mcp.servers import STRIPPED_KEYS, McpTool
from apimpolicy.gateway.engine.service_requests import documents_of, operations_with_policies
from apimpolicy.gateway.engine.subscription_keys import open_product
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.access import access_of
from apimpolicy.reasoning.audit.request_state import AuditedCaller
from apimpolicy.reasoning.audit.sources import UNKNOWN
from apimpolicy.reasoning.audit.states import (
    ALWAYS,
    NOWHERE,
    Alternatives,
    AuditState,
    Fact,
    PolicyLocation,
    of_facts,
    simplified,
)

if TYPE_CHECKING:
    from apimpolicy.gateway.context.description import OperationDefinition
    from apimpolicy.gateway.engine.api_documents import ApiDocuments
    from apimpolicy.gateway.engine.document import AnyPolicy, EffectivePolicies, Policy
    from apimpolicy.gateway.engine.service import Service, ServiceApi, ServiceProduct
    from apimpolicy.gateway.engine.steps import Program
    from apimpolicy.reasoning.audit.walk import Walk

ANY_PRODUCT = ""
"""The product of a key for the API, or for all APIs, in any product."""


class EntryAudit(NamedTuple):
    """The proofs that one entry requires.

    `product` is the id of the key's product, empty for a key of the API or of all APIs, and None without a key.
    `checks` are the places of what it proves.
    """

    product: str | None
    proofs: frozenset[str]
    checks: tuple[tuple[str, PolicyLocation], ...] = ()


class ServiceEntry(NamedTuple):
    """An entry: what the request has proven, and the product whose policies run."""

    state: AuditState
    caller: AuditedCaller
    product: ServiceProduct | None
    place: PolicyLocation | None


def entries_of(api: ServiceApi, service: Service, unsettled: frozenset[str]) -> Iterator[ServiceEntry]:
    """Yield the entries. Azure requires a subscription unless the API, or an open product, doesn't."""
    products = service.products_of(api)
    opened = next((each for each in products if not each.product.subscription_required), None)
    if opened is not None or api.subscription_required is False:
        yield ServiceEntry(AuditState(), AuditedCaller(has_key=False, product=_members(opened)), opened, None)
    elif api.id in unsettled:
        unknown = of_facts(Fact(kinds.UNDECIDED, "whether the API needs a subscription"))
        yield ServiceEntry(AuditState(unknown), AuditedCaller(has_key=False), None, None)
    for product in products:
        entered = AuditState(of_facts(Fact(kinds.KEY, product.id)))
        yield ServiceEntry(entered, AuditedCaller(has_key=True, product=_members(product)), product, None)
    yield ServiceEntry(AuditState(of_facts(Fact(kinds.KEY, ANY_PRODUCT))), AuditedCaller(has_key=True), None, None)


def entry_audit(entry: ServiceEntry, walk: Walk) -> EntryAudit:
    """Return the proofs common to all requests by an entry that reach the backend."""
    paths = [path.proofs for path in access_of(walk.forwarded.alternatives).paths]
    name = None if not entry.caller.has_key else ANY_PRODUCT if entry.product is None else entry.product.id
    checks = [
        (f"{fact.kind} checked", place)
        for fact, place in walk.places.items()
        if isinstance(fact, Fact) and fact.kind in (kinds.TOKEN, kinds.CERTIFICATE, kinds.ADDRESS) and fact.is_true
    ]
    return EntryAudit(name, frozenset.intersection(*paths) if paths else frozenset(), tuple(dict.fromkeys(checks)))


def _members(product: ServiceProduct | None) -> Mapping[str, str] | None:
    if product is None:
        return None
    return {"Id": product.id, "Name": from_utf16(product.product.name)}


CALL = "tools/call"
_METHODS = frozenset((CALL, "tools/list", "initialize"))
METHOD = "tool"
"""The method in the name of a tool: `tool getOrder`."""
_GLOBAL = "whether the global policy runs for the operation of a tool"


class Audit(Protocol):
    """The parts of an audited service that tools need."""

    service: Service
    policies: EffectivePolicies

    def scopes(self, api: ServiceApi, policy: AnyPolicy | None, product: ServiceProduct | None) -> Mapping[str, Policy]:
        """Return the documents by scope."""

    def program(self, scopes: Mapping[str, Policy]) -> Program:
        """Return the effective policies."""


class Tools:
    """The tools of a service's MCP servers."""

    def __init__(self, audit: Audit) -> None:
        self.audit = audit
        self.service = audit.service

    def documents_of(self, api: ServiceApi) -> ApiDocuments:
        return documents_of(api)

    def operations_of(self, api: ServiceApi) -> list[tuple[OperationDefinition, Any]]:
        return operations_with_policies(api, documents_of(api))

    @cached_property
    def has_global(self) -> bool:
        """Return whether the global policy has something in inbound, or can't be read."""
        policy = self.service.policy
        try:
            found = self.audit.policies.scopes({} if policy is None else {"global": policy})
        except ApimPolicyError:
            return True
        return bool(found["global"].sections["inbound"])

    def program(self, api: ServiceApi, policy: AnyPolicy | None, product: ServiceProduct | None) -> Program:
        """Return the policies of an operation without the global one, which counts once: what it checks for the
        server, it would check again. Raises ApimPolicyError.
        """
        scopes = self.audit.scopes(api, policy, product)
        return self.audit.program({scope: one for scope, one in scopes.items() if scope != "global"})

    def of(self, server: ServiceApi) -> Iterator[tuple[Operation, ToolCallPath | None, dict[str, Any], str]]:
        """Yield each tool as an operation, with the way from the server to the operation, the message of a call, and
        the reason why its operation isn't known. Raises ApimPolicyError.
        """
        assert server.mcp is not None
        for tool in server.mcp.tools:
            yield self._tool(server, tool)
        for gap in server.mcp.gaps:
            yield Operation("other tools", METHOD, url_template="(others)"), None, {}, gap

    def _tool(self, server: ServiceApi, tool: McpTool) -> tuple[Operation, ToolCallPath | None, dict[str, Any], str]:
        made = Operation(tool.name, METHOD, url_template=tool.name)
        found = None if tool.unknown else operation_of(self, tool.api, tool.operation)
        if found is None:
            return made, None, {}, tool.unknown or f"the operation '{tool.operation}' isn't known"
        api, operation = found
        arguments = example_of(input_of(operation, definitions_of(self, api)).schema)
        policy = next(policy for each, policy in self.operations_of(api) if each is operation or each == operation)
        return made, ToolCallPath(self, server, api, policy), call_message(tool.name, arguments), ""


class ToolCallPath:
    """The way of a tool's call: the server's scopes, the check of the key, the scopes of the operation."""

    def __init__(self, tools: Tools, server: ServiceApi, api: ServiceApi, policy: Any) -> None:
        self.tools = tools
        self.server = server
        self.api = api
        self.policy = policy

    def run(self, walk: Walk, program: Program, entered: AuditState) -> None:
        """Walk both; `forwarded` is what reaches the backend of the operation."""
        state = entered
        for section in ("inbound", "backend"):
            state = walk.section_of(program, section, state)
        reached, walk.forwarded = walk.forwarded, NOWHERE
        if _compares_method(program):
            reached = _of_calls(reached)
        if not reached.is_reached:
            return
        walk.knowledge.forget_variables()
        walk.knowledge.body_changed(UNKNOWN)
        walk.knowledge.path_changed()
        has_run = any(each.scope == "global" and each.section == "inbound" for each in program.steps())
        if self.tools.has_global and not has_run:
            reached = reached.proving(of_facts(Fact(kinds.UNDECIDED, _GLOBAL)))
        before = walk.knowledge
        for product, proof in self._entries(program):
            walk.knowledge = before.copy()
            walk.run(self.tools.program(self.api, self.policy, product), reached.proving(proof))

    def _entries(self, program: Program) -> Iterator[tuple[ServiceProduct | None, Alternatives]]:
        """Yield the products with which the request to the operation is admitted, and what that proves."""
        service, api = self.tools.service, self.api
        opened = open_product(service, api)
        if opened is not None or api.subscription_required is False:
            yield opened, ALWAYS
            return
        header = from_utf16(api.api.subscription_key_parameter_names.header).lower()
        if header in STRIPPED_KEYS:
            if _sets(program, header):
                yield (
                    None,
                    of_facts(Fact(kinds.UNDECIDED, f"whether the header {header} reaches the operation of a tool")),
                )
            return
        for product in service.products_of(api):
            yield product, of_facts(Fact(kinds.KEY, product.id))
        yield None, of_facts(Fact(kinds.KEY, ANY_PRODUCT))


def _compares_method(program: Program) -> bool:
    """Return whether each text with the name of a method of the protocol is about the message's `method`."""
    texts = {id(step.element.source): step.element.source.text for step in program.steps()}.values()
    lines = [line for text in texts for line in text.splitlines() if any(name in line for name in _METHODS)]
    return bool(lines) and all("method" in line.lower() for line in lines)


def _of_calls(state: AuditState) -> AuditState:
    """Return the state of requests whose message has the method `tools/call`."""
    actions = {action: _with_call(found) for action, found in state.actions.items()}
    return AuditState(_with_call(state.alternatives), {action: found for action, found in actions.items() if found})


def _with_call(alternatives: Alternatives) -> Alternatives:
    """Return alternatives without those of other methods, and without the fact that the method is `tools/call`."""
    kept = []
    for each in alternatives:
        known = {fact for fact in each if fact.kind == kinds.OWN and not _METHODS.isdisjoint(map(str, fact.detail))}
        if all(fact.is_true == (CALL in map(str, fact.detail)) for fact in known):
            kept.append(each - known)
    return simplified(kept)


def _sets(program: Program, header: str) -> bool:
    steps = (step for step in program.steps() if has_trait(step.name, "sets-header"))
    names = (step.element.get("name") for step in steps)
    return any(name is not None and name.value.text.lower() == header for name in names)
