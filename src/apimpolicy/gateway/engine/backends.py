"""The backends of a service: single ones with credentials and a circuit breaker, and pools of them.

    Gateway(backends={
        "east": Backend("https://east.internal", circuit_breaker=CircuitBreaker(3, interval=60, trip_duration=30)),
        "west": Backend("https://west.internal", headers={"x-functions-key": "{{west-key}}"}),
        "both": BackendPool([PoolMember("east", priority=1), PoolMember("west", priority=2)]),
        "plain": "https://plain.internal",
    })

Documented: members with the lowest priority number take all requests until the circuits of all of them are open; within
one priority by weight, evenly unless given; a pool has no pools in it; an open circuit responds 503
for the trip duration, or, with `accepts_retry_after`, for the time of the failure's `Retry-After`.

Source: https://learn.microsoft.com/azure/api-management/backends
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import attrs

from apimpolicy.errors import ConfigurationError

SERVER_ERRORS = ((500, 599),)


def _positive(_: object, attribute: attrs.Attribute[float], value: float) -> None:
    if value <= 0:
        raise ConfigurationError(f"{attribute.name} of a circuit breaker is more than 0, not {value:g}")


@attrs.frozen
class CircuitBreaker:
    """The rule by which a backend gets no requests for a while. Times are in seconds.

    It trips when within `interval` there were `failures` of them, or when at least `percentage` of the requests failed.
    A failure is a response whose status is in one of the ranges `statuses`, or an error whose reason is among
    `error_reasons` (`Timeout`, `BackendConnectionFailure`). Unless either is given, all of 500 to 599 and every error
    that the gateway has with the backend are failures, which is our choice. While the circuit is open callers get 503,
    or `failure_status` (100 to 599).
    """

    failures: int | None = None
    percentage: float | None = attrs.field(default=None, kw_only=True)
    interval: float = attrs.field(default=60.0, kw_only=True, validator=_positive)
    trip_duration: float = attrs.field(default=60.0, kw_only=True, validator=_positive)
    statuses: Sequence[tuple[int, int]] = attrs.field(default=(), kw_only=True)
    error_reasons: Sequence[str] = attrs.field(default=(), kw_only=True)
    accepts_retry_after: bool = attrs.field(default=False, kw_only=True)
    failure_status: int | None = attrs.field(default=None, kw_only=True)
    name: str = attrs.field(default="", kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.failure_status is not None and not 100 <= self.failure_status <= 599:
            raise ConfigurationError(f"failure_status is from 100 to 599, not {self.failure_status}")
        if (self.failures is None) == (self.percentage is None):
            raise ConfigurationError("a circuit breaker has either a number of failures or a percentage")
        if self.failures is not None and self.failures < 1:
            raise ConfigurationError(f"failures of a circuit breaker are at least 1, not {self.failures}")
        if self.percentage is not None and not 0 < self.percentage <= 100:
            raise ConfigurationError(f"percentage of a circuit breaker is up to 100, not {self.percentage:g}")

    def is_failure(self, status: int | None, reason: str | None) -> bool:
        """Return whether a response with this status, or an error with this reason, counts as a failure."""
        is_open_to_all = not self.statuses and not self.error_reasons
        if status is None:
            given = [each.replace(" ", "").lower() for each in self.error_reasons]
            return is_open_to_all or (reason or "").lower() in given
        ranges = SERVER_ERRORS if is_open_to_all else self.statuses
        return any(first <= status <= last for first, last in ranges)


class IdentityCredential(NamedTuple):
    """A managed identity of the gateway whose token a backend gets; `client_id` None is the system-assigned one."""

    resource: str
    client_id: str | None = None


@attrs.frozen
class Backend:
    """A single backend. `headers`, `query` and `authorization` (scheme and parameter) go along with each request;
    named values in them are replaced. `certificates` are ids of uploaded ones, the first of which the gateway presents.
    With a `managed_identity`, the gateway sends its token as `Authorization`.

    `validates_certificate_chain` and `validates_certificate_name` are what is set for TLS. They are only recorded: the
    simulated backend has no TLS.
    """

    url: str
    headers: Mapping[str, str | Sequence[str]] = attrs.field(factory=dict, kw_only=True)
    query: Mapping[str, str | Sequence[str]] = attrs.field(factory=dict, kw_only=True)
    authorization: tuple[str, str] | None = attrs.field(default=None, kw_only=True)
    certificates: Sequence[str] = attrs.field(default=(), kw_only=True)
    managed_identity: IdentityCredential | None = attrs.field(default=None, kw_only=True)
    circuit_breaker: CircuitBreaker | None = attrs.field(default=None, kw_only=True)
    azure_region: str | None = attrs.field(default=None, kw_only=True)
    validates_certificate_chain: bool = attrs.field(default=True, kw_only=True)
    validates_certificate_name: bool = attrs.field(default=True, kw_only=True)

    @property
    def is_plain(self) -> bool:
        """Return whether requests are sent as they are: without credentials, and no circuit can prevent it."""
        credentials = self.headers or self.query or self.authorization or self.certificates or self.managed_identity
        return not credentials and self.circuit_breaker is None


@attrs.frozen
class PoolMember:
    """A backend of a pool, by its id. A lower number is the higher priority."""

    id: str
    weight: int = attrs.field(default=1, kw_only=True)
    priority: int = attrs.field(default=1, kw_only=True)

    def __attrs_post_init__(self) -> None:
        for name, value in (("weight", self.weight), ("priority", self.priority)):
            if not 0 <= value <= 100:
                raise ConfigurationError(f"the {name} of '{self.id}' in a pool is from 0 to 100, not {value}")


def _members(members: Iterable[PoolMember | str]) -> tuple[PoolMember, ...]:
    found = tuple(PoolMember(member) if isinstance(member, str) else member for member in members)
    if not found:
        raise ConfigurationError("a pool of backends has at least one member")
    return found


@attrs.frozen
class BackendPool:
    """A pool; ids alone are members of equal weight and priority.

    With a `session_cookie` callers stay with the member that they had first, as long as its circuit is not open: the
    answer sets that cookie, and a request that brings it goes to the same member.
    """

    members: Sequence[PoolMember] = attrs.field(converter=_members)
    session_cookie: str | None = attrs.field(default=None, kw_only=True)


AnyBackend = str | Backend | BackendPool


def checked_backends(backends: Mapping[str, AnyBackend] | None) -> dict[str, Backend | BackendPool]:
    """Return backends by id, URLs as `Backend`. Raises ConfigurationError for a pool with a member that is none."""
    found = {id_: Backend(given) if isinstance(given, str) else given for id_, given in (backends or {}).items()}
    for id_, backend in found.items():
        if isinstance(backend, Backend):
            continue
        if not isinstance(backend, BackendPool):
            raise ConfigurationError(f"the backend '{id_}' is a URL, a Backend or a BackendPool, not {backend!r}")
        for member in backend.members:
            if not isinstance(found.get(member.id), Backend):
                wrong = "is not a backend of this gateway" if member.id not in found else "is a pool itself"
                raise ConfigurationError(f"the pool '{id_}' has the member '{member.id}', which {wrong}")
    return found


class OpenBackends(dict[str, Any]):
    """Backends by id of a service that may have more: `stand_in` makes one for a further id, or returns None."""

    def __init__(self, backends: Mapping[str, Any], stand_in: Callable[[str], Backend | None]) -> None:
        super().__init__(backends)
        self.stand_in = stand_in
