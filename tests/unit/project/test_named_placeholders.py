"""Placeholders of templates are named values for commands that run policies, where a policy can't be saved as it is."""

from __future__ import annotations

import pytest

from apimpolicy.project.embedded.shapes import has_placeholder, with_named_placeholders
from apimpolicy.text.source import Source

ROWS = [
    ('<cache-store duration="${cache_duration}" />', '<cache-store duration="{{placeholder.cache_duration}}" />'),
    (
        '<rate-limit calls="<<CALLS>>" renewal-period="9" />',
        '<rate-limit calls="{{placeholder.CALLS}}" renewal-period="9" />',
    ),
    (
        '<rate-limit calls="#{calls}#" renewal-period="9" />',
        '<rate-limit calls="{{placeholder.calls}}" renewal-period="9" />',
    ),
    (
        '<rate-limit calls="$(calls)" renewal-period="9" />',
        '<rate-limit calls="{{placeholder.calls}}" renewal-period="9" />',
    ),
    ("<set-body>const a = `${name}`;</set-body>", None),
    ('<rewrite-uri template="/a/{id}" />', None),
    ('<set-backend-service base-url="${url}" />', None),
    (
        '<set-backend-service base-url="https://#{host}#/api" />',
        '<set-backend-service base-url="https://{{placeholder.host}}/api" />',
    ),
    ('<set-backend-service base-url="$(base)" />', '<set-backend-service base-url="{{placeholder.base}}" />'),
    ('<set-header name="X" exists-action="override"><value>#{a}#</value></set-header>', None),
    ('<set-status code="{{code}}" />', None),
    ('<set-status code="abc" />', None),
]


@pytest.mark.parametrize(("policy", "read"), ROWS)
def test_a_placeholder_is_a_named_value_where_the_text_itself_is_refused(policy: str, read: str | None) -> None:
    source = Source(f"<policies><inbound>{policy}</inbound></policies>", "a.xml")
    made = with_named_placeholders(source)
    assert made.text == (source.text if read is None else f"<policies><inbound>{read}</inbound></policies>")
    assert made.position(made.text.index("</inbound>")) == source.position(source.text.index("</inbound>"))


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("<<API_NAME>>", True),
        ("#{name}#-api", True),
        ("{{name}}", True),
        ("$(name)", True),
        ("a<b>", False),
        ("a", False),
    ],
)
def test_a_name_of_a_scaffolding_has_a_placeholder(name: str, is_one: bool) -> None:
    assert has_placeholder(name) is is_one
