"""One request on its way through the gateway: its state, and how policies run against it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from apimpolicy.context.execution import LastError
from apimpolicy.context.messages import ResponseMessage
from apimpolicy.context.records import Response
from apimpolicy.context.urls import Url
from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.values import from_utf16, to_utf16
from apimpolicy.engine.cache import ValueCache
from apimpolicy.engine.counters import CallCounters
from apimpolicy.engine.evaluation import Evaluator
from apimpolicy.engine.trace import Effect, Trace, TraceEntry
from apimpolicy.engine.variables import Variables
from apimpolicy.errors import ConfigurationError, LimitExceededError, NotSimulatedError
from apimpolicy.policies.registry import UNDOCUMENTED, is_known
from apimpolicy.policies.spec import PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.context.description import OperationDescription
    from apimpolicy.context.execution import Context
    from apimpolicy.context.messages import RequestMessage
    from apimpolicy.context.records import Request
    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.dotnet.cryptography.chain import Verification
    from apimpolicy.engine.api_documents import ApiDocuments
    from apimpolicy.engine.backend_routing import BackendRouter, Route
    from apimpolicy.engine.data_sources import GatewayDataSources
    from apimpolicy.engine.identity import Identities
    from apimpolicy.engine.integrations import Integrations
    from apimpolicy.engine.services import SimulatedTime, Transport
    from apimpolicy.engine.steps import Step
    from apimpolicy.policies.language_models import PromptEmbedding
    from apimpolicy.policies.messaging import Sidecar
    from apimpolicy.policies.metrics import Metric

TICKS_PER_SECOND = 10_000_000


class ExchangeServices:
    """`apimpolicy.policies.spec.Services`, as a gateway gives them, and what only the engine uses.

    `transport` answers what is forwarded, `outside` what policies send of their own.
    """

    __slots__ = (
        "allows_new_body",
        "backends",
        "cache",
        "content_safety",
        "counters",
        "dapr",
        "data_sources",
        "documents",
        "event_hubs",
        "identities",
        "language_models",
        "metrics",
        "outside",
        "refused_certificate_status",
        "running",
        "semantic_cache",
        "service_bus",
        "time",
        "transport",
    )

    def __init__(
        self,
        transport: Transport,
        outside: Transport,
        time: SimulatedTime,
        backends: BackendRouter,
        integrations: Integrations,
        identities: Identities,
        documents: ApiDocuments,
        data_sources: GatewayDataSources,
        *,
        allows_new_body: bool,
        refused_certificate_status: int,
    ) -> None:
        self.transport = transport
        self.outside = outside
        self.time = time
        self.backends = backends
        self.allows_new_body = allows_new_body
        self.refused_certificate_status = refused_certificate_status
        self.counters = CallCounters()
        self.cache = ValueCache()
        self.running: dict[str, int] = {}
        self.identities = identities
        self.documents = documents
        self.data_sources = data_sources
        self.event_hubs = integrations.event_hubs
        self.service_bus = integrations.service_bus
        self.dapr = integrations.dapr
        self.metrics = integrations.metrics
        self.language_models = integrations.language_models
        self.semantic_cache = integrations.semantic_cache
        self.content_safety = integrations.content_safety


class Exchange:
    """The state of one request; implements `apimpolicy.policies.spec.Exchange`.

    `context` is what expressions see. Its `Response` is null until there is one: the backend's, or that of an error.
    `unasked_certificate` is the client certificate that was on the wire although the gateway did not ask for it;
    `verifications` are the questions whether a certificate is to be trusted, with their answers.
    """

    def __init__(
        self,
        original_request: Request,
        context: Context,
        services: ExchangeServices,
        *,
        tracing: bool = True,
        url_template: str = "",
        unasked_certificate: Certificate | None = None,
        asks_for_certificate: bool = False,
    ) -> None:
        self.original_request = original_request
        self.context = context
        self.services = services
        self.url_template = url_template
        self.described_operation: OperationDescription | None = None
        self.unasked_certificate = unasked_certificate
        self.asks_for_certificate = asks_for_certificate
        self.trace = Trace()
        self.variables = Variables(context.variables)
        self.backend_requests: list[Request] = []
        self.sent_requests: list[Request] = []
        self.verifications: list[Verification] = []
        self.backend_url: str | None = None
        self.backend_id: str | None = None
        self.backend_scope: str | None = None
        self.backend_is_exact = False
        self.routed: Route | None = None
        self.api_prefix: str | None = None
        self.backend_certificate: Certificate | None = None
        self.cache_key: str | None = None
        self.prompt_embedding: PromptEmbedding | None = None
        self.metrics: list[Metric] = []
        self.path_is_rewritten = False
        self.section = "inbound"
        self.answer: ResponseMessage | None = None
        self.is_served = False
        self.response = ResponseMessage(second_read=context.request.second_read)
        self._evaluator = Evaluator(context, tracing)
        self._now = environment().utc_now
        self.composed_request: RequestMessage | None = None
        self._composed: ResponseMessage | None = None
        self._running: list[Step] = []
        self._entries: dict[Step, TraceEntry] = {}
        self._counted: set[str] = set()
        self._at_end: list[Callable[[ResponseMessage], None]] = []
        self._on_response: list[tuple[Step, Callable[[ResponseMessage], None]]] = []

    @property
    def request(self) -> RequestMessage:
        return self.context.request

    @property
    def last_error(self) -> LastError | None:
        """`context.LastError`."""
        return self.context.last_error

    @property
    def scope(self) -> str:
        return self._running[-1].scope

    @property
    def changes_request(self) -> bool:
        return self.composed_request is not None or (self._composed is None and self.section in ("inbound", "backend"))

    @property
    def message(self) -> RequestMessage | ResponseMessage:
        if self.composed_request is not None:
            return self.composed_request
        return self.request if self.changes_request else self.reply

    @property
    def reply(self) -> ResponseMessage:
        return self.response if self._composed is None else self._composed

    def show_response(self, response: ResponseMessage | None = None) -> None:
        """From here on expressions see the response; it is replaced by this one if it is given."""
        if response is not None:
            self.response = response
        self.context.response = self.response

    # Running policies

    def execute(self, steps: Sequence[Any]) -> None:
        for step in steps:
            if self.answer is not None:
                return
            self._run(step)

    def _run(self, step: Step) -> None:
        entry = self._enter(step)
        running = self._running
        running.append(step)
        try:
            if step.specification is None:
                known = UNDOCUMENTED.get(step.name)
                reason = f"no documentation describes it, only {known} knows it ({step.where()})" if known else ""
                raise NotSimulatedError(f"the policy '{step.name}'", reason or step.where())
            effect = self._evaluator.instantiate(step, entry).run(self)
            if effect is not None:
                entry.effect = effect
        except (PolicyError, NotSimulatedError, LimitExceededError) as error:
            self._locate(error, step)
            raise
        finally:
            running.pop()

    def evaluate(self, step: Any) -> Any:
        entry = self._enter(step)
        try:
            return self._evaluator.instantiate(step, entry)
        except (PolicyError, NotSimulatedError, LimitExceededError) as error:
            self._locate(error, step)
            raise

    def note(self, effect: Effect, step: Any = None) -> None:
        self._entries[self._running[-1] if step is None else step].effect = effect

    def inserted(self) -> Sequence[Step]:
        return self._running[-1].inserted

    def compose(self, steps: Sequence[Any], response: ResponseMessage) -> None:
        around = self._composed
        self._composed = response
        try:
            self.execute(steps)
        finally:
            self._composed = around

    def compose_request(self, steps: Sequence[Any], request: RequestMessage) -> None:
        around = self.composed_request
        self.composed_request = request
        try:
            self.execute(steps)
        finally:
            self.composed_request = around

    @property
    def has_ended(self) -> bool:
        return self.answer is not None

    def end(self, response: ResponseMessage) -> None:
        self.answer = response

    def answer_resolver(self, response: ResponseMessage) -> None:
        self.section = "outbound"
        self.show_response(response)

    def serve(self, response: ResponseMessage) -> None:
        self.answer = response
        self.is_served = True

    @property
    def place(self) -> str:
        step = self._running[-1]
        return f"{step.scope} {step.section} {step.path}"

    def has_expression(self, *attributes: str) -> bool:
        given = (self._running[-1].element.get(name) for name in attributes)
        return any(attribute is not None and attribute.value.expression is not None for attribute in given)

    def counts_first(self, key: str) -> bool:
        if key in self._counted:
            return False
        self._counted.add(key)
        return True

    def at_end(self, action: Callable[[ResponseMessage], None]) -> None:
        self._at_end.append(action)

    def finish(self, answer: ResponseMessage) -> None:
        """Do what policies left for the end. An expression that throws there changes nothing any more."""
        self.show_response(answer)
        for action in self._at_end:
            with suppress(PolicyError):
                action(answer)

    def on_response(self, action: Callable[[ResponseMessage], None]) -> None:
        self._on_response.append((self._running[-1], action))

    def receive(self) -> None:
        """Do what policies left for the moment before outbound. Raises PolicyError, with the policy as its place."""
        for step, action in self._on_response:
            try:
                action(self.response)
            except (PolicyError, NotSimulatedError, LimitExceededError) as error:
                self._locate(error, step)
                raise

    def emit(self, metric: Metric) -> None:
        self.metrics.append(metric)
        self.services.metrics.append(metric)

    def wait(self, seconds: float) -> None:
        self.services.time.advance(seconds)

    def _enter(self, step: Step) -> TraceEntry:
        around = None if step.parent is None else self._entries.get(step.parent)
        entry = TraceEntry(step.section, step.scope, step.path, step.element, around)
        if self._evaluator.tracing:
            entry.ticks = self._now()
        self._entries[step] = entry
        self.trace.append(entry)
        return entry

    def _locate(self, error: PolicyError | NotSimulatedError | LimitExceededError, step: Step) -> None:
        """Say, once, in which policy an error came about: the innermost."""
        if isinstance(error, PolicyError):
            if error.last_error is None:
                policy = step
                while not is_known(policy.name) and policy.parent is not None:
                    policy = policy.parent
                error.last_error = LastError(
                    to_utf16(policy.name),
                    error.reason,
                    error.message,
                    scope=step.scope,
                    section=step.section,
                    path=to_utf16(step.path),
                    policy_id=step.policy_id,
                )
                self._entries[step].error = error.last_error
        elif not getattr(error, "__notes__", None):
            error.add_note(f"in the policy '{step.name}' at {step.where()}")

    # The backend

    def forward(self, timeout: float) -> tuple[Request, Response]:
        request = self.request.to_request()
        request.certificate = self.backend_certificate
        route = self._route(request)
        try:
            request.url = str(self._backend_address(route))
        except ConfigurationError as error:
            raise PolicyError("BackendConnectionFailure", str(error)) from None
        if route is not None:
            self.services.backends.add_credentials(route, request)
        self.backend_requests.append(request)
        transport = self.services.dapr if self.backend_is_exact else self.services.transport
        try:
            response = self._answered(transport, request, timeout)
        except PolicyError as error:
            if route is not None:
                self.services.backends.failed(route, error.reason)
            raise
        if route is not None:
            self.services.backends.answered(route, response)
        self.show_response(ResponseMessage.of(response, self.request.second_read))
        if route is not None and route.session is not None:
            self.response.headers.append("Set-Cookie", ["=".join(route.session) + "; path=/"])
        return request, response

    @property
    def backend_choice(self) -> str:
        return "" if self.routed is None else self.routed.why

    def _route(self, request: Request) -> Route | None:
        """The backend that the request goes to, when set-backend-service named one by its id."""
        self.routed = None
        if self.backend_id is None or self.backend_is_exact:
            return None
        self.routed = self.services.backends.route(self.backend_id, request)
        return self.routed

    def follow(self, request: Request, timeout: float) -> Response:
        self.backend_requests.append(request)
        response = self._answered(self.services.transport, request, timeout)
        self.show_response(ResponseMessage.of(response, self.request.second_read))
        return response

    def send(self, request: Request, timeout: float, service: Sidecar | None = None) -> Response:
        self.sent_requests.append(request)
        return self._answered(self.services.outside if service is None else service, request, timeout)

    def _answered(self, transport: Transport | Sidecar, request: Request, timeout: float) -> Response:
        now = environment().utc_now
        started = now()
        try:
            response = transport.send(request, timeout)
        except TimeoutError:
            raise self._timed_out(timeout) from None
        except OSError as error:
            raise PolicyError("BackendConnectionFailure", str(error) or "The backend cannot be reached.") from error
        if not isinstance(response, Response):
            raise ConfigurationError(f"the backend answered with {type(response).__name__}, not with a Response")
        if now() - started > timeout * TICKS_PER_SECOND:
            raise self._timed_out(timeout)
        return response

    def _timed_out(self, timeout: float) -> PolicyError:
        return PolicyError("Timeout", f"Request was not completed within allotted time of {timeout:g} s.")

    def _backend_address(self, route: Route | None) -> Url:
        """Where the request goes: the backend's base URL, then what the API's own path leaves of the request's."""
        url = self.request.url
        service = self.context.api.service_url
        chosen = self.backend_url if route is None else route.backend.url
        base = service if chosen is None else Url.parse(chosen)
        if base is None:
            return url
        path = "" if self.backend_is_exact else url.path
        if path and not self.path_is_rewritten:
            prefix = from_utf16(self.context.api.path) if self.api_prefix is None else self.api_prefix
            path = path_below(path, prefix) or path
        query = "&".join(part for part in (base.query_string[1:], url.query_string[1:]) if part)
        return base.replaced(path=base.path.rstrip("/") + path, query_string=query)

    def set_backend(self, url: str, backend_id: str | None, *, exact: bool = False) -> None:
        """Forward to this base URL from here on; `context.Backend` is the backend of that id, or null."""
        self.backend_is_exact = exact
        self.backend_url, self.backend_id, self.backend_scope = url, backend_id, self.scope
        self.context.backend = None if backend_id is None else self.services.backends.entity(backend_id)


def path_below(path: str, prefix: str) -> str | None:
    """What follows an API's path in a URL's path, beginning with `/`; None when it does not begin so.

    >>> path_below("/orders/17", "orders"), path_below("/ordersheet", "orders")
    ('/17', None)
    """
    prefix = prefix.strip("/")
    if not prefix:
        return path
    if path.lower() == f"/{prefix}".lower():
        return "/"
    return path[len(prefix) + 1 :] if path.lower().startswith(f"/{prefix}/".lower()) else None
