"""Where the sources about policies disagree: what `check` says nothing about, or less than an error.

The sources are Microsoft's page of each policy, the gateway's schema as the editor extension for Visual Studio Code has
it, Microsoft's policy toolkit, what real gateways were seen to accept, and deployed documents. An error needs all of
them: it is one only where no page, schema or deployed document has what stands there.
"""

from __future__ import annotations

from typing import Final

ALSO_OPTIONAL: Final = frozenset(
    {
        ("set-status", "reason"),
        ("check-header", "ignore-case"),
        ("check-header", "failed-check-error-message"),
        ("llm-semantic-cache-lookup", "embeddings-backend-auth"),
        ("llm-token-limit", "estimate-prompt-tokens"),
        ("azure-openai-token-limit", "estimate-prompt-tokens"),
    }
)
"""Attributes that the pages require, and that the schema or the pages' own examples and many deployed documents do not:
nothing is said when they are missing."""

DOUBTFUL_REQUIREMENTS: Final = frozenset({("send-request", "response-variable-name")})
"""Attributes that the schema does not require, but without which the policy hardly makes sense: a warning."""

ALSO_ALLOWED_IN: Final[dict[str, str]] = {
    "authentication-managed-identity": "backend outbound on-error",  # saved in outbound, in many deployed documents
    "check-header": "outbound",  # the editor extension
    "get-authorization-context": "backend outbound",  # the toolkit
    "json-to-xml": "backend",  # the toolkit
    "publish-to-dapr": "outbound on-error",  # the toolkit
    "set-backend-service": "outbound on-error",  # the toolkit
    "set-method": "backend outbound",  # the toolkit
    "set-query-parameter": "outbound on-error",  # the toolkit
    "wait": "on-error",  # the toolkit
    "xml-to-json": "backend",  # the toolkit
    "xsl-transform": "on-error",  # the editor extension, the toolkit
}
"""Sections beyond those that the page of a policy names, with who has them there."""

DOUBTFUL_ORDER: Final = frozenset({("validate-jwt", "decryption-keys")})
"""Last in an example of the documentation, in the middle in the schema: a warning."""

ALSO_EXPRESSIONS: Final = frozenset(
    {
        ("authentication-managed-identity", "client-id"),
        ("json-to-xml", "parse-date"),
        ("log-to-eventhub", "logger-id"),
        ("trace", "source"),
    }
)
"""Attributes in which the pages allow no expression, and the toolkit or deployed documents have one."""

REFUSED_EXPRESSIONS: Final = frozenset(
    {("llm-token-limit", "tokens-per-minute"), ("azure-openai-token-limit", "tokens-per-minute")}
)
"""Attributes in which the pages allow an expression, and real gateways refuse to save one."""

UNKNOWN_ABOUT_EXPRESSIONS: Final = frozenset(
    {
        *(("identity", name) for name in ("thumbprint", "serial-number", "common-name", "subject", "dns-name")),
        *(("identity", name) for name in ("issuer-subject", "issuer-thumbprint", "issuer-certificate-id")),
        *((element, name) for element in ("api", "operation") for name in ("name", "id")),
        *(("content", name) for name in ("type", "schema-id", "schema-ref")),
        *(("type", name) for name in ("from", "to")),
        *(("connection-string", name) for name in ("scope", "client-id")),
        *(("delete-request", name) for name in ("pre-trigger", "post-trigger")),
        *(("write-request", name) for name in ("pre-trigger", "post-trigger", "indexing-directive")),
        *(("parameter", name) for name in ("name", "parameter-name", "type", "sql-type")),
        ("address-range", "from"),
        ("address-range", "to"),
        ("graphql-subscription", "id"),
        ("header", "name"),
        ("llm-emit-token-metric", "name"),
        ("azure-openai-emit-token-metric", "name"),
        ("llm-token-limit", "tokens-consumed-variable-name"),
        ("azure-openai-token-limit", "tokens-consumed-variable-name"),
        ("validate-odata-request", "error-variable-name"),
    }
)
"""Attributes of which no source says whether they may be an expression: a warning."""


def is_unnamed_output(element: str, attribute: str) -> bool:
    """Whether an attribute may be one of the output variables of a policy, of which no source says the names.

    Microsoft's release notes of 2026 give output variables to send-service-bus-message.
    """
    return element == "send-service-bus-message" and attribute.endswith("-variable-name")
