"""The format of test files: every key has a meaning, and an example that the reader, and the schema, take."""

from __future__ import annotations

import json
from functools import cache

import jsonschema_rs
import pytest
from tests.rows import for_each, read_yaml

from apimpolicy.testing import schema
from apimpolicy.testing.kinds import COMBINED, KINDS, TABLES, alternatives, check
from apimpolicy.testing.tree import TestFileError, read_tree

ROWS = [
    (table, key, words, meaning, example)
    for table, keys in TABLES.items()
    for key, (words, meaning, example) in keys.items()
]


@for_each(ROWS)
def test_every_key_is_documented_with_an_example(table: str, key: str, words: str, meaning: str, example: str) -> None:
    assert meaning.endswith(".") or "…" in meaning
    check(read_tree(example, "example.yaml"), words)
    value = json.loads(json.dumps(read_yaml(example), default=str))
    assert validator(words).is_valid(value)


@cache
def validator(words: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.validator_for({**schema.schema_of(words), "definitions": schema.schema()["definitions"]})


def test_every_word_is_known() -> None:
    for table, key, words, _, _ in ROWS:
        for alternative in alternatives(str(words)):
            inner = alternative.strip("[{}]")
            known = inner in KINDS or inner in TABLES or inner in COMBINED or inner == "gateway" or ", " in inner
            assert known or "|" in inner, (table, key, inner)


# What a key may be, a value, and what is said of it.
MISTAKES = [
    ("text", "[a]", "this must be a text, not a list"),
    ("texts", "{a: 1}", "this must be a text or a list, not a table"),
    ("boolean", "'yes'", "this must be true or false, not a text"),
    ("integer", "true", "this must be a whole number, not true or false"),
    ("seconds", "-1", "seconds must not be negative"),
    ("status-code", "1000", "a status is a number of three digits"),
    ("status|[status]", "nine", "a status is a number such as 403, or a pattern such as 4xx"),
    ("ec, rsa", "dsa", "this is one of ec, rsa"),
    ("date", "soon", "this must be a date with a time, such as 2026-01-01T00:00:00Z"),
    ("matched", "{matches: '['}", "this is not a regular expression: unterminated character set"),
    ("sent", "{method: G ET}", "this is not a valid HTTP method"),
    ("error", "{section: inbund}", "this is one of inbound, backend, outbound, on-error"),
    ("error", "{scope: apis}", "this is one of global, workspace, product, api, operation"),
    ("condition", "{any: [{not: {status: abc}}]}", "a status is a number such as 403, or a pattern such as 4xx"),
    ("claim", "{never: {by: caller}}", "this is one of gateway, policy, backend"),
    ("counted", "{methd: GET}", "unknown key 'methd'"),
    ("{null|double}", "{a: 1}", "this must be null or a table, not a whole number"),
    ("[answer]", "[{raises: never}]", "this is one of timeout, refused"),
]


@for_each(MISTAKES)
def test_a_value_of_the_wrong_kind_is_said(words: str, value: str, sentence: str) -> None:
    with pytest.raises(TestFileError) as raised:
        check(read_tree(value, "example.yaml"), words)
    assert sentence in str(raised.value)
