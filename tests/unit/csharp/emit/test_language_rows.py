"""Runs `language_rows.md` and `mistake_rows.md`: each line of a fenced block is an expression and the answer of C# 7.3.

    @{ return 7 / 2; }  // 3
    @{ return 1 / 0; }  // error CS0020 at 11
    @{ int i = 0; return 1 / i; }  // throws DivideByZeroException

The place of an error is its column in the line.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.rows import for_each

from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.system.objects import text
from apimpolicy.csharp.dotnet.values import box
from apimpolicy.csharp.emit import compile_expression
from apimpolicy.errors import DiagnosticError
from apimpolicy.gateway.context.execution import Context

PAGE = "".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*_rows.md")))
BLOCK = re.compile(r"^```csharp\n(.*?)^```", re.MULTILINE | re.DOTALL)
ROWS = [line.rpartition("  //") for block in BLOCK.finditer(PAGE) for line in block.group(1).splitlines() if line]


def _answer(code: str) -> str:
    try:
        compiled = compile_expression(code)
    except DiagnosticError as error:
        first = error.diagnostics[0]
        return f"error {first.code} at {first.position[1]}"
    with use_environment(Environment()):
        try:
            value = compiled.evaluate(Context())
        except DotnetException as error:
            return f"throws {error.dotnet_type_name.rpartition('.')[2]}"
        return "null" if value is None else text(box(compiled.type, value))


@for_each((code, answer.strip()) for code, _, answer in ROWS)
def test_rows(code: str, answer: str) -> None:
    assert _answer(code).strip() == answer


def test_there_are_rows() -> None:
    assert len(ROWS) >= 800
