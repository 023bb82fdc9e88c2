"""Choose the backend of a request: members of pools, sessions, and open circuits.

What no document states, and is our choice: members take turns in the smoothest order that their weights allow, the
first one listed first (a gateway is one instance, and its order can be repeated); a circuit counts failures in a window
that slides exactly, and begins anew once it closes; `Retry-After` is the time until the first circuit closes; the error
of a single backend has no reason, and a pool responds with 503 whatever its members respond; the cookie of a session is
opaque, and set only for callers that do not bring a good one; a backend's credentials replace headers of the same
names; a weight of 0 gets requests only where no other member of its priority does.

Seen on real gateways: with every circuit of a pool open, forward-request fails with the reason `PoolIsInactive` and the
caller gets 503 with `Retry-After`; since May 2025 circuit breakers may have another status (Microsoft's release notes).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from apimpolicy.csharp.dotnet.cryptography.issuing import ticks_of
from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context import entities
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.policies.identity_services import IdentityServices, IdentityUnavailableError
from apimpolicy.gateway.policies.state import Circuits, TripRule
from apimpolicy.gateway.policies.surroundings import PolicyError, azure_error
from apimpolicy.text.named_values import substitute
from apimpolicy.text.source import Source, number_of, to_utf16

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.context.records import Request, Response
    from apimpolicy.gateway.engine.backends import AnyBackend, Backend, BackendPool, CircuitBreaker, PoolMember
    from apimpolicy.gateway.engine.services import SimulatedTime

SERVICE_UNAVAILABLE = 503
_MOST = 10_000
"""Backends up to which further ones are made up: the caller may choose their ids."""


class Route(NamedTuple):
    """The destination of one request. `why` is the reason, empty when there was nothing to choose."""

    id: str
    backend: Backend
    why: str = ""
    session: tuple[str, str] | None = None


class BackendRouter:
    """The backends of one gateway by id, with the state that its requests share. Raises ConfigurationError."""

    def __init__(
        self,
        backends: Mapping[str, AnyBackend],
        time: SimulatedTime,
        named_values: Mapping[str, str],
        certificate: Callable[[str], Certificate | None],
        circuits: Circuits,
        identities: IdentityServices,
    ) -> None:
        self.backends = _checked(backends) if backends else {}
        self._stand_in: Callable[[str], Backend | None] | None = getattr(backends, "stand_in", None)
        self._named_values = named_values
        self.time = time
        self._certificate = certificate
        self._circuits = circuits
        self._identities = identities
        self._turns: dict[tuple[str, str], float] = {}

    def describe(self, id_: str) -> str | None:
        """Return the URL of a backend, or what a pool is; None when there is no such backend."""
        backend = self.backends.get(id_)
        if backend is None and self._stand_in is not None and len(self.backends) < _MOST:
            backend = self._stand_in(id_)
            if backend is not None:
                self.backends[id_] = backend
        if is_pool(backend):
            return f"pool of {', '.join(member.id for member in backend.members)}"
        return None if backend is None else backend.url

    def entity(self, id_: str) -> entities.ContextBackend:
        backend = self.backends.get(id_)
        if is_pool(backend):
            return entities.ContextBackend(id_, type=entities.POOL)
        return entities.ContextBackend(id_, azure_region=None if backend is None else backend.azure_region)

    def open_statuses(self) -> list[int]:
        """Return the statuses of requests for backends whose circuits may be open."""
        breakers = [breaker for id_ in self.backends if (breaker := self._breaker(id_)) is not None]
        return sorted({SERVICE_UNAVAILABLE, *map(_status_of, breakers)}) if breakers else []

    def plain_ids(self) -> Iterator[str]:
        """Yield the ids of single backends that are plain."""
        return (id_ for id_, each in self.backends.items() if not is_pool(each) and each.is_plain)

    def now(self) -> float:
        return self.time.ticks() / TICKS_PER_SECOND

    def is_open(self, id_: str) -> bool:
        return self._breaker(id_) is not None and self._circuits.seconds_open(id_) > 0

    def route(self, id_: str, request: Request) -> Route:
        """Choose the backend. Raises PolicyError, with status 503, when every circuit is open."""
        backend = self.backends[id_]
        if not is_pool(backend):
            if self.is_open(id_):
                raise self._unavailable("backend-unavailable", id_, [id_])
            return Route(id_, _with_named_values(id_, backend, self._named_values))
        closed = [member for member in backend.members if not self.is_open(member.id)]
        if not closed:
            raise self._unavailable("pool-unavailable", id_, [open_member.id for open_member in backend.members])
        session = None
        if backend.session_cookie is not None:
            stays = _session_member(request, id_, backend.session_cookie, closed)
            if stays is not None:
                return self._route(stays, f"stays with {stays.id} by the cookie {backend.session_cookie}")
        first = min(member.priority for member in closed)
        member = self._next(id_, [member for member in closed if member.priority == first])
        if backend.session_cookie is not None:
            session = (backend.session_cookie, session_value(id_, member.id))
        left_out = [member.id for member in backend.members if member not in closed]
        why = f"{member.id} of the pool {id_}"
        if len({peer.priority for peer in backend.members}) > 1:
            why += f", priority {member.priority}"
        if left_out:
            why += f"; the circuit of {', '.join(left_out)} is open"
        return self._route(member, why, session)

    def _unavailable(self, text: str, id_: str, members: Sequence[str]) -> PolicyError:
        """Return the error when all of these circuits are open; it names when the first of them closes."""
        seconds = max(1, math.ceil(min(map(self._circuits.seconds_open, members))))
        breaker = self._breaker(members[0])
        status = _status_of(breaker) if breaker is not None and len(members) == 1 else SERVICE_UNAVAILABLE
        headers = {"Retry-After": str(seconds)}
        return azure_error(text, status=status, headers=headers, id=id_)

    def _route(self, member: PoolMember, why: str, session: tuple[str, str] | None = None) -> Route:
        backend = self.backends[member.id]
        assert not is_pool(backend)
        return Route(member.id, _with_named_values(member.id, backend, self._named_values), why, session)

    def _next(self, pool: str, members: Sequence[PoolMember]) -> PoolMember:
        """Choose by smooth weighted round robin: all gain their weight, the highest is taken and pays for all."""
        weights = {member.id: member.weight for member in members}
        total = sum(weights.values())
        if total == 0:
            weights, total = dict.fromkeys(weights, 1), len(weights)
        for id_, weight in weights.items():
            self._turns[pool, id_] = self._turns.get((pool, id_), 0) + weight
        able = [member for member in members if weights[member.id] > 0]
        taken = max(able, key=lambda member: self._turns[pool, member.id])
        self._turns[pool, taken.id] -= total
        return taken

    def add_credentials(self, route: Route, request: Request) -> None:
        """Add the backend's credentials to a request.

        Raises ConfigurationError for an unknown certificate, PolicyError without a token of the managed identity.
        """
        backend = route.backend
        fields: dict[str, str | Sequence[str]] = dict(backend.headers)
        if backend.authorization is not None:
            fields["Authorization"] = " ".join(part for part in backend.authorization if part)
        if backend.managed_identity is not None:
            fields["Authorization"] = f"Bearer {self._token(route.id, *backend.managed_identity)}"
        if fields:
            replaced = {name.lower() for name in fields}
            kept = {name: values for name, values in request.headers.fields() if name.lower() not in replaced}
            request.headers = Headers({**kept, **fields})
        for name, values_given in backend.query.items():
            for value in (values_given,) if isinstance(values_given, str) else values_given:
                request.url += f"{'&' if '?' in request.url else '?'}{quote(name)}={quote(value, safe='')}"
        if backend.certificates and request.certificate is None:
            name = backend.certificates[0]
            request.certificate = self._certificate(name)
            if request.certificate is None:
                raise ConfigurationError(
                    f"the backend '{route.id}' has the certificate '{name}', which is not uploaded"
                )

    def _token(self, id_: str, resource: str, client_id: str | None) -> str:
        try:
            return to_utf16(self._identities.managed_identity_token(resource, client_id))
        except IdentityUnavailableError as error:
            raise azure_error("backend-token-missing", id=to_utf16(id_), details=to_utf16(str(error))) from None

    def answered(self, route: Route, response: Response) -> None:
        """Report the backend's response to the circuit."""
        self._record(route, response.status_code, None, response.headers.get("Retry-After"))

    def failed(self, route: Route, reason: str | None) -> None:
        """Report to the circuit that the backend did not respond."""
        self._record(route, None, reason, None)

    def _record(self, route: Route, status: int | None, reason: str | None, retry_after: str | None) -> None:
        breaker = self._breaker(route.id)
        if breaker is None:
            return
        failed = breaker.is_failure(status, reason)
        asked = seconds_of(retry_after, self.now()) if failed and breaker.accepts_retry_after else None
        duration = breaker.trip_duration if asked is None else asked
        rule = TripRule(breaker.failures, breaker.percentage, breaker.interval)
        self._circuits.record(route.id, failed, rule, duration)

    def _breaker(self, id_: str) -> CircuitBreaker | None:
        backend = self.backends.get(id_)
        return None if backend is None or is_pool(backend) else backend.circuit_breaker


def _status_of(breaker: CircuitBreaker) -> int:
    return SERVICE_UNAVAILABLE if breaker.failure_status is None else breaker.failure_status


def _checked(backends: Mapping[str, AnyBackend]) -> dict[str, Backend | BackendPool]:
    from apimpolicy.gateway.engine.backends import checked_backends

    return checked_backends(backends)


def is_pool(backend: Backend | BackendPool | None) -> TypeIs[BackendPool]:
    if backend is None:
        return False
    from apimpolicy.gateway.engine.backends import BackendPool

    return isinstance(backend, BackendPool)


def session_value(pool: str, member: str) -> str:
    """Return the value of a session's cookie: opaque, the same for one member of one pool.

    >>> session_value("both", "east") == session_value("both", "east") != session_value("both", "west")
    True
    """
    import hashlib

    return hashlib.sha256(f"{pool}/{member}".encode()).hexdigest()[:32]


_MOST_SECONDS = 2**31 - 1
"""The longest `Retry-After` that .NET reads (RetryConditionHeaderValue): an int."""


def seconds_of(retry_after: str | None, now: float) -> float | None:
    """Return the seconds of a `Retry-After`; None when it is missing or not readable.

    >>> seconds_of("120", 0.0), seconds_of("soon", 0.0), seconds_of("9" * 400, 0.0)
    (120.0, None, None)
    """
    import email.utils

    text = (retry_after or "").strip()
    if (number := number_of(text)) is not None:
        return float(number) if number <= _MOST_SECONDS else None
    try:
        moment = email.utils.parsedate_to_datetime(text)
        seconds = ticks_of(moment) / TICKS_PER_SECOND - now
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _session_member(request: Request, pool: str, cookie: str, members: Sequence[PoolMember]) -> PoolMember | None:
    pattern = re.compile(rf"(?:^|[;,])\s*{re.escape(cookie)}=([^;,]*)")
    found = pattern.search(request.headers.get("Cookie") or "")
    value = None if found is None else found[1].strip()
    return next((member for member in members if session_value(pool, member.id) == value), None)


def _with_named_values(id_: str, backend: Backend, named_values: Mapping[str, str]) -> Backend:
    import attrs

    def filled(text: str) -> str:
        if "{{" not in text:
            return text
        source, missing = substitute(Source(text, f"<backend {id_}>"), named_values)
        if missing:
            raise ConfigurationError(f"the backend '{id_}': {missing[0].message}")
        return source.text

    def all_filled(given: Mapping[str, str | Sequence[str]]) -> dict[str, str | Sequence[str]]:
        return {
            name: filled(value) if isinstance(value, str) else [filled(item) for item in value]
            for name, value in given.items()
        }

    authorization = backend.authorization
    return attrs.evolve(
        backend,
        url=filled(backend.url),
        headers=all_filled(backend.headers),
        query=all_filled(backend.query),
        authorization=None if authorization is None else (filled(authorization[0]), filled(authorization[1])),
    )
