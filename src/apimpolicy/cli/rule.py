"""`apimpolicy rule CODE`: the page of a code."""

from __future__ import annotations

import re

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.program import say


@click.command("rule")
@click.argument("code", required=False)
def command(code: str | None) -> int:
    """Print the page of a code: what it finds, why it matters, what to write instead.

    Without a code, list what `check` looks for.

    \b
    Examples:
      apimpolicy rule
      apimpolicy rule POL301
    """
    from apimpolicy.checks.catalogue import RULES, page_of, rule_class
    from apimpolicy.checks.compiler_codes import page_on_the_web
    from apimpolicy.checks.pages import all_codes, page_of_code

    if code is None:
        for known in all_codes():
            print(f"{known:<8}  {(page_of_code(known) or '').partition(chr(10))[0].rstrip('.')}")
        for entry in RULES:
            title = page_of(entry).partition("\n")[0].rstrip(".")
            off = "" if rule_class(entry.module).by_default else "  (off by default)"
            print(f"{entry.code:<8}  {title}{off}")
        print("CS####    the C# compiler's other errors")
        return exit_codes.CLEAN
    code = code.upper()
    page = page_of_code(code)
    if page is None and re.fullmatch("CS[0-9]{4}", code):
        say(f"`check` never gives {code}; if the C# compiler has this code, its page is {page_on_the_web(code)}")
        return exit_codes.USAGE
    if page is None:
        say(f"there is no page for '{code}'; `apimpolicy rule` lists them")
        return exit_codes.USAGE
    print(f"{code}  {page}")
    return exit_codes.CLEAN
