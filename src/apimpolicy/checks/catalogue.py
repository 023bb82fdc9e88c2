"""Every rule of `check`: its code, its module in `rules/`, and the words of which a document must contain one.

A rule whose words do not occur cannot find anything, and is not imported; most documents need a few rules only.
Codes: POL1xx structure, POL2xx expressions and variables, POL3xx security, POL4xx behaviour. A code is never reused.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.rule import Rule
    from apimpolicy.checks.subject import Settings


class Entry(NamedTuple):
    """One rule. `words` empty: the rule looks at every document."""

    code: str
    module: str
    words: tuple[str, ...] = ()


RULES: tuple[Entry, ...] = (
    Entry("POL120", "policy_out_of_scope"),
    Entry("POL121", "policy_not_on_gateway"),
    Entry("POL122", "policy_repeated"),
    Entry(
        "POL123",
        "number_out_of_range",
        ("renewal-period", "count=", "max-size", "max-depth", "score-threshold", "threshold", "timeout"),
    ),
    Entry("POL124", "children_out_of_order", ("<send-request", "<send-one-way-request", "<return-response")),
    Entry("POL125", "otherwise_not_last", ("<otherwise",)),
    Entry("POL126", "nothing_inside", ("<retry", "<limit-concurrency", "<wait", "<ip-filter", "<cors")),
    Entry("POL127", "base_missing"),
    Entry("POL128", "base_at_global_scope", ("<base",)),
    Entry("POL129", "dimensions", ("emit-metric", "emit-token-metric")),
    Entry("POL130", "cache_lookup_in_fragment", ("<fragment",)),
    Entry("POL131", "id_repeated", ("id=",)),
    Entry("POL132", "xslt_version", ("<xsl-transform",)),
    Entry("POL133", "header_without_value", ("<set-header", "<set-query-parameter")),
    Entry("POL134", "request_incomplete", ("<send-request", "<send-one-way-request")),
    Entry("POL135", "fragment_unknown", ("<include-fragment",)),
    Entry("POL136", "section_alone", ("<inbound", "<backend", "<outbound", "<on-error")),
    Entry("POL137", "backend_choice", ("<set-backend-service",)),
    Entry("POL201", "variable_never_set", ("Variables",)),
    Entry("POL202", "variable_of_another_type", ("Variables",)),
    Entry("POL204", "body_read_twice", ("Body",)),
    Entry("POL205", "body_lost", ("Body",)),
    Entry("POL206", "null_here", ("context.Response", "LastError")),
    Entry("POL207", "expression_in_text", ("@(", "@{")),
    Entry("POL208", "changing_cache_key", ("cache-lookup-value", "cache-store-value", "vary-by")),
    Entry("POL209", "token_may_be_null", ("AsJwt", "AsBasic")),
    Entry("POL210", "input_parsed_blindly", (".Parse(",)),
    Entry("POL211", "slow_pattern", ("Regex",)),
    Entry("POL212", "piece_may_be_missing", ("Split(", ".First(", ".Single(")),
    Entry("POL213", "deprecated_member", ("CreatedTime", "SubscriptionsLimit", "SubscriptionLimit", ".Apis")),
    Entry("POL214", "result_of_another_type", ("condition=", "count=", "interval=", "timeout", "max-", "delta=")),
    Entry("POL215", "request_body_after_backend", ("Request.Body",)),
    Entry("POL216", "nobody_there", ("context.User", "context.Subscription", "context.Product")),
    Entry("POL217", "named_value_nested", ("{{",)),
    Entry("POL301", "certificate_not_verified", (".Certificate",)),
    Entry("POL302", "certificate_not_identified", (".Certificate",)),
    Entry("POL303", "certificate_may_be_null", (".Certificate",)),
    Entry("POL304", "thumbprint_literal", ("humbprint",)),
    Entry("POL305", "client_certificate_checks_off", ("<validate-client-certificate",)),
    Entry("POL306", "certificate_by_thumbprint", ("<authentication-certificate",)),
    Entry("POL307", "caller_not_checked", ("<authentication-certificate",)),
    Entry("POL308", "certificate_not_negotiated", ("Request.Certificate", "<validate-client-certificate")),
    Entry("POL310", "token_for_anybody", ("<validate-jwt",)),
    Entry("POL311", "token_checks_off", ("require-signed-tokens", "require-expiration-time")),
    Entry("POL312", "clock_skew", ("clock-skew",)),
    Entry("POL313", "key_in_policy", ("<key",)),
    Entry("POL314", "entra_token_for_anybody", ("<validate-azure-ad-token",)),
    Entry("POL320", "cors_credentials_for_any_origin", ("allow-credentials",)),
    Entry("POL321", "cors_for_any_origin", ("<cors",)),
    Entry("POL322", "cors_out_of_place", ("<cors",)),
    Entry(
        "POL330",
        "literal_secret",
        (
            "assword",
            "ecret",
            "oken",
            "uthorization",
            "code=",
            "sig=",
            "AccountKey",
            "api-key",
            "pi-Key",
            "ubscription-Key",
            "x-functions-key",
        ),
    ),
    Entry("POL331", "secret_logged", ("<trace", "<log-to-eventhub", "<emit-metric", "<llm-emit-token-metric")),
    Entry("POL332", "plain_http", ("http://",)),
    Entry("POL333", "caller_chooses_url", ("<set-url", "<set-backend-service")),
    Entry("POL334", "identity_header_from_caller", ("exists-action",)),
    Entry("POL335", "forwarded_for_trusted", ("X-Forwarded-For", "x-forwarded-for", "<ip-filter")),
    Entry("POL336", "weak_cryptography", ("MD5", "SHA1", "ECB", '"DES', "TripleDES", "RC2")),
    Entry("POL337", "error_details_returned", ("LastError",)),
    Entry("POL340", "private_responses_cached", ("<cache-lookup",)),
    Entry("POL341", "semantic_cache_shared", ("semantic-cache-lookup",)),
    Entry("POL401", "backend_does_not_forward", ("<backend",)),
    Entry("POL402", "timeout_too_long", ("timeout",)),
    Entry("POL403", "retry_without_buffer", ("<retry",)),
    Entry("POL404", "cache_half", ("cache-lookup", "cache-store")),
    Entry("POL405", "forwarded_twice", ("<forward-request",)),
    Entry(
        "POL406", "protected_header", ("onnection", "ontent-", "eep-", "ransfer-", "CONNECTION", "CONTENT-", "KEEP-")
    ),
    Entry("POL407", "unreachable", ("<return-response", "<mock-response")),
    Entry("POL408", "mock_left", ("<mock-response",)),
    Entry("POL409", "counter_shared_by_all", ("counter-key",)),
    Entry("POL410", "error_hidden_by_ok", ("<on-error",)),
    Entry("POL411", "ignored_error_not_checked", ("ignore-error",)),
    Entry("POL412", "liquid_in_return_response", ("liquid",)),
    Entry("POL413", "liquid_filter_in_lower_case", ("liquid",)),
    Entry("POL414", "rewrite_with_unknown_parameter", ("<rewrite-uri",)),
    Entry("POL415", "backend_id_overridden", ("<set-backend-service",)),
    Entry("POL416", "request_without_timeout", ("<send-request",)),
    Entry("POL417", "requests_in_outbound", ("<send-one-way-request",)),
    Entry("POL418", "status_reason_compared", ("StatusReason",)),
    Entry("POL419", "liquid_unreadable", ("liquid",)),
    Entry("POL420", "body_for_get", ("<set-body",)),
    Entry("POL421", "limit_without_subscription", ("<rate-limit", "<quota")),
)


def rules_for(text: str, settings: Settings) -> Iterator[type[Rule]]:
    """The rules that a document with this text needs."""
    for entry in RULES:
        if entry.words and not any(map(text.__contains__, entry.words)):
            continue
        if settings.wants(entry.code):
            rule = rule_class(entry.module)
            if settings.wants(entry.code, rule.by_default):
                yield rule
    for rule in settings.rules:
        if settings.wants(rule.code, rule.by_default) and (not rule.words or any(map(text.__contains__, rule.words))):
            yield rule


@cache
def rule_class(module: str) -> type[Rule]:
    """The rule that a module of `rules/` defines."""
    from importlib import import_module

    from apimpolicy.checks.rule import Rule

    name = f"apimpolicy.checks.rules.{module}"
    for value in vars(import_module(name)).values():
        if isinstance(value, type) and issubclass(value, Rule) and value.__module__ == name and value.code:
            return value
    raise LookupError(f"{name} defines no rule")


def entry_of(code: str) -> Entry | None:
    """The rule with this code."""
    return next((entry for entry in RULES if entry.code == code), None)


def page_of(entry: Entry) -> str:
    """The rule's page: its module's docstring."""
    import inspect
    import sys

    return inspect.cleandoc(sys.modules[rule_class(entry.module).__module__].__doc__ or "")
