"""Messages that are not what the protocol wants: each is answered with its error, and the session goes on."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from apimpolicy.editor.language_features import FEATURES
from apimpolicy.editor.language_server import LanguageServer
from apimpolicy.editor.rpc import CANCELLED, INVALID_PARAMS, INVALID_REQUEST, REQUEST_FAILED

URI = "file:///a.xml"
POSITION = {"line": 0, "character": 1}
GOOD: dict[str, Any] = {
    "textDocument": {"uri": URI},
    "position": POSITION,
    "positions": [POSITION],
    "range": {"start": POSITION, "end": POSITION},
    "context": {"diagnostics": [], "includeDeclaration": True},
    "options": {"tabSize": 4, "insertSpaces": True},
    "newName": "x",
    "query": "",
    "command": "apimpolicy.page",
    "arguments": ["POL301"],
}
WRONG: tuple[Any, ...] = (
    None,
    5,
    -1,
    True,
    "x",
    [],
    [5],
    {},
    {"uri": 5},
    {"line": -1, "character": 0},
    {"start": None},
)


def message(**content: Any) -> bytes:
    data = json.dumps({"jsonrpc": "2.0", **content}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(data) + data


OPENED = message(id="begin", method="initialize", params={"capabilities": {}}) + message(
    method="textDocument/didOpen",
    params={"textDocument": {"uri": URI, "languageId": "xml", "version": 1, "text": "<policies />"}},
)


def answers_to(*sent: bytes, server: LanguageServer | None = None) -> list[dict[str, Any]]:
    """The answers to messages after a document was opened."""
    written = io.BytesIO()
    made = LanguageServer(io.BytesIO(OPENED + b"".join(sent)), written)
    made.run()
    found = []
    rest = written.getvalue()
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = int(head.rpartition(b":")[2])
        found.append(json.loads(rest[:length]))
        rest = rest[length:]
    return [each for each in found if "id" in each and each["id"] != "begin"]


@pytest.mark.parametrize("method", FEATURES)
def test_wrong_parameters_are_the_clients_mistake(method: str) -> None:
    sent: list[dict[str, Any] | Any] = [5, "x", [], [1], True, {}]
    for name in GOOD:
        sent.append({key: value for key, value in GOOD.items() if key != name})
        sent += [{**GOOD, name: wrong} for wrong in WRONG]
        if isinstance(GOOD[name], dict):
            sent += [{**GOOD, name: {**GOOD[name], key: wrong}} for key in GOOD[name] for wrong in WRONG]
    messages = [message(id=number, method=method, params=params) for number, params in enumerate(sent)]
    found = answers_to(*messages)
    assert [each["id"] for each in found] == list(range(len(sent)))
    for each in found:
        error = each.get("error")
        assert error is None or error["code"] in (INVALID_PARAMS, REQUEST_FAILED), (sent[each["id"]], error)
    assert sum("error" in each for each in found) >= 5


@pytest.mark.parametrize("params", [None, 5, [], {}, {"id": None}, {"id": []}, {"id": {}}, {"id": True}])
def test_a_cancellation_of_nothing_changes_nothing(params: Any) -> None:
    found = answers_to(
        message(method="$/cancelRequest", params=params), message(id=1, method="workspace/symbol", params={"query": ""})
    )
    assert found == [{"jsonrpc": "2.0", "id": 1, "result": []}]


@pytest.mark.parametrize("content", [{"id": [], "method": "x"}, {"id": {}, "method": "x"}, {"id": 1, "method": {}}])
def test_what_is_no_request(content: dict[str, Any]) -> None:
    first, second = answers_to(message(**content), message(id=2, method="workspace/symbol", params={"query": ""}))
    assert (first["id"], first["error"]["code"]) == (None, INVALID_REQUEST)
    assert second["result"] == []


def test_a_late_cancellation_leaves_nothing_behind() -> None:
    symbols = {"method": "workspace/symbol", "params": {"query": ""}}
    server = LanguageServer(io.BytesIO(), io.BytesIO())
    server._is_initialized = True
    for number in (1, "a"):
        server._waiting.add(number)  # type: ignore[arg-type]  # either is an id
        server._handle({"id": number, **symbols})
        server._cancel({"id": number})
        server._cancel({"id": "never made"})
    assert not server._cancelled
    assert not server._waiting
    server._waiting.add(1)
    server._cancel({"id": 1})
    written = server.connection._writer
    server._handle({"id": 1, **symbols})
    assert str(CANCELLED).encode() in written.getvalue()  # type: ignore[attr-defined]  # a BytesIO
    assert not server._cancelled
