"""`apimpolicy new test PATH` and `apimpolicy new config PATH`: first test files, or a configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from apimpolicy.checkout import open_bytes
from apimpolicy.cli import commands
from apimpolicy.cli.commands import WithHelp, lists_stand_ins, reads_services_once, selects_service
from apimpolicy.cli.new_tests import Written, write_tests
from apimpolicy.cli.program import say
from apimpolicy.cli.written_files import ensure_new, write_text
from apimpolicy.errors import ConfigurationError
from apimpolicy.report.columns import counted
from apimpolicy.text.secrets import requests_are_invented, without_secrets

if TYPE_CHECKING:
    from apimpolicy.testing.first_cases import FirstCases


@click.command("new", cls=WithHelp)
@click.argument("what", type=click.Choice(["test", "config"]))
@click.argument("policy", metavar="PATH")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="The output file; default POLICY.test.yaml beside the policy, or apimpolicy.toml. - prints it.",
)
@click.option("--from-trace", metavar="FILE", help="Make a case from a trace of the API inspector.")
@click.option(
    "--seconds", type=click.FloatRange(0.1), metavar="N", help="Time limit of the search for each policy or API."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=min(os.cpu_count() or 1, 64),
    help="Number of processes; default one for each processor.",
)
@click.option("--with-errors", is_flag=True, help="Keep cases in which the policy fails with 500.")
@selects_service
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
@lists_stand_ins
@reads_services_once
def command(
    what: str,
    policy: str,
    output: str | None,
    from_trace: str | None,
    seconds: float | None,
    jobs: int,
    with_errors: bool,
    force: bool,
) -> int:
    """Write first tests with a case per branch, or a configuration with stand-ins.

    `new test PATH` writes a test file for a policy, or for a folder: for each API of a service (an extract, Terraform,
    Bicep) in PATH/tests, and beside each other policy. It expects what the policies do today: check that it is what
    should happen. Branches without a request are listed at the end.

    `new config PATH` writes apimpolicy.toml with a value for everything that PATH uses and doesn't contain: secrets,
    identities, certificates, backends, fragments, keys of identity providers. Commands use the same values without it.

    With --from-trace, the case has the request and the backend responses that a real gateway recorded, and expects its
    response. The first step where the simulator takes another path is printed.

    \b
    Examples:
      apimpolicy new test policies/orders.xml
      apimpolicy new test infra
      apimpolicy new test policies/orders.xml -o -
      apimpolicy new test policies/orders.xml --from-trace trace.json
      apimpolicy new config extracted
    """
    if what == "config":
        if from_trace is not None:
            raise click.UsageError("--from-trace makes a test: apimpolicy new test")

        return write_configuration(policy, output, force=force)
    if os.path.isdir(policy):
        if from_trace is not None or output is not None:
            raise click.UsageError("a folder gets a file beside each policy: neither -o nor --from-trace goes with it")
        return write_tests(policy, seconds=seconds, jobs=jobs, with_errors=with_errors, force=force)
    path = output or f"{os.path.splitext(policy)[0]}.test.yaml"
    ensure_new(path, force=force)
    place = policy if path == "-" else path
    if from_trace is None:
        tests = _searched(policy, place, seconds, with_errors=with_errors)
    else:
        from apimpolicy.testing.recorded_traces import recorded_case

        tests = recorded_case(policy, from_trace, place)
    return _write(tests, policy, path, has_search=from_trace is None)


def _searched(policy: str, place: str, seconds: float | None, *, with_errors: bool) -> FirstCases:
    from apimpolicy.testing.solved_cases import find_cases

    requests_are_invented()
    announce_search(policy)
    return find_cases(policy, place, seconds, with_errors=with_errors)


def _write(made: FirstCases, policy: str, path: str, *, has_search: bool) -> int:
    """Write or print the test file, and return the exit code."""
    if path == "-":
        print(made.text, end="")
        return commands.CLEAN
    write_text(path, without_secrets(made.text))
    missing = len(made.missing) if has_search else 0
    say(Written(policy, path, made.count, missing, dropped=len(made.dropped)).line)
    if made.difference:
        say(f"the simulator takes another path: {made.difference}")
    return commands.CLEAN


# Messages of `new test` before it searches for cases


def announce_search(policy: str) -> None:
    """Print on stderr what limits the search, if anything does."""
    from apimpolicy.testing.solved_cases import has_solver

    if not has_solver():
        say("without a solver, no branch is proven to be out of reach: pip install 'apimpolicy[prove]'")
    from apimpolicy.reasoning.scenarios.scenario import Bounds

    most = Bounds().decisions
    if (count := _conditions(policy)) > most:
        say(f"{policy} has {count:,} conditions, and a search follows at most {most:,}: it may find no request")


def _conditions(path: str) -> int:
    """Return about how many conditions a policy has."""
    try:
        with open_bytes(path) as file:
            return file.read().count(b"condition=")
    except OSError:
        return 0


# `apimpolicy new config PATH`: a configuration with a value for all that a service, or a policy, misses

_NAME = "apimpolicy.toml"
_HEAD = """# Values for what {path} uses and doesn't contain; each comment says what a value stands for.
# Replace them where requests or tests depend on them, and keep real secrets out of files that are committed.
"""


def write_configuration(path: str, output: str | None, *, force: bool) -> int:
    """Write the configuration beside the path, or to `output`. Raises ConfigurationError."""
    from apimpolicy.project.configuration import empty_configuration
    from apimpolicy.project.service.leniency import lenient
    from apimpolicy.report.stand_in_text import problem_text, toml_of

    if not os.path.exists(path):
        raise ConfigurationError(f"there is no file or folder {path}")
    is_folder = os.path.isdir(path)
    place = output or _place(path)
    ensure_new(place, force=force)
    with lenient() as missing:
        configuration = empty_configuration()
        configuration.gateway(path) if is_folder else configuration.gateway(policies=[Path(path)])
    for problem in missing.problems:
        say(problem_text(problem))
    directory = os.path.dirname(os.path.abspath(place)) if place != "-" else os.getcwd()
    relative = os.path.relpath(path, directory).replace(os.sep, "/")
    text = _HEAD.format(path=relative if relative != "." else "this folder")
    text += f'service = "{relative}"\n' if is_folder else ""
    values = toml_of(missing.stand_ins, with_notes=True)
    text += f"\n{values}\n" if values else ""
    if place == "-":
        print(text, end="")
        return commands.CLEAN
    write_text(place, text)
    say(f"wrote {place}: {counted(len(missing.stand_ins), 'value')}")
    return commands.CLEAN


def _place(path: str) -> str:
    """Return the current folder if it contains the path, so that commands find the file; else the path's folder."""
    if not os.path.relpath(path).startswith(os.pardir):
        return _NAME
    return os.path.join(path if os.path.isdir(path) else os.path.dirname(path), _NAME)
