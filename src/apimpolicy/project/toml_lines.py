"""The line of a key in a TOML file, for messages: Python's reader keeps no places."""

from __future__ import annotations

import re

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def line_of_key(text: str, key: str) -> int | None:
    """Return the line, from 1, of a key such as `check.files[0].ignore`; of its table when it has no line itself."""
    lines = lines_of_keys(text)
    while key:
        if key in lines:
            return lines[key]
        key = re.sub(r"(\[\d+\]|\.?[^.\[]+)$", "", key)
    return None


def lines_of_keys(text: str) -> dict[str, int]:
    """Return the line, from 1, of every key that begins a line, and of every table."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table, inside = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if (header := _HEADER.match(line)) is not None:
            table = _joined(header[2])
            if header[1] == "[[":
                index = counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{index}]"
            found.setdefault(table, number)
        elif (key := _KEY.match(line)) is not None:
            name = _joined(key[1])
            found.setdefault(f"{table}.{name}" if table else name, number)
        for quotes in ('"""', "'''"):
            if line.count(quotes) % 2:
                inside = quotes
    return found


def _joined(name: str) -> str:
    return ".".join(part.strip("\"'") for part in _PART.findall(name))
