"""Cached values as bytes for a cache outside of this process: JSON that names the kind of each value.

Nothing is pickled: a writer of the cache must not run code here.
"""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from typing import Any, TypeVar

from apimpolicy.context.bodies import parse_json, parse_xml
from apimpolicy.context.headers import Headers
from apimpolicy.context.records import Response
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.system.datetimes import DateTime
from apimpolicy.dotnet.system.randoms import Guid
from apimpolicy.dotnet.system.timespans import TimeSpan
from apimpolicy.dotnet.values import BYTE, Array, Boxed, EnumValue, box, byte_array
from apimpolicy.errors import NotSimulatedError

T = TypeVar("T")
UNREADABLE = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RecursionError, DotnetException)
"""The errors of reading untrusted bytes: errors of JSON, of its values, and of .NET's JSON and XML."""

_BOXED = frozenset(("sbyte", "byte", "short", "ushort", "int", "uint", "long", "ulong", "char", "float"))


def to_bytes(value: object) -> bytes:
    """Return the value as bytes. Raises NotSimulatedError for a kind of value that is not kept outside
    of the process.
    """
    return json.dumps(_encoded(value), separators=(",", ":")).encode()


def from_bytes(data: bytes) -> object:
    """Return the value again. Raises ValueError for bytes that are no such value."""
    try:
        return _decoded(json.loads(data))
    except UNREADABLE as error:
        raise ValueError(f"this is not a cached value: {error}") from None


def _encoded(value: object) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Response):
        headers = [[name, single] for name, values in value.headers.fields() for single in values]
        return {"response": [value.status_code, value.reason, headers, _base64(value.body)]}
    if isinstance(value, Boxed):
        return _boxed(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return {"int": int(value)}
    if isinstance(value, float):
        return {"double": value.hex()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, Array) and value.element is BYTE:
        return {"bytes": _base64(bytes(value))}
    return _object(value)


def _boxed(value: Any) -> Any:
    if isinstance(value, EnumValue):
        raise _refused(value)
    if isinstance(value, float):
        return {"boxed": [str(value.dotnet_type), float(value).hex()]}  # type: ignore[attr-defined] # both, as Single is
    return {"boxed": [str(value.dotnet_type), str(value) if isinstance(value, str) else int(value)]}


def _object(value: Any) -> Any:
    name = getattr(value, "dotnet_type_name", "")
    if name.startswith("Newtonsoft.Json.Linq.J"):
        return {"json": [name.rpartition(".")[2], str(value.format(0))]}
    if name.startswith("System.Xml.Linq.X"):
        return {"xml": [name.rpartition(".")[2], str(value.to_string())]}
    if isinstance(value, DateTime):
        return {"time": [value.ticks, value.kind]}
    if isinstance(value, TimeSpan):
        return {"span": value.ticks}
    if isinstance(value, Guid):
        return {"guid": value.hex}
    raise _refused(value)


def _refused(value: Any) -> NotSimulatedError:
    name = getattr(value, "dotnet_type_name", "") or type(value).__name__
    return NotSimulatedError(
        f"caching a value of type {name} outside of the gateway", "cache text, a number, JSON or XML"
    )


def _decoded(given: Any) -> object:
    if given is None or isinstance(given, (bool, str)):
        return given
    ((kind, content),) = given.items()
    return _KINDS[kind](content)


def _response(content: Any) -> Response:
    status, reason, headers, body = content
    fields = [(_of(str, name), _of(str, value)) for name, value in headers]
    return Response.made_of(_of(int, status), _of(str, reason), Headers(fields), _plain(_of(str, body)))


def _of(kind: type[T], content: Any) -> T:
    """Return content of exactly this type. Raises TypeError."""
    if type(content) is not kind:
        raise TypeError(f"{content!r} is no {kind.__name__}")
    found: T = content
    return found


def _unboxed(content: Any) -> object:
    name, value = content
    if name not in _BOXED:
        raise TypeError(f"{name!r} is no type that is boxed")
    return box(
        named(name), float.fromhex(value) if name == "float" else value if type(value) is str else _of(int, value)
    )


def _json(content: Any) -> object:
    name, text = content
    return parse_json(name if name in ("JObject", "JArray") else "JToken", text)


def _xml(content: Any) -> object:
    return parse_xml(*content)


def _time(content: Any) -> object:
    ticks, kind = content
    return DateTime(_of(int, ticks), _of(int, kind))


def _span(content: Any) -> object:
    return TimeSpan(_of(int, content))


def _guid(content: Any) -> object:
    return Guid(f"{int(_of(str, content), 16):032x}")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _plain(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_KINDS: dict[str, Any] = {
    "response": _response,
    "boxed": _unboxed,
    "int": lambda number: _of(int, number),
    "double": float.fromhex,
    "decimal": Decimal,
    "bytes": lambda text: byte_array(_plain(text)),
    "json": _json,
    "xml": _xml,
    "time": _time,
    "span": _span,
    "guid": _guid,
}
