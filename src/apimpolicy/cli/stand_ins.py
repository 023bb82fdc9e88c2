"""Use stand-ins for missing parts of a service and count them in one line. With `--strict` they are errors.

`--verbose` lists them. Both go to stderr. For people, they come before the result: the response of one request, or the
summary of many. Reports for programs contain the list (JSON), or it comes at the end.
"""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_LISTS = "apimpolicy.lists-stand-ins"


def stands_in(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the options `--strict` and, for a command without one of its own, `--verbose`.

    Without `--strict`, stand-ins replace missing parts, and are counted before the result.
    """

    def begin(context: click.Context, _: click.Parameter, is_strict: bool) -> None:
        if context.resilient_parsing:
            return
        from apimpolicy.project.service.leniency import Leniency, lenient

        found = Leniency(is_strict=is_strict)
        context.with_resource(lenient(found))
        context.call_on_close(lambda: show_stand_ins(found, context))

    def list_them(context: click.Context, _: click.Parameter, is_verbose: bool) -> None:
        context.meta[_LISTS] = is_verbose

    if "verbose" not in inspect.signature(function).parameters:
        text = "List the stand-ins for missing parts of a service."
        function = click.option("-v", "--verbose", is_flag=True, expose_value=False, callback=list_them, help=text)(
            function
        )
    text = "Use no stand-ins: missing or invalid parts of a service are errors."
    return click.option("--strict", is_flag=True, expose_value=False, callback=begin, help=text)(function)


def is_verbose(context: click.Context) -> bool:
    """Return whether a command lists the stand-ins."""
    return bool(context.meta.get(_LISTS) or context.params.get("verbose"))


def show_stand_ins(found: Any = None, context: click.Context | None = None) -> None:
    """Print their number, or with `--verbose` the list, unless that was done, or a report has it."""
    from apimpolicy.project.service.leniency import leniency

    found = leniency() if found is None else found
    if found and not found.is_shown:
        from apimpolicy.report.stand_in_text import stand_in_lines
        from apimpolicy.report.style import Style

        found.is_shown = True
        context = context or click.get_current_context()
        sys.stdout.flush()
        lines = stand_in_lines(found.stand_ins, found.problems, Style.of(sys.stderr), in_full=is_verbose(context))
        print("\n".join(lines), file=sys.stderr)
