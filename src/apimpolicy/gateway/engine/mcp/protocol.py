"""The messages of the Model Context Protocol: requests of clients, and responses as API Management writes them.

Seen on real gateways (March and May 2026): a response is a stream of two events, `message` with compact JSON in which
.NET's encoder escapes quotes and what isn't ASCII, and `close`.

The input schema of a tool, also seen (March 2026): parameters of the template and the query are properties under their
own names, always of the type string; those of the template and the body are required, and what else the operation
requires; a JSON body is one property with the name of its definition, an object whose properties are all required.
Documented by Microsoft staff: headers of the operation are arguments.

What no source shows makes a call undecided: other arguments, missing ones, objects and arrays in a URL, a body without
a definition's name (unless one argument is left for it).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from apimpolicy.gateway.context.description import HEADER, PATH, QUERY, OperationDefinition, definition_name, pointed_at
from apimpolicy.gateway.context.records import Response
from apimpolicy.text.source import from_utf16

HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache,no-store", "Content-Encoding": "identity"}
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
INTERNAL_ERROR = -32603
_ESCAPED = re.compile(r"""\\\\|\\"|\\u[0-9a-f]{4}|[&'+<>`\x7f]""")


class JsonRpcRequest(NamedTuple):
    """A request, or a notification, of a client; `id` is None for a notification."""

    method: str
    params: dict[str, Any]
    id: Any = None
    is_notification: bool = False


def call_of(body: bytes | None) -> JsonRpcRequest | str:
    """Return the request in a body, or the reason why it has none."""
    if not body:
        return "the request has no body: a policy read it without preserveContent, or the client sent none"
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        return "the body isn't JSON"
    if isinstance(given, list):
        return "the body is a batch of messages"
    if not isinstance(given, dict) or given.get("jsonrpc") != "2.0" or not isinstance(given.get("method"), str):
        return "the body isn't a request of JSON-RPC 2.0"
    params = given.get("params")
    return JsonRpcRequest(
        given["method"], params if isinstance(params, dict) else {}, given.get("id"), "id" not in given
    )


def accepts_stream(accept: str | None) -> bool:
    """Return whether a client accepts a stream of events, by its header Accept."""
    ranges = [each.partition(";")[0].strip().lower() for each in (accept or "*/*").split(",")]
    return any(each in ("*/*", "text/*", "text/event-stream") for each in ranges)


def result_response(id_: Any, result: dict[str, Any]) -> Response:
    return _stream({"jsonrpc": "2.0", "id": id_, "result": result})


def error_response(id_: Any, code: int, message: str) -> Response:
    return _stream({"jsonrpc": "2.0", "id": id_, "error": {"code": code, "message": message}})


def message_in(response: Response) -> Any:
    """Return the message of JSON-RPC in a response; None without one."""
    lines = [line[5:].strip() for line in response.text.split("\n") if line.startswith("data:")]
    try:
        return json.loads(lines[0]) if lines else response.json()
    except ValueError:
        return None


def to_json(value: Any) -> str:
    """Return compact JSON as .NET's System.Text.Json writes it.

    >>> to_json({"name": "the `id`'s é"})
    '{"name":"the \\\\u0060id\\\\u0060\\\\u0027s \\\\u00E9"}'
    """
    return _ESCAPED.sub(_escape, json.dumps(value, separators=(",", ":")))


def _escape(found: re.Match[str]) -> str:
    text = found[0]
    if text == "\\\\":
        return text
    if len(text) == 6:
        return "\\u" + text[2:].upper()
    return f"\\u{ord(text[-1]):04X}"


def _stream(message: dict[str, Any]) -> Response:
    body = f"event: message\ndata: {to_json(message)}\n\nevent: close\ndata: \n\n"
    return Response(200, headers=HEADERS, body=body)


_PLACEHOLDER = re.compile(r"\{\*?([^{}/]+)\}")
_DEEPEST = 16
_MOST_PARTS = 5_000


class Input(NamedTuple):
    """The arguments of a tool.

    `properties` are schemas by name; `unknown` is what of the schema isn't known; `body` is the name of the argument
    that is the body: None without a body, empty where the name isn't known.
    """

    properties: dict[str, dict[str, Any]]
    required: list[str]
    body: str | None
    places: dict[str, str]
    unknown: str = ""

    @property
    def schema(self) -> dict[str, Any]:
        """The schema as `tools/list` has it."""
        return _object(self.properties, self.required)


class ToolRequest(NamedTuple):
    """The request of a call; `unknown` is the reason why no source states it."""

    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    unknown: str = ""


def input_of(operation: OperationDefinition, definitions: Mapping[str, Any]) -> Input:
    """Return the arguments of the operation's tool; `definitions` are what `$ref` in its schemas points into."""
    properties: dict[str, dict[str, Any]] = {}
    places: dict[str, str] = {}
    required: list[str] = []
    described = {
        (described_parameter.location, described_parameter.name): described_parameter
        for described_parameter in operation.parameters
    }
    template = from_utf16(operation.operation.url_template)
    in_template = _PLACEHOLDER.findall(template)
    keys = [(PATH, name) for name in in_template]
    keys += [key for key in described if key[0] in (QUERY, HEADER) and key[1] not in in_template]
    for location, name in keys:
        parameter = described.get((location, name))
        properties[name] = {"type": "string"}
        if parameter is not None and parameter.description:
            properties[name]["description"] = parameter.description
        places[name] = location
        if location == PATH or (parameter is not None and parameter.required):
            required.append(name)
    content = next((body_content for body_content in operation.contents if "json" in body_content.media_type), None)
    if content is None:
        unknown = "no source shows the argument of a body that isn't JSON" if operation.contents else ""
        return Input(properties, required, "" if operation.contents else None, places, unknown)
    body = definition_name(content.schema)
    if not body:
        return Input(properties, required, "", places, "the body has no definition whose name its argument could have")
    properties[body] = _Expansion(definitions).of(content.schema)
    required.append(body)
    return Input(properties, required, body, places)


def example_of(schema: Mapping[str, Any]) -> Any:
    """Return a value that conforms to the schema of a tool: `1`, also as a text, and all properties of an object."""
    match schema.get("type"):
        case "object":
            return {name: example_of(each) for name, each in schema.get("properties", {}).items()}
        case "array":
            return []
        case "boolean":
            return True
        case "integer" | "number":
            return 1
    return "1"


def request_of(operation: OperationDefinition, given: Input, arguments: Mapping[str, Any]) -> ToolRequest:
    """Return the path below the API, the headers and the body of a call with these arguments."""
    rest = {name: value for name, value in arguments.items() if name not in given.places and name != given.body}
    body = arguments.get(given.body) if given.body else None
    if given.body == "" and len(rest) == 1:
        body = next(iter(rest.values()))
    elif rest:
        return ToolRequest(unknown=f"no source states what happens with the argument {_listed(rest)}")
    missing = [name for name in given.required if name not in arguments]
    if missing:
        return ToolRequest(unknown=f"no source states what happens without the argument {_listed(missing)}")
    values = {name: arguments[name] for name in given.places if name in arguments}
    composed = [name for name, value in values.items() if isinstance(value, dict | list) or value is None]
    if composed:
        return ToolRequest(unknown=f"no source states how the argument {_listed(composed)} is written in a request")
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    template = from_utf16(operation.operation.url_template)
    path = _PLACEHOLDER.sub(lambda found: quote(texts.get(found[1], ""), safe="/" if "*" in found[0] else ""), template)
    query = [f"{quote(name, safe='$')}={quote(text, safe='')}" for name, text in _in(given, texts, QUERY)]
    if query:
        path += ("&" if "?" in path else "?") + "&".join(query)
    content = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return ToolRequest(path, tuple(_in(given, texts, HEADER)), content)


def _in(given: Input, texts: Mapping[str, str], location: str) -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in texts.items() if given.places[name] == location)


def _listed(names: Any) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _object(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


class _Expansion:
    """Expands definitions in which every property is required; what is deeper or larger than the bounds is left out."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self.parts = 0

    def of(self, schema: Any, depth: int = 0) -> dict[str, Any]:
        """Return a schema without references and options."""
        self.parts += 1
        for _ in range(_DEEPEST):
            if isinstance(schema, dict) and "$ref" in schema:
                schema = pointed_at(self.definitions, str(schema["$ref"]))
        if not isinstance(schema, dict) or depth > _DEEPEST or self.parts > _MOST_PARTS:
            return {}
        found = {key: schema[key] for key in ("type", "description") if key in schema}
        properties = schema.get("properties")
        if isinstance(properties, dict):
            inside = {name: self.of(each, depth + 1) for name, each in properties.items()}
            return found | _object(inside, list(inside))
        if "items" in schema:
            found["items"] = self.of(schema["items"], depth + 1)
        return found
