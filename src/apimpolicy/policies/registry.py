"""Every policy name that the gateway knows, and the module that runs it; modules are imported when first asked for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Specification

# One line per policy: its name, and its module here; None is "known, not simulated yet".
POLICIES: dict[str, str | None] = {
    "authentication-basic": "authentication_basic",
    "authentication-certificate": "authentication_certificate",
    "authentication-managed-identity": None,
    "authentication-oauth2": None,
    "authentication-token": None,
    "authentication-token-store": None,
    "azure-openai-emit-token-metric": None,
    "azure-openai-semantic-cache-lookup": None,
    "azure-openai-semantic-cache-store": None,
    "azure-openai-token-limit": None,
    "base": "base_policy",
    "block": None,
    "cache-lookup": "cache_lookup",
    "cache-lookup-value": "cache_lookup_value",
    "cache-remove-value": "cache_remove_value",
    "cache-store": "cache_store",
    "cache-store-value": "cache_store_value",
    "cache-value": None,
    "check-header": "check_header",
    "choose": "choose",
    "cors": "cors",
    "cosmosdb-data-source": None,
    "cross-domain": "cross_domain",
    "emit-metric": None,
    "find-and-replace": "find_and_replace",
    "forward-request": "forward_request",
    "get-authorization-context": None,
    "graphql-data-source": None,
    "http-data-source": None,
    "include-fragment": "include_fragment",
    "invoke-dapr-binding": None,
    "invoke-request": None,
    "ip-filter": "ip_filter",
    "json-to-xml": None,
    "jsonp": "jsonp",
    "limit-concurrency": "limit_concurrency",
    "llm-content-safety": None,
    "llm-emit-token-metric": None,
    "llm-semantic-cache-lookup": None,
    "llm-semantic-cache-store": None,
    "llm-token-limit": None,
    "log-to-eventhub": None,
    "mock-response": "mock_response",
    "proxy": None,
    "publish-event": None,
    "publish-to-dapr": None,
    "quota": "quota",
    "quota-by-key": "quota_by_key",
    "rate-limit": "rate_limit",
    "rate-limit-by-key": "rate_limit_by_key",
    "redirect-content-urls": None,
    "retry": "retry",
    "return-response": "return_response",
    "rewrite-uri": "rewrite_uri",
    "send-one-way-request": "send_one_way_request",
    "send-request": "send_request",
    "send-service-bus-message": None,
    "set-backend-service": "set_backend_service",
    "set-body": "set_body",
    "set-header": "set_header",
    "set-method": "set_method",
    "set-query-parameter": "set_query_parameter",
    "set-request-metric-dimension-value": None,
    "set-status": "set_status",
    "set-variable": "set_variable",
    "sql-data-source": None,
    "trace": "trace",
    "validate-azure-ad-token": None,
    "validate-client-certificate": "validate_client_certificate",
    "validate-content": None,
    "validate-graphql-request": None,
    "validate-headers": None,
    "validate-jwt": None,
    "validate-odata-request": None,
    "validate-parameters": None,
    "validate-status-code": None,
    "wait": "wait",
    "xml-to-json": None,
    "xsl-transform": None,
}


def is_known(name: str) -> bool:
    """Whether any source names a policy like this."""
    return name in POLICIES


@cache
def specification_of(name: str) -> Specification | None:
    """The specification of a simulated policy; None when it is not simulated, or not known at all."""
    module_name = POLICIES.get(name)
    if module_name is None:
        return None
    from importlib import import_module

    from apimpolicy.policies.spec import Specification

    module = import_module(f"apimpolicy.policies.{module_name}")
    for value in vars(module).values():
        found = getattr(value, "specification", None)
        if isinstance(found, Specification) and found.name == name:
            return found
    raise LookupError(f"apimpolicy.policies.{module_name} defines no policy {name!r}")


def nearest(name: str) -> str | None:
    """The known name that is most like this one, if any is."""
    from difflib import get_close_matches

    found = get_close_matches(name.lower()[:64], POLICIES, 1, 0.75)
    return found[0] if found else None
