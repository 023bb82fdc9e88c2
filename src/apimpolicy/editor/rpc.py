"""JSON messages with a length before them, and the validation of their parameters.

The texts that an editor has open, and its positions: lines, and UTF-16 units in a line, both from 0 on.
"""

from __future__ import annotations

import json
import threading
from bisect import bisect_right
from collections.abc import Callable
from inspect import signature
from typing import IO, Any, Final, NoReturn, TypeAlias
from urllib.parse import quote, unquote, urlsplit

# JSON messages with a length before them, as language servers and debug adapters exchange them over two streams.
# Source: https://microsoft.github.io/language-server-protocol/specifications/base/0.9/specification/

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


# The validation of message parameters: reading one that is missing or of another kind raises an RpcError.
# Names have one meaning in the whole protocol, so that their kinds are checked wherever they occur.

_TEXTS: Final = ("uri", "text", "newName", "query", "command", "rootUri", "languageId")
_NUMBERS: Final = ("line", "character", "version", "tabSize")
_OBJECTS: Final = (
    *("textDocument", "position", "range", "start", "end", "context", "options", "event", "capabilities"),
)
_LISTS: Final = (
    *("contentChanges", "positions", "arguments", "changes"),
    *("workspaceFolders", "added", "removed", "diagnostics", "only"),
)
_KINDS: Final[dict[str, type]] = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(_NUMBERS, int),
    **dict.fromkeys(_OBJECTS, dict),
    **dict.fromkeys(_LISTS, list),
}
_ITEMS: Final[dict[str, type]] = {
    **dict.fromkeys((name for name in _LISTS if name not in ("arguments", "only")), dict),
    "only": str,
}
_WORDS: Final = {str: "a text", int: "a number from 0", dict: "an object", list: "a list"}
_OPTIONAL: Final = (
    *("version", "rootUri", "workspaceFolders", "context", "capabilities", "only", "range", "arguments", "changes"),
)
"""Names whose value may be null, which means that they are absent."""


class Parameters(Json):
    """An object of a message. Raises RpcError for a missing name."""

    def __missing__(self, name: str) -> NoReturn:
        raise RpcError(INVALID_PARAMS, f"the parameter '{name}' is missing")


def parameters(given: Any) -> Parameters:
    """Return the parameters of a message, checked. Raises RpcError."""
    if given is None:
        return Parameters()
    if not isinstance(given, dict):
        raise RpcError(INVALID_PARAMS, "the parameters must be an object")
    there = ((name, value) for name, value in given.items() if value is not None or name not in _OPTIONAL)
    return Parameters((name, _checked(name, value)) for name, value in there)


def _checked(name: str, value: Any) -> Any:
    kind = _KINDS.get(name)
    if kind is None:
        return value
    if type(value) is not kind or (isinstance(value, int) and value < 0 and name != "version"):
        raise RpcError(INVALID_PARAMS, f"the parameter '{name}' must be {_WORDS[kind]}")
    if name == "capabilities":  # names mean other things there
        return value
    if isinstance(value, list) and (item := _ITEMS.get(name)) is not None:
        if not all(isinstance(each, item) for each in value):
            raise RpcError(INVALID_PARAMS, f"each item of '{name}' must be {_WORDS[item]}")
        return [parameters(each) if item is dict else each for each in value]
    return parameters(value) if isinstance(value, dict) else value


def call(command: Callable[..., Any], first: Any, arguments: list[Any]) -> Any:
    """Call a command with its first argument and those of a client. Raises RpcError for wrong ones."""
    try:
        bound = signature(command).bind(first, *arguments)
    except TypeError as error:
        raise RpcError(INVALID_PARAMS, f"the command has other arguments: {error}") from None
    for name, parameter in list(signature(command).parameters.items())[1:]:
        value = bound.arguments.get(name)
        if value is not None:
            _check_argument(name, str(parameter.annotation), value)
    return command(first, *arguments)


def _check_argument(name: str, annotation: str, value: Any) -> None:
    if annotation.startswith("Json"):
        if not isinstance(value, dict):
            raise RpcError(INVALID_PARAMS, f"the argument '{name}' must be an object")
        return
    if (annotation == "list[str]") != isinstance(value, list):
        raise RpcError(INVALID_PARAMS, f"the argument '{name}' is of another kind")
    texts = value if isinstance(value, (tuple, list)) else [value]
    if not all(isinstance(each, str) for each in texts):
        raise RpcError(INVALID_PARAMS, f"the argument '{name}' must be text")


Position: TypeAlias = "dict[str, int]"
Range: TypeAlias = "dict[str, Position]"


TEST_ENDINGS: Final = (".test.yaml", ".test.yml", ".test.toml", ".test.json")


class TextDocument:
    """One text. Lines end with LF, CR LF or CR, as in the protocol."""

    def __init__(self, uri: str, text: str, version: int | None = None) -> None:
        self.uri = uri
        self.path = path_of(uri)
        self.text = text
        self.version = version
        self._starts: list[int] | None = None

    def change(self, changes: list[Json], version: int | None) -> None:
        """Apply the client's edits, one after the other."""
        for change in changes:
            span = change.get("range")
            new = change["text"]
            if span is None:
                self.text = new
            else:
                start, end = self.offset(span["start"]), self.offset(span["end"])
                self.text = self.text[:start] + new + self.text[max(start, end) :]
            self._starts = None
        self.version = version

    @property
    def is_test_file(self) -> bool:
        return self.path.lower().endswith(TEST_ENDINGS)

    @property
    def line_starts(self) -> list[int]:
        if self._starts is None:
            self._starts = line_starts(self.text)
        return self._starts

    def offset(self, position: Position) -> int:
        """Return the offset of a position; one beyond the line or the text is its end."""
        starts = self.line_starts
        line, character = position["line"], position["character"]
        if line >= len(starts):
            return len(self.text)
        start = starts[line]
        end = starts[line + 1] if line + 1 < len(starts) else len(self.text)
        content = self.text[start:end].rstrip("\r\n") if line + 1 < len(starts) else self.text[start:end]
        if content.isascii():
            return start + min(character, len(content))
        units = 0
        for index, each in enumerate(content):
            if units >= character:
                return start + index
            units += 2 if each > "\uffff" else 1
        return start + len(content)

    def position(self, offset: int) -> Position:
        offset = min(max(offset, 0), len(self.text))
        starts = self.line_starts
        line = bisect_right(starts, offset) - 1
        before = self.text[starts[line] : offset]
        units = len(before) if before.isascii() else sum(2 if each > "\uffff" else 1 for each in before)
        return {"line": line, "character": units}

    def range(self, start: int, end: int) -> Range:
        return {"start": self.position(start), "end": self.position(end)}


def line_starts(text: str) -> list[int]:
    starts = [0]
    index = 0
    while True:
        line_feed, carriage = text.find("\n", index), text.find("\r", index)
        if line_feed < 0 and carriage < 0:
            return starts
        if carriage < 0 or 0 <= line_feed < carriage:
            index = line_feed + 1
        else:
            index = carriage + (2 if text.startswith("\n", carriage + 1) else 1)
        starts.append(index)


def path_of(uri: str) -> str:
    """Return the path of a file's URI; any other URI is returned unchanged."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return uri
    path = unquote(parts.path)
    if len(path) > 2 and path[0] == "/" and path[2] == ":":
        path = path[1:]
    return f"//{parts.netloc}{path}" if parts.netloc else path


def uri_of(path: str) -> str:
    """Return the URI of a file's absolute path."""
    written = path.replace("\\", "/")
    return "file://" + quote(written if written.startswith("/") else f"/{written}", safe="/:~")
