"""What a process does that runs pytest for mutation: first all tests as things are, then those that reach one change.

Everything is imported anew in such a process, test modules included, so that a policy that is loaded while tests are
collected is the changed one too. Options of the project that would spread tests over processes, write reports or stop
early have no effect; test files (`*.test.yaml`) are left out, for they run without pytest.

What a fixture for several tests reaches counts for every test that may use it, and what is reached while tests are
collected counts for all. A test that fails has noticed the change, unless the exception says that Azure would refuse
the document or that something is not simulated; so has one that cannot be set up or collected any more.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import attrs
import pytest

from apimpolicy.errors import ConfigurationError, DiagnosticError, InternalError, NotSimulatedError
from apimpolicy.testing.case_files import is_case_file
from apimpolicy.testing.mutation.pytest_files import says_apim

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
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
"""Options of pytest, pytest-xdist and ours that a project may have set, and what they are here."""

REFUSALS = (DiagnosticError, ConfigurationError, NotSimulatedError, InternalError)
"""Exceptions that say that a change cannot be judged, not that a test noticed it."""

SETTING_UP = ("conftest.py", "__init__.py")
"""Files that are read whatever tests there are."""

LAST_CHARACTERS = 4000
"""How much of pytest's own output is kept for a person to read."""

RUNNING, FAILED, REFUSED, ENDED = "running", "failed", "refused", "ended"
"""What a process says of a mutant: (RUNNING, test), (FAILED, test), (REFUSED, test, problem), (ENDED, exit code)."""


@attrs.frozen
class Orders:
    """How to call pytest: its arguments, the directory to be in, and one for what it writes itself (to be made).

    Without `all_files` a file is passed over that does not mention `apim`, when no conftest.py around it does either.
    """

    arguments: tuple[str, ...]
    directory: str
    scratch: str
    all_files: bool = True


@attrs.frozen
class Found:
    """What pytest found as things are.

    `coverage` is that of `CoverageReport.plain`; `documents` are path, text and named values of each policy document
    that was loaded, `fragments` the paths of fragments by id; `seconds` and `files` (absolute paths) are by the name of
    the test; `bad` are the tests that did not pass; `problems` what could not be collected; `output` is the end of what
    pytest printed.
    """

    code: int
    coverage: dict[str, Any]
    documents: tuple[tuple[str, str, dict[str, str] | None], ...]
    fragments: dict[str, str]
    seconds: dict[str, float]
    files: dict[str, str]
    bad: tuple[str, ...]
    problems: tuple[str, ...]
    output: str


def look(orders: Orders, connection: Connection) -> None:
    """Run all tests as things are and send what was `Found`."""
    import tempfile

    from apimpolicy.testing.coverage import PolicyCoverage

    with tempfile.TemporaryFile() as file:
        _send_output_to(file.fileno())
        collector = PolicyCoverage()
        looks = _Looks(collector, orders.all_files)
        with collector:
            code = _pytest(orders, looks)
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
    found = Found(code, report.plain(), documents, collector.fragments, looks.seconds, files, bad, problems, output)
    connection.send(found)
    connection.close()


def try_change(
    orders: Orders, connection: Connection, path: str, data: bytes, tests: Sequence[str], files: Sequence[str]
) -> None:
    """Run some tests, of these files, with `data` in the place of a policy file; say what happens."""
    from apimpolicy.engine.replaced_files import replace_file

    _send_output_to(os.open(os.devnull, os.O_WRONLY))
    with replace_file(path, data):
        code = _pytest(orders, _Tries(connection, frozenset(tests), frozenset(files)))
    connection.send((ENDED, code))
    connection.close()


def _pytest(orders: Orders, plugin: _Quiet) -> int:
    os.chdir(orders.directory)
    sys.path.insert(0, orders.directory)
    os.makedirs(orders.scratch)
    own = ["--color=no", "--tb=line", f"--basetemp={orders.scratch}/t", "-o", f"cache_dir={orders.scratch}/c"]
    own += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # pytest is here before it can rewrite our plugin
    if find_spec("pytest_cov") is not None and not os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        own.append("--no-cov")
    return int(pytest.main([*orders.arguments, *own], plugins=[plugin]))


def _send_output_to(descriptor: int) -> None:
    for number in (1, 2):
        os.dup2(descriptor, number)


class _Quiet:
    """A plugin without which a project's own options would do what nobody wants here."""

    most_failures = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        for name, value in {**WITHOUT_EFFECT, "maxfail": self.most_failures}.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)

    def pytest_ignore_collect(self, collection_path: Path, config: pytest.Config) -> bool | None:
        return True if is_case_file(collection_path.name) else None


class _Looks(_Quiet):
    """Notes what each test reaches, how long it takes, and which do not pass."""

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
            if not any(map(says_apim, map(str, (collection_path, *around)))):
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
        """Put tests in the place of fixtures, and of what was reached while tests were collected."""
        users = {**self.users, "": list(self.seconds)}
        for file in report.files:
            for place in file.places:
                for names in (*place.outcomes.values(), place.failed):
                    for name in names.intersection(users):
                        names.remove(name)
                        names.update(test for test in users[name] if test in self.seconds)


class _Tries(_Quiet):
    """Runs the tests it is told, until one fails."""

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
        """Nobody reads what is printed, and summaries of plugins take longer than a few tests."""
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
            self.say(item.nodeid, call)
        return report

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[Any], report: Any
    ) -> None:
        if isinstance(report, pytest.CollectReport):
            self.say(node.nodeid, call)

    def say(self, name: str, call: pytest.CallInfo[Any]) -> None:
        """Whether a failure is a test that noticed, or a change that nobody can judge."""
        problem = None if call.excinfo is None else _refusal(call.excinfo.value)
        self.connection.send((FAILED, name) if problem is None else (REFUSED, name, problem))


def _refusal(error: BaseException | None) -> str | None:
    """Why a document is refused, or cannot be simulated, if that is behind an exception."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, REFUSALS):
            return str(error)
        error = error.__cause__ or error.__context__
    return None
