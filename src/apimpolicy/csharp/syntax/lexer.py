"""Text to tokens, with one regular expression from the grammar and a stack of modes for interpolated strings.

Lines with `#` are the preprocessor's (C# specification, section 6.5): regions, conditional sections, pragmas.
"""

from __future__ import annotations

import re
import sys
from functools import cache

from apimpolicy.csharp.syntax import tables
from apimpolicy.csharp.syntax.explanations import UNCLOSED, lexical_error
from apimpolicy.diagnostics import DiagnosticInfo

_DIRECTIVE = re.compile(r"#[ \t]*([A-Za-z]*)[ \t]*([^\r\n]*)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|[\r\n]|\Z)")
_PASSED_OVER = frozenset({"pragma", "warning", "line"})
_HELP = "Remove the line, or use a comment (//)."
_SYMBOL = re.compile(r"\s*(&&|\|\||==|!=|!|\(|\)|\w+)")


class Directives:
    """The directives of one text: the regions and conditional sections that are open."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[tuple[str, int]] = []

    def skip(self, place: int) -> tuple[int, DiagnosticInfo | None]:
        """Return where the text continues after the `#` at `place`, and an error if it isn't a directive."""
        text = self._text
        if text[text.rfind("\n", 0, place) + 1 : place].strip():
            message = "a preprocessor directive must be the first thing on its line"
            return place, DiagnosticInfo("CS1040", message, place, place + 1, help=_HELP)
        directive = _DIRECTIVE.match(text, place)
        assert directive is not None
        name, end = directive[1], directive.end()
        condition = directive[2].split("//")[0]
        if name in _PASSED_OVER:
            return end, None
        if name in ("region", "if"):
            self._open.append((name, place))
            return self._section(end, condition) if name == "if" else (end, None)
        if name in ("endregion", "endif", "else", "elif"):
            opener = "region" if name == "endregion" else "if"
            if not self._open or self._open[-1][0] != opener:
                return place, DiagnosticInfo("CS1028", f"unexpected '#{name}'", place, end, help=_HELP)
            if name.startswith("end"):
                self._open.pop()
                return end, None
            return self._skip_section(end, takes_else=False), None
        if name in ("define", "undef"):
            return place, DiagnosticInfo("CS1032", f"'#{name}' must come before all code", place, end, help=_HELP)
        if name == "error":
            return place, DiagnosticInfo("CS1029", f"#error: {directive[2]}", place, end, help=_HELP)
        start = directive.start(1) if name else place
        return place, DiagnosticInfo("CS1024", "this is not a preprocessor directive", start, end, help=_HELP)

    def unclosed(self) -> DiagnosticInfo | None:
        """Return the error for a region or a section that the text doesn't end."""
        if not self._open:
            return None
        name, place = self._open[-1]
        code, needed = ("CS1038", "#endregion") if name == "region" else ("CS1027", "#endif")
        return DiagnosticInfo(
            code, f"'{needed}' is missing", place, place + 1, help=f"Add {needed} on a line of its own."
        )

    def _section(self, end: int, condition: str) -> tuple[int, DiagnosticInfo | None]:
        try:
            is_true = _Condition(condition).value()
        except ValueError:
            message = "this is not a condition of the preprocessor"
            return end, DiagnosticInfo("CS1517", message, end - len(condition), end, help=_HELP)
        return (end if is_true else self._skip_section(end, takes_else=True)), None

    def _skip_section(self, position: int, *, takes_else: bool) -> int:
        """Return where the code continues after a section that is left out."""
        text, depth = self._text, 0
        while position < len(text):
            line = _LINE.match(text, position)
            assert line is not None
            start = position + len(line[0]) - len(line[0].lstrip(" \t"))
            directive = _DIRECTIVE.match(text, start) if text.startswith("#", start) else None
            name = directive[1] if directive is not None else ""
            if name == "if":
                depth += 1
            elif name == "endif":
                if not depth:
                    return start
                depth -= 1
            elif (
                (not depth and takes_else and directive is not None)
                and (name in ("else", "elif"))
                and (name == "else" or _Condition(directive[2].split("//")[0]).is_true())
            ):
                return directive.end()
            position = line.end()
        return position


class _Condition:
    """`DEBUG && !(A || true)`: no symbol is defined."""

    def __init__(self, text: str) -> None:
        self._symbols = _SYMBOL.findall(text)
        self._is_complete = not _SYMBOL.sub("", text).strip()

    def is_true(self) -> bool:
        try:
            return self.value()
        except ValueError:
            return False

    def value(self) -> bool:
        found = self._any()
        if self._symbols or not self._is_complete:
            raise ValueError
        return found

    def _any(self) -> bool:
        found = self._all()
        while self._take("||"):
            found = self._all() or found
        return found

    def _all(self) -> bool:
        found = self._equality()
        while self._take("&&"):
            found = self._equality() and found
        return found

    def _equality(self) -> bool:
        found = self._operand()
        while self._symbols and self._symbols[0] in ("==", "!="):
            is_equal = self._symbols.pop(0) == "=="
            found = (found == self._operand()) is is_equal
        return found

    def _operand(self) -> bool:
        if self._take("!"):
            return not self._operand()
        if self._take("("):
            found = self._any()
            if not self._take(")"):
                raise ValueError
            return found
        if not self._symbols or not self._symbols[0][0].isidentifier():
            raise ValueError
        return bool(self._symbols.pop(0) == "true")

    def _take(self, symbol: str) -> bool:
        is_next = bool(self._symbols) and self._symbols[0] == symbol
        if is_next:
            self._symbols.pop(0)
        return is_next


END = "$END"

PADDING = 4
"""A list of tokens ends with so many END tokens: the look-ahead may look beyond the first one."""

_VERBATIM_TEXT = re.compile(r'(?:[^"{}]|""|\{\{|\}\})*')
_REGULAR_TEXT = re.compile(r'(?:[^"{}\\\r\n]|\\[^\r\n{}]|\{\{|\}\})*')
_VERBATIM_FORMAT = re.compile(r'(?:[^"{}]|""|\{\{)*')
_REGULAR_FORMAT = re.compile(r'(?:[^"{}\\\r\n]|\\[^\r\n{}]|\{\{)*')
"""The first brace ends a format: `$"{{{1:D2}}}"` is `{01}`."""

_OPENING = frozenset({"LPAR", "LSQB", "LBRACE"})
_CLOSING = frozenset({"RPAR", "RSQB", "RBRACE"})


class Tokens:
    """The tokens of a text as parallel lists, with END at the end of the text."""

    __slots__ = ("ends", "kinds", "starts", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.kinds: list[str] = []
        self.starts: list[int] = []
        self.ends: list[int] = []

    def add(self, kind: str, start: int, end: int) -> None:
        self.kinds.append(kind)
        self.starts.append(start)
        self.ends.append(end)

    def close(self, position: int) -> None:
        """End the list: no token comes after `position`."""
        for _ in range(PADDING):
            self.add(END, position, position)

    def span(self, first: int, last: int | None = None) -> tuple[int, int]:
        return self.starts[first], self.ends[first if last is None else last]

    def spelling(self, index: int) -> str:
        return self.text[self.starts[index] : self.ends[index]]


class _Hole:
    """An interpolation that is being read: the mode of its string, and the brackets open inside the hole.

    `one_line`: its string, or one around it, is not verbatim, so that no line may end in the hole.
    """

    __slots__ = ("depth", "one_line", "start", "string_start", "verbatim")

    def __init__(self, string_start: int, start: int, verbatim: bool, one_line: bool) -> None:
        self.string_start = string_start
        self.start = start
        self.verbatim = verbatim
        self.one_line = one_line
        self.depth = 0


@cache
def _scanners() -> tuple[re.Pattern[str], re.Pattern[str], dict[str, str], dict[str, str]]:
    stored = tables.load()
    return re.compile(stored["pattern"]), re.compile(stored["blanks"]), stored["words"], stored["punctuation"]


def tokenize(text: str, position: int) -> tuple[Tokens, DiagnosticInfo | None]:
    """The tokens of `text` from `position` on, up to the first place that is none, which comes back as a error."""
    master, blanks, words, punctuation = _scanners()
    match = master.match
    tokens = Tokens(text)
    kinds, starts, ends = tokens.kinds.append, tokens.starts.append, tokens.ends.append
    holes: list[_Hole] = []
    directives: Directives | None = None
    length = len(text)
    while True:
        matched = match(text, position)
        if holes and holes[-1].one_line:
            error = _second_line(text, position, matched.end() if matched is not None else length, holes[-1])
            if error is not None:
                tokens.close(length)
                return tokens, error
        if matched is None:
            place = _end(blanks, text, position)
            error = None
            if text.startswith("#", place) and not holes:
                directives = directives or Directives(text)
                position, error = directives.skip(place)
                if error is None:
                    continue
            if place < length:
                error = error or lexical_error(text, place)
            elif directives is not None and (error := directives.unclosed()) is not None:
                pass
            elif not holes:
                _close_in_comment(tokens, position)
            if holes and (error is None or error.code in UNCLOSED):
                error = _unclosed(holes[-1])
            tokens.close(place)
            return tokens, error
        kind = matched.lastgroup
        start, position = matched.span(kind)  # type: ignore[arg-type]
        if kind == "NAME":
            kind = words.get(text[start:position], kind)
        elif kind == "PUNCTUATION" or kind == "PUNCTUATION_":
            kind = punctuation[text[start:position]]
            if holes and (kind == "COLON" or kind in _OPENING or kind in _CLOSING):
                hole = holes[-1]
                if kind in _OPENING:
                    hole.depth += 1
                elif hole.depth:
                    hole.depth -= kind in _CLOSING
                elif kind == "COLON" or kind == "RBRACE":
                    place = _leave_hole(tokens, holes, kind, start)
                    if place < 0:
                        tokens.close(length)
                        return tokens, _unclosed(hole)
                    error, position = _read_text(tokens, holes, place, hole.string_start, hole.verbatim)
                    if error is not None:
                        tokens.close(length)
                        return tokens, error
                    continue
        elif kind == "INTERPOLATED_START":
            tokens.add(kind, start, position)
            verbatim = position - start == 3
            error, position = _read_text(tokens, holes, position, start, verbatim)
            if error is None and text.startswith("@$", start):
                message = "the order '@$' of an interpolated verbatim string is newer than C# 7.3"
                error = DiagnosticInfo("CS8401", message, start, start + 3, help='Write $@" instead of @$".')
            if error is not None:
                tokens.close(length)
                return tokens, error
            continue
        kinds(kind)  # type: ignore[arg-type]
        starts(start)
        ends(position)


def _end(pattern: re.Pattern[str], text: str, start: int, end: int = sys.maxsize) -> int:
    found = pattern.match(text, start, end)
    return found.end() if found is not None else start


def _leave_hole(tokens: Tokens, holes: list[_Hole], kind: str, start: int) -> int:
    """Leave a hole at the colon or brace after its expression; return where the string continues, or -1."""
    hole = holes.pop()
    if kind == "COLON":
        pattern = _VERBATIM_FORMAT if hole.verbatim else _REGULAR_FORMAT
        end = _end(pattern, tokens.text, start + 1)
        if not tokens.text.startswith("}", end):
            return -1
        tokens.add("INTERPOLATION_FORMAT", start + 1, end)
        start = end
    tokens.add("_INTERPOLATION_RBRACE", start, start + 1)
    return start + 1


def _read_text(
    tokens: Tokens, holes: list[_Hole], position: int, string_start: int, verbatim: bool
) -> tuple[DiagnosticInfo | None, int]:
    """Return the text of an interpolated string up to its next hole, which is opened, or up to its end."""
    text = tokens.text
    end = _end(_VERBATIM_TEXT if verbatim else _REGULAR_TEXT, text, position)
    if end > position:
        tokens.add("INTERPOLATED_TEXT", position, end)
    following = text[end : end + 1]
    if following == '"':
        tokens.add("_INTERPOLATED_END", end, end + 1)
        return None, end + 1
    if following == "{":
        tokens.add("_INTERPOLATION_LBRACE", end, end + 1)
        holes.append(_Hole(string_start, end, verbatim, not verbatim or (bool(holes) and holes[-1].one_line)))
        return None, end + 1
    if following == "}":
        message, help = "a '}' in an interpolated string must be doubled", "Write }} for one closing brace."
        return DiagnosticInfo("CS8086", message, end, end + 1, help=help), end
    if following == "\\":
        return DiagnosticInfo("CS1009", "unrecognized escape sequence", end, min(end + 2, len(text))), end
    code = "CS1039" if verbatim or not following else "CS1010"
    return DiagnosticInfo(code, "the string is not closed", string_start, end, help='Add the closing quote (").'), end


@cache  # needed by multi-line code in interpolated strings alone
def _line_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    line_end = r"\r\n\x85\u2028\u2029"
    return re.compile(rf"(?:[^\S{line_end}]|/\*[^{line_end}]*?\*/)*"), re.compile(f"[{line_end}]")


def _second_line(text: str, start: int, end: int, hole: _Hole) -> DiagnosticInfo | None:
    """The error when blanks in a hole, or the token after them, leave the line of a string that is not verbatim."""
    blanks, line_end = _line_patterns()
    place = _end(blanks, text, start, end)
    if text.startswith("//", place, end):
        message = "a '//' comment can't be used in an interpolated string"
        return DiagnosticInfo("CS8077", message, place, place + 2, help="Remove the comment, or write /* … */.")
    if line_end.search(text, place, end):
        return _unclosed(hole, 'Write the expression on one line, or start the string with $@".')
    return None


def _close_in_comment(tokens: Tokens, position: int) -> None:
    """Take the last bracket of `@{ return 1; // }`, which ends the expression although it is in a comment."""
    text = tokens.text.rstrip()
    last = {"@{": "RBRACE", "@(": "RPAR"}.get(text[:2])
    if last is None or position >= len(text) or text[-1] != ("}" if last == "RBRACE" else ")"):
        return
    opened = sum((kind in _OPENING) - (kind in _CLOSING) for kind in tokens.kinds)
    if opened == 1:
        tokens.add(last, len(text) - 1, len(text))


def _unclosed(
    hole: _Hole, help: str = "Close the expression with }, or write {{ for one opening brace."
) -> DiagnosticInfo:
    """The compiler reports an open hole at the quote of its string."""
    return DiagnosticInfo(
        "CS8076", "the '{' in the interpolated string is not closed", hole.start - 1, hole.start + 1, help=help
    )
