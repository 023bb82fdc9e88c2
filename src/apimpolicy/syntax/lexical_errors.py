"""Errors of the lexer: characters that begin no token."""

from __future__ import annotations

from apimpolicy.diagnostics import DiagnosticInfo

UNEXPECTED_CHARACTER = "CS1056"
UNCLOSED = frozenset({"CS1010", "CS1039"})

_CHARACTER_HELP = {
    "`": 'A C# string is written with double quotes: "text", or $"text {value}" with values in it.',
    "\\": 'A backslash can only be used inside a string: "\\\\".',
    "$": 'An interpolated string is written $"text {value}".',
    "@": "Write @ only once, before the whole expression; inside it is plain C#.",
    "“": 'Use straight double quotes: "text".',
    "”": 'Use straight double quotes: "text".',
    "‘": 'Use straight double quotes: "text".',
    "’": 'Use straight double quotes: "text".',
}


def lexical_error(text: str, place: int) -> DiagnosticInfo:
    """Return the error at a place where no token begins."""
    line_end = min(end for end in (text.find("\n", place), text.find("\r", place), len(text)) if end >= 0)
    rest = text[place : place + 2]
    if rest.startswith('"'):
        return DiagnosticInfo("CS1010", "the string is not closed on its line", place, line_end, help=_UNCLOSED_STRING)
    if rest.startswith("'"):
        help = 'A string is written with double quotes: "text".'
        return DiagnosticInfo("CS1010", "the character literal is not closed", place, line_end, help=help)
    if rest == '@"':
        return DiagnosticInfo(
            "CS1039", "the verbatim string is not closed", place, line_end, help='Add the closing quote (").'
        )
    if rest == "/*":
        return DiagnosticInfo(
            "CS1035", "the comment is not closed", place, line_end, help="Add */ at the end of the comment."
        )
    character = text[place]
    help = _CHARACTER_HELP.get(character, "")
    return DiagnosticInfo(UNEXPECTED_CHARACTER, f"unexpected character '{character}'", place, place + 1, help=help)


_UNCLOSED_STRING = 'Add the closing quote ("), write \\" for a quote in the string, or use @"…" for several lines.'
