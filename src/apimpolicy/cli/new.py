"""`apimpolicy new test POLICY`: a first test file from a policy."""

from __future__ import annotations

import os

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.program import say


@click.command("new")
@click.argument("what", type=click.Choice(["test"]))
@click.argument("policy", metavar="POLICY")
@click.option("-o", "--output", metavar="FILE", help="Where to write; POLICY.test.yaml beside the policy. - prints it.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(what: str, policy: str, output: str | None, force: bool) -> int:
    """Write a first test file for a policy: one case per branch, with a request that reaches it.

    What is expected is what the policy does today: read it, correct it, and give the cases names that say what should
    happen. Branches that no request was found for are listed at the end.

    \b
    Examples:
      apimpolicy new test policies/orders.xml
      apimpolicy new test policies/orders.xml -o -
    """
    from apimpolicy.errors import ConfigurationError
    from apimpolicy.testing.first_cases import first_cases

    path = output or f"{os.path.splitext(policy)[0]}.test.yaml"
    if path != "-" and os.path.exists(path) and not force:
        raise ConfigurationError(f"{path} is there already; --force writes over it")
    made = first_cases(policy, policy if path == "-" else path)
    if path == "-":
        print(made.text, end="")
        return exit_codes.CLEAN
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.write(made.text)
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror or error}") from None
    count = f"{len(made.cases)} {'case' if len(made.cases) == 1 else 'cases'}"
    say(f"wrote {path}: {count}" + (f", {len(made.missing)} branches not reached" if made.missing else ""))
    return exit_codes.CLEAN
