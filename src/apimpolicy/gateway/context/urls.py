"""IUrl: the parts of a URL. A `Url` never changes; policies replace it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from apimpolicy.csharp.dotnet.registry import dotnet_class, python_names
from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.header_fields import HeaderCollection

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.system.uris import Uri

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_PATH_CHARACTERS = "/%:@!$&'()*+,;=~-._[]|"
_QUERY_CHARACTERS = _PATH_CHARACTERS + "?"

_LONGEST_DOTS = len("%2e%2e")

_MEMBERS = "Host Path Port Query QueryString Scheme"


@dotnet_class("IUrl", members=f"{_MEMBERS} Uri")
class Url:
    """An absolute URL. `path` begins with `/`, `query_string` is empty or begins with `?`; both are percent-encoded.

    A path has no dot segments, also none that are written `%2e`: HTTP.sys, Kestrel and System.Uri remove them before
    anything looks at the path.
    """

    json_members = python_names(_MEMBERS)

    def __init__(self, scheme: str, host: str, port: int, path: str = "/", query_string: str = "") -> None:
        self.scheme = scheme
        self.host = host
        self.port = port
        path = path if path.startswith("/") else "/" + path
        self.path = _without_dots(path) if "/." in path or "/%2" in path else path
        self.query_string = "?" + query_string if query_string and not query_string.startswith("?") else query_string

    @classmethod
    def parse(cls, text: str, origin: str = "https://localhost") -> Url:
        """Parse a text; one that begins with `/` belongs to `origin`. Raises ConfigurationError."""
        return _parsed(origin.rstrip("/") + text if text.startswith("/") or not text else text)

    @functools.cached_property
    def query(self) -> HeaderCollection:
        """Return the parameters of the query, decoded; their names ignore case."""
        parameters = HeaderCollection()
        for part in self.query_string[1:].split("&"):
            if part:
                name, _, value = part.partition("=")
                parameters.append(_decoded(name), [_decoded(value)])
        return parameters

    def replaced(
        self,
        *,
        scheme: str | None = None,
        host: str | None = None,
        port: int | None = None,
        path: str | None = None,
        query_string: str | None = None,
    ) -> Url:
        """Return a copy with some parts changed."""
        return Url(
            self.scheme if scheme is None else scheme,
            self.host if host is None else host,
            self.port if port is None else port,
            self.path if path is None else path,
            self.query_string if query_string is None else query_string,
        )

    def with_parameters(self, parameters: HeaderCollection) -> Url:
        return self.replaced(query_string=encode_parameters(parameters.fields()))

    @property
    def authority(self) -> str:
        """Return host and port; a default port is left out."""
        return self.host if self.port == DEFAULT_PORTS.get(self.scheme) else f"{self.host}:{self.port}"

    def to_string(self) -> str:
        """Return the whole URL; a default port is left out."""
        return f"{self.scheme}://{self.authority}{self.path}{self.query_string}"

    @functools.cached_property
    def uri(self) -> Uri:
        """Return the URL as .NET's own type. The page does not list this member, and deployed policies use it."""
        from apimpolicy.csharp.dotnet.system.uris import parse

        return parse(self.to_string())

    def to_uri(self) -> Uri:
        return self.uri

    @functools.cached_property
    def _python_text(self) -> str:
        return from_utf16(self.to_string())

    def __str__(self) -> str:
        return self._python_text

    def __repr__(self) -> str:
        return f"Url({str(self)!r})"


@functools.lru_cache(maxsize=1024)
def _parsed(text: str) -> Url:
    """Return an absolute URL, the same object for the same text. Raises ConfigurationError."""
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parts.hostname
    except ValueError as error:
        raise ConfigurationError(f"'{text}' is not a URL: {error}") from None
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not host:
        raise ConfigurationError(f"'{text}' is not a URL: expected one like https://contoso.example/orders")
    if port is None:
        port = DEFAULT_PORTS[scheme]
    path = quote(parts.path or "/", safe=_PATH_CHARACTERS)
    query = quote(parts.query, safe=_QUERY_CHARACTERS)
    return Url(scheme, f"[{host}]" if ":" in host else to_utf16(host), port, path, query)


def _without_dots(path: str) -> str:
    """Return a path without dot segments, as they are written or encoded."""
    from apimpolicy.csharp.dotnet.system.net import without_dot_segments

    parts = path.split("/")
    for index, part in enumerate(parts):
        if len(part) <= _LONGEST_DOTS and (plain := part.lower().replace("%2e", ".")) in (".", ".."):
            parts[index] = plain
    return without_dot_segments("/".join(parts))


def encode_parameters(fields: Iterable[tuple[str, Iterable[str]]]) -> str:
    """`a=1&a=2&b=x%20y`"""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, values in fields for value in values)


def _encoded(text: str) -> str:
    return quote(from_utf16(text), safe="-_.~")


def _decoded(text: str) -> str:
    return to_utf16(unquote(text.replace("+", " ")))
