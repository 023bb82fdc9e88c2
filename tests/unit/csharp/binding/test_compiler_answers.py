"""What the real C# compiler answered for the conformance rows and the corpus, against the binder."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt

SHARED = Path(__file__).parents[5] / "shared"
GAPS = {
    row
    for gap in tomllib.loads((Path(__file__).parents[3] / "conformance" / "known_gaps.toml").read_text())["gap"]
    for row in gap["rows"]
}
NEWER_THAN_7_3 = "CS8370"
"""The witness gives this code where the language is too new; such rows only need any error."""


def _rows(name: str) -> list[dict[str, Any]]:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the shared material is not here: {name}")
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _answer(code: str) -> tuple[str, int, int] | str:
    """The first error's code, line and column, or the static type."""
    excerpt = Excerpt.of(code)
    try:
        bound = bind(parse(excerpt), excerpt)
        diagnostics = bound.diagnostics
    except PolicySyntaxError as error:
        diagnostics = list(error.diagnostics)
    return (diagnostics[0].code, *diagnostics[0].position) if diagnostics else bound.static_type


def test_conformance_rows() -> None:
    different = {}
    for row in _rows("conformance/expressions.jsonl"):
        expected, found = row["expect"], _answer(row["expr"])
        errors = expected.get("errors")
        if errors and errors[0]["code"] == NEWER_THAN_7_3:
            agrees = isinstance(found, tuple)
        elif errors:
            agrees = found == (errors[0]["code"], errors[0]["line"], errors[0]["column"])
        else:
            agrees = found == expected["static_type"]
        if not agrees and row["id"] not in GAPS:
            different[row["id"]] = (row["expr"], errors[0] if errors else expected["static_type"], found)
    assert different == {}


def test_corpus() -> None:
    different = []
    for row in _rows("corpus/expressions.jsonl"):
        found = _answer(row["code"])
        expected = row["static_type"] if row["compiles"] else row["errors"][0]["code"]
        if (found if isinstance(found, str) else found[0]) != expected:
            different.append((row["code"], expected, found))
    assert different == []
