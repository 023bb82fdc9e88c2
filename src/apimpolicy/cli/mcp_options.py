"""The options `--mcp SERVER --tool NAME --arguments JSON`: a request to an MCP server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from apimpolicy.engine.mcp.clients import call_message
from apimpolicy.engine.mcp.clients import to_server as request_to_server

if TYPE_CHECKING:
    from apimpolicy.cli.gateway_options import GatewayOptions
    from apimpolicy.context.records import Request
    from apimpolicy.engine.gateway import Gateway


def to_server(options: GatewayOptions, gateway: Gateway, request: Request, arguments: bytes | str | None) -> Request:
    """Return the request to the MCP server that --mcp names. Raises ConfigurationError, click.UsageError."""
    if options.mcp is None or (options.arguments is not None and options.tool is None):
        raise click.UsageError(
            "--tool and --arguments belong to --mcp SERVER" if options.mcp is None else "--arguments belongs to --tool"
        )
    others = {
        "--get": options.get_url,
        "--url": options.url,
        "--request": options.request_file,
        "--method": options.method,
        "--body": options.body,
    }
    name = next((name for name, value in others.items() if value is not None), None)
    if name is not None:
        raise click.UsageError(f"--mcp doesn't go with {name}")
    if not options.is_service or gateway.service is None:
        raise click.UsageError("--mcp needs a service, not one policy")
    content = call_message(options.tool, _arguments(arguments or "{}"))
    return request_to_server(gateway.service, options.mcp, content, request)


def _arguments(text: bytes | str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--arguments isn't JSON: {error}") from None
    if not isinstance(found, dict):
        raise click.UsageError('--arguments takes a JSON object, such as {"id": "17"}')
    return found
