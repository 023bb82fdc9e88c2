"""Resources by the properties that Azure Resource Manager gives them, from an extract or from infrastructure code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.mcp.servers import McpServer, McpTool
from apimpolicy.project.infrastructure.resources import Resource, names_in
from apimpolicy.project.infrastructure.values import (
    MARKED,
    SourcedText,
    Unknown,
    Value,
    ValueTooLarge,
    blocks_in,
    hole,
    is_fully_known,
    json_text,
    shown,
)
from apimpolicy.project.service.description import (
    ApiDescription,
    FileLocation,
    Hole,
    PolicyText,
    Problem,
    Sourced,
    ToolDescription,
)
from apimpolicy.project.service.fields import Fields, base_id, first_block, hole_of, id_of, record_of, text_of
from apimpolicy.project.service.policy_sources import UnknownValues, unknown_policy

if TYPE_CHECKING:
    from apimpolicy.project.infrastructure.files import Files
    from apimpolicy.text.source import Source


class ReadingContext:
    """Files, problems and unknown values of the resources of one service."""

    def __init__(self, files: Files, problems: list[Problem]) -> None:
        self.files = files
        self.problems = problems
        self.unknown = UnknownValues()
        self.linked: list[tuple[str, Source]] = []
        """URLs, and the files that are read instead."""

    def file_of(self, url: str, source: Source) -> Source | None:
        """Return the file that a URL names, which is in `url` between two unknown values, or after the last.

        Templates link to files of their own repository. The longest end of the URL's path counts that is a file of the
        repository, of the folder, or beside `source`; a name without a folder is no evidence.
        """
        pieces = MARKED.split(url)
        paths = pieces if len(pieces) > 1 else [urlsplit(url).path]
        for path in reversed(paths):
            parts = [each for each in path.partition("?")[0].split("/") if each]
            if any(each.startswith(".") for each in parts):
                continue
            for start in range(len(parts) - 1):
                for base in (self.files.repository, self.files.root, os.path.dirname(source.path)):
                    with suppress(LookupError):
                        if os.path.isfile(os.path.join(base, *parts[start:])):
                            found = self.files.source(base, *parts[start:])
                            self.linked.append((shown(url), found))
                            return found
        return None


class Entity(Fields):
    """A resource with the ids in its name."""

    def __init__(self, resource: Resource, ids: list[str], workspace: str | None, context: ReadingContext) -> None:
        origin = FileLocation(resource.source.path, *resource.source.position(resource.start))
        super().__init__(resource.properties, origin)
        self.resource = resource
        self.ids = ids
        self.workspace = workspace
        self.context = context

    @property
    def id(self) -> str:
        return self.ids[-1]

    def problem(self, message: str, part: str = "", help: str = "") -> None:
        self.context.problems.append(Problem(message, self.origin, part, help, severity=Severity.WARNING))

    def place(self, name: str, *path: int) -> FileLocation:
        found = self.resource.places.get(name)
        return self.origin if found is None else FileLocation(found[0].path, *found[0].position(found[1]))

    def document(self) -> tuple[Value, str | None]:
        """Return the document that the resource has, and the URL that it is imported from where only that is known."""
        link, value = self.get("link"), self.get("value")
        if link is None and "-link" not in str(self.get("format")).lower():
            return value, None
        url = value if link is None else link
        found = self.context.file_of(url, self.resource.source) if isinstance(url, str) else None
        if found is not None:
            return SourcedText.file(found), None
        return None, url.text if isinstance(url, Unknown) else shown(str(url))

    def policy(self, part: str, scope: str = "") -> PolicyText:
        """Return the policy of the resource; one that isn't known is a problem."""
        value, url = self.document()
        if url is not None:
            return self._unknown_policy(f"it comes from {url}", f"the policy at {url} isn't read", part, scope)
        return self.policy_of(value, part, scope, form_of(self.get("format")))

    def policy_of(self, value: Value, part: str, scope: str = "", form: str = "") -> PolicyText:
        found = self.context.unknown.policy(value, *self._written) if isinstance(value, str) else None
        if found is not None:
            return in_form(found, form)
        text = "nothing is written" if value is None else hole_of(value).text
        return self._unknown_policy(text, f"{text} isn't known" if value is not None else text, part, scope)

    def _unknown_policy(self, text: str, reason: str, part: str, scope: str) -> PolicyText:
        self.problem(f"{part} isn't known: {text}", part, "Requests run without it, and what it does isn't decided.")
        return unknown_policy(reason, *self._written, scope)

    @property
    def _written(self) -> tuple[Source, int]:
        return self.resource.places.get("value", (self.resource.source, self.resource.start))


def form_of(format_: Value) -> str:
    """Return `xml` for the format of a policy that Azure reads as XML, as it does without one."""
    known = "xml" if format_ is None else format_.lower() if isinstance(format_, str) else ""
    return "xml" if known in ("xml", "xml-link") else ""


def in_form(policy: PolicyText, form: str) -> PolicyText:
    """Return a policy as Azure gets it in a format."""
    if form != "xml":
        return policy
    import attrs

    from apimpolicy.project.deployed_texts import blanks_for_lines

    policy = attrs.evolve(policy, form=form)
    try:
        source = policy.read()
    except ConfigurationError:
        return policy
    made = blanks_for_lines(source) if "//" in source.text else source
    return policy if made is source else attrs.evolve(policy, path=None, source=made)


def names_of(entity: Entity) -> list[str]:
    """Return the names of a resource, and of those that it is in, as texts in which parts may be unknown."""
    names = entity.resource.names[-len(entity.ids) :] if entity.ids else ()
    return [hole(each) if isinstance(each, Unknown) else str(each) for each in names]


def json_of(value: Value) -> Value:
    try:
        return json_text(value) if isinstance(value, dict) and is_fully_known(value) else value
    except ValueTooLarge:
        return value


def below_workspace(resource: Resource) -> tuple[str, list[Value], str | None]:
    """Return type and names without those of the workspace, and the workspace's id."""
    names = list(resource.names)
    if resource.type.startswith("workspaces/"):
        return resource.type.partition("/")[2], names[1:], id_of(names[0])
    return resource.type, names, None


def api_of(id_: str, found: Fields) -> ApiDescription:
    """Return an API, or an MCP server; without a revision, an id is that of the current one."""
    made = record_of(ApiDescription, id_, found)
    if made.is_current.is_missing:
        made.is_current = Sourced(";rev=" not in id_)
    add_server(made, found)
    return made


# MCP servers in the description of a service: their tools from resources and information files, and as the engine's.
#
# A server has tools (`mcpTools`, or children `apis/tools`), or a backend where it exists elsewhere (`backendId`, or
# `serviceUrl`); of `mcpProperties` only the URL template of the endpoint matters. The id of an operation is the full
# one, of any service: it counts from `/apis/` on, without `;rev=N`.

SERVERS = "mcp-servers"
"""The kind of MCP servers in gaps: some of them are described."""
_PROPERTIES = ("mcpProperties", "mcpPropperties")
"""The properties, also as two deployed samples spell them, which Azure ignores."""


def logs_responses(properties: Mapping[str, Value]) -> bool:
    """Return whether the properties of diagnostics log the bodies of responses to callers."""
    found: Value = properties
    for name in ("frontend", "response", "body"):
        found = first_block(found).get(name)
    count = first_block(found).get("bytes")
    return isinstance(count, int) and count > 0


def add_server(api: ApiDescription, found: Fields) -> None:
    if not api.is_server:
        return
    tools = found.get("mcpTools")
    if tools is not None and not isinstance(tools, list | dict):
        api.tool_gaps.append(f"the tools of the MCP server '{api.id}' aren't known: {hole_of(tools).text}")
        found.problem(api.tool_gaps[-1], f"the MCP server '{api.id}'")
    api.tools += (tool_of(each, found.place("mcpTools", index)) for index, each in enumerate(blocks_in(tools)))
    api.backend = found.last_name("backendId")
    properties = next((given for name in _PROPERTIES if (given := found.get(name)) is not None), None)
    api.endpoint = text_of(_endpoint(first_block(properties).get("endpoints")), found.place("mcpProperties"))


def tool_of(given: Mapping[str, Value], origin: FileLocation, name: str = "") -> ToolDescription:
    """Return a tool by its properties; `name` is that of a resource of its own."""
    named = next((found for key in ("name", "displayName") if (found := given.get(key)) is not None), name or None)
    operation = given.get("operationId")
    names = names_in(operation, ["apis", "operations"]) if isinstance(operation, str | Unknown) else []
    if len(names) == 2 and not any(isinstance(each, Unknown) for each in names):
        api_id, operation_id = (Sourced(base_id(id_of(each)), origin) for each in names)
    else:
        text = text_of(operation, origin)
        api_id = operation_id = Sourced(text.hole or Hole(text.known or "no operation is written"), origin)
    description = text_of(given.get("description"), origin)
    has_revision = bool(names) and ";rev=" in id_of(names[0])
    return ToolDescription(text_of(named, origin), origin, api_id, operation_id, description, has_revision)


def _endpoint(endpoints: Value) -> Value:
    """Return the URL template of an existing server's endpoint: `{mcp: {uriTemplate}}`, or the first of a list."""
    if isinstance(endpoints, dict) and "uriTemplate" not in endpoints:
        endpoints = endpoints.get("mcp")
    return first_block(endpoints).get("uriTemplate")


def server_of(api: ApiDescription) -> McpServer | None:
    """Return the server as the engine has it; None for an API that is none, or of which neither kind is known."""
    if not api.is_server or not (api.has_tools or api.has_backend):
        return None
    if not api.has_tools:
        return McpServer(backend_id=_backend_id(api.backend), endpoint=api.endpoint.known)
    tools: list[McpTool] = []
    gaps = list(api.tool_gaps)
    for each in api.tools:
        if each.name.known is None:
            gaps.append(f"the name of a tool isn't known: {each.name.text()}")
            continue
        unknown = each.operation.hole
        reason = "" if unknown is None else f"its operation isn't known: {unknown.text}"
        names = (each.api.known or "", each.operation.known or "")
        tools.append(McpTool(each.name.known, *names, each.description.known or "", reason))
    return McpServer(tools, gaps=gaps)


def _backend_id(backend: Sourced[Any]) -> str | None:
    if backend.is_missing:
        return None
    return id_of(backend.known if backend.known is not None else Unknown(backend.text()))
