"""The process that runs pytest for mutation: all tests of the unchanged policies first, then those that reach a change.

Such a process imports everything anew, test modules included, so that policies loaded during collection are changed
too. Project options that would distribute tests, write reports or stop early have no effect; test files
(`*.test.yaml`) run without pytest.

What a shared fixture reaches counts for every test that may use it, and what collection reaches counts for all. A test
that fails has noticed the change, unless the exception shows that Azure would refuse the document or that something is
not simulated; so has one that can no longer be set up or collected.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Generator, Iterable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from apimpolicy.checkout import open_bytes, walk
from apimpolicy.errors import ConfigurationError, DiagnosticError, InternalError, NotSimulatedError
from apimpolicy.gateway.engine.document import replace_file
from apimpolicy.testing.coverage import PolicyCoverage
from apimpolicy.testing.test_file_search import is_case_file

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from apimpolicy.report.coverage_data import CoverageReport

WITHOUT_EFFECT: dict[str, Any] = {
    "dist": "no",
    "numprocesses": None,
    "tx": [],
    "xmlpath": None,
    "usepdb": False,
    "apim_cov": False,
    "apim_cov_report": [],
    "apim_cov_fail_under": None,
}
"""Options of pytest, pytest-xdist and apimpolicy that a project may have set, and their values here."""

REFUSALS = (DiagnosticError, ConfigurationError, NotSimulatedError, InternalError)
"""Exceptions that say that a change cannot be judged, not that a test noticed it."""

SETTING_UP = ("conftest.py", "__init__.py")
"""Files that are always read."""

LAST_CHARACTERS = 4000
"""Kept characters of pytest's output."""

RUNNING, FAILED, REFUSED, ENDED = "running", "failed", "refused", "ended"
"""The messages about a mutant: (RUNNING, test), (FAILED, test), (REFUSED, test, problem), (ENDED, exit code)."""


@attrs.frozen
class PytestCommand:
    """A call of pytest: its arguments, the working directory, and a directory for its own files (to be created).

    Unless `all_files` is set, test files that don't mention `apim` are skipped, when no conftest.py above them does.
    """

    arguments: tuple[str, ...]
    directory: str
    scratch: str
    all_files: bool = True


@attrs.frozen
class TestBaseline:
    """The results of pytest with unchanged policies.

    `documents` are path, text and named values of each policy document
    that was loaded, `fragments` the paths of fragments by id; `seconds` and `files` (absolute paths) are by test name;
    `bad` are the tests that did not pass; `problems` are collection errors; `output` is the end of pytest's output.
    """

    code: int
    coverage: CoverageReport
    documents: tuple[tuple[str, str, dict[str, str] | None], ...]
    fragments: dict[str, str]
    seconds: dict[str, float]
    files: dict[str, str]
    bad: tuple[str, ...]
    problems: tuple[str, ...]
    output: str


def run_baseline(command: PytestCommand, connection: Connection) -> None:
    """Run all tests with unchanged policies and send the `Baseline`."""
    with tempfile.TemporaryFile() as file:
        _send_output_to(file.fileno())
        collector = PolicyCoverage()
        looks = _BaselinePlugin(collector, command.all_files)
        with collector:
            code = _pytest(command, looks)
        file.seek(0)
        text = file.read().decode("utf-8", "replace")
    report = collector.report()
    looks.name_tests(report)
    documents = tuple(
        (path, text, None if policy.named_values is None else dict(policy.named_values))
        for (path, text), policy in collector.documents.items()
    )
    files = {item.nodeid: str(item.path) for item in looks.items}
    bad, problems, output = tuple(looks.bad), tuple(looks.problems), text[-LAST_CHARACTERS:].strip()
    found = TestBaseline(code, report, documents, collector.fragments, looks.seconds, files, bad, problems, output)
    connection.send(found)
    connection.close()


def run_change(
    command: PytestCommand, connection: Connection, path: str, data: bytes, tests: Sequence[str], files: Sequence[str]
) -> None:
    """Run some tests, of these files, with `data` in place of a policy file; report what happens."""
    _send_output_to(os.open(os.devnull, os.O_WRONLY))
    with replace_file(path, data):
        code = _pytest(command, _MutantPlugin(connection, frozenset(tests), frozenset(files)))
    connection.send((ENDED, code))
    connection.close()


def _pytest(command: PytestCommand, plugin: _IsolatedPlugin) -> int:
    os.chdir(command.directory)
    sys.path.insert(0, command.directory)
    os.makedirs(command.scratch)
    own = ["--color=no", "--tb=line", f"--basetemp={command.scratch}/t", "-o", f"cache_dir={command.scratch}/c"]
    own += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # pytest is here before it can rewrite our plugin
    if find_spec("pytest_cov") is not None and not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        own.append("--no-cov")
    return int(pytest.main([*command.arguments, *own], plugins=[plugin]))


def _send_output_to(descriptor: int) -> None:
    for number in (1, 2):
        os.dup2(descriptor, number)


class _IsolatedPlugin:
    """A plugin that overrides options of the project."""

    most_failures = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        for name, value in {**WITHOUT_EFFECT, "maxfail": self.most_failures}.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        return True if is_case_file(collection_path.name) else None


class _BaselinePlugin(_IsolatedPlugin):
    """Records what each test reaches, its duration, and failures."""

    def __init__(self, collector: Any, all_files: bool) -> None:
        self.collector = collector
        self.all_files = all_files
        self.seconds: dict[str, float] = {}
        self.bad: dict[str, None] = {}
        self.problems: list[str] = []
        self.users: dict[str, list[str]] = {}
        """By the name under which a fixture's reach is noted: the tests that may use it."""
        self.items: list[pytest.Item] = []

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        if not self.all_files and collection_path.suffix == ".py" and collection_path.name not in SETTING_UP:
            around = (each / "conftest.py" for each in collection_path.parents if each.is_relative_to(config.rootpath))
            if not any(map(mentions_apim_itself, map(str, (collection_path, *around)))):
                return True
        return super().pytest_ignore_collect(collection_path, config)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = list(session.items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        with self.collector.test(item.nodeid):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        name = f"<fixture {fixturedef.argname} of {fixturedef.baseid}>"
        self.users[name] = [
            item.nodeid
            for item in self.items
            if fixturedef.argname in getattr(item, "fixturenames", ()) and item.nodeid.startswith(fixturedef.baseid)
        ]
        with self.collector.test(name):
            return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.bad[report.nodeid] = None

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: Any
    ) -> None:
        if isinstance(report, pytest.CollectReport) and call.excinfo is not None:
            error = call.excinfo.value
            error = error.__cause__ or error  # of a module that cannot be imported, that is why
            self.problems.append(f"{node.nodeid}: {type(error).__name__}: {error}")

    def name_tests(self, report: CoverageReport) -> None:
        users = {**self.users, "": list(self.seconds)}
        for file in report.files:
            for place in file.places:
                for names in (*place.outcomes.values(), place.failed):
                    for name in names.intersection(users):
                        names.remove(name)
                        names.update(test for test in users[name] if test in self.seconds)


class _MutantPlugin(_IsolatedPlugin):
    """Runs the selected tests until one fails."""

    most_failures = 1

    def __init__(self, connection: Connection, tests: frozenset[str], files: frozenset[str]) -> None:
        self.connection = connection
        self.tests = tests
        self.files = files

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        is_needless = collection_path.suffix == ".py" and str(collection_path) not in self.files
        if is_needless and collection_path.name not in SETTING_UP:
            return True
        return super().pytest_ignore_collect(collection_path, config)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self.tests]

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Silence the output, and summaries of plugins, which take longer than a few tests."""
        manager = session.config.pluginmanager
        reporter = manager.get_plugin("terminalreporter")
        if reporter is not None:
            manager.unregister(reporter)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.connection.send((RUNNING, nodeid))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed:
            self.report_failure(item.nodeid, call)
        return report

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: Any
    ) -> None:
        if isinstance(report, pytest.CollectReport):
            self.report_failure(node.nodeid, call)

    def report_failure(self, name: str, call: pytest.CallInfo[Any]) -> None:
        """Report a failure: a test that noticed, or a change that can't be judged."""
        problem = None if call.excinfo is None else _refusal(call.excinfo.value)
        self.connection.send((FAILED, name) if problem is None else (REFUSED, name, problem))


def _refusal(error: BaseException | None) -> str | None:
    """Return why a document is refused or can't be simulated, if that caused an exception."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, REFUSALS):
            return str(error)
        error = error.__cause__ or error.__context__
    return None


# Find the Python tests that concern policies

_NAMES = re.compile(r"(test_.*|.*_test|conftest)\.py")
_WORD = re.compile(rb"\bapim(policy)?\b")
_OTHERS = ("node_modules", "site-packages", "__pycache__")


def is_python_test(path: str) -> bool:
    """Return whether a path names a file of Python tests, or one test in it (`test_a.py::test_b`)."""
    return path.partition("::")[0].endswith(".py")


def mentions_apim(paths: Iterable[str]) -> bool:
    """Return whether a test file or conftest.py among or below `paths` mentions `apim` or `apimpolicy`."""
    for path in paths:
        name = path.partition("::")[0]
        if os.path.isfile(name):
            if name.endswith(".py") and mentions_apim_itself(name):
                return True
            continue
        for directory, folders, names in walk(path):
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith(".")
                and name not in _OTHERS
                and not os.path.exists(os.path.join(directory, name, "pyvenv.cfg"))
            )
            if any(
                _NAMES.fullmatch(name) and mentions_apim_itself(os.path.join(directory, name)) for name in sorted(names)
            ):
                return True
    return False


def has_pytest() -> bool:
    return find_spec("pytest") is not None


def mentions_apim_itself(path: str) -> bool:
    """Return whether a Python file mentions `apim` or `apimpolicy`; False for one that can't be read."""
    try:
        with open_bytes(path) as file:
            return _WORD.search(file.read()) is not None
    except OSError:
        return False
