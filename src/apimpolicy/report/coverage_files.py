"""Coverage written to files: JSON, LCOV, Cobertura."""

from __future__ import annotations

import os
import posixpath
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import attrs

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import write_whole
from apimpolicy.report.coverage_data import (
    BRANCH,
    CONDITION,
    POLICY,
    Count,
    CoveragePoint,
    CoverageReport,
    FileCoverage,
)
from apimpolicy.report.finding_formats import attribute, text
from apimpolicy.report.log_commands import to_json

if TYPE_CHECKING:
    from apimpolicy.report.outputs.coverage import (
        CoverageData,
        CoverageTotals,
        CoveredFile,
        CoveredOutcomes,
        CoveredPlace,
    )

# Coverage written to files, in the format that a file's name ends with

FORMATS = {".html": "HTML", ".json": "JSON", ".xml": "Cobertura", ".info": "LCOV"}
"""The formats by the endings of names."""


def check_name(path: str) -> None:
    """Raises ConfigurationError when a file's name does not say its format, before tests run for nothing."""
    if _ending(path) not in FORMATS:
        known = ", ".join(f"{ending} ({name})" for ending, name in FORMATS.items())
        raise ConfigurationError(f"{path} does not end in the name of a format; there are {known}")


def write_coverage(report: CoverageReport, path: str) -> None:
    """Write a report. Raises ConfigurationError when the name has no format, or the file cannot be written."""
    check_name(path)
    text = _formatted(report, _ending(path)) + "\n"
    write_whole(path, text.encode("utf-8", "backslashreplace"))


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _formatted(report: CoverageReport, ending: str) -> str:
    if ending == ".html":
        from apimpolicy.report.coverage_html import coverage_to_html

        return coverage_to_html(report)
    if ending == ".json":
        return coverage_to_json(report)
    if ending == ".xml":
        return coverage_to_cobertura(report, os.getcwd(), int(time.time() * 1000))

    return coverage_to_lcov(report)


# As JSON, for programs: totals, files, and every place with the tests that saw each of its outcomes; the schema is
# `apimpolicy/schemas/apimpolicy-coverage.schema.json`.


def coverage_to_json(report: CoverageReport) -> str:
    """Return the whole report, without a line end after it."""
    content: CoverageData = {
        "schema": 1,
        "percent": _rounded(report.percent),
        "totals": _totals(report),
        "tests": report.tests,
        "files": [_file(file) for file in report.files],
    }
    return to_json(content, indent=2, ensure_ascii=False)


def _totals(whole: CoverageReport | FileCoverage) -> CoverageTotals:
    return {
        "policies": _outcomes(whole.count(POLICY)),
        "branches": _outcomes(whole.count(BRANCH)),
        "conditions": _outcomes(whole.count(CONDITION)),
    }


def _outcomes(count: Count) -> CoveredOutcomes:
    return {"covered": count.covered, "total": count.total}


def _file(file: FileCoverage) -> CoveredFile:
    places: list[CoveredPlace] = [
        {
            "kind": place.kind,
            "name": place.name,
            "line": place.line,
            "column": place.column,
            "outcomes": {outcome: sorted(tests) for outcome, tests in place.outcomes.items()},
        }
        for place in sorted(file.places, key=lambda place: (place.start, -place.end))
    ]
    return {"path": file.shown_path, "percent": _rounded(file.percent), "totals": _totals(file), "places": places}


def _rounded(percent: float | None) -> float | None:
    return None if percent is None else round(percent, 2)


# Coverage by lines, for formats that know nothing smaller: what is on a line, and how often tests came by


@attrs.define(eq=False)
class LineCoverage:
    """A line of a policy file on which something begins. `hits` is the number of tests that came by."""

    number: int
    policies: list[CoveragePoint] = attrs.field(factory=list)
    decisions: list[CoveragePoint] = attrs.field(factory=list)
    """The branches and conditions that begin on the line."""

    @property
    def hits(self) -> int:
        return len({test for place in (*self.policies, *self.decisions) for test in place.tests})

    @property
    def covered(self) -> int:
        return sum(len(place.outcomes) - len(place.missing) for place in self.decisions)

    @property
    def total(self) -> int:
        return sum(len(place.outcomes) for place in self.decisions)


def lines_of(file: FileCoverage) -> list[LineCoverage]:
    """Return the lines of a file on which a policy, a branch or a condition begins, in order."""
    lines: dict[int, LineCoverage] = {}
    for place in sorted(file.places, key=lambda place: (place.start, -place.end)):
        line = lines.setdefault(place.line, LineCoverage(place.line))
        (line.policies if place.kind == POLICY else line.decisions).append(place)
    return [lines[number] for number in sorted(lines)]


# Coverage in LCOV's format, which editors and code forges read.
# A record per policy file: `DA` for each line on which something begins, with the number of tests that came by, and
# `BRDA` for each outcome of a branch or condition. Format:
# https://github.com/linux-test-project/lcov/blob/master/man/geninfo.1


def coverage_to_lcov(report: CoverageReport) -> str:
    """Return the whole report, without a line end after it."""
    return "\n".join(line for file in report.files for line in _record(file))


def _record(file: FileCoverage) -> Iterator[str]:
    lines = lines_of(file)
    yield "TN:"
    yield f"SF:{' '.join(file.shown_path.splitlines())}"
    for line in lines:
        for block, place in enumerate(line.decisions):
            for branch, tests in enumerate(place.outcomes.values()):
                # A dash says that the line was not reached at all.
                yield f"BRDA:{line.number},{block},{branch},{len(tests) if place.is_reached else '-'}"
    yield f"BRF:{sum(line.total for line in lines)}"
    yield f"BRH:{sum(line.covered for line in lines)}"
    for line in lines:
        yield f"DA:{line.number},{line.hits}"
    yield f"LF:{len(lines)}"
    yield f"LH:{sum(line.hits > 0 for line in lines)}"
    yield "end_of_record"


# Coverage as Cobertura's XML, which Azure Pipelines, GitLab and Jenkins show beside changed lines.
# A policy file is a class, its directory a package. A line is there when a policy, branch or condition begins on it;
# its `branch-rate` counts the outcomes of branches and conditions. Format:
# https://cobertura.sourceforge.net/xml/coverage-04.dtd


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
