"""Findings about documents as policies: code, line, column, and the words that help."""

from __future__ import annotations

import pytest

from apimpolicy import Severity, load_policy

ROWS = [
    ("<inbound><set-heder /></inbound>", "POL101", 11, "set-header"),
    ("<inbound><set-header name='a' exist-action='skip'/></inbound>", "POL102", 31, "exists-action"),
    ("<inbound><set-header><value>1</value></set-header></inbound>", "POL103", 11, "'name'"),
    ("<inbound><set-header name='a' exists-action='add'/></inbound>", "POL104", 46, "override, skip, append, delete"),
    ("<inbound><set-variable name='@(\"a\")' value='1'/></inbound>", "POL105", 30, "cannot be an expression"),
    ("<outbound><rewrite-uri template='/'/></outbound>", "POL106", 12, "inbound"),
    ("<inbound><return-response><trace source='a'/></return-response></inbound>", "POL107", 28, "'set-status'"),
    ("<inbound>text</inbound>", "POL107", 10, "cannot contain text"),
    ("<inbound><choose><otherwise/></choose></inbound>", "POL108", 11, "'when'"),
    ("<fragment><base/></fragment>", "POL109", 12, "no <base />"),
    ("<policies><inbond/></policies>", "POL110", 12, "inbound, backend"),
    ("<policies><inbound/><inbound/></policies>", "POL110", 22, "twice"),
]


@pytest.mark.parametrize(("text", "code", "column", "words"), ROWS, ids=[f"{row[1]} {row[3]}" for row in ROWS])
def test_one_finding(text: str, code: str, column: int, words: str) -> None:
    (finding,) = load_policy(text).diagnostics
    assert (finding.code, finding.position) == (code, (1, column))
    assert words in f"{finding.message} {finding.label} {finding.help}"


def test_only_the_doubtful_is_a_warning() -> None:
    found = {row[1]: load_policy(row[0]).diagnostics[0].severity for row in ROWS}
    assert {code for code, severity in found.items() if severity is Severity.WARNING} == {"POL105", "POL106"}


@pytest.mark.parametrize(
    "text",
    [
        "<policies><inbound><base /><choose><when condition='true' /></choose></inbound></policies>",
        "<inbound><set-body><a xmlns='b'>1</a></set-body></inbound>",
        "<inbound id='x'><set-variable id='y' name='a' value='{{b}}' /></inbound>",
        "<inbound><proxy no-such-attribute='1'>only the name is looked at</proxy></inbound>",
        "<inbound><set-header name='a' exists-action='{{action}}' /></inbound>",
        "<set-header name='a' exists-action='delete' />",
    ],
)
def test_nothing_to_find(text: str) -> None:
    assert load_policy(text).diagnostics == []


def test_deep_nesting_is_no_recursion_error() -> None:
    text = "<inbound>" + "<choose><when condition='true'>" * 95 + "</when></choose>" * 95 + "</inbound>"
    assert load_policy(text).diagnostics == []
