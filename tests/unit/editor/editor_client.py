"""A client of the language server in one process: messages in, answers out, each held against the protocol's types."""

from __future__ import annotations

import io
import json
import os
import queue
import threading
from typing import Any

from lsprotocol import converters, types

from apimpolicy.editor.language_server import LanguageServer

_CONVERTER = converters.get_converter()
_ANSWERS = {method: response for method, (_, response, _, _) in types.METHOD_TO_TYPES.items() if response is not None}


class Pipe(io.RawIOBase):
    """A stream between two threads."""

    def __init__(self, patience: float | None = None) -> None:
        """`patience`: seconds that a reader waits at most."""
        self._chunks: queue.Queue[bytes] = queue.Queue()
        self._rest = b""
        self._patience = patience

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._chunks.put(bytes(data))
        return len(data)

    def end(self) -> None:
        self._chunks.put(b"")

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = self._chunks.get(timeout=self._patience)
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


class Client:
    """A session with a server that runs in a thread."""

    def __init__(self, *roots: str, completion: dict[str, Any] | None = None, can_move_files: bool = True) -> None:
        self._to_server, self._from_server = Pipe(), Pipe(patience=60)
        self._reader = io.BufferedReader(self._from_server)
        self.server = LanguageServer(io.BufferedReader(self._to_server), self._from_server)  # type: ignore[arg-type]
        self.code: int | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._number = 0
        self.notifications: list[dict[str, Any]] = []
        folders = [{"uri": f"file://{root}", "name": os.path.basename(root)} for root in roots]
        capabilities: dict[str, Any] = {
            "textDocument": {"completion": completion or {"completionItem": {"snippetSupport": True}}}
        }
        operations = ["rename"] if can_move_files else []
        capabilities["workspace"] = {"workspaceEdit": {"documentChanges": True, "resourceOperations": operations}}
        self.initialized = self.request(
            "initialize",
            {"processId": None, "rootUri": None, "workspaceFolders": folders, "capabilities": capabilities},
        )
        self.notify("initialized", {})

    def _run(self) -> None:
        self.code = self.server.run()

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._to_server.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)

    def notify(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _read(self) -> dict[str, Any]:
        length = 0
        while line := self._reader.readline().strip():
            length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(self._reader.read(length))
        return message

    def answer(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The whole answer, an error too."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._number and "method" not in message:
                return message
            self.notifications.append(message)

    def request(self, method: str, params: dict[str, Any]) -> Any:
        """The result of a request, which has the form that the protocol wants."""
        message = self.answer(method, params)
        assert "error" not in message, message["error"]
        if method in _ANSWERS:
            _CONVERTER.structure(message, _ANSWERS[method])
        return message["result"]

    def open(self, path: str, text: str | None = None) -> str:
        """Open a file; without a text as it is stored. Returns its URI."""
        if text is None:
            with open(path, encoding="utf-8", newline="") as file:
                text = file.read()
        uri = f"file://{path}"
        document = {"uri": uri, "languageId": "xml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def at(self, uri: str, method: str, text: str, mark: str, **more: Any) -> Any:
        """A request at a place of a text: where `mark` has its `|`."""
        place = text.index(mark.replace("|", "", 1)) + mark.index("|")
        line = text.count("\n", 0, place)
        character = place - (text.rfind("\n", 0, place) + 1)
        position = {"line": line, "character": character}
        return self.request(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": position, **more})

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """The diagnostics that the server sends next for a document."""
        while True:
            kept = [m for m in self.notifications if _is_about(m, uri)]
            if kept:
                self.notifications.remove(kept[0])
                found: list[dict[str, Any]] = kept[0]["params"]["diagnostics"]
                return found
            message = self._read()
            if "method" in message and "id" not in message:
                _CONVERTER.structure(message, types.METHOD_TO_TYPES[message["method"]][0])
            self.notifications.append(message)

    def close(self) -> int | None:
        self.request("shutdown", {})
        self.notify("exit", {})
        self._to_server.end()
        self._thread.join(10)
        return self.code


def _is_about(message: dict[str, Any], uri: str) -> bool:
    return message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri
