"""A line for each request, for people at the terminal. Writing never blocks the event loop."""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

from apimpolicy.report.columns import printable
from apimpolicy.report.explanation import decided_by
from apimpolicy.report.result_secrets import hide_secrets_of

if TYPE_CHECKING:
    from apimpolicy.serving.dispatcher import Handled

_MOST_WAITING = 10_000
"""Lines for a terminal that does not take them; further ones are left out."""


class Summary:
    """The line of a request, field by field."""

    __slots__ = ("caller", "decided", "method", "path", "reason", "seconds", "status", "target", "time")

    def __init__(self, handled: Handled) -> None:
        request, response, result = handled.request, handled.response, handled.result
        parts = urlsplit(request.url)
        self.time = time.strftime("%H:%M:%S", time.localtime(handled.began))
        self.method = request.method
        self.path = f"{parts.path}{'?…' if parts.query else ''}"
        certificate = request.certificate
        self.caller = "" if certificate is None else f"{certificate.subject} ({certificate.thumbprint[:4]}…)"
        self.status = response.status_code
        self.reason = response.reason
        self.target = ""
        self.seconds = handled.seconds
        self.decided = handled.problem
        if result is not None:
            hide_secrets_of(result)
            if result.backend_requests:
                sent = urlsplit(result.backend_requests[-1].url)
                self.target = f"{sent.scheme}://{sent.netloc}"
            self.decided = decided_by(result)

    def __str__(self) -> str:
        answer = f"{self.status} {self.reason}".rstrip() + (f" → {self.target}" if self.target else "")
        what = "  ".join(filter(None, (f"{self.method} {self.path}", self.caller)))
        return printable(f"{self.time} {what:40} {answer:30} {self.decided}  {self.seconds * 1000:.1f} ms")


class LineWriter:
    """Writes a line for each request, in a thread of its own; a listener of `Dispatcher`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: queue.Queue[Handled | None] = queue.Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._write, name="apimpolicy-lines", daemon=True)
        self._thread.start()

    def __call__(self, handled: Handled) -> None:
        with suppress(queue.Full):
            self._waiting.put_nowait(handled)

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join(2.0)

    def _write(self) -> None:
        while True:
            handled = self._waiting.get()
            if handled is None:
                return
            try:
                self._stream.write(f"{Summary(handled)}\n")
                if self._waiting.empty():
                    self._stream.flush()
            except (OSError, ValueError):  # the reader is gone
                return
