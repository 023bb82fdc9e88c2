"""Edits of a layout: minimal, and only of the lines that were asked for."""

from __future__ import annotations

import pytest

from apimpolicy.editor.outline import format_edits, indent_new_line
from apimpolicy.project.fixes import apply
from apimpolicy.project.format_settings import LayoutStyle

TEXT = "<inbound>\n<base />\n    <set-method>GET</set-method>\n<set-body>@{\nreturn 1;\n}</set-body>\n</inbound>\n"


@pytest.mark.parametrize(
    ("lines", "changed"),
    [(None, [1, 3, 4, 5]), (range(2), [1]), (range(3, 5), [3, 4]), (range(2, 3), []), (range(99), [1, 3, 4, 5])],
)
def test_edits_of_lines(lines: range | None, changed: list[int]) -> None:
    edits = format_edits(TEXT, "orders.xml", LayoutStyle(), lines=lines)
    assert [TEXT.count("\n", 0, edit.start) for edit in edits] == changed
    whole = apply(TEXT, format_edits(TEXT, "orders.xml", LayoutStyle()))
    assert format_edits(whole, "orders.xml", LayoutStyle()) == []


@pytest.mark.parametrize("text", ["<inbound><base", "no policy", ""])
def test_what_can_not_be_read_is_left_alone(text: str) -> None:
    assert format_edits(text, "orders.xml", LayoutStyle()) == []


@pytest.mark.parametrize(
    ("before", "line", "wanted"),
    [
        ("    <value>@{", "", "        "),
        ("    <value>@{", "}</value>", "    "),
        ("        if (a) {", "", "            "),
        ("        var a = 1;", "", "        "),
        ("        var a = 1;", "        }", "    "),
        ("        return f(", "x);", "            "),
    ],
)
def test_enter_indents_code(before: str, line: str, wanted: str) -> None:
    text = f"{before}\n{line}\n"
    edit = indent_new_line(text, len(before) + 1, 4)
    changed = text if edit is None else apply(text, [edit])
    assert changed.splitlines()[1] == wanted + line.strip()
