"""`apimpolicy audit [PATH]`: who reaches the backend, and with whose credentials."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import (
    WithHelp,
    configuration_option,
    reads_services_once,
    selects_environment,
    selects_service,
    show_stand_ins,
    with_stand_ins,
)
from apimpolicy.cli.program import say
from apimpolicy.cli.written_files import ensure_new, write_report_to, write_text
from apimpolicy.report.columns import PLAIN, Style, counted

if TYPE_CHECKING:
    from apimpolicy.cli.progress import Progress
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.project.audit_run import AuditRun
    from apimpolicy.project.service.description import ServiceDescription
    from apimpolicy.reasoning.audit.confirming import Search
    from apimpolicy.report.caller_matrix import Matrix
    from apimpolicy.report.inventory import Inventory

FORMATS = ("text", "json", "sarif", "markdown", "junit", "azure", "github")


@click.command("audit", cls=WithHelp)
@click.argument("path", default=".", metavar="[PATH]")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="The output format.")
@click.option("--html", metavar="FILE", help="Also write a page with a matrix of APIs and the findings.")
@click.option("--output-file", metavar="FILE", help="Write the report to a file instead of the terminal.")
@click.option("--baseline", metavar="FILE", help="Don't report the findings in this file.")
@click.option("--write-baseline", metavar="FILE", help="Write the current findings to a baseline.")
@click.option("--since", metavar="REVISION", help="Report what became weaker or stronger since this revision.")
@click.option("--inventory", is_flag=True, help="Also list what the service has more than once, or for nothing.")
@click.option("--matrix", is_flag=True, help="Also run callers with and without each thing, and show their answers.")
@click.option("--write", metavar="FILE", help="With --matrix: also write its requests as a test file.")
@click.option("--force", is_flag=True, help="Let --write overwrite a file.")
@click.option("-v", "--verbose", is_flag=True, help="List the operations of every finding, and stand-ins.")
@configuration_option
@selects_environment
@selects_service
@with_stand_ins
@reads_services_once
def command(
    path: str,
    form: str,
    html: str | None,
    output_file: str | None,
    baseline: str | None,
    write_baseline: str | None,
    since: str | None,
    inventory: bool,
    matrix: bool,
    write: str | None,
    force: bool,
    verbose: bool,
    config: str | None,
) -> int:
    """Report who reaches the backend of each operation: what callers must present, and which credentials are added.

    Reads a folder as APIOps extracts it, or a configuration that describes a service. Every path through the
    policies of all scopes counts. "anyone" comes with a request that ran; "not decided" with a reason.

    \b
    Examples:
      apimpolicy audit apimartifacts
      apimpolicy audit apimartifacts --html audit.html
      apimpolicy audit apimartifacts --format sarif --output-file audit.sarif
      apimpolicy audit apimartifacts --since origin/main
      apimpolicy audit apimartifacts --inventory
      apimpolicy audit apimartifacts --matrix --write callers.test.yaml

    \b
    Write requirements in apimpolicy.toml:
      [audit]
      require = "token or certificate"
      undecided = "fail"

    Exits with 0 when there are no errors, 1 when there are, 2 when the command line, a file or the configuration is
    invalid.
    """
    from apimpolicy.project import audit_run
    from apimpolicy.project.service.concerns import Concerns

    if inventory and (since is not None or write_baseline is not None or form not in ("text", "json")):
        raise click.UsageError("--inventory is for --format text and json, and not for --since or --write-baseline")
    if matrix and (since is not None or write_baseline is not None or form not in ("text", "json", "markdown")):
        raise click.UsageError(
            "--matrix is for --format text, json and markdown, and not for --since or --write-baseline"
        )
    if write is not None:
        if not matrix:
            raise click.UsageError("--write goes with --matrix")
        ensure_new(write, force=force)
    if since is not None:
        return _compare(path, since, config, form, output_file)
    known_baseline, writes = None if write_baseline else baseline, write_baseline is not None
    runs = audit_run.audit_services(path, config, known_baseline, search_of(), reports_known=writes)
    show_stand_ins(concerns=Concerns())  # findings and reasons name what may hide something
    if write_baseline is not None:
        count = audit_run.write_baseline(runs, write_baseline)
        say(f"wrote {counted(count, 'finding')} to {write_baseline}")
        return commands.CLEAN
    inventories = _inventories(path, config) if inventory else []
    matrices = _matrices(runs, path, config, write) if matrix else []
    _write(runs, inventories, matrices, form, output_file, verbose=verbose)
    if html is not None:
        from apimpolicy.report.audit_html import audit_html

        write_text(html, audit_html(runs, inventories, matrices))
        say(f"wrote {html}")
    return commands.FINDINGS if any(run.fails for run in runs) else commands.CLEAN


def search_of() -> Callable[[Gateway], Search] | None:
    """Return what makes the search of `prove`; None where the solver isn't installed."""
    from importlib.util import find_spec

    if find_spec("z3") is None:
        return None
    from apimpolicy.testing.claims.anonymous_requests import AnonymousRequests

    return AnonymousRequests


def _inventories(path: str, config: str | None) -> list[Inventory]:
    """Return the inventory of each service of a path. Raises ConfigurationError."""
    from apimpolicy.project.gateways import configured, for_each_service
    from apimpolicy.testing.comparing.inventory import inventory_of

    services: dict[str, ServiceDescription] = {}

    def add(name: str) -> None:
        configuration, folder = configured(path, config)
        service = configuration.as_written(folder)
        if service is not None:
            services[name] = service

    for_each_service(path, config, add)
    return [inventory_of(service, name, [*services.values()]) for name, service in services.items()]


def _matrices(runs: Sequence[AuditRun], path: str, config: str | None, output: str | None) -> list[Matrix]:
    """Return the matrix of each service, and write their test file. Raises ConfigurationError."""
    from apimpolicy.cli.progress import Progress
    from apimpolicy.gateway.engine.token_issuers import shared_keys
    from apimpolicy.project.environments import selected_service, service_name
    from apimpolicy.project.gateways import for_each_service

    by_name = {run.service: run for run in runs}
    if output is not None and len(runs) > 1:
        raise click.UsageError(f"--write is for one service: choose with --service {' or '.join(by_name)}")
    found: list[Matrix] = []
    wanted = service_name()
    alone = path if output is None or wanted is None else _place_of(path, config, wanted)

    def add(name: str) -> None:
        with selected_service(service_name() if alone == path else None):  # a test file names the place alone
            found.append(_matrix(by_name[name], alone, config, output, progress))

    with shared_keys(), Progress("ran", sum(len(run.audit.operations) for run in runs), "operations") as progress:
        for_each_service(path, config, add)
    return found


def _place_of(path: str, config: str | None, wanted: str) -> str:
    """Return the folder or the file that has the selected service alone. Raises ConfigurationError."""
    from apimpolicy.project.gateways import services_at
    from apimpolicy.project.service.reading import chosen

    found = chosen(services_at(path, config), path, wanted)
    if found.path is None:
        raise click.UsageError(f"--write needs a folder or a file that has the service '{wanted}' alone; none has")
    return found.path


def _matrix(run: AuditRun, path: str, config: str | None, output: str | None, progress: Progress) -> Matrix:
    from apimpolicy.project.gateways import configured
    from apimpolicy.testing.caller_answers import CallerAnswers
    from apimpolicy.testing.first_surroundings import CaseSurroundings
    from apimpolicy.text.secrets import requests_are_invented, without_secrets

    requests_are_invented()
    configuration, folder = configured(path, config)
    around = CaseSurroundings(
        service=folder or configuration.path,
        output=output or "callers.test.yaml",
        config=config if folder and config else "",
        command="audit --matrix",
    )
    answers = CallerAnswers(run.audit, around)
    matrix = answers.matrix(progress.advance)._replace(service=run.service)
    if output is not None:
        file = answers.file()
        write_text(output, without_secrets(file.text))
        progress.clear()
        say(f"wrote {output}: {counted(file.count, 'test case')}")
    return matrix


def _write(
    runs: Sequence[AuditRun],
    inventories: Sequence[Inventory],
    matrices: Sequence[Matrix],
    form: str,
    path: str | None,
    *,
    verbose: bool,
) -> None:
    from apimpolicy.report.audit_formats import audit_as
    from apimpolicy.report.audit_text import audit_text
    from apimpolicy.report.caller_matrix import matrix_text
    from apimpolicy.report.inventory import inventory_text

    style = Style.of(sys.stdout) if path is None else Style(False)
    if form == "text":
        parts = (
            audit_text(runs, style, verbose=verbose),
            matrix_text(matrices, style),
            inventory_text(inventories, style),
        )
        text = "\n\n".join(filter(None, parts))
    else:
        text = audit_as(form, runs, inventories, matrices)
    write_report_to(path, text, is_text=form == "text")


def _compare(path: str, since: str, config: str | None, form: str, output_file: str | None) -> int:
    from apimpolicy.project.audit_changes import changes_since
    from apimpolicy.project.service.concerns import Concerns
    from apimpolicy.report.audit_text import changes_as

    changes = changes_since(path, since, config, search_of())
    show_stand_ins(concerns=Concerns())
    style = Style.of(sys.stdout) if output_file is None else PLAIN
    write_report_to(output_file, changes_as(form, changes, path, style), is_text=form == "text")
    return commands.FINDINGS if any(each.is_weaker for each in changes) else commands.CLEAN
