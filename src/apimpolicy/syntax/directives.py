"""Lines with `#`, the preprocessor's (C# specification, section 6.5): regions, conditional sections, pragmas."""

from __future__ import annotations

import re

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
        """Return where the text goes on after the `#` at `place`, and an error if it is no directive there."""
        text = self._text
        if text[text.rfind("\n", 0, place) + 1 : place].strip():
            message = "a preprocessor directive must be the first thing on its line"
            return place, DiagnosticInfo("CS1040", message, place, place + 1, help=_HELP)
        found = _DIRECTIVE.match(text, place)
        assert found is not None
        name, end = found[1], found.end()
        condition = found[2].split("//")[0]
        if name in _PASSED_OVER:
            return end, None
        if name in ("region", "if"):
            self._open.append((name, place))
            return self._section(end, condition) if name == "if" else (end, None)
        if name in ("endregion", "endif", "else", "elif"):
            wanted = "region" if name == "endregion" else "if"
            if not self._open or self._open[-1][0] != wanted:
                return place, DiagnosticInfo("CS1028", f"unexpected '#{name}'", place, end, help=_HELP)
            if name.startswith("end"):
                self._open.pop()
                return end, None
            return self._skip_section(end, takes_else=False), None
        if name in ("define", "undef"):
            return place, DiagnosticInfo("CS1032", f"'#{name}' must come before all code", place, end, help=_HELP)
        if name == "error":
            return place, DiagnosticInfo("CS1029", f"#error: {found[2]}", place, end, help=_HELP)
        return place, DiagnosticInfo("CS1024", "this is not a preprocessor directive", place, end, help=_HELP)

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
        """Return where the code goes on after a section that is left out."""
        text, depth = self._text, 0
        while position < len(text):
            line = _LINE.match(text, position)
            assert line is not None
            start = position + len(line[0]) - len(line[0].lstrip(" \t"))
            found = _DIRECTIVE.match(text, start) if text.startswith("#", start) else None
            name = found[1] if found is not None else ""
            if name == "if":
                depth += 1
            elif name == "endif":
                if not depth:
                    return start
                depth -= 1
            elif (
                (not depth and takes_else and found is not None)
                and (name in ("else", "elif"))
                and (name == "else" or _Condition(found[2].split("//")[0]).is_true())
            ):
                return found.end()
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
        """Return the value; raises ValueError."""
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
