"""The server for coding assistants, over the Model Context Protocol: the tools, and pages as resources."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.editor import isolated_calls
from apimpolicy.editor.assistant_tools import INSTRUCTIONS, TOOLS, page
from apimpolicy.editor.pages import TOPICS
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.report.columns import tool_version
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from apimpolicy.editor.rpc import Json

_ADDRESS: Final = "apimpolicy://pages/"
_BY_NAME: Final = {tool.name: tool for tool in TOOLS}


async def answer(name: str, arguments: Json) -> Json:
    """Return the answer of a tool. Raises ConfigurationError for what an assistant can put right."""
    tool = _BY_NAME.get(name)
    if tool is None:
        raise ConfigurationError(f"there is no tool '{name}'; there are {', '.join(_BY_NAME)}")
    _check_arguments(tool.input_schema(), arguments)
    action, given = tool.call(arguments)
    found: Json = page(**given) if action == "page" else await _isolated(action, given)
    return found


def _check_arguments(schema: Json, arguments: Json) -> None:
    import jsonschema_rs

    error = next(jsonschema_rs.validator_for(schema).iter_errors(arguments), None)
    if error is not None:
        place = "/".join(map(str, error.instance_path))
        raise ConfigurationError(f"{f'{place}: ' if place else ''}{error.message[:500]}")


async def _isolated(action: str, arguments: Json) -> Any:
    """Call a function in a process of its own; a call that the client cancels ends it."""
    import anyio

    sent = isolated_calls.message(action, arguments)
    with anyio.move_on_after(isolated_calls.MOST_SECONDS):
        done = await anyio.run_process(isolated_calls.command(), input=sent, check=False)
        return isolated_calls.result_of(action, done.returncode, done.stdout, done.stderr)
    raise isolated_calls.too_slow(action)


def server() -> Server[Any]:
    """Return the server. Raises ConfigurationError when the package `mcp` is not installed."""
    try:
        from mcp import types
        from mcp.server.lowlevel import Server
    except ImportError:
        raise ConfigurationError("`apimpolicy mcp` needs the package mcp: pip install 'apimpolicy[mcp]'") from None

    annotations = types.ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )

    async def list_tools(*_: Any) -> types.ListToolsResult:
        return types.ListToolsResult(
            tools=[
                types.Tool(
                    name=tool.name,
                    title=tool.title,
                    description=tool.description,
                    input_schema=tool.input_schema(),
                    output_schema=tool.output,
                    annotations=annotations,
                )
                for tool in TOOLS
            ]
        )

    async def call_tool(_: Any, call: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            found = await answer(call.name, call.arguments or {})
        except ApimPolicyError as error:
            text = types.TextContent(type="text", text=without_secrets(str(error)))
            return types.CallToolResult(content=[text], is_error=True)
        text = types.TextContent(type="text", text=json.dumps(found, ensure_ascii=False))
        return types.CallToolResult(content=[text], structured_content=found)

    async def list_resources(*_: Any) -> types.ListResourcesResult:
        return types.ListResourcesResult(
            resources=[
                types.Resource(
                    uri=f"{_ADDRESS}{name}",
                    name=name,
                    title=topic.title,
                    description=topic.description,
                    mime_type="text/markdown",
                )
                for name, topic in TOPICS.items()
            ]
        )

    async def read_resource(_: Any, asked: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        uri = str(asked.uri)
        text = page(uri.removeprefix(_ADDRESS))["text"]
        found = types.TextResourceContents(uri=uri, mime_type="text/markdown", text=text)
        return types.ReadResourceResult(contents=[found])

    return Server(
        "apimpolicy",
        version=tool_version(),
        title="Azure API Management policies",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def serve() -> int:
    """Serve the client at standard input and output. Raises ConfigurationError."""
    made = server()
    import anyio
    from mcp.server.stdio import stdio_server

    async def run() -> None:
        async with stdio_server() as (reading, writing):
            await made.run(reading, writing, made.create_initialization_options())

    anyio.run(run)
    return 0
