"""`apimpolicy diff OLD NEW`: find requests that get another response or are forwarded differently."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.commands import WithHelp
from apimpolicy.cli.configuration_file import selects_environment
from apimpolicy.cli.program import say
from apimpolicy.cli.stand_ins import show_stand_ins, stands_in
from apimpolicy.text.secrets import requests_are_invented

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.report.difference_data import DifferenceReport, SettingGroup
    from apimpolicy.testing.comparing.versions import Pair


@click.command("diff", cls=WithHelp)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option(
    "--seconds", type=click.FloatRange(0.1), metavar="N", help="How long to search for each policy; default: 20."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "github", "azure"]),
    default="text",
    help="For people, for programs, for a comment on a pull request, or as annotations of a pipeline.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show the whole explanation of each request.")
@selects_environment
@stands_in
def command(old: str, new: str, seconds: float | None, form: str, verbose: bool) -> int:
    """Find requests that a change treats differently, or prove that there are none.

    OLD and NEW are policy files, folders with policies at the same paths, or revisions of them in git. Each kind of
    difference is shown once, with a small request that ran through both versions. Gateway settings come from the test
    file beside the policy. A revision keeps its own fragments, configuration and test files, so that a policy differs
    when a fragment or a named value does. Of services, the settings that changed are listed with their meaning for
    callers: APIs, operations, products, backends, named values. Needs the solver: pip install 'apimpolicy[prove]'.

    \b
    Examples:
      apimpolicy diff old.xml new.xml
      apimpolicy diff HEAD~1:policies/orders.xml policies/orders.xml
      apimpolicy diff origin/main policies --format markdown

    Exits with 0 when all policies are proven equivalent and no setting that matters to callers changed, 1 when there is
    a difference, 2 when something cannot be read,
    3 when none was found but equivalence is not proven.
    """
    from apimpolicy.testing.comparing.services import compare_services
    from apimpolicy.testing.comparing.versions import versions

    requests_are_invented()
    started = time.perf_counter()
    with versions(old, new) as found:
        changed = [pair for pair in found.pairs if pair.is_apart or not pair.is_same_text]
        reports = _compare(changed, seconds, form == "text", verbose)
        groups, problem = compare_services(found)
        if not found.pairs and not groups and not problem:
            say(f"there are no policies in {old} and {new}")
            return exit_codes.USAGE
    _show(reports, groups, len(found.pairs) - len(reports), time.perf_counter() - started, form, verbose)
    if problem:
        say(f"the settings of the services can't be compared: {problem}")
        return exit_codes.USAGE
    return _exit_code(reports, groups)


def _compare(pairs: Sequence[Pair], seconds: float | None, is_text: bool, verbose: bool) -> list[DifferenceReport]:
    """Compare policies; leave out those that are unchanged with everything around them."""
    from apimpolicy.cli.progress import Progress
    from apimpolicy.report.difference_data import SAME
    from apimpolicy.report.difference_text import difference
    from apimpolicy.report.style import Style
    from apimpolicy.testing.claims.configured import bounds_for
    from apimpolicy.testing.comparing.running import compare_pair

    style = Style.of(sys.stdout)
    reports: list[DifferenceReport] = []
    with Progress("compared", len(pairs), "policies") as progress:
        for pair in pairs:
            report = compare_pair(pair, bounds_for(pair.path, seconds), progress.show)
            progress.advance()
            if report.status == SAME:
                continue
            reports.append(report)
            if is_text:
                progress.clear()
                print(difference(report, style, verbose=verbose), flush=True)
    return reports


def _show(
    reports: Sequence[DifferenceReport],
    groups: Sequence[SettingGroup],
    same: int,
    seconds: float,
    form: str,
    verbose: bool,
) -> None:
    from apimpolicy.report.harmless import write_report
    from apimpolicy.report.style import Style
    from apimpolicy.report.tool_version import tool_version

    if form == "json":
        from apimpolicy.report.difference_json import differences_to_json

        write_report(differences_to_json(reports, groups, tool_version()))
    elif form in ("github", "azure"):
        from apimpolicy.report.annotations import to_annotations
        from apimpolicy.report.result_findings import difference_findings

        write_report(to_annotations(form, difference_findings(reports, groups)))
    elif form == "markdown":
        from apimpolicy.report.difference_markdown import to_markdown

        print(to_markdown(reports, groups))
    else:
        from apimpolicy.report.difference_text import settings, summary

        style = Style.of(sys.stdout)
        show_stand_ins()
        if groups:
            print(settings(groups, style, verbose=verbose))
        if same:
            print(f"{same} {'policy is' if same == 1 else 'policies are'} the same text")
        if reports:
            print(f"\n{summary(reports, seconds, style)}")


def _exit_code(reports: Sequence[DifferenceReport], groups: Sequence[SettingGroup]) -> int:
    from apimpolicy.report.difference_data import EQUIVALENT, ERROR, UNDECIDED

    found = {report.status for report in reports}
    if ERROR in found:
        return exit_codes.USAGE
    if found - {EQUIVALENT, UNDECIDED} or any(group.affects_callers for group in groups):
        return exit_codes.FINDINGS
    return exit_codes.UNDECIDED if UNDECIDED in found else exit_codes.CLEAN
