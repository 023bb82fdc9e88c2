"""`apimpolicy serve` as a process."""

from __future__ import annotations

import http.client
import os
import re
import signal
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.processes import APIMPOLICY, start_python
from tests.unit.serving.clients import eventually

if TYPE_CHECKING:
    from pathlib import Path

URLS = re.compile(r"(http://\S+)   (https://\S+)   \(authority: (\S+)\)(?:\nrequests: (\S+)/(\S+)/)?")


class Serve:
    """The command with these arguments, on ports that are free; what it printed is in `lines`."""

    def __init__(self, home: Path, *arguments: str, ports: tuple[int, int] = (0, 0)) -> None:
        command = [*APIMPOLICY, "serve", *arguments, "--http", str(ports[0]), "--https", str(ports[1])]
        self.lines: list[str] = []
        environ = {**os.environ, "APIMPOLICY_HOME": str(home), "PYTHONUNBUFFERED": "1"}
        self.process = start_python(*command, env=environ)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert eventually(lambda: self.has_announced() or self.process.poll() is not None, 120), self.lines
        found = URLS.search("\n".join(self.lines))
        assert found is not None, self.lines
        self.http, self.https, self.authority, self.inspector, self.token = found.groups()
        assert eventually(self._answers, 120), self.lines

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def _answers(self) -> bool:
        try:
            if self.inspector:
                self.inspect("state")
            else:
                get(self.http, "/")
        except OSError:
            return False
        return True

    def has_announced(self) -> bool:
        return any(line.startswith("  ") for line in self.lines)

    def inspect(self, path: str = "", method: str = "GET", **headers: str) -> tuple[int, bytes, Any]:
        """What the inspector answers to a path behind its token."""
        return get(self.inspector, f"/{self.token}/{path}", method, **headers)

    def printed(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(40)
        self._reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def __enter__(self) -> Serve:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.end()


def get(url: str, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes, Any]:
    """Status, body and headers of an answer."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request(
            method, path, body=body, headers={name.replace("_", "-"): each for name, each in headers.items()}
        )
        response = connection.getresponse()
        return response.status, response.read(), response.headers
    finally:
        connection.close()
