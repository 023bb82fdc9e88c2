"""Read, check and run Azure API Management policies offline: real C# expressions, a simulated gateway, tests.

    from apimpolicy import Certificate, Gateway, Request

    gateway = Gateway(negotiate_client_certificate=True)
    result = gateway.run("policies/orders.xml", Request("GET", "https://contoso.example/orders"))
    result.response.status_code

Everything public is reachable from here, and imported when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.checks.rule import Rule
    from apimpolicy.context.entities import (
        Api,
        Deployment,
        Group,
        Operation,
        Product,
        Subscription,
        SubscriptionKeyParameterNames,
        User,
        UserIdentity,
        Workspace,
    )
    from apimpolicy.context.execution import Context, LastError
    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Request, Response
    from apimpolicy.diagnostics import Diagnostic, Severity
    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.dotnet.cryptography.revocation import RevocationList
    from apimpolicy.dotnet.environment import Limits
    from apimpolicy.dotnet.exceptions import DotnetException
    from apimpolicy.emit.expression import CompiledExpression, compile_expression
    from apimpolicy.engine.authorizations import Authorizations
    from apimpolicy.engine.backends import Backend, BackendPool, CircuitBreaker, PoolMember
    from apimpolicy.engine.content_safety import SafetyAnalysis, SafetyWords
    from apimpolicy.engine.dapr import DaprBinding, DaprPublication, DaprSidecar
    from apimpolicy.engine.data_sources import RecordedCosmos, RecordedSql
    from apimpolicy.engine.document import Policy, load_policy
    from apimpolicy.engine.entra_tenant import EntraTenant
    from apimpolicy.engine.event_hubs import EventHub, EventHubEvent, EventHubs
    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.engine.managed_identity import ManagedIdentity
    from apimpolicy.engine.openapi import load_openapi
    from apimpolicy.engine.openid_provider import OpenIdDocuments, OpenIdProvider
    from apimpolicy.engine.policy_doubles import PolicyDouble
    from apimpolicy.engine.recorded_answers import RecordedAnswer, RecordedAnswers
    from apimpolicy.engine.resolvers import PublishedEvent, Resolution
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.service import (
        Service,
        ServiceApi,
        ServiceOperation,
        ServiceProduct,
        ServiceSubscription,
        ServiceWorkspace,
        VersionSet,
    )
    from apimpolicy.engine.service_bus import ServiceBus, ServiceBusMessage
    from apimpolicy.engine.services import Clock, FixedClock, KeyVault, KeyVaultReference, Transport
    from apimpolicy.engine.token_keys import TokenKey
    from apimpolicy.engine.trace import Evaluation, Trace, TraceEntry
    from apimpolicy.errors import (
        ApimPolicyError,
        ConfigurationError,
        DiagnosticError,
        LimitExceededError,
        NotSimulatedError,
        PolicySyntaxError,
        PolicyTypeError,
    )
    from apimpolicy.policies.effects import Effect
    from apimpolicy.policies.metrics import Metric
    from apimpolicy.project.checking import check
    from apimpolicy.project.gateways import load_gateway, load_service
    from apimpolicy.report.explanation import Explanation, explain
    from apimpolicy.report.journey_html import journey_to_html
    from apimpolicy.testing.apim import Apim, Double, TestClock, TestResult
    from apimpolicy.testing.authority import TestAuthority
    from apimpolicy.text.document import Document, Element

_MODULES = {
    "checks.rule": "Rule",
    "context.entities": "Api Deployment Group Operation Product Subscription SubscriptionKeyParameterNames"
    " User UserIdentity Workspace",
    "context.execution": "Context LastError",
    "context.headers": "Headers",
    "context.records": "Request Response",
    "diagnostics": "Diagnostic Severity",
    "dotnet.cryptography.certificate": "Certificate",
    "dotnet.cryptography.revocation": "RevocationList",
    "dotnet.environment": "Limits",
    "dotnet.exceptions": "DotnetException",
    "emit.expression": "CompiledExpression compile_expression",
    "engine.authorizations": "Authorizations",
    "engine.backends": "Backend BackendPool CircuitBreaker PoolMember",
    "engine.content_safety": "SafetyAnalysis SafetyWords",
    "engine.data_sources": "RecordedCosmos RecordedSql",
    "engine.dapr": "DaprBinding DaprPublication DaprSidecar",
    "engine.document": "Policy load_policy",
    "engine.event_hubs": "EventHub EventHubEvent EventHubs",
    "engine.entra_tenant": "EntraTenant",
    "engine.gateway": "Gateway",
    "engine.managed_identity": "ManagedIdentity",
    "engine.openid_provider": "OpenIdDocuments OpenIdProvider",
    "engine.openapi": "load_openapi",
    "engine.recorded_answers": "RecordedAnswer RecordedAnswers",
    "engine.resolvers": "PublishedEvent Resolution",
    "engine.result": "Result",
    "engine.service": "Service ServiceApi ServiceOperation ServiceProduct ServiceSubscription"
    " ServiceWorkspace VersionSet",
    "engine.policy_doubles": "PolicyDouble",
    "engine.service_bus": "ServiceBus ServiceBusMessage",
    "engine.services": "Clock FixedClock KeyVault KeyVaultReference Transport",
    "engine.token_keys": "TokenKey",
    "engine.trace": "Evaluation Trace TraceEntry",
    "errors": "ApimPolicyError ConfigurationError DiagnosticError LimitExceededError NotSimulatedError"
    " PolicySyntaxError PolicyTypeError",
    "policies.effects": "Effect",
    "policies.metrics": "Metric",
    "project.checking": "check",
    "project.gateways": "load_gateway load_service",
    "report.explanation": "Explanation explain",
    "report.journey_html": "journey_to_html",
    "testing.apim": "Apim Double TestClock TestResult",
    "testing.authority": "TestAuthority",
    "text.document": "Document Element",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}

__version__ = "0.1.0"

__all__ = [
    "Api",
    "Apim",
    "ApimPolicyError",
    "Authorizations",
    "Backend",
    "BackendPool",
    "Certificate",
    "CircuitBreaker",
    "Clock",
    "CompiledExpression",
    "ConfigurationError",
    "Context",
    "DaprBinding",
    "DaprPublication",
    "DaprSidecar",
    "Deployment",
    "Diagnostic",
    "DiagnosticError",
    "Document",
    "DotnetException",
    "Double",
    "Effect",
    "Element",
    "EntraTenant",
    "Evaluation",
    "EventHub",
    "EventHubEvent",
    "EventHubs",
    "Explanation",
    "FixedClock",
    "Gateway",
    "Group",
    "Headers",
    "KeyVault",
    "KeyVaultReference",
    "LastError",
    "LimitExceededError",
    "Limits",
    "ManagedIdentity",
    "Metric",
    "NotSimulatedError",
    "OpenIdDocuments",
    "OpenIdProvider",
    "Operation",
    "Policy",
    "PolicyDouble",
    "PolicySyntaxError",
    "PolicyTypeError",
    "PoolMember",
    "Product",
    "PublishedEvent",
    "RecordedAnswer",
    "RecordedAnswers",
    "RecordedCosmos",
    "RecordedSql",
    "Request",
    "Resolution",
    "Response",
    "Result",
    "RevocationList",
    "Rule",
    "SafetyAnalysis",
    "SafetyWords",
    "Service",
    "ServiceApi",
    "ServiceBus",
    "ServiceBusMessage",
    "ServiceOperation",
    "ServiceProduct",
    "ServiceSubscription",
    "ServiceWorkspace",
    "Severity",
    "Subscription",
    "SubscriptionKeyParameterNames",
    "TestAuthority",
    "TestClock",
    "TestResult",
    "TokenKey",
    "Trace",
    "TraceEntry",
    "Transport",
    "User",
    "UserIdentity",
    "VersionSet",
    "Workspace",
    "check",
    "compile_expression",
    "explain",
    "journey_to_html",
    "load_gateway",
    "load_openapi",
    "load_policy",
    "load_service",
]


def __getattr__(name: str) -> object:
    module = _HOMES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"apimpolicy.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
