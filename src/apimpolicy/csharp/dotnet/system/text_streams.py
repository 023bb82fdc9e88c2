"""Readers and writers of text, and streams over bytes: `System.IO`."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import check_part
from apimpolicy.csharp.dotnet.exceptions import ObjectDisposedException, require
from apimpolicy.csharp.dotnet.metadata import find_definition, named
from apimpolicy.csharp.dotnet.registry import (
    dotnet_class,
    implements,
    implements_all,
    implements_setter,
    interface_members,
    member,
)
from apimpolicy.csharp.dotnet.system.cultures import INVARIANT
from apimpolicy.csharp.dotnet.system.encodings import UTF16, Encoding
from apimpolicy.csharp.dotnet.system.string_builders import StringBuilder
from apimpolicy.csharp.dotnet.system.strings import format_composite, format_value
from apimpolicy.csharp.dotnet.values import Array, box

LINE_END = re.compile("[\r\n]")


def check_buffer(buffer: Array | None, index: int, count: int) -> None:
    """Check a part of a buffer; raises ArgumentNullException, ArgumentOutOfRangeException, ArgumentException."""
    check_part(index, count, len(require(buffer, "buffer", "Buffer cannot be null.")))


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
        return StringReader(require(text, "s"))

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


# `System.IO.StringWriter`, and what every `TextWriter` can do

_WRITER, _BASE = "System.IO.StringWriter", "System.IO.TextWriter"


class TextWriter:
    """Writes texts; subclasses say where to, in `put`. `provider` is an IFormatProvider, for numbers and dates."""

    __slots__ = ("_closed", "new_line", "provider")

    encoding: Encoding

    def __init__(self, provider: Any = None) -> None:
        self.provider = provider
        self.new_line = "\n"
        self._closed = False

    def put(self, text: str) -> None:
        raise NotImplementedError

    def write(self, value: str | None) -> None:
        """Raise ObjectDisposedException when the writer is closed."""
        if self._closed:
            raise ObjectDisposedException("Cannot write to a closed TextWriter.")
        self.put(value or "")

    def write_line(self, value: str | None = None) -> None:
        self.write((value or "") + self.new_line)

    def write_chars(self, buffer: Array | None, index: int, count: int) -> None:
        check_buffer(buffer, index, count)
        assert buffer is not None
        self.write("".join(buffer[index : index + count]))

    def write_line_of_chars(self, buffer: Array | None, index: int, count: int) -> None:
        self.write_chars(buffer, index, count)
        self.write_line()

    def write_builder(self, value: StringBuilder | None) -> None:
        self.write(None if value is None else value.to_string())

    def write_line_of_builder(self, value: StringBuilder | None) -> None:
        self.write_line(None if value is None else value.to_string())

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""

    def dispose(self) -> None:
        self._closed = True


@dotnet_class(_WRITER)
class StringWriter(TextWriter):
    """Writes into a StringBuilder; what was written can still be read when it is closed."""

    __slots__ = ("builder",)

    encoding = Encoding("utf-16", 1200, UTF16.display_name, UTF16.codec, "UnicodeEncoding")
    """UTF-16 without a byte order mark, by name only."""

    def __init__(self, builder: StringBuilder, provider: Any = None) -> None:
        super().__init__(provider)
        self.builder = builder

    def put(self, text: str) -> None:
        self.builder.append(text)

    def get_string_builder(self) -> StringBuilder:
        return self.builder

    def to_string(self) -> str:
        return self.builder.to_string()


def _shower(type_name: str) -> Callable[[Any, Any], str]:
    if type_name == "char[]":
        return lambda chars, _: "".join(chars or ())
    type_ = named(type_name)
    return lambda value, provider: format_value(box(type_, value), None, provider)


def _writing() -> dict[str, Callable[..., Any]]:
    """Signatures of `TextWriter` with what they do."""
    members: dict[str, Callable[..., Any]] = {
        "void Close()": lambda writer: writer.dispose(),
        "void Dispose()": lambda writer: writer.dispose(),
        "void Flush()": lambda writer: writer.flush(),
        "void WriteLine()": lambda writer: writer.write_line(),
        "System.Text.Encoding Encoding { get; }": lambda writer: writer.encoding,
        "System.IFormatProvider FormatProvider { get; }": lambda writer: writer.provider or INVARIANT,
        "string NewLine { get; set; }": lambda writer: writer.new_line,
    }
    numbers = ("int", "uint", "long", "ulong", "float", "double", "decimal")
    showers = [(name, _shower(name)) for name in ("char", "char[]", "bool", *numbers, "string", "object")]
    part, builder = "char[] buffer, int index, int count", "System.Text.StringBuilder value"
    for method, write, write_chars, write_builder in (
        ("Write", TextWriter.write, TextWriter.write_chars, TextWriter.write_builder),
        ("WriteLine", TextWriter.write_line, TextWriter.write_line_of_chars, TextWriter.write_line_of_builder),
    ):
        for name, show in showers:
            parameter = "buffer" if name == "char[]" else "value"
            members[f"void {method}({name} {parameter})"] = lambda writer, value, show=show, write=write: write(
                writer, show(value, writer.provider)
            )
        for arguments in ("object arg0", "object arg0, object arg1", "object arg0, object arg1, object arg2"):
            members[f"void {method}(string format, {arguments})"] = lambda writer, format_, *given, write=write: write(
                writer, format_composite(format_, given, writer.provider)
            )
        members[f"void {method}(string format, params object[] arg)"] = lambda writer, format_, given, write=write: (
            write(writer, format_composite(format_, given, writer.provider))
        )
        members[f"void {method}({part})"] = write_chars
        members[f"void {method}({builder})"] = write_builder
    return members


def register_writing(type_name: str) -> None:
    """Register all that the surface's type declares and every writer can do."""
    declared = {found.signature for found in find_definition(type_name).all_members()}
    for signature, function in _writing().items():
        if signature in declared:
            implements(type_name, signature)(function)


register_writing(_BASE)
register_writing(_WRITER)


@implements_setter(_BASE, "NewLine")
def _set_new_line(writer: TextWriter, value: str | None) -> None:
    writer.new_line = "\n" if value is None else value


implements_all(_WRITER, {"new()": lambda provider=None: StringWriter(StringBuilder(), provider)})
implements_all(
    _WRITER,
    {
        "new(IFormatProvider)": lambda provider=None: StringWriter(StringBuilder(), provider),
        "new": lambda builder, provider=None: StringWriter(require(builder, "sb"), provider),
    },
)
