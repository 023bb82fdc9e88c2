"""The policy of an MCP server as proofs see it: the calls of its tools, which run other policies, may do anything.

    <backend><include-fragment fragment-id="unknown: the calls of the tools …" /><base /></backend>

What inbound refuses is refused all the same. Equal tools make equal fragments, so that versions can be compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.audit.requests import ALL_APIS, Rehearsal
from apimpolicy.context.records import Request
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.engine.mcp.calls import definitions_of, operation_of
from apimpolicy.engine.mcp.clients import call_message, to_server
from apimpolicy.engine.mcp.schemas import example_of, input_of
from apimpolicy.engine.service import Service, ServiceApi
from apimpolicy.engine.service_requests import ServiceRequests
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.project.service.description import NOWHERE, PolicyText
from apimpolicy.project.service.unknown_policies import unknown_calls, unknown_policies, wrapped
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.engine.effective_policies import AnyPolicy
    from apimpolicy.engine.result import Result
    from apimpolicy.engine.steps import Program

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
        """The call for people."""
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
