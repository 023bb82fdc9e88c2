"""Regular expressions that ours answered wrongly until it was held against the tests of .NET's own library.

A row of `library_rows.jsonl` is a question, a pattern, the options as letters (as in a pattern; r RightToLeft,
e ECMAScript, c CultureInvariant) and what follows from them. Where .NET versions differ, the rows are those of
Core 3.1; the rows on letter case follow its invariant culture.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.csharp.dotnet.exceptions import RegexParseException
from apimpolicy.csharp.dotnet.regex.expressions import Regex

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.regex.matches import Match

ROWS = [json.loads(line) for line in Path(__file__).with_name("library_rows.jsonl").read_text("utf-8").splitlines()]
LETTERS = {"i": 1, "m": 2, "n": 4, "s": 16, "x": 32, "r": 64, "e": 256, "c": 512}
ALL_CHARACTERS = "".join(map(chr, range(0x10000)))


def regex(pattern: str, options: str) -> Regex:
    return Regex.create(pattern, sum(LETTERS[letter] for letter in options))


def value(match: Match) -> str | None:
    return match.value if match.success else None


def groups(found: Regex, text: str) -> list[str] | None:
    match = found.match(text)
    return [group.value for group in match.groups] if match.success else None


def captures(found: Regex, text: str) -> str | None:
    """Place and length of every capture, group by group."""
    match = found.match(text)
    if not match.success:
        return None
    return ";".join(" ".join(f"{item.index},{item.length}" for item in group.captures) for group in match.groups)


def spans(found: Regex, text: str) -> str:
    return " ".join(f"{match.index},{match.index + match.length}" for match in found.matches(text))


def names(found: Regex, text: str, group_names: str) -> tuple[str, str, list[str]]:
    match = found.match(text)
    values = [match.groups.get_named(name).value for name in group_names.split(",")]
    return ",".join(found.get_group_names()), ",".join(map(str, found.get_group_numbers())), values


def answer(question: str, found: Regex, given: list[Any]) -> Any:
    """What ours says to a question about a match."""
    text = given[0]
    if question == "part":
        return value(found.match_part(text, *given[1]))
    if question == "replace":
        return found.replace(text, given[1], *given[2])
    if question == "split":
        return list(found.split(text, *given[1]))
    asked = {"groups": groups, "captures": captures, "matches": spans, "is": Regex.is_match}.get(question)
    return asked(found, text) if asked else value(found.match(text))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_library_row(row: list[Any]) -> None:
    question, pattern, *rest = row
    if question == "error":
        with pytest.raises(RegexParseException) as caught:
            regex(pattern, rest[0])
        assert rest[1] in caught.value.message
    elif question == "block":
        first, last = (chr(int(code, 16)) for code in rest)
        assert spans(regex(rf"[\p{{Is{pattern}}}]+", ""), ALL_CHARACTERS) == f"{ord(first)},{ord(last) + 1}"
    elif question == "set":
        assert {match.value for match in regex(pattern, rest[0]).matches(ALL_CHARACTERS)} == set(rest[1])
    elif question == "names":
        options, text, *expected = rest
        assert names(regex(pattern, options), text, expected[0]) == tuple(expected)
    elif question == "valid":
        assert regex(pattern, rest[0]).to_string() == pattern
    else:
        options, *given, expected = rest
        assert answer(question, regex(pattern, options), given) == expected
