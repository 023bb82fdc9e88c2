"""The common part of publish-to-dapr and invoke-dapr-binding: a request to the Dapr sidecar, and its response.

Where no document says more, our choices: `template="Liquid"` makes the content a template as in set-body, that sees the
message of its section, and `{{…}}` anywhere in the element is Liquid's, not a named value; a response of status 400 and
above is an error with status 500, our own text and no reason; the response is in the variable before on-error runs;
when there is no response at all and errors are ignored, the variable is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from apimpolicy.dotnet.values import from_utf16, to_utf16
from apimpolicy.policies.effects import Effect, Sent
from apimpolicy.policies.surroundings import Exchange, PolicyError

if TYPE_CHECKING:
    from apimpolicy.context.records import Request

SIDECAR = "http://localhost:3500/v1.0"
JSON = "application/json"


def ask(exchange: Exchange, request: Request, timeout: float, variable: str | None, ignore_error: bool) -> Effect:
    """Send a request to the sidecar. Raises PolicyError when that fails, unless errors are ignored."""

    try:
        response = exchange.send(request, timeout, to_dapr=True)
    except PolicyError as error:
        if not ignore_error:
            raise
        if variable is not None:
            exchange.variables[variable] = None
        return Sent(f"failed, ignored: {error.message}", request=request, response=None)
    if variable is not None:
        exchange.variables[variable] = exchange.received(response)
    if response.status_code >= 400 and not ignore_error:
        raise PolicyError(None, f"Dapr answered {request.url} with the status code {response.status_code}.")
    return Sent.answered(request, response)


def content_of(exchange: Exchange, content: bytes, template: str | None) -> bytes:
    """Return a content, rendered as a Liquid template if `template` is Liquid. Raises PolicyError."""
    if template is None or template.lower() != "liquid":
        return content
    from apimpolicy.policies.liquid.template import rendered

    rendering = rendered(exchange, to_utf16(content.decode("utf-8", "replace")), exchange.message)
    return from_utf16(rendering.text).encode("utf-8", "replace")


def in_path(value: str) -> str:
    """Return a name as a part of a URL's path; slashes stay."""
    return quote(value, safe="/~!$&'()*+,;=:@")
