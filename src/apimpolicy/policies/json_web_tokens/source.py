"""The attributes of policies that validate a token, and the token that they name: from a header, the query or a value.

A scheme belongs to the header Authorization: `require-scheme` is ignored for other headers (documented), and their
whole value is the token, so that `Bearer TOKEN` is refused there (seen).

Our choices: a header counts with its first value; any text before white space in Authorization is a
scheme, unless `require-scheme` names one, which is then compared without regard to case; another scheme, or none, is
not a token.
"""

from __future__ import annotations

from itertools import combinations

from apimpolicy.policies.conversions import integer, trimmed
from apimpolicy.policies.ranges import STATUS_CODES
from apimpolicy.policies.spec import Exchange, expression_attribute, literal_attribute

SOURCES = ("header-name", "query-parameter-name", "token-value")
ONE_SOURCE = tuple(combinations(SOURCES, 2))


class TokenPolicy:
    """The attributes that validate-jwt and validate-azure-ad-token have in common."""

    header_name: str | None = expression_attribute(trimmed)
    query_parameter_name: str | None = expression_attribute()
    token_value: str | None = expression_attribute()
    failed_validation_httpcode: int = expression_attribute(integer, default=401, within=STATUS_CODES)
    failed_validation_error_message: str | None = expression_attribute()
    output_token_variable_name: str | None = literal_attribute(sets="Jwt")
    require_scheme: str | None = expression_attribute(trimmed)

    def presented(self, exchange: Exchange) -> str | None:
        """Return the token as it was sent, None when there is none."""
        if self.token_value is not None:
            return self.token_value.strip() or None
        if self.query_parameter_name is not None:
            values = exchange.request.url.query.get_all(self.query_parameter_name)
            return (values[0].strip() or None) if values else None
        name = self.header_name or "Authorization"
        values = exchange.request.headers.get_all(name)
        if name.lower() != "authorization":
            return (values[0].strip() or None) if values else None
        parts = values[0].split(None, 1) if values else []
        if self.require_scheme:
            if len(parts) != 2 or parts[0].lower() != self.require_scheme.strip().lower():
                return None
            return parts[1].strip()
        return parts[-1].strip() if parts else None
