"""The services of a simulated gateway beyond the request: the time, the backend, uploaded certificates.

Each is a small protocol with a stand-in that touches nothing: no socket is opened, no file is read.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from apimpolicy.context.records import Request, Response
from apimpolicy.dotnet.cryptography.issuing import ticks_of
from apimpolicy.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS
from apimpolicy.errors import ConfigurationError
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.dotnet.cryptography.certificate import Certificate

    Gather: TypeAlias = Callable[[Sequence[Callable[[], None]], bool], None]
    """Runs functions at the same time until all of them, or, with `any`, the first has ended."""
    Now: TypeAlias = "datetime.datetime | Callable[[], datetime.datetime] | Clock | None"
    Backend: TypeAlias = "Callable[..., Response] | Response | Transport | None"


@runtime_checkable
class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime.datetime:
        """Return the moment, with a time zone (without one it is UTC)."""


class FixedClock:
    """A clock that shows the same time until it is advanced."""

    def __init__(self, now: datetime.datetime) -> None:
        self._now = now

    def now(self) -> datetime.datetime:
        return self._now

    def advance(self, by: datetime.timedelta | float) -> None:
        """Advance by a time span, or by seconds."""
        self._now += by if isinstance(by, datetime.timedelta) else datetime.timedelta(seconds=by)


class _CalledClock:
    def __init__(self, now: Callable[[], datetime.datetime]) -> None:
        self.now = now


def clock_of(now: Now) -> Clock | None:
    """Return a clock from what `Gateway(now=…)` takes; None is the machine's own. Raises ConfigurationError."""
    given: object = now
    if isinstance(now, datetime.datetime):  # first, since a datetime has a method `now` too
        return FixedClock(now)
    if now is None or isinstance(now, Clock):
        return now
    if callable(given):
        return _CalledClock(now)
    raise ConfigurationError(f"now is a datetime, a function that returns one, or a Clock, not {type(now).__name__}")


def ticks_of_moment(moment: datetime.datetime) -> int:
    """Return the ticks of a moment; one without a time zone is UTC."""
    return ticks_of(moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC))


class SimulatedTime:
    """The gateway's time: that of its clock, and what policies waited on top of it.

    A clock with a method `advance` is advanced itself; with any other (the machine's own among them) the gateway runs
    ahead. Waiting takes no real time, unless the clock's `advance` does, which its attribute `waits` tells. Its `ticks`
    are used if it has them, which is quicker; one that really waits may have `gather`, to do several things at once.
    """

    def __init__(self, clock: Clock | None) -> None:
        self.clock = clock
        self.waits: bool = getattr(clock, "waits", False)
        self.gather: Gather | None = getattr(clock, "gather", None)
        self._own_ticks: Callable[[], int] | None = getattr(clock, "ticks", None)
        self._ahead = 0
        self._lock = Lock()
        self._known: tuple[datetime.datetime | None, int] = (None, 0)

    def ticks(self) -> int:
        """Return the time in ticks of 100 ns since 0001-01-01 UTC."""
        if self._own_ticks is not None:
            return self._own_ticks() + self._ahead
        if self.clock is None:
            return UNIX_EPOCH_TICKS + time.time_ns() // 100 + self._ahead
        moment = self.clock.now()
        known, ticks = self._known
        if moment is not known:
            ticks = ticks_of_moment(moment)
            self._known = moment, ticks
        return ticks + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        move = getattr(self.clock, "advance", None)
        if move is not None:
            move(seconds)
        else:
            with self._lock:
                self._ahead += round(seconds * TICKS_PER_SECOND)


@runtime_checkable
class Transport(Protocol):
    """Answers the requests that are forwarded.

    `TimeoutError` becomes the gateway's error `Timeout`, any other `OSError` its `BackendConnectionFailure`.
    """

    def send(self, request: Request, timeout: float) -> Response:
        """Return the backend's response; `timeout` is in seconds."""


class _FunctionTransport:
    def __init__(self, function: Callable[..., Response]) -> None:
        self.function = function
        self.takes_timeout = _takes_timeout(function)

    def send(self, request: Request, timeout: float) -> Response:
        return self.function(request, timeout) if self.takes_timeout else self.function(request)


def _takes_timeout(function: Callable[..., Response]) -> bool:
    """Return whether a function has a second parameter, which then gets the seconds that the gateway would wait."""
    import inspect

    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [each for each in parameters.values() if each.kind in positional and each.default is each.empty]
    return len(needed) > 1 or "timeout" in [*parameters][1:2]


class _ConstantTransport(Record):
    response: Response

    def send(self, request: Request, timeout: float) -> Response:
        return self.response


NO_BACKEND = Response(200)
"""The response where no backend was given: an invented one."""


def transport_of(backend: Backend) -> Transport:
    """Return the transport for `Gateway(backend=…)`; None responds NO_BACKEND. Raises ConfigurationError."""
    given: object = backend
    if backend is None:
        return _ConstantTransport(NO_BACKEND)
    if isinstance(backend, Response):
        return _ConstantTransport(backend)
    if isinstance(backend, Transport):
        return backend
    if callable(given):
        return _FunctionTransport(backend)
    raise ConfigurationError(
        f"backend is a function of a Request, a Response, or an object with `send`, not {type(backend).__name__}"
    )


class KeyVault:
    """A key vault with certificates by name, each in versions; the newest one counts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._certificates: dict[str, list[Certificate]] = {}

    def add(self, name: str, certificate: Certificate) -> Certificate:
        """Add a certificate, or a new version of one, and return it."""
        self._certificates.setdefault(name, []).append(certificate)
        return certificate

    def remove(self, name: str) -> None:
        """Take a certificate out with all its versions."""
        self._certificates.pop(name, None)

    def versions(self, name: str) -> tuple[Certificate, ...]:
        """Return all versions of a certificate, oldest first; empty when there is none."""
        return tuple(self._certificates.get(name, ()))

    def newest(self, name: str) -> Certificate:
        """Return the newest version. Raises ConfigurationError when there is no certificate of that name."""
        versions = self._certificates.get(name)
        if not versions:
            raise ConfigurationError(f"the key vault '{self.name}' has no certificate '{name}'")
        return versions[-1]

    def __repr__(self) -> str:
        return f"KeyVault({self.name!r})"


class KeyVaultReference(Record):
    """A certificate uploaded by reference: the policy sees the newest version there is when a request comes.

    Azure looks for a new version every four hours; here there is no delay.
    """

    vault: KeyVault
    name: str

    def resolve(self) -> Certificate:
        """Return the certificate. Raises ConfigurationError when the vault has none of that name."""
        return self.vault.newest(self.name)

    def __repr__(self) -> str:
        return f"KeyVaultReference({self.vault!r}, {self.name!r})"
