"""`apimpolicy new test FOLDER`: a first test file for each API of a service, and for each policy outside of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.cli import commands
from apimpolicy.cli.commands import show_stand_ins
from apimpolicy.cli.program import say
from apimpolicy.cli.written_files import write_text
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.project.environments import find_configuration
from apimpolicy.project.layout import place_of
from apimpolicy.report.columns import counted, first_of
from apimpolicy.testing.test_file_search import find_test_files
from apimpolicy.text.secrets import requests_are_invented, without_secrets

if TYPE_CHECKING:
    from apimpolicy.cli.progress import Progress

SECONDS = 5.0
"""Of searching for one policy of many, or for one API."""


class Written(NamedTuple):
    """A test file with the number of its cases, or why there is none."""

    subject: str
    output: str
    cases: int = 0
    missing: int = 0
    problem: str = ""
    dropped: int = 0

    @property
    def line(self) -> str:
        if self.problem:
            return f"no test file for {self.subject}: {self.problem}"
        branches = "1 branch has" if self.missing == 1 else f"{self.missing} branches have"
        rest = f"; {branches} no case yet" if self.missing else ""
        if self.dropped:
            rest += f"; dropped {counted(self.dropped, 'case')} that the run contradicts"
        return f"wrote {self.output}: {counted(self.cases, 'test case')}{rest}"


def write_tests(folder: str, *, seconds: float | None, jobs: int, with_errors: bool, force: bool) -> int:
    """Write the files, and return the exit code. Raises ConfigurationError when there is nothing to test."""
    from apimpolicy.cli.progress import Progress
    from apimpolicy.gateway.engine.token_issuers import shared_keys

    policies = _policies(folder)
    services = _services(folder, policies)
    done: list[Written] = []
    with shared_keys(), Progress("wrote", 0, "test files") as progress:
        for service in services:
            written_here = _write_service(
                service, policies, progress, seconds, jobs, with_errors=with_errors, force=force
            )
            done += _told(written_here, progress)
        if not services and not policies:
            raise ConfigurationError(f"there are no policies in {folder}")
        files = _write_policies(policies, progress, jobs, seconds, with_errors=with_errors, force=force)
        done += _told(files, progress)
    written = [each for each in done if not each.problem]
    cases = sum(each.cases for each in written)
    dropped = sum(each.dropped for each in done)
    contradicted = f", {dropped:,} dropped" if dropped else ""
    failed = f"; {len(done) - len(written)} could not be written" if len(written) < len(done) else ""
    say(f"{counted(len(written), 'test file')} with {counted(cases, 'case')}{contradicted}{failed}")
    seen = {os.path.normpath(each) for each in find_test_files([folder])}
    if unseen := [each.output for each in written if os.path.normpath(each.output) not in seen]:
        say(f"git ignores {first_of(unseen, 3)}: apimpolicy test runs such files only if it is given their names")
    return commands.CLEAN


def test_file_of(policy: str) -> str:
    return f"{os.path.splitext(policy)[0]}.test.yaml"


def _told(found: Iterator[Written], progress: Progress) -> Iterator[Written]:
    for each in found:
        progress.clear()
        say(each.line)
        progress.advance()
        yield each


def _policies(folder: str) -> list[str]:
    from apimpolicy.project.check_projects import CheckOptions, CheckProjects
    from apimpolicy.project.discovery import ENDINGS, discover

    return [path for path in discover([folder], CheckProjects(CheckOptions())).files if path.endswith(ENDINGS)]


# A service


def _services(folder: str, policies: list[str]) -> list[str]:
    """Return the services in a folder: itself, extracts below it, or the one that its configuration describes."""
    from apimpolicy.project.gateways import require_one
    from apimpolicy.project.service.reading import has_service

    if has_service(folder):
        require_one(folder)
        return [folder]
    roots = {os.path.relpath(root) for each in policies if (root := place_of(each).root) is not None}
    return sorted(roots) or _configured(folder)


def _configured(folder: str) -> list[str]:
    from apimpolicy.project.configuration import load_configuration

    path = find_configuration(folder)
    return [os.path.relpath(path)] if path is not None and load_configuration(path).has_service else []


def _write_service(
    service: str,
    policies: list[str],
    progress: Progress,
    seconds: float | None,
    jobs: int,
    *,
    with_errors: bool,
    force: bool,
) -> Iterator[Written]:
    """Write a file for each API; policies that requests meet are taken from the list. Raises ConfigurationError."""
    from apimpolicy.project.service.concerns import ListConcerns
    from apimpolicy.project.service.leniency import Leniency, lenient
    from apimpolicy.reasoning.scenarios.scenario import Bounds
    from apimpolicy.testing.service_tests import service_tests

    requests_are_invented()
    directory = os.path.join(service if os.path.isdir(service) else os.path.dirname(service), "tests")

    def is_wanted(output: str) -> bool:
        is_new = force or not os.path.exists(output)
        progress.expect(is_new)
        if not is_new:
            progress.clear()
            say(f"{output} already exists; use --force to overwrite it")
        return is_new

    bounds = Bounds(seconds=seconds or SECONDS)
    with lenient(Leniency()) as missing:
        options: dict[str, Any] = {"jobs": jobs, "with_errors": with_errors, "is_wanted": is_wanted}
        for tests in service_tests(service, directory, bounds, **options):
            reached = {os.path.realpath(path) for path in tests.policies}
            policies[:] = [each for each in policies if os.path.realpath(each) not in reached]
            subject = f"the API '{tests.api}'"
            if tests.made is None:
                yield Written(subject, tests.output, problem=tests.problem)
            else:
                problem = _save(tests.output, tests.made.text)
                dropped = len(tests.made.dropped)
                yield Written(subject, tests.output, tests.made.count, len(tests.made.missing), problem, dropped)
        progress.clear()
        show_stand_ins(missing, concerns=ListConcerns())


# Policies


def _write_policies(
    policies: list[str], progress: Progress, jobs: int, seconds: float | None, *, with_errors: bool, force: bool
) -> Iterator[Written]:
    from apimpolicy.project.processes import process_pool

    wanted = [each for each in policies if force or not os.path.exists(test_file_of(each))]
    if len(wanted) < len(policies):
        count = len(policies) - len(wanted)
        say(f"{count} test {'file exists' if count == 1 else 'files exist'} already; use --force to overwrite")
    progress.expect(len(wanted))
    if wanted:
        with process_pool(jobs) as pool:
            yield from pool.map(partial(_write_policy, seconds=seconds or SECONDS, with_errors=with_errors), wanted)


def _write_policy(policy: str, *, seconds: float, with_errors: bool) -> Written:
    """Find cases for a policy and write them; in a process of the pool."""
    from apimpolicy.testing.solved_cases import find_cases

    output = test_file_of(policy)
    requests_are_invented()
    try:
        made = find_cases(policy, output, seconds, with_errors=with_errors)
    except ApimPolicyError as error:
        return Written(policy, output, problem=str(error).splitlines()[0])
    except Exception as error:
        return Written(policy, output, problem=f"internal error in apimpolicy ({type(error).__name__}: {error})")
    if not made.cases:
        return Written(policy, output, problem="every request that was found fails with 500; --with-errors keeps them")
    return Written(policy, output, made.count, len(made.missing), _save(output, made.text), len(made.dropped))


def _save(output: str, text: str) -> str:
    """Write a test file, and return why that failed."""
    try:
        write_text(output, without_secrets(text))
    except ConfigurationError as error:
        return str(error)
    return ""
