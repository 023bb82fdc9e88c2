"""A connection to Redis that is used where it is needed: by the engine on an event loop, or by synchronous code.

When Redis does not answer, callers get None and do what they do without it. That is logged once, and so is that it is
back. Until then no request waits for it: a thread asks it once in a second. What Redis refuses (a key of another type,
no memory left) concerns the one command, and is logged once for each kind of refusal.

All keys of a script are declared and lie in one slot of a cluster, since the prefix has a hash tag.

Cached values as bytes for a cache outside of this process: JSON that names the kind of each value.

Nothing is pickled: a writer of the cache must not run code here.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from importlib.resources import files
from typing import Any, TypeVar

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.system.datetimes import DateTime
from apimpolicy.csharp.dotnet.system.randoms import Guid
from apimpolicy.csharp.dotnet.system.timespans import TimeSpan
from apimpolicy.csharp.dotnet.values import BYTE, Array, Boxed, EnumValue, box, byte_array
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.context.bodies import parse_json, parse_xml
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.context.records import Response
from apimpolicy.serving import engine_loop

_PATIENCE = 5.0
"""Seconds that Redis may take for an answer: a busy machine must not be taken for a Redis that is away."""
_AGAIN = 1.0
"""Seconds between two attempts while it does not answer."""

log = logging.getLogger("apimpolicy.redis")


class RedisConnection:
    """Runs the script of `redis_state.lua`, and single commands. Raises ConfigurationError for a URL that is none."""

    def __init__(self, url: str, prefix: str) -> None:
        import redis
        import redis.asyncio

        self.url = url
        self.prefix = tagged(prefix)
        script = files("apimpolicy.serving").joinpath("redis_state.lua").read_bytes()
        self._script = script
        self._digest = hashlib.sha1(script, usedforsecurity=False).hexdigest()
        options: dict[str, Any] = {"socket_connect_timeout": _PATIENCE, "socket_timeout": _PATIENCE}
        try:
            self._connect: Callable[[], Any] = partial(redis.Redis.from_url, url, **options)
            self._client: Any = self._connect()
            self._make: Callable[[], Any] = partial(redis.asyncio.Redis.from_url, url, **options)
        except ValueError as error:
            what = f"--redis takes a URL such as redis://localhost:6379, not '{url}': {error}"
            raise ConfigurationError(what) from None
        self._clients: dict[asyncio.AbstractEventLoop, Any] = {}
        self._errors: tuple[type[Exception], ...] = (redis.ConnectionError, redis.TimeoutError, OSError)
        self._missing = redis.exceptions.NoScriptError
        self._refused = redis.RedisError
        self._asked_at: float | None = None
        """Time of the last attempt to reconnect; None while Redis responds."""
        self._is_asking = threading.Lock()
        self._logged: set[str] = set()

    @property
    def is_away(self) -> bool:
        """Return whether Redis did not answer the last time."""
        return self._asked_at is not None

    def operation(self, name: str, given: dict[str, Any]) -> list[bytes] | None:
        """Return the result of an operation of the script; None if Redis is not available."""
        keys = [self.prefix + key for key in keys_of(given)]
        arguments = len(keys), *keys, self.prefix, name, json.dumps(given, separators=(",", ":"))
        found: list[bytes] | None = self._guarded(self._run, arguments)
        return found

    def command(self, *words: Any) -> tuple[Any] | None:
        """Return the result of a command, in a tuple; None if Redis is not available."""
        found: tuple[Any] | None = self._guarded(self._command, words)
        return found

    def close(self) -> None:
        """Close connections of synchronous code; those of a loop end with it."""
        self._client.close()

    async def aclose(self) -> None:
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    def _guarded(self, call: Any, words: Sequence[Any]) -> Any:
        if self._asked_at is not None:
            if time.monotonic() - self._asked_at >= _AGAIN and self._is_asking.acquire(blocking=False):
                threading.Thread(target=self._ask, name="apimpolicy-redis-back", daemon=True).start()
            return None
        try:
            return call(words)
        except self._errors as error:
            self._is_away(error)
        except self._refused as error:
            self._refuses(error)
        return None

    def _is_away(self, error: Exception) -> None:
        if self._asked_at is None:
            what = str(error) or type(error).__name__
            log.warning("Redis does not answer (%s): caches miss, and every worker counts for itself", what)
        self._asked_at = time.monotonic()

    def _ask(self) -> None:
        """Check whether Redis is back, in a thread for which no request waits.

        The connection is the thread's own: closing the others while it waits for an answer must not disturb it.
        """
        try:
            with self._connect() as client:
                client.ping()
        except self._errors as error:
            self._is_away(error)
        except self._refused:  # it answers, whatever
            self._is_back()
        else:
            self._is_back()
        finally:
            self._is_asking.release()

    def _is_back(self) -> None:
        self._asked_at = None
        log.warning("Redis answers again: counters and caches are shared")

    def _refuses(self, error: Exception) -> None:
        kind = str(error).partition(" ")[0]
        if kind not in self._logged:
            self._logged.add(kind)
            log.warning("Redis refuses a command (%s): it has no effect, or every worker counts for itself", error)

    def _command(self, words: Sequence[Any]) -> tuple[Any]:
        if engine_loop.can_wait():
            return (engine_loop.wait_for(self._command_on_loop(words)),)
        return (self._client.execute_command(*words),)

    async def _command_on_loop(self, words: Sequence[Any]) -> Any:
        return await self._loop_client().execute_command(*words)

    def _run(self, arguments: Sequence[Any]) -> Any:
        if engine_loop.can_wait():
            return engine_loop.wait_for(self._run_on_loop(arguments))
        try:
            return self._client.execute_command("EVALSHA", self._digest, *arguments)
        except self._missing:
            return self._client.execute_command("EVAL", self._script, *arguments)

    async def _run_on_loop(self, arguments: Sequence[Any]) -> Any:
        client = self._loop_client()
        try:
            return await client.execute_command("EVALSHA", self._digest, *arguments)
        except self._missing:
            return await client.execute_command("EVAL", self._script, *arguments)

    def _loop_client(self) -> Any:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = self._make()
        return client


def tagged(prefix: str) -> str:
    """Return a prefix of keys with a hash tag: a cluster keeps all keys with the same one in the same place.

    >>> tagged("apimpolicy:"), tagged("a{b}:"), tagged("")
    ('{apimpolicy}:', 'a{b}:', '{apimpolicy}:')
    """
    start = prefix.find("{")
    if start >= 0 and prefix.find("}", start) > start + 1:
        return prefix
    name = prefix.removesuffix(":").replace("{", "").replace("}", "")
    return f"{{{name or 'apimpolicy'}}}:"


def keys_of(given: dict[str, Any]) -> list[str]:
    """Return the keys, without their prefix, that an operation of the script may use."""
    keys = ["workers", "requests"]
    counters = [given["counter"]] if "counter" in given else []
    counters += [each["counter"] for name in ("claims", "counts") for each in given.get(name, ())]
    for name in dict.fromkeys(counter["key"] for counter in counters):
        keys += [f"{kind}:{name}" for kind in ("calls", "window", "bucket", "sum", "reservation")]
    keys += [f"reservation:{name}" for name in given.get("committed", ())]
    keys += [f"inside:{given['key']}"] if "key" in given else []
    keys += [f"open:{given['id']}", f"seen:{given['id']}"] if "id" in given else []
    return keys


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
