"""The layout that `apimpolicy format` writes, from the table `[format]` of the configuration.

[format]
line-length = 120                       # columns of a tag, beyond which each attribute gets a line; 40 to 400
indent-width = 4                        # blanks for each level; 1 to 16
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

LINE_LENGTHS = range(40, 401)
INDENT_WIDTHS = range(1, 17)


class Style(NamedTuple):
    """The settings of the layout: columns of a line, and blanks for each level of indentation."""

    line_length: int = 120
    indent_width: int = 4

    def indent(self, level: int) -> str:
        """Return the white space at the beginning of a line."""
        return " " * (self.indent_width * level)


def style_of(table: Table | None) -> Style:
    """Read a table `[format]`. Raises ConfigurationError."""
    if table is None:
        return Style()
    style = Style()
    line_length = _within(table, "line-length", LINE_LENGTHS, style.line_length)
    indent_width = _within(table, "indent-width", INDENT_WIDTHS, style.indent_width)
    table.finish()
    return Style(line_length, indent_width)


def _within(table: Table, name: str, allowed: range, default: int) -> int:
    value = table.take(name, int)
    if value is None:
        return default
    if value not in allowed:
        raise table.mistake(f"must be a whole number from {allowed[0]} to {allowed[-1]}, not {value}", name)
    return value
