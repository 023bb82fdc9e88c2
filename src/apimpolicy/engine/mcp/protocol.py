"""The messages of the Model Context Protocol: requests of clients, and responses as API Management writes them.

Seen on real gateways (March and May 2026): a response is a stream of two events, `message` with compact JSON in which
.NET's encoder escapes quotes and what isn't ASCII, and `close`.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from apimpolicy.context.records import Response

HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache,no-store", "Content-Encoding": "identity"}
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
INTERNAL_ERROR = -32603
_ESCAPED = re.compile(r"""\\\\|\\"|\\u[0-9a-f]{4}|[&'+<>`\x7f]""")


class Call(NamedTuple):
    """A request, or a notification, of a client; `id` is None for a notification."""

    method: str
    params: dict[str, Any]
    id: Any = None
    is_notification: bool = False


def call_of(body: bytes | None) -> Call | str:
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
    return Call(given["method"], params if isinstance(params, dict) else {}, given.get("id"), "id" not in given)


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
