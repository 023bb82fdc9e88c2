"""Runs the pages of this directory: each line of a fenced block is an expression and what the compiler makes of it.

    1 + 2L              // long
    "a" - 1             // error CS0019 at 1:1

`@{ … }` is written out; anything else stands for `@( … )`. Positions count in the line as it is written here.
"""

from __future__ import annotations

import re
from pathlib import Path

from tests.rows import for_each

from apimpolicy.csharp.binding import bind
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt

PAGES = sorted(Path(__file__).parent.glob("*.md"))
BLOCK = re.compile(r"^```csharp\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^(?P<code>\S.*?)\s+// (?P<answer>.+)$")


def _lines() -> list[tuple[str, str, str]]:
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in BLOCK.finditer(text):
            first = text.count("\n", 0, block.start(1)) + 1
            for number, line in enumerate(block.group(1).splitlines(), first):
                match = LINE.match(line)
                if line.strip():
                    code, answer = match.group("code", "answer") if match else (line, "no answer is written")
                    found.append((f"{page.name}:{number}", code, answer))
    return found


def _answer(code: str) -> str:
    is_block = code.startswith("@{")
    excerpt = Excerpt.of(code if is_block else f"@({code})")
    try:
        bound = bind(parse(excerpt), excerpt)
    except PolicySyntaxError as error:
        first = error.diagnostics[0]
    else:
        if not bound.diagnostics:
            return bound.static_type
        first = bound.diagnostics[0]
    line, column = first.position
    return f"error {first.code} at {line}:{column if is_block else column - 2}"


@for_each(_lines())
def test_lines(where: str, code: str, answer: str) -> None:
    assert _answer(code) == answer


def test_there_are_pages() -> None:
    assert len(PAGES) >= 7
