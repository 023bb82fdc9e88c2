"""References to named values: found, replaced, or stood in for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values, named_values_as_holes, substitute
from apimpolicy.text.source import FIRST_NAMED_VALUE, Excerpt, Source, mark


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a {{b}} c", ["b"]),
        ("{{a-b.c_D1}}{{two words}}", ["a-b.c_D1", "two words"]),
        ("{{ a }} {{}} {{a{{b}}}} {a}", ["b"]),
        ('@($"{{{a}}}")', []),
        ('{"a":{{b}}}', ["b"]),
        ("<!-- {{a}} --> {{b}}", ["b"]),
        ('<set-body template="liquid">{{body.a}}</set-body>{{b}}', ["b"]),
        ("<set-body template='liquid' />{{b}}", ["b"]),
        ("<set-body>{{a}}</set-body>", ["a"]),
        ('<set-body template="liquid">{{a}}', []),
    ],
)
def test_find(text: str, names: list[str]) -> None:
    found = find_named_values(text)
    assert [reference.name for reference in found] == names
    assert [text[reference.start : reference.end] for reference in found] == [f"{{{{{name}}}}}" for name in names]


def test_positions_after_substitution_are_those_of_the_file() -> None:
    source = Source('<a>\n<b c="{{x}}" d="{{y}}" e="&bad;">\n</a>', "p.xml")
    substituted, missing = substitute(source, {"x": "many\nlines", "y": ""})
    assert not missing
    assert substituted.text == '<a>\n<b c="many\nlines" d="" e="&bad;">\n</a>'
    document = read(substituted)
    entity, unclosed = sorted(document.diagnostics, key=lambda diagnostic: diagnostic.code, reverse=True)
    assert (entity.code, entity.position) == ("POL014", (2, 27))
    assert (unclosed.code, unclosed.position) == ("POL006", (2, 1))
    assert document.source.line(2) == '<b c="{{x}}" d="{{y}}" e="&bad;">'
    assert document.source.line_count == 3
    value = document.root.find("b").get("c").value
    assert value.text == "many\nlines"
    assert source.text[slice(*substituted.original_span(value.start, value.end))] == "{{x}}"


def test_a_value_may_be_an_expression_and_is_not_looked_at_again() -> None:
    substituted, _ = substitute(Source('<a b="{{x}}">{{y}}</a>'), {"x": "@(1 < 2)", "y": "{{x}}"})
    root = read(substituted).root
    assert root.get("b").value.expression.text == "@(1 < 2)"
    assert root.text == "{{x}}"


def test_missing() -> None:
    source = Source("<a>{{Key}} {{other}}</a>")
    made, missing = substitute(source, {"key": "1"})
    assert made.text == "<a>1 {{other}}</a>"
    assert [str(diagnostic) for diagnostic in missing] == [
        "<policy>:1:4: POL001 warning: Cannot find a property 'Key' "
        "(There is 'key': whether case counts is not documented.)",
        "<policy>:1:12: POL001 error: Cannot find a property 'other' "
        '(Add it to apimpolicy.toml, below [named-values]: other = "…")',
    ]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("@(x > {{limit}})", "@(x > <0>)"),
        ('@(x == "{{key}}")', '@(x == "<0>")'),
        ('@($"{{a}} {b + {{c}}} {{a}}")', '@($"<0> {b + <1>} <0>")'),
        ("@{{a}}", "@<0>"),
        ("@({{a}}", "@(<0>"),
        ('@("{{{a}}}")', '@("{{{a}}}")'),
    ],
)
def test_named_values_as_holes(code: str, expected: str) -> None:
    excerpt = Excerpt.of(code)
    replaced = named_values_as_holes(excerpt)
    for number in range(3):
        expected = expected.replace(f"<{number}>", mark(FIRST_NAMED_VALUE + number))
    assert replaced.text == expected
    assert (replaced is excerpt) == (expected == code)
    assert [replaced.locate(offset) for offset, c in enumerate(replaced.text) if c in "@x$+="] == [
        offset for offset, c in enumerate(code) if c in "@x$+="
    ]


@given(st.lists(st.sampled_from(["{{a}}", "{{b}}", "xy", "\n"]), max_size=12), st.text(max_size=8), st.text(max_size=8))
def test_every_offset_maps_into_the_original(pieces: list[str], a: str, b: str) -> None:
    source = Source("|".join(pieces))
    substituted, _ = substitute(source, {"a": a, "b": b})
    mapped = [substituted.original(offset) for offset in range(len(substituted.text) + 1)]
    assert mapped == sorted(mapped)
    assert all(0 <= offset <= len(source.text) for offset in mapped)
    for offset, character in enumerate(substituted.text):
        first, last = substituted.original_span(offset, offset + 1)
        assert source.text[first:last] in (character, "{{a}}", "{{b}}")
