"""`System.UriBuilder`."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentOutOfRangeException,
    UriFormatException,
    require,
)
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all
from apimpolicy.dotnet.system.uri_components import is_scheme
from apimpolicy.dotnet.system.uris import RELATIVE_OR_ABSOLUTE, Uri, parse
from apimpolicy.dotnet.system.web_text import escape_uri_string

_BUILDER = "System.UriBuilder"


@dotnet_class(_BUILDER)
class UriBuilder:
    """A URI under construction; -1 is the default port."""

    def __init__(self) -> None:
        self._scheme, self._host, self._port, self._path = "http", "localhost", -1, "/"
        self._query = self._fragment = self._user_name = self._password = ""
        self._delimiter = "://"

    @classmethod
    def of(cls, uri: Uri) -> UriBuilder:
        """With the parts of a URI; raises InvalidOperationException for a relative one."""
        made = cls()
        uri.absolute()
        made._scheme, made._host, made._port = uri.scheme, uri.host, uri.port
        made._path, made._query, made._fragment = uri.path, uri.query, uri.fragment
        made._user_name, _, made._password = uri.user_info.partition(":")
        made._delimiter = "://" if uri.has_authority else ":"
        return made

    @property
    def scheme(self) -> str:
        return self._scheme

    @scheme.setter
    def scheme(self, value: str | None) -> None:
        name = (value or "").partition(":")[0]
        if name and not is_scheme(name):
            raise ArgumentException("Invalid URI: The URI scheme is not valid.", "value")
        self._scheme = name.lower()

    @property
    def host(self) -> str:
        return self._host

    @host.setter
    def host(self, value: str | None) -> None:
        self._host = value or ""
        if ":" in self._host and self._host[0] != "[":
            self._host = f"[{self._host}]"

    @property
    def port(self) -> int:
        return self._port

    @port.setter
    def port(self, value: int) -> None:
        if not -1 <= value <= 65535:
            raise ArgumentOutOfRangeException("value")
        self._port = value

    @property
    def path(self) -> str:
        return self._path

    @path.setter
    def path(self, value: str | None) -> None:
        self._path = escape_uri_string(value.replace("\\", "/")) if value else "/"

    @property
    def query(self) -> str:
        return self._query

    @query.setter
    def query(self, value: str | None) -> None:
        self._query = "?" + value if value and value[0] != "?" else value or ""

    @property
    def fragment(self) -> str:
        return self._fragment

    @fragment.setter
    def fragment(self, value: str | None) -> None:
        self._fragment = "#" + value if value and value[0] != "#" else value or ""

    @property
    def user_name(self) -> str:
        return self._user_name

    @user_name.setter
    def user_name(self, value: str | None) -> None:
        self._user_name = value or ""

    @property
    def password(self) -> str:
        return self._password

    @password.setter
    def password(self, value: str | None) -> None:
        self._password = value or ""

    @property
    def uri(self) -> Uri:
        return parse(self.to_string())

    def to_string(self) -> str:
        """Raise UriFormatException for a password without a user name."""
        if self._password and not self._user_name:
            raise UriFormatException("Invalid URI: The username:password construct is badly formed.")
        scheme = self._scheme + self._delimiter if self._scheme else ""
        user = self._user_name + (f":{self._password}" if self._password else "") + "@" if self._user_name else ""
        port = f":{self._port}" if self._port != -1 and self._host else ""
        slash = "/" if self._host and self._path and self._path[0] != "/" else ""
        return scheme + user + self._host + port + slash + self._path + self._query + self._fragment

    def equals(self, other: Any) -> bool:
        from apimpolicy.dotnet.system.objects import to_string

        return other is not None and self.uri.equals(to_string(other))

    def get_hash_code(self) -> int:
        return self.uri.get_hash_code()

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        return hash(self.uri)


@implements(_BUILDER, "new(string)")
def _new_text(text: str | None) -> UriBuilder:
    text = require(text, "uriString")
    uri = parse(text, RELATIVE_OR_ABSOLUTE)
    return UriBuilder.of(uri if uri.is_absolute else parse("http://" + text))


@implements(_BUILDER, "new(Uri)")
def _new_uri(uri: Uri | None) -> UriBuilder:
    uri = require(uri, "uri")
    return UriBuilder.of(uri)


@implements(
    _BUILDER,
    "new",
)
def _new_parts(
    scheme: str | None, host: str | None, port: int = -1, path: str | None = None, extra: str | None = None
) -> UriBuilder:
    made = UriBuilder()
    made.scheme, made.host, made.port, made.path = scheme, host, port, path
    if not extra:
        return made
    if extra[0] not in "?#":
        raise ArgumentException("Extra portion of URI not valid.", "extraValue")
    query, _, fragment = extra.partition("#")
    made.query, made.fragment = query[1:], fragment
    return made


implements_all(_BUILDER, {"new()": UriBuilder})
