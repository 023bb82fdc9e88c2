"""What is not simulated of the policies that are.

The one place that says so for the reference; a policy that is not here says "Simulated in full" on its page, and one
that is here does not (a test holds that). What nobody simulates is in `registry.UNDOCUMENTED`.
"""

from __future__ import annotations

AS: dict[str, str] = {
    "azure-openai-emit-token-metric": "llm-emit-token-metric",
    "azure-openai-semantic-cache-lookup": "llm-semantic-cache-lookup",
    "azure-openai-semantic-cache-store": "llm-semantic-cache-store",
    "azure-openai-token-limit": "llm-token-limit",
}
"""Policies that are another one under a second name; their pages say "Simulated as"."""

_TOOLS_ONLY = "attributes that only the gateway's schema knows"
_BUCKET = "the v2 tiers' token bucket"
_SENDING = "sampling, batches and delays"

EXCEPT: dict[str, str] = {
    "cache-lookup": "the difference between internal and external caches",
    "cosmosdb-data-source": "queries: they are recorded, not run",
    "cross-domain": "the exact answer, which is documented nowhere",
    "emit-metric": "`default-dimensions`, sampling and aggregation",
    "forward-request": "`continue-timeout`, `http-version` and `buffer-response`, which have no effect",
    "get-authorization-context": "the refreshing of tokens and the signature of `identity`",
    "http-data-source": "settings of `backend` other than forward-request's timeout",
    "invoke-dapr-binding": "a real sidecar: requests are recorded",
    "json-to-xml": _TOOLS_ONLY,
    "llm-content-safety": "the service's judgement, which a function stands in for",
    "llm-emit-token-metric": "the categories of tokens in preview",
    "llm-semantic-cache-lookup": "the embeddings backend, which a function stands in for",
    "llm-token-limit": "the model's own count of a prompt's tokens, which is estimated",
    "log-to-eventhub": _SENDING,
    "mock-response": 'samples of XML schemas, `enabled="false"` and `index`',
    "proxy": "the proxy itself: only the trace tells of it",
    "publish-event": "subscribers: what is published is recorded",
    "publish-to-dapr": "a real sidecar: requests are recorded",
    "quota": "bandwidth of anything but bodies",
    "rate-limit": _BUCKET,
    "rate-limit-by-key": _BUCKET,
    "send-service-bus-message": "the service: messages are recorded",
    "set-backend-service": "the attributes of Service Fabric",
    "set-body": "`html-decode-expression` and the Liquid filter Currency",
    "sql-data-source": "statements, which are recorded, and `set-body` in `request`",
    "trace": "Application Insights: messages are in the trace",
    "validate-azure-ad-token": "`allow-protected-forwarded-tokens` and `allow-proof-of-possession-tokens`",
    "validate-graphql-request": "`max-depth`, `max-complexity` and others that are documented nowhere",
    "validate-odata-request": "the service's metadata: names and types",
    "wait": "the side by side: requests go one after another",
    "xml-to-json": _TOOLS_ONLY,
    "xsl-transform": "`msxsl:script` and extensions other than `node-set`",
}


def fidelity_of(name: str) -> str:
    """`full`, or `full, except …`.

    >>> fidelity_of("choose"), fidelity_of("rate-limit")
    ('full', "full, except the v2 tiers' token bucket")
    """
    left_out = EXCEPT.get(AS.get(name, name))
    return "full" if left_out is None else f"full, except {left_out}"
