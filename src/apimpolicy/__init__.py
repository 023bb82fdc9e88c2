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
    from apimpolicy.context.entities import Api, Deployment, Group, Operation, Product, Subscription, User, Workspace
    from apimpolicy.context.execution import Context, LastError
    from apimpolicy.context.headers import Headers
    from apimpolicy.context.records import Request, Response
    from apimpolicy.diagnostics import Diagnostic, Severity
    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.dotnet.cryptography.revocation import RevocationList
    from apimpolicy.dotnet.environment import Limits
    from apimpolicy.dotnet.exceptions import DotnetException
    from apimpolicy.emit.expression import CompiledExpression, compile_expression
    from apimpolicy.engine.document import Policy, load_policy
    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.services import Clock, FixedClock, KeyVault, KeyVaultReference, Transport
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

_MODULES = {
    "context.entities": "Api Deployment Group Operation Product Subscription User Workspace",
    "context.execution": "Context LastError",
    "context.headers": "Headers",
    "context.records": "Request Response",
    "diagnostics": "Diagnostic Severity",
    "dotnet.cryptography.certificate": "Certificate",
    "dotnet.cryptography.revocation": "RevocationList",
    "dotnet.environment": "Limits",
    "dotnet.exceptions": "DotnetException",
    "emit.expression": "CompiledExpression compile_expression",
    "engine.document": "Policy load_policy",
    "engine.gateway": "Gateway",
    "engine.result": "Result",
    "engine.services": "Clock FixedClock KeyVault KeyVaultReference Transport",
    "engine.trace": "Evaluation Trace TraceEntry",
    "errors": "ApimPolicyError ConfigurationError DiagnosticError LimitExceededError NotSimulatedError"
    " PolicySyntaxError PolicyTypeError",
    "policies.effects": "Effect",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}

__version__ = "0.1.0"

__all__ = [
    "Api",
    "ApimPolicyError",
    "Certificate",
    "Clock",
    "CompiledExpression",
    "ConfigurationError",
    "Context",
    "Deployment",
    "Diagnostic",
    "DiagnosticError",
    "DotnetException",
    "Effect",
    "Evaluation",
    "FixedClock",
    "Gateway",
    "Group",
    "Headers",
    "KeyVault",
    "KeyVaultReference",
    "LastError",
    "LimitExceededError",
    "Limits",
    "NotSimulatedError",
    "Operation",
    "Policy",
    "PolicySyntaxError",
    "PolicyTypeError",
    "Product",
    "Request",
    "Response",
    "Result",
    "RevocationList",
    "Severity",
    "Subscription",
    "Trace",
    "TraceEntry",
    "Transport",
    "User",
    "Workspace",
    "compile_expression",
    "load_policy",
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
