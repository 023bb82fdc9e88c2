"""`apimpolicy serve [PATH]`: a gateway on this machine, which real clients can call."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from apimpolicy.cli import exit_codes
from apimpolicy.cli.commands import WithHelp, secrets_option
from apimpolicy.cli.configuration_file import configuration_option
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from apimpolicy.serving.loading import Source

_PORT = click.IntRange(0, 65535)


@click.command("serve", cls=WithHelp)
@click.argument("path", default=".", metavar="[PATH]")
@click.option("--http", "http_port", type=_PORT, default=8080, show_default=True, help="The port for http.")
@click.option("--https", "https_port", type=_PORT, default=8443, show_default=True, help="The port for https.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--ca", is_flag=True, help="Print where the authority of the certificate is, for curl --cacert, and end.")
@click.option("--certificate", nargs=2, metavar="CHAIN KEY", help="A certificate of your own, in two PEM files.")
@click.option("--backend", metavar="URL", help="Send all that is forwarded to this server.")
@click.option("--allow-outside", is_flag=True, help="Let requests go to wherever policies send them.")
@click.option("--redis", metavar="URL", help="Share counters, caches and circuits in this Redis.")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes serve.")
@click.option("--negotiate/--no-negotiate", default=None, help="Turn 'Negotiate client certificate' on or off.")
@click.option("--trust-proxy", multiple=True, metavar="ADDRESS", help="Believe the X-Forwarded-* of this proxy.")
@click.option("--max-body", type=click.IntRange(0), metavar="BYTES", help="The largest body of a request; 100 MB.")
@click.option("--max-connections", type=click.IntRange(1), metavar="N", help="Open at once in each process; 10,000.")
@click.option("--inspector/--no-inspector", default=True, help="Show requests at /_apimpolicy/ (on this machine only).")
@click.option("--tracing/--no-tracing", default=True, help="Keep the values of expressions for explanations.")
@click.option("-q", "--quiet", is_flag=True, help="Print no line for each request.")
@configuration_option
@secrets_option
def command(path: str, ca: bool, **options: Any) -> int:
    """Serve policies to real clients, over http and https, on this machine.

    PATH is a policy, a folder with policies, a folder as APIOps extracts it, or an apimpolicy.toml; this folder unless
    given. Backends are what the configuration says, or the server at --backend; nothing else leaves this machine. Where
    'Negotiate client certificate' is on, https asks for one, accepts any, and policies judge it. What changes in files
    holds from the next request on.

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
    from apimpolicy.serving.loading import Source

    source = Source(
        path=path,
        config=options.pop("config"),
        backend=options.pop("backend"),
        allow_outside=options.pop("allow_outside"),
        negotiate=options.pop("negotiate"),
        tracing=options.pop("tracing"),
    )
    return _serve(source, **options)


def _serve(source: Source, *, workers: int, quiet: bool, **options: Any) -> int:
    from apimpolicy.serving.command import ServeCommand

    serve = ServeCommand(source, sys.stdout, is_quiet=quiet, workers=workers, **options)
    serve.announce()
    if workers == 1:
        return serve.work(0)
    from apimpolicy.cli.program import say

    return serve.work_together(say)
