"""The services of a simulated gateway beyond the request: the time, the backend, uploaded certificates.

Each is a small protocol with a stand-in that touches nothing: no socket is opened, no file is read.
"""

from __future__ import annotations

import copy
import datetime
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, runtime_checkable
from urllib.parse import unquote, urlsplit

from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.cryptography.issuing import ticks_of
from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.policies.certificates import find_by_id
from apimpolicy.records import Record
from apimpolicy.text.source import to_utf16

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.context.entities import Deployment

if TYPE_CHECKING:
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


if TYPE_CHECKING:
    _Held: TypeAlias = Sequence[tuple[str, Certificate]]


class UploadedCertificates:
    """Certificates by id, each as it is when it is used: a reference leads to the key vault's newest version."""

    def __init__(self, certificates: Mapping[str, Certificate | KeyVaultReference]) -> None:
        self._certificates = certificates
        self._last: _Deployed | None = None

    def get(self, name: str) -> Certificate | None:
        """Return a certificate by its id. Raises ConfigurationError when a key vault does not have it."""
        held = find_by_id(self._certificates, name)
        return None if held is None else _current(held)

    def deployment(self, given: Deployment) -> Deployment:
        """Return a deployment with the certificates in it; the same one as long as neither it nor they have changed."""
        held: _Held = ()
        if self._certificates:
            held = [(name, _current(each)) for name, each in self._certificates.items()]
        last = self._last
        if last is not None and last.is_for(given, held):
            return last.deployment
        deployment = copy.copy(given)
        deployment.certificates = Dictionary.from_dictionary(deployment.certificates.types, deployment.certificates)
        for name, certificate in held:
            deployment.certificates.set_item(to_utf16(name), certificate)
        self._last = _Deployed(given, held, deployment)
        return deployment


def _current(held: Certificate | KeyVaultReference) -> Certificate:
    return held.resolve() if isinstance(held, KeyVaultReference) else held


class _Deployed:
    """A deployment with certificates in it: the same one serves requests as long as nothing changes."""

    __slots__ = ("deployment", "given", "given_version", "held", "version")

    def __init__(self, given: Deployment, held: _Held, deployment: Deployment) -> None:
        self.given = given
        self.given_version = given.certificates.version
        self.held = held
        self.deployment = deployment
        self.version = deployment.certificates.version

    def is_for(self, given: Deployment, held: _Held) -> bool:
        return (
            self.given is given
            and self.given_version == given.certificates.version
            and self.version == self.deployment.certificates.version
            and len(held) == len(self.held)
            and all(map(_is_same, held, self.held))
        )


def _is_same(one: tuple[str, Certificate], other: tuple[str, Certificate]) -> bool:
    return one[1] is other[1] and one[0] == other[0]


class DaprPublication(NamedTuple):
    """A message that publish-to-dapr published."""

    pubsub: str
    topic: str
    text: str


class DaprBinding(NamedTuple):
    """An output binding that invoke-dapr-binding triggered; `data` is what JSON makes of it."""

    name: str
    operation: str | None
    data: Any
    metadata: dict[str, str]


class DaprSidecar:
    """The Dapr runtime beside the gateway. `requests` are all that it got, in order.

    `answer` is what `Gateway(backend=…)` takes. Without one, messages and bindings get 204, and what is
    forwarded to a service (set-backend-service with `backend-id="dapr"`) is answered by the gateway's `backend`.
    """

    def __init__(self, answer: Backend = None) -> None:
        self._answer = None if answer is None else transport_of(answer)
        self.services: Transport | None = None
        self.requests: list[Request] = []

    def send(self, request: Request, timeout: float) -> Response:
        self.requests.append(request)
        if self._answer is not None:
            return self._answer.send(request, timeout)
        if self.services is not None and _path(request)[1:2] == ["invoke"]:
            return self.services.send(request, timeout)
        return Response(204)

    @property
    def publications(self) -> list[DaprPublication]:
        """Return every message that was published."""
        return [
            DaprPublication(path[0], "/".join(path[1:]), request.text) for request, path in self._of_kind("publish")
        ]

    @property
    def bindings(self) -> list[DaprBinding]:
        """Return every binding that was triggered."""
        found = []
        for request, path in self._of_kind("bindings"):
            sent = request.json()
            found.append(
                DaprBinding("/".join(path), sent.get("operation"), sent.get("data"), sent.get("metadata") or {})
            )
        return found

    @property
    def invocations(self) -> list[Request]:
        """Return every request that was forwarded to a service."""
        return [request for request, _ in self._of_kind("invoke")]

    def _of_kind(self, kind: str) -> Iterator[tuple[Request, list[str]]]:
        for request in self.requests:
            version, *path = _path(request)
            if version == "v1.0" and path[:1] == [kind]:
                yield request, path[1:]


def _path(request: Request) -> list[str]:
    return [unquote(segment) for segment in urlsplit(request.url).path.strip("/").split("/")]
