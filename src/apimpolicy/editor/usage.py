"""Frequencies of names and members in the examples of the project, for the ranking of completion.

The counts are of the expressions in the documentation, in the pages of policies and rules, in the examples and in the
tests; the build hook makes them (`_usage.json`), where these files are. Without the file every count is 0.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.nodes import Bound
    from apimpolicy.csharp.dotnet.signatures import Member

_STORED = Path(__file__).parent / "_usage.json"
_PACKAGE = Path(__file__).parents[1]
_ROOT = _PACKAGE.parents[1]
_WRITTEN = (
    *("docs/**/*.md", "examples/**/*.xml", "src/apimpolicy/**/*.py", "tests/policies/**/*.xml"),
    *("tests/rules/**/*.xml", "tests/evidence/**/*.yaml", "tests/policies/**/*.yaml"),
)
_ENUMERATED = ("tests/conformance/expressions/*.jsonl",)
"""Rows that go through what .NET has, and so say less about what is usual."""
_WEIGHT = 5
_NAME = re.compile(r"[^\W\d]\w*")
_LEAST = 3
_PARTS = ("method", "property", "field")
"""Attributes of bound nodes for the used member."""
_ESCAPED = re.compile(r"&(?:quot|lt|gt|amp|apos);")


@cache
def counts() -> dict[str, int]:
    """Return uses by name, of members and types; of members also by the declaring type (`IRequest.Method`)."""
    try:
        stored: dict[str, int] = json.loads(_STORED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored


def store() -> None:
    found: Counter[str] = Counter()
    for weight, patterns in ((_WEIGHT, _WRITTEN), (1, _ENUMERATED)):
        for pattern in patterns:
            for path in _ROOT.glob(pattern):
                for code in _expressions(_text(path)):
                    for name in (*_names(code), *_members(code)):
                        found[name] += weight
    kept = {name: uses for name, uses in sorted(found.items()) if uses >= _LEAST}
    _STORED.write_text(json.dumps(kept, separators=(",", ":")), encoding="utf-8")


def member_key(member: Member) -> str:
    """Return the name under which the uses of a member are counted."""
    return f"{member.declaring.name}.{member.name}"


def _text(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")
    return "\n".join(json.loads(line)["expr"] for line in text.splitlines()) if path.suffix == ".jsonl" else text


def _expressions(text: str) -> Iterator[str]:
    from apimpolicy.text.scanner import EXPRESSION_START, scan_code

    position = 0
    while (start := EXPRESSION_START.search(text, position)) is not None:
        scan = scan_code(text, start.start(), min(len(text), start.start() + 4000))
        position = scan.end if scan.open is None else start.end()
        if scan.open is None:
            code = text[start.start() : scan.end]
            yield html.unescape(code) if _ESCAPED.search(code) else code


def _names(code: str) -> list[str]:
    """Return the names in an expression, without those in strings and comments."""
    from apimpolicy.text.scanner import LITERALS

    return _NAME.findall(LITERALS.sub(" ", code[2:]))


def _members(code: str) -> Iterator[str]:
    """Yield the members that an expression uses; none if it doesn't compile, as on a page about errors."""
    from apimpolicy.csharp.binding import bind
    from apimpolicy.csharp.syntax.parser import parse
    from apimpolicy.errors import ApimPolicyError
    from apimpolicy.text.named_values import named_values_as_holes
    from apimpolicy.text.source import Excerpt

    try:
        excerpt = named_values_as_holes(Excerpt.of(code))
        waiting: list[Bound] = [bind(parse(excerpt.text), excerpt).body]
    except ApimPolicyError:
        return
    while waiting:
        node = waiting.pop()
        waiting.extend(node.children())
        member = next((getattr(node, part) for part in _PARTS if hasattr(node, part)), None)
        if member is not None:
            yield member_key(member)


if __name__ == "__main__":
    store()
