"""`System.IO.StringReader` and `StringWriter`."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.exceptions import ArgumentNullException, ObjectDisposedException
from apimpolicy.dotnet.registry import dotnet_class, implements, interface_members, member
from apimpolicy.dotnet.system.string_builders import StringBuilder


@dotnet_class("System.IO.StringReader")
class StringReader:
    """Reads a string from left to right."""

    __slots__ = ("_position", "_text")

    def __init__(self, text: str) -> None:
        self._text: str | None = text
        self._position = 0

    @staticmethod
    @member("new(string s)")
    def create(text: str | None) -> StringReader:
        if text is None:
            raise ArgumentNullException("s")
        return StringReader(text)

    def _open(self) -> str:
        if self._text is None:
            raise ObjectDisposedException("Cannot read from a closed TextReader.")
        return self._text

    @member("int Peek()")
    def peek(self) -> int:
        text = self._open()
        return ord(text[self._position]) if self._position < len(text) else -1

    @member("int Read()")
    def read(self) -> int:
        found = self.peek()
        self._position += found >= 0
        return found

    @member("string ReadToEnd()")
    def read_to_end(self) -> str:
        rest = self._open()[self._position :]
        self._position += len(rest)
        return rest

    @member("string ReadLine()")
    def read_line(self) -> str | None:
        """None at the end; a line ends with CR, LF or both."""
        text, start = self._open(), self._position
        if start >= len(text):
            return None
        ends = [end for end in (text.find("\r", start), text.find("\n", start)) if end >= 0]
        end = min(ends, default=len(text))
        self._position = end + (2 if text[end : end + 2] == "\r\n" else 1)
        return text[start:end]

    @member("void Close()")
    def close(self) -> None:
        self._text = None


interface_members(
    "System.IO.TextReader",
    {
        "int Peek()": "peek",
        "int Read()": "read",
        "string ReadToEnd()": "read_to_end",
        "string ReadLine()": "read_line",
        "void Close()": "close",
        "void Dispose()": "close",
    },
)


@dotnet_class("System.IO.StringWriter")
class StringWriter:
    """Writes into a StringBuilder."""

    __slots__ = ("builder",)

    def __init__(self, builder: StringBuilder) -> None:
        self.builder = builder

    @member("System.Text.StringBuilder GetStringBuilder()")
    def get_string_builder(self) -> StringBuilder:
        return self.builder

    @member("void Write(char value)")
    @member("void Write(string value)")
    def write(self, value: str | None) -> None:
        self.builder.append(value or "")

    @member("string ToString()")
    def to_string(self) -> str:
        return self.builder.to_string()

    @member("void Close()")
    def close(self) -> None:
        """What was written can still be read."""


@implements("System.IO.StringWriter", "new()")
@implements("System.IO.StringWriter", "new(System.IFormatProvider formatProvider)")
def _new(_provider: Any = None) -> StringWriter:
    return StringWriter(StringBuilder())


@implements("System.IO.StringWriter", "new(System.Text.StringBuilder sb)")
@implements("System.IO.StringWriter", "new(System.Text.StringBuilder sb, System.IFormatProvider formatProvider)")
def _new_builder(builder: StringBuilder | None, _provider: Any = None) -> StringWriter:
    if builder is None:
        raise ArgumentNullException("sb")
    return StringWriter(builder)
