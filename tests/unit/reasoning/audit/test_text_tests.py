"""A guard behind a comparison of a text: whoever gets past it in a run, gets past it for the audit."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_access import gateway_of, policy_of
from tests.sampling import examples

from apimpolicy.gateway.context.records import Request
from apimpolicy.reasoning.audit.analysis import OperationAudit, audit_service
from apimpolicy.reasoning.audit.walk import ServiceContext

if TYPE_CHECKING:
    from apimpolicy import Gateway

SUBJECTS = (
    *("context.Request.Url.Path", "context.Operation.Id", "context.Operation.UrlTemplate", "context.Api.Path"),
    *('context.Variables["n"]', 'context.Variables["v"]'),
    *("context.Request.Method", '((string)context.Variables["v"])', 'context.Variables.GetValueOrDefault("v", "a")'),
)
CHANGES = (
    *("{}", "{}", "{}.ToLower()", "{}.ToUpperInvariant()", "{}.Trim()", '("/" + {})', "{}.Substring(1)"),
    *('$"{{{}}}s"', '{}.Replace("e", "")', "{}.ToString()", "{}.TrimEnd('/')"),
)
TESTS = (
    *(
        "{}.Equals(1)",
        '"1".Equals({})',
        "{}.Equals(true)",
        "Equals({}, 1)",
        'object.Equals({}, "1")',
        "(true).Equals({})",
    ),
    *('{} == "{}"', '"{1}" == {0}', '{}.Equals("{}")', '"{1}".Equals({0})', '{0} != "{1}"', 'string.Equals({}, "{}")'),
    *(f'{{}}.{name}("{{}}"{how})' for name in ("StartsWith", "EndsWith", "Equals") for how in ("", ", ANY", ", CASE")),
    *('string.Equals({}, "{}", ANY)', 'string.Equals("{1}", {0}, ANY)', '{}.Contains("{}")', '{}.IndexOf("{}") >= 0'),
    *('Regex.IsMatch({}, "{}")', 'Regex.IsMatch({}, "^{}$")', 'Regex.IsMatch({}, "{}$", RegexOptions.IgnoreCase)'),
    *('new Regex("^{1}").IsMatch({0})', 'Regex.IsMatch({}, "[^{}]t")', 'Regex.Match({}, "{}").Success'),
)
CONSTANTS = (
    *("/orders/items", "/items", "items", "Items", "/ITEMS/", "orders", "GET", "get", "get-items", "a", "A", "b", "/"),
    *("/items/{id}", "health", "", "e", "/orders"),
)
TEMPLATES = ("/items", "/Items/{id}", "/{id}/items", "/health", "/")
SET = """<choose><when condition='@(context.Request.Headers.ContainsKey("X-Mode"))'><set-variable name="v" value="a" />
    <set-variable name="n" value="@(1)" /></when><otherwise><set-variable name="v" value="Items" />
    <set-variable name="n" value="{}" /></otherwise></choose>"""


@st.composite
def conditions(draw: st.DrawFn) -> str:
    subject = draw(st.sampled_from(CHANGES)).format(draw(st.sampled_from(SUBJECTS)))
    made = draw(st.sampled_from(TESTS)).format(subject, draw(st.sampled_from(CONSTANTS)))
    made = made.replace("ANY", "StringComparison.OrdinalIgnoreCase").replace("CASE", "StringComparison.Ordinal")
    return made.replace("Regex.", "System.Text.RegularExpressions.Regex.", made.startswith("Regex."))


def spellings(template: str) -> list[str]:
    paths = {f"/orders{template}".replace("{id}", each).rstrip("/") or "/" for each in ("x", "items", "health")}
    forms = {form(path) for path, form in product(paths, (str, str.lower, str.upper, str.title))}
    return sorted(path + slash for path, slash in product(forms, ("", "/")))


def is_reached(gateway: Gateway, request: Request) -> bool:
    return bool(gateway.send(request).backend_requests)


def operation_of(gateway: Gateway) -> OperationAudit:
    assert gateway.service is not None
    (operation,) = audit_service(gateway.service, ServiceContext.of(gateway)).operations
    return operation


def needs_token(operation: OperationAudit) -> bool:
    return operation.access.words in ("token", "no request reaches a backend")


@settings(max_examples=examples(900), deadline=None)
@given(conditions(), st.sampled_from(TEMPLATES), st.booleans(), st.booleans(), st.sampled_from(("1", "true", "@(2)")))
def test_nobody_gets_past_a_guard_that_the_audit_relies_on(
    condition: str, template: str, is_exempt: bool, is_rewritten: bool, other: str
) -> None:
    guard = f"<when condition='@({condition})'" + (" /><otherwise>JWT</otherwise>" if is_exempt else ">JWT</when>")
    rewrite = """<choose><when condition='@(context.Request.Headers.ContainsKey("X-Mode"))'>
        <rewrite-uri template="/items" /></when></choose>"""
    policy = f"{SET.format(other)}{rewrite if is_rewritten else ''}<choose>{guard}</choose>"
    gateway = gateway_of({"policy": policy, "template": template})
    if not needs_token(operation_of(gateway)):
        return
    for path in spellings(template):
        for headers in ({}, {"X-Mode": "1"}):
            request = Request("GET", path, headers=headers)
            assert not is_reached(gateway, request), (policy_of(policy), path, headers)


IS_MATCH = "System.Text.RegularExpressions.Regex.IsMatch"
DECIDED = {
    rf'{IS_MATCH}(context.Request.Url.Path, @"/v\d+/(health|info)$")': ("/items", False),
    'context.Request.Url.Path.EndsWith("/health", StringComparison.OrdinalIgnoreCase)': ("/HEALTH", True),
    'context.Request.Url.Path.ToLower().Contains("/public/")': ("/items/{id}", None),  # a slash may end a path
    'context.Request.Url.Path.ToLower().StartsWith("/orders/public/")': ("/items/{id}", False),
    'context.Request.Url.Path.StartsWith("/orders/items")': ("/{id}/more", None),
    'context.Operation.Id.Equals("GET", StringComparison.OrdinalIgnoreCase)': ("/items", True),
    'context.Operation.Id == "GET"': ("/items", False),
    'context.Api.Path.ToUpper() == "ORDERS"': ("/items", True),
    '(context.Request.Url.Path + "/").EndsWith("/items/")': ("/items", None),
}
"""Conditions that exempt from a token, with a template, and whether they do (None: the caller may choose)."""


@pytest.mark.parametrize("condition", DECIDED)
def test_what_no_spelling_changes_is_decided(condition: str) -> None:
    template, is_open = DECIDED[condition]
    policy = f"<choose><when condition='@({condition})' /><otherwise>JWT</otherwise></choose>"
    operation = operation_of(gateway_of({"policy": policy, "template": template}))
    assert needs_token(operation) is (is_open is False)
    assert operation.access.is_open or is_open is False


LONG = "a" * 60_000


@pytest.mark.parametrize(
    "condition",
    [
        f'context.Request.Url.Path.Contains("{LONG}")',
        f'context.Request.Headers.GetValueOrDefault("X", "{LONG}").StartsWith("{LONG}")',
        f'context.Request.IpAddress.Equals("{LONG}", StringComparison.OrdinalIgnoreCase)',
        f'((string)context.Variables["v"]).ToLower().EndsWith("{LONG}")',
        f'{IS_MATCH}(context.Request.Url.Path, "{LONG}")',
        f'{IS_MATCH}(context.Request.Url.Path, "(a?){{200}}a{{200}}$|((a*)*)*b")',
    ],
    ids=str.__len__,
)
def test_long_texts_are_not_understood_and_do_no_harm(condition: str) -> None:
    policy = f'<set-variable name="v" value="{LONG}" />' if "Variables" in condition else ""
    policy += f"<choose><when condition='@({condition})' /><otherwise>JWT</otherwise></choose>"
    assert not needs_token(operation_of(gateway_of({"policy": policy, "template": "/" + "b" * 5_000})))
