"""Escapes in JSON text and in paths."""

from __future__ import annotations

import re

from apimpolicy.dotnet.environment import FREE_UNITS, work_through

_SPECIAL = frozenset(". '/\"[]()\t\n\r\f\b\\\u0085\u2028\u2029")
_NAMED_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r", "\f": "\\f", "\b": "\\b", "\\": "\\\\"}
_DOUBLE = re.compile('[\x00-\x1f"\\\\\x85\u2028\u2029]')
_SINGLE = re.compile("[\x00-\x1f'\\\\\x85\u2028\u2029]")


def _escaped(match: re.Match[str]) -> str:
    character = match.group()
    if character in "\"'":
        return "\\" + character
    return _NAMED_ESCAPES.get(character) or f"\\u{ord(character):04x}"


def escape(text: str, *, quote: str = '"') -> str:
    """Return the text between quotes.

    >>> escape('a"b')
    'a\\\\"b'
    """
    if len(text) > FREE_UNITS:
        work_through(len(text) << 1)
    return (_DOUBLE if quote == '"' else _SINGLE).sub(_escaped, text)


def path_name(name: str, *, is_first: bool) -> str:
    """Return a step of a path: `.name`, or `['a name']`."""
    if _SPECIAL.isdisjoint(name):
        return name if is_first else "." + name
    return f"['{escape(name, quote=chr(39))}']"
