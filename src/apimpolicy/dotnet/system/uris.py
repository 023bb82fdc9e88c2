"""`System.Uri`: parsed as .NET does, which normalises host, default port, dot segments and escapes.

Absolute URIs with an authority (http, https, ftp, ws, …), `file:` paths and opaque ones (`mailto:`) are known; relative
references are kept as they are. Source: RFC 3986 and the page "System.Uri".
"""

from __future__ import annotations

import re
from typing import Any

from apimpolicy.dotnet.environment import work_through
from apimpolicy.dotnet.exceptions import (
    ArgumentNullException,
    InvalidOperationException,
    UriFormatException,
)
from apimpolicy.dotnet.registry import dotnet_class, implements, member
from apimpolicy.dotnet.system.objects import get_hash_code
from apimpolicy.dotnet.system.web_text import percent_encode
from apimpolicy.dotnet.values import Array, string_array, to_utf16

RELATIVE_OR_ABSOLUTE, ABSOLUTE, RELATIVE = 0, 1, 2
"""Of the enum `System.UriKind`."""

_PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443, "gopher": 70, "nntp": 119, "net.tcp": 808}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.S)
_HOST = re.compile(r"(?:[\w-](?:[\w.-]*[\w-])?\.?|\[[0-9A-Fa-f:.]+(?:%\w+)?\])")
_RESERVED = "/:@!$&'()*+,;="
_UNRESERVED_ESCAPE = re.compile(r"%(?:2[dDeE]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
_UNDETERMINED = "Invalid URI: The format of the URI could not be determined."


def _normal_escapes(text: str, safe: str) -> str:
    """Escape what must be; unescape unreserved characters; leave other escapes alone."""
    text = _UNRESERVED_ESCAPE.sub(lambda match: chr(int(match.group()[1:], 16)), text)
    text = re.sub("%(?![0-9A-Fa-f]{2})", "%25", text)
    return percent_encode(text, safe + "-_.~%")


def _without_dot_segments(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
            if last:
                kept.append("")
        elif segment != ".":
            kept.append(segment)
        elif last:
            kept.append("")
    return "/" + "/".join(kept)


@dotnet_class("System.Uri", attributes={"OriginalString": "original", "IsAbsoluteUri": "is_absolute"})
class Uri:
    """A URI; immutable."""

    __slots__ = (
        "fragment", "host", "is_absolute", "is_user_escaped", "original", "path", "port", "query", "scheme",
        "user_info",
    )  # fmt: skip

    def __init__(self, original: str) -> None:
        self.original = original
        self.is_absolute = self.is_user_escaped = False
        self.scheme = self.host = self.path = self.query = self.fragment = self.user_info = ""
        self.port = -1

    def absolute(self) -> Uri:
        """This URI; raises InvalidOperationException when it is relative."""
        if not self.is_absolute:
            raise InvalidOperationException("This operation is not supported for a relative URI.")
        return self

    @property
    def has_authority(self) -> bool:
        return self.scheme == "file" or (bool(self.host) and self.scheme != "mailto")

    @property
    def is_default_port(self) -> bool:
        return self.port == _PORTS.get(self.scheme, -1)

    @property
    def authority(self) -> str:
        return self.host if self.is_default_port else f"{self.host}:{self.port}"

    @property
    def absolute_uri(self) -> str:
        return self.left_part() + self.path + self.query + self.fragment

    def left_part(self) -> str:
        """Scheme and authority."""
        if self.scheme == "mailto" and self.host:
            return f"mailto:{self.user_info}@{self.host}"
        if not self.has_authority:
            return f"{self.scheme}:"
        user = f"{self.user_info}@" if self.user_info else ""
        return f"{self.scheme}://{user}{self.authority}"

    @member("string ToString()")
    def to_string(self) -> str:
        """The URI for people: escapes of characters that need none are undone."""
        if not self.is_absolute:
            return self.original
        return readable(self.absolute_uri)

    @member("bool Equals(object comparand)")
    def equals(self, other: Any) -> bool:
        if isinstance(other, str):
            other = try_parse(other, RELATIVE_OR_ABSOLUTE)
        if not isinstance(other, Uri) or other.is_absolute != self.is_absolute:
            return False
        return self._identity() == other._identity()

    def _identity(self) -> str:
        if not self.is_absolute:
            return self.original
        return f"{self.scheme}://{self.authority}{self.path}{self.query}"

    @member("int GetHashCode()")
    def get_hash_code(self) -> int:
        return get_hash_code(self._identity())

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        return f"Uri({self.original!r})"


_KEPT_ESCAPED = re.compile(r"%(?:25|23|2[fF]|3[fFaAbBdD]|40|5[cC]|26|2[bBcC4])|%[01][0-9A-Fa-f]|%7[fF]")


def readable(text: str) -> str:
    """Without the escapes of characters that are safe to show: `UriFormat.SafeUnescaped`."""

    def decode(match: re.Match[str]) -> str:
        run, kept = match.group(), []
        position = 0
        for escaped in _KEPT_ESCAPED.finditer(run):
            kept.append(_decode_bytes(run[position : escaped.start()]))
            kept.append(escaped.group())
            position = escaped.end()
        kept.append(_decode_bytes(run[position:]))
        return "".join(kept)

    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", decode, text)


def _decode_bytes(run: str) -> str:
    try:
        return to_utf16(bytes.fromhex(run.replace("%", "")).decode("utf-8"))
    except UnicodeDecodeError:
        return run


def _read_authority(uri: Uri, authority: str) -> None:
    user, at, host = authority.rpartition("@")
    uri.user_info = _normal_escapes(user, ":!$&'()*+,;=") if at else ""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, ""
    if port and not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) <= 65535):
        raise UriFormatException("Invalid URI: Invalid port specified.")
    if not name or not _HOST.fullmatch(name):
        raise UriFormatException("Invalid URI: The hostname could not be parsed.")
    uri.host = name.lower()
    uri.port = int(port) if port else _PORTS.get(uri.scheme, -1)


def _read_absolute(uri: Uri, scheme: str, rest: str) -> None:
    uri.is_absolute, uri.scheme = True, scheme.lower()
    rest, hash_, fragment = rest.partition("#")
    uri.fragment = "#" + _normal_escapes(fragment, _RESERVED + "?[]#") if hash_ else ""
    rest, question, query = rest.partition("?")
    uri.query = "?" + _normal_escapes(query, _RESERVED + "?[]") if question else ""
    hierarchical = uri.scheme in _PORTS or uri.scheme == "file"
    if hierarchical:
        rest = rest.replace("\\", "/")
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        if authority or uri.scheme != "file":
            _read_authority(uri, authority)
        path = _normal_escapes(slash + path, _RESERVED + "[]")
        uri.path = _without_dot_segments(path) or "/"
    elif uri.scheme == "file":
        uri.path = _without_dot_segments(_normal_escapes("/" + rest.lstrip("/"), _RESERVED))
    elif hierarchical:
        raise UriFormatException("Invalid URI: The Authority/Host could not be parsed.")
    else:
        uri.path = _normal_escapes(rest, _RESERVED)
        uri.port = 25 if uri.scheme == "mailto" else -1
        if uri.scheme == "mailto" and "@" in rest:
            uri.user_info, _, host = rest.partition("@")
            uri.path = ""
            uri.host = host.lower()


def parse(text: str | None, kind: int = ABSOLUTE) -> Uri:
    """Raises ArgumentNullException, UriFormatException."""
    if text is None:
        raise ArgumentNullException("uriString")
    work_through(len(text) << 4)
    trimmed = text.strip(" \t\r\n\f")
    uri = Uri(text)
    if not trimmed:
        if kind == ABSOLUTE:
            raise UriFormatException("Invalid URI: The URI is empty.")
        return uri
    match = _SCHEME.fullmatch(trimmed)
    if match and len(match[1]) > 1:
        if kind == RELATIVE:
            raise UriFormatException(
                "A relative URI cannot be created because the 'uriString' parameter represents an absolute URI."
            )
        _read_absolute(uri, match[1], match[2])
    elif trimmed.startswith("/") and not trimmed.startswith("//") and kind != RELATIVE:
        # On Linux, .NET takes a rooted path for a file.
        _read_absolute(uri, "file", "//" + trimmed)
    elif kind == ABSOLUTE:
        raise UriFormatException(_UNDETERMINED)
    return uri


def try_parse(text: str | None, kind: int) -> Uri | None:
    """None instead of an exception."""
    try:
        return parse(text, kind)
    except (UriFormatException, ArgumentNullException):
        return None


def combine(base: Uri | None, relative: str | None) -> Uri:
    """A reference resolved against a base, by RFC 3986."""
    if base is None:
        raise ArgumentNullException("baseUri")
    base.absolute() if base.is_absolute else _refuse_base()
    reference = (relative or "").strip()
    match = _SCHEME.fullmatch(reference)
    if match and len(match[1]) > 1:
        return parse(reference)
    if reference.startswith("//"):
        return parse(f"{base.scheme}:{reference}")
    path, mark, rest = reference, "", ""
    for index, char in enumerate(reference):
        if char in "?#":
            path, mark, rest = reference[:index], char, reference[index + 1 :]
            break
    if not path:
        query = base.query if mark != "?" else ""
        return parse(base.left_part() + base.path + query + mark + rest)
    if not path.startswith("/"):
        path = base.path[: base.path.rfind("/") + 1] + path
    return parse(base.left_part() + path + mark + rest)


def _refuse_base() -> None:
    from apimpolicy.dotnet.exceptions import ArgumentOutOfRangeException

    raise ArgumentOutOfRangeException("baseUri", "This operation is not supported for a relative URI.")


implements("System.Uri", "new(string uriString)")(parse)
implements("System.Uri", "new(string uriString, System.UriKind uriKind)")(parse)
implements("System.Uri", "new(System.Uri baseUri, string relativeUri)")(combine)


@implements("System.Uri", "new(System.Uri baseUri, System.Uri relativeUri)")
def _combine_uri(base: Uri | None, relative: Uri | None) -> Uri:
    if relative is None:
        raise ArgumentNullException("relativeUri")
    return combine(base, relative.original)


@implements("System.Uri", "static bool TryCreate(string uriString, System.UriKind uriKind, out System.Uri result)")
def _try_create(text: str | None, kind: int) -> tuple[bool, Uri | None]:
    uri = try_parse(text, kind)
    return uri is not None, uri


@implements("System.Uri", "static bool TryCreate(System.Uri baseUri, string relativeUri, out System.Uri result)")
def _try_combine(base: Uri | None, relative: str | None) -> tuple[bool, Uri | None]:
    if base is None or not base.is_absolute or relative is None:
        return False, None
    try:
        return True, combine(base, relative)
    except UriFormatException:
        return False, None


@implements("System.Uri", "static bool TryCreate(System.Uri baseUri, System.Uri relativeUri, out System.Uri result)")
def _try_combine_uri(base: Uri | None, relative: Uri | None) -> tuple[bool, Uri | None]:
    return _try_combine(base, None if relative is None else relative.original)


@implements("System.Uri", "bool IsWellFormedOriginalString()")
def _is_well_formed_original(uri: Uri) -> bool:
    return _is_well_formed(uri.original, ABSOLUTE if uri.is_absolute else RELATIVE)


@implements("System.Uri", "static bool IsWellFormedUriString(string uriString, System.UriKind uriKind)")
def _is_well_formed(text: str | None, kind: int) -> bool:
    uri = try_parse(text, kind)
    if uri is None or text is None:
        return False
    return re.fullmatch(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*", text) is not None


_PARTS: dict[str, Any] = {
    "string AbsolutePath { get; }": lambda uri: uri.path,
    "string AbsoluteUri { get; }": lambda uri: uri.absolute_uri,
    "string Authority { get; }": lambda uri: uri.authority,
    "string Host { get; }": lambda uri: uri.host,
    "string DnsSafeHost { get; }": lambda uri: uri.host.strip("[]"),
    "string Scheme { get; }": lambda uri: uri.scheme,
    "int Port { get; }": lambda uri: uri.port,
    "string Query { get; }": lambda uri: uri.query,
    "string Fragment { get; }": lambda uri: uri.fragment,
    "string PathAndQuery { get; }": lambda uri: uri.path + uri.query,
    "string UserInfo { get; }": lambda uri: uri.user_info,
    "string LocalPath { get; }": lambda uri: readable(uri.path),
    "bool IsDefaultPort { get; }": lambda uri: uri.is_default_port,
    "bool IsFile { get; }": lambda uri: uri.scheme == "file",
    "bool IsLoopback { get; }": lambda uri: uri.host in ("localhost", "loopback", "127.0.0.1", "[::1]", ""),
    "string[] Segments { get; }": lambda uri: _segments(uri),
}
for _signature, _part in _PARTS.items():
    implements("System.Uri", _signature)(lambda uri, part=_part: part(uri.absolute()))


def _segments(uri: Uri) -> Array:
    return string_array(re.findall(r"[^/]*/|[^/]+$", uri.path))


@implements("System.Uri", "string GetLeftPart(System.UriPartial part)")
def _get_left_part(uri: Uri, part: int) -> str:
    uri.absolute()
    if part == 0:
        return f"{uri.scheme}://" if uri.has_authority else f"{uri.scheme}:"
    if part == 1:
        return uri.left_part() if uri.has_authority else ""
    return uri.left_part() + uri.path + (uri.query if part == 3 else "")


@implements("System.Uri", "static bool op_Equality(System.Uri uri1, System.Uri uri2)")
def _equal(a: Uri | None, b: Uri | None) -> bool:
    return a is b or (a is not None and a.equals(b))


@implements("System.Uri", "static bool op_Inequality(System.Uri uri1, System.Uri uri2)")
def _not_equal(a: Uri | None, b: Uri | None) -> bool:
    return not _equal(a, b)


_SCHEMES = ("http", "https", "file", "ftp", "mailto", "gopher", "news", "nntp", "net.tcp", "net.pipe")
for _scheme in _SCHEMES:
    _name = "".join(part.capitalize() for part in _scheme.split("."))
    implements("System.Uri", f"static readonly string UriScheme{_name};")(lambda scheme=_scheme: scheme)
implements("System.Uri", "static readonly string SchemeDelimiter;")(lambda: "://")


@implements("System.Uri", "System.Uri MakeRelativeUri(System.Uri uri)")
def make_relative(base: Uri, uri: Uri | None) -> Uri:
    """The reference that leads from one URI to another; the other itself when the authority differs."""
    if uri is None:
        raise ArgumentNullException("uri")
    base.absolute(), uri.absolute()
    if base.left_part() != uri.left_part():
        return uri
    own, target = base.path.split("/")[:-1], uri.path.split("/")
    shared = 0
    while shared < min(len(own), len(target) - 1) and own[shared] == target[shared]:
        shared += 1
    path = "../" * (len(own) - shared) + "/".join(target[shared:])
    if base.path == uri.path and uri.query + uri.fragment:
        path = ""
    return parse(path + uri.query + uri.fragment, RELATIVE_OR_ABSOLUTE)
