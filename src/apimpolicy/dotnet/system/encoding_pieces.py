"""`System.Text.Encoder` and `Decoder`: encoding in pieces.

An encoder keeps half of a pair of surrogates from one piece to the next, a decoder the bytes of a character that is not
complete; the last piece is to be flushed.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import work_through
from apimpolicy.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException, require
from apimpolicy.dotnet.registry import counts_itself, dotnet_class, implements, implements_all
from apimpolicy.dotnet.system.encoding_fallbacks import DecoderFallback, EncoderFallback, undecodable
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.dotnet.system.encodings import Encoding
    from apimpolicy.dotnet.values import Array

_TOO_SMALL = "The output {} buffer is too small to contain the {}."


def _check(source: Array | None, names: tuple[str, str, str], index: int, count: int) -> Array:
    source = require(source, names[0], "Array cannot be null.")
    if index < 0 or count < 0:
        raise ArgumentOutOfRangeException(names[1] if index < 0 else names[2], "Non-negative number required.")
    if index > len(source) - count:
        raise ArgumentOutOfRangeException(names[0], "Index and count must refer to a location within the buffer.")
    return source


def _check_target(target: Array | None, name: str, at: int) -> Array:
    target = require(target, name, "Array cannot be null.")
    if not 0 <= at <= len(target):
        raise ArgumentOutOfRangeException(
            f"{name[:-1]}Index",
            "Index was out of range. Must be non-negative and less than the size of the collection.",
        )
    return target


def _check_pieces(encoding: Encoding) -> None:
    if encoding.codec == "utf-7":
        raise NotSimulatedError(
            "UTF-7 in pieces", "its encoders and decoders are not simulated; convert the whole text"
        )


@dotnet_class("System.Text.Encoder")
class Encoder:
    """Writes characters as bytes. `held` is half of a pair that waits for the other half."""

    __slots__ = ("encoding", "fallback", "held")

    def __init__(self, encoding: Encoding) -> None:
        _check_pieces(encoding)
        self.encoding = encoding
        self.fallback = encoding.encoder_fallback
        self.held = ""

    def reset(self) -> None:
        self.held = ""

    def _split(self, text: str, flush: bool) -> tuple[str, str]:
        """What is to be written now, and what is to be held."""
        text = self.held + text
        holds = not flush and bool(text) and "\ud800" <= text[-1] <= "\udbff"
        return (text[:-1], text[-1]) if holds else (text, "")

    def _encode(self, text: str) -> bytes:
        return self.encoding.encode_with(text, self.fallback)

    def get_byte_count(self, chars: Array | None, index: int, count: int, flush: bool) -> int:
        source = _check(chars, ("chars", "index", "count"), index, count)
        return len(self._encode(self._split("".join(source[index : index + count]), flush)[0]))

    def get_bytes(self, chars: Array | None, index: int, count: int, target: Array | None, at: int, flush: bool) -> int:
        source = _check(chars, ("chars", "charIndex", "charCount"), index, count)
        target = _check_target(target, "bytes", at)
        text, held = self._split("".join(source[index : index + count]), flush)
        made = self._encode(text)
        if len(made) > len(target) - at:
            raise ArgumentException(_TOO_SMALL.format("byte", "encoded data"), "bytes")
        target[at : at + len(made)] = made
        self.held = held
        return len(made)

    @counts_itself
    def convert(
        self, chars: Array | None, index: int, count: int, target: Array | None, at: int, room: int, flush: bool
    ) -> tuple[int, int, bool]:
        """As many characters as there is room for."""
        source = _check(chars, ("chars", "charIndex", "charCount"), index, count)
        target = _check(target, ("bytes", "byteIndex", "byteCount"), at, room)
        text = "".join(source[index : index + count])
        work_through(len(text) << 2)
        used, out = 0, bytearray()
        while used < len(text):
            pair = "\ud800" <= (self.held or text[used]) <= "\udbff"
            part = text[used : used + (2 if pair and not self.held else 1)]
            now, held = self._split(part, flush and used + len(part) == len(text))
            made = self._encode(now)
            if len(out) + len(made) > room:
                break
            out += made
            self.held = held
            used += len(part)
        if used == len(text) and flush and self.held and len(out) + len(made := self._encode(self.held)) <= room:
            out += made
            self.held = ""
        if text and not used:
            raise ArgumentException(_TOO_SMALL.format("byte", "encoded data"), "bytes")
        target[at : at + len(out)] = out
        return used, len(out), used == len(text) and not (flush and self.held)


@dotnet_class("System.Text.Decoder")
class Decoder:
    """Reads bytes as characters."""

    __slots__ = ("_incomplete", "encoding", "fallback")

    def __init__(self, encoding: Encoding) -> None:
        _check_pieces(encoding)
        self.encoding = encoding
        self.fallback = encoding.decoder_fallback
        self._incomplete = b""

    def reset(self) -> None:
        self._incomplete = b""

    def decode(self, data: bytes, flush: bool = False) -> str:
        """The .NET string of the next bytes; keeps those of a character that is not complete."""
        work_through(len(data))
        text, self._incomplete = self._read(data, flush)
        return text

    def _read(self, data: bytes, flush: bool) -> tuple[str, bytes]:
        codec, fallback = self.encoding.codec, self.fallback
        reader = codecs.getincrementaldecoder(codec)("strict" if fallback is None else "replace")
        before, data = len(self._incomplete), self._incomplete + data
        try:
            found = reader.decode(data, flush)
        except UnicodeDecodeError as error:
            raise undecodable(data[error.start : error.end], error.start - before) from None
        rest = reader.getstate()[0]
        if fallback not in (None, "\ufffd"):
            found = found.replace("\ufffd", fallback)
        return to_utf16(found), rest

    def get_char_count(self, data: Array | None, index: int, count: int, flush: bool = False) -> int:
        source = _check(data, ("bytes", "index", "count"), index, count)
        return len(self._read(bytes(source[index : index + count]), flush)[0])

    def get_chars(
        self, data: Array | None, index: int, count: int, target: Array | None, at: int, flush: bool = False
    ) -> int:
        source = _check(data, ("bytes", "byteIndex", "byteCount"), index, count)
        target = _check_target(target, "chars", at)
        text, rest = self._read(bytes(source[index : index + count]), flush)
        if len(text) > len(target) - at:
            raise ArgumentException(_TOO_SMALL.format("char", "decoded characters"), "chars")
        target[at : at + len(text)] = text
        self._incomplete = rest
        return len(text)

    @counts_itself
    def convert(
        self, data: Array | None, index: int, count: int, target: Array | None, at: int, room: int, flush: bool
    ) -> tuple[int, int, bool]:
        """As many bytes as there is room for the characters of."""
        source = _check(data, ("bytes", "byteIndex", "byteCount"), index, count)
        target = _check(target, ("chars", "charIndex", "charCount"), at, room)
        part = bytes(source[index : index + count])
        work_through(len(part) << 3)
        used, out = 0, ""
        while used < len(part):
            text, rest = self._read(part[used : used + 1], flush and used + 1 == len(part))
            if len(out) + len(text) > room:
                break
            out += text
            self._incomplete = rest
            used += 1
        if part and not used:
            raise ArgumentException(_TOO_SMALL.format("char", "decoded characters"), "chars")
        target[at : at + len(out)] = out
        return used, len(out), used == len(part) and not (flush and self._incomplete)


def _register() -> None:
    for cls, fallback in ((Encoder, EncoderFallback), (Decoder, DecoderFallback)):
        name = f"System.Text.{fallback.__name__}"
        implements(f"System.Text.{cls.__name__}", f"{name} Fallback {{ get; set; }}")(
            lambda coder, fallback=fallback: fallback(coder.fallback)
        )


_register()

implements_all(
    "System.Text.Encoding",
    {
        "GetEncoder": Encoder,
        "GetDecoder": Decoder,
    },
)
