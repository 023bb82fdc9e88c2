"""Tables as TOML text, for what the configuration has: texts, numbers, truth values, lists and tables of these."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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
