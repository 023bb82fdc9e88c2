"""The texts that an editor has open, and its positions: lines, and UTF-16 units in a line, both from 0 on."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from apimpolicy.editor.rpc import Json

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
