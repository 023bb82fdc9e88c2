"""While a tag is unfinished, what follows it gets no findings of its own."""

from __future__ import annotations

import re

import pytest

from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.text.source import Source

DOCUMENT = """<policies>
    <inbound>
        <base />
        <choose>
            <when condition="@(context.Subscription == null)">
                <set-variable name="a" value="1" />
            </when>
        </choose>
        <set-header name="X" exists-action="append">
            <value>1</value>
        </set-header>
        <cache-lookup vary-by-developer="false" vary-by-developer-groups="false">
            <vary-by-header>Accept</vary-by-header>
        </cache-lookup>
        <rate-limit calls="1" renewal-period="60" />
        <rewrite-uri template="/a" />
    </inbound>
    <backend><base /></backend>
    <outbound><base /><cache-store duration="60" /></outbound>
    <on-error><base /></on-error>
</policies>
"""
LEAVES = ("base", "set-variable", "rate-limit", "rewrite-uri")


@pytest.mark.parametrize(
    "tag",
    [
        each[0]
        for each in re.finditer(r"<[a-z][^>/]*/?>", DOCUMENT)
        if "set-header" in each[0] or each[0].strip("</>").split()[0] in LEAVES
    ],
)
def test_one_unfinished_tag_is_one_finding(tag: str) -> None:
    for broken in (tag.rstrip("/> "), tag.rstrip("/> ").split(" ")[0]):
        text = DOCUMENT.replace(tag, broken, 1)
        assert [each.code for each in check_document(Source(text, "a.xml"), ExpressionCheck())] == ["POL017"], text


def test_typing_a_new_element() -> None:
    for name in ("set-header", "choose", "validate-jwt", "return-response"):
        text = DOCUMENT.replace("<base />", f"<base />\n        <{name}", 1)
        assert {each.code for each in check_document(Source(text, "a.xml"), ExpressionCheck())} == {"POL017"}, name
