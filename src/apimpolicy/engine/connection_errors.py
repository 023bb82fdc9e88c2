"""The errors of connections that fail, in the words of real gateways.

Seen on self-hosted gateways: "Error connecting to host:port". Seen in traces of managed ones, each as a list of
messages: that of the failed call first, then its causes. The words about DNS and refused connections are .NET's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.context.urls import Url
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.policies.surroundings import PolicyError

if TYPE_CHECKING:
    from apimpolicy.context.records import Request

REASON = "BackendConnectionFailure"
CALLING = "Error occured while calling backend service."
UNABLE = "Unable to connect to the remote server"
NO_CHANNEL = "The request was aborted: Could not create SSL/TLS secure channel."


def connection_error(error: OSError, request: Request, *, is_own: bool, is_self_hosted: bool) -> PolicyError:
    """Return the error for a connection that fails; `is_own` for a request that a policy sends beside the main one.

    A message that the backend's double gives is that of `context.LastError`.
    """
    url = Url.parse(request.url)
    address = f"{from_utf16(url.host)}:{url.port}"
    is_refused = isinstance(error, ConnectionRefusedError)
    stated = "" if error.errno is not None or (is_refused and not is_own) else str(error)
    if is_self_hosted:
        return PolicyError(REASON, stated or f"Error connecting to {address}")
    cause = stated or _cause(error, from_utf16(url.host), address)
    traced = (UNABLE, CALLING, cause) if is_own else (CALLING, cause)
    return PolicyError(REASON, stated or traced[0], traced=traced)


def _cause(error: OSError, host: str, address: str) -> str:
    import socket
    import ssl

    if isinstance(error, ssl.SSLError):
        return NO_CHANNEL
    if isinstance(error, socket.gaierror):
        return f"The remote name could not be resolved: '{host}'"
    return f"No connection could be made because the target machine actively refused it {address}"
