"""Check the content of a token with a valid signature: its times, audience, issuer and claims.

Our choices, where the documentation is silent: comparison is exact, letter by letter; a token is valid until and
including the second `exp`; a claim that is not a text is compared as its JSON (`true`, `17`, `{"a":1}`); an array is a
set of values; with `separator` a text is cut there, and white space around the pieces does not count.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.dotnet.environment import TICKS_PER_SECOND, UNIX_EPOCH_TICKS, environment
from apimpolicy.policies.json_web_tokens.refusal import denied, invalid

if TYPE_CHECKING:
    from apimpolicy.context.tokens import Jwt

TENANT_PLACEHOLDER = "{tenantid}"
_EPOCH = datetime.datetime(1970, 1, 1)
_LAST_SECOND = 253_402_300_799
_MOST_SECONDS = 2.0**63
"""A number beyond an Int64 is not a time."""


class RequiredClaim(NamedTuple):
    """A claim that a token must have. Without values any value will do; `match_any`: one of them is enough."""

    name: str
    values: Sequence[str] = ()
    match_any: bool = False
    separator: str | None = None


def check_lifetime(token: Jwt, *, require_expiration: bool, skew: float) -> None:
    """Check `exp` and `nbf` at the gateway's time, with a tolerance of `skew` seconds. Raises TokenRefusedError."""
    now = (environment().utc_now() - UNIX_EPOCH_TICKS) / TICKS_PER_SECOND
    expires, starts = _seconds(token, "exp"), _seconds(token, "nbf")
    if expires is None and require_expiration:
        raise invalid("The token has no expiration time (exp)")
    allowance = f", with {skew:g} s allowed" if skew else ""
    if starts is not None and starts > now + skew:
        raise invalid(f"The token is not valid before {_moment(starts)}; it is {_moment(now)}{allowance}")
    if expires is not None and expires < now - skew:
        raise denied("TokenExpired", f"The token expired at {_moment(expires)}; it is {_moment(now)}{allowance}")


def check_audience(token: Jwt, allowed: Collection[str]) -> None:
    """Check that one of the token's audiences is allowed; without any, all are. Raises TokenRefusedError."""
    if allowed and not any(audience in allowed for audience in token.audiences):
        has = "The token has no audience"
        if token.audiences:
            has = f"The audience of the token is {_quoted(token.audiences)}"
        raise denied("TokenAudienceNotAllowed", f"{has}; allowed is {_quoted(allowed)}")


def check_issuer(token: Jwt, allowed: Collection[str]) -> None:
    """Check that the issuer is allowed; without any, all are. `{tenantid}` in an issuer, as providers for many tenants
    publish it, is replaced by the token's own `tid`. Raises TokenRefusedError.
    """
    if not allowed:
        return
    tenant = first_text(token, "tid")
    known = [issuer.replace(TENANT_PLACEHOLDER, tenant) if tenant else issuer for issuer in allowed]
    if token.issuer is None or token.issuer not in known:
        has = "The token has no issuer" if token.issuer is None else f"The issuer of the token is '{token.issuer}'"
        raise denied("TokenIssuerNotAllowed", f"{has}; allowed is {_quoted(known)}")


def check_claims(token: Jwt, required: Iterable[RequiredClaim]) -> None:
    """Check that all claims are there, then that their values are allowed. Raises TokenRefusedError."""
    required = list(required)
    missing = [claim.name for claim in required if not token.claims.contains_key(claim.name)]
    if missing:
        names = ", ".join(missing)
        raise denied("TokenClaimNotFound", f"JWT token is missing the following claims: {names}")
    for claim in required:
        found = list(token.claims.get_item(claim.name))
        values = set(found)
        if claim.separator:
            values = {piece.strip() for text in found for piece in text.split(claim.separator)}
        present = [value in values for value in claim.values]
        if claim.values and not (any(present) if claim.match_any else all(present)):
            shown = ", ".join(found)
            raise denied("TokenClaimValueNotAllowed", f"Claim {claim.name} value of {shown} is not allowed")


def first_text(token: Jwt, name: str) -> str | None:
    """Return the first value of a claim, None when it is not there."""
    if not token.claims.contains_key(name):
        return None
    values = list(token.claims.get_item(name))
    return values[0] if values else None


def _seconds(token: Jwt, name: str) -> float | None:
    """Return a claim that is a moment, in seconds since 1970. Raises TokenRefusedError."""
    from apimpolicy.context.tokens import Number

    if name not in token.payload:
        return None
    value = token.payload[name]
    if not isinstance(value, Number):
        raise invalid(f"The claim {name} of the token is not a number of seconds")
    seconds = float(value)
    if not -_MOST_SECONDS < seconds < _MOST_SECONDS:
        raise invalid(f"The claim {name} of the token is not a number of seconds that a date has")
    return seconds


def _moment(seconds: float) -> str:
    if not 0 <= seconds <= _LAST_SECOND:
        return f"{seconds:g} s"
    return f"{_EPOCH + datetime.timedelta(seconds=int(seconds)):%Y-%m-%d %H:%M:%S} UTC"


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
