"""`apimpolicy rule CODE`: the page of a rule."""

from __future__ import annotations

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.program import say


@click.command("rule")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Print the page of a rule: what it finds, why it matters, what to write instead.

    Without a code, list the rules of `check`.

    \b
    Examples:
      apimpolicy rule
      apimpolicy rule POL301
    """
    from apimpolicy.checks.catalogue import RULES, entry_of, page_of, rule_class

    if code is None:
        for entry in RULES:
            title = page_of(entry).partition("\n")[0]
            off = "" if rule_class(entry.module).by_default else "  (off by default)"
            print(f"{entry.code}  {title}{off}")
        return exit_codes.CLEAN
    found = entry_of(code.upper())
    if found is None:
        say(f"there is no page for '{code}'; `apimpolicy rule` lists the rules")
        return exit_codes.USAGE
    print(f"{found.code}  {page_of(found)}")
    return exit_codes.CLEAN
