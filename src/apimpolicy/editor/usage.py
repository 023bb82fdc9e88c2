"""How often the project's own examples use a name: what is used much is likelier to be meant.

The counts are of the expressions in the documentation, in the pages of policies and rules, in the examples and in the
tests; the build hook makes them (`_usage.json`), where these files are. Without the file every count is 0.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

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


@cache
def counts() -> dict[str, int]:
    """Uses by name, of members and types alike."""
    try:
        stored: dict[str, int] = json.loads(_STORED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stored


def store() -> None:
    """Count, and write `_usage.json`."""
    found: Counter[str] = Counter()
    for weight, patterns in ((_WEIGHT, _WRITTEN), (1, _ENUMERATED)):
        for pattern in patterns:
            for path in _ROOT.glob(pattern):
                for name, uses in _uses(path.read_text(encoding="utf-8", errors="replace")).items():
                    found[name] += uses * weight
    kept = {name: uses for name, uses in sorted(found.items()) if uses >= _LEAST}
    _STORED.write_text(json.dumps(kept, separators=(",", ":")), encoding="utf-8")


def _uses(text: str) -> Counter[str]:
    """The names in the expressions of a text, those in strings and comments aside."""
    from apimpolicy.text.scanner import EXPRESSION_START, LITERALS, scan_code

    found: Counter[str] = Counter()
    position = 0
    while (start := EXPRESSION_START.search(text, position)) is not None:
        scan = scan_code(text, start.start(), min(len(text), start.start() + 4000))
        position = scan.end if scan.open is None else start.end()
        if scan.open is None:
            found.update(_NAME.findall(LITERALS.sub(" ", text[start.end() : scan.end])))
    return found


if __name__ == "__main__":
    store()
