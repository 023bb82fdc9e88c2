"""Send the requests of an exchange, to a backend and of policies' own: addresses, answers, errors of the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.environment import TICKS_PER_SECOND
from apimpolicy.errors import ConfigurationError, NotSimulatedError
from apimpolicy.gateway.context.azure_texts import azure_text
from apimpolicy.gateway.context.headers import Headers
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.context.urls import DEFAULT_PORTS, Url
from apimpolicy.gateway.engine.services import NO_BACKEND, Transport
from apimpolicy.gateway.policies import surroundings
from apimpolicy.gateway.policies.surroundings import PolicyError, azure_error
from apimpolicy.text.source import from_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.context.messages import ResponseMessage
    from apimpolicy.gateway.engine.backend_routing import Route
    from apimpolicy.gateway.engine.exchange import ExchangeServices

REVISION = ";rev="


class NoBackendError(NotSimulatedError):
    """A request was sent, and nothing that was given to the gateway responds to it."""

    def __init__(self, request: Request) -> None:
        super().__init__("the backend", f"no backend was given for {request.method} {request.url}")


class SendingExchange(surroundings.PolicyExchange):
    """The part of an exchange that sends requests.

    `is_hop` is true for a request inside the service, such as the call of a tool; it gets no invented responses.
    """

    services: ExchangeServices
    sent_requests: list[Request]
    backend_is_exact = False
    is_hop = False
    routed: Route | None = None
    api_prefix: str | None = None

    def show_response(self, response: ResponseMessage | None = None) -> None:
        """Show the response to expressions from here on; replace it first if another one is given."""
        if response is not None:
            self.response = response
        self.context.response = self.response

    def set_backend(self, url: str, backend_id: str | None, *, exact: bool = False) -> None:
        self.backend_is_exact = exact
        self.backend_url, self.backend_id, self.backend_scope = url, backend_id, self.scope
        self.context.backend = None if backend_id is None else self.services.backends.entity(backend_id)

    @property
    def backend_choice(self) -> str:
        return "" if self.routed is None else self.routed.why

    @property
    def pool_member(self) -> str | None:
        routed = self.routed
        return None if routed is None or routed.id == self.backend_id else routed.id

    @property
    def target_url(self) -> str | None:
        try:
            return str(self._backend_address(None))
        except ConfigurationError:
            return None

    @property
    def forwarded_url(self) -> Url:
        try:
            return self._backend_address(None)
        except ConfigurationError:
            return self._url_below(Url("https", self.backend_id or "", DEFAULT_PORTS["https"]))

    def forward(
        self, timeout: float, *, buffers: bool = True, buffers_request: bool = True
    ) -> tuple[Request, Response]:
        services = self.services
        request = self.request.to_request()
        self._take_body(request, keeps=buffers_request)
        request.certificate = self.backend_certificate
        route = self.routed = self._route(request)
        try:
            address = self._backend_address(route)
        except ConfigurationError as error:
            raise PolicyError(REASON, str(error)) from None
        if address is not self.request.url:
            request.url = str(address)
        request.headers = forwarded_headers(
            request.headers, address.host, self.request.ip_address, keeps_host=self.host_is_set
        )
        if route is not None:
            services.backends.add_credentials(route, request)
        self.backend_requests.append(request)
        transport = services.dapr if self.backend_is_exact else services.transport
        response = self._answer_by(route, transport, request, timeout, buffers=buffers)
        self.show_response(self._from_backend(response))
        if route is not None and route.session is not None:
            self.response.headers.append("Set-Cookie", ["=".join(route.session) + "; path=/"])
        return request, response

    def _from_backend(self, response: Response) -> ResponseMessage:
        """Return a response without the headers that concern only the connection (release notes of October 2020)."""
        found = self.received(response)
        for name in ("Connection", "Keep-Alive", "Transfer-Encoding"):
            found.headers.delete(name)
        return found

    def follow(self, request: Request, timeout: float) -> Response:
        host = Url.parse(request.url).host
        request.headers = forwarded_headers(request.headers, host, None, keeps_host=self.host_is_set)
        self.backend_requests.append(request)
        response = self._answer_of(self.services.transport, request, timeout)
        self.show_response(self._from_backend(response))
        return response

    def send(self, request: Request, timeout: float, *, to_dapr: bool = False) -> Response:
        self.sent_requests.append(request)
        transport = self.services.dapr if to_dapr else self.services.outside
        return self._answer_of(transport, request, timeout, is_own=True)

    def send_to_backend(self, request: Request, backend_id: str, timeout: float) -> Response:
        backends = self.services.backends
        route = backends.route(backend_id, request)
        if route.id != backend_id:
            placeholder = f"https://{backend_id}"
            request.url = route.backend.url.rstrip("/") + request.url.removeprefix(placeholder)
        host = Url.parse(request.url).host
        request.headers = forwarded_headers(request.headers, host, None, keeps_host=False)
        backends.add_credentials(route, request)
        self.sent_requests.append(request)
        return self._answer_by(route, self.services.transport, request, timeout)

    def _take_body(self, request: Request, *, keeps: bool) -> None:
        """Send the caller's body once, unless it is in memory; remove a Content-Length that no longer fits.

        Raises PolicyError on a tier that fails instead.
        """
        body = self.request.body
        if body is None:
            return
        settings = self.services.settings
        again = settings.unbuffered_body
        if again == "by-tier":
            again = "error" if settings.tier in ("classic", "developer") else "empty"
        if body.is_sent and again == "error" and request.body:
            raise azure_error("body-not-sent-again")
        if body.is_sent and again != "again":
            request.body = None
            request.headers = Headers(
                {name: values for name, values in request.headers.fields() if name.lower() != "content-length"}
            )
        body.is_sent = body.is_sent or not (keeps or body.is_buffered)

    def _route(self, request: Request) -> Route | None:
        """Return the backend that the request goes to, when set-backend-service named one by its id."""
        if self.backend_id is None or self.backend_is_exact:
            return None
        self.routed = None
        return self.services.backends.route(self.backend_id, request)

    def _backend_address(self, route: Route | None) -> Url:
        """Return where the request goes, the request's own URL without a backend. Raises ConfigurationError."""
        chosen = self.backend_url if route is None else route.backend.url
        base = self.context.api.service_url if chosen is None else Url.parse(chosen)
        return self.request.url if base is None else self._url_below(base)

    def _url_below(self, base: Url) -> Url:
        """Return the URL at a backend: its base URL, the request's path without the API's, and the query."""
        url = self.request.url
        path = "" if self.backend_is_exact else url.path
        if path and not self.path_is_rewritten:
            prefix = from_utf16(self.context.api.path) if self.api_prefix is None else self.api_prefix
            path = path_below(path, prefix) or path
        query = "&".join(part for part in (base.query_string[1:], url.query_string[1:]) if part)
        return base.replaced(path=base.path.rstrip("/") + path, query_string=query)

    def _answer_by(
        self, route: Route | None, transport: Transport, request: Request, timeout: float, *, buffers: bool = True
    ) -> Response:
        """Return the response of a backend, and report it to its circuit breaker. Raises PolicyError."""
        if route is None:
            return self._answer_of(transport, request, timeout, buffers=buffers)
        try:
            response = self._answer_of(transport, request, timeout, buffers=buffers)
        except PolicyError as error:
            self.services.backends.failed(route, error.reason)
            raise
        self.services.backends.answered(route, response)
        return response

    def _answer_of(
        self, transport: Transport, request: Request, timeout: float, *, is_own: bool = False, buffers: bool = True
    ) -> Response:
        """Return the response of a transport within `timeout` seconds of the gateway's time.

        Without a response the whole timeout passes. `is_own` is true for a request of the policy's own,
        whose errors have other words than those of forward-request (seen). Unless it `buffers`, a transport that can
        do so (its method `stream`) leaves the body to come.

        Raises PolicyError for a connection that fails, ConfigurationError for a response that is not a Response,
        NoBackendError.
        """
        time = self.services.time
        started = time.ticks()
        send = transport.send if buffers else getattr(transport, "stream", transport.send)
        try:
            response = send(request, timeout)
        except TimeoutError:
            time.advance(max(0.0, timeout - (time.ticks() - started) / TICKS_PER_SECOND))
            raise _timeout(timeout, is_own=is_own) from None
        except OSError as error:
            self_hosted = not self.context.deployment.gateway.is_managed
            raise connection_error(error, request, is_own=is_own, is_self_hosted=self_hosted) from error
        if response is NO_BACKEND and self.is_hop:
            raise NoBackendError(request)
        if not isinstance(response, Response):
            raise ConfigurationError(f"the backend answered with {type(response).__name__}, not with a Response")
        if time.ticks() - started > timeout * TICKS_PER_SECOND:
            raise _timeout(timeout, is_own=is_own)
        return response


def _timeout(seconds: float, *, is_own: bool) -> PolicyError:
    return azure_error("own-timeout", seconds=f"{seconds:g}") if is_own else azure_error("timeout")


def forwarded_headers(headers: Headers, host: str, caller: str | None, *, keeps_host: bool) -> Headers:
    """Return the headers for the backend: its own host first, the caller's address in X-Forwarded-For."""
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


def path_below(path: str, prefix: str) -> str | None:
    """Return a URL's path after the API's path, beginning with `/`; None for a path without that prefix.

    The revision that a caller requests belongs to the API's path.

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


# The errors of connections that fail, in the words of real gateways
# Seen on self-hosted gateways: "Error connecting to host:port". Seen in traces of managed ones, each as a list of
# messages: that of the failed call first, then its causes. The words about DNS and refused connections are .NET's.

REASON = "BackendConnectionFailure"


def connection_error(error: OSError, request: Request, *, is_own: bool, is_self_hosted: bool) -> PolicyError:
    """Return the error for a connection that fails; `is_own` for a request that a policy sends beside the main one.

    A message that the backend's double gives is that of `context.LastError`.
    """
    url = Url.parse(request.url)
    address = f"{from_utf16(url.host)}:{url.port}"
    is_refused = isinstance(error, ConnectionRefusedError)
    stated = "" if error.errno is not None or (is_refused and not is_own) else _stated(error)
    if is_self_hosted:
        return PolicyError(REASON, stated or azure_text("connection-failed", address=address))
    cause = stated or _cause(error, from_utf16(url.host), address)
    calling = azure_text("backend-call-failed")
    traced = (azure_text("own-connection-failed"), calling, cause) if is_own else (calling, cause)
    return PolicyError(REASON, stated or traced[0], traced=traced)


def _stated(error: OSError) -> str:
    """Return the words of an error; `ssl.SSLError` shows a single argument as a tuple."""
    return str(error.args[0]) if len(error.args) == 1 else str(error)


def _cause(error: OSError, host: str, address: str) -> str:
    import socket
    import ssl

    if isinstance(error, ssl.SSLError):
        return azure_text("tls-failed")
    if isinstance(error, socket.gaierror):
        return azure_text("host-unknown", host=host)
    return azure_text("connection-refused", address=address)
