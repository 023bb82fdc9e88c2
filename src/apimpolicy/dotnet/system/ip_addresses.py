"""`System.Net.IPAddress`."""

from __future__ import annotations

import re
from typing import Any

from apimpolicy.dotnet.exceptions import FormatException, require
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all
from apimpolicy.dotnet.system.objects import get_hash_code
from apimpolicy.dotnet.values import Array, Equatable, byte_array

_IPV4, _IPV6 = 2, 23
"""Of the enum `System.Net.Sockets.AddressFamily`."""
_PART = re.compile(r"0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]{0,9}")
_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}")
_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


@dotnet_class("System.Net.IPAddress", members="AddressFamily=family")
class IPAddress(Equatable):
    """An address; `data` is 4 or 16 bytes in network order."""

    __slots__ = ("data", "scope")

    def __init__(self, data: bytes, scope: int = 0) -> None:
        self.data = data
        self.scope = scope

    @property
    def family(self) -> int:
        return _IPV4 if len(self.data) == 4 else _IPV6

    def get_address_bytes(self) -> Array:
        return byte_array(self.data)

    def to_string(self) -> str:
        if len(self.data) == 4:
            return ".".join(map(str, self.data))
        shown = ipv6_text(self.data)
        return f"{shown}%{self.scope}" if self.scope else shown

    @property
    def identity(self) -> Any:
        return self.data, self.scope

    def get_hash_code(self) -> int:
        return get_hash_code(self.data.hex())


def ipv6_text(data: bytes) -> str:
    """Return 16 bytes as text: the first longest run of zeros is `::`, an embedded IPv4 address is shown as such.

    Source: .NET Core 3.1, `IPv6AddressHelper`: IPv4 shows after zeros, after `ffff`, in SIIT and in ISATAP.

    >>> ipv6_text(bytes(12) + bytes([0, 1, 0, 0])), ipv6_text(bytes([0, 1]) + bytes(13) + bytes([1]))
    ('::0.1.0.0', '1::1')
    """
    numbers = [int.from_bytes(data[index : index + 2], "big") for index in range(0, 16, 2)]
    if not _shows_ipv4(numbers):
        return _groups_text(numbers)
    shown = _groups_text(numbers[:6])
    return shown + ("" if shown.endswith(":") else ":") + ".".join(map(str, data[12:]))


def _shows_ipv4(numbers: list[int]) -> bool:
    after_zeros = not any(numbers[:4]) and numbers[6] != 0
    return (after_zeros and numbers[4:6] in ([0, 0], [0, 0xFFFF], [0xFFFF, 0])) or numbers[4:6] == [0, 0x5EFE]


def _groups_text(numbers: list[int]) -> str:
    start, length = 0, 1
    for index in range(len(numbers)):
        end = index
        while end < len(numbers) and numbers[end] == 0:
            end += 1
        if end - index > length:
            start, length = index, end - index
    if length == 1:
        return ":".join(f"{number:x}" for number in numbers)
    head, tail = numbers[:start], numbers[start + length :]
    return ":".join(f"{number:x}" for number in head) + "::" + ":".join(f"{number:x}" for number in tail)


def read_ipv6(text: str) -> bytes | None:
    """Eight groups, or fewer around one `::`; the last two may be an IPv4 address, read as decimal."""
    head, compressed, tail = text.partition("::")
    before, after = _read_groups(head), _read_groups(tail)
    if before is None or after is None or (compressed and "." in head):
        return None
    missing = 16 - len(before) - len(after)
    if missing < 2 if compressed else missing != 0:
        return None
    return before + bytes(missing) + after


def _read_groups(text: str) -> bytes | None:
    if not text:
        return b""
    *groups, last = text.split(":")
    if _DOTTED.fullmatch(last):
        numbers = [int(part) for part in last.split(".")]
        if max(numbers) > 255:
            return None
        ending = bytes(numbers)
    else:
        groups.append(last)
        ending = b""
    if not all(_GROUP.fullmatch(group) for group in groups):
        return None
    return b"".join(int(group, 16).to_bytes(2, "big") for group in groups) + ending


def read_ipv4(text: str) -> bytes | None:
    """Return one to four parts, decimal, octal or hexadecimal; the last one fills the bytes that are left."""
    parts = text.split(".")
    if len(parts) > 4 or not all(_PART.fullmatch(part) for part in parts):
        return None
    numbers = [int(part, 16 if part[:2] in ("0x", "0X") else 8 if part[0] == "0" else 10) for part in parts]
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return None
    return bytes(numbers[:-1]) + numbers[-1].to_bytes(5 - len(numbers), "big")


def _read(text: str) -> IPAddress | None:
    if ":" not in text:
        data = read_ipv4(text)
        return IPAddress(data) if data is not None else None
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    address, _, scope = bare.partition("%")
    data = read_ipv6(address)
    if data is None:
        return None
    return IPAddress(data, int(scope) if scope.isdecimal() and len(scope) < 10 else 0)


@implements("System.Net.IPAddress", "Parse")
def parse(text: str | None) -> IPAddress:
    """Raises ArgumentNullException, FormatException."""
    found = _read(require(text, "ipString"))
    if found is None:
        raise FormatException("An invalid IP address was specified.")
    return found


@implements("System.Net.IPAddress", "TryParse")
def _try_parse(text: str | None) -> tuple[bool, IPAddress | None]:
    found = _read(text) if text is not None else None
    return found is not None, found


@implements("System.Net.IPAddress", "IsLoopback")
def _is_loopback(address: IPAddress | None) -> bool:
    address = require(address, "address")
    return address.data[0] == 127 if len(address.data) == 4 else address.data == b"\0" * 15 + b"\x01"


implements_all("System.Net.IPAddress", {"Loopback": lambda: IPAddress(b"\x7f\0\0\x01")})
