"""The layout that `apimpolicy format` writes, from the table `[format]` of the configuration.

[format]
line-length = 120                       # columns of a tag, beyond which each attribute gets a line; 40 to 400
indent-width = 4                        # blanks for each level; 1 to 16
indent-style = "space"                  # or "tab": one for each level, which counts as indent-width columns
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from apimpolicy.project.toml_table import Table

LINE_LENGTHS = range(40, 401)
INDENT_WIDTHS = range(1, 17)
INDENT_STYLES = ("space", "tab")


class LayoutStyle(NamedTuple):
    """The settings of the layout: columns of a line, and those of a level of indentation, which are blanks or a tab."""

    line_length: int = 120
    indent_width: int = 4
    indent_style: str = "space"

    def indent(self, level: int) -> str:
        return self.blank(self.indent_width * level)

    def blank(self, columns: int) -> str:
        """Return white space of so many columns at the beginning of a line."""
        if self.indent_style == "space":
            return " " * columns
        tabs, blanks = divmod(columns, self.indent_width)
        return "\t" * tabs + " " * blanks


def style_of(table: Table | None) -> LayoutStyle:
    """Read a table `[format]`. Raises ConfigurationError."""
    if table is None:
        return LayoutStyle()
    style = LayoutStyle()
    line_length = _within(table, "line-length", LINE_LENGTHS, style.line_length)
    indent_width = _within(table, "indent-width", INDENT_WIDTHS, style.indent_width)
    indent_style = table.take("indent-style", str)
    if indent_style is not None and indent_style not in INDENT_STYLES:
        raise table.mistake(f"must be {' or '.join(map(repr, INDENT_STYLES))}, not '{indent_style}'", "indent-style")
    table.finish()
    return LayoutStyle(line_length, indent_width, indent_style or style.indent_style)


def _within(table: Table, name: str, allowed: range, default: int) -> int:
    value = table.take(name, int)
    if value is None:
        return default
    if value not in allowed:
        raise table.mistake(f"must be a whole number from {allowed[0]} to {allowed[-1]}, not {value}", name)
    return value
