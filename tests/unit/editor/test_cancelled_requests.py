"""Requests that the client takes back."""

from __future__ import annotations

import io
import json
import re
from typing import Any

from apimpolicy.editor.language_server import LanguageServer
from apimpolicy.editor.rpc import CANCELLED


def message(**content: Any) -> bytes:
    data = json.dumps({"jsonrpc": "2.0", **content}).encode()
    return b"Content-Length: %d\r\n\r\n" % len(data) + data


def test_a_request_that_is_cancelled_before_its_turn_is_not_worked_on() -> None:
    symbols = {"method": "workspace/symbol", "params": {"query": ""}}
    sent = (
        message(id=1, method="initialize", params={"capabilities": {}})
        + message(id=2, **symbols)
        + message(id=3, **symbols)
        + message(method="$/cancelRequest", params={"id": 2})
    )
    answers = io.BytesIO()
    server = LanguageServer(io.BytesIO(sent), answers)
    server._read()  # everything is there before the first request is handled
    assert server.run() == 1
    texts = re.findall(r"\{.*?\}(?=Content-Length|\Z)", answers.getvalue().decode().replace("\r\n\r\n", ""), re.DOTALL)
    found = {answer["id"]: answer for answer in map(json.loads, texts)}
    assert found[2]["error"]["code"] == CANCELLED
    assert found[3]["result"] == []
