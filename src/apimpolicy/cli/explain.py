"""`apimpolicy explain POLICY`: explain the response of a request."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import WithHelp, show_stand_ins
from apimpolicy.cli.gateway_options import GatewayOptions, gateway_options
from apimpolicy.cli.program import say
from apimpolicy.cli.written_files import write_text

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result


@click.command("explain", cls=WithHelp)
@gateway_options
@click.option("--html", metavar="FILE", help="Also write the request's journey as a page, bodies included.")
@click.option(
    "--effective",
    is_flag=True,
    help="Only print the policies of all scopes as one document; of a service without a request, its APIs.",
)
def command(settings: GatewayOptions, html: str | None, effective: bool) -> int:
    """Explain why a request gets its response: the condition that decided, and the value of each part.

    For client certificates, it shows whether the caller sent one, why its chain doesn't verify, and which certificates
    are uploaded. The logs of a gateway don't show that.

    \b
    Examples:
      apimpolicy explain orders.xml --get /orders
      apimpolicy explain extracted --get /orders
      apimpolicy explain orders.xml --get /orders --certificate partner.pem
      apimpolicy explain extracted --get /orders --token login --expired
      apimpolicy explain orders.xml --get /orders --html journey.html
      apimpolicy explain orders.xml --get / --certificate partner.pem --negotiate
      apimpolicy explain orders.xml --scope global=global.xml --effective
      apimpolicy explain extracted --effective

    Exits with 0 whatever the response is, 1 if the policy has errors, 2 if a file can't be used.
    """
    if effective:
        return _show_effective(settings)
    from apimpolicy.report.explanation import explain

    result = settings.run()
    explanation = explain(result)
    if settings.output == "json":
        from apimpolicy.report.log_commands import write_report
        from apimpolicy.report.run_results import explanation_to_json

        write_report(explanation_to_json(explanation))
    else:
        from apimpolicy.report.columns import Style
        from apimpolicy.report.explanation import render

        print(render(explanation, Style.of(sys.stdout)))
        settings.say_hint()
    if html is not None:
        _write(html, result)
    return commands.CLEAN


def _show_effective(settings: GatewayOptions) -> int:
    from apimpolicy.report.columns import Style
    from apimpolicy.report.service_text import effective_text

    if settings.output == "json":
        raise click.UsageError("--effective prints a document, which is not JSON")
    if settings.is_service and not settings.has_request:
        return _show_service(settings)
    print(effective_text(settings.effective_policies(), Style.of(sys.stdout)))
    return commands.CLEAN


def _show_service(settings: GatewayOptions) -> int:
    """List the APIs and operations whose effective policies can be shown."""
    from apimpolicy.project.service.concerns import ListConcerns
    from apimpolicy.report.columns import Style
    from apimpolicy.report.service_text import example_url, service_text

    gateway, service = settings.service()
    show_stand_ins(concerns=ListConcerns())
    print(service_text(gateway, service, Style.of(sys.stdout)))
    command = f"apimpolicy explain {settings.policy} --effective --get {example_url(service)}"
    say(f"to see the policies that a request meets as one document, run: {command}")
    return commands.CLEAN


def _write(path: str, result: Result) -> None:
    """Write the page. Raises ConfigurationError."""
    from apimpolicy.report.journey_html import journey_to_html

    write_text(path, journey_to_html(result))
    say(f"wrote {path}")
