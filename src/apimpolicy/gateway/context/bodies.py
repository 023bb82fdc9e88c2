"""IMessageBody: the body of a request or response, read as text, bytes, JSON, XML or form.

`As<T>()` uses the stream up (documented); the result of a second read is documented nowhere and is the setting
`second_read`: "empty" reads no bytes at all (the default, and as callers report: `As<JObject>()` then throws "Error
reading JObject from JsonReader"), "error" raises InvalidOperationException, "again" reads the body once more.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.collections.lists import List
from apimpolicy.csharp.dotnet.environment import assume, environment
from apimpolicy.csharp.dotnet.exceptions import InvalidOperationException, JsonReaderException
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import bound, dotnet_class, member
from apimpolicy.csharp.dotnet.types import Type, array_of
from apimpolicy.csharp.dotnet.values import BYTE, STRING, byte_array, to_utf16
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.context.azure_texts import azure_text
from apimpolicy.gateway.context.headers import charset_of

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.json.tokens import JToken
    from apimpolicy.gateway.context.header_fields import HeaderCollection

SECOND_READS = ("empty", "error", "again")

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FIRST_BYTES = frozenset(mark[:1] for mark, _ in _BYTE_ORDER_MARKS)


class FormDictionary(Dictionary):
    """IDictionary<string, IList<string>> of a form.

    Reading a name that is not there adds it with an empty list: the documentation's example calls
    `body["newKey"].Add("newValue")`.
    """

    __slots__ = ()

    def get_item(self, key: Any) -> Any:
        found, values = self.try_get_value(key)
        if not found:
            values = List((STRING,))
            self.set_item(key, values)
        return values


@dotnet_class("IMessageBody")
class MessageBody:
    """The bytes of a body; `headers` are its message's, for the character set.

    `is_buffered` is true if the gateway has all of it in memory, because a policy made it or kept it when reading;
    `is_sent` that it was sent on without that.
    """

    __slots__ = ("_is_used_up", "content", "headers", "is_buffered", "is_sent", "second_read")

    def __init__(self, content: bytes, headers: HeaderCollection, second_read: str = "empty") -> None:
        if second_read not in SECOND_READS:
            raise ConfigurationError(f"second_read is one of {', '.join(SECOND_READS)}, not '{second_read}'")
        self.content = content
        self.headers = headers
        self.second_read = second_read
        self._is_used_up = False
        self.is_buffered = False
        self.is_sent = False

    @property
    def stream(self) -> BodyStream | None:
        """Return the stream of the body as long as none of it has been read; None when the body is in memory."""
        return None

    def measure(self, action: Callable[[int], None]) -> None:
        """Call a function with the number of bytes, as soon as that is known."""
        action(len(self.content))

    @property
    def remaining(self) -> bytes:
        """Return the bytes left to send on or to read: none once the stream was used up."""
        return b"" if self._is_used_up and self.second_read != "again" else self.content

    @member("As", types=True)
    def as_(self, types: tuple[Type, ...], preserve_content: bool) -> Any:
        """Return the body as string, byte[], JObject, JToken, JArray, XNode, XElement or XDocument."""
        wanted = types[-1]
        name = str(wanted)
        if wanted is not STRING and wanted is not _BYTES and name not in _JSON_TYPES and name not in _XML_TYPES:
            raise NotSimulatedError(f"IMessageBody.As<{name}>()", "the result for this type is undocumented")
        data = self._read(preserve_content)
        if wanted is _BYTES:
            return byte_array(data)
        text = decode(data, self._charset())
        if wanted is STRING:
            return text
        return parse_json(_JSON_TYPES[name], text) if name in _JSON_TYPES else parse_xml(_XML_TYPES[name], text)

    @member("AsJToken")
    def as_token(self, preserve_content: bool, settings: object) -> JToken:
        """Return the body as JSON; the members of October 2020, whose settings no document describes."""
        return self._as_json("JToken", preserve_content, settings)

    @member("AsJObject")
    def as_object(self, preserve_content: bool, settings: object) -> JToken:
        return self._as_json("JObject", preserve_content, settings)

    @member("AsJArray")
    def as_array(self, preserve_content: bool, settings: object) -> JToken:
        return self._as_json("JArray", preserve_content, settings)

    def _as_json(self, kind: str, preserve_content: bool, settings: object) -> JToken:
        if settings is not None:
            raise NotSimulatedError(f"IMessageBody.As{kind} with settings", "their effect is undocumented")
        return parse_json(kind, decode(self._read(preserve_content), self._charset()))

    def as_form_url_encoded_content(self, preserve_content: bool) -> FormDictionary:
        form = FormDictionary((STRING, named("System.Collections.Generic.IList", STRING)))
        for part in decode(self._read(preserve_content), self._charset()).split("&"):
            if part:
                name, _, value = part.partition("=")
                form.get_item(_unescaped(name)).add(_unescaped(value))
        return form

    def text(self) -> str:
        """Return all of the content as a .NET string, used up or not; for policies and reports."""
        return decode(self.content, self._charset())

    def _read(self, preserve_content: bool) -> bytes:
        if self._is_used_up and self.second_read == "error":
            raise InvalidOperationException(azure_text("body-read-twice"))
        data = self.remaining
        if len(data) < len(self.content):
            assume("A body that was read without preserveContent is empty when it is read again (`second_read`)")
        environment().check_elements(len(data))
        if preserve_content:
            self.is_buffered = True
        else:
            self._is_used_up = True
        return data

    def _charset(self) -> str | None:
        return charset_of(self.headers.joined("Content-Type") or "")


class BodyStream(Protocol):
    """A body that is still to come, as from a backend that sends events."""

    def read(self) -> bytes:
        """Wait for all of it."""

    def at_end(self, action: Callable[[int], None]) -> None:
        """Call a function with the number of bytes when all of it has come."""

    def collect(self, action: Callable[[bytes], None]) -> None:
        """Call a function with all of it when it has come; it is kept for that."""


class StreamedBody(MessageBody):
    """A body that is read when its bytes are needed; otherwise it is sent on as it arrives."""

    __slots__ = ("_content", "_stream")

    def __init__(self, stream: BodyStream, headers: HeaderCollection, second_read: str = "empty") -> None:
        self._stream: BodyStream | None = stream
        self._content = b""
        super().__init__(b"", headers, second_read)

    @property
    def content(self) -> bytes:
        if self._stream is not None:
            self._content = self._stream.read()
            self._stream = None
        return self._content

    @content.setter
    def content(self, value: bytes) -> None:
        self._content = value

    @property
    def stream(self) -> BodyStream | None:
        return self._stream

    def measure(self, action: Callable[[int], None]) -> None:
        if self._stream is None:
            action(len(self._content))
        else:
            self._stream.at_end(action)


def decode(data: bytes, charset: str | None) -> str:
    """Return bytes as a .NET string: by byte order mark, else by `charset`, else as UTF-8."""
    if data[:1] in _FIRST_BYTES:
        for mark, encoding in _BYTE_ORDER_MARKS:
            if data.startswith(mark):
                return to_utf16(data[len(mark) :].decode(encoding, "replace"))
    environment().check_length(len(data) // _MOST_BYTES)
    try:
        if charset and _CHARSETS.fullmatch(charset) is None:
            raise LookupError(charset)
        text = data.decode(codecs.lookup(charset).name if charset else "utf-8", "replace")
    except (LookupError, ValueError):
        raise InvalidOperationException(azure_text("charset-invalid")) from None
    return to_utf16(text)


_MOST_BYTES = 4
"""Bytes that make one UTF-16 code unit at least in every encoding."""
_CHARSETS = re.compile(
    r"(?i)\s*(?:utf-(?:7|8|16|16le|16be|32|32le|32be)|unicode|us-ascii|ascii|latin1|l1|iso-8859-\d+|windows-\d+"
    r"|cp\d+|ibm\d+|koi8-[ru]|shift_jis|gb2312|gb18030|gbk|big5|euc-(?:jp|kr|cn)|iso-2022-(?:jp|kr)|ks_c_5601-1987"
    r"|macintosh|tis-620|hz-gb-2312)\s*"
)
"""The names of .NET's encodings that Python has too; Python knows others, `rot13` among them."""
_BYTES = array_of(BYTE)
_JSON_TYPES = {f"Newtonsoft.Json.Linq.{name}": name for name in ("JObject", "JArray", "JToken")}
_XML_TYPES = {"System.Xml.Linq.XDocument": "XDocument", "System.Xml.Linq.XElement": "XElement"}
_XML_TYPES["System.Xml.Linq.XNode"] = "XDocument"


def parse_json(name: str, text: str) -> JToken:
    """Return a .NET string as JObject, JArray or JToken."""
    from apimpolicy.csharp.dotnet.json import loading

    parsers: dict[str, Callable[[str], JToken]] = {
        "JObject": loading.parse_object,
        "JArray": loading.parse_array,
        "JToken": loading.parse,
    }
    try:
        return parsers[name](text)
    except JsonReaderException as error:
        if name != "JToken" and _is_json(text):
            raise
        raise JsonReaderException(azure_text("body-not-json", details=f". {error.message}")) from None


def _is_json(text: str) -> bool:
    from apimpolicy.csharp.dotnet.json import loading

    try:
        loading.parse(text)
    except JsonReaderException:
        return False
    return True


def parse_xml(name: str, text: str) -> Any:
    """Return a .NET string as XDocument or XElement."""
    full = f"System.Xml.Linq.{name}"
    return bound(full, f"static {full} Parse(string text)")(text)


def _unescaped(text: str) -> str:
    if "+" in text:
        assume("AsFormUrlEncodedContent reads + as a space")
    return to_utf16(unquote(text.replace("+", " ")))
