"""Find the token of a request: in a header, in the query, or in a value of the policy.

A scheme belongs to the header Authorization: `require-scheme` is ignored for other headers (documented), and their
whole value is the token, so that `Bearer TOKEN` is refused there (seen).

Our choices: a header counts with its first value; what stands before white space in Authorization is a scheme,
whichever, unless `require-scheme` names one, which is then compared without regard to case; another scheme, or none, is
not a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.policies.surroundings import Exchange


def presented(
    exchange: Exchange,
    *,
    header_name: str | None,
    query_parameter_name: str | None,
    token_value: str | None,
    require_scheme: str | None,
) -> str | None:
    """Return the token as it was sent, None when there is none."""
    if token_value is not None:
        return token_value.strip() or None
    if query_parameter_name is not None:
        values = exchange.request.url.query.get_all(query_parameter_name)
        return (values[0].strip() or None) if values else None
    name = header_name or "Authorization"
    values = exchange.request.headers.get_all(name)
    if name.lower() != "authorization":
        return (values[0].strip() or None) if values else None
    parts = values[0].split(None, 1) if values else []
    if require_scheme:
        if len(parts) != 2 or parts[0].lower() != require_scheme.strip().lower():
            return None
        return parts[1].strip()
    return parts[-1].strip() if parts else None
