"""The operations that can be called, in lines for people."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import from_utf16
from apimpolicy.engine.mcp.clients import address_of_server
from apimpolicy.engine.service_requests import documents_of, operations_with_policies
from apimpolicy.project.caller_tokens import issuers_of, token_of
from apimpolicy.project.service.stand_ins import SUBSCRIPTION
from apimpolicy.report.columns import printable
from apimpolicy.report.explanation_notes import url_path_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.engine.service import ServiceApi
    from apimpolicy.project.caller_tokens import TokenWish
    from apimpolicy.serving.dispatcher import Served

_MOST = 40
_HOURS = 24


def callable_lines(served: Served) -> list[str]:
    """Return a line for each operation, or for each API that takes everything below its path."""
    service = served.gateway.service
    if service is None:
        return ["ANY    /*"]
    lines = (line for api in service.apis for line in _of_api(api))
    found = list(itertools.islice(lines, _MOST + 1))  # reading more descriptions would take time for nothing
    return found if len(found) <= _MOST else [*found[:_MOST], "… and more"]


def notes(served: Served) -> list[str]:
    """Return further notes for callers: certificates, subscriptions, keys."""
    gateway = served.gateway
    setting = gateway.negotiate_client_certificate
    uploaded = len(gateway.certificates)
    found: list[str] = []
    if setting is True:
        found.append(f"HTTPS requests a client certificate; {uploaded} uploaded")
    elif setting:
        names = [setting] if isinstance(setting, str) else [name for name in setting if gateway.negotiates(name)]
        found.append(f"HTTPS requests a client certificate on {', '.join(names)}; {uploaded} uploaded")
    service = gateway.service
    if service is not None and service.subscriptions:
        states = [(each.id, "" if each.state == "active" else f" ({each.state})") for each in service.subscriptions[:8]]
        ids = ", ".join(f"{id_}{state}" for id_, state in states)
        found.append(f"subscriptions: {ids}")
        if (stand_in := next((each for each in service.subscriptions if each.id == SUBSCRIPTION), None)) is not None:
            key = from_utf16(stand_in.subscription.primary_key)
            found.append(f"call APIs that require a key with: -H 'Ocp-Apim-Subscription-Key: {key}'")
    return found


def token_lines(gateway: Gateway, wish: TokenWish) -> Iterator[str]:
    """Yield a token of each provider, or of the one that is wished for. Raises ConfigurationError."""
    names = [wish.provider] if wish.provider else list(issuers_of(gateway))
    for name in names:
        token = token_of(gateway, wish._replace(provider=name), hours=_HOURS)
        lasts = "expired" if wish.is_expired else "valid for a day"
        yield f"token of {printable(name)}, {lasts}: -H 'Authorization: Bearer {token}'"


def _of_api(api: ServiceApi) -> Iterator[str]:
    prefix = url_path_of(api)
    if api.mcp is not None:
        tools = ", ".join(printable(each.name) for each in api.mcp.tools) or "a server elsewhere"
        yield f"MCP    {address_of_server(api)}  ({tools})"
        return
    documents = documents_of(api)
    operations = operations_with_policies(api, documents)
    if documents.problem:
        yield f"ANY    {prefix.rstrip('/')}/*  (operations unknown: {documents.problem})"
    elif not operations:
        yield f"ANY    {prefix.rstrip('/')}/*"
    for described, _ in operations:
        operation = described.operation
        template = from_utf16(operation.url_template)
        yield f"{from_utf16(operation.method).upper():6} {prefix.rstrip('/')}{template}"
