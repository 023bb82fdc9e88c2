"""JSON messages with a length before them, as language servers and debug adapters exchange them over two streams.

Source: https://microsoft.github.io/language-server-protocol/specifications/base/0.9/specification/
"""

from __future__ import annotations

import json
import threading
from typing import IO, Any, Final

Json = dict[str, Any]
"""A JSON object: a message, or a part of one."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""The limit of one message: a longer one is an error."""

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
CANCELLED: Final = -32800
REQUEST_FAILED: Final = -32803
SERVER_NOT_INITIALIZED: Final = -32002


class RpcError(Exception):
    """An error response to a request: a code of the protocol, and a sentence."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Connection:
    """Two streams of bytes. Messages may be written from several threads."""

    def __init__(self, reader: IO[bytes], writer: IO[bytes]) -> None:
        self._reader = reader
        self._writer = writer
        self._lock = threading.Lock()

    def read(self) -> Json | None:
        """Return the next message; None at the end of the stream. Raises RpcError for an invalid message."""
        length = self._length()
        if length is None:
            return None
        data = self._reader.read(length)
        if len(data) < length:
            return None
        try:
            message = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise RpcError(PARSE_ERROR, f"the message is not JSON: {error}") from None
        if not isinstance(message, dict):
            raise RpcError(INVALID_REQUEST, "a message is an object")
        return message

    def _length(self) -> int | None:
        length: int | None = None
        while True:
            line = self._reader.readline(1000)
            if not line:
                return None
            line = line.strip()
            if not line:
                if length is not None:
                    return length
                continue
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                digits = value.strip()
                if not digits.isdigit() or int(digits) > MOST_BYTES:
                    raise RpcError(PARSE_ERROR, "the length of the message is not a number, or too large")
                length = int(digits)

    def write(self, message: Json) -> None:
        """Send one message; a closed stream is no error."""
        data = json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        data = data if b"\xed" not in data else _without_surrogates(data)
        with self._lock:
            try:
                self._writer.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
                self._writer.flush()
            except (OSError, ValueError):
                return


def _without_surrogates(data: bytes) -> bytes:
    return data.decode("utf-8", "replace").encode()
