"""`apimpolicy serve [PATH]`: a gateway on this machine, which real clients can call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from apimpolicy.cli import commands
from apimpolicy.cli.commands import (
    WithHelp,
    configuration_option,
    is_verbose,
    secrets_option,
    selects_environment,
    selects_service,
    with_stand_ins,
)
from apimpolicy.cli.gateway_options import token_options
from apimpolicy.cli.program import say
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.serve_settings import ServeSettings, ensure_trusted

if TYPE_CHECKING:
    from apimpolicy.project.manual_requests import TokenWish
    from apimpolicy.serving.loading import ServeTarget

_PORT = click.IntRange(0, 65535)


@click.command("serve", cls=WithHelp)
@click.argument("path", default=".", metavar="[PATH]")
@click.option("--http", type=_PORT, help="The HTTP port; default 8080.")
@click.option("--https", type=_PORT, help="The HTTPS port; default 8443.")
@click.option("--host", help="The address to listen on; default 127.0.0.1.")
@click.option("--ca", is_flag=True, help="Print the path of the certificate authority, for curl --cacert, and exit.")
@click.option("--certificate", nargs=2, metavar="CHAIN KEY", help="Your own certificate, in two PEM files.")
@click.option("--backend", metavar="URL", help="Forward all requests to this server.")
@click.option("--allow-outside", is_flag=True, default=None, help="Send requests to the hosts that policies name.")
@click.option("--redis", metavar="URL", help="Share counters, caches and circuits in this Redis.")
@click.option("--workers", type=click.IntRange(1, 64), help="Number of processes; default 1.")
@click.option("--negotiate/--no-negotiate", default=None, help="Turn 'Negotiate client certificate' on or off.")
@click.option(
    "--host-name", "host_names", multiple=True, metavar="NAME", help="Answer requests for this host name too."
)
@click.option(
    "--allow-origin",
    multiple=True,
    metavar="ORIGIN",
    help="Answer requests of pages of this site, such as https://a.b.",
)
@click.option("--trust-proxy", multiple=True, metavar="ADDRESS", help="Trust the X-Forwarded-* headers of this proxy.")
@click.option(
    "--max-body", "body_bytes", type=click.IntRange(0), metavar="BYTES", help="Maximum request body; default 100 MB."
)
@click.option(
    "--max-connections",
    "connections",
    type=click.IntRange(1),
    metavar="N",
    help="Maximum number of open connections; default 10,000.",
)
@click.option("--inspector/--no-inspector", default=None, help="Run the inspector page, on this machine only.")
@click.option("--inspector-port", type=_PORT, help="The port of the inspector; default any free port.")
@click.option("--tracing/--no-tracing", default=None, help="Record the values of expressions for explanations.")
@token_options
@click.option("--no-token", is_flag=True, help="Print no tokens at the start.")
@click.option("-q", "--quiet", is_flag=True, help="Don't print a line for each request.")
@configuration_option
@selects_environment
@selects_service
@with_stand_ins
@secrets_option
def command(
    path: str,
    ca: bool,
    quiet: bool,
    config: str | None,
    negotiate: bool | None,
    token: str | None,
    claims: tuple[str, ...],
    is_expired: bool,
    no_token: bool,
    **options: Any,
) -> int:
    """Run a local gateway for real clients, over HTTP and HTTPS.

    PATH is a policy, a folder of policies, a folder that APIOps extracted, infrastructure code, or an apimpolicy.toml;
    by default the current folder. Backends are simulated as configured, or the server at --backend; nothing else leaves
    this machine. For each identity provider, it prints a token to call the gateway with; --token, --claim and --expired
    choose another. With 'Negotiate client certificate', HTTPS requests a certificate and accepts any; policies decide.
    Changed files apply from the next request. Defaults come from the table [serve] of the configuration.

    \b
    Examples:
      apimpolicy serve orders.xml --backend http://127.0.0.1:9000
      apimpolicy serve extracted --https 443
      curl --cacert $(apimpolicy serve --ca) --cert a.pem https://localhost:8443/
      apimpolicy serve extracted --token login --claim roles=Orders.Write
      apimpolicy serve --workers 4 --redis redis://localhost:6379

    Exits with 0 after Ctrl-C or SIGTERM, 1 if a policy has errors, 2 if a file or a port can't be used.
    """
    try:
        import aiohttp  # noqa: F401 - all of the extra, or none of it
        import greenlet  # noqa: F401
        import httptools  # noqa: F401
        import OpenSSL  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise ConfigurationError(f"serve needs more packages: pip install 'apimpolicy[serve]' ({error})") from None
    if ca:
        from apimpolicy.serving.tls import authority_path

        print(authority_path())
        return commands.CLEAN
    from apimpolicy.project.manual_requests import TokenWish, claims_of
    from apimpolicy.serving.loading import ServeTarget

    settings = settings_of(path, config, {name: value for name, value in options.items() if value not in (None, ())})
    target = ServeTarget(
        path=path,
        config=config,
        backend=settings.backend,
        allow_outside=settings.allow_outside,
        negotiate=negotiate,
        tracing=settings.tracing,
    )
    if no_token and (token is not None or claims or is_expired):
        raise click.UsageError("--no-token goes with neither --token nor --claim nor --expired")
    wish = None if no_token else TokenWish(token or "", claims_of(claims), is_expired)
    return _serve(target, settings, wish, is_quiet=quiet)


def settings_of(path: str, config: str | None, given: dict[str, Any]) -> ServeSettings:
    """Return the settings of the options, else of the configuration. Raises ConfigurationError."""
    from apimpolicy.project.configuration import load_configuration
    from apimpolicy.serving.loading import ServeTarget

    found = ServeTarget(path=path, config=config).configuration_path()
    settings = {} if found is None else load_configuration(found).serve
    ensure_trusted(settings, given, found or "")
    return ServeSettings(**{**settings, **given})


def _serve(target: ServeTarget, settings: ServeSettings, wish: TokenWish | None, *, is_quiet: bool) -> int:
    from apimpolicy.serving.command import ServeCommand

    serve = ServeCommand(target, settings, sys.stdout, wish, is_quiet=is_quiet)
    serve.announce(in_full=is_verbose(click.get_current_context()))
    if settings.workers == 1:
        return serve.work(0)
    return serve.work_together(say)
