"""Findings about documents as policies: code, line, column, and the words that help."""

from __future__ import annotations

import pytest

from apimpolicy import Severity, load_policy

KEYS = "<openid-config url='https://a.example'/>"
CLAIMS = "<required-claims><claim name='a'/></required-claims>"

ROWS = [
    ("<inbound><set-heder /></inbound>", "POL101", 11, "set-header"),
    ("<inbound><set-header name='a' exist-action='skip'/></inbound>", "POL102", 31, "exists-action"),
    ("<inbound><set-header><value>1</value></set-header></inbound>", "POL103", 11, "'name'"),
    ("<inbound><set-header name='a' exists-action='add'/></inbound>", "POL104", 46, "override, skip, append or delete"),
    ("<inbound><set-header name='a' exists-action='Overide'/></inbound>", "POL104", 46, "did you mean 'override'?"),
    ("<inbound><set-variable name='@(\"a\")' value='1'/></inbound>", "POL105", 30, "can't be an expression"),
    ("<outbound><rewrite-uri template='/'/></outbound>", "POL106", 12, "inbound"),
    ("<inbound><return-response><trace source='a'/></return-response></inbound>", "POL107", 28, "'set-status'"),
    ("<inbound><rate-limit calls='many' renewal-period='60'/></inbound>", "POL104", 29, "a whole number"),
    ("<inbound><choose><when condition='yes'/></choose></inbound>", "POL104", 35, "true or false"),
    ("<inbound>text</inbound>", "POL107", 10, "cannot contain text"),
    ("<inbound><choose><otherwise/></choose></inbound>", "POL108", 11, "'when'"),
    ("<fragment><base/></fragment>", "POL109", 12, "no <base />"),
    ("<policies><inbond/></policies>", "POL110", 12, "inbound, backend"),
    ("<policies><outbond/></policies>", "POL110", 12, "did you mean 'outbound'?"),
    ("<policies><OnError/></policies>", "POL110", 12, "did you mean 'on-error'?"),
    ("<policies><apis/></policies>", "POL110", 12, "'apis' is not a section"),
    ("<inbound><set-header name='a'><vlaue>b</vlaue></set-header></inbound>", "POL107", 32, "did you mean 'value'?"),
    ("<policies><inbound/><inbound/></policies>", "POL110", 22, "twice"),
    ("<inbound><log-to-eventhub logger-id='a' partition-id='0' partition-key='b'/></inbound>", "POL113", 11, "both"),
    ("<inbound><send-service-bus-message><payload/></send-service-bus-message></inbound>", "POL113", 11, "topic-name"),
    ("<inbound><llm-token-limit counter-key='a' estimate-prompt-tokens='true'/></inbound>", "POL113", 11, "quota"),
    ("<inbound><llm-content-safety/></inbound>", "POL103", 11, "'backend-id'"),
    ("<inbound><publish-to-dapr/></inbound>", "POL103", 11, "'topic'"),
    ("<inbound><json-to-xml/></inbound>", "POL103", 11, "'apply'"),
    ("<inbound><xml-to-json apply='always' kind='friendly'/></inbound>", "POL104", 44, "javascript-friendly or direct"),
    ("<inbound><xsl-transform><parameter>1</parameter></xsl-transform></inbound>", "POL113", 26, "'parameter-name'"),
    ("<inbound><proxy username='a'/></inbound>", "POL103", 11, "'url'"),
    ("<backend><forward-request timeout='1' timeout-ms='1'/></backend>", "POL113", 11, "not both"),
    ("<inbound><invoke-dapr-binding/></inbound>", "POL103", 11, "'name'"),
    ("<backend><publish-to-dapr topic='a/b'/></backend>", "POL106", 11, "inbound"),
    ("<inbound><llm-semantic-cache-store duration='1'/></inbound>", "POL106", 11, "outbound"),
    (
        f"<inbound><validate-jwt>{KEYS}</validate-jwt></inbound>",
        "POL113",
        11,
        "'header-name' or 'query-parameter-name' or 'token-value'",
    ),
    (
        f"<inbound><validate-jwt header-name='a' token-value='b'>{KEYS}</validate-jwt></inbound>",
        "POL113",
        11,
        "not both",
    ),
    (
        f"<inbound><validate-jwt header-name='a'>{CLAIMS}{KEYS}</validate-jwt></inbound>",
        *("POL107", 93, "belongs before 'required-claims'"),
    ),
    (f"<inbound><validate-jwt header-name='a'><audience/>{KEYS}</validate-jwt></inbound>", "POL107", 41, "audiences"),
    ("<inbound><validate-jwt header-name='a'><openid-config/></validate-jwt></inbound>", "POL103", 41, "'url'"),
    ("<inbound><validate-azure-ad-token/></inbound>", "POL103", 11, "'tenant-id'"),
    (
        "<inbound><get-authorization-context provider-id='a' authorization-id='b' context-variable-name='c'"
        " identity-type='me'/></inbound>",
        *("POL104", 115, "managed or jwt"),
    ),
    ("<inbound><authentication-managed-identity/></inbound>", "POL103", 11, "'resource'"),
    (
        "<outbound><cors><allowed-origins><origin>*</origin></allowed-origins></cors></outbound>",
        "POL106",
        12,
        "in inbound",
    ),
    # what the gateway was seen to refuse, or what its pages and schema rule out
    ("<outbound><rate-limit calls='1' renewal-period='1'/></outbound>", "POL106", 12, "inbound"),
    ("<on-error><forward-request/></on-error>", "POL106", 12, "backend"),
    ("<inbound><set-backend-service/></inbound>", "POL113", 11, "'base-url' or 'backend-id'"),
    ("<inbound><rate-limit calls='@(1)' renewal-period='60'/></inbound>", "POL105", 29, "'calls' of 'rate-limit'"),
    ("<inbound><llm-token-limit counter-key='a' token-quota='1'/></inbound>", "POL113", 11, "'token-quota-period'"),
    ("<inbound><ip-filter action='allow'/></inbound>", "POL108", 11, "'address' or 'address-range'"),
    ("<inbound><ip-filter action='allow'><address/></ip-filter></inbound>", "POL108", 37, "'address' is empty"),
    (f"<inbound><validate-jwt header-name='a'>{KEYS}<audiences/></validate-jwt></inbound>", "POL108", 81, "audience"),
    (f"<inbound><validate-jwt header-name='a'>{KEYS}<issuers/></validate-jwt></inbound>", "POL108", 81, "'issuer'"),
    ("<inbound><validate-jwt header-name='a'><issuer-signing-keys/></validate-jwt></inbound>", "POL108", 41, "'key'"),
    (
        f"<inbound><validate-jwt header-name='a'>{KEYS}<required-claims/></validate-jwt></inbound>",
        *("POL108", 81, "'claim'"),
    ),
    (
        f"<inbound><validate-jwt header-name='a' clock-skew='ten'>{KEYS}</validate-jwt></inbound>",
        *("POL104", 52, "a number of seconds"),
    ),
    (
        "<inbound><validate-azure-ad-token tenant-id='a'><client-application-ids/></validate-azure-ad-token></inbound>",
        *("POL108", 50, "'application-id'"),
    ),
    (
        "<inbound><cors><allowed-origins><origin/></allowed-origins></cors></inbound>",
        *("POL108", 34, "'origin' is empty"),
    ),
    (
        "<inbound><cors><allowed-origins><origin>*</origin></allowed-origins><allowed-methods/></cors></inbound>",
        *("POL108", 70, "'method'"),
    ),
    ("<inbound><set-method/></inbound>", "POL108", 11, "'set-method' is empty"),
    ("<inbound><set-method> <!-- GET --> </set-method></inbound>", "POL108", 11, "'set-method' is empty"),
    ("<inbound><find-and-replace from='' to='a'/></inbound>", "POL104", 34, "'from' of 'find-and-replace' is empty"),
    ("<inbound><cache-lookup-value key=' ' variable-name='a'/></inbound>", "POL104", 35, "'key'"),
    ("<inbound><include-fragment fragment-id=''/></inbound>", "POL104", 41, "'fragment-id'"),
    ("<inbound><rate-limit calls='' renewal-period='60'/></inbound>", "POL104", 29, "'calls' of 'rate-limit' is empty"),
    (
        "<backend><retry condition='@(true)' count='1' interval='-1'><base/></retry></backend>",
        "POL104",
        57,
        "0 or more",
    ),
    (
        "<inbound><emit-metric name='a' value='many'><dimension name='API ID'/></emit-metric></inbound>",
        "POL104",
        39,
        "",
    ),
    ("<inbound><set-header name='a'><value lang='en'>b</value></set-header></inbound>", "POL102", 38, "no attributes"),
    ("<inbound><set-header name='a'><value><b/></value></set-header></inbound>", "POL107", 39, "no child elements"),
    ("<fragment><policies><inbound/></policies></fragment>", "POL109", 12, "can't contain <policies>"),
    (
        "<outbound><cache-value key='a' variable-name='b' expires-after='60'/></outbound>",
        *("POL103", 12, "'refresh-after'"),
    ),
    (
        "<inbound><send-request response-variable-name='a'><choose/></send-request></inbound>",
        *("POL107", 52, "'choose'"),
    ),
]
DOUBTFUL_ROWS = [
    ("<inbound><set-header name='a' exists-action='Override'/></inbound>", "POL104", 46, "did you mean 'override'?"),
    (
        f"<inbound><validate-jwt header-name='a'>{KEYS}{CLAIMS}<decryption-keys><key>a</key></decryption-keys>"
        "</validate-jwt></inbound>",
        *("POL107", 133, "belongs before 'required-claims'"),
    ),
    ("<inbound><send-request/></inbound>", "POL103", 11, "'response-variable-name'"),
    ("<inbound><llm-token-limit counter-key='a' tokens-per-minute='@(1)'/></inbound>", "POL105", 62, "One gateway"),
    (f"<inbound><validate-jwt header-name='a'>{CLAIMS}</validate-jwt></inbound>", "POL108", 11, "'openid-config' or"),
    ("<backend><set-graphql-resolver parent-type='a' field='b'/></backend>", "POL115", 11, "is retired"),
    ("<inbound><run-wasm-module module-uri='oci://a'/></inbound>", "POL114", 11, "a preview of October 2026"),
    (
        "<inbound><rate-limit calls='1' renewal-period='1'><api id='@(1)' calls='1' renewal-period='1'/>"
        "</rate-limit></inbound>",
        *("POL105", 60, "Undocumented"),
    ),
    ("<inbound><base/></inbound><outbound/>", "POL150", 2, "Put <policies> around"),
    ("<!-- a --><inbound/><backend/><outbound/><on-error/>", "POL150", 12, "no <policies> element"),
    ("<inbound><authentication-token-store/></inbound>", "POL114", 11, "Only the schema of the editor"),
    ("<inbound><authentication-oauth2/></inbound>", "POL114", 11, "another emulator"),
    ("<inbound><block/></inbound>", "POL114", 11, "Only the schema of the editor"),
    ("<inbound><set-request-metric-dimension-value/></inbound>", "POL114", 11, "What it does is not known"),
]
SILENT = [
    "<inbound><set-status code='200'/></inbound>",
    "<inbound><check-header name='a' failed-check-httpcode='400'><value>b</value></check-header></inbound>",
    "<inbound><llm-token-limit counter-key='a' tokens-per-minute='1'/></inbound>",
    "<inbound><trace source='@(context.Api.Name)'>a</trace></inbound>",
    "<inbound><authentication-managed-identity resource='a' client-id='@(\"a\")'/></inbound>",
    "<outbound><authentication-managed-identity resource='a'/></outbound>",
    "<outbound><set-query-parameter name='a' exists-action='delete'/></outbound>",
    "<inbound><redirect-content-urls/></inbound>",
    "<outbound><llm-content-safety backend-id='a'/></outbound>",
    "<on-error><mock-response/><trace source='a'>b</trace></on-error>",
    "<inbound/>",
    "<inbound><validate-jwt header-name='a' require-signed-tokens='false'/></inbound>",
    "<inbound><find-and-replace from='a' to=''/></inbound>",
    "<inbound><set-variable name='a' value=''/></inbound>",
    "<inbound><set-header name='a'><value/></set-header></inbound>",
    "<inbound><cache-lookup-value key='{{key}}' variable-name='a'/></inbound>",
    "<inbound><set-method>{{method}}</set-method></inbound>",
    "<outbound><cache-value key='a' variable-name='b' expires-after='60' refresh-after='30'/></outbound>",
    "<inbound><send-service-bus-message queue-name='a' session-id='b' message-id-variable-name='c'><payload>d</payload>"
    "</send-service-bus-message></inbound>",
]
"""What pages, schema, toolkit, gateways or deployed documents have."""


@pytest.mark.parametrize("text", SILENT)
def test_what_some_source_has_is_no_finding(text: str) -> None:
    assert [str(finding) for finding in load_policy(text).diagnostics] == []


@pytest.mark.parametrize(
    ("text", "code", "column", "words"),
    [*ROWS, *DOUBTFUL_ROWS],
    ids=[f"{row[1]} {row[3]}" for row in (*ROWS, *DOUBTFUL_ROWS)],
)
def test_one_finding(text: str, code: str, column: int, words: str) -> None:
    (finding,) = load_policy(text).diagnostics
    assert (finding.code, finding.position) == (code, (1, column))
    assert words in f"{finding.message} {finding.label} {finding.help}"


def test_only_the_doubtful_is_a_warning() -> None:
    assert all(load_policy(row[0]).diagnostics[0].severity is Severity.ERROR for row in ROWS)
    assert all(load_policy(row[0]).diagnostics[0].severity is Severity.WARNING for row in DOUBTFUL_ROWS)


@pytest.mark.parametrize(
    "text",
    [
        "<policies><inbound><base /><choose><when condition='true' /></choose></inbound></policies>",
        "<inbound><set-body><a xmlns='b'>1</a></set-body></inbound>",
        "<inbound id='x'><set-variable id='y' name='a' value='{{b}}' /></inbound>",
        "<inbound><xsl-transform><parameter parameter-name='a'>1</parameter><x:stylesheet/></xsl-transform></inbound>",
        "<outbound><xml-to-json kind='@(1)' apply='always' trim-values='true'/></outbound>",
        "<inbound><set-header name='a' exists-action='{{action}}' /></inbound>",
        "<set-header name='a' exists-action='delete' />",
    ],
)
def test_nothing_to_find(text: str) -> None:
    assert load_policy(text).diagnostics == []


def test_deep_nesting_is_no_recursion_error() -> None:
    text = "<inbound>" + "<choose><when condition='true'>" * 95 + "</when></choose>" * 95 + "</inbound>"
    assert load_policy(text).diagnostics == []


@pytest.mark.parametrize("name", ["llm-emit-token-metric", "azure-openai-emit-token-metric"])
def test_what_the_documentation_forbids_and_services_deploy_is_an_info(name: str) -> None:
    (finding,) = load_policy(f"<outbound><{name}><dimension name='API ID'/></{name}></outbound>").diagnostics
    assert (finding.code, finding.severity) == ("POL106", Severity.INFO)
