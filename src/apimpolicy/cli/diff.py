"""`apimpolicy diff OLD NEW`: find what a change of policies or of a service does to callers."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import (
    WithHelp,
    check_environment,
    format_option,
    reads_services_once,
    selects_environment,
    show_stand_ins,
    with_stand_ins,
)
from apimpolicy.cli.program import say
from apimpolicy.report.columns import Style
from apimpolicy.report.difference_data import ERROR, UNDECIDED, ComparisonReport
from apimpolicy.report.log_commands import write_report
from apimpolicy.text.secrets import requests_are_invented

if TYPE_CHECKING:
    from apimpolicy.testing.comparing.versions import Versions

_FORMATS = "For people, for programs, for a comment on a pull request, or as annotations of a pipeline."
_SECONDS = 5.0


@click.command("diff", cls=WithHelp)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--seconds", type=click.FloatRange(0.1), metavar="N", help="How long to search for each policy; default: 5."
)
@click.option(
    "--total-seconds",
    type=click.FloatRange(0.1),
    metavar="N",
    help="How long to take for everything; default: 60, or --seconds if that is more. What is left is listed.",
)
@format_option("text json markdown github azure", _FORMATS)
@click.option("-v", "--verbose", is_flag=True, help="Show the whole explanation of each request.")
@selects_environment
@with_stand_ins
@reads_services_once
def command(old: str, new: str, seconds: float | None, total_seconds: float | None, form: str, verbose: bool) -> int:
    """Find what a change does to callers, or prove that it does nothing.

    OLD and NEW are policy files, folders, or revisions of them in git. Of services, the effective policies of each
    operation are compared, and settings and access that changed are listed. Each kind of difference is shown once, with
    a small request that ran through both versions, below the change that causes it. Gateway settings come from the test
    file beside a policy. A revision keeps its own fragments, configuration and test files. Needs the solver: pip
    install 'apimpolicy[prove]'.

    \b
    Examples:
      apimpolicy diff old.xml new.xml
      apimpolicy diff HEAD~1:policies/orders.xml policies/orders.xml
      apimpolicy diff origin/main policies --format markdown

    Exits with 0 when nothing changes for callers, which is proven, 1 when something does, or a value changed that
    callers may notice, 2 when the new version can't be loaded or a side can't be read, 3 when no difference was found
    but that isn't proven.
    """
    from apimpolicy.gateway.engine.token_issuers import shared_keys
    from apimpolicy.testing.comparing.versions import versions

    requests_are_invented()
    places = [
        place for path in (old, new) for place in (path, path.partition(":")[2]) if place and os.path.exists(place)
    ]
    check_environment(places, is_certain=bool(places))
    with shared_keys(), versions(old, new) as both:
        report = compare(both, seconds, total_seconds)
        if not both.pairs and report.is_empty and not report.has_service:
            say(f"there are no policies in {old} and {new}")
            return commands.USAGE
    _show(report, form, verbose)
    return exit_code_of(report)


def compare(found: Versions, seconds: float | None = None, total_seconds: float | None = None) -> ComparisonReport:
    """Compare two versions; stand-ins then have git's names of files."""
    from apimpolicy.cli.progress import Progress
    from apimpolicy.project.service.leniency import leniency
    from apimpolicy.reasoning.scenarios.scenario import TOTAL_SECONDS, TotalTime
    from apimpolicy.report.terminal import path_from_here
    from apimpolicy.testing.claims.configured import bounds_for
    from apimpolicy.testing.comparing.running import compare_versions
    from apimpolicy.testing.comparing.versions import without_names

    with Progress("compared", len(found.pairs), "policies") as progress:
        given = total_seconds or bounds_for(found.place or ".").total_seconds
        total = TotalTime(given or max(TOTAL_SECONDS, seconds or 0.0))
        report = compare_versions(found, lambda path: bounds_for(path, seconds, _SECONDS), progress.show, total)
    stand_ins = leniency()
    if stand_ins is not None:
        stand_ins.rename(lambda path: path and path_from_here(os.path.normpath(without_names(path, found.places))))
    return report


def _show(report: ComparisonReport, form: str, verbose: bool) -> None:
    from apimpolicy.project.service.concerns import Concerns

    concerns = Concerns()  # the report names what keeps a comparison from being decided
    if form == "json":
        from apimpolicy.report.difference_formats import differences_to_json

        write_report(differences_to_json(report))
    elif form in ("github", "azure"):
        from apimpolicy.report.finding_formats import findings_as
        from apimpolicy.report.result_findings import difference_findings

        write_report(findings_as(form, difference_findings(report)))
    elif form == "markdown":
        from apimpolicy.report.difference_formats import to_markdown

        print(to_markdown(report))
    else:
        from apimpolicy.report.difference_text import comparison, summary

        style = Style.of(sys.stdout)
        show_stand_ins(concerns=concerns)
        print(comparison(report, style, verbose=verbose))
        print(f"\n{summary(report, style)}")
    show_stand_ins(concerns=concerns)


def exit_code_of(report: ComparisonReport) -> int:
    """Return the exit code of a comparison: whether anything changes for callers, as far as that is decided."""
    found = {UNDECIDED if each.is_open else each.status for each in report.policies if not each.is_the_same}
    if ERROR in found or report.problem:
        return commands.USAGE
    is_noticed = any(group.affects_callers for group in report.settings) or bool(report.access) or bool(report.breaks)
    if found - {UNDECIDED} or is_noticed or report.literals:
        return commands.FINDINGS
    return commands.CLEAN if UNDECIDED not in found and report.has_no_rest else commands.UNDECIDED
