"""Forward a request to a backend: its address, the transport's answer, and errors of the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.context.headers import Headers
from apimpolicy.context.messages import ResponseMessage
from apimpolicy.context.records import Request, Response
from apimpolicy.context.urls import DEFAULT_PORTS, Url
from apimpolicy.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.dotnet.values import from_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.spec import PolicyError

if TYPE_CHECKING:
    from apimpolicy.engine.backend_routing import Route
    from apimpolicy.engine.exchange import Exchange
    from apimpolicy.engine.services import Transport

REVISION = ";rev="
TIMED_OUT = "Request to the backend service timed out"
OWN_TIMED_OUT = "The request was canceled due to the configured HttpClient.Timeout of {seconds:g} seconds elapsing."


def forward(exchange: Exchange, timeout: float, *, buffers: bool, buffers_request: bool) -> tuple[Request, Response]:
    """Send the request to the backend that was chosen; its answer is the response from here on. See
    `apimpolicy.policies.surroundings.Exchange.forward`. Raises PolicyError.
    """
    services = exchange.services
    request = exchange.request.to_request()
    _take_body(exchange, request, keeps=buffers_request)
    request.certificate = exchange.backend_certificate
    route = exchange.routed = _route(exchange, request)
    try:
        address = _backend_address(exchange, route)
    except ConfigurationError as error:
        raise PolicyError("BackendConnectionFailure", str(error)) from None
    if address is not exchange.request.url:
        request.url = str(address)
    request.headers = forwarded_headers(
        request.headers, address.host, exchange.request.ip_address, keeps_host=exchange.host_is_set
    )
    if route is not None:
        services.backends.add_credentials(route, request)
    exchange.backend_requests.append(request)
    transport = services.dapr if exchange.backend_is_exact else services.transport
    try:
        response = answer_of(exchange, transport, request, timeout, buffers=buffers)
    except PolicyError as error:
        if route is not None:
            services.backends.failed(route, error.reason)
        raise
    exchange.show_response(ResponseMessage.of(response, exchange.request.second_read))
    if route is not None:
        services.backends.answered(route, response)
        if route.session is not None:
            exchange.response.headers.append("Set-Cookie", ["=".join(route.session) + "; path=/"])
    return request, response


def _take_body(exchange: Exchange, request: Request, *, keeps: bool) -> None:
    """Send the caller's body once, unless it is in memory; a Content-Length that no longer fits goes."""
    body = exchange.request.body
    if body is None:
        return
    if body.is_sent and exchange.services.settings.unbuffered_body == "empty":
        request.body = None
        request.headers = Headers(
            {name: values for name, values in request.headers.fields() if name.lower() != "content-length"}
        )
    body.is_sent = body.is_sent or not (keeps or body.is_buffered)


def follow(exchange: Exchange, request: Request, timeout: float) -> Response:
    """Send a request that the backend's answer asked for; its answer is the response now. Raises PolicyError."""
    host = Url.parse(request.url).host
    request.headers = forwarded_headers(request.headers, host, None, keeps_host=exchange.host_is_set)
    exchange.backend_requests.append(request)
    response = answer_of(exchange, exchange.services.transport, request, timeout)
    exchange.show_response(ResponseMessage.of(response, exchange.request.second_read))
    return response


def send_to_backend(exchange: Exchange, request: Request, backend_id: str, timeout: float) -> Response:
    """Send a request of a policy's own to a backend, with its credentials, circuit and pool. Raises PolicyError."""
    backends = exchange.services.backends
    route = backends.route(backend_id, request)
    if route.id != backend_id:
        placeholder = f"https://{backend_id}"
        request.url = route.backend.url.rstrip("/") + request.url.removeprefix(placeholder)
    host = Url.parse(request.url).host
    request.headers = forwarded_headers(request.headers, host, None, keeps_host=False)
    backends.add_credentials(route, request)
    exchange.sent_requests.append(request)
    try:
        response = answer_of(exchange, exchange.services.transport, request, timeout)
    except PolicyError as error:
        backends.failed(route, error.reason)
        raise
    backends.answered(route, response)
    return response


def forwarded_headers(headers: Headers, host: str, caller: str | None, *, keeps_host: bool) -> Headers:
    """Return the headers that the backend gets: its own host first, and the caller's address added to
    X-Forwarded-For.
    """
    if keeps_host:
        fields = dict(headers.by_key())
    else:
        own = ("Host", [from_utf16(host)])
        fields = {"host": own, **headers.by_key()}
        fields["host"] = own
    if caller:
        name, others = fields.get("x-forwarded-for", ("X-Forwarded-For", []))
        fields["x-forwarded-for"] = (name, [",".join([*others, from_utf16(caller)])])
    return Headers.made_of(fields)


def answer_of(
    exchange: Exchange,
    transport: Transport,
    request: Request,
    timeout: float,
    *,
    is_own: bool = False,
    buffers: bool = True,
) -> Response:
    """Return what a transport answers within `timeout` seconds of the gateway's time.

    An answer that does not come costs the whole timeout. `is_own` says that it is a request of the policy's own, of
    whose errors other words were seen than of those of forward-request. Unless it `buffers`, a transport that can do so
    (its method `stream`) leaves the body to come.

    Raises PolicyError for a connection that fails, ConfigurationError for an answer that is none.
    """
    timed_out = OWN_TIMED_OUT.format(seconds=timeout) if is_own else TIMED_OUT
    now = exchange.services.time.ticks
    started = now()
    send = transport.send if buffers else getattr(transport, "stream", transport.send)
    try:
        response = send(request, timeout)
    except TimeoutError:
        exchange.services.time.advance(max(0.0, timeout - (now() - started) / TICKS_PER_SECOND))
        raise PolicyError("Timeout", timed_out) from None
    except OSError as error:
        raise PolicyError("BackendConnectionFailure", _error_message(error, request, is_own)) from error
    if not isinstance(response, Response):
        raise ConfigurationError(f"the backend answered with {type(response).__name__}, not with a Response")
    if now() - started > timeout * TICKS_PER_SECOND:
        raise PolicyError("Timeout", timed_out)
    return response


def _error_message(error: OSError, request: Request, is_own: bool) -> str:
    """Return the message of a failed connection: its own, or that of real gateways when it is refused."""
    if str(error) and (is_own or not isinstance(error, ConnectionRefusedError)):
        return str(error)
    url = Url.parse(request.url)
    return f"Error connecting to {from_utf16(url.host)}:{url.port}"


def _route(exchange: Exchange, request: Request) -> Route | None:
    """Return the backend that the request goes to, when set-backend-service named one by its id."""
    if exchange.backend_id is None or exchange.backend_is_exact:
        return None
    exchange.routed = None
    return exchange.services.backends.route(exchange.backend_id, request)


def _backend_address(exchange: Exchange, route: Route | None) -> Url:
    """Return where the request goes, the request's own URL without a backend. Raises ConfigurationError."""
    url = exchange.request.url
    service = exchange.context.api.service_url
    chosen = exchange.backend_url if route is None else route.backend.url
    base = service if chosen is None else Url.parse(chosen)
    return url if base is None else _url_below(exchange, base)


def _url_below(exchange: Exchange, base: Url) -> Url:
    """Return the URL below a backend's base URL: what the API's own path leaves of the request's path,
    then its query.
    """
    url = exchange.request.url
    path = "" if exchange.backend_is_exact else url.path
    if path and not exchange.path_is_rewritten:
        prefix = from_utf16(exchange.context.api.path) if exchange.api_prefix is None else exchange.api_prefix
        path = path_below(path, prefix) or path
    query = "&".join(part for part in (base.query_string[1:], url.query_string[1:]) if part)
    return base.replaced(path=base.path.rstrip("/") + path, query_string=query)


def target(exchange: Exchange) -> str | None:
    """Return where the request would go now; None where that is decided later, as in a pool."""
    try:
        return str(_backend_address(exchange, None))
    except ConfigurationError:
        return None


def forwarded_url(exchange: Exchange) -> Url:
    """Return the URL of the request as it would be forwarded now.

    A pool chooses a member only when it forwards, so its id takes the place of the host.
    """
    try:
        return _backend_address(exchange, None)
    except ConfigurationError:
        return _url_below(exchange, Url("https", exchange.backend_id or "", DEFAULT_PORTS["https"]))


def path_below(path: str, prefix: str) -> str | None:
    """Return what follows an API's path in a URL's path, beginning with `/`; None when it does not begin so.

    The revision that a caller asks for belongs to the API's path.

    >>> path_below("/orders/17", "orders"), path_below("/ordersheet", "orders"), path_below("/a;rev=2/17", "a")
    ('/17', None, '/17')
    """
    prefix = prefix.strip("/")
    own = path[1 : len(prefix) + 1]
    if own.lower() == prefix.lower() and path[len(prefix) + 1 :].lower().startswith(REVISION):
        rest = path[len(prefix) + 1 + len(REVISION) :]
        return "/" + rest.partition("/")[2]
    if not prefix:
        return path
    if path.lower() == f"/{prefix}".lower():
        return "/"
    return path[len(prefix) + 1 :] if path.lower().startswith(f"/{prefix}/".lower()) else None
