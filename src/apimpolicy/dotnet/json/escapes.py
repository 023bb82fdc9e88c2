"""Escapes in JSON text and in paths."""

from __future__ import annotations

import re
from json.encoder import encode_basestring

from apimpolicy.dotnet.environment import FREE_UNITS, work_through

_SPECIAL = frozenset(". '/\"[]()\t\n\r\f\b\\\u0085\u2028\u2029")
_LINE_ENDS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_NEVER_PLAIN = re.compile("[\x85\u2028\u2029]")


def quoted(text: str) -> str:
    """Return a JSON string.

    >>> quoted('a"b')
    '"a\\\\"b"'
    """
    if len(text) > FREE_UNITS:
        work_through(len(text) << 1)
    made = encode_basestring(text)  # it keeps these three, which Newtonsoft escapes
    return made if text.isascii() else _NEVER_PLAIN.sub(lambda match: _LINE_ENDS[match.group()], made)


def path_name(name: str, *, is_first: bool) -> str:
    """Return a step of a path: `.name`, or `['a name']`."""
    if _SPECIAL.isdisjoint(name):
        return name if is_first else "." + name
    inside = quoted(name)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"['{inside}']"
