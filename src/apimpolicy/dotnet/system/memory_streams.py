"""`System.IO.MemoryStream`, also as the `Stream` that it is. No policy on a real gateway may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.collections.arguments import check_non_negative, check_part
from apimpolicy.dotnet.environment import environment, work_through
from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    NotSupportedException,
    ObjectDisposedException,
    SystemException,
    require,
)
from apimpolicy.dotnet.registry import dotnet_class, implements_all, interface_members, member
from apimpolicy.dotnet.values import BYTE, Array

if TYPE_CHECKING:
    from typing import Final

_BEGIN, _CURRENT, _END = range(3)
_MOST: Final = 2**31 - 1
"""A stream in memory cannot be longer."""
_LEAST_GROWTH: Final = 256
"""The room of a stream that grows; further growth doubles it."""
_TOO_LONG = "Stream length must be non-negative and less than 2^31 - 1 - origin."


class IOException(SystemException):
    type_name = "System.IO.IOException"
    default_message = "I/O error occurred."


class UnauthorizedAccessException(SystemException):
    type_name = "System.UnauthorizedAccessException"
    default_message = "Attempted to perform an unauthorized operation."


@dotnet_class("System.IO.MemoryStream")
class MemoryStream:
    """Bytes in an array of the policy's own, or in one that grows."""

    __slots__ = ("_bytes", "_capacity", "_end", "_grows", "_is_open", "_place", "_shows", "_start", "_writes")

    def __init__(self, capacity: int = 0) -> None:
        self._bytes = Array(BYTE)
        self._start = self._place = self._end = 0
        self._capacity = capacity
        self._grows = self._writes = self._shows = self._is_open = True

    @staticmethod
    @member("new(int)")
    def with_capacity(capacity: int) -> MemoryStream:
        check_non_negative(capacity, "capacity", "Capacity must be positive.")
        environment().check_elements(capacity)
        return MemoryStream(capacity)

    @staticmethod
    @member("new(byte[])", "new(byte[], bool)")
    def over(buffer: Array | None, writable: bool = True) -> MemoryStream:
        return MemoryStream.over_part(buffer, 0, 0 if buffer is None else len(buffer), writable)

    @staticmethod
    @member("new(byte[], int, int)", "new(byte[], int, int, bool)", "new(byte[], int, int, bool, bool)")
    def over_part(
        buffer: Array | None, index: int, count: int, writable: bool = True, publicly_visible: bool = False
    ) -> MemoryStream:
        """A stream over a part of an array, which keeps its size and shares its bytes."""
        buffer = require(buffer, "buffer", "Buffer cannot be null.")
        check_part(index, count, len(buffer))
        made = MemoryStream(index + count)
        made._bytes, made._start, made._place, made._end = buffer, index, index, index + count
        made._grows, made._writes, made._shows = False, writable, publicly_visible
        return made

    # ------------------------------------------------------------------------------------------------ properties

    def _opened(self) -> MemoryStream:
        if not self._is_open:
            raise ObjectDisposedException("Cannot access a closed Stream.")
        return self

    @property
    def can_read(self) -> bool:
        return self._is_open

    @property
    def can_write(self) -> bool:
        return self._is_open and self._writes

    @property
    def length(self) -> int:
        return self._opened()._end - self._start

    @property
    def position(self) -> int:
        return self._opened()._place - self._start

    @position.setter
    def position(self, value: int) -> None:
        check_non_negative(value, "value")
        if value > _MOST:
            raise ArgumentOutOfRangeException("value", _TOO_LONG)
        self._opened()._place = self._start + value

    @property
    def capacity(self) -> int:
        return max(self._opened()._capacity, self._end) - self._start

    @capacity.setter
    def capacity(self, value: int) -> None:
        if value < self.length:
            raise ArgumentOutOfRangeException("value", "capacity was less than the current size.")
        if not self._grows and value != self.capacity:
            raise NotSupportedException("Memory stream is not expandable.")
        environment().check_elements(value)
        self._capacity = value

    # --------------------------------------------------------------------------------------------------- reading

    def read_byte(self) -> int:
        """The next byte, or -1 at the end."""
        if self._opened()._place >= self._end:
            return -1
        self._place += 1
        return int(self._bytes[self._place - 1])

    def read(self, buffer: Array | None, offset: int, count: int) -> int:
        """The number of bytes that were read: 0 at the end."""
        buffer = require(buffer, "buffer", "Buffer cannot be null.")
        check_part(offset, count, len(buffer), "offset")
        found = self._opened()._bytes[self._place : min(self._place + count, self._end)]
        buffer[offset : offset + len(found)] = found
        self._place += len(found)
        return len(found)

    def read_rest(self) -> bytes:
        """All bytes from where the stream stands; it stands at its end then."""
        rest = bytes(self._opened()._bytes[self._place : self._end])
        work_through(len(rest))
        self._place = max(self._place, self._end)
        return rest

    def read_some(self, count: int) -> bytes:
        """At most so many bytes."""
        found = bytes(self._opened()._bytes[self._place : min(self._place + count, self._end)])
        self._place += len(found)
        return found

    def get_buffer(self) -> Array:
        """The array itself, with all its room."""
        if not self._shows:
            raise UnauthorizedAccessException("MemoryStream's internal buffer cannot be accessed.")
        environment().check_elements(self.capacity)
        self._bytes.extend([0] * (self._start + self.capacity - len(self._bytes)))
        return self._bytes

    def to_array(self) -> Array:
        """All bytes, wherever the stream stands, also after it was closed."""
        return Array(BYTE, self._bytes[self._start : self._end])

    # --------------------------------------------------------------------------------------------------- writing

    def write_bytes(self, data: bytes) -> None:
        self._opened()._make_room(self._place + len(data))
        self._bytes[self._place : self._place + len(data)] = data
        self._place += len(data)

    def _make_room(self, end: int) -> None:
        if not self._writes:
            raise NotSupportedException("Stream does not support writing.")
        if end > self._end:
            if not self._grows and end > self._capacity:
                raise NotSupportedException("Memory stream is not expandable.")
            environment().check_elements(end)
            if end > self._capacity:
                self._capacity = max(end, _LEAST_GROWTH, 2 * self._capacity)
            self._bytes.extend([0] * (end - len(self._bytes)))
            for place in range(self._end, min(self._place, end)):
                self._bytes[place] = 0
            self._end = end

    def write_byte(self, value: int) -> None:
        self._opened()._make_room(self._place + 1)
        self._bytes[self._place] = value
        self._place += 1

    def write(self, buffer: Array | None, offset: int, count: int) -> None:
        buffer = require(buffer, "buffer", "Buffer cannot be null.")
        check_part(offset, count, len(buffer), "offset")
        self._opened()._make_room(self._place + count)
        self._bytes[self._place : self._place + count] = buffer[offset : offset + count]
        self._place += count

    def set_length(self, value: int) -> None:
        if not 0 <= value <= _MOST:
            raise ArgumentOutOfRangeException("value", _TOO_LONG)
        old, place = self._opened()._end, self._place
        if value > old - self._start:
            self._place = old + value
        self._make_room(self._start + value)
        self._end = self._start + value
        self._place = min(place, self._end)

    def seek(self, offset: int, origin: int) -> int:
        origins = {_BEGIN: self._start, _CURRENT: self._opened()._place, _END: self._end}
        if origin not in origins:
            raise ArgumentException("Invalid seek origin.")
        place = origins[origin] + offset
        if place < self._start:
            raise IOException("An attempt was made to move the position before the beginning of the stream.")
        self._place = place
        return place - self._start

    def flush(self) -> None:
        """Nothing waits to be written."""

    def write_to(self, stream: MemoryStream | None) -> None:
        stream = require(stream, "stream", "Stream cannot be null.")
        stream.write(self._opened().to_array(), 0, self.length)

    def copy_to(self, destination: MemoryStream | None, _size: int = 0) -> None:
        """The rest of the stream, from where it stands."""
        destination = require(destination, "destination")
        rest = Array(BYTE, self._opened()._bytes[self._place : self._end])
        self._place = max(self._place, self._end)
        destination.write(rest, 0, len(rest))

    @property
    def can_time_out(self) -> bool:
        return False

    def dispose(self) -> None:
        self._is_open = False


interface_members("System.IO.MemoryStream", "CanRead CanSeek=can_read CanWrite Length Position Capacity")
interface_members("System.IO.MemoryStream", "CopyTo")
interface_members(
    "System.IO.Stream",
    "CanRead CanSeek=can_read CanWrite Length Position CanTimeout=can_time_out Close=dispose Dispose Flush "
    "CopyTo Seek SetLength Read ReadByte Write WriteByte",
)

implements_all("System.IO.MemoryStream", {"new()": MemoryStream})
