"""Coverage as Cobertura's XML, which Azure Pipelines, GitLab and Jenkins show beside changed lines.

A policy file is a class, its directory a package. A line is there when a policy, branch or condition begins on it; its
`branch-rate` counts the outcomes of branches and conditions. Format: https://cobertura.sourceforge.net/xml/coverage-04.dtd
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from apimpolicy.report.coverage_lines import lines_of
from apimpolicy.report.junit import attribute, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.report.coverage_data import CoverageReport, FileCoverage
    from apimpolicy.report.coverage_lines import LineCoverage


def coverage_to_cobertura(report: CoverageReport, source: str = ".", timestamp: int = 0) -> str:
    """Return the report, without a final line break. Paths are relative to `source`; `timestamp` is in milliseconds."""
    packages: dict[str, list[FileCoverage]] = {}
    for file in report.files:
        packages.setdefault(posixpath.dirname(_path(file)), []).append(file)
    everything = [line for file in report.files for line in lines_of(file)]
    head = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">',
        f'<coverage {_rates(everything)} {_sums(everything)} complexity="0" version="apimpolicy"'
        f' timestamp="{timestamp}">',
        f"  <sources>\n    <source>{text(source)}</source>\n  </sources>",
        "  <packages>",
    ]
    lines: list[str] = []
    for name, files in packages.items():
        inside = [line for file in files for line in lines_of(file)]
        lines.append(f'    <package name={attribute(name or ".")} {_rates(inside)} complexity="0">\n      <classes>')
        for file in files:
            lines += _class(file)
        lines.append("      </classes>\n    </package>")
    return "\n".join([*head, *lines, "  </packages>", "</coverage>"])


def _class(file: FileCoverage) -> Iterable[str]:
    path, found = _path(file), lines_of(file)
    names = f"name={attribute(posixpath.basename(path))} filename={attribute(path)}"
    yield f'        <class {names} {_rates(found)} complexity="0">\n          <methods />\n          <lines>'
    for line in found:
        yield f"            {_line(line)}"
    yield "          </lines>\n        </class>"


def _line(line: LineCoverage) -> str:
    if not line.total:
        return f'<line number="{line.number}" hits="{line.hits}" branch="false" />'
    share = f"{100 * line.covered // line.total}% ({line.covered}/{line.total})"
    return f'<line number="{line.number}" hits="{line.hits}" branch="true" condition-coverage="{share}" />'


def _rates(lines: list[LineCoverage]) -> str:
    hit, covered, total = sum(line.hits > 0 for line in lines), *_decided(lines)
    return f'line-rate="{_rate(hit, len(lines))}" branch-rate="{_rate(covered, total)}"'


def _sums(lines: list[LineCoverage]) -> str:
    hit, covered, total = sum(line.hits > 0 for line in lines), *_decided(lines)
    return f'lines-covered="{hit}" lines-valid="{len(lines)}" branches-covered="{covered}" branches-valid="{total}"'


def _decided(lines: list[LineCoverage]) -> tuple[int, int]:
    return sum(line.covered for line in lines), sum(line.total for line in lines)


def _rate(covered: int, total: int) -> str:
    return f"{covered / total:.4f}" if total else "1.0000"


def _path(file: FileCoverage) -> str:
    return file.shown_path.replace("\\", "/")
