"""The known answers of .NET's members, run through the whole engine: the tables of the folder `known_answers`.

Most rows are facts that the tests of .NET's own class library state (an input and its answer); where runtimes differ
they are .NET Core 3.1's, with the invariant culture.

A table is a `call` in C# with the places `$0`, `$1`, … (none: `$0`) and `rows`, one a line: the texts for the places
between ` ; `, then ` => ` and the answer. That is the text of the value (`''` is the empty one; line ends, tabs, NUL
and backslashes are written as C# writes them), `null`, or `!` and the type of the exception, with ` : ` and a part of
its message where that matters.
"""

from __future__ import annotations

import io
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from apimpolicy.cli.eval import answer_lines

FOLDER = Path(__file__).parent / "known_answers"
CONTEXTS = Path(__file__).parents[4] / "conformance" / "contexts.json"

ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def tables() -> list[Any]:
    """Each table of each file, under the file's name and the table's number."""
    return [
        pytest.param(table, id=f"{path.stem}-{number}")
        for path in sorted(FOLDER.glob("*.toml"))
        for number, table in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["table"], 1)
    ]


def questions(table: dict[str, str]) -> list[tuple[str, str]]:
    """The C# expression and the answer of each row."""
    found = []
    for line in filter(None, table["rows"].splitlines()):
        given, arrow, answer = line.rpartition(" => ")
        assert arrow, f"a row without an answer: {line}"
        found.append((written(table.get("call", "$0").strip(), given.split(" ; ")), answer))
    return found


def written(call: str, arguments: list[str]) -> str:
    """The call with the arguments in their places.

    >>> written("$0.Trim($1)", ['" a"', "' '"])
    '@(" a".Trim(\\' \\'))'
    """
    for place, argument in reversed(list(enumerate(arguments))):
        call = call.replace(f"${place}", argument)
    return call if call.startswith("@") else f"@({call})"


def shown(answer: dict[str, Any]) -> str:
    """An answer of the engine as the rows write it."""
    if "exception" in answer:
        thrown = answer["exception"]
        return f"!{thrown['type'].rpartition('.')[2]} : {thrown['message']}"
    if "value" not in answer:
        return str(answer)
    if answer["value"] is None:
        return "null"
    return "".join(ESCAPES.get(sign, sign) for sign in answer["value"]).rstrip() or "''"


def same(answer: str, wanted: str) -> bool:
    """Whether this is the wanted answer; of an exception the type and the part of its message."""
    if not wanted.startswith("!"):
        return answer == wanted
    wanted_type, _, wanted_part = wanted.partition(" : ")
    given_type, _, message = answer.partition(" : ")
    return given_type == wanted_type and wanted_part in message


@pytest.mark.parametrize("table", tables())
def test_known_answers(table: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    asked = questions(table)
    lines = "\n".join(json.dumps({"expr": code, "context": "basic"}) for code, _ in asked)
    answer_lines(io.BytesIO(lines.encode()), str(CONTEXTS), compile_only=False)
    answers = [shown(json.loads(line)) for line in capsys.readouterr().out.splitlines()]
    differing = [
        f"{code}: {answer}, not {wanted}"
        for (code, wanted), answer in zip(asked, answers, strict=True)
        if not same(answer, wanted)
    ]
    assert not differing, "\n".join(differing)
