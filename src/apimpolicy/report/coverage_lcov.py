"""Coverage in LCOV's format, which editors and code forges read.

A record per policy file: `DA` for each line on which something begins, with the number of tests that came by, and
`BRDA` for each outcome of a branch or condition. Format: https://github.com/linux-test-project/lcov/blob/master/man/geninfo.1
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.coverage_lines import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.report.coverage_data import CoverageReport, FileCoverage


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
