"""What a running expression may ask of its surroundings, and what it may use up.

The engine sets an `Environment` for the time of one evaluation; library code asks `environment()`. Nothing here touches
the machine: the clock, the trust store and the source of randomness are inputs of the simulated gateway.
"""

from __future__ import annotations

import math
import random
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from apimpolicy.errors import LimitExceededError

if TYPE_CHECKING:
    from collections.abc import Callable

UNIX_EPOCH_TICKS = 621_355_968_000_000_000
"""Ticks (100 ns) from 0001-01-01 to 1970-01-01."""


_STEPS_PER_LOOK = 64
_UNITS_PER_STEP = 6
_ELEMENTS_PER_STEP = 3
"""Logarithms: what is copied or filled for one step."""


class Limits:
    """Bounds on what one evaluation may use; every one is a setting with this default.

    `steps`: loop iterations, calls of local functions and lambdas, and elements that LINQ walks over.
    `string_length`: UTF-16 code units in one string. `elements`: elements in one array or collection.
    `regex_seconds`: time for one match of a regular expression. `seconds`: time for the whole evaluation, looked at
    every few steps: the guard against few steps that are each expensive.
    """

    __slots__ = ("elements", "regex_seconds", "seconds", "steps", "string_length")

    def __init__(
        self,
        steps: int = 5_000_000,
        string_length: int = 16_777_216,
        elements: int = 8_388_608,
        regex_seconds: float = 2.0,
        seconds: float = 10.0,
    ) -> None:
        self.steps = steps
        self.string_length = string_length
        self.elements = elements
        self.regex_seconds = regex_seconds
        self.seconds = seconds


class Trust(Protocol):
    """Decides whether a certificate is to be trusted; see `apimpolicy.dotnet.cryptography.chain`."""

    def build(self, certificate: object, *, check_revocation: bool) -> object:
        """Build the chain of a certificate; the result has `.is_valid` and `.statuses`."""


class Environment:
    """The surroundings of one evaluation. `utc_now` gives ticks of 100 ns since 0001-01-01 UTC."""

    __slots__ = ("_deadline", "_next_look", "limits", "random", "steps_left", "trust", "utc_now")

    def __init__(
        self,
        utc_now: Callable[[], int] | None = None,
        trust: Trust | None = None,
        limits: Limits | None = None,
        seed: int | None = None,
    ) -> None:
        self.utc_now = utc_now or _system_ticks
        self.trust = trust
        self.limits = limits or Limits()
        self.steps_left = self.limits.steps
        self._next_look = self.steps_left
        self._deadline: float | None = None
        self.random = random.Random(seed)

    def step(self, count: int = 1) -> None:
        """Use up steps; raises LimitExceededError when none are left, or when the time is over."""
        self.steps_left -= count
        if self.steps_left < self._next_look:
            self._look()

    def _look(self) -> None:
        if self.steps_left < 0:
            raise LimitExceededError("steps", self.limits.steps)
        self._next_look = max(self.steps_left - _STEPS_PER_LOOK, 0)
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self.limits.seconds
        elif now > self._deadline:
            raise LimitExceededError("seconds", self.limits.seconds)

    def new_string(self, length: int) -> None:
        """Check the length of a string that is about to be made, and use up steps for the copying."""
        self.check_length(length)
        self.step(length >> _UNITS_PER_STEP)

    def check_length(self, length: int) -> None:
        """Raise LimitExceededError before a string of this many UTF-16 code units is made."""
        if length > self.limits.string_length:
            raise LimitExceededError("string_length", self.limits.string_length)

    def check_elements(self, count: int) -> None:
        """Raise LimitExceededError before an array or collection of this many elements is made."""
        if count > self.limits.elements:
            raise LimitExceededError("elements", self.limits.elements)

    def new_elements(self, count: int) -> None:
        """Check the size of an array that is about to be made, and use up steps for filling it."""
        self.check_elements(count)
        self.step(count >> _ELEMENTS_PER_STEP)


def _system_ticks() -> int:
    return UNIX_EPOCH_TICKS + time.time_ns() // 100


_current: ContextVar[Environment | None] = ContextVar("apimpolicy.environment", default=None)
_outside: ContextVar[Environment | None] = ContextVar("apimpolicy.environment.outside", default=None)


def environment() -> Environment:
    """The environment of the evaluation that is running; outside of any, a default one without a time limit."""
    found = _current.get()
    if found is None:
        found = _outside.get()
        if found is None:
            found = Environment(limits=Limits(seconds=math.inf))
            _outside.set(found)
    return found


def has_environment() -> bool:
    """Whether somebody said in which surroundings evaluations are to run."""
    return _current.get() is not None


class use_environment:  # noqa: N801 - used as a statement: `with use_environment(e):`
    """Make an environment the current one for a block; nests."""

    __slots__ = ("_environment", "_token")

    def __init__(self, new: Environment) -> None:
        self._environment = new

    def __enter__(self) -> Environment:
        self._token = _current.set(self._environment)
        return self._environment

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
