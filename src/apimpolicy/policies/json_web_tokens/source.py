"""Where a policy finds the token: in a header, in the query, or in a value of its own.

Our choices: a header counts with its first value; what stands before white space in it is a scheme, whichever, unless
`require-scheme` names one, which is then compared without regard to case; another scheme, or none, is not a token.
`require-scheme` counts for the header Authorization only, as the documentation says.
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
    """The token as it was sent, None when there is none."""
    if token_value is not None:
        return token_value.strip() or None
    if query_parameter_name is not None:
        values = exchange.request.url.query.get_all(query_parameter_name)
        return (values[0].strip() or None) if values else None
    values = exchange.request.headers.get_all(header_name or "Authorization")
    parts = values[0].split(None, 1) if values else []
    if require_scheme and (header_name or "Authorization").lower() == "authorization":
        if len(parts) != 2 or parts[0].lower() != require_scheme.strip().lower():
            return None
        return parts[1].strip()
    return parts[-1].strip() if parts else None
