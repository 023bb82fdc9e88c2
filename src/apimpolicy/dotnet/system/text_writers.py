"""`System.IO.StringWriter`, also as the `TextWriter` that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import ArgumentNullException, ObjectDisposedException
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_setter, member
from apimpolicy.dotnet.system.encodings import UTF16, Encoding
from apimpolicy.dotnet.system.objects import text
from apimpolicy.dotnet.system.string_builders import StringBuilder
from apimpolicy.dotnet.system.strings import format_composite
from apimpolicy.dotnet.system.tasks import TASK, TOKEN, finished
from apimpolicy.dotnet.system.text_readers import check_buffer
from apimpolicy.dotnet.values import box

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.values import Array

_WRITER, _BASE = "System.IO.StringWriter", "System.IO.TextWriter"


@dotnet_class(_WRITER, attributes={"Encoding": "encoding"})
class StringWriter:
    """Writes into a StringBuilder."""

    __slots__ = ("_closed", "builder", "new_line")

    def __init__(self, builder: StringBuilder) -> None:
        self.builder = builder
        self.new_line = "\n"
        self._closed = False

    @property
    def encoding(self) -> Encoding:
        return UTF16_PLAIN

    @member("System.Text.StringBuilder GetStringBuilder()")
    def get_string_builder(self) -> StringBuilder:
        return self.builder

    @member("void Write(char value)")
    @member("void Write(string value)")
    def write(self, value: str | None) -> None:
        """Raises ObjectDisposedException when the writer is closed."""
        if self._closed:
            raise ObjectDisposedException("Cannot write to a closed TextWriter.")
        self.builder.append(value or "")

    def write_line(self, value: str | None) -> None:
        self.write((value or "") + self.new_line)

    @member("void Write(char[] buffer, int index, int count)")
    def write_chars(self, buffer: Array | None, index: int, count: int) -> None:
        check_buffer(buffer, index, count)
        assert buffer is not None
        self.write("".join(buffer[index : index + count]))

    def write_line_of_chars(self, buffer: Array | None, index: int, count: int) -> None:
        self.write_chars(buffer, index, count)
        self.write_line("")

    @member("void Write(System.Text.StringBuilder value)")
    def write_builder(self, value: StringBuilder | None) -> None:
        self.write(None if value is None else value.to_string())

    @member("void WriteLine(System.Text.StringBuilder value)")
    def write_line_of_builder(self, value: StringBuilder | None) -> None:
        self.write_line(None if value is None else value.to_string())

    @member("string ToString()")
    def to_string(self) -> str:
        return self.builder.to_string()

    @member("void Close()")
    def close(self) -> None:
        """What was written can still be read."""
        self._closed = True


UTF16_PLAIN = Encoding("utf-16", 1200, UTF16.display_name, UTF16.codec, "UnicodeEncoding")
"""The encoding that a StringWriter names: UTF-16 without a byte order mark."""


@implements(_WRITER, "new()")
@implements(_WRITER, "new(System.IFormatProvider formatProvider)")
def _new(_provider: Any = None) -> StringWriter:
    return StringWriter(StringBuilder())


@implements(_WRITER, "new(System.Text.StringBuilder sb)")
@implements(_WRITER, "new(System.Text.StringBuilder sb, System.IFormatProvider formatProvider)")
def _new_builder(builder: StringBuilder | None, _provider: Any = None) -> StringWriter:
    if builder is None:
        raise ArgumentNullException("sb")
    return StringWriter(builder)


def _shower(type_name: str) -> Callable[[Any], str]:
    if type_name == "char[]":
        return lambda chars: "".join(chars or ())
    type_ = named(type_name)
    return lambda value: text(box(type_, value))


def _register_writing() -> None:
    numbers = ("int", "uint", "long", "ulong", "float", "double", "decimal")
    shown = [(name, _shower(name)) for name in ("char", "char[]", "bool", *numbers, "string", "object")]
    for method, write in (("Write", StringWriter.write), ("WriteLine", StringWriter.write_line)):
        for name, show in shown:
            parameter = "buffer" if name == "char[]" else "value"
            implements(_BASE, f"void {method}({name} {parameter})")(
                lambda writer, value, show=show, write=write: write(writer, show(value))
            )
        for arguments in ("object arg0", "object arg0, object arg1", "object arg0, object arg1, object arg2"):
            implements(_BASE, f"void {method}(string format, {arguments})")(
                lambda writer, format_, *given, write=write: write(writer, format_composite(format_, given))
            )
        implements(_BASE, f"void {method}(string format, params object[] arg)")(
            lambda writer, format_, given, write=write: write(writer, format_composite(format_, given))
        )
    implements(_BASE, "void Write(System.Text.StringBuilder value)")(StringWriter.write_builder)
    implements(_BASE, "void WriteLine(System.Text.StringBuilder value)")(StringWriter.write_line_of_builder)
    implements(_BASE, "void Write(char[] buffer, int index, int count)")(StringWriter.write_chars)
    implements(_BASE, "void WriteLine(char[] buffer, int index, int count)")(StringWriter.write_line_of_chars)
    implements(_BASE, "void WriteLine()")(lambda writer: writer.write_line(""))
    implements(_BASE, "void Flush()")(lambda writer: None)
    implements(_BASE, "void Close()")(StringWriter.close)
    implements(_BASE, "void Dispose()")(StringWriter.close)
    implements(_BASE, "System.Text.Encoding Encoding { get; }")(lambda writer: writer.encoding)
    implements(_BASE, "string NewLine { get; set; }")(lambda writer: writer.new_line)


_register_writing()


@implements_setter(_BASE, "string NewLine { get; set; }")
def _set_new_line(writer: StringWriter, value: str | None) -> None:
    writer.new_line = "\n" if value is None else value


def _flush(_writer: StringWriter) -> None:
    """Everything is written at once."""


def _register_asynchronous_members() -> None:
    """A StringWriter has written before the task is made: what goes wrong is thrown at once."""
    write, write_line = StringWriter.write, StringWriter.write_line
    members: list[tuple[str, str, Callable[..., Any]]] = [
        ("Write", "char value", write),
        ("Write", "string value", write),
        ("Write", "char[] buffer, int index, int count", StringWriter.write_chars),
        ("WriteLine", "char value", write_line),
        ("WriteLine", "string value", write_line),
        ("WriteLine", "char[] buffer, int index, int count", StringWriter.write_line_of_chars),
    ]
    for name, parameters, function in members:
        for writer in (_WRITER, _BASE):
            implements(writer, f"{TASK} {name}Async({parameters})")(finished(function))
    flush = finished(_flush)
    builder = f"System.Text.StringBuilder value, {TOKEN} cancellationToken = null"
    for writer in (_WRITER, _BASE):
        implements(writer, f"{TASK} WriteAsync({builder})")(
            lambda target, value, _token: finished(StringWriter.write_builder)(target, value)
        )
        implements(writer, f"{TASK} WriteLineAsync({builder})")(
            lambda target, value, _token: finished(StringWriter.write_line_of_builder)(target, value)
        )
        implements(writer, f"{TASK} FlushAsync()")(flush)


_register_asynchronous_members()
