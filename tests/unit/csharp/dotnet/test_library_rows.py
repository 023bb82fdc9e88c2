"""Expressions that our .NET library once answered wrongly, with the right answers.

A row of a `library_rows.jsonl` is a C# expression and its value; `!` and a name stand for an exception, with the
beginning of its message if there is more.
"""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from apimpolicy.cli.eval import answer_lines

HERE = Path(__file__).parent
CONTEXTS = HERE.parents[2] / "conformance" / "contexts.json"
ROWS = [
    json.loads(line)
    for folder in ("json", "system", "xml")
    for line in (HERE / folder / "library_rows.jsonl").read_text("utf-8").splitlines()
]


@pytest.fixture(scope="module")
def answers() -> dict[str, dict[str, Any]]:
    """The answers to all rows."""
    lines = "".join(
        json.dumps({"id": code, "expr": code if code.startswith("@") else f"@({code})", "context": "basic"}) + "\n"
        for code, _ in ROWS
    )
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        answer_lines(io.BytesIO(lines.encode()), str(CONTEXTS), compile_only=False)
    return {answer["id"]: answer for answer in map(json.loads, written.getvalue().splitlines())}


@pytest.mark.parametrize(("code", "expected"), ROWS)
def test_library_row(code: str, expected: str | None, answers: dict[str, dict[str, Any]]) -> None:
    answer = answers[code]
    if expected is None or not expected.startswith("!"):
        assert (answer.get("value") or None) == (expected or None), answer
        return
    thrown = answer.get("exception", {})
    assert f"!{thrown.get('type', '').rpartition('.')[2]}: {thrown.get('message')}".startswith(expected), answer
