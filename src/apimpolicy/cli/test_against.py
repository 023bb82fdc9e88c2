"""`apimpolicy test --against URL`: send the cases to a gateway over the network.

With `--against serve`, the gateway of each case is served with real sockets and TLS, so that the whole path of a
request is tested.

Tokens of real identity providers come from environment variables: APIMPOLICY_TOKEN_LOGIN has one of `login`. So do keys
of subscriptions that a test file describes: APIMPOLICY_KEY_PARTNER has that of `partner`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from apimpolicy.cli.commands import together
from apimpolicy.text.secrets import keep_secret

if TYPE_CHECKING:
    from apimpolicy.cli.test_served import ServedCases
    from apimpolicy.testing.against import RealGateway

OURS = "serve"
TOKEN_VARIABLE, KEY_VARIABLE = "APIMPOLICY_TOKEN_", "APIMPOLICY_KEY_"
"""The beginning of environment variables; the name of a provider, or of a subscription, follows in capital letters."""

against_options = together(
    click.option(
        "--against", metavar="URL", help="Send the cases to the gateway at this URL, or with 'serve' to a local one."
    ),
    click.option("--key", metavar="KEY", help="With --against: the subscription key of requests without one."),
    click.option("--authority", metavar="FILE", help="With --against: a trusted authority, as PEM."),
    click.option(
        "--trace-service",
        metavar="ID",
        help="With --against: also compare traces, from an Azure resource id or the address that `serve` prints.",
    ),
    click.option("--trace-api", metavar="ID", help="The id of the API whose requests are traced."),
    click.option(
        "--management-token", metavar="TOKEN", envvar="APIMPOLICY_MANAGEMENT_TOKEN", help="For traces from Azure."
    ),
)


def target_of(
    against: str | None,
    key: str | None,
    authority: str | None,
    trace_service: str | None,
    trace_api: str | None,
    management_token: str | None,
) -> RealGateway | ServedCases | None:
    """Return the target of the cases; None if they run in this process. Raises UsageError, ConfigurationError."""
    if against is None:
        for name, value in (("--key", key), ("--authority", authority), ("--trace-service", trace_service)):
            if value is not None:
                raise click.UsageError(f"{name} goes with --against")
        return None
    if against == OURS:
        from apimpolicy.cli.test_served import ServedCases

        return ServedCases()
    from apimpolicy.testing.against import RealGateway

    traces: Any = None
    if trace_service is not None:
        from apimpolicy.testing.against import AzureTraces, ServedTraces

        if trace_service.startswith(("http://", "https://")):
            traces = ServedTraces(trace_service)
        elif not (management_token and trace_api):
            raise click.UsageError("--trace-service needs --management-token and --trace-api")
        else:
            traces = AzureTraces(trace_service, management_token, trace_api)
    real = {"tokens": _real(TOKEN_VARIABLE), "keys": _real(KEY_VARIABLE)}
    return RealGateway(against, key=key, authority=authority, traces=traces, **real)


def _real(variable: str) -> dict[str, str]:
    """Return the secrets of real providers or subscriptions from the environment, by the end of a variable's name."""
    found = {
        name.removeprefix(variable): value.strip()
        for name, value in os.environ.items()
        if name.startswith(variable) and value.strip()
    }
    keep_secret(found.values())
    return found
