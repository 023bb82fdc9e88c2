"""Liquid templates: rows of `liquid_rows.toml`, and templates that mean harm."""

from __future__ import annotations

import datetime
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.dotnet.values import from_utf16, to_utf16
from apimpolicy.errors import LimitExceededError, NotSimulatedError
from apimpolicy.gateway.context.header_fields import HeaderCollection
from apimpolicy.gateway.context.messages import ResponseMessage
from apimpolicy.gateway.engine.services import FixedClock, ticks_of_moment
from apimpolicy.gateway.policies.liquid.binding import bind_body
from apimpolicy.gateway.policies.liquid.expressions import names
from apimpolicy.gateway.policies.liquid.markup import LiquidSyntaxError
from apimpolicy.gateway.policies.liquid.template import read_template

ROWS = tomllib.loads(Path(__file__).with_name("liquid_rows.toml").read_text(encoding="utf-8"))["row"]
NOW = FixedClock(datetime.datetime(2026, 1, 1, 12, 30, tzinfo=datetime.UTC))


def rendered(row: dict[str, Any], limits: Limits | None = None) -> str:
    kind = "application/xml" if "xml" in row else "application/json"
    body = row.get("xml", row.get("json", ""))
    message = ResponseMessage(headers=HeaderCollection([("Content-Type", [kind])]), body=body.encode())
    with use_environment(Environment(lambda: ticks_of_moment(NOW.now()), limits=limits)):
        seen = bind_body(message, parses_dates=True, nil_is_null=row.get("nil_is_null", False))
        return from_utf16(read_template(to_utf16(row["template"])).render({"body": seen}).text)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["name"]) for row in ROWS if "error" not in row])
def test_row(row: dict[str, Any]) -> None:
    assert rendered(row) == row["expected"]


@pytest.mark.parametrize("row", [pytest.param(row, id=row["name"]) for row in ROWS if "error" in row])
def test_row_that_cannot_be_read(row: dict[str, Any]) -> None:
    with pytest.raises(LiquidSyntaxError) as raised:
        rendered(row)
    assert raised.value.message == row["error"]


def test_the_filters_are_those_of_the_documentation_with_ceil_and_floor() -> None:
    documented = (
        "Abs Append AtLeast AtMost Capitalize Compact Currency Date Default DividedBy Downcase Escape First H Join "
        "Last Lstrip Map Minus Modulo NewlineToBr Plus Prepend Remove RemoveFirst Replace ReplaceFirst Round Rstrip "
        "Size Slice Sort Split Strip StripHtml StripNewlines Times Truncate TruncateWords Uniq Upcase UrlDecode "
        "UrlEncode"
    )
    assert names() == sorted([*documented.split(), "Ceil", "Floor"])


HOSTILE = {
    "loops in loops": ("{% for a in (1..9999) %}{% for b in (1..9999) %}{% endfor %}{% endfor %}", "steps"),
    "a range without an end": ("{% for a in (1..2000000000) %}{% endfor %}", "elements"),
    "a text that doubles": (
        "{% assign a = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..40) %}{% assign a = a | Append: a %}{% endfor %}",
        "string_length",
    ),
    "a list that is written again and again": (
        "{% assign a = 'aaaaaaaa' %}{% for i in (1..20) %}{% assign a = a | Append: a %}{% endfor %}"
        "{% for i in (1..9) %}{{ a }}{% endfor %}",
        "string_length",
    ),
    "captures in captures": (
        "{% for i in (1..40) %}{% capture a %}{{ a }}{{ a }}x{% endcapture %}{% endfor %}",
        "string_length",
    ),
    "a text repeated": ("{{ 'abcdefgh' | Times: 2000000000 }}", "elements"),
    "a text split into characters again and again": (
        "{% assign a = 'aaaaaaaa' %}{% for i in (1..12) %}{% assign a = a | Append: a %}{% endfor %}"
        "{% for i in (1..9999) %}{% assign b = a | Split: '' | Sort %}{% endfor %}",
        "steps",
    ),
    "a regular expression that never ends": (
        "{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' | Replace: '^(a|aa|a(?=a))+$', 'x' }}",
        "regex_seconds",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_template_may_use_up_is_bounded(name: str) -> None:
    template, limit = HOSTILE[name]
    limits = Limits(steps=200_000, string_length=1_000_000, elements=100_000, regex_seconds=0.1, seconds=60)
    with pytest.raises(LimitExceededError) as raised:
        rendered({"template": template}, limits)
    assert raised.value.limit == limit


MANY = 50_000
LONG = [
    "{{" + " " * MANY + "}}",
    "{{ a |" + " " * MANY + "| }}",
    "{{ " + "[" * MANY + " }}",
    "{{ ]" + "[" * MANY + " }}",
    "{{ (" + "." * MANY + " }}",
    "{{ (" + "." * MANY + "(..) }}",
    "{{ " + "'" * (MANY + 1) + " }}",
    "{{ a" + " | Upcase" * MANY + " }}",
    "{% assign " + "a" * MANY + " %}",
    "{% for " + "a" * MANY + " %}{% endfor %}",
    "{% for a in b " + "c" * MANY + " %}{% endfor %}",
    "{% if " + " " * MANY + "and" + " " * MANY + " %}{% endif %}",
    "{% if " + "a or " * MANY + "a %}{% endif %}",
    "{% case a %}{% when " + "1, " * MANY + "1 %}{% endcase %}",
    "{% cycle " + "a" * MANY + " %}",
    "{{{" + " " * MANY,
    "{{{" + " " * MANY + "}}}",
    "{#" + "#" * MANY,
    "{{ '" * MANY,
]


@pytest.mark.parametrize("template", [pytest.param(text, id=text[:12] + str(index)) for index, text in enumerate(LONG)])
def test_long_tags_are_read_in_time(template: str) -> None:
    """With a square of the length somewhere, this would take minutes."""
    with suppress(LiquidSyntaxError):
        rendered({"template": template})


def test_nesting_is_bounded() -> None:
    with pytest.raises(LiquidSyntaxError, match="Nesting too deep"):
        rendered({"template": "{% if true %}" * 5000 + "{% endif %}" * 5000})
    assert "Nesting too deep" in rendered({"template": "{% if true %}" * 90 + "x" + "{% endif %}" * 90})
    assert rendered({"template": "{% if true %}" * 70 + "x" + "{% endif %}" * 70}) == "x"


@pytest.mark.parametrize(
    "path",
    [
        "body.__class__",
        "body['__class__'].__mro__",
        "body.find",
        "body.items",
        "body.a.__len__",
        "forloop.__init__",
        "body.keys",
        "body.a.append",
        "body.s.upper",
        "body.s.__class__.__base__",
    ],
)
def test_nothing_of_python_is_reached(path: str) -> None:
    row = {"json": '{"a": [1], "s": "x"}', "template": "{{ " + path + " }}"}
    assert rendered(row) == ""


def test_deep_bodies_are_bound_as_far_as_they_go() -> None:
    depth = 400
    assert rendered({"json": "[" * depth + "1" + "]" * depth, "template": "{{ body | Size }}"}) == "1"
    assert rendered({"xml": "<a>" * 900 + "</a>" * 900, "template": "[{{ body.a.a.a }}]"}) == "[]"


PIECES = st.sampled_from(
    [
        *("{{", "}}", "{%", "%}", "{%-", "-%}", "|", ":", ",", ".", "'", '"', "[", "]", "(1..3)", " ", "\n", "-"),
        *("if", "endif", "else", "elsif", "unless", "endunless", "for", "endfor", "in", "case", "when", "endcase"),
        *("assign", "=", "capture", "endcapture", "cycle", "break", "continue", "raw", "endraw", "comment"),
        *(
            "endcomment",
            "JSONArrayFor",
            "endJSONArrayFor",
            "ifchanged",
            "endifchanged",
            "limit:",
            "offset:",
            "reversed",
        ),
        *("body", "body.a", "body.o", "body.s", "body.n", "body.d", "x", "1", "2.5", "true", "null", "empty", "'a'"),
        *("==", "<", "contains", "and", "or", "size", "first", "forloop", *names()),
    ]
)


@given(st.lists(PIECES, max_size=24), st.sampled_from(["", " "]))
@settings(max_examples=examples(300))
def test_any_template_is_rendered_or_refused(pieces: list[str], glue: str) -> None:
    body = '{"a": [1, "x", null], "o": {"k": "v"}, "s": "text", "n": null, "d": 2.5}'
    limits = Limits(steps=20_000, string_length=100_000, elements=10_000, regex_seconds=0.2, seconds=60)
    allowed = (LiquidSyntaxError, LimitExceededError, NotSimulatedError)
    for template in (glue.join(pieces), "{{ body.a | " + glue.join(pieces) + " }}{% if " + glue.join(pieces) + " %}"):
        with suppress(*allowed):
            found = rendered({"json": body, "template": f"<{template}>"}, limits)
            assert isinstance(found, str)
            assert found.startswith("<") or "{%" in template  # what stands before all tags stays
            assert "{{" in template or "{%" in template or found == f"<{template}>"
