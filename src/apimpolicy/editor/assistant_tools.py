"""The tools for coding assistants: names, descriptions and schemas, the calls that they make, and the server for them.

Every tool that works on a policy takes its settings in the form that test files have, so that what an assistant has
tried can be written down as a test.

The server speaks the Model Context Protocol: the tools, and pages as resources.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from apimpolicy.editor import isolated_calls
from apimpolicy.editor.named_paths import is_document, own_folders
from apimpolicy.editor.pages import TOPICS, page_named
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.project.authority import Role
from apimpolicy.report.columns import tool_version
from apimpolicy.report.outputs.json_schema import output_schema
from apimpolicy.testing.claims.format import CLAIM
from apimpolicy.testing.format import CASE, EXPECT, GIVEN, REQUEST, Keys
from apimpolicy.text.invisible import visible
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from apimpolicy.editor.rpc import Json

    Schema = Json
    Arguments = Json
    Call = tuple[str, Arguments]
    """An action of `isolated_calls`, and its arguments."""

_DESCRIBED: Final = 1
"""Levels of an answer's schema that have descriptions."""
_UNDESCRIBED: Final = ("stand_ins", "problems", "mcp", "inventory", "matrix", "unseen_texts")
"""Fields that few answers have, and whose schema is long."""
MOST_ENTRIES: Final = 60
"""Entries of a trace that an answer has."""


class Tool(NamedTuple):
    """A tool: the row of `assistant_tools.toml` with its schemas, and the function that makes the call."""

    name: str
    title: str
    description: str
    parameters: dict[str, Schema]
    required: list[str]
    output: Schema
    call: Callable[[Arguments], Call]

    def input_schema(self) -> Schema:
        required = {"required": self.required} if self.required else {}
        return {"type": "object", "properties": self.parameters, **required, "additionalProperties": False}


def _table(description: str, keys: Keys) -> Schema:
    """Return the schema of a table with its keys; the reader of test files checks the values."""
    properties = {key: {"description": f"{meaning} Example: {example}"} for key, (_, meaning, example) in keys.items()}
    return {"type": "object", "description": description, "properties": properties}


def _list(description: str, items: Schema) -> Schema:
    return {"type": "array", "items": items, "minItems": 1, "description": description}


def _schemas_of_test_files() -> dict[str, Schema]:
    """Return the schemas of parameters whose keys and meanings the format of test files declares."""
    parts = ("name", "each", "steps", "gateway", "backend", "now")
    case = {
        **{key: {"description": CASE[key][1]} for key in parts},
        "request": _table("The request; GET / unless given.", REQUEST),
        "expect": _table("The expected response.", EXPECT),
    }
    about_cases = "Test cases, as in a test file (page test-files)."
    about_claims = (
        "Claims about every request, as in a test file (page claims), or names of claims such as authenticated."
    )
    return {
        **{
            key: {"type": ["object", "array"], "description": f"{GIVEN[key][1]} Example: {GIVEN[key][2]}"}
            for key in ("backend", "outside")
        },
        "variables": {"type": "object", "description": GIVEN["variables"][1]},
        "request": _table('The request; {"get": "/"} unless given.', REQUEST),
        "cases": _list(about_cases, {"type": "object", "properties": case, "required": ["name"]}),
        "claims": _list(about_claims, {"anyOf": [{"type": "string"}, _table("A claim.", CLAIM)]}),
    }


def _output(row: Json) -> Schema:
    """Return the schema of the texts in `result`, or of what a command prints as JSON."""
    if "result" in row:
        properties = {name: {"type": "string", "description": text} for name, text in row["result"].items()}
        required = [name for name in properties if name not in row.get("optional", ())]
        return {"type": "object", "properties": properties, "required": required}
    found: Schema = output_schema(f"{row['output']}-output", without=_UNDESCRIBED)
    for key in ("$schema", "$id", "title"):
        found.pop(key, None)
    _shorten(found, _DESCRIBED)
    found["properties"]["left_out"] = {"type": "string", "description": "What is not listed, to keep the answer short."}
    return found


def _shorten(schema: Any, levels: int) -> None:
    """Remove descriptions and required fields below so many levels: conversations begin with the list of tools."""
    if isinstance(schema, list):
        for each in schema:
            _shorten(each, levels)
    elif isinstance(schema, dict):
        if levels < 0 and isinstance(schema.get("description"), str):
            del schema["description"]
        if levels < 0 and isinstance(schema.get("required"), list):
            del schema["required"]
        for name, each in schema.items():
            _shorten(each, -1 if name == "definitions" else levels - (name in ("properties", "items")))


def _setting(arguments: Arguments) -> Arguments:
    """Return arguments under the names that test files have for them."""
    return {name.replace("_", "-"): value for name, value in arguments.items()}


def _check(arguments: Arguments) -> Call:
    options = dict(arguments)
    policy, gateway = options.pop("policy"), options.pop("gateway", None) or {}
    named_values = options.pop("named_values", None)
    options["gateway"] = options.pop("gateway_kind", None)
    if is_document(policy):
        options["settings"] = _toml(gateway, named_values)
        named_values = None
    elif gateway:
        raise ConfigurationError("'gateway' goes with a policy that is given as a text; name a file's as 'config'")
    return "check", {"policy": policy, "named_values": named_values, **options}


def _toml(gateway: Arguments, named_values: Arguments | None) -> str:
    """Return settings as a configuration; what depends on the test authority is declared by name only."""
    from apimpolicy.project.toml_text import to_toml

    settings = {name.replace("_", "-"): value for name, value in gateway.items()}
    external = [f"certificates/{name}" for name in settings.pop("certificates", None) or ()]
    for key in ("trusted-roots", "intermediates", "unreachable-revocation-lists"):
        settings.pop(key, None)
    given = {**settings.pop("named-values", {}), **(named_values or {})}
    external += [f"named-values/{name}" for name, value in given.items() if isinstance(value, dict)]
    if texts := {name: value for name, value in given.items() if isinstance(value, str)}:
        settings["named-values"] = texts
    return to_toml({**settings, "external": [*settings.get("external", ()), *external]})


def _new_test(arguments: Arguments) -> Call:
    options = dict(arguments)
    gateway, named_values = options.pop("gateway", None) or {}, options.pop("named_values", None)
    if (gateway or named_values) and not is_document(options["policy"]):
        raise ConfigurationError("'gateway' and 'named_values' go with a policy that is given as a text")
    return "new_test", {**options, "settings": _toml(gateway, named_values)}


def _path_or_policy(arguments: Arguments, what: str) -> Arguments:
    """Return the arguments of a call about files below a path, or about a policy. Raises ConfigurationError."""
    setting = _setting(arguments)
    names = [setting.pop("name")] if setting.get("name") else []
    if ("path" in setting) == ("policy" in setting) or ("policy" in setting) != (what in setting):
        raise ConfigurationError(f"give 'path' (test files), or 'policy' together with '{what}'")
    if "path" in setting and (wrong := [key for key in setting if key not in ("path", "seconds")]):
        raise ConfigurationError(f"'{wrong[0]}' goes with 'policy' and '{what}'; test files have settings of their own")
    return {"names": names, **setting}


def _without(arguments: Arguments, key: str) -> Arguments:
    return {name: given for name, given in arguments.items() if name != key}


_CALLS: Final[dict[str, Callable[[Arguments], Call]]] = {
    "check": _check,
    "run": lambda arguments: ("run", {"most_entries": MOST_ENTRIES, **_setting(arguments)}),
    "explain": lambda arguments: ("explain", _setting(arguments)),
    "evaluate": lambda arguments: ("evaluate", _setting(arguments)),
    "new_test": _new_test,
    "run_tests": lambda arguments: ("run_cases", _path_or_policy(arguments, "cases")),
    "prove": lambda arguments: ("prove", _path_or_policy(arguments, "claims")),
    "audit": lambda arguments: ("audit", {**_without(arguments, "path"), "service": arguments["path"]}),
    "diff": lambda arguments: ("diff", arguments),
    "format": lambda arguments: ("format_policy", arguments),
    "page": lambda arguments: ("page", arguments),
}


def _read() -> tuple[str, tuple[Tool, ...]]:
    """Read the instructions and the tools."""
    text = resources.files("apimpolicy.editor").joinpath("assistant_tools.toml").read_text("utf-8")
    rows = tomllib.loads(text.replace("{topics}", ", ".join(TOPICS)))
    schemas = {**rows["schemas"], **_schemas_of_test_files()}
    settings = {name: schemas[name] for name in _SETTINGS}
    tools = []
    for row in rows["tools"]:
        parameters = {
            name: schemas.get(given, {"type": "string", "description": given}) if isinstance(given, str) else given
            for name, given in row["parameters"].items()
        } | (settings if row.get("settings") else {})
        name, title, description = row["name"], row["title"], row["description"]
        required = row.get("required", [])
        tools.append(Tool(name, title, description, parameters, required, _output(row), _CALLS[name]))
    return rows["instructions"], tuple(tools)


_SETTINGS: Final = (
    *("scopes", "config", "gateway", "named_values", "certificates", "identity_providers", "now"),
    *("backend", "outside", "variables"),
)
INSTRUCTIONS, TOOLS = _read()


def page(name: str) -> dict[str, str]:
    """Return a page. Raises ConfigurationError where there is none."""
    text = page_named(name)
    if not text:
        raise ConfigurationError(f"unknown page '{name}'{_meant_page(name)}")
    return {"name": name, "text": text}


def _meant_page(name: str) -> str:
    """Return which page may be meant: a topic, a policy or a rule's code."""
    from apimpolicy.declarations import declared
    from apimpolicy.gateway.policies import registry

    codes = (each["code"] for each in declared()["rules"].values())
    meant = registry.did_you_mean(name, (*TOPICS, *registry.names(), *codes))
    return f"; {meant}" if meant else f"; the topics are {', '.join(TOPICS)}"


def _visible(value: Any) -> Any:
    """Return data whose texts have nothing that only an assistant sees."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(name): _visible(each) for name, each in value.items()}
    return [_visible(each) for each in value] if isinstance(value, list) else value


_EXACT: Final = frozenset({"format", "new_test"})
"""Tools whose texts are files, which keep each character."""
_ADDRESS: Final = "apimpolicy://pages/"
_BY_NAME: Final = {tool.name: tool for tool in TOOLS}


async def answer(name: str, arguments: Json, folders: Sequence[str]) -> Json:
    """Return the answer of a tool, which uses nothing outside of folders.

    Raises ConfigurationError for what an assistant can put right.
    """
    tool = _BY_NAME.get(name)
    if tool is None:
        raise ConfigurationError(f"there is no tool '{name}'; there are {', '.join(_BY_NAME)}")
    _check_arguments(tool.input_schema(), arguments)
    action, given = tool.call(arguments)
    found: Json = page(**given) if action == "page" else await _isolated(action, given, folders)
    return found


def _check_arguments(schema: Json, arguments: Json) -> None:
    import jsonschema_rs

    error = next(jsonschema_rs.validator_for(schema).iter_errors(arguments), None)
    if error is not None:
        place = "/".join(map(str, error.instance_path))
        raise ConfigurationError(f"{f'{place}: ' if place else ''}{error.message[:500]}")


async def _isolated(action: str, arguments: Json, folders: Sequence[str]) -> Any:
    """Call a function in a process of its own; a call that the client cancels ends it."""
    import anyio

    sent = isolated_calls.message(action, arguments, Role.ASSISTANT, folders)
    with anyio.move_on_after(isolated_calls.MOST_SECONDS):
        done = await anyio.run_process(isolated_calls.command(), input=sent, check=False)
        return isolated_calls.result_of(action, done.returncode, done.stdout, done.stderr)
    raise isolated_calls.too_slow(action)


def server(named: Sequence[str] = ()) -> Server[Any]:
    """Return the server for the folders that the user names, or for the checkout that it starts in.

    Raises ConfigurationError when the package `mcp` is not installed.
    """
    try:
        from mcp import types
        from mcp.server.lowlevel import Server
    except ImportError:
        raise ConfigurationError("`apimpolicy mcp` needs the package mcp: pip install 'apimpolicy[mcp]'") from None

    folders = own_folders(named)
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
            found = await answer(call.name, call.arguments or {}, folders)
        except ApimPolicyError as error:
            text = types.TextContent(type="text", text=visible(without_secrets(str(error))))
            return types.CallToolResult(content=[text], is_error=True)
        if call.name not in _EXACT:
            found = _visible(found)
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


def serve(named: Sequence[str] = ()) -> int:
    """Serve the client at standard input and output. Raises ConfigurationError."""
    made = server(named)
    import anyio
    from mcp.server.stdio import stdio_server

    async def run() -> None:
        async with stdio_server() as (reading, writing):
            await made.run(reading, writing, made.create_initialization_options())

    anyio.run(run)
    return 0
