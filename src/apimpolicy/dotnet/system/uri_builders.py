"""`System.UriBuilder`, which Azure refuses: a URI with another port or query."""

from __future__ import annotations

from apimpolicy.dotnet.exceptions import ArgumentOutOfRangeException, require
from apimpolicy.dotnet.registry import dotnet_class, implements
from apimpolicy.dotnet.system.uris import RELATIVE_OR_ABSOLUTE, Uri, parse


@dotnet_class("System.UriBuilder", members="Query Port Uri")
class UriBuilder:
    """A URI under construction; -1 is the default port."""

    def __init__(self, uri: Uri) -> None:
        self._original, self._port, self._query = uri, uri.port, uri.query

    @property
    def port(self) -> int:
        return self._port

    @port.setter
    def port(self, value: int) -> None:
        if not -1 <= value <= 65535:
            raise ArgumentOutOfRangeException("value")
        self._port = value

    @property
    def query(self) -> str:
        return self._query

    @query.setter
    def query(self, value: str | None) -> None:
        self._query = "?" + value if value and value[0] != "?" else value or ""

    @property
    def uri(self) -> Uri:
        original = self._original
        user = f"{original.user_info}@" if original.user_info else ""
        port = f":{self._port}" if self._port != -1 and original.host else ""
        delimiter = "://" if original.has_authority else ":"
        return parse(
            f"{original.scheme}{delimiter}{user}{original.host}{port}{original.path}{self._query}{original.fragment}"
        )


@implements("System.UriBuilder", "new(string)")
def _new(text: str | None) -> UriBuilder:
    text = require(text, "uriString")
    uri = parse(text, RELATIVE_OR_ABSOLUTE)
    return UriBuilder(uri if uri.is_absolute else parse("http://" + text))
