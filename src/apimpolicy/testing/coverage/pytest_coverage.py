"""Coverage of policies in pytest: `--apim-cov`. Workers of pytest-xdist send coverage to their parent."""

from __future__ import annotations

import pickle
from collections.abc import Generator
from typing import Any

import pytest

from apimpolicy.errors import ConfigurationError
from apimpolicy.report.columns import printable
from apimpolicy.report.coverage_data import CoverageReport, coverage_line, coverage_table, missing_lines, percent
from apimpolicy.report.coverage_files import check_name, write_coverage
from apimpolicy.testing.coverage.collector import PolicyCoverage
from apimpolicy.testing.coverage.untested import with_untested

_OUTPUT = "apimpolicy_coverage"


class CoveragePlugin:
    """Collects coverage while tests run, and reports it at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.collector = PolicyCoverage()
        self.report: CoverageReport | None = None
        self.untested: list[str] = []
        self.problem = ""
        self.files: list[str] = config.option.apim_cov_report
        self.fail_under: float | None = config.option.apim_cov_fail_under
        try:
            for path in self.files:
                check_name(path)
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        with self.collector, self.collector.test(item.nodeid):
            return (yield)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over the results of a pytest-xdist worker; otherwise write the files."""
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = pickle.dumps(self.collector.report())  # workers send only simple values
            return
        self.report, self.untested = with_untested(self.collector.report(), self.config.args)
        try:
            for path in self.files:
                write_coverage(self.report, path)
        except ConfigurationError as error:
            self.problem = str(error)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if self.is_too_little and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        pickled = getattr(node, "workeroutput", {}).get(_OUTPUT)
        if pickled is not None:
            self.collector.add(pickle.loads(pickled))

    @property
    def is_too_little(self) -> bool:
        return self.report is not None and self.fail_under is not None and (self.report.percent or 0) < self.fail_under

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.report is None:
            return
        terminalreporter.section("policies")
        if self.report.files:
            terminalreporter.write_line(coverage_table(self.report))
            terminalreporter.write_line("")
        for line in missing_lines(self.report, without=self.untested):
            terminalreporter.write_line(line)
        if self.untested:
            terminalreporter.write_line(f"no test uses {', '.join(map(printable, self.untested))}")
        terminalreporter.write_line(coverage_line(self.report))
        if self.problem:
            terminalreporter.write_line(self.problem, red=True)
        if self.is_too_little:
            found = f"coverage of policies is {percent(self.report.percent)}, less than {self.fail_under:g} %"
            terminalreporter.write_line(found, red=True)
