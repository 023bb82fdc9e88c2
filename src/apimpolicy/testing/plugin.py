"""The pytest plugin: the fixtures `apim` and `authority`, and test files (`*.test.yaml`) as tests.

    @pytest.mark.apim(negotiate_client_certificate=True)      settings of Gateway for one test, or for a class
    @pytest.mark.parametrize("apim", [{…}, {…}], indirect=True)   the same test with several gateways

    pytest --apim-cov                                         what of the policies the tests reached (testing/coverage)

When a test fails, its last request's way through the policies is shown with it, and a policy that does not compile with
the place of its mistake; frames of this library are left out of tracebacks (`--full-trace` shows them). A file is a
test file when its name fits `apim_test_files` (pytest.ini) and it names a policy or a service: others are left alone.
Nothing heavy is imported until a test needs it.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.errors import ApimPolicyError, DiagnosticError

if TYPE_CHECKING:
    from pathlib import Path

    from apimpolicy.report.columns import Style
    from apimpolicy.testing.apim import Apim
    from apimpolicy.testing.authority import TestAuthority
    from apimpolicy.testing.case_files import Case
    from apimpolicy.testing.running import CaseOutcome


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Add the option for test files, and those for coverage."""
    _keep_as_compiled(pluginmanager)
    parser.addini(
        "apim_test_files",
        "names of test files of policies; empty to collect none",
        type="args",
        default=["*.test.yaml", "*.test.yml", "*.test.toml", "*.test.json"],
    )
    group = parser.getgroup("apimpolicy", "tests of Azure API Management policies")
    group.addoption(
        "--apim-cov", action="store_true", help="say which policies, branches and conditions no test reached"
    )
    group.addoption(
        "--apim-cov-report",
        action="append",
        default=[],
        metavar="FILE",
        help="write it too: .html, .json, .xml (Cobertura) or .info (LCOV)",
    )
    group.addoption("--apim-cov-fail-under", type=float, metavar="PERCENT", help="fail when less than this is covered")


def _keep_as_compiled(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let Python load this package as it is: pytest would rewrite the assertions of all modules of a plugin's package,
    which takes seconds where no byte code is written, and this package has none to show.
    """
    hook: Any = getattr(pluginmanager, "rewrite_hook", None)
    marked: object = getattr(hook, "_must_rewrite", None)
    if isinstance(marked, set):
        marked.discard("apimpolicy")
        getattr(hook, "_marked_for_rewrite_cache", {}).clear()


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and collect coverage if the options say so."""
    config.addinivalue_line("markers", "apim(**settings): settings of the simulated gateway, by the names of Gateway")
    options = config.option
    if options.apim_cov or options.apim_cov_report or options.apim_cov_fail_under is not None:
        from apimpolicy.testing.coverage.pytest_coverage import CoveragePlugin

        config.pluginmanager.register(CoveragePlugin(config), "apimpolicy-coverage")


@pytest.fixture
def apim(request: pytest.FixtureRequest) -> Apim:
    """A simulated API Management service for this test (`apimpolicy.testing.apim`)."""
    from apimpolicy.testing.apim import Apim

    settings: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("apim"))):
        settings.update(mark.kwargs)
    settings.update(getattr(request, "param", None) or {})
    made = Apim(request.path.parent, settings.pop("config", None), **settings)
    request.node.stash[_APIM] = made
    return made


@pytest.fixture(scope="session")
def authority() -> TestAuthority:
    """A certificate authority: `authority.client("partner")` (`apimpolicy.testing.authority`)."""
    from apimpolicy.testing.authority import TestAuthority

    return TestAuthority()


_APIM = pytest.StashKey["Apim"]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the last request's way with a test that failed, and where a policy does not compile."""
    error = call.excinfo
    if error is not None and not item.config.option.fulltrace:
        call.excinfo = _without_the_library(error)
    report = yield
    if not report.failed or error is None:
        return report
    from apimpolicy.report.columns import on_page

    apim = item.stash.get(_APIM, None)
    style = _page_of(item.config)
    if isinstance(error.value, DiagnosticError):
        from apimpolicy.report.terminal import render_all

        report.sections.append(("the policy does not compile", render_all(error.value.diagnostics, style)))
    elif report.when == "call" and apim is not None and apim.results:
        with on_page(style):
            report.sections.append(("apim, the last request", apim.results[-1].explanation))
    return report


def _page_of(config: pytest.Config) -> Style:
    """Return the page that pytest writes on; only a terminal, or `COLUMNS`, gives it an edge."""
    from apimpolicy.report.columns import Style, page

    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not reporter.isatty:
        return page()
    return Style(width=config.get_terminal_writer().fullwidth, is_terminal=True)


def _without_the_library(error: pytest.ExceptionInfo[BaseException]) -> pytest.ExceptionInfo[BaseException]:
    """Return the error with a traceback that ends in the test: frames of this library mean nothing to its author.

    An error that is a mistake of the library keeps them.
    """
    from os.path import dirname
    from types import TracebackType

    ours = dirname(dirname(__file__))
    frames: list[TracebackType] = []
    at: TracebackType | None = error.tb
    while at is not None:
        frames.append(at)
        at = at.tb_next
    kept = [frame for frame in frames if not frame.tb_frame.f_code.co_filename.startswith(ours)]
    is_our_mistake = frames[-1] not in kept and not isinstance(error.value, ApimPolicyError)
    if len(kept) == len(frames) or not kept or is_our_mistake:
        return error
    shortened: TracebackType | None = None
    for frame in reversed(kept):
        shortened = TracebackType(shortened, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return pytest.ExceptionInfo.from_exception(error.value.with_traceback(shortened))


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Test files are collected like modules."""
    from fnmatch import fnmatch

    if not any(fnmatch(file_path.name, pattern) for pattern in parent.config.getini("apim_test_files")):
        return None
    from apimpolicy.testing.test_file_search import is_about_policies

    if not is_about_policies(str(file_path)):
        return None
    found: pytest.Collector = CaseFileCollector.from_parent(parent, path=file_path)
    return found


class CaseFileCollector(pytest.File):
    """A test file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its cases. Raises CollectError with the places of mistakes."""
        from apimpolicy.report.columns import printable
        from apimpolicy.report.log_commands import without_log_commands
        from apimpolicy.testing.case_files import load_case_file
        from apimpolicy.testing.tree import problem_in_words

        try:
            file = load_case_file(str(self.path))
        except ApimPolicyError as error:
            text = problem_in_words(error, _page_of(self.config))
            raise self.CollectError(
                without_log_commands(text) if isinstance(error, DiagnosticError) else text
            ) from None
        for case in file.cases:
            yield CaseItem.from_parent(self, name=without_log_commands(printable(case.name)), case=case)


class CaseFailedError(Exception):
    """A case that did not pass."""

    def __init__(self, outcome: CaseOutcome) -> None:
        super().__init__("; ".join(outcome.sentences) or outcome.problem)
        self.outcome = outcome


class CaseItem(pytest.Item):
    """A case of a test file."""

    def __init__(self, *, case: Case, **options: Any) -> None:
        super().__init__(**options)
        self.case = case

    def runtest(self) -> None:
        """Run the case. Raises CaseFailedError."""
        from apimpolicy.testing.running import run_case

        outcome = run_case(self.case)
        if outcome.status == "skipped":
            pytest.skip(outcome.problem)
        if not outcome.is_good:
            raise CaseFailedError(outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, CaseFailedError):
            from apimpolicy.report.columns import on_page
            from apimpolicy.report.log_commands import without_log_commands
            from apimpolicy.report.test_results import failure

            page = _page_of(self.config)
            with on_page(page, indent=2):
                return without_log_commands(failure(excinfo.value.outcome.report(), page))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.case.line - 1, self.name
