"""`System.Uri`: parsed as .NET does, which normalises host, default port, dot segments and escapes.

Absolute URIs with an authority (http, https, ftp, ws, …), `file:` paths and opaque ones (`mailto:`) are known; relative
references are kept as they are. Source: RFC 3986 and the page "System.Uri".
"""

from __future__ import annotations

import re
from typing import Any

from apimpolicy.csharp.dotnet.environment import work_through
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentNullException,
    ArgumentOutOfRangeException,
    InvalidOperationException,
    UriFormatException,
    require,
)
from apimpolicy.csharp.dotnet.registry import counts_itself, dotnet_class, implements, implements_all
from apimpolicy.csharp.dotnet.system import net
from apimpolicy.csharp.dotnet.system.net import ipv6_text, read_ipv4, read_ipv6
from apimpolicy.csharp.dotnet.system.objects import get_hash_code
from apimpolicy.csharp.dotnet.values import string_array

RELATIVE_OR_ABSOLUTE, ABSOLUTE, RELATIVE = 0, 1, 2
"""Of the enum `System.UriKind`."""

_PORTS = {"http": 80, "https": 443, "ftp": 21, "ws": 80, "wss": 443, "gopher": 70, "nntp": 119, "net.tcp": 808}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.S)
_HOST = re.compile(r"(?!.*\.\.)(?:[\w-](?:[\w.-]*[\w-])?\.?|\[[0-9A-Fa-f:.]+(?:%\w+)?\])")
_RESERVED = "/:@!$&'()*+,;="
_WELL_FORMED = re.compile(
    r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2}|[\u00a0-\ud7ff\ud800-\udfff\uf900-\ufdcf\ufdf0-\uffef])*"
)
_DRIVE = re.compile(r"[A-Za-z][:|][/\\]")
_UNROOTED_PATH = re.compile(r"[A-Za-z][:|][^/\\]")
_MAIL_PORT = 25
_BAD_HOST = "Invalid URI: The hostname could not be parsed."
_BACKSLASH = "Invalid URI: The Authority/Host cannot end with a backslash character ('\\\\')."
_UNDETERMINED = "Invalid URI: The format of the URI could not be determined."


def _default_port(scheme: str) -> int:
    return _MAIL_PORT if scheme == "mailto" else _PORTS.get(scheme, -1)


@dotnet_class("System.Uri", members="OriginalString=original IsAbsoluteUri=is_absolute")
class Uri:
    """A URI; immutable."""

    __slots__ = (
        "address_scope", "fragment", "host", "is_absolute", "is_user_escaped", "original", "path", "port", "query",
        "scheme", "user_info",
    )  # fmt: skip

    def __init__(self, original: str) -> None:
        self.original = original
        self.is_absolute = self.is_user_escaped = False
        self.scheme = self.host = self.path = self.query = self.fragment = self.user_info = self.address_scope = ""
        self.port = -1

    def absolute(self) -> Uri:
        if not self.is_absolute:
            raise InvalidOperationException("This operation is not supported for a relative URI.")
        return self

    @property
    def has_authority(self) -> bool:
        return self.scheme == "file" or (bool(self.host) and self.scheme != "mailto")

    @property
    def is_default_port(self) -> bool:
        return self.port == _default_port(self.scheme)

    @property
    def authority(self) -> str:
        return self.host if self.is_default_port else f"{self.host}:{self.port}"

    @property
    def dns_safe_host(self) -> str:
        """The host without the brackets of an IPv6 address, but with its scope."""
        return self.host.strip("[]") + self.address_scope

    @property
    def absolute_path(self) -> str:
        """The path; one with a drive begins with the drive."""
        return self.path[1:] if self.scheme == "file" and _DRIVE.match(self.path, 1) else self.path

    @property
    def local_path(self) -> str:
        """The path without escapes, and that of a drive or of a share in the form of Windows."""
        path = net.percent_decode(self.absolute_path)
        if self.scheme != "file" or (path.startswith("/") and not self.host):
            return path
        share = f"\\\\{self.host}" if self.host else ""
        return share + path.replace("/", "\\")

    @property
    def absolute_uri(self) -> str:
        return self.left_part() + self.path + self.query + self.fragment

    def left_part(self) -> str:
        """Scheme and authority."""
        if self.scheme == "mailto" and self.host:
            return f"mailto:{self.user_info}@{self.authority}"
        if not self.has_authority:
            return f"{self.scheme}:"
        user = f"{self.user_info}@" if self.user_info else ""
        return f"{self.scheme}://{user}{self.authority}"

    def to_string(self) -> str:
        """Return the URI for people: escapes of characters that need none are undone."""
        if not self.is_absolute:
            return self.original
        return net.readable(self.absolute_uri)

    def equals(self, other: Any) -> bool:
        if isinstance(other, str):
            other = try_parse(other, RELATIVE_OR_ABSOLUTE)
        if not isinstance(other, Uri) or other.is_absolute != self.is_absolute:
            return False
        return self._identity() == other._identity()

    def _identity(self) -> str:
        if not self.is_absolute:
            return self.original
        return f"{self.scheme}://{self.authority}{net.readable(self.path + self.query)}"

    def get_hash_code(self) -> int:
        return get_hash_code(self._identity())

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        return f"Uri({self.original!r})"


def _read_authority(uri: Uri, authority: str) -> None:
    user, at, host = authority.partition("@") if "@" in authority else ("", "", authority)
    uri.user_info = net.normal_escapes(user, ":!$&'()*+,;=") if at else ""
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, ""
    if port and not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) <= 65535):
        raise UriFormatException("Invalid URI: Invalid port specified.")
    if not name or not _HOST.fullmatch(name):
        raise UriFormatException(_BAD_HOST)
    _read_host(uri, name)
    default = _default_port(uri.scheme)
    uri.port = int(port) if port and (int(port) or default >= 0) else default


def _read_host(uri: Uri, name: str) -> None:
    """Addresses get their usual form: `0x7f.1` is 127.0.0.1, and `[0:0:0:0:0:0:0:1]` is `[::1]`.

    With a scheme that .NET does not know, an IPv4 address stays as it is written.
    """
    if name.startswith("["):
        address, percent, scope = name[1:-1].partition("%")
        data = read_ipv6(address)
        if data is None:
            raise UriFormatException(_BAD_HOST)
        uri.host, uri.address_scope = f"[{ipv6_text(data)}]", percent + scope
        return
    data = read_ipv4(name) if uri.scheme in _PORTS or uri.scheme == "file" else None
    uri.host = name.lower() if data is None else ".".join(map(str, data))


def _read_absolute(uri: Uri, scheme: str, rest: str) -> None:
    uri.is_absolute, uri.scheme = True, scheme.lower()
    rest, hash_, fragment = net.upper_case_escapes(rest).partition("#")
    uri.fragment = "#" + net.normal_escapes(fragment, _RESERVED + "?[]#") if hash_ else ""
    rest, question, query = rest.partition("?")
    uri.query = "?" + net.normal_escapes(query, _RESERVED + "?[]") if question else ""
    hierarchical = uri.scheme in _PORTS or uri.scheme == "file"
    if hierarchical:
        _refuse_backslash(uri.scheme, rest)
        rest = rest.replace("\\", "/")
    if uri.scheme == "mailto":
        _read_mail_address(uri, rest)
    elif rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        if authority or uri.scheme != "file":
            _read_authority(uri, authority)
        path = net.normal_escapes(slash + path, _RESERVED + "[]")
        uri.path = net.without_dot_segments(path) or "/"
    elif uri.scheme == "file":
        uri.path = net.without_dot_segments(net.normal_escapes("/" + rest.lstrip("/"), _RESERVED))
    elif hierarchical:
        raise UriFormatException("Invalid URI: The Authority/Host could not be parsed.")
    else:
        uri.path = net.normal_escapes(rest, _RESERVED)


def _read_mail_address(uri: Uri, rest: str) -> None:
    """`user@host:port/path`, or only a path."""
    user, at, address = rest.partition("@")
    if rest.startswith("\\") or "@" in address.partition("/")[0]:
        raise UriFormatException(_BAD_HOST)
    if not at or re.search(r"[/\\]", user):
        uri.port, address = _default_port(uri.scheme), rest
    else:
        host = address.partition("/")[0]
        _read_authority(uri, f"{user}@{host}")
        address = address[len(host) :]
    uri.path = net.normal_escapes(address, _RESERVED)


def _refuse_backslash(scheme: str, rest: str) -> None:
    """Except for `file`, a backslash must not end the authority."""
    authority = re.match(r"[/\\]{2}[^/\\]*(\\?)", rest)
    if scheme != "file" and authority and authority[1]:
        raise UriFormatException(_BACKSLASH)


@counts_itself
def parse(text: str | None, kind: int = ABSOLUTE) -> Uri:
    """Raises ArgumentNullException, UriFormatException."""
    text = require(text, "uriString")
    work_through(len(text) << 4)
    trimmed = text.strip(" \t\r\n\f")
    uri = Uri(text)
    if not trimmed:
        if kind == ABSOLUTE:
            raise UriFormatException("Invalid URI: The URI is empty.")
        return uri
    if _UNROOTED_PATH.match(trimmed):
        raise UriFormatException("Invalid URI: A Dos path must be rooted, for example, 'c:\\\\'.")
    match = _SCHEME.fullmatch(trimmed)
    if match and len(match[1]) > 1:
        if kind != ABSOLUTE and _lacks_authority(match):
            return uri
        if kind == RELATIVE:
            raise UriFormatException(
                "A relative URI cannot be created because the 'uriString' parameter represents an absolute URI."
            )
        _read_absolute(uri, match[1], match[2])
    elif (file := _implicit_file(trimmed, kind)) is not None:
        _read_absolute(uri, "file", file)
    elif kind == ABSOLUTE:
        raise UriFormatException(_UNDETERMINED)
    return uri


def _implicit_file(text: str, kind: int) -> str | None:
    """Return the part after `file:` for the path of a file; None for other texts.

    `c:\\a` and `\\\\host\\a` are paths, unless `kind` is RELATIVE; `//host/a`, and on Linux `/a`, only when `kind`
    is ABSOLUTE.
    """
    if _DRIVE.match(text):
        start, wanted = f"///{text[0]}:", kind != RELATIVE
        text = text[2:]
    elif text.startswith("\\\\"):
        start, wanted = "", kind != RELATIVE
    else:
        start, wanted = ("" if text.startswith("//") else "//"), kind == ABSOLUTE and text.startswith("/")
    if not wanted:
        return None
    return start + text.replace("%", "%25").replace("?", "%3F").replace("#", "%23")


def _lacks_authority(reference: re.Match[str]) -> bool:
    """Return whether `http:a` is a reference like `a`: the scheme is one that needs an authority."""
    return reference[1].lower() in _PORTS and not re.match(r"[/\\]{2}", reference[2])


def try_parse(text: str | None, kind: int) -> Uri | None:
    """None instead of an exception."""
    try:
        return parse(text, kind)
    except (UriFormatException, ArgumentNullException):
        return None


def combine(base: Uri | None, relative: str | None) -> Uri:
    """Return a reference resolved against a base, by RFC 3986."""
    base = require(base, "baseUri")
    if not base.is_absolute:
        raise ArgumentOutOfRangeException("baseUri", "This operation is not supported for a relative URI.")
    reference = (relative or "").strip()
    match = _SCHEME.fullmatch(reference)
    if match and len(match[1]) > 1:
        if not (_lacks_authority(match) and match[1].lower() == base.scheme):
            return parse(reference)
        reference = match[2]
    elif _UNROOTED_PATH.match(reference) or _implicit_file(reference, RELATIVE_OR_ABSOLUTE):
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


@implements("System.Uri", "TryCreate(string, UriKind, out Uri)")
def _try_create(text: str | None, kind: int) -> tuple[bool, Uri | None]:
    uri = try_parse(text, kind)
    return uri is not None, uri


@implements("System.Uri", "TryCreate(Uri, string, out Uri)")
def _try_combine(base: Uri | None, relative: str | None) -> tuple[bool, Uri | None]:
    if base is None or not base.is_absolute or relative is None:
        return False, None
    try:
        return True, combine(base, relative)
    except UriFormatException:
        return False, None


@implements("System.Uri", "TryCreate(Uri, Uri, out Uri)")
def _try_combine_uri(base: Uri | None, relative: Uri | None) -> tuple[bool, Uri | None]:
    return _try_combine(base, None if relative is None else relative.original)


@implements("System.Uri", "IsWellFormedOriginalString")
def _is_well_formed_original(uri: Uri) -> bool:
    return _is_well_formed(uri.original, ABSOLUTE if uri.is_absolute else RELATIVE)


@implements("System.Uri", "IsWellFormedUriString")
def _is_well_formed(text: str | None, kind: int) -> bool:
    uri = try_parse(text, kind)
    if uri is None or text is None:
        return False
    if uri.is_absolute:
        trimmed = text.strip(" \t\r\n\f")
        return _implicit_file(trimmed, kind) is None and _WELL_FORMED.fullmatch(trimmed) is not None
    return _WELL_FORMED.fullmatch(text) is not None and ":" not in re.split("[/?#]", text)[0]


_PARTS: dict[str, Any] = {
    "string AbsolutePath { get; }": lambda uri: uri.absolute_path,
    "string AbsoluteUri { get; }": lambda uri: uri.absolute_uri,
    "string Authority { get; }": lambda uri: uri.authority,
    "string Host { get; }": lambda uri: uri.host,
    "string DnsSafeHost { get; }": lambda uri: uri.dns_safe_host,
    "string Scheme { get; }": lambda uri: uri.scheme,
    "int Port { get; }": lambda uri: uri.port,
    "string Query { get; }": lambda uri: uri.query,
    "string Fragment { get; }": lambda uri: uri.fragment,
    "string PathAndQuery { get; }": lambda uri: uri.absolute_path + uri.query,
    "string UserInfo { get; }": lambda uri: uri.user_info,
    "string LocalPath { get; }": lambda uri: uri.local_path,
    "bool IsDefaultPort { get; }": lambda uri: uri.is_default_port,
    "bool IsFile { get; }": lambda uri: uri.scheme == "file",
    "bool IsLoopback { get; }": lambda uri: _is_loopback(uri),
    "string[] Segments { get; }": lambda uri: string_array(re.findall("[^/]*/|[^/]+$", uri.path)),
}
for _signature, _part in _PARTS.items():
    implements("System.Uri", _signature)(lambda uri, part=_part: part(uri.absolute()))


def _is_loopback(uri: Uri) -> bool:
    address = read_ipv4(uri.host) if uri.host else None
    return (
        uri.host in ("localhost", "loopback", "[::1]")
        or (uri.scheme == "file" and not uri.host)
        or bool(address and address[0] == 127)
    )


@implements("System.Uri", "GetLeftPart")
def _get_left_part(uri: Uri, part: int) -> str:
    uri.absolute()
    if part == 0:
        return f"{uri.scheme}://" if uri.has_authority else f"{uri.scheme}:"
    if part == 1:
        return uri.left_part() if uri.has_authority else ""
    return uri.left_part() + uri.path + (uri.query if part == 3 else "")


@implements("System.Uri", "op_Equality")
def _equal(a: Uri | None, b: Uri | None) -> bool:
    return a is b or (a is not None and a.equals(b))


_SCHEMES = ("http", "https", "file", "ftp", "mailto", "gopher", "news", "nntp", "net.tcp", "net.pipe")
for _scheme in _SCHEMES:
    _name = "".join(part.capitalize() for part in _scheme.split("."))
    implements("System.Uri", f"static readonly string UriScheme{_name};")(lambda scheme=_scheme: scheme)


@implements("System.Uri", "MakeRelativeUri")
def make_relative(base: Uri, uri: Uri | None) -> Uri:
    """Return the reference that leads from one URI to another; the other itself when the authority differs."""
    uri = require(uri, "uri")
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
    if ":" in path.split("/")[0]:
        path = "./" + path
    return parse(path + uri.query + uri.fragment, RELATIVE_OR_ABSOLUTE)


implements_all(
    "System.Uri",
    {
        "new": parse,
        "new(Uri, string)": combine,
        "op_Inequality": lambda a, b: not _equal(a, b),
        "SchemeDelimiter": lambda: "://",
        "new(Uri, Uri)": lambda base, relative: combine(base, require(relative, "relativeUri").original),
    },
)
