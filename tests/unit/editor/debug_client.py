"""A client of the debug adapter in one process."""

from __future__ import annotations

import io
import json
import threading
from typing import Any

from editor_client import Pipe

from apimpolicy.editor.debug_adapter import DebugAdapter


class DebugClient:
    """A session with an adapter that runs in a thread."""

    def __init__(self) -> None:
        self._to, self._from = Pipe(), Pipe(patience=60)
        self._reader = io.BufferedReader(self._from)
        adapter = DebugAdapter(io.BufferedReader(self._to), self._from)  # type: ignore[arg-type]
        self._thread = threading.Thread(target=adapter.run, daemon=True)
        self._thread.start()
        self._number = 0
        self.events: list[dict[str, Any]] = []
        self.ask("initialize", adapterID="apimpolicy")
        self.event("initialized")

    def _read(self) -> dict[str, Any]:
        length = 0
        while line := self._reader.readline().strip():
            length = int(line.partition(b":")[2])
        message: dict[str, Any] = json.loads(self._reader.read(length))
        return message

    def answer(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The whole answer, a refusal too."""
        self._number += 1
        message = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(message).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        while True:
            found = self._read()
            if found["type"] == "response" and found["request_seq"] == self._number:
                return found
            self.events.append(found)

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """The body of an answer."""
        found = self.answer(command, **arguments)
        assert found["success"], found
        body: dict[str, Any] = found["body"]
        return body

    def event(self, *names: str) -> dict[str, Any]:
        """The next event of one of these names, with what it says."""
        while True:
            for index, event in enumerate(self.events):
                if event.get("event") in names:
                    del self.events[: index + 1]
                    return event
            self.events.append(self._read())

    def output(self) -> str:
        """What the adapter has printed, up to the end of the session."""
        texts = []
        while True:
            event = self.event("output", "terminated")
            if event["event"] == "terminated":
                return "".join(texts)
            texts.append(event["body"]["output"])

    def where(self) -> tuple[str, int, str]:
        """The innermost frame: its name, line, and the text of the file that it covers."""
        frame = self.ask("stackTrace", threadId=1)["stackFrames"][0]
        with open(frame["source"]["path"], encoding="utf-8") as file:
            lines = file.read().split("\n")
        first = lines[frame["line"] - 1][frame["column"] - 1 :]
        text = first if frame["endLine"] > frame["line"] else first[: frame["endColumn"] - frame["column"]]
        return frame["name"], frame["line"], text

    def close(self) -> None:
        self.ask("disconnect")
        self._thread.join(10)
        assert not self._thread.is_alive()
