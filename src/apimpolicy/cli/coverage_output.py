"""Coverage output of `apimpolicy test`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.report.columns import printable
from apimpolicy.report.coverage_data import coverage_line, coverage_table, merged, missing_lines, percent
from apimpolicy.report.coverage_files import check_name, write_coverage

if TYPE_CHECKING:
    from apimpolicy.report.columns import Style
    from apimpolicy.report.coverage_data import CoverageReport


class CoverageOutput:
    """The files to write, and what has to be covered. Raises ConfigurationError for a name without a format."""

    def __init__(self, files: Sequence[str], fail_under: float | None) -> None:
        for path in files:
            check_name(path)
        self.files = files
        self.fail_under = fail_under

    def show(self, line: str, reports: Sequence[CoverageReport], paths: Sequence[str], style: Style) -> bool:
        """Print coverage behind the line of the summary, and write the files; whether enough is covered.

        Policy files below `paths` that no case has loaded count as unreached, and are named once.
        """
        from apimpolicy.testing.coverage.untested import with_untested

        report, untested = with_untested(merged(reports), paths)
        print(f"\n{line}     {coverage_line(report)}")
        for missing in missing_lines(report, style, without=untested):
            print(f"  {missing}")
        if len(report.files) > 1:
            print(f"\n{coverage_table(report, style)}")
        if untested:
            print("\n" + style.fit(f"no test case uses {', '.join(map(printable, untested))}"))
        for path in self.files:
            write_coverage(report, path)
        return self._is_enough(report, style)

    def _is_enough(self, report: CoverageReport, style: Style) -> bool:
        if self.fail_under is None or (report.percent or 0) >= self.fail_under:
            return True
        print(style.paint("error", f"\ncoverage is {percent(report.percent)}, less than {self.fail_under:g} %"))
        return False
