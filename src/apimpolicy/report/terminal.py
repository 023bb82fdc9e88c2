"""Diagnostics for people: `file:line:column: CODE severity: message`, the lines, carets, and what to do.

policies/orders.xml:12:58: CS1061 error: 'X509Certificate2' has no member 'ThumbPrint'
   11 |   <choose>
   12 |     <when condition="@(context.Request.Certificate.ThumbPrint == "{{partner-thumbprint}}")">
      |                                                    ^^^^^^^^^^ did you mean 'Thumbprint'?
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.report.columns import ELLIPSIS, PLAIN, Line, Style, printable, width, wrap
from apimpolicy.text.source import Source

_NARROWEST_LABEL = 24
_MOST_SHOWN = 100
_WIDTHS = 4
"""Of a line that is longer than so many pages are wide only the surroundings of the finding are laid out."""


def render(diagnostic: Diagnostic, style: Style = PLAIN) -> str:
    """Return a diagnostic, without a line end after it."""
    source = diagnostic.source
    line, column = diagnostic.position
    place = style.paint("strong", f"{printable(source.path)}:{line}:{column}:")
    severity = style.paint(diagnostic.severity.value, f"{diagnostic.code} {diagnostic.severity}:")
    lines = [style.fit(f"{place} {severity} {printable(diagnostic.message)}")]
    if source.text:
        lines += _Excerpt(diagnostic, style).lines()
    elif diagnostic.help:
        lines.append(style.fit(f"     = {printable(diagnostic.help)}"))
    return "\n".join(lines)


def render_all(diagnostics: Sequence[Diagnostic], style: Style = PLAIN) -> str:
    """Return diagnostics; of many, the first ones and their number."""
    shown = [render(diagnostic, style) for diagnostic in diagnostics[:_MOST_SHOWN]]
    more = len(diagnostics) - len(shown)
    if more > 0:
        shown.append(f"… and {more:,} more: `apimpolicy check` lists them.")
    return "\n\n".join(shown)


class _Excerpt:
    """The lines of the file around a finding, with carets."""

    def __init__(self, diagnostic: Diagnostic, style: Style) -> None:
        self.diagnostic = diagnostic
        self.style = style
        source = diagnostic.source
        start, end = source.original_span(diagnostic.start, diagnostic.end)
        while source.origin is not None:
            source = source.origin
        self.source: Source = source
        end = max(start, min(end, len(source.text)))
        # White space at the end of a finding is nothing to point at.
        kept = source.text[start:end].rstrip()
        end = start + len(kept) if kept else end
        self.first, self.first_column = source.position(start)
        last, last_column = source.position(end - 1) if end > start else (self.first, self.first_column)
        self.last, self.last_column = last, last_column
        self.is_empty = end == start
        self.gutter = max(len(str(self.last)), 2) + 3

    def lines(self) -> list[str]:
        first, last = self.first, self.last
        lines: list[str] = []
        if first > 1 and (before := self.source.line(first - 1)).strip():
            lines.append(self.numbered(first - 1, self.shown(before, 0, 0)[0]))
        if first == last:
            lines += self.marked(first, self.first_column - 1, self.last_column, self.diagnostic.label)
        else:
            text = self.source.line(first)
            lines += self.marked(first, self.first_column - 1, max(len(text.rstrip()), self.first_column), "")
            if last == first + 2:
                lines.append(self.numbered(first + 1, self.shown(self.source.line(first + 1), 0, 0)[0]))
            elif last > first + 2:
                lines.append(" " * (self.gutter - 1) + self.style.paint("dim", f"… {last - first - 1} lines"))
            text = self.source.line(last)
            begin = len(text) - len(text.lstrip())
            lines += self.marked(last, min(begin, self.last_column - 1), self.last_column, self.diagnostic.label)
        if self.diagnostic.help:
            lead = " " * self.gutter + "= "
            advice = wrap(printable(self.diagnostic.help), self.style.width - len(lead))
            lines += [self.style.paint("dim", lead) + advice[0]]
            lines += [" " * len(lead) + more for more in advice[1:]]
        return lines

    def numbered(self, number: int, text: str) -> str:
        return f"{self.style.paint('dim', f'{number:>{self.gutter}} |')} {text}".rstrip()

    def shown(self, text: str, start: int, end: int) -> tuple[str, int, int]:
        """Return the line as printed, and the first and last column of the carets."""
        text, start, end, is_cut = _neighbourhood(text, start, end, _WIDTHS * self.style.width)
        line = Line(text)
        available = self.style.width - self.gutter - 3
        window, cut = line.window(available, start, end)
        if is_cut and not window.startswith(ELLIPSIS):
            window, cut = ELLIPSIS + window, cut - 1
        first = line.column(start) - cut
        last = min(line.column(end) - cut, width(window))
        return window, first, max(last, first)

    def marked(self, number: int, start: int, end: int, label: str) -> list[str]:
        window, first, last = self.shown(self.source.line(number), start, end)
        lines = [self.numbered(number, window)]
        carets = "^" * max(last - first, 1)
        bar = " " * self.gutter + " |"
        lead = " " * first + carets
        severity = self.diagnostic.severity.value
        painted = f"{self.style.paint('dim', bar)} {' ' * first}{self.style.paint(severity, carets)}"
        label = printable(label)
        if not label:
            return [*lines, painted]
        room = self.style.width - self.gutter - 4 - len(lead)
        if width(label) > room and (room < _NARROWEST_LABEL or 2 * width(label) > 3 * room):
            indent = min(first, max(self.style.width - self.gutter - 3 - width(label), 0))
            words = wrap(label, self.style.width - self.gutter - 3 - indent)
            lines.append(painted)
        else:
            words = wrap(label, room)
            lines.append(f"{painted} {self.style.paint(severity, words.pop(0))}")
            indent = len(lead) + 1
        bar = self.style.paint("dim", bar)
        return lines + [f"{bar} {' ' * indent}{self.style.paint(severity, more)}" for more in words]


def _neighbourhood(text: str, start: int, end: int, length: int) -> tuple[str, int, int, bool]:
    """Return a piece of an overlong line that holds the finding's beginning; whether its beginning was cut off."""
    if len(text) <= length:
        return text, start, end, False
    begin = max(0, start - length // 2)
    piece = text[begin : begin + length]
    return piece, start - begin, min(end - begin, len(piece)), begin > 0


class FilePlace(NamedTuple):
    """A span of a file."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int


def place_in_file(diagnostic: Diagnostic) -> FilePlace:
    source = diagnostic.source
    line, column = diagnostic.position
    _, end = source.original_span(diagnostic.start, diagnostic.end)
    while source.origin is not None:
        source = source.origin
    end_line, end_column = source.position(min(end, len(source.text)))
    return FilePlace(source.path, line, column, end_line, end_column)


def path_from_here(path: str) -> str:
    """Return a path relative to the working directory, when it is below: as every report shows paths."""
    relative = os.path.relpath(path) if path else path
    return path if relative.split(os.sep)[0] == os.pardir else relative


def short_path(path: str) -> str:
    """Return the name of a file; in the layout of APIOps, where all have the same name, its path in the layout."""
    name = os.path.basename(path)
    if name.lower() != "policy.xml":
        return name
    from apimpolicy.project.layout import place_of

    root = place_of(path).root
    return name if root is None else os.path.relpath(os.path.abspath(path), root).replace(os.sep, "/")
