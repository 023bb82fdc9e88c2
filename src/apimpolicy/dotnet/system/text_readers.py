"""`System.IO.StringReader`, also as the `TextReader` that it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.dotnet.collections.arguments import check_part
from apimpolicy.dotnet.exceptions import ObjectDisposedException, require
from apimpolicy.dotnet.registry import dotnet_class, interface_members, member

if TYPE_CHECKING:
    from apimpolicy.dotnet.values import Array

LINE_END = re.compile("[\r\n]")


def check_buffer(buffer: Array | None, index: int, count: int) -> None:
    """Check a part of a buffer; raises ArgumentNullException, ArgumentOutOfRangeException, ArgumentException."""
    buffer = require(buffer, "buffer", "Buffer cannot be null.")
    check_part(index, count, len(buffer))


@dotnet_class("System.IO.StringReader", members="Close=dispose")
class StringReader:
    """Reads a string from left to right."""

    __slots__ = ("_position", "_text")

    def __init__(self, text: str) -> None:
        self._text: str | None = text
        self._position = 0

    @staticmethod
    @member("new")
    def create(text: str | None) -> StringReader:
        text = require(text, "s")
        return StringReader(text)

    def _open(self) -> str:
        if self._text is None:
            raise ObjectDisposedException("Cannot read from a closed TextReader.")
        return self._text

    def peek(self) -> int:
        text = self._open()
        return ord(text[self._position]) if self._position < len(text) else -1

    @member("Read()")
    def read(self) -> int:
        found = self.peek()
        self._position += found >= 0
        return found

    @member("Read(char[], int, int)")
    def read_into(self, buffer: Array | None, index: int, count: int) -> int:
        """Return the number of characters that were read: 0 at the end."""
        check_buffer(buffer, index, count)
        assert buffer is not None
        found = self._open()[self._position : self._position + count]
        buffer[index : index + len(found)] = found
        self._position += len(found)
        return len(found)

    def read_to_end(self) -> str:
        rest = self._open()[self._position :]
        self._position += len(rest)
        return rest

    def read_line(self) -> str | None:
        """None at the end; a line ends with CR, LF or both."""
        text, start = self._open(), self._position
        if start >= len(text):
            return None
        match = LINE_END.search(text, start)
        end = match.start() if match else len(text)
        self._position = end + (2 if text[end : end + 2] == "\r\n" else 1)
        return text[start:end]

    def dispose(self) -> None:
        self._text = None


interface_members(
    "System.IO.TextReader",
    {
        "Peek": "peek",
        "int Read()": "read",
        "int Read(char[] buffer, int index, int count)": "read_into",
        "ReadBlock": "read_into",
        "ReadToEnd": "read_to_end",
        "ReadLine": "read_line",
        "Close": "dispose",
        "Dispose": "dispose",
    },
)
