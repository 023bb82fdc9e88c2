"""TOML as a dictionary, with bounds: Python's reader needs the square of the length of a key, and memory as well."""

from __future__ import annotations

import re
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
