"""`System.IO.MemoryStream` over bytes that don't change. Azure refuses streams in policy expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import ObjectDisposedException, require
from apimpolicy.dotnet.registry import dotnet_class, interface_members, member

if TYPE_CHECKING:
    from apimpolicy.dotnet.values import Array


@dotnet_class("System.IO.MemoryStream")
class MemoryStream:
    """A stream that can tell its length and its bytes."""

    __slots__ = ("_bytes", "_is_open")

    def __init__(self, data: bytes) -> None:
        self._bytes = data
        self._is_open = True

    @staticmethod
    @member("new(byte[])")
    def over(buffer: Array | None) -> MemoryStream:
        return MemoryStream(bytes(require(buffer, "buffer", "Buffer cannot be null.")))

    @property
    def length(self) -> int:
        if not self._is_open:
            raise ObjectDisposedException("Cannot access a closed Stream.")
        return len(self._bytes)

    def dispose(self) -> None:
        self._is_open = False


interface_members("System.IO.MemoryStream", "Length")
interface_members("System.IO.Stream", "Length Close=dispose Dispose")
