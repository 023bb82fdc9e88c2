"""`System.IO.StreamReader` and `StreamWriter` over a MemoryStream.

Both work through a buffer, as in .NET, so that the stream stands behind what was read ahead, and does not yet have what
waits to be written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentNullException,
    ArgumentOutOfRangeException,
    ObjectDisposedException,
)
from apimpolicy.dotnet.registry import counts_itself, declines, dotnet_class, implements, implements_all, member
from apimpolicy.dotnet.system.encoding_pieces import Decoder
from apimpolicy.dotnet.system.encodings import UTF8, UTF8_PLAIN, UTF16, UTF16_BIG, UTF32, UTF32_BIG, Encoding
from apimpolicy.dotnet.system.text_readers import LINE_END, check_buffer
from apimpolicy.dotnet.system.text_writers import TextWriter, register_writing

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.memory_streams import MemoryStream
    from apimpolicy.dotnet.values import Array

_READER, _WRITER = "System.IO.StreamReader", "System.IO.StreamWriter"
_USUAL_BUFFER, _LEAST_BUFFER = 1024, 128
_MARKED = (UTF32, UTF32_BIG, UTF8, UTF16, UTF16_BIG)
"""Encodings that a byte order mark tells, the longest mark first."""
_NO_FILES = "expressions read and write no files; use a MemoryStream"


def _check(stream: MemoryStream | None, encoding: Encoding | None, size: int, is_able: str, reason: str) -> int:
    """The size of the buffer; raises ArgumentNullException, ArgumentException, ArgumentOutOfRangeException."""
    if stream is None or encoding is None:
        raise ArgumentNullException("stream" if stream is None else "encoding")
    if not getattr(stream, is_able):
        raise ArgumentException(reason)
    if size == -1:
        size = _USUAL_BUFFER
    if size <= 0:
        raise ArgumentOutOfRangeException("bufferSize", "Positive number required.")
    environment().check_elements(size)
    return max(size, _LEAST_BUFFER)


@dotnet_class(
    _READER,
    members=(
        "CurrentEncoding=encoding BaseStream=stream EndOfStream=is_at_end DiscardBufferedData=discard Close=dispose"
    ),
)
class StreamReader:
    """Reads text from a stream, a buffer at a time."""

    __slots__ = ("_at", "_closed", "_decoder", "_detects", "_leaves_open", "_size", "_text", "encoding", "stream")

    def __init__(
        self, stream: MemoryStream, encoding: Encoding, detects: bool, size: int, leaves_open: bool = False
    ) -> None:
        self.stream = stream
        self.encoding = encoding
        self._detects = detects
        self._size = size
        self._leaves_open = leaves_open
        self._text, self._at = "", 0
        self._decoder: Decoder | None = None
        self._closed = False

    def _start(self, data: bytes) -> bytes:
        """Take the encoding from a byte order mark, and the mark away."""
        if self._detects:
            found = next((known for known in _MARKED if data.startswith(known.preamble)), None)
            self.encoding = self.encoding if found is None else found
        self._decoder = Decoder(self.encoding)
        return data.removeprefix(self.encoding.preamble) if self.encoding.preamble else data

    def _has(self) -> bool:
        """Whether there is another character, which is in the buffer then; raises ObjectDisposedException.

        What is left of a character at the end of the stream is no character, as in .NET Core 3.1.
        """
        if self._closed:
            raise ObjectDisposedException("Cannot read from a closed TextReader.")
        while self._at >= len(self._text):
            data = self.stream.read_some(self._size)
            if not data:
                return False
            if self._decoder is None:
                data = self._start(data)
            assert self._decoder is not None
            self._text, self._at = self._decoder.decode(data), 0
        return True

    @property
    def is_at_end(self) -> bool:
        return not self._has()

    def peek(self) -> int:
        return ord(self._text[self._at]) if self._has() else -1

    @member("Read()")
    def read(self) -> int:
        found = self.peek()
        self._at += found >= 0
        return found

    @member("Read(char[], int, int)", "ReadBlock")
    def read_into(self, buffer: Array | None, index: int, count: int) -> int:
        """The number of characters that were read: 0 at the end."""
        check_buffer(buffer, index, count)
        assert buffer is not None
        done = 0
        while done < count and self._has():
            part = self._text[self._at : self._at + count - done]
            buffer[index + done : index + done + len(part)] = part
            self._at += len(part)
            done += len(part)
        return done

    @counts_itself
    def read_to_end(self) -> str:
        parts: list[str] = []
        while self._has():
            parts.append(self._text[self._at :])
            self._at = len(self._text)
        environment().new_string(sum(map(len, parts)))
        return "".join(parts)

    @counts_itself
    def read_line(self) -> str | None:
        """None at the end; a line ends with CR, LF or both."""
        if not self._has():
            return None
        parts: list[str] = []
        while self._has():
            text, start = self._text, self._at
            match = LINE_END.search(text, start)
            end = match.start() if match else len(text)
            parts.append(text[start:end])
            self._at = end + (match is not None)
            if match:
                if match[0] == "\r" and self._has() and self._text[self._at] == "\n":
                    self._at += 1
                break
        environment().new_string(sum(map(len, parts)))
        return "".join(parts)

    def discard(self) -> None:
        self._text, self._at = "", 0
        if self._decoder is not None:
            self._decoder.reset()

    def dispose(self) -> None:
        """The stream is closed too, unless it is to be left open."""
        self._closed = True
        if not self._leaves_open:
            self.stream.dispose()


@implements(_READER, "new(Stream, Encoding)", "new(Stream, Encoding, bool)", "new(Stream, Encoding, bool, int)")
def _read(
    stream: MemoryStream,
    encoding: Encoding | None,
    detects: bool = True,
    size: int = _USUAL_BUFFER,
    leaves_open: bool = False,
) -> StreamReader:
    size = _check(stream, encoding, size, "can_read", "Stream was not readable.")
    assert encoding is not None
    return StreamReader(stream, encoding, detects, size, leaves_open)


@implements(_READER, "new(Stream, Encoding, bool, int, bool)")
def _read_fully(
    stream: MemoryStream, encoding: Encoding | None, detects: bool, size: int, leaves_open: bool
) -> StreamReader:
    return _read(stream, encoding or UTF8, detects, size, leaves_open)


@dotnet_class(_WRITER, members="AutoFlush=flushes_at_once BaseStream=stream")
class StreamWriter(TextWriter):
    """Writes text into a stream, when its buffer is full, flushed or closed."""

    __slots__ = ("_has_begun", "_leaves_open", "_size", "_waiting", "encoding", "flushes_at_once", "stream")

    def __init__(self, stream: MemoryStream, encoding: Encoding, size: int, leaves_open: bool = False) -> None:
        super().__init__()
        self.stream = stream
        self.encoding = encoding
        self.flushes_at_once = False
        self._size = size
        self._leaves_open = leaves_open
        self._waiting = ""
        self._has_begun = stream.position > 0

    def put(self, text: str) -> None:
        self._waiting += text
        full = (max(len(self._waiting) - 1, 0) // self._size) * self._size
        if self.flushes_at_once:
            full = len(self._waiting)
        if full:
            self._send(full)

    def _send(self, count: int) -> None:
        """The first characters of those that wait; one that is half of a pair waits for the other half."""
        if 0 < count == len(self._waiting) and "\ud800" <= self._waiting[-1] <= "\udbff" and not self._closed:
            count -= 1
        if not self._has_begun:
            self._has_begun = True
            self.stream.write_bytes(self.encoding.preamble)
        text, self._waiting = self._waiting[:count], self._waiting[count:]
        self.stream.write_bytes(self.encoding.encode(text))

    def flush(self) -> None:
        if self._closed:
            raise ObjectDisposedException("Cannot write to a closed TextWriter.")
        self._send(len(self._waiting))

    def dispose(self) -> None:
        """The stream is closed too, unless it is to be left open."""
        if not self._closed:
            self._closed = True
            self._send(len(self._waiting))
            if not self._leaves_open:
                self.stream.dispose()


@implements(_WRITER, "new(Stream)", "new(Stream, Encoding)", "new(Stream, Encoding, int)")
def _write(
    stream: MemoryStream,
    encoding: Encoding | None = UTF8_PLAIN,
    size: int = _USUAL_BUFFER,
    leaves_open: bool = False,
) -> StreamWriter:
    size = _check(stream, encoding, size, "can_write", "Stream was not writable.")
    assert encoding is not None
    return StreamWriter(stream, encoding, size, leaves_open)


@implements(_WRITER, "new(Stream, Encoding, int, bool)")
def _write_fully(stream: MemoryStream, encoding: Encoding | None, size: int, leaves_open: bool) -> StreamWriter:
    return _write(stream, encoding or UTF8_PLAIN, size, leaves_open)


register_writing(_WRITER)

declines(
    _READER,
    "new(string)",
    "new(string, bool)",
    "new(string, Encoding)",
    "new(string, Encoding, bool)",
    "new(string, Encoding, bool, int)",
    reason=_NO_FILES,
)
declines(
    _WRITER,
    "new(string)",
    "new(string, bool)",
    "new(string, bool, Encoding)",
    "new(string, bool, Encoding, int)",
    reason=_NO_FILES,
)


implements_all(_READER, {"new(Stream)": lambda stream, detects=True: _read(stream, UTF8, detects)})
implements_all(_READER, {"new(Stream, bool)": lambda stream, detects=True: _read(stream, UTF8, detects)})
