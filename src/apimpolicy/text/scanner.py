"""Finds where an expression `@( … )` or `@{ … }` ends, knowing C#'s brackets, strings and comments but no grammar.

As in Razor, only the brackets of the expression's own kind are counted: `@(a[0)` ends at its `)`, and the parser then
says what is missing. Everything is iterative and every character is looked at a bounded number of times.

**Written form, decided for each expression.** APIM takes a policy as XML or as "rawxml", and real documents mix both.

1. An expression that is well-formed XML where it is means what XML says: all its entities are decoded, also those
   inside C# strings (`@($"…?a=1&amp;b={x}")` in an element asks for `&`). "Well-formed" is: no `<`, no bare `&`, not
   the delimiter of its attribute; and it is a complete expression once decoded.
2. Any other expression is raw: strings, characters and comments stand as they are (`Replace("&quot;", "'")` next to a
   raw `<` keeps its entity). Only between them is an entity decoded, because there it cannot be C#
   (`"@(a != "GET" &amp;&amp; b)"` is found in real policies).
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import NamedTuple

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import Excerpt, Source

UNTERMINATED_EXPRESSION = "POL015"
EXPRESSION_START = re.compile(r"@[({]")

_ENTITY = r"&(?:amp|lt|gt|quot|apos|\#[0-9]{1,7}|\#x[0-9a-fA-F]{1,6});"
ENTITY = re.compile(_ENTITY)
_NAMED_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}

_STRING = r'"(?:[^"\\\r\n]++|\\[^\r\n])*+"'
_VERBATIM_STRING = r'@"(?:[^"]++|"")*+"'
# Long character literals are a mistake that the parser names; here they must not hide a bracket.
_CHARACTER = r"'(?:[^'\\\r\n]++|\\[^\r\n])*+'"
_DIRECTIVE = r"#[ \t]*+(?:region|endregion|if|elif|else|endif|define|undef|line|pragma|warning|error)\b[^\r\n]*+"
_COMMENT = rf"//[^\r\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/|{_DIRECTIVE}"
# A string whose own quotes are written as entities, in an expression that is otherwise raw.
_ESCAPED_STRING = r"&quot;(?:[^&\\\r\n]++|\\(?:&quot;|[^\r\n])|&(?!quot;))*+&quot;"
_LITERAL = f"{_STRING}|{_VERBATIM_STRING}|{_CHARACTER}|{_COMMENT}"


@cache  # compiled when first needed: most documents have only expressions of one kind
def _code(brackets: str) -> re.Pattern[str]:
    """Runs over code and complete literals, and stops at what the scanner must decide on."""
    return re.compile(
        rf"""(?:[^"'@$/&#{brackets}]++|{_LITERAL}|@(?!\$?")|\$(?!@?")|#|/(?![/*])|&(?!{_ENTITY[1:]}))*+"""
        rf"""(?:(?P<interpolated>\$@?"|@\$")|(?P<escaped_string>{_ESCAPED_STRING})|(?P<entity>{_ENTITY})"""
        rf"""|(?P<bracket>[{brackets}])|(?P<unterminated>@?"|'|/\*))?"""
    )


_BRACKETS = {"(": "()", "{": "{}"}
_BRACKETS_OF_HOLE = r"()\[\]{}:"
_FORMAT = re.compile(r':(?::|[^{}"\r\n]*+(?=\}))')
_INTERPOLATED = re.compile(r'(?:[^"\\{}\r\n]++|\\[^\r\n]|\{\{|\})*+(["{]?)')
_VERBATIM_INTERPOLATED = re.compile(r'(?:[^"{}]++|""|\{\{|\})*+(["{]?)')
LITERALS = re.compile(_LITERAL)

_XML_RUN = {delimiter: re.compile(rf"(?:[^<&{delimiter}]++|{_ENTITY})*+") for delimiter in ("", '"', "'")}
_FIRST_WINDOW = 256
_LONGEST_ENTITY = 10
_MOST_COMMENTS = 8
"""Comments of an expression without an end that are asked whether they hold its last bracket."""


class Unterminated(NamedTuple):
    """The bracket or string that is open at the end of an expression, its position, and the end of the search."""

    what: str
    start: int
    end: int
    reached: int


class Scan(NamedTuple):
    """One run over C# code: the end of the expression or the open bracket, and the holes in between.

    `literals` are spans of strings, characters and comments (without the holes of interpolated strings);
    `entities` are spans between them that are written as XML entities.
    """

    end: int
    open: Unterminated | None
    literals: list[tuple[int, int]]
    entities: list[tuple[int, int]]


def scan_code(text: str, start: int, limit: int, *, literals: bool = False) -> Scan:
    """Scan the expression whose `@(` or `@{` is at `start`, without decoding anything.

    `limit` is an offset that the expression must not pass. Spans of literals are collected on demand only.
    """
    spans: list[tuple[int, int]] = []
    entities: list[tuple[int, int]] = []
    root = text[start + 1]
    pattern = _code(_BRACKETS[root])
    brackets = [start + 1]  # of the code that is read now; one list for each code inside code is kept in `outer`
    outer: list[tuple[list[int], re.Pattern[str], int]] = []
    position = start + 2
    while True:
        match = pattern.match(text, position, limit)
        assert match is not None  # every part of the pattern may be empty
        kind, end = match.lastgroup, match.end()
        if literals and end > position:
            last = match.start(kind) if kind else end
            spans.extend(found.span() for found in LITERALS.finditer(text, position, last))
        position = end
        if kind == "bracket":
            found = text[end - 1]
            if found in "([{":
                brackets.append(end - 1)
            elif found == ":":
                if len(brackets) == 1 and (format_clause := _FORMAT.match(text, end - 1, limit)):
                    if literals:
                        spans.append(format_clause.span())
                    position = format_clause.end()
            else:
                if _close(brackets, text, found):
                    continue
                if not outer:
                    return Scan(end, None, spans, entities)
                brackets, pattern, opened = outer.pop()
                failure, position = _interpolated(text, opened, position, limit, spans if literals else None)
                if failure == '"':
                    continue
                if failure != "{":
                    return _string_open(text, opened, position, spans, entities)
                outer.append((brackets, pattern, opened))
                brackets, pattern = [position - 1], _code(_BRACKETS_OF_HOLE)
        elif kind == "interpolated":
            opened = match.start(kind)
            failure, position = _interpolated(text, opened, end, limit, spans if literals else None)
            if failure == "{":
                outer.append((brackets, pattern, opened))
                brackets, pattern = [position - 1], _code(_BRACKETS_OF_HOLE)
            elif failure != '"':
                return _string_open(text, opened, position, spans, entities)
        elif kind == "entity":
            entities.append(match.span(kind))
        elif kind == "escaped_string":
            entities.extend(found.span() for found in ENTITY.finditer(text, match.start(kind), end))
            spans.append(match.span(kind))
        elif kind == "unterminated":
            open_ = _unterminated(match, limit)
            return Scan(open_.reached, open_, spans, entities)
        else:
            bracket = brackets[-1]
            return Scan(limit, Unterminated(f"'{text[bracket]}'", bracket, bracket + 1, limit), spans, entities)


def _close(brackets: list[int], text: str, found: str) -> bool:
    """Close a bracket, and with `}` all inside of it; return whether one is still open."""
    if found == "}":
        while text[brackets.pop()] != "{":
            pass
    elif text[brackets[-1]] != "{":
        brackets.pop()
    return bool(brackets)


def _unterminated(match: re.Match[str], limit: int) -> Unterminated:
    opened, end = match.span("unterminated")
    what = {"/*": "comment", "'": "character literal"}.get(match["unterminated"], "string")
    return Unterminated(what, opened, end, limit if what == "comment" or "@" in match["unterminated"] else end)


def _interpolated(
    text: str, opened: int, position: int, limit: int, spans: list[tuple[int, int]] | None
) -> tuple[str, int]:
    """Read the text of an interpolated string from `position` to its end (`"`), its next hole (`{`) or a failure."""
    pattern = _VERBATIM_INTERPOLATED if "@" in text[opened : opened + 2] else _INTERPOLATED
    match = pattern.match(text, position, limit)
    assert match is not None  # every part of the pattern may be empty
    if spans is not None:
        spans.append((position, match.start(1)))
    return match[1], match.end()


def _string_open(
    text: str, opened: int, end: int, spans: list[tuple[int, int]], entities: list[tuple[int, int]]
) -> Scan:
    start_of_text = text.index('"', opened) + 1
    return Scan(end, Unterminated("string", opened, start_of_text, end), spans, entities)


def character_of(entity: str) -> str | None:
    """Return the character of one of XML's five entities or of a numeric reference; None when there is none."""
    named = _NAMED_ENTITIES.get(entity)
    if named is not None:
        return named
    if not entity.startswith("&#"):
        return None
    number = int(entity[3:-1], 16) if entity[2] == "x" else int(entity[2:-1])
    if number in (9, 10, 13) or 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0x10000 <= number < 0x110000:
        return chr(number)
    return None


def decode(text: str, start: int, end: int, spans: list[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """`text[start:end]` with the entities at `spans` decoded, and the anchors from the result to `text`."""
    pieces: list[str] = []
    anchors = [(0, start)]
    position, length = start, 0
    for first, last in spans:
        character = character_of(text[first:last])
        if character is None:
            continue
        pieces += (text[position:first], character)
        length += first - position + 1
        anchors.append((length, last))
        position = last
    pieces.append(text[position:end])
    return "".join(pieces), anchors


def _read_as_xml(source: Source, start: int, limit: int, delimiter: str) -> Excerpt | None:
    """Return the expression at `start` as an XML reader gives it, if it is well-formed and complete that way.

    It is looked for in growing windows, so that a short expression in a long text costs little.
    """
    text = source.text
    run = _XML_RUN[delimiter]
    window = _FIRST_WINDOW
    while True:
        stop = min(limit, start + window)
        well_formed = run.match(text, start, stop)
        assert well_formed is not None  # every part of the pattern may be empty
        end = well_formed.end()
        # An entity that the window cuts is not the end of what is well-formed.
        goes_on = stop < limit and end >= stop - _LONGEST_ENTITY
        if text.find("&", start, end) < 0:
            # Both readings agree as long as there is no entity; raw quotes and angles are for the raw one.
            if not goes_on:
                return None
            scan = scan_code(text, start, end)
            if scan.open is None:
                return Excerpt(text[start : scan.end], source, start, scan.end)
        else:
            decoded, anchors = decode(text, start, end, [found.span() for found in ENTITY.finditer(text, start, end)])
            scan = scan_code(decoded, 0, len(decoded))
            if scan.open is None:
                kept = tuple(anchor for anchor in anchors if anchor[0] <= scan.end)
                past = kept[-1][1] + scan.end - kept[-1][0]
                return Excerpt(decoded[: scan.end], source, start, past, kept)
            if not goes_on:
                return None
        window *= 4


def _closed_in_comment(text: str, start: int, limit: int, delimiter: str) -> Scan | None:
    """Return the scan of an expression whose last bracket is in a line comment at its end: `@{ return 1; // }`.

    The compiler gets the text without that bracket, so it is legal. The text ends before a tag, or at its delimiter.
    Two slashes right behind a word are rather those of `https://` in a string with a quote too many.
    """
    opening = text[start + 1]
    following = rf"{delimiter}[\s/>?]" if delimiter else r"</|<!"
    candidates = re.compile(rf"(?<![^\s;)}}])//[^\r\n]*?{re.escape(_BRACKETS[opening][1])}(?=\s*+(?:{following}|\Z))")
    for candidate in islice(candidates.finditer(text, start, limit), _MOST_COMMENTS):
        end = candidate.end()
        scan = scan_code(text, start, end)
        if scan.open is not None and scan.open.start == start + 1:
            return scan._replace(end=end, open=None)
    return None


def find_expression(
    source: Source, start: int, limit: int | None = None, *, delimiter: str = "", entities: bool = True
) -> Excerpt | Unterminated:
    """Like `scan_expression`, but an expression that does not end is an ordinary result."""
    text = source.text
    stop = len(text) if limit is None else limit
    if entities:
        excerpt = _read_as_xml(source, start, stop, delimiter)
        if excerpt is not None:
            return excerpt
    scan = scan_code(text, start, stop)
    if scan.open is not None:
        scan = _closed_in_comment(text, start, stop, delimiter) or scan
        if entities and _XML_RUN[delimiter].fullmatch(text, start, scan.end):
            scan = scan._replace(entities=[found.span() for found in ENTITY.finditer(text, start, scan.end)])
    if scan.open is not None:
        return scan.open
    if not (entities and scan.entities):
        return Excerpt(text[start : scan.end], source, start, scan.end)
    decoded, anchors = decode(text, start, scan.end, scan.entities)
    return Excerpt(decoded, source, start, scan.end, tuple(anchors))


def scan_expression(
    source: Source, start: int, limit: int | None = None, *, delimiter: str = "", entities: bool = True
) -> Excerpt:
    """Return the expression that begins with the `@(` or `@{` at offset `start` of `source`, brackets included.

    `limit` is an offset it must not pass; `delimiter` is the quote around the attribute value it is in (empty in an
    element's text); `entities=False` reads a CDATA section, where nothing is escaped.
    Raises PolicySyntaxError with one diagnostic (POL015) that points at the bracket, string or comment left open.
    """
    found = find_expression(source, start, limit, delimiter=delimiter, entities=entities)
    if isinstance(found, Unterminated):
        raise PolicySyntaxError([unterminated_expression(source, start, found)])
    return found


def unterminated_expression(source: Source, start: int, found: Unterminated) -> Diagnostic:
    """Return the diagnostic for an expression that begins at `start` and never ends."""
    line, column = source.position(start)
    return Diagnostic(
        UNTERMINATED_EXPRESSION,
        f"the expression is not terminated: a {found.what} is never closed"
        if found.what[0] != "'"
        else f"the expression is not terminated: its {found.what} is never closed",
        source,
        found.start,
        found.end,
        label="opened here",
        help=f"The expression begins at line {line}, column {column}.",
    )
