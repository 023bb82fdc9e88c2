"""`apimpolicy rule CODE`: the page of a code, or of a text that Azure showed."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import WithHelp, complete_codes
from apimpolicy.cli.program import say
from apimpolicy.report.columns import Style


@click.command("rule", cls=WithHelp)
@click.argument("code", required=False, shell_complete=complete_codes)
@click.option("--rules", "files", multiple=True, metavar="FILE", help="Your own rules, in a Python or TOML file.")
@click.option("--fields", is_flag=True, help="List the fields for rules about resources; CODE may be a kind of these.")
def command(code: str | None, files: tuple[str, ...], *, fields: bool) -> int:
    """Print the page of a code: what it means, why it matters, what to write instead.

    CODE may also be a text that Azure showed, pasted in quotes: the page has its cause and what to do. Without CODE,
    list all codes, including those of installed packages and of apimpolicy.toml.

    \b
    Examples:
      apimpolicy rule
      apimpolicy rule POL301
      apimpolicy rule certificate-not-verified
      apimpolicy rule "Rate limit is exceeded. Try again in 42 seconds."
      apimpolicy rule --fields backend
    """
    if fields:
        return _fields(code)
    from apimpolicy.checks.catalogue import entries, page_of, rule_class
    from apimpolicy.checks.pages import (
        UnknownCodeError,
        all_codes,
        code_of,
        page_of_code,
        page_of_text,
        page_on_the_web,
    )
    from apimpolicy.gateway.context.azure_texts import find_texts
    from apimpolicy.project.check_projects import CheckOptions, CheckProjects
    from apimpolicy.report.markup import page_text

    style = Style.of(sys.stdout)
    projects = CheckProjects(CheckOptions(rule_files=files))
    projects.of(os.curdir)
    rules = projects.all_rules
    if code is None:
        for known_code in all_codes():
            print(style.fit(f"{known_code:<8}  {(page_of_code(known_code) or '').partition(chr(10))[0].rstrip('.')}"))
        for entry in entries():
            title = page_of(entry).partition("\n")[0].rstrip(".")
            off = "" if rule_class(entry.module).by_default else "  (off by default)"
            print(style.fit(f"{entry.code:<8}  {title}{off}"))
        for rule in rules:
            print(style.fit(f"{rule.code:<8}  {rule.page().partition(chr(10))[0].rstrip('.')}"))
        print("CS####    the C# compiler's other errors")
        return commands.CLEAN
    with suppress(UnknownCodeError):
        code = code_of(code, rules)
    pasted, code = code, code.upper()
    page = page_of_code(code, rules)
    if page is None and re.fullmatch("CS[0-9]{4}", code):
        say(f"`check` never reports {code}; if the C# compiler has this code, its page is {page_on_the_web(code)}")
        return commands.USAGE
    if page is None and (text := page_of_text(pasted, rules)):
        print(page_text(text, style))
        return commands.CLEAN
    if page is None and (near := find_texts(pasted).nearest):
        say(f"nothing matches this text; the nearest text of Azure is: {near.text}")
        return commands.USAGE
    if page is None:
        say(f"unknown code '{code}'; `apimpolicy rule` lists all codes")
        return commands.USAGE
    print(page_text(f"{code}  {page}", style))
    return commands.CLEAN


def _fields(kind: str | None) -> int:
    from apimpolicy.project.resource_fields import KINDS
    from apimpolicy.project.resource_rules import fields_text

    if kind is not None and kind not in KINDS:
        say(f"there are no fields of '{kind}'; the kinds of resources are {', '.join(KINDS)}")
        return commands.USAGE
    print(fields_text(KINDS if kind is None else [kind]))
    return commands.CLEAN
