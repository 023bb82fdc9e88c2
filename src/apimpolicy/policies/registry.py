"""Every policy name that the gateway knows, and the module that runs it; modules are imported when first asked for."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.policies.spec import Specification

# One line per policy: its name, and its module here; None is "known, and not simulated".
POLICIES: dict[str, str | None] = {
    "authentication-basic": "authentication_basic",
    "authentication-certificate": "authentication_certificate",
    "authentication-managed-identity": "authentication_managed_identity",
    "authentication-oauth2": None,
    "authentication-token": None,
    "authentication-token-store": None,
    "azure-openai-emit-token-metric": "azure_openai_emit_token_metric",
    "azure-openai-semantic-cache-lookup": "azure_openai_semantic_cache_lookup",
    "azure-openai-semantic-cache-store": "azure_openai_semantic_cache_store",
    "azure-openai-token-limit": "azure_openai_token_limit",
    "base": "base_policy",
    "block": None,
    "cache-lookup": "cache_lookup",
    "cache-lookup-value": "cache_lookup_value",
    "cache-remove-value": "cache_remove_value",
    "cache-store": "cache_store",
    "cache-store-value": "cache_store_value",
    "cache-value": "cache_value",
    "check-header": "check_header",
    "choose": "choose",
    "cors": "cors",
    "cosmosdb-data-source": "cosmosdb_data_source",
    "cross-domain": "cross_domain",
    "emit-metric": "emit_metric",
    "find-and-replace": "find_and_replace",
    "forward-request": "forward_request",
    "get-authorization-context": "get_authorization_context",
    "graphql-data-source": None,
    "http-data-source": "http_data_source",
    "include-fragment": "include_fragment",
    "invoke-dapr-binding": "invoke_dapr_binding",
    "invoke-request": "invoke_request",
    "ip-filter": "ip_filter",
    "json-to-xml": "json_to_xml",
    "jsonp": "jsonp",
    "limit-concurrency": "limit_concurrency",
    "llm-content-safety": "llm_content_safety",
    "llm-emit-token-metric": "llm_emit_token_metric",
    "llm-semantic-cache-lookup": "llm_semantic_cache_lookup",
    "llm-semantic-cache-store": "llm_semantic_cache_store",
    "llm-token-limit": "llm_token_limit",
    "log-to-eventhub": "log_to_eventhub",
    "mock-response": "mock_response",
    "proxy": "proxy",
    "publish-event": "publish_event",
    "publish-to-dapr": "publish_to_dapr",
    "quota": "quota",
    "quota-by-key": "quota_by_key",
    "rate-limit": "rate_limit",
    "rate-limit-by-key": "rate_limit_by_key",
    "redirect-content-urls": "redirect_content_urls",
    "retry": "retry",
    "return-response": "return_response",
    "rewrite-uri": "rewrite_uri",
    "send-one-way-request": "send_one_way_request",
    "send-request": "send_request",
    "send-service-bus-message": "send_service_bus_message",
    "set-backend-service": "set_backend_service",
    "set-body": "set_body",
    "set-header": "set_header",
    "set-method": "set_method",
    "set-query-parameter": "set_query_parameter",
    "set-request-metric-dimension-value": None,
    "set-status": "set_status",
    "set-variable": "set_variable",
    "sql-data-source": "sql_data_source",
    "trace": "trace",
    "validate-azure-ad-token": "validate_azure_ad_token",
    "validate-client-certificate": "validate_client_certificate",
    "validate-content": "validate_content",
    "validate-graphql-request": "validate_graphql_request",
    "validate-headers": "validate_headers",
    "validate-jwt": "validate_jwt",
    "validate-odata-request": "validate_odata_request",
    "validate-parameters": "validate_parameters",
    "validate-status-code": "validate_status_code",
    "wait": "wait",
    "xml-to-json": "xml_to_json",
    "xsl-transform": "xsl_transform",
}

_EDITOR = "the schema of the editor extension for Visual Studio Code"

# Names that no documentation describes, and who knows them: `check` warns, and running them fails by name.
UNDOCUMENTED: dict[str, str] = {
    "authentication-oauth2": "the list of names of another emulator",
    "authentication-token": _EDITOR,
    "authentication-token-store": _EDITOR,
    "block": _EDITOR,
    "graphql-data-source": _EDITOR,
    "set-request-metric-dimension-value": _EDITOR,
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
    return _nearest(name.lower()[:64])


@lru_cache(256)
def _nearest(name: str) -> str | None:
    from difflib import get_close_matches

    found = get_close_matches(name, POLICIES, 1, 0.75)
    return found[0] if found else None
