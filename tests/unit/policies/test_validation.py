"""Findings about documents as policies: code, line, column, and the words that help."""

from __future__ import annotations

import pytest

from apimpolicy import Severity, load_policy

ROWS = [
    ("<inbound><set-heder /></inbound>", "POL101", 11, "set-header"),
    ("<inbound><set-header name='a' exist-action='skip'/></inbound>", "POL102", 31, "exists-action"),
    ("<inbound><set-header><value>1</value></set-header></inbound>", "POL103", 11, "'name'"),
    ("<inbound><set-header name='a' exists-action='add'/></inbound>", "POL104", 46, "override, skip, append, delete"),
    ("<inbound><set-header name='a' exists-action='Overide'/></inbound>", "POL104", 46, "did you mean 'override'?"),
    ("<inbound><set-variable name='@(\"a\")' value='1'/></inbound>", "POL105", 30, "cannot be an expression"),
    ("<outbound><rewrite-uri template='/'/></outbound>", "POL106", 12, "inbound"),
    ("<inbound><return-response><trace source='a'/></return-response></inbound>", "POL107", 28, "'set-status'"),
    ("<inbound><rate-limit calls='many' renewal-period='60'/></inbound>", "POL104", 29, "a whole number"),
    ("<inbound><choose><when condition='yes'/></choose></inbound>", "POL104", 35, "true or false"),
    ("<inbound>text</inbound>", "POL107", 10, "cannot contain text"),
    ("<inbound><choose><otherwise/></choose></inbound>", "POL108", 11, "'when'"),
    ("<fragment><base/></fragment>", "POL109", 12, "no <base />"),
    ("<policies><inbond/></policies>", "POL110", 12, "inbound, backend"),
    ("<policies><inbound/><inbound/></policies>", "POL110", 22, "twice"),
    ("<inbound><log-to-eventhub logger-id='a' partition-id='0' partition-key='b'/></inbound>", "POL113", 11, "both"),
    ("<inbound><send-service-bus-message><payload/></send-service-bus-message></inbound>", "POL113", 11, "topic-name"),
    ("<inbound><llm-token-limit counter-key='a' estimate-prompt-tokens='true'/></inbound>", "POL113", 11, "quota"),
    ("<inbound><llm-content-safety/></inbound>", "POL103", 11, "'backend-id'"),
    ("<inbound><publish-to-dapr/></inbound>", "POL103", 11, "'topic'"),
    ("<inbound><json-to-xml/></inbound>", "POL103", 11, "'apply'"),
    ("<inbound><xml-to-json apply='always' kind='friendly'/></inbound>", "POL104", 44, "javascript-friendly, direct"),
    ("<inbound><xsl-transform><parameter>1</parameter></xsl-transform></inbound>", "POL113", 26, "'parameter-name'"),
    ("<inbound><proxy username='a'/></inbound>", "POL103", 11, "'url'"),
    ("<backend><forward-request timeout='1' timeout-ms='1'/></backend>", "POL113", 11, "not both"),
    ("<inbound><invoke-dapr-binding/></inbound>", "POL103", 11, "'name'"),
    ("<outbound><publish-to-dapr topic='a/b'/></outbound>", "POL106", 12, "inbound"),
    ("<inbound><llm-semantic-cache-store duration='1'/></inbound>", "POL106", 11, "outbound"),
    ("<inbound><validate-jwt/></inbound>", "POL113", 11, "'header-name' or 'query-parameter-name' or 'token-value'"),
    ("<inbound><validate-jwt header-name='a' token-value='b'/></inbound>", "POL113", 11, "not both"),
    (
        "<inbound><validate-jwt header-name='a'><required-claims/><audiences/></validate-jwt></inbound>",
        *("POL107", 59, "belongs before 'required-claims'"),
    ),
    ("<inbound><validate-jwt header-name='a'><audience/></validate-jwt></inbound>", "POL107", 41, "audiences"),
    ("<inbound><validate-jwt header-name='a'><openid-config/></validate-jwt></inbound>", "POL103", 41, "'url'"),
    ("<inbound><validate-azure-ad-token/></inbound>", "POL103", 11, "'tenant-id'"),
    (
        "<inbound><get-authorization-context provider-id='a' authorization-id='b' context-variable-name='c'"
        " identity-type='me'/></inbound>",
        *("POL104", 115, "managed, jwt"),
    ),
]
DOUBTFUL_ROWS = [
    (
        "<inbound><llm-semantic-cache-lookup score-threshold='0' embeddings-backend-id='a'/></inbound>",
        *("POL103", 11, "'embeddings-backend-auth'"),
    ),
    ("<inbound><llm-token-limit counter-key='a' token-quota='1'/></inbound>", "POL103", 11, "estimate"),
    (
        "<inbound><validate-jwt header-name='a'><audiences/><decryption-keys/></validate-jwt></inbound>",
        *("POL107", 53, "belongs before 'audiences'"),
    ),
    ("<inbound><authentication-managed-identity/></inbound>", "POL103", 11, "'resource'"),
    ("<inbound><authentication-token-store/></inbound>", "POL114", 11, "Only the schema of the editor"),
    ("<inbound><authentication-oauth2/></inbound>", "POL114", 11, "another emulator"),
    ("<inbound><block/></inbound>", "POL114", 11, "Only the schema of the editor"),
    ("<inbound><set-request-metric-dimension-value/></inbound>", "POL114", 11, "what it does is not known"),
]


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
    found = {row[1]: load_policy(row[0]).diagnostics[0].severity for row in ROWS}
    assert {code for code, severity in found.items() if severity is Severity.WARNING} == {"POL105", "POL106"}
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
