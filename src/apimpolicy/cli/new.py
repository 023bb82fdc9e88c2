"""`apimpolicy new test POLICY`: a first test file from a policy."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.commands import WithHelp
from apimpolicy.cli.program import say
from apimpolicy.text.secrets import requests_are_invented, without_secrets

if TYPE_CHECKING:
    from apimpolicy.testing.first_cases import FirstCases


@click.command("new", cls=WithHelp)
@click.argument("what", type=click.Choice(["test"]))
@click.argument("policy", metavar="POLICY")
@click.option("-o", "--output", metavar="FILE", help="Where to write; POLICY.test.yaml beside the policy. - prints it.")
@click.option("--from-trace", metavar="FILE", help="One case from a trace that the gateway recorded (API inspector).")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(what: str, policy: str, output: str | None, from_trace: str | None, force: bool) -> int:
    """Write a first test file for a policy: one case per branch, with a request that reaches it.

    What is expected is what the policy does today: read it, correct it, and give the cases names that say what should
    happen. Branches that no request was found for are listed at the end.

    With --from-trace the case has the request and the backend's answers that a real gateway recorded, and expects what
    the caller got; the first step in which the simulator goes another way is printed.

    \b
    Examples:
      apimpolicy new test policies/orders.xml
      apimpolicy new test policies/orders.xml -o -
      apimpolicy new test policies/orders.xml --from-trace trace.json
    """
    from apimpolicy.errors import ConfigurationError

    path = output or f"{os.path.splitext(policy)[0]}.test.yaml"
    if path != "-" and os.path.exists(path) and not force:
        raise ConfigurationError(f"{path} already exists; use --force to overwrite it")
    if from_trace is not None:
        from apimpolicy.testing.recorded_cases import recorded_case

        made = recorded_case(policy, from_trace, policy if path == "-" else path)
    else:
        requests_are_invented()
        made = _cases(policy, policy if path == "-" else path)
    if path == "-":
        print(made.text, end="")
        return exit_codes.CLEAN
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(without_secrets(made.text))
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from None
    count = f"{len(made.cases)} test {'case' if len(made.cases) == 1 else 'cases'}"
    branches = "1 branch has" if len(made.missing) == 1 else f"{len(made.missing)} branches have"
    reached = f"; {branches} no case yet" if made.missing and from_trace is None else ""
    say(f"wrote {path}: {count}{reached}")
    if made.difference:
        say(f"the simulator goes another way: {made.difference}")
    return exit_codes.CLEAN


def _conditions(path: str) -> int:
    """Return about how many conditions a policy has, so that a long search can say at once what to expect."""
    try:
        with open(path, "rb") as file:
            return file.read().count(b"condition=")
    except OSError:
        return 0


def _cases(policy: str, output: str) -> FirstCases:
    """The cases that a solver finds; without one those that hints in the policy's text lead to."""
    from importlib.util import find_spec

    if find_spec("z3") is None:
        from apimpolicy.testing.first_cases import first_cases

        say("with pip install 'apimpolicy[prove]' requests for many more branches are found")
        return first_cases(policy, output)
    from apimpolicy.symbolic.bounds import Bounds
    from apimpolicy.testing.solved_cases import solved_cases

    most = Bounds().decisions
    if (count := _conditions(policy)) > most:
        say(f"{policy} has {count:,} conditions, and a search follows {most:,}: it may end without a request")
    return solved_cases(policy, output)
