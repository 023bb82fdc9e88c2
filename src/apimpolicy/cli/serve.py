"""`apimpolicy serve [PATH]`: a gateway on this machine, which real clients can call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.commands import WithHelp, secrets_option
from apimpolicy.cli.configuration_file import configuration_option, selects_environment
from apimpolicy.cli.stand_ins import stands_in
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from apimpolicy.project.serve_settings import ServeSettings
    from apimpolicy.serving.loading import ServeTarget

_PORT = click.IntRange(0, 65535)


@click.command("serve", cls=WithHelp)
@click.argument("path", default=".", metavar="[PATH]")
@click.option("--http", type=_PORT, help="The port for http; 8080 unless given.")
@click.option("--https", type=_PORT, help="The port for https; 8443 unless given.")
@click.option("--host", help="The address to listen on; 127.0.0.1 unless given.")
@click.option("--ca", is_flag=True, help="Print where the authority of the certificate is, for curl --cacert, and end.")
@click.option("--certificate", nargs=2, metavar="CHAIN KEY", help="A certificate of your own, in two PEM files.")
@click.option("--backend", metavar="URL", help="Send all that is forwarded to this server.")
@click.option("--allow-outside", is_flag=True, default=None, help="Let requests go to wherever policies send them.")
@click.option("--redis", metavar="URL", help="Share counters, caches and circuits in this Redis.")
@click.option("--workers", type=click.IntRange(1, 64), help="How many processes serve; 1 unless given.")
@click.option("--negotiate/--no-negotiate", default=None, help="Turn 'Negotiate client certificate' on or off.")
@click.option("--trust-proxy", multiple=True, metavar="ADDRESS", help="Believe the X-Forwarded-* of this proxy.")
@click.option(
    "--max-body", "body_bytes", type=click.IntRange(0), metavar="BYTES", help="The largest body of a request; 100 MB."
)
@click.option("--max-connections", "connections", type=click.IntRange(1), metavar="N", help="Open at once; 10,000.")
@click.option("--inspector/--no-inspector", default=None, help="Show requests in a browser, on this machine only.")
@click.option("--inspector-port", type=_PORT, help="The port for that; any that is free unless given.")
@click.option("--tracing/--no-tracing", default=None, help="Keep the values of expressions for explanations.")
@click.option("-q", "--quiet", is_flag=True, help="Print no line for each request.")
@configuration_option
@selects_environment
@stands_in
@secrets_option
def command(path: str, ca: bool, quiet: bool, config: str | None, negotiate: bool | None, **options: Any) -> int:
    """Serve policies to real clients, over http and https, on this machine.

    PATH is a policy, a folder with policies, a folder as APIOps extracts it, or an apimpolicy.toml; this folder unless
    given. Backends are what the configuration says, or the server at --backend; nothing else leaves this machine. Where
    'Negotiate client certificate' is on, https asks for one, accepts any, and policies judge it. What changes in files
    holds from the next request on. What is not given is as the configuration's table [serve] says.

    \b
    Examples:
      apimpolicy serve orders.xml --backend http://127.0.0.1:9000
      apimpolicy serve extracted --https 443
      curl --cacert $(apimpolicy serve --ca) --cert partner.pem https://localhost:8443/orders
      apimpolicy serve --workers 4 --redis redis://localhost:6379

    Exits with 0 when it is ended by Ctrl-C or SIGTERM, 1 when a policy is wrong, 2 when a file or a port is not usable.
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
        from apimpolicy.serving.certificates import authority_path

        print(authority_path())
        return exit_codes.CLEAN
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
    return _serve(target, settings, is_quiet=quiet)


def settings_of(path: str, config: str | None, given: dict[str, Any]) -> ServeSettings:
    """How to serve: what is given, else what the configuration says. Raises ConfigurationError."""
    from apimpolicy.project.configuration import load_configuration
    from apimpolicy.project.serve_settings import ServeSettings
    from apimpolicy.serving.loading import ServeTarget

    found = ServeTarget(path=path, config=config).configuration_path()
    return ServeSettings(**{**({} if found is None else load_configuration(found).serve), **given})


def _serve(target: ServeTarget, settings: ServeSettings, *, is_quiet: bool) -> int:
    from apimpolicy.serving.command import ServeCommand

    serve = ServeCommand(target, settings, sys.stdout, is_quiet=is_quiet)
    serve.announce()
    if settings.workers == 1:
        return serve.work(0)
    from apimpolicy.cli.program import say

    return serve.work_together(say)
