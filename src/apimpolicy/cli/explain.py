"""`apimpolicy explain POLICY`: why a request got its answer."""

from __future__ import annotations

import sys

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.gateway_options import GatewayOptions, gateway_options


@click.command("explain")
@gateway_options
def command(settings: GatewayOptions) -> int:
    """Say why a request got its answer: which condition decided, and the value of every part of it.

    For client certificates it says what no gateway log says: whether one was sent at all, why its chain does not
    verify, and which certificates are uploaded.

    \b
    Examples:
      apimpolicy explain orders.xml --get /orders
      apimpolicy explain extracted --get /orders
      apimpolicy explain orders.xml --get /orders --certificate partner.pem
      apimpolicy explain orders.xml --get /orders --certificate partner.pfx --password secret --negotiate

    Exits with 0 whatever the response is, 1 when the policy is wrong, 2 when a file is not usable.
    """
    from apimpolicy.report.explanation import explain

    explanation = explain(settings.run())
    if settings.output == "json":
        from apimpolicy.report.run_json import explanation_to_json

        print(explanation_to_json(explanation))
    else:
        from apimpolicy.report.explain_text import render
        from apimpolicy.report.style import Style

        print(render(explanation, Style.of(sys.stdout)))
    return exit_codes.CLEAN
