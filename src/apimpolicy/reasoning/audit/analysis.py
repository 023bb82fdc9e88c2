"""Find the callers that reach the backend, for each operation of a service.

    found = audit_service(gateway.service, ServiceContext.of(gateway))
    for operation in found.operations:
        print(operation.api, operation.name, operation.access)

Requests enter without a key where the API or an open product lets them, with the key of each product that has the API,
and with a key of the API or of all APIs, which every service can have and which brings no product's policies.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.errors import ApimPolicyError, ConfigurationError, DiagnosticError
from apimpolicy.gateway.context.entities import Operation
from apimpolicy.gateway.engine.api_routing import prefix_of
from apimpolicy.gateway.engine.document import AnyPolicy, EffectivePolicies, Policy
from apimpolicy.gateway.engine.service_requests import WITHOUT_OPERATIONS, documents_of, operations_with_policies
from apimpolicy.gateway.engine.steps import Program, spliced
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.access import Access, access_of
from apimpolicy.reasoning.audit.outgoing import hits_of
from apimpolicy.reasoning.audit.request_state import AuditedCaller, AuditedTarget
from apimpolicy.reasoning.audit.states import (
    NEVER,
    Alternatives,
    AuditState,
    Fact,
    GatewayAction,
    PolicyLocation,
    either,
    of_facts,
)
from apimpolicy.reasoning.audit.text_tests import LONGEST
from apimpolicy.reasoning.audit.tools import (
    METHOD,
    EntryAudit,
    ServiceEntry,
    ToolCallPath,
    Tools,
    entries_of,
    entry_audit,
)
from apimpolicy.reasoning.audit.variables import VariableKnowledge
from apimpolicy.reasoning.audit.walk import ServiceContext, Walk
from apimpolicy.reasoning.languages.language import Language, sequence, union
from apimpolicy.reasoning.languages.url_paths import in_any_case, paths_of, pieces_of
from apimpolicy.text.named_values import KnownNamedValues
from apimpolicy.text.source import UNKNOWN_POLICIES, from_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.service import Service, ServiceApi, ServiceProduct
    from apimpolicy.reasoning.audit.sources import ValueSource

EVERY_REQUEST = "every request"
"""The name of the operation of an API without any."""


class OperationAudit(NamedTuple):
    """The results for one operation; `problem` is the reason why its policies can't be read."""

    api: ServiceApi
    operation: Operation
    alternatives: Alternatives
    actions: Mapping[GatewayAction, Alternatives]
    places: Mapping[Hashable, PolicyLocation]
    answers: Sequence[PolicyLocation]
    cors: frozenset[tuple[str, bool]]
    own_policy: PolicyLocation | None
    misses_base: PolicyLocation | None
    problem: str = ""
    is_described: bool = True
    by_entry: tuple[EntryAudit, ...] = ()
    fields: frozenset[ValueSource] = frozenset()
    """Headers and parameters of the query that the policies read."""
    message: Mapping[str, Any] | None = None
    """The message to an MCP server that calls it, if it is a tool."""
    assumed: OperationAudit | None = None
    """The results if the global policy, which isn't known, asks for nothing; only where they are decided then."""

    @property
    def id(self) -> str:
        return from_utf16(self.operation.id)

    @property
    def method(self) -> str:
        return from_utf16(self.operation.method)

    @property
    def template(self) -> str:
        return from_utf16(self.operation.url_template)

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}" if self.is_described else EVERY_REQUEST

    @property
    def key(self) -> tuple[str, str]:
        """The key of an operation in its service."""
        return self.api.id, f"{self.id} {self.name}"

    @property
    def access(self) -> Access:
        return access_of(self.alternatives)


class ServiceAudit(NamedTuple):
    """The results for a service."""

    service: Service
    operations: Sequence[OperationAudit]
    missing_fragments: frozenset[str]


def audit_service(
    service: Service, service_context: ServiceContext, is_wanted: Callable[[str, str], bool] | None = None
) -> ServiceAudit:
    """Audit access to the backend by each operation of a service. Never raises for errors in policies.

    `is_wanted` chooses operations by the id of the API and their name (`GET /orders`); all are unless given. Where only
    the global policy keeps an operation from being decided, it has the results without one.
    """
    found = _Audit(service, service_context, is_wanted).run()
    undecided = {(each.api.id, each.name) for each in found.operations if not each.access.is_decided}
    if not service_context.lacks_global_policy or not undecided:
        return found
    without = copy(service)
    without.policy = None
    assumed = _Audit(without, service_context, lambda api, operation: (api, operation) in undecided).run()
    decided = {each.key: each for each in assumed.operations if each.access.is_decided and each.access.paths}
    operations = [
        each if each.access.is_decided else each._replace(assumed=decided.get(each.key)) for each in found.operations
    ]
    return found._replace(operations=operations)


def alternatives_of(program: Program, service_context: ServiceContext) -> Alternatives:
    """Return what requests prove before they reach the backend by policies that belong to no service."""
    target = AuditedTarget({}, {})
    knowledge = VariableKnowledge(AuditedCaller(has_key=False), target)
    headers = frozenset(("authorization", "ocp-apim-subscription-key"))
    walk = Walk(knowledge, ExpressionCheck(), frozenset(), service_context, headers)
    walk.run(program, AuditState())
    alternatives = walk.forwarded.alternatives
    for _, found in hits_of([walk]):
        alternatives = either(alternatives, found)
    return alternatives


class _Audit:
    def __init__(
        self, service: Service, service_context: ServiceContext, is_wanted: Callable[[str, str], bool] | None
    ) -> None:
        self.service = service
        self.is_wanted = is_wanted or (lambda api, operation: True)
        self.service_context = service_context
        self.check = ExpressionCheck()
        values = KnownNamedValues(service_context.named_values, lambda name: None)
        self.policies = EffectivePolicies(
            values,
            service_context.fragments,
            inherit_missing=service_context.inherit_missing,
            cors_needs_base=service_context.cors_needs_base,
        )
        self.missing: set[str] = set()
        self.walks: dict[Hashable, Walk] = {}

    def run(self) -> ServiceAudit:
        found = [each for api in self.service.apis for each in self.api(api)]
        missing = frozenset(name for name in self.missing if not name.startswith(UNKNOWN_POLICIES))
        return ServiceAudit(self.service, found, missing)

    @cached_property
    def fragments(self) -> dict[str, Policy]:
        found: dict[str, Policy] = {}
        for name, text in self.service_context.fragments.items():
            try:
                found[name] = self.policies.document(text, f"<fragment {name}>")
            except (DiagnosticError, ConfigurationError):
                continue  # like one that doesn't exist
        return found

    def tools(self, server: ServiceApi) -> Iterator[OperationAudit]:
        for operation, hop, message, unknown in Tools(self).of(server):
            if not self.is_wanted(server.id, f"{METHOD} {from_utf16(operation.url_template)}"):
                continue
            if hop is None:
                yield self.unread(server, operation, unknown)
            else:
                yield self.operation(server, operation, None, hop=hop)._replace(message=message)

    def program(self, scopes: Mapping[str, Policy]) -> Program:
        """Return the effective policies of these scopes, and of the global one unless it is given."""
        context = self.service_context
        given = scopes if "global" in scopes else {**self.policies.scopes(dict(scopes))}
        return spliced(given, self.fragments, context.inherit_missing, context.cors_needs_base, self.missing)

    def api(self, api: ServiceApi) -> Iterator[OperationAudit]:
        if api.mcp is not None and api.mcp.answers:
            yield from self.tools(api)
            return
        try:
            documents = documents_of(api)
            operations = [] if api.api.kind in WITHOUT_OPERATIONS else operations_with_policies(api, documents)
        except ApimPolicyError as error:
            yield self.unread(api, _everything(), str(error), is_described=False)
            return
        if not operations:
            if documents.description is not None and not documents.description.takes_everything:
                return  # the gateway answers every request with 404
            if api.operation_policies and documents.description is None:
                for id_, own in api.operation_policies.items():
                    yield self.operation(api, _everything(id_), own, is_described=False)
                return
            if self.is_wanted(api.id, EVERY_REQUEST):
                yield self.operation(api, _everything(), None, is_described=False)
        for described, policy in operations:
            operation = described.operation
            if self.is_wanted(api.id, f"{from_utf16(operation.method)} {from_utf16(operation.url_template)}"):
                yield self.operation(api, operation, policy)

    def unread(
        self, api: ServiceApi, operation: Operation, problem: str, *, is_described: bool = True
    ) -> OperationAudit:
        alternatives = of_facts(Fact(kinds.UNDECIDED, problem.strip().splitlines()[0]))
        nothing: frozenset[tuple[str, bool]] = frozenset()
        return OperationAudit(api, operation, alternatives, {}, {}, (), nothing, None, None, problem, is_described)

    def operation(
        self,
        api: ServiceApi,
        operation: Operation,
        policy: AnyPolicy | None,
        *,
        is_described: bool = True,
        hop: ToolCallPath | None = None,
    ) -> OperationAudit:
        alternatives, actions = NEVER, dict[GatewayAction, Alternatives]()
        places: dict[Hashable, PolicyLocation] = {}
        answers: list[PolicyLocation] = []
        cors: set[tuple[str, bool]] = set()
        scopes: Mapping[str, Policy] = {}
        by_entry: list[EntryAudit] = []
        walks: list[Walk] = []
        for entry in entries_of(api, self.service, self.service_context.unsettled):
            try:
                scopes = self.scopes(api, policy, entry.product)
                walk = self.walk(scopes, entry, api, operation, hop)
            except ApimPolicyError as error:
                return self.unread(api, operation, str(error), is_described=is_described)
            walks.append(walk)
            reached = walk.forwarded
            for fact in {fact for facts in entry.state.alternatives for fact in facts}:
                if entry.place is not None:
                    walk.places.setdefault(fact, entry.place)
            alternatives = either(alternatives, reached.alternatives)
            for action, proven in reached.actions.items():
                actions[action] = either(actions.get(action, NEVER), proven)
            places = {**walk.places, **places}
            by_entry.append(entry_audit(entry, walk))
            answers += walk.answers
            cors |= walk.cors
        for walk, hits in hits_of(walks):
            alternatives = either(alternatives, hits)
            places = {**walk.places, **places}
        own = scopes.get("operation")
        return OperationAudit(
            api,
            operation,
            alternatives,
            actions,
            places,
            answers,
            frozenset(cors),
            None if own is None else PolicyLocation(own.path, 1, 1),
            None if own is None else _misses_base(own),
            is_described=is_described,
            by_entry=tuple(by_entry),
            fields=frozenset().union(*(passed.knowledge.fields for passed in walks)),
        )

    def walk(
        self,
        scopes: Mapping[str, Policy],
        entry: ServiceEntry,
        api: ServiceApi,
        operation: Operation,
        hop: ToolCallPath | None = None,
    ) -> Walk:
        """Walk the policies for one entry; operations with the same ones share it unless conditions depend on them.

        Raises ApimPolicyError.
        """
        key = (*scopes.items(), entry.state.alternatives, entry.product, _caller_headers(api), hop)
        found = self.walks.get(key)
        if found is None:
            found = self._walk(scopes, entry, api, operation, hop)
            if not found.knowledge.read:
                self.walks[key] = found
        return found

    def _walk(
        self,
        scopes: Mapping[str, Policy],
        entry: ServiceEntry,
        api: ServiceApi,
        operation: Operation,
        hop: ToolCallPath | None,
    ) -> Walk:
        program = self.program(scopes)
        target = AuditedTarget(
            {
                "Id": from_utf16(operation.id),
                "Name": from_utf16(operation.name),
                "Method": from_utf16(operation.method),
                "UrlTemplate": from_utf16(operation.url_template),
            },
            {
                "Id": api.id,
                "Name": from_utf16(api.api.name),
                "Path": from_utf16(api.api.path),
                "Revision": from_utf16(api.api.revision),
                "Version": "" if api.api.version is None else from_utf16(api.api.version),
            },
            _paths(api, operation),
        )
        walk = Walk(
            VariableKnowledge(entry.caller, target),
            self.check,
            frozenset(self.missing),
            self.service_context,
            _caller_headers(api),
        )
        if hop is None:
            walk.run(program, entry.state)
        else:
            hop.run(walk, program, entry.state)
        return walk

    def scopes(self, api: ServiceApi, policy: AnyPolicy | None, product: ServiceProduct | None) -> dict[str, Policy]:
        """Return the documents by scope. Raises as `Gateway.run` does."""
        given: dict[str, AnyPolicy | None] = {"global": self.service.policy}
        if api.workspace is not None:
            given["workspace"] = self.service.workspaces[api.workspace].policy
        if product is not None:
            given["product"] = product.policy
        given |= {"api": api.policy, "operation": policy}
        known: dict[str, AnyPolicy] = {scope: one for scope, one in given.items() if one is not None}
        return self.policies.scopes(known)


def _caller_headers(api: ServiceApi) -> frozenset[str]:
    return frozenset(("authorization", from_utf16(api.api.subscription_key_parameter_names.header).lower()))


def _paths(api: ServiceApi, operation: Operation) -> Language | None:
    """Return the paths of requests for an operation, with that of the API and without; None for any method, or if they
    are long.
    """
    if operation.method == "*" or len(operation.url_template) + len(prefix_of(api)) > LONGEST:
        return None
    below = paths_of(pieces_of(from_utf16(operation.url_template).partition("?")[0]))
    return union(below, sequence(in_any_case(prefix_of(api)), below))


def _everything(id_: str = "") -> Operation:
    return Operation(id_, "*", id_, "/*")


def _misses_base(policy: Policy) -> PolicyLocation | None:
    """Return where the inbound of a policy is without `<base />`."""
    elements = policy.sections.get("inbound")
    if elements is None or any(each.name == "base" for each in elements):
        return None
    inbound = next((each for each in policy.root.elements() if each.name == "inbound"), policy.root)
    source, start = inbound.source, inbound.start
    return PolicyLocation(source.path, *source.position(start), "inbound")
