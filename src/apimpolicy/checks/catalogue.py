"""Every rule of `check`: its code, its module in `rules/`, and what a document must contain before the rule is asked.

A rule without anything to look at cannot find anything, and is not imported; most documents need a few rules only. What
a rule needs is said in units that no line break or blank can divide: names of elements and attributes, names of members
in expressions, words. Codes: POL1xx structure, POL2xx expressions and variables, POL3xx security, POL4xx behaviour.
A code is never reused.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.subject import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.checks.rule import Rule
    from apimpolicy.checks.subject import Subject


class Entry(NamedTuple):
    """One rule. It is asked when the document has any of these; without any needs, for every document.

    - `elements`, `attributes`: names
    - `members`: pieces of names in the C# of an expression
    - `words`: pieces of words anywhere, in lower case, looked for whatever the case
    - `known`: settings of which one must be known, whatever else the document has
    - `opt_in`: the rule is off by default, as its class says too
    """

    code: str
    module: str
    elements: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    opt_in: bool = False

    def fits(self, contents: Contents) -> bool:
        """Whether the rule has something to look at."""
        if self.elements and not contents.elements.isdisjoint(self.elements):
            return True
        if self.attributes and not contents.attributes.isdisjoint(self.attributes):
            return True
        if self.members and any(map(contents.code.__contains__, self.members)):
            return True
        if self.words:
            return any(map(contents.text.__contains__, self.words))
        return not (self.elements or self.attributes or self.members)


class Contents:
    """What a document has: names of elements and attributes, the C# of its expressions, its text in lower case."""

    __slots__ = ("attributes", "code", "elements", "text")

    def __init__(self, subject: Subject) -> None:
        self.elements = {element.name for element in subject.elements}
        self.attributes = {attribute.name for element in subject.elements for attribute in element.attributes}
        self.code = "\n".join([expression.excerpt.text for expression in subject.expressions])
        self.text = subject.document.source.text.lower()


REQUESTS = ("send-request", "send-one-way-request")
METRICS = ("emit-metric", "llm-emit-token-metric", "azure-openai-emit-token-metric")
SEMANTIC = ("llm-semantic-cache-lookup", "azure-openai-semantic-cache-lookup")
CALLER = ("User", "Subscription", "Product")

RULES: tuple[Entry, ...] = (
    Entry("POL120", "policy_out_of_scope", known=("scope",)),
    Entry("POL121", "policy_not_on_gateway", known=("tier", "gateway")),
    Entry(
        "POL122",
        "policy_repeated",
        elements=(
            *("azure-openai-semantic-cache-lookup", "azure-openai-semantic-cache-store", "cache-lookup", "cache-store"),
            *("cors", "jsonp", "llm-semantic-cache-lookup", "llm-semantic-cache-store", "quota", "rate-limit"),
            *("redirect-content-urls", "validate-graphql-request", "validate-headers", "validate-odata-request"),
            *("validate-parameters", "validate-status-code", "xsl-transform"),
        ),
    ),
    Entry(
        "POL123",
        "number_out_of_range",
        attributes=(
            *(
                "renewal-period",
                "count",
                "max-size",
                "score-threshold",
                "threshold",
                "timeout",
                "max-count",
                "duration",
            ),
            *("code", "status-code", "failed-check-httpcode", "failed-validation-httpcode"),
        ),
    ),
    Entry("POL124", "children_out_of_order", elements=(*REQUESTS, "return-response")),
    Entry("POL125", "otherwise_not_last", elements=("otherwise",)),
    Entry("POL126", "nothing_inside", elements=("retry", "limit-concurrency", "wait")),
    Entry("POL127", "base_missing", known=("scope",)),
    Entry("POL128", "base_at_global_scope", elements=("base",), known=("scope",)),
    Entry("POL129", "dimensions", elements=METRICS),
    Entry("POL130", "cache_lookup_in_fragment", elements=("fragment",)),
    Entry("POL131", "id_repeated", attributes=("id",)),
    Entry("POL132", "xslt_version", elements=("xsl-transform",)),
    Entry("POL133", "header_without_value", elements=("set-header", "set-query-parameter")),
    Entry("POL134", "request_incomplete", elements=REQUESTS),
    Entry("POL135", "fragment_unknown", elements=("include-fragment",), known=("fragments",)),
    Entry("POL136", "section_alone", opt_in=True),
    Entry("POL137", "backend_choice", elements=("set-backend-service",)),
    Entry("POL138", "backend_holds_one", elements=("backend",)),
    Entry("POL139", "address_unreadable", elements=("ip-filter",)),
    Entry("POL140", "url_without_scheme", elements=("set-backend-service", "set-url", "openid-config")),
    Entry("POL141", "fragment_root", known=("scope", "fragment")),
    Entry("POL142", "name_unsendable", elements=("set-header", "check-header", "set-method")),
    Entry("POL201", "variable_never_set", members=("Variables",)),
    Entry("POL202", "variable_of_another_type", members=("Variables",)),
    Entry("POL204", "body_read_twice", members=("Body",)),
    Entry("POL205", "body_lost", members=("Body",)),
    Entry("POL206", "null_here", members=("Response", "LastError")),
    Entry("POL207", "expression_in_text", words=("@(", "@{")),
    Entry(
        "POL208",
        "changing_cache_key",
        elements=("cache-lookup-value", "cache-store-value", "cache-remove-value", "vary-by"),
    ),
    Entry("POL209", "token_may_be_null", members=("AsJwt", "AsBasic")),
    Entry("POL210", "input_parsed_blindly", members=("Parse",)),
    Entry("POL211", "slow_pattern", members=("Regex",)),
    Entry("POL212", "piece_may_be_missing", members=("Split", "First", "Last", "Single"), opt_in=True),
    Entry("POL213", "deprecated_member", members=("CreatedTime", "Apis")),
    Entry("POL214", "result_of_another_type", members=("",)),
    Entry("POL215", "request_body_after_backend", members=("Body",)),
    Entry("POL216", "nobody_there", members=CALLER, opt_in=True),
    Entry("POL217", "named_value_nested", words=("{{",)),
    Entry("POL218", "pattern_unreadable", members=("Regex",)),
    Entry("POL301", "certificate_not_verified", members=("Certificate",)),
    Entry("POL302", "certificate_not_identified", members=("Certificate",)),
    Entry("POL303", "certificate_may_be_null", members=("Certificate",)),
    Entry("POL304", "thumbprint_literal", attributes=("thumbprint",), members=("Thumbprint",)),
    Entry("POL305", "client_certificate_checks_off", elements=("validate-client-certificate",)),
    Entry("POL306", "certificate_by_thumbprint", elements=("authentication-certificate",)),
    Entry("POL307", "caller_not_checked", elements=("authentication-certificate",)),
    Entry(
        "POL308",
        "certificate_not_negotiated",
        elements=("validate-client-certificate",),
        members=("Certificate",),
        known=("negotiates",),
    ),
    Entry("POL310", "token_for_anybody", elements=("validate-jwt",)),
    Entry("POL311", "token_checks_off", attributes=("require-signed-tokens", "require-expiration-time")),
    Entry("POL312", "clock_skew", attributes=("clock-skew",)),
    Entry("POL313", "key_in_policy", elements=("key",)),
    Entry("POL314", "entra_token_for_anybody", elements=("validate-azure-ad-token",)),
    Entry("POL320", "cors_credentials_for_any_origin", attributes=("allow-credentials",)),
    Entry("POL321", "cors_for_any_origin", elements=("cors",), opt_in=True),
    Entry("POL322", "cors_out_of_place", elements=("cors",)),
    Entry("POL323", "origin_never_sent", elements=("origin",)),
    Entry(
        "POL330",
        "literal_secret",
        elements=("authentication-basic",),
        words=("authorization", "code", "sig=", "accountkey", "api-key", "subscription-key", "functions-key"),
    ),
    Entry("POL331", "secret_logged", elements=("trace", "log-to-eventhub", *METRICS)),
    Entry("POL332", "plain_http", words=("http://",)),
    Entry("POL333", "caller_chooses_url", elements=("set-url", "set-backend-service")),
    Entry("POL334", "identity_header_from_caller", attributes=("exists-action",)),
    Entry("POL335", "forwarded_for_trusted", words=("x-forwarded-for",)),
    Entry("POL336", "weak_cryptography", members=("MD5", "SHA1", "ECB", "DES", "RC2", "RIPEMD160")),
    Entry("POL337", "error_details_returned", members=("LastError",)),
    Entry("POL340", "private_responses_cached", elements=("cache-lookup",)),
    Entry("POL341", "semantic_cache_shared", elements=SEMANTIC),
    Entry("POL401", "backend_does_not_forward", elements=("backend",)),
    Entry("POL402", "timeout_too_long", attributes=("timeout", "timeout-ms")),
    Entry("POL403", "retry_without_buffer", elements=("retry",)),
    Entry("POL404", "cache_half", words=("cache-lookup", "cache-store")),
    Entry("POL405", "forwarded_twice", elements=("forward-request",)),
    Entry("POL406", "protected_header", words=("connection", "content-length", "keep-alive", "transfer-encoding")),
    Entry("POL407", "unreachable", elements=("return-response", "mock-response")),
    Entry("POL408", "mock_left", elements=("mock-response",), opt_in=True),
    Entry("POL409", "counter_shared_by_all", attributes=("counter-key",)),
    Entry("POL410", "error_hidden_by_ok", elements=("on-error",), opt_in=True),
    Entry("POL411", "ignored_error_not_checked", attributes=("ignore-error",)),
    Entry("POL412", "liquid_in_return_response", words=("liquid",)),
    Entry("POL413", "liquid_filter_in_lower_case", words=("liquid",)),
    Entry("POL414", "rewrite_with_unknown_parameter", elements=("rewrite-uri",), known=("url_template",)),
    Entry("POL415", "backend_id_overridden", elements=("set-backend-service",)),
    Entry("POL416", "request_without_timeout", elements=("send-request",), opt_in=True),
    Entry("POL417", "requests_in_outbound", elements=("send-one-way-request",), known=("gateway",)),
    Entry("POL418", "status_reason_compared", members=("StatusReason",)),
    Entry("POL419", "liquid_unreadable", words=("liquid",)),
    Entry("POL420", "body_for_get", elements=("set-body",)),
    Entry("POL421", "limit_without_subscription", elements=("rate-limit", "quota"), known=("requires_subscription",)),
)


def rules_for(subject: Subject) -> Iterator[type[Rule]]:
    """The rules that a document needs."""
    settings = subject.settings
    contents = Contents(subject)
    for entry in _wanted(settings.select, settings.extend, settings.ignore):
        if entry.known and all(getattr(settings, name) is None for name in entry.known):
            continue
        if entry.fits(contents):
            yield rule_class(entry.module)
    text = subject.document.source.text
    for rule in settings.rules:
        if settings.wants(rule.code, rule.by_default) and (not rule.words or any(map(text.__contains__, rule.words))):
            yield rule


@cache
def _wanted(select: tuple[str, ...], extend: tuple[str, ...], ignore: tuple[str, ...]) -> list[Entry]:
    """The entries that a run's settings of these names leave."""
    wants = Settings(select, extend, ignore).wants
    return [entry for entry in RULES if wants(entry.code, not entry.opt_in)]


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
