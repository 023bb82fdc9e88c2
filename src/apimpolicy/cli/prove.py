"""`apimpolicy prove [PATH]…`: prove that claims hold for every request."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import (
    WithHelp,
    check_environment,
    format_option,
    reads_services_once,
    selects_environment,
    selects_service,
    show_stand_ins,
    with_stand_ins,
)
from apimpolicy.cli.program import say
from apimpolicy.report.columns import Style, on_page
from apimpolicy.report.log_commands import visible_lines, write_report
from apimpolicy.text.secrets import markup_without_secrets, requests_are_invented

if TYPE_CHECKING:
    from apimpolicy.report.claim_results import ApiCell, ClaimReport
    from apimpolicy.testing.case_files import CaseFile
    from apimpolicy.testing.claims.reading import Claim

NAMED_CLAIMS_PAGE = "https://apimpolicy.github.io/apimpolicy/reference/proofs/#named-claims"


@click.command("prove", cls=WithHelp)
@click.argument("paths", nargs=-1, metavar="[PATH]…")
@click.option("-k", "words", multiple=True, metavar="TEXT", help="Only claims whose name or file contains this text.")
@click.option(
    "--write",
    is_flag=True,
    help="Add a test case for each claim that is false: to its file, or to one of the API that it is false for.",
)
@click.option(
    "--seconds", type=click.FloatRange(0.1), metavar="N", help="How long to search for each file's policy; default: 20."
)
@click.option(
    "--total-seconds",
    type=click.FloatRange(0.1),
    metavar="N",
    help="How long to take for all claims; default: 60, or --seconds if that is more. What is left is listed.",
)
@format_option("text json junit sarif github azure")
@selects_environment
@selects_service
@with_stand_ins
@click.pass_obj
@reads_services_once
def command(
    debug: bool | None,
    paths: tuple[str, ...],
    words: tuple[str, ...],
    write: bool,
    seconds: float | None,
    total_seconds: float | None,
    form: str,
) -> int:
    """Decide whether claims hold for every request.

    Write claims in test files, beside the cases, or in apimpolicy.toml, where they are about every API of the service.
    In a folder with a service and no claims, the named claims are decided.

    A claim is proven, or false with a request that has run through the simulator, or not decided, with reasons. Needs
    the solver: pip install 'apimpolicy[prove]'.

    \b
    Examples:
      apimpolicy prove
      apimpolicy prove policies/orders.test.yaml --write
      apimpolicy prove policies -k certificate --seconds 60
      apimpolicy prove policies --format sarif > claims.sarif

    \b
    A claim in a test file:
      claims:
        - name: no request gets through without a certificate
          if: reaches-backend
          then: '@(context.Request.Certificate != null)'
        - name: no request makes the gateway itself fail
          never: {status: 500, by: gateway}

    Exits with 0 when all claims are proven, 1 when one is false, 2 when a file cannot be read or the service has no
    API, 3 when none is false and one is not decided, 5 when there is no claim.
    """
    requests_are_invented()
    started = time.perf_counter()
    from apimpolicy.testing.claims.configured import claims_of_services, find_claims

    paths = paths or (".",)
    files, unreadable = find_claims(paths, words)
    if not files and not unreadable and (files := claims_of_services(paths, words)):
        say(f"{', '.join(paths)} has no claims of its own, so the named claims are decided: {NAMED_CLAIMS_PAGE}")
    check_environment(file.path for file, _ in files)
    reports = decide_claims(files, seconds, total_seconds, write, form == "text", unreadable, debug=bool(debug))
    _show(reports, unreadable, time.perf_counter() - started, form)
    if unreadable:
        return commands.USAGE
    if not reports:
        selected = f" with {' or '.join(map(repr, words))} in its name or file" if words else ""
        say(f"there is no claim in {', '.join(paths)}{selected}: see apimpolicy prove --help for how to write one")
        return commands.NO_TESTS
    return _exit_code(reports)


def decide_claims(
    files: Sequence[tuple[CaseFile, list[Claim]]],
    seconds: float | None,
    total_seconds: float | None,
    write: bool,
    is_text: bool,
    unreadable: dict[str, str],
    *,
    debug: bool,
) -> list[ClaimReport]:
    """Decide the claims of files; those about a service without an API become unreadable."""
    from apimpolicy.cli.progress import Progress
    from apimpolicy.project.gateways import NoApisError
    from apimpolicy.reasoning.scenarios.scenario import TOTAL_SECONDS
    from apimpolicy.report.claim_results import claim, table_head, table_row
    from apimpolicy.testing.claims.configured import bounds_for
    from apimpolicy.testing.claims.running import out_of_time, prove_file

    started = time.monotonic()
    style = Style.of(sys.stdout)
    reports: list[ClaimReport] = []
    with Progress("decided", sum(len(claims) for _, claims in files), "claims") as progress:
        by_api: set[str] = set()

        def on_api(claims: Sequence[str], apis: Sequence[str], cells: Sequence[ApiCell]) -> None:
            """Count the cells of an API, and show its row with the head of the table before the first."""
            is_first = not by_api.intersection(claims)
            progress.expect(len(claims) * (len(apis) - 1) if is_first else 0)
            by_api.update(claims)
            for _ in claims:
                progress.advance()
            if not is_text or len(claims) == 1:
                return
            progress.clear()
            if cells and cells[0].api == apis[0]:
                print(table_head(claims, apis))
            print(table_row(apis, cells, style), flush=True)
            if cells and cells[0].api == apis[-1]:
                print()

        for file, claims in files:
            by_api.clear()
            bounds = bounds_for(file.path, seconds)
            total = total_seconds or bounds.total_seconds or max(TOTAL_SECONDS, seconds or 0.0)
            left = total - (time.monotonic() - started)
            try:
                with on_page(style, indent=2):
                    if left > 0:
                        timed = bounds.replaced(total_seconds=left)
                        decided = prove_file(file, claims, timed, progress.show, on_api, debug=debug)
                    else:
                        decided = out_of_time(claims, "this file")
            except NoApisError as error:
                unreadable[file.path] = str(error)
                continue
            reports += decided
            progress.clear()
            for report in decided:
                if report.name not in by_api:
                    progress.advance()
                if is_text:
                    progress.clear()
                    print(claim(report, style, with_case=not write), flush=True)
            if write:
                _write(decided)
    return reports


def _write(reports: Sequence[ClaimReport]) -> None:
    """Add the cases of false claims. Raises ConfigurationError."""
    from apimpolicy.testing.claims.running import write_case

    for report in reports:
        if write_case(report):
            say(f"wrote a case to {report.case_file}: {report.name}")


def _show(reports: Sequence[ClaimReport], unreadable: dict[str, str], seconds: float, form: str) -> None:
    from apimpolicy.project.service.concerns import Concerns

    if form != "json":
        show_stand_ins(concerns=Concerns())  # the reasons of claims that aren't decided name what matters
    if form == "text":
        _show_text(reports, unreadable, seconds)
        return
    for problem in unreadable.values() if form != "json" else ():
        say(visible_lines(problem))
    if form == "json":
        from apimpolicy.report.claim_results import claims_to_json

        text = claims_to_json(reports, unreadable, seconds)
    elif form == "junit":
        from apimpolicy.report.claim_results import as_cases
        from apimpolicy.report.finding_formats import cases_to_junit

        text = markup_without_secrets(cases_to_junit(as_cases(reports)))
    else:
        from apimpolicy.report.finding_formats import findings_as
        from apimpolicy.report.result_findings import claim_findings

        text = findings_as(form, claim_findings(reports))
    write_report(text)


def _show_text(reports: Sequence[ClaimReport], unreadable: dict[str, str], seconds: float) -> None:
    from apimpolicy.report.claim_results import summary

    style = Style.of(sys.stdout)
    for problem in unreadable.values():
        print(visible_lines(problem))
    if not reports:
        return
    print()
    print(summary(reports, seconds, style))


def _exit_code(reports: Sequence[ClaimReport]) -> int:
    from apimpolicy.report.claim_results import ERROR, FALSE, UNDECIDED

    found = {report.status for report in reports}
    if FALSE in found or ERROR in found:
        return commands.FINDINGS
    return commands.UNDECIDED if UNDECIDED in found else commands.CLEAN
