"""`apimpolicy new test FOLDER`: a first test file for each policy of a folder, in two processes."""

from __future__ import annotations

import os
from functools import partial
from typing import NamedTuple

from apimpolicy.cli import exit_codes
from apimpolicy.cli.program import say
from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.text.secrets import without_secrets

SECONDS = 5.0
"""Of searching for one policy of many."""


class Written(NamedTuple):
    """The result for one policy: its test file with the number of cases, or the reason why there is none."""

    policy: str
    output: str
    cases: int = 0
    missing: int = 0
    problem: str = ""


def write_tests(folder: str, *, seconds: float | None, jobs: int, with_errors: bool, force: bool) -> int:
    """Write the files; the exit code. Raises ConfigurationError when there is no policy."""
    from apimpolicy.cli.progress import Progress
    from apimpolicy.project.processes import process_pool

    policies = _policies(folder)
    if not policies:
        raise ConfigurationError(f"there are no policies in {folder}")
    wanted = [each for each in policies if force or not os.path.exists(test_file_of(each))]
    if len(wanted) < len(policies):
        say(f"{len(policies) - len(wanted)} test files already exist; use --force to overwrite them")
    work = partial(_write, seconds=seconds or SECONDS, with_errors=with_errors)
    done: list[Written] = []
    with Progress("wrote", len(wanted), "test files") as progress, process_pool(jobs) as pool:
        for written in pool.map(work, wanted):
            progress.clear()
            say(_line(written))
            progress.advance()
            done.append(written)
    cases, failed = sum(each.cases for each in done), sum(bool(each.problem) for each in done)
    say(f"{len(done) - failed} test files with {cases:,} cases" + (f"; {failed} policies got none" if failed else ""))
    return exit_codes.CLEAN


def test_file_of(policy: str) -> str:
    """Return the path of the test file for a policy."""
    return f"{os.path.splitext(policy)[0]}.test.yaml"


def _policies(folder: str) -> list[str]:
    from apimpolicy.project.check_projects import CheckOptions, CheckProjects
    from apimpolicy.project.discovery import ENDINGS, discover

    return [path for path in discover([folder], CheckProjects(CheckOptions())).files if path.endswith(ENDINGS)]


def _write(policy: str, *, seconds: float, with_errors: bool) -> Written:
    """Find cases for a policy and write them; in a process of the pool."""
    from apimpolicy.testing.case_search import find_cases
    from apimpolicy.text.secrets import requests_are_invented

    output = test_file_of(policy)
    requests_are_invented()
    try:
        made = find_cases(policy, output, seconds, with_errors=with_errors)
        if not made.cases:
            return Written(
                policy, output, problem="every request that was found fails with 500; --with-errors keeps them"
            )
        with open(output, "w", encoding="utf-8") as file:
            file.write(without_secrets(made.text))
    except ApimPolicyError as error:
        return Written(policy, output, problem=str(error).splitlines()[0])
    except OSError as error:
        return Written(policy, output, problem=f"cannot write {output}: {error.strerror or error}")
    except Exception as error:
        return Written(policy, output, problem=f"internal error in apimpolicy ({type(error).__name__}: {error})")
    return Written(policy, output, len(made.cases), len(made.missing))


def _line(written: Written) -> str:
    if written.problem:
        return f"no test file for {written.policy}: {written.problem}"
    cases = f"{written.cases} {'case' if written.cases == 1 else 'cases'}"
    left = f", {written.missing} branches without one" if written.missing else ""
    return f"wrote {written.output}: {cases}{left}"
