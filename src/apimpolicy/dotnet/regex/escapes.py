"""`Regex.Escape` and `Regex.Unescape`."""

from __future__ import annotations

from apimpolicy.dotnet.regex.character_classes import Reader

_ESCAPED = {char: f"\\{char}" for char in " #$()*+.?[\\^{|"} | {"\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_TABLE = str.maketrans(_ESCAPED)


def escape(text: str) -> str:
    r"""Make a text match itself; `]` and `}` need no escape.

    >>> escape("a.b [c]")
    'a\\.b\\ \\[c]'
    """
    return text.translate(_TABLE)


def unescape(text: str) -> str:
    """Undo `escape`, and any other escape of a character; raises RegexParseException for an invalid one."""
    reader = Reader(text, 0)
    out: list[str] = []
    while not reader.at_end:
        char = reader.take()
        if char != "\\":
            out.append(char)
        elif reader.at_end:
            raise reader.error("Illegal \\ at end of pattern.")
        else:
            out.append(reader.character_escape())
    return "".join(out)
