"""Parts of a `System.Uri` by `UriComponents`, and the static tests of `Uri`."""

from __future__ import annotations

import re
from collections.abc import Callable

from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentException,
    FormatException,
    NullReferenceException,
    UriFormatException,
    check_range,
    require,
)
from apimpolicy.csharp.dotnet.registry import implements, implements_all
from apimpolicy.csharp.dotnet.system import net
from apimpolicy.csharp.dotnet.system.net import percent_decode, readable
from apimpolicy.csharp.dotnet.system.uris import Uri, combine, make_relative, parse
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import NotSimulatedError

_URI = "System.Uri"
SCHEME, USER_INFO, HOST, PORT, PATH, QUERY, FRAGMENT = (1 << bit for bit in range(7))
_FORMATS: dict[int, Callable[[str], str]] = {1: str, 2: percent_decode, 3: readable}
"""UriEscaped, Unescaped, SafeUnescaped."""
UNKNOWN, BASIC, DNS, IPV4, IPV6 = range(5)
"""Of the enum `System.UriHostNameType`."""
_LABEL = re.compile(r"[^\W_][\w-]*|_[\w-]*")


def check_host_name(name: str | None) -> int:
    """Return the host name type of a text; a name of one label counts as Dns, as in .NET."""
    if not name or len(name) > 10_240:
        return UNKNOWN
    bare = name[1:-1] if name.startswith("[") and name.endswith("]") else name
    if ":" in bare:
        return IPV6 if _is_address(bare) else UNKNOWN
    if bare is not name:
        return UNKNOWN
    if _is_address(name):
        return IPV4
    labels = (name[:-1] if name.endswith(".") else name).split(".")
    return DNS if all(_LABEL.fullmatch(label) and len(label) < 64 for label in labels) else UNKNOWN


def _is_address(text: str) -> bool:
    try:
        net.parse(text)
    except FormatException:
        return False
    return True


@implements(_URI, "HostNameType")
def _host_name_type(uri: Uri) -> int:
    if not uri.absolute().host:
        return BASIC if uri.scheme == "file" else UNKNOWN
    return check_host_name(uri.host)


@implements(_URI, "IdnHost")
def _idn_host(uri: Uri) -> str:
    host = uri.absolute().dns_safe_host
    if host.isascii():
        return host
    labels = [label if label.isascii() else _punycode(label) for label in from_utf16(host).split(".")]
    return ".".join(labels)


def _punycode(label: str) -> str:
    return "xn--" + label.encode("punycode").decode("ascii")


def components(uri: Uri, parts: int, format_: int) -> str:
    """`GetComponents`, whose enums Azure refuses; raises InvalidOperationException for a relative URI."""
    if parts & ~(SCHEME | USER_INFO | HOST | PORT | PATH | QUERY | FRAGMENT) or format_ not in _FORMATS:
        raise NotSimulatedError("System.Uri.GetComponents", f"components {parts} in format {format_}")
    uri.absolute()
    formatted = _FORMATS[format_]
    out = []
    if parts & SCHEME:
        out.append(uri.scheme)
        if parts != SCHEME:
            out.append("://" if uri.has_authority else ":")
    if parts & USER_INFO and uri.user_info:
        out.append(formatted(uri.user_info) + ("" if parts == USER_INFO else "@"))
    if parts & HOST:
        out.append(uri.host.strip("[]") if parts == HOST else uri.host)
    if parts & PORT and not uri.is_default_port:
        out.append(("" if parts == PORT else ":") + str(uri.port))
    for part, text in ((PATH, uri.path), (QUERY, uri.query), (FRAGMENT, uri.fragment)):
        if parts & part:
            text = formatted(text)
            out.append(text[1:] if parts == part and text[:1] in ("/", "?", "#") else text)
    return "".join(out)


@implements(_URI, "IsBaseOf")
def _is_base_of(base: Uri, uri: Uri | None) -> bool:
    uri = require(uri, "uri")
    if not base.is_absolute:
        return False
    if not uri.is_absolute:
        try:
            uri = combine(base, uri.original)
        except UriFormatException:
            return False
    parts = SCHEME | USER_INFO | HOST | PORT | PATH
    own, other = components(base, parts, 3), components(uri, parts, 3)
    return base.scheme == uri.scheme and other.startswith(own[: own.rfind("/") + 1])


@implements(_URI, "MakeRelative")
def _make_relative(base: Uri, uri: Uri | None) -> str:
    uri = require(uri, "toUri")
    base.absolute(), uri.absolute()
    if (base.scheme, base.host, base.port) != (uri.scheme, uri.host, uri.port):
        return uri.to_string()
    return re.split("[?#]", make_relative(base, uri).original)[0]


@implements(_URI, "HexEscape")
def _hex_escape(char: str) -> str:
    check_range(char <= "\xff", "character")
    return f"%{ord(char):02X}"


def is_hex_digit(char: str) -> bool:
    return char in "0123456789abcdefABCDEF"


@implements(_URI, "IsHexEncoding")
def _is_hex_encoding(pattern: str | None, index: int) -> bool:
    if pattern is None:
        raise NullReferenceException
    return index >= 0 and re.compile("%[0-9a-fA-F]{2}").match(pattern, index) is not None


@implements(_URI, "HexUnescape")
def _hex_unescape(pattern: str | None, index: int) -> tuple[str, int]:
    if pattern is None:
        raise NullReferenceException
    check_range(0 <= index < len(pattern), "index")
    if _is_hex_encoding(pattern, index):
        return chr(int(pattern[index + 1 : index + 3], 16)), index + 3
    return pattern[index], index + 1


@implements(_URI, "FromHex")
def _from_hex(digit: str) -> int:
    if not is_hex_digit(digit):
        raise ArgumentException(None, "digit")
    return int(digit, 16)


@implements(_URI, "CheckSchemeName")
def is_scheme(name: str | None) -> bool:
    """Return whether a text is a scheme by RFC 3986."""
    return name is not None and re.fullmatch("[A-Za-z][A-Za-z0-9+.-]*", name) is not None


def _as_it_is(uri: Uri, text: str, dont_escape: bool) -> Uri:
    """Raises NotSimulatedError where escaping would matter for a URI that is to be left as it is."""
    if dont_escape:
        if re.fullmatch(r"[A-Za-z0-9\-_~/?#=&+:.,;@]*", text) is None:
            raise NotSimulatedError("System.Uri with dontEscape", "escapes, or characters that may need some")
        uri.is_user_escaped = True
    return uri


@implements(_URI, "new(Uri, string, bool)")
def _combine(base: Uri | None, relative: str | None, dont_escape: bool) -> Uri:
    made = combine(base, relative)
    return _as_it_is(made, made.original, dont_escape)


implements_all(
    _URI,
    {
        "CheckHostName": check_host_name,
        "IsUnc": lambda uri: uri.absolute().scheme == "file" and bool(uri.host),
        "UserEscaped": lambda uri: uri.is_user_escaped,
        "GetComponents": components,
        "IsHexDigit": is_hex_digit,
        "new(string, bool)": lambda text, dont_escape: _as_it_is(parse(text), text or "", dont_escape),
    },
)
