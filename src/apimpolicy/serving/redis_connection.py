"""A connection to Redis that is used where it is needed: by the engine on an event loop, or by synchronous code.

When Redis does not answer, callers get None and do what they do without it. That is said once, and so is that it is
back; in between it is asked at most once in a second, so that requests do not wait for it one by one.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import time
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.serving import bridge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
        self.prefix = prefix
        script = files("apimpolicy.serving").joinpath("redis_state.lua").read_bytes()
        self._script = script
        self._digest = hashlib.sha1(script, usedforsecurity=False).hexdigest()
        options: dict[str, Any] = {"socket_connect_timeout": _PATIENCE, "socket_timeout": _PATIENCE}
        try:
            self._client: Any = redis.Redis.from_url(url, **options)
            self._make: Callable[[], Any] = partial(redis.asyncio.Redis.from_url, url, **options)
        except ValueError as error:
            what = f"--redis takes a URL such as redis://localhost:6379, not '{url}': {error}"
            raise ConfigurationError(what) from None
        self._clients: dict[asyncio.AbstractEventLoop, Any] = {}
        self._errors: tuple[type[Exception], ...] = (redis.ConnectionError, redis.TimeoutError, OSError)
        self._missing = redis.exceptions.NoScriptError
        self._refused = redis.RedisError
        self._away_since: float | None = None

    @property
    def is_away(self) -> bool:
        """Whether Redis did not answer the last time."""
        return self._away_since is not None

    def operation(self, name: str, given: dict[str, Any]) -> list[bytes] | None:
        """What an operation of the script answers; None when Redis is away."""
        arguments = self.prefix, name, json.dumps(given, separators=(",", ":"))
        found: list[bytes] | None = self._guarded(self._run, arguments)
        return found

    def command(self, *words: Any) -> tuple[Any] | None:
        """What a command answers, in a tuple; None when Redis is away."""
        found: tuple[Any] | None = self._guarded(self._command, words)
        return found

    def close(self) -> None:
        """Close connections of synchronous code; those of a loop end with it."""
        self._client.close()

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    def _guarded(self, call: Any, words: Sequence[Any]) -> Any:
        now = time.monotonic()
        if self._away_since is not None:
            if now - self._away_since < _AGAIN:
                return None
            self._away_since = now
        try:
            found = call(words)
        except self._errors as error:
            self._is_away(error, now)
            return None
        except self._refused as error:  # it answers, but not with what was asked for: full, loading, read-only
            self._is_away(error, now)
            return None
        if self._away_since is not None:
            self._away_since = None
            log.warning("Redis answers again: counters and caches are shared")
        return found

    def _is_away(self, error: Exception, now: float) -> None:
        if self._away_since is None:
            what = str(error) or type(error).__name__
            log.warning("Redis does not answer (%s): caches miss, and every worker counts for itself", what)
        self._away_since = now

    def _command(self, words: Sequence[Any]) -> tuple[Any]:
        if bridge.can_wait():
            return (bridge.wait_for(self._command_on_loop(words)),)
        return (self._client.execute_command(*words),)

    async def _command_on_loop(self, words: Sequence[Any]) -> Any:
        return await self._loop_client().execute_command(*words)

    def _run(self, arguments: Sequence[Any]) -> Any:
        if bridge.can_wait():
            return bridge.wait_for(self._run_on_loop(arguments))
        try:
            return self._client.execute_command("EVALSHA", self._digest, 0, *arguments)
        except self._missing:
            return self._client.execute_command("EVAL", self._script, 0, *arguments)

    async def _run_on_loop(self, arguments: Sequence[Any]) -> Any:
        client = self._loop_client()
        try:
            return await client.execute_command("EVALSHA", self._digest, 0, *arguments)
        except self._missing:
            return await client.execute_command("EVAL", self._script, 0, *arguments)

    def _loop_client(self) -> Any:
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            client = self._clients[loop] = self._make()
        return client
