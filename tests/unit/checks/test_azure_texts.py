"""Texts of Azure that people paste: each is found, however it was copied."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from apimpolicy.checks.pages import page_of_code, page_of_text
from apimpolicy.cli.rule import command
from apimpolicy.gateway.context.azure_texts import KINDS, MARKS, azure_texts, find_texts
from apimpolicy.gateway.policies.registry import names

PASTED = (
    ("Element is not allowed in global context", "global policy"),
    ("<base /> is not permitted in the global context", "global policy"),
    ("Too many characters in character literal", "single quotes"),
    ("The element 'inbound' has invalid child element 'x'. List of possible elements expected: 'base'.", "schema"),
    ("'System.IO.File' is not supported within expressions", "type or member"),
    ("An error occurred while parsing EntityName. Line 4, position 20.", "entity"),
    ("The message body is not a valid JSON. Unexpected character encountered", "isn't JSON"),
    ("Claim value mismatch: roles=Basic.", "another value"),
    ("IDX10205", "iss"),
    ("IDX10223: Lifetime validation failed. The token is expired.", "exp"),
    ("IDX12741: JWT must have three segments (JWS) or five segments (JWE).", "no JWT"),
    ("JWT Validation Failed: IDX10511: Signature validation failed.", "No key verifies"),
    ("Resource not found", "No operation"),
    ("Unable to identify Api or Operation", "No API or operation"),
    ("Rate limit is exceeded. Try again in 42 seconds.", "more calls"),
    ("Content length mismatch", "without being buffered"),
    ("Only parameters specified in the original URL template can be used in the rewrite template", "lacks"),
    ("'x-correlation-id' is an unexpected token. Expecting white space.", "Double quotes"),
    ("Cannot find a property 'internal-client-key'", "named value"),
    ("Error in element 'set-backend-service' on line 3, column 4: Backend with id 'x' could not be found.", "backend"),
    ("Expression return type 'System.Int32' is not allowed", "attribute"),
    ("Cannot implicitly convert type 'string' to 'long'", "converted"),
    ('Expected a "{" but found a "return".', "braces"),
    ("Token limit will exceed based on estimated request tokens. Try again in 60 seconds.", "estimate"),
    ("Access denied due to missing subscription key. Make sure to include subscription key when", "no key"),
)


@pytest.mark.parametrize(("text", "cause"), PASTED)
def test_a_pasted_text_is_found_however_it_was_copied(text: str, cause: str) -> None:
    copies = (
        text,
        text.upper(),
        text.replace(" ", "\n  "),
        json.dumps({"error": {"code": "ValidationError", "message": text}}),
        json.dumps({"error": {"code": "ValidationError", "message": text}}, indent=2).replace("'", "\\u0027"),
        f"“{text}”",
    )
    first = find_texts(text).matches[0]
    assert cause in page_of_text(text)
    for copy in copies:
        assert first in find_texts(copy).matches, copy


def test_every_entry_finds_itself_and_is_complete() -> None:
    for entry in azure_texts():
        assert not entry.pieces or entry in find_texts(entry.text, limit=100).matches
        assert entry.kind in KINDS
        assert entry.mark in MARKS
        assert all((entry.source, entry.date, entry.cause, entry.action))
        assert all(page_of_code(code) for code in entry.codes)
        assert set(entry.policies) <= {*names(), "base"}


@pytest.mark.parametrize("code", ["POL128", "CS1012", "POL107", "APIM0001"])
def test_a_page_shows_the_words_of_azure(code: str) -> None:
    assert "**What Azure shows**" in (page_of_code(code) or "")


def test_rule_suggests_the_nearest_text() -> None:
    result = CliRunner().invoke(command, ["the rate limits is badly exceeded"], standalone_mode=False)
    assert result.return_value == 2
    assert "nearest text of Azure is: Rate limit is exceeded" in result.output
    assert not find_texts("the quick brown fox").matches
    assert not find_texts("").matches
