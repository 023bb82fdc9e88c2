"""Coverage as people read it in a terminal: one line, a table, and what is missing.

coverage: policies 9/9, branches 5/6, conditions 10/12

file          policies  branches  conditions      %
orders.xml         9/9       5/6       10/12   89 %

orders.xml:12  `context.Request.Certificate == null` was never true
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from apimpolicy.report.columns import clip, printable, width
from apimpolicy.report.coverage_data import KINDS, PLURALS
from apimpolicy.report.style import PLAIN

if TYPE_CHECKING:
    from apimpolicy.report.coverage_data import CoverageReport, FileCoverage
    from apimpolicy.report.style import Style

MOST_CODE = 100
"""Columns of a condition's code in a line about it."""


def coverage_line(report: CoverageReport) -> str:
    """`coverage: policies 9/9, branches 5/6, conditions 10/12`"""
    return "coverage: " + ", ".join(f"{PLURALS[kind]} {report.count(kind)}" for kind in KINDS)


def coverage_table(report: CoverageReport, style: Style = PLAIN) -> str:
    """Return a line per file, and their total when there are several."""
    heads = ["file", *(PLURALS[kind] for kind in KINDS), "%"]
    rows = [[printable(file.shown_path), *_counts(file), percent(file.percent)] for file in report.files]
    if len(rows) > 1:
        rows.append(["total", *_counts(report), percent(report.percent)])
    widths = [max(width(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    lines = [style.paint("dim", _row(heads, widths))]
    lines += [
        style.paint("good", line) if line.endswith(" 100 %") else line for line in (_row(row, widths) for row in rows)
    ]
    return "\n".join(lines)


def missing_lines(report: CoverageReport, style: Style = PLAIN, most: int | None = None) -> list[str]:
    """Return the gaps, one per line, up to a maximum, then the number of others."""
    found = [(file, place) for file in report.files for place in file.missing()]
    shown = found if most is None or len(found) <= most + 1 else found[:most]
    lines = [
        style.fit(
            f"{style.paint('strong', f'{printable(file.shown_path)}:{place.line}')}  {_sentence(place.sentence())}"
        )
        for file, place in shown
    ]
    if len(shown) < len(found):
        lines.append(style.paint("dim", f"… {len(found) - len(shown):,} more"))
    return lines


def percent(value: float | None) -> str:
    """`89 %`; only what is complete is 100 %, and of nothing there is no part."""
    return "–" if value is None else f"{math.floor(value)} %"


def _counts(whole: CoverageReport | FileCoverage) -> list[str]:
    return [str(whole.count(kind)) for kind in KINDS]


def _sentence(text: str) -> str:
    code, _, rest = text.rpartition("` was ")
    return f"{clip(code, MOST_CODE)}` was {rest}" if code else printable(text)


def _row(cells: list[str], widths: list[int]) -> str:
    first = cells[0] + " " * (widths[0] - width(cells[0]))
    return "  ".join(
        [first, *(" " * (room - width(cell)) + cell for cell, room in zip(cells[1:], widths[1:], strict=True))]
    )
