"""What a run leaves out of the policies that are simulated.

This is the one place that says so for the reference. A policy that is not here says "Simulated in full" on its page,
and one that is here does not (a test holds that). Policies that are not simulated at all are in
`registry.UNDOCUMENTED`.
"""

from __future__ import annotations

AS: dict[str, str] = {
    "azure-openai-emit-token-metric": "llm-emit-token-metric",
    "azure-openai-semantic-cache-lookup": "llm-semantic-cache-lookup",
    "azure-openai-semantic-cache-store": "llm-semantic-cache-store",
    "azure-openai-token-limit": "llm-token-limit",
}
"""Policies that are another one under a second name; their pages say "Simulated as"."""

_ONE_CACHE = "`caching-type`: a gateway has one cache"
_BANDWIDTH = "bandwidth that is not the bodies of requests and answers"
_DAPR = "the Dapr runtime: requests are recorded, and a stand-in answers"
_EMBEDDINGS = "the embeddings backend, whose place a function takes"
_SCHEMA_ONLY = "the attributes that only the editor's schema knows, which fail by name"

EXCEPT: dict[str, str] = {
    "cache-lookup": _ONE_CACHE,
    "cache-lookup-value": _ONE_CACHE,
    "cache-remove-value": _ONE_CACHE,
    "cache-store-value": _ONE_CACHE,
    "cache-value": _ONE_CACHE,
    "cosmosdb-data-source": "running the request: it is recorded, and a stand-in answers",
    "cross-domain": "the exact answer, which no document states",
    "emit-metric": "`default-dimensions`, sampling and aggregation",
    "forward-request": "`continue-timeout`, `http-version` and `buffer-response`, which have no effect",
    "get-authorization-context": "refreshing tokens, and checking the signature of `identity`",
    "http-data-source": "what stands in `backend`, apart from the timeout of forward-request",
    "invoke-dapr-binding": _DAPR,
    "json-to-xml": _SCHEMA_ONLY,
    "llm-content-safety": "the judgement of the service, whose place a function takes",
    "llm-semantic-cache-lookup": _EMBEDDINGS,
    "llm-token-limit": "the exact number of tokens in a prompt, which is estimated",
    "log-to-eventhub": "the event hub itself, sampling, batches and delays: events are recorded",
    "mock-response": 'samples in other formats than JSON and XML, and `enabled="false"`, which fail by name',
    "proxy": "the proxy itself, which only the trace mentions",
    "publish-event": "subscribers: events are recorded",
    "publish-to-dapr": _DAPR,
    "quota": _BANDWIDTH,
    "quota-by-key": _BANDWIDTH,
    "rate-limit-by-key": "`flexible-retry-window`, which has no effect",
    "send-request": "`buffer-response`, which has no effect, and a `proxy`, which only the trace mentions",
    "send-service-bus-message": "Service Bus itself: messages are recorded; attributes without a page fail by name",
    "set-backend-service": "a Service Fabric cluster: a true `sf-resolve-condition` fails by name",
    "set-body": "`html-decode-expression` and parts of Liquid that no document explains, which fail by name",
    "sql-data-source": "running the statement, which is recorded, and `set-body` in `request`, which fails by name",
    "trace": "Application Insights: messages are in the trace of the result",
    "validate-azure-ad-token": (
        "`allow-protected-forwarded-tokens` and `allow-proof-of-possession-tokens`, which have no effect"
    ),
    "validate-content": "`readOnly`, `writeOnly` and `discriminator` in schemas, and the limit on their size",
    "validate-graphql-request": "`max-total-depth` and `max-complexity`, which fail by name",
    "validate-jwt": "`issuer-signing-tokens` and `zumo-master-key`, which fail by name",
    "validate-odata-request": "checks that need the metadata of the service: its names and types",
    "xml-to-json": _SCHEMA_ONLY,
    "xsl-transform": "`msxsl:script`, which fails by name, and extension functions other than `node-set`",
}


def fidelity_of(name: str) -> str:
    """`full`, or `full, except …`.

    >>> fidelity_of("choose"), fidelity_of("rate-limit-by-key")
    ('full', 'full, except `flexible-retry-window`, which has no effect')
    """
    left_out = EXCEPT.get(AS.get(name, name))
    return "full" if left_out is None else f"full, except {left_out}"
