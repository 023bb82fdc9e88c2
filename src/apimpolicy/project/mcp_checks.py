"""Findings of `check` about the MCP servers of a service.

POL170  diagnostics of all APIs that log the bodies of responses (the rule finds policies that read them)
POL172  a tool that names no operation, or one that no tool can call
POL173  a server with tools and a backend, or with neither
POL174  a tool whose API requires a key that it can't get
POL175  a tool whose API checks a token that it may not get
POL176  metadata of a protected resource that clients can't read
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from apimpolicy.checks.rules.mcp_response_read import McpResponseRead
from apimpolicy.checks.subject import Settings
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.mcp.servers import METADATA, STRIPPED_KEYS
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.files import read_data, source_of
from apimpolicy.project.service.description import ApiDescription, FileLocation, PolicyText, ServiceDescription
from apimpolicy.project.service.operations import KnownOperations
from apimpolicy.text.document import Element
from apimpolicy.text.markup import read

TOOL_UNKNOWN, SERVER_INCOMPLETE, KEY_LOST, TOKEN_LOST, METADATA_HIDDEN = (f"POL17{number}" for number in range(2, 7))
_NOT_HTTP = ("websocket", "graphql", "grpc", "mcp", "a2a")
_KEY_HEADER = "Ocp-Apim-Subscription-Key"


class ServerFinding(NamedTuple):
    """A finding at a place in any file of a service."""

    code: str
    message: str
    origin: FileLocation
    severity: Severity = Severity.WARNING
    help: str = ""


def server_diagnostics(service: ServiceDescription, settings: Settings) -> dict[str, list[Diagnostic]]:
    """Return the findings by file, as the settings want them."""
    found: dict[str, list[Diagnostic]] = {}
    for each in check_servers(service) if any(api.is_server for api in service.apis) else ():
        if settings.wants(each.code) and os.path.isfile(each.origin.file):
            source, _ = source_of(*read_data(each.origin.file))
            start = each.origin.offset_in(source)
            severity = settings.severities.get(each.code, each.severity)
            made = Diagnostic(each.code, each.message, source, start, start, severity, help=each.help)
            found.setdefault(each.origin.file, []).append(made)
    return found


def check_servers(service: ServiceDescription) -> Iterator[ServerFinding]:
    """Yield findings about the MCP servers of a service, and the metadata that their clients read."""
    operations = KnownOperations()
    for api in service.apis:
        if api.is_server:
            yield from _of_server(api)
            yield from _of_tools(service, api, operations)
            yield from _of_hops(service, api)
    yield from _of_metadata(service)
    for origin in service.logged_responses:
        message = "logging the bodies of responses of all APIs breaks the streams of MCP servers"
        help = "Log 0 bytes of the frontend response for all APIs, and more for single APIs."
        yield ServerFinding(McpResponseRead.code, message, origin, help=help)


def _of_server(api: ApiDescription) -> Iterator[ServerFinding]:
    origin = api.origin
    if api.has_tools and not api.backend.is_missing:
        message = f"Azure refuses the MCP server '{api.id}': it has tools and a backend"
        help = "Remove 'backendId' (Either BackendId or MCP tools must be set, but not both for MCP API)."
        yield ServerFinding(SERVER_INCOMPLETE, message, api.backend.origin, Severity.ERROR, help)
    if not api.has_tools and not api.has_backend:
        message = f"the MCP server '{api.id}' has neither tools nor a backend"
        help = "Add 'mcpTools', resources of the type apis/tools, or 'backendId'."
        yield ServerFinding(SERVER_INCOMPLETE, message, origin, help=help)
    names = [each.name.known for each in api.tools if each.name.known is not None]
    for tool in api.tools:
        if tool.name.known is not None and names.count(tool.name.known) > 1:
            names = [name for name in names if name != tool.name.known]
            message = f"the MCP server '{api.id}' has several tools with the name '{tool.name.known}'"
            yield ServerFinding(TOOL_UNKNOWN, message, tool.origin, help="Clients call tools by their names.")


def _of_tools(
    service: ServiceDescription, server: ApiDescription, operations: KnownOperations
) -> Iterator[ServerFinding]:
    sources: set[str] = set()
    for tool in server.tools:
        api_id, operation, name = tool.api.known, tool.operation.known, tool.name.text()
        if api_id is None or operation is None:
            text = tool.operation.text()
            if "/operations/" not in text.lower() and "${" not in text and "." not in text and "(" not in text:
                message = f"the tool '{name}' needs the full id of an operation, not '{text}'"
                help = "Write …/apis/API/operations/OPERATION, without ;rev=N."
                yield ServerFinding(TOOL_UNKNOWN, message, tool.origin, help=help)
            continue
        sources.add(api_id.lower())
        if tool.has_revision:
            message = f"the operation of the tool '{name}' names a revision, so that calls of the tool fail with 404"
            yield ServerFinding(TOOL_UNKNOWN, message, tool.origin, help="Leave ;rev=N out of the id of the API.")
        api = service.api(api_id)
        if api is None:
            gap = service.gap("apis", api_id)
            why = "" if gap is None else f"The service may have it: {gap.reason}."
            message = f"the tool '{name}' calls an operation of the API '{api_id}', which the service doesn't have"
            severity = Severity.WARNING if gap is None else Severity.INFO
            yield ServerFinding(TOOL_UNKNOWN, message, tool.origin, severity, why)
        elif (kind := (api.kind.known or "http").lower()) in _NOT_HTTP:
            message = f"the tool '{name}' calls the API '{api_id}' of the kind {kind}; only HTTP APIs have tools"
            yield ServerFinding(TOOL_UNKNOWN, message, tool.origin)
        elif operations.has(api, operation) is False and service.gap("operations", f"{api_id}/{operation}") is None:
            names = ", ".join(operations.names(api)[:8]) or "none"
            message = f"the tool '{name}' calls the operation '{operation}', which the API '{api_id}' doesn't have"
            yield ServerFinding(TOOL_UNKNOWN, message, tool.origin, help=f"Its operations: {names}.")
    if len(sources) > 1:
        message = (
            f"the tools of the MCP server '{server.id}' are operations of several APIs: {', '.join(sorted(sources))}"
        )
        help = "A deployed sample reports that Azure refuses it: Tools must come from a single existing HTTP API."
        yield ServerFinding(TOOL_UNKNOWN, message, server.origin, Severity.INFO, help)


def _of_hops(service: ServiceDescription, server: ApiDescription) -> Iterator[ServerFinding]:
    """Yield findings about the requests from tools to their APIs, which have no keys and maybe no token."""
    scope = _Inbound.of(service, server.policy, service.policy)
    if scope is None:
        return
    for api_id in dict.fromkeys(tool.api.known for tool in server.tools if tool.api.known is not None):
        api = service.api(api_id)
        if api is None:
            continue
        header = api.key_header.known or _KEY_HEADER
        needs_key = api.subscription_required.known is not False and api.subscription_required.hole is None
        is_open = any(
            product.subscription_required.known is False and any(link.known == api.id for link in product.apis)
            for product in service.products
        )
        if needs_key and not is_open and header.lower() in STRIPPED_KEYS and header.lower() not in scope.headers:
            message = (
                f"every call of a tool gets 401: the API '{api.id}' requires a key, and '{header}' isn't forwarded"
            )
            help = (
                f"In the policy of '{server.id}', copy context.Subscription.Key into a header of its own that is the "
                f"key header of '{api.id}', and let the subscription open both; or let '{api.id}' require no key."
            )
            yield ServerFinding(KEY_LOST, message, server.origin, help=help)
        own = _Inbound.of(service, api.policy)
        checks = next((element for element in (own.elements if own else ()) if _checks_authorization(element)), None)
        if checks is None:
            continue
        if "delete" in scope.headers.get("authorization", ()):
            message = (
                f"every call of a tool gets 401: '{checks.name}' of the API '{api.id}' needs the deleted Authorization"
            )
            yield ServerFinding(TOKEN_LOST, message, server.origin, help=f"Keep the header in '{server.id}'.")
        elif "authorization" not in scope.headers:
            message = (
                f"'{checks.name}' of the API '{api.id}' needs the header Authorization, which '{server.id}' doesn't set"
            )
            help = "It is forwarded since November 2025; Microsoft's page asks for an explicit set-header."
            yield ServerFinding(TOKEN_LOST, message, server.origin, Severity.INFO, help)


def _of_metadata(service: ServiceDescription) -> Iterator[ServerFinding]:
    for api in service.apis:
        for operation in api.operations:
            if METADATA not in (operation.template.known or ""):
                continue
            if api.subscription_required.known is not False:
                message = f"clients can't read {operation.template.known}: the API '{api.id}' requires a key"
                yield ServerFinding(METADATA_HIDDEN, message, api.origin, help="Set subscriptionRequired to false.")
            checks = _check_before(service, [operation.policy, api.policy, service.policy])
            if checks is not None:
                message = f"clients can't read {operation.template.known} without a token: '{checks}' runs before it"
                help = "Respond before <base />, or leave <base /> out."
                policy = operation.policy or api.policy
                origin = api.origin if policy is None else policy.origin
                yield ServerFinding(METADATA_HIDDEN, message, origin, help=help)


def _check_before(service: ServiceDescription, scopes: list[PolicyText | None]) -> str | None:
    """Return the policy that checks a token before the narrowest scope responds; None if there is none for certain."""
    for policy in scopes:
        found = _Inbound.of(service, policy) if policy is not None else None
        if found is None:
            continue
        for each in found.elements:
            if each.name == "base":
                break
            if has_trait(each.name, "terminates"):
                return None
            if _checks_authorization(each):
                return each.name
        else:
            return None
    return None


class _Inbound(NamedTuple):
    """The direct policies of inbound, with those of fragments; `headers` are the actions of set-header by name."""

    elements: list[Element]
    headers: dict[str, set[str]]

    @classmethod
    def of(cls, service: ServiceDescription, *policies: PolicyText | None) -> _Inbound | None:
        """Return what is in the policies; None where one isn't known."""
        elements: list[Element] = []
        headers: dict[str, set[str]] = {}
        for policy in policies:
            if policy is None:
                continue
            if policy.unknown:
                return None
            with suppress(ConfigurationError):
                for root in read(policy.read()).roots:
                    for section in root.elements():
                        if section.name == "inbound":
                            elements += _spliced(service, section)
                            for element in section.descendants():
                                cls._note(element, headers)
        for element in elements:
            cls._note(element, headers)
        return cls(elements, headers)

    @staticmethod
    def _note(element: Element, headers: dict[str, set[str]]) -> None:
        if has_trait(element.name, "sets-header") and (name := element.get("name")) is not None:
            action = element.get("exists-action")
            headers.setdefault(name.value.text.lower(), set()).add("" if action is None else action.value.text)


def _spliced(service: ServiceDescription, section: Element) -> Iterator[Element]:
    """Yield the direct policies of a section, and in the place of an include those of its fragment."""
    for element in section.elements():
        name = element.get("fragment-id") if element.name == "include-fragment" else None
        fragment = next((each for each in service.fragments if name and each.id == name.value.text), None)
        yield element
        if fragment is not None and fragment.policy is not None and not fragment.policy.unknown:
            with suppress(ConfigurationError):
                for root in read(fragment.policy.read()).roots:
                    yield from root.elements()


def _checks_authorization(element: Element) -> bool:
    """Return whether a policy checks the token in the header Authorization."""
    if not has_trait(element.name, "checks-token"):
        return False
    header = element.get("header-name")
    return element.get("token-value") is None and (header is None or header.value.text.lower() == "authorization")
