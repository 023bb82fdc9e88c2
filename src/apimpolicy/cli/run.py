"""`apimpolicy run POLICY`: one request through a policy."""

from __future__ import annotations

import sys

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import WithHelp
from apimpolicy.cli.gateway_options import GatewayOptions, gateway_options


@click.command("run", cls=WithHelp)
@gateway_options
@click.option("--trace", is_flag=True, help="Show every expression with its value, and the backend requests.")
@click.option("--gateway-trace", is_flag=True, help="Print the trace as JSON, in the format of the gateway.")
def command(settings: GatewayOptions, trace: bool, gateway_trace: bool) -> int:
    """Send a request through a policy in the simulated gateway, and print what happens.

    POLICY is a file, or a whole service: a folder that APIOps extracted, infrastructure code, or an apimpolicy.toml. In
    a service, the request finds its API, operation, subscription and product, and the policies of all scopes run.
    apimpolicy.toml or --config describe the gateway: certificates, trusted roots, named values, fragments, backend
    responses. Nothing leaves this machine.

    \b
    Examples:
      apimpolicy run orders.xml --get https://contoso.example/orders
      apimpolicy run orders.xml --get / --certificate partner.pem --negotiate
      apimpolicy run orders.xml --method PUT --url /orders/17 --body @order.json
      apimpolicy run orders.xml --request get-orders.http --format json
      apimpolicy run orders.xml --get /orders --gateway-trace > trace.json
      apimpolicy run extracted --get /17 --header 'Ocp-Apim-Subscription-Key: a'
      apimpolicy run extracted --get /orders/17 --token login --claim roles=Read
      apimpolicy run extracted --mcp orders-mcp --tool getOrder --arguments '{}'

    Exits with 0 whatever the response is, 1 if the policy has errors, 2 if a file can't be used.
    """
    result = settings.run()
    if gateway_trace:
        from apimpolicy.report.gateway_trace import gateway_trace as trace_of
        from apimpolicy.report.log_commands import to_json, write_report

        write_report(to_json(trace_of(result), indent=2, ensure_ascii=False))
    elif settings.output == "json":
        from apimpolicy.report.log_commands import write_report
        from apimpolicy.report.run_results import result_to_json

        write_report(result_to_json(result))
    else:
        from apimpolicy.report.columns import Style
        from apimpolicy.report.run_results import render

        print(render(result, Style.of(sys.stdout), with_values=trace))
        settings.say_hint()
    return commands.CLEAN
