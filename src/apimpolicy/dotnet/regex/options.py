"""`RegexOptions` as numbers, and the error of a pattern that cannot be read."""

from __future__ import annotations

from apimpolicy.dotnet.exceptions import RegexParseException

IGNORE_CASE = 1
MULTILINE = 2
EXPLICIT_CAPTURE = 4
COMPILED = 8
SINGLELINE = 16
IGNORE_PATTERN_WHITESPACE = 32
RIGHT_TO_LEFT = 64
ECMA_SCRIPT = 256
CULTURE_INVARIANT = 512

INLINE = {"i": IGNORE_CASE, "m": MULTILINE, "n": EXPLICIT_CAPTURE, "s": SINGLELINE, "x": IGNORE_PATTERN_WHITESPACE}
"""The options that a pattern can set itself."""


def invalid_pattern(pattern: str, offset: int, reason: str) -> RegexParseException:
    """Return the exception of .NET Core 3.1 for a pattern; `offset` is where its parser stood."""
    return RegexParseException(f"Invalid pattern '{pattern}' at offset {offset}. {reason}")
