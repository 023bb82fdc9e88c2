"""Check, test and prove Azure API Management policies offline: real C# expressions, a simulated gateway, tests.

    from apimpolicy import Certificate, Gateway, Request

    gateway = Gateway(negotiate_client_certificate=True)
    result = gateway.run("policies/orders.xml", Request("GET", "https://contoso.example/orders"))
    result.response.status_code

Every public name is available here and imported on first use. The imports below are for type checkers, and list the
names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule as Rule
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate as Certificate
    from apimpolicy.csharp.dotnet.cryptography.issuing import RevocationList as RevocationList
    from apimpolicy.csharp.dotnet.environment import Limits as Limits
    from apimpolicy.csharp.dotnet.exceptions import DotnetException as DotnetException
    from apimpolicy.csharp.emit.expression import CompiledExpression as CompiledExpression
    from apimpolicy.csharp.emit.expression import compile_expression as compile_expression
    from apimpolicy.diagnostics import Diagnostic as Diagnostic
    from apimpolicy.diagnostics import Severity as Severity
    from apimpolicy.errors import ApimPolicyError as ApimPolicyError
    from apimpolicy.errors import ConfigurationError as ConfigurationError
    from apimpolicy.errors import DiagnosticError as DiagnosticError
    from apimpolicy.errors import LimitExceededError as LimitExceededError
    from apimpolicy.errors import NotSimulatedError as NotSimulatedError
    from apimpolicy.errors import PolicySyntaxError as PolicySyntaxError
    from apimpolicy.errors import PolicyTypeError as PolicyTypeError
    from apimpolicy.gateway.context.entities import Api as Api
    from apimpolicy.gateway.context.entities import Deployment as Deployment
    from apimpolicy.gateway.context.entities import Group as Group
    from apimpolicy.gateway.context.entities import Operation as Operation
    from apimpolicy.gateway.context.entities import Product as Product
    from apimpolicy.gateway.context.entities import Subscription as Subscription
    from apimpolicy.gateway.context.entities import SubscriptionKeyParameterNames as SubscriptionKeyParameterNames
    from apimpolicy.gateway.context.entities import User as User
    from apimpolicy.gateway.context.entities import UserIdentity as UserIdentity
    from apimpolicy.gateway.context.entities import Workspace as Workspace
    from apimpolicy.gateway.context.execution import Context as Context
    from apimpolicy.gateway.context.execution import LastError as LastError
    from apimpolicy.gateway.context.headers import Headers as Headers
    from apimpolicy.gateway.context.records import Request as Request
    from apimpolicy.gateway.context.records import Response as Response
    from apimpolicy.gateway.engine.backends import Backend as Backend
    from apimpolicy.gateway.engine.backends import BackendPool as BackendPool
    from apimpolicy.gateway.engine.backends import CircuitBreaker as CircuitBreaker
    from apimpolicy.gateway.engine.backends import PoolMember as PoolMember
    from apimpolicy.gateway.engine.document import Policy as Policy
    from apimpolicy.gateway.engine.document import load_policy as load_policy
    from apimpolicy.gateway.engine.gateway import Gateway as Gateway
    from apimpolicy.gateway.engine.managed_identity import Authorizations as Authorizations
    from apimpolicy.gateway.engine.managed_identity import ManagedIdentity as ManagedIdentity
    from apimpolicy.gateway.engine.mcp.clients import tool_request as tool_request
    from apimpolicy.gateway.engine.mcp.servers import McpServer as McpServer
    from apimpolicy.gateway.engine.mcp.servers import McpTool as McpTool
    from apimpolicy.gateway.engine.openapi import load_openapi as load_openapi
    from apimpolicy.gateway.engine.partial_runs import PolicyDouble as PolicyDouble
    from apimpolicy.gateway.engine.recorded_answers import RecordedAnswer as RecordedAnswer
    from apimpolicy.gateway.engine.recorded_answers import RecordedAnswers as RecordedAnswers
    from apimpolicy.gateway.engine.resolvers import PublishedEvent as PublishedEvent
    from apimpolicy.gateway.engine.resolvers import Resolution as Resolution
    from apimpolicy.gateway.engine.result import Result as Result
    from apimpolicy.gateway.engine.service import Service as Service
    from apimpolicy.gateway.engine.service import ServiceApi as ServiceApi
    from apimpolicy.gateway.engine.service import ServiceOperation as ServiceOperation
    from apimpolicy.gateway.engine.service import ServiceProduct as ServiceProduct
    from apimpolicy.gateway.engine.service import ServiceSubscription as ServiceSubscription
    from apimpolicy.gateway.engine.service import ServiceWorkspace as ServiceWorkspace
    from apimpolicy.gateway.engine.service import VersionSet as VersionSet
    from apimpolicy.gateway.engine.services import Clock as Clock
    from apimpolicy.gateway.engine.services import DaprBinding as DaprBinding
    from apimpolicy.gateway.engine.services import DaprPublication as DaprPublication
    from apimpolicy.gateway.engine.services import DaprSidecar as DaprSidecar
    from apimpolicy.gateway.engine.services import FixedClock as FixedClock
    from apimpolicy.gateway.engine.services import KeyVault as KeyVault
    from apimpolicy.gateway.engine.services import KeyVaultReference as KeyVaultReference
    from apimpolicy.gateway.engine.services import Transport as Transport
    from apimpolicy.gateway.engine.token_issuers import EntraTenant as EntraTenant
    from apimpolicy.gateway.engine.token_issuers import OpenIdDocuments as OpenIdDocuments
    from apimpolicy.gateway.engine.token_issuers import OpenIdProvider as OpenIdProvider
    from apimpolicy.gateway.engine.token_keys import TokenKey as TokenKey
    from apimpolicy.gateway.engine.trace import Evaluation as Evaluation
    from apimpolicy.gateway.engine.trace import Trace as Trace
    from apimpolicy.gateway.engine.trace import TraceEntry as TraceEntry
    from apimpolicy.gateway.policies import effects as effects
    from apimpolicy.gateway.policies.data_sources import RecordedCosmos as RecordedCosmos
    from apimpolicy.gateway.policies.data_sources import RecordedSql as RecordedSql
    from apimpolicy.gateway.policies.effects import Effect as Effect
    from apimpolicy.gateway.policies.metrics import Metric as Metric
    from apimpolicy.gateway.policies.outside_services import EventHub as EventHub
    from apimpolicy.gateway.policies.outside_services import EventHubEvent as EventHubEvent
    from apimpolicy.gateway.policies.outside_services import EventHubs as EventHubs
    from apimpolicy.gateway.policies.outside_services import SafetyAnalysis as SafetyAnalysis
    from apimpolicy.gateway.policies.outside_services import SafetyWords as SafetyWords
    from apimpolicy.gateway.policies.outside_services import ServiceBus as ServiceBus
    from apimpolicy.gateway.policies.outside_services import ServiceBusMessage as ServiceBusMessage
    from apimpolicy.project.check_run import check as check
    from apimpolicy.project.gateways import load_gateway as load_gateway
    from apimpolicy.project.gateways import load_service as load_service
    from apimpolicy.report.explanation import Explanation as Explanation
    from apimpolicy.report.explanation import explain as explain
    from apimpolicy.report.journey_html import journey_to_html as journey_to_html
    from apimpolicy.testing.apim import Apim as Apim
    from apimpolicy.testing.apim import TestResult as TestResult
    from apimpolicy.testing.authority import TestAuthority as TestAuthority
    from apimpolicy.testing.doubles import Double as Double
    from apimpolicy.testing.doubles import TestClock as TestClock
    from apimpolicy.text.document import Document as Document
    from apimpolicy.text.document import Element as Element

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    from apimpolicy.declarations import declared

    homes: dict[str, str] = declared()["exports"]
    if name == "__all__":
        return sorted(homes)
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        value: object = getattr(import_module(homes[name]), name)
    except AttributeError:
        value = import_module(f"{homes[name]}.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from apimpolicy.declarations import declared

    return sorted({*globals(), *declared()["exports"]})
