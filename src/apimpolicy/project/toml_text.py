"""TOML: read with bounds, the lines of its keys, and written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

MOST_PARTS = 100
"""Of one key: `a.b.c` has three."""

_PART = r"""[\w-]++|"(?:[^"\\\n]|\\.)*+"|'[^'\n]*+'"""
_LONG_KEY = rf"(?<![\w-])(?:(?:{_PART})[ \t]*+\.[ \t]*+){{{MOST_PARTS}}}"
_TOKEN = rf'''(?sx) (?P<text> """(?:[^"\\]|\\.|"(?!""))*+""" | \'\'\'.*?\'\'\' | \#[^\n]*+ )
    | (?P<part> {_PART} ) | (?P<dot> \. ) | (?P<space> [ \t]++ ) | .'''


class TomlError(ValueError):
    """A text is not TOML, or more than is read; the message is the rest of a sentence that names the file."""


def read_toml(text: str) -> dict[str, Any]:
    """TOML as a dictionary. Raises TomlError."""
    import tomllib

    may_be_long = text.count(".") >= MOST_PARTS and re.search(_LONG_KEY, text) is not None
    if may_be_long and (line := _line_of_long_key(text)):
        raise TomlError(f"line {line} has a key of more than {MOST_PARTS} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TomlError(str(error)) from None
    except RecursionError:
        raise TomlError("it is nested too deeply") from None
    except ValueError:  # Python's bound for the digits of a number
        raise TomlError("it has a number of too many digits") from None


def _line_of_long_key(text: str) -> int:
    """Return the line, from 1, of a key with too many parts outside of texts and comments; 0 without one."""
    parts = 0
    is_joined = False
    for token in re.finditer(_TOKEN, text):
        kind = token.lastgroup
        if kind == "part":
            parts = parts + 1 if is_joined else 1
            is_joined = False
            if parts > MOST_PARTS:
                return text.count("\n", 0, token.start()) + 1
        elif kind == "dot":
            is_joined = True
        elif kind != "space":
            parts, is_joined = 0, False
    return 0


# Tables as TOML text, for what the configuration has: texts, numbers, truth values, lists and tables of these.

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def to_toml(values: Mapping[str, Any], note: Callable[[tuple[str, ...]], str] = lambda _: "") -> str:
    """Write tables as TOML; `note` gives the comment for a key or a table by its path, empty for none.

    >>> print(to_toml({"named-values": {"key": "k1"}}))
    [named-values]
    key = "k1"
    """
    return "\n".join(_lines(values, (), note)).lstrip("\n")


def _lines(values: Mapping[str, Any], path: tuple[str, ...], note: Callable[[tuple[str, ...]], str]) -> Iterator[str]:
    plain = {name: value for name, value in values.items() if not _is_table(value)}
    for name, value in plain.items():
        yield _with_note(f"{_key(name)} = {_value(value)}", note((*path, name)))
    for name, value in values.items():
        inner = (*path, name)
        head = ".".join(map(_key, inner))
        if isinstance(value, list) and name not in plain:
            for row in value:
                yield from ("", f"[[{head}]]", *_lines(row, inner, note))
        elif name not in plain:
            if any(not _is_table(each) for each in value.values()) or not value:
                yield from ("", _with_note(f"[{head}]", note(inner)))
            yield from _lines(value, inner, note)


def _is_table(value: object) -> bool:
    """Return whether a value is written below a head of its own; small tables of texts stay in a line."""
    if isinstance(value, dict):
        return "self-signed" not in value
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _with_note(line: str, note: str) -> str:
    return f"{line}  # {' '.join(note.split())}" if note else line


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


# The line of a key in a TOML file, for messages: Python's reader keeps no places.

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_NAME = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


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
    lines: dict[str, int] = {}
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
            lines.setdefault(table, number)
        elif (key := _KEY.match(line)) is not None:
            name = _joined(key[1])
            lines.setdefault(f"{table}.{name}" if table else name, number)
        for quotes in ('"""', "'''"):
            if line.count(quotes) % 2:
                inside = quotes
    return lines


def _joined(name: str) -> str:
    return ".".join(part.strip("\"'") for part in _NAME.findall(name))
