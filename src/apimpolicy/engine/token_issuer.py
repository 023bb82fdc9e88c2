"""Issue tokens in tests: keys, the simulated time, and any payload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS
from apimpolicy.engine.services import SimulatedTime, clock_of
from apimpolicy.engine.token_keys import TokenKey, encrypted

if TYPE_CHECKING:
    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.engine.services import Now


_shared: dict[tuple[str, str], TokenKey] | None = None


@contextmanager
def shared_keys() -> Iterator[None]:
    """Give issuers of the same name the same first key, so that gateways that are compared issue the same tokens."""
    global _shared
    before, _shared = _shared, {}
    try:
        yield
    finally:
        _shared = before


def first_key(algorithm: str, name: str) -> TokenKey:
    """Return a new key; inside of `shared_keys` the same one for the same name."""
    return TokenKey(algorithm) if _shared is None else _shared.setdefault((algorithm, name), TokenKey(algorithm))


class TokenIssuer:
    """Keys that are published, of which the newest signs. Its time is that of the gateway it is passed to, unless
    it has another `now`. `name` tells issuers apart (`shared_keys`).
    """

    def __init__(self, algorithm: str, now: Now = None, name: str = "") -> None:
        self.name = name
        self.algorithm = algorithm
        self.keys: list[TokenKey] = [first_key(algorithm, name)]
        self.requests: list[str] = []
        self.is_reachable = True
        self._own_clock = now is not None
        self._time = SimulatedTime(clock_of(now))

    @property
    def key(self) -> TokenKey:
        """Return the key that signs now."""
        return self.keys[-1]

    def rotate(self, *, keep_old: bool = True) -> TokenKey:
        """Sign with a new key from now on; the old ones stay published unless `keep_old` is false."""
        new = TokenKey(self.algorithm)
        self.keys = [*self.keys, new] if keep_old else [new]
        return new

    def use_time(self, time: SimulatedTime) -> None:
        """Issue tokens at this time: a gateway calls this for its issuers."""
        if not self._own_clock:
            self._time = time

    def now(self) -> int:
        """Return the time in whole seconds since 1970."""
        return (self._time.ticks() - UNIX_EPOCH_TICKS) // TICKS_PER_SECOND

    @property
    def jwks(self) -> dict[str, object]:
        """Return the published keys as a JSON Web Key Set."""
        return {"keys": [key.jwk for key in self.keys if key.is_published]}

    def issued(
        self,
        payload: Mapping[str, object],
        *,
        expires_in: float | None,
        starts_in: float,
        signed_with: TokenKey | None,
        headers: Mapping[str, object] | None,
        encrypted_for: Certificate | bytes | None,
    ) -> str:
        """Return a token with this payload and times; claims that are None are left out."""
        now = self.now()
        start = now + starts_in
        times: dict[str, object] = {"iat": _whole(start), "nbf": _whole(start)}
        if expires_in is not None:
            times["exp"] = _whole(now + expires_in)
            if expires_in <= starts_in:
                times["iat"] = times["nbf"] = _whole(now + expires_in - 3600)
        claims = {name: value for name, value in {**times, **payload}.items() if value is not None}
        token = (signed_with or self.key).sign(claims, headers)
        return token if encrypted_for is None else encrypted(token, encrypted_for)


def one_or_many(audience: str | Sequence[str] | None) -> object:
    """`aud`: a text, or an array of them."""
    return audience if audience is None or isinstance(audience, str) else list(audience)


def _whole(seconds: float) -> float:
    return int(seconds) if seconds == int(seconds) else seconds
