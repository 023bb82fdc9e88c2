"""Parts of answers of the debug adapter: values as lists show them, lines for breakpoints, items for the console."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from apimpolicy.checkout import open_text
from apimpolicy.editor.debug_points import points_of
from apimpolicy.editor.debug_values import Value
from apimpolicy.errors import ApimPolicyError, PolicySyntaxError
from apimpolicy.syntax.parser import parse
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.editor.debug_values import Scope
    from apimpolicy.editor.items import Item
    from apimpolicy.editor.rpc import Json

MOST_OF_PART: Final = 24
"""Characters of a part of an expression in a list."""
_BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\([^()]*\)|\[[^\[\]]*\]')
_JOINED: Final = re.compile(r"\|\||&&|\?\?| \? ")
MOST_TARGETS: Final = 200
_TARGETS: Final = {
    "method": "method",
    "property": "property",
    "field": "field",
    "constant": "enum",
    "type": "class",
    "variable": "variable",
    "keyword": "keyword",
}
"""Protocol names for the kinds of completion items in the console."""


def targets_of(items: Sequence[Item], start: int, caret: int) -> list[Json]:
    """Return items for the console, each in the place of what has been typed of it."""
    return [
        {"label": item.label, "type": _TARGETS.get(item.kind, "value"), "start": start, "length": caret - start}
        for item in items[:MOST_TARGETS]
    ]


def problem_of(condition: str) -> str:
    """Return why a condition can never be evaluated; empty for one whose names may exist where the request stops."""
    try:
        if condition:
            parse(f"@({condition})")
    except PolicySyntaxError as error:
        return f"the condition is not C#: {error.diagnostics[0].message}"
    return ""


def policy_variables(scope: Scope) -> list[Value]:
    """Return the variables of policies, each as an expression of C#."""
    found = []
    for name, _ in scope.context.variables.entries():
        escaped = "".join(f"\\u{ord(c):04x}" if not (c.isalnum() or c in "-_. ") else c for c in name)
        found.append(scope.value(name, f'context.Variables["{escaped}"]'))
    return found


def parts_as_values(parts: list[tuple[str, str]]) -> list[Value]:
    return [Value(shortened(code), value, code, "", False) for code, value in parts]


def shortened(code: str) -> str:
    """Return the part of an expression that identifies it, short enough for a narrow list.

    Of a chain that is the last member, of operands that are joined the first one.
    """
    if len(code) <= MOST_OF_PART:
        return code
    outer = _BRACKETS.sub(lambda found: "_" * len(found[0]), code)
    while (inner := _BRACKETS.sub(lambda found: "_" * len(found[0]), outer)) != outer:
        outer = inner
    if _JOINED.search(outer):
        return f"{code[:MOST_OF_PART]}…"
    sign = code[0] if code[0] in "!-" else ""
    dots = [found.end() for found in re.finditer(r"\.", outer)]
    start = next((dot for dot in dots if len(code) - dot <= MOST_OF_PART), dots[-1] if dots else 0)
    tail = code[start:]
    tail = tail if len(tail) <= MOST_OF_PART else f"{tail[:MOST_OF_PART]}…"
    return f"{sign}…{tail}" if start else tail


def stop_lines(path: str) -> list[int]:
    """Return the lines of a policy file where a request can stop: those of policies and of code."""
    try:
        with open_text(path, encoding="utf-8-sig", newline="") as file:
            source = Source(file.read(), path)
    except (OSError, UnicodeDecodeError):
        return []
    document = read(source)
    lines = {source.position(element.start).line for element in document.elements()}
    for excerpt in document.expressions():
        try:
            lines |= {point.line for point in points_of(excerpt)}
        except ApimPolicyError:
            continue
    return sorted(lines)
