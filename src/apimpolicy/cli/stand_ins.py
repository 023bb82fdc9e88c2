"""Use stand-ins for missing parts of a service and list them once. With `--strict` they are errors.

The list goes to stderr. For people, it comes before the result: the response of one request, or the summary of many.
Reports for programs contain it (JSON), or it comes at the end. `serve` prints it when everything is loaded.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def stands_in(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the option `--strict`. Without it, stand-ins replace missing parts, and are listed at the end."""

    def begin(context: click.Context, _: click.Parameter, is_strict: bool) -> None:
        if context.resilient_parsing:
            return
        from apimpolicy.project.service.leniency import Leniency, lenient

        found = Leniency(is_strict=is_strict)
        context.with_resource(lenient(found))
        context.call_on_close(lambda: show_stand_ins(found))

    text = "Use no stand-ins: missing or invalid parts of a service are errors."
    return click.option("--strict", is_flag=True, expose_value=False, callback=begin, help=text)(function)


def show_stand_ins(found: Any = None) -> None:
    """Print the list, unless that was done, or a report has it."""
    from apimpolicy.project.service.leniency import leniency

    found = leniency() if found is None else found
    if found and not found.is_shown:
        from apimpolicy.report.stand_in_text import stand_in_lines

        found.is_shown = True
        sys.stdout.flush()
        print("\n".join(stand_in_lines(found.stand_ins, found.problems)), file=sys.stderr)
