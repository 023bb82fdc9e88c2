"""The gateway as policies see it, and the error with which they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence

    from apimpolicy.context.description import ApiDescription, OperationDescription
    from apimpolicy.context.execution import Context, LastError
    from apimpolicy.context.messages import RequestMessage, ResponseMessage
    from apimpolicy.context.records import Request, Response
    from apimpolicy.context.urls import Url
    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.policies.data_requests import DataSources
    from apimpolicy.policies.effects import Effect
    from apimpolicy.policies.identity_services import Identities
    from apimpolicy.policies.language_models import ContentSafety, LanguageModels, PromptEmbedding
    from apimpolicy.policies.messaging import EventHubs, ServiceBus, Sidecar
    from apimpolicy.policies.metrics import Metric
    from apimpolicy.policies.settings import Behaviour
    from apimpolicy.policies.state import Cache, State
    from apimpolicy.text.document import Element


class Step(Protocol):
    """A policy or a part of one in a document, not evaluated yet."""

    @property
    def name(self) -> str:
        """Return the element's name."""

    @property
    def element(self) -> Element:
        """Return its element in the document."""

    @property
    def scope(self) -> str:
        """Return the scope of its document, `global` to `operation`."""


class Exchange(Protocol):
    """One request in the gateway, as policies see it. Texts are .NET strings."""

    response: ResponseMessage
    path_is_rewritten: bool
    host_is_set: bool
    backend_certificate: Certificate | None
    cache_key: str | None
    response_cache: Cache | None
    prompt_embedding: PromptEmbedding | None

    @property
    def context(self) -> Context:
        """Return the `context` of expressions."""

    @property
    def asks_for_certificate(self) -> bool:
        """Return whether the caller was asked for a client certificate ("Negotiate client certificate")."""

    @property
    def request(self) -> RequestMessage:
        """Return the request."""

    @property
    def variables(self) -> MutableMapping[str, object]:
        """`context.Variables`; values are boxed."""

    @property
    def backend_url(self) -> str | None:
        """Return the base URL that set-backend-service set, if it did."""

    @property
    def backend_id(self) -> str | None:
        """Return the id of the backend that set-backend-service set, if it did."""

    @property
    def backend_scope(self) -> str | None:
        """Return the scope of the set-backend-service that counts."""

    @property
    def backend_choice(self) -> str:
        """Return which member of a pool the last request went to, and why; empty when there was nothing to choose."""

    @property
    def pool_member(self) -> str | None:
        """Return the member of a pool that the last request went to, if the backend is one."""

    @property
    def target_url(self) -> str | None:
        """Return where the request would be forwarded now; None where that is decided later."""

    @property
    def forwarded_url(self) -> Url:
        """Return the URL of the request as it would be forwarded now; a pool's id takes the place of the host."""

    def set_backend(self, url: str, backend_id: str | None, *, exact: bool = False) -> None:
        """Forward to this base URL from here on; an `exact` one is Dapr's, and the request's path does not follow."""

    @property
    def backend_requests(self) -> Sequence[Request]:
        """Return the requests that were sent to the backend so far."""

    @property
    def services(self) -> Services:
        """Return the services beyond the request."""

    @property
    def section(self) -> str:
        """Return the section that runs: `inbound`, `backend`, `outbound` or `on-error`."""

    @property
    def scope(self) -> str:
        """Return the scope of the running policy's document."""

    @property
    def message(self) -> RequestMessage | ResponseMessage:
        """Return the message that a policy changes here: in inbound and backend the request, after that the response;
        inside a policy that composes a response, that one.
        """

    @property
    def changes_request(self) -> bool:
        """Return whether `message` is the request."""

    @property
    def reply(self) -> ResponseMessage:
        """Return the response: the exchange's, or the one that is being composed."""

    @property
    def url_template(self) -> str:
        """Return the URL template of the operation, empty when there is no operation."""

    @property
    def described_operation(self) -> OperationDescription | None:
        """Return what the API's description says of the operation; None when it does not have it."""

    def execute(self, steps: Sequence[Step]) -> None:
        """Run policies one after another until the end or until one of them ends the pipeline."""

    def execute_parallel(self, steps: Sequence[Step], *, first_only: bool) -> int:
        """Run policies at the same time, until all have ended, or the first; return which one ended first."""

    def evaluate(self, step: Step) -> Any:
        """Evaluate a part of a policy: an instance of its class. It becomes an entry of the trace."""

    def note(self, effect: Effect, step: Step | None = None) -> None:
        """Write the effect of the running policy to the trace, or that of a step that was evaluated before."""

    def inserted(self) -> Sequence[Step]:
        """Return the steps in the place of the running policy: the wider scope's policies, or a fragment's."""

    def make_response(self, status_code: int = 200) -> ResponseMessage:
        """Return a response without headers or a body, as the gateway makes them: it can be read as often as others."""

    def compose(self, steps: Sequence[Step], response: ResponseMessage) -> None:
        """Run policies that change this response instead of the exchange's own."""

    def compose_request(self, steps: Sequence[Step], request: RequestMessage) -> None:
        """Run policies that change this request instead of the exchange's own."""

    @property
    def composed_request(self) -> RequestMessage | None:
        """Return the request that is being composed."""

    @property
    def has_ended(self) -> bool:
        """Return whether a policy ended the pipeline."""

    def end(self, response: ResponseMessage) -> None:
        """End the pipeline with the caller's response."""

    def serve(self, response: ResponseMessage) -> None:
        """End the section and skip the backend: outbound continues with this response from the cache, behind the policy
        that stores such responses.
        """

    def answer_resolver(self, response: ResponseMessage) -> None:
        """Let a resolver's policies see, and change, this response from here on."""

    @property
    def is_served(self) -> bool:
        """Return whether the response came from the cache."""

    def forward(
        self, timeout: float, *, buffers: bool = True, buffers_request: bool = True
    ) -> tuple[Request, Response]:
        """Send the request to the backend; return it as sent, and its answer, which is now the response. `timeout` is
        in seconds. Unless it `buffers`, the body may still be to come; unless it `buffers_request`, the caller's body
        is gone afterwards. Raises PolicyError.
        """

    def follow(self, request: Request, timeout: float) -> Response:
        """Send a request that the backend's answer asks for; its answer is now the response. Raises PolicyError."""

    def send(self, request: Request, timeout: float, service: Sidecar | None = None) -> Response:
        """Send a request of the policy's own, to `service` if it is given, and wait for the answer. `timeout` is in
        seconds. Raises PolicyError.
        """

    def send_to_backend(self, request: Request, backend_id: str, timeout: float) -> Response:
        """Send a request of the policy's own to a backend of the gateway, a pool's member with its own URL. Raises
        PolicyError.
        """

    def on_response(self, action: Callable[[ResponseMessage], None], *, may_wait: bool = False) -> None:
        """Do this with the response before outbound begins; a PolicyError is then one of the policy that runs now. What
        `may_wait` is done with a copy at the end of a body that is sent on as it comes.
        """

    def recover(self, error: PolicyError) -> None:
        """Continue after an error: expressions see the answer that the error would have given as the response."""

    def emit(self, metric: Metric) -> None:
        """Send a custom metric."""

    def wait(self, seconds: float) -> None:
        """Let time pass on the simulated clock, without really waiting."""

    @property
    def place(self) -> str:
        """Return scope, section and path of the running policy, which identify it."""

    def has_expression(self, *attributes: str) -> bool:
        """Return whether one of these attributes of the running policy is an expression."""

    def is_first_call(self, key: str) -> bool:
        """Return whether this is the first call for this key in this request."""

    def at_end(self, action: Callable[[ResponseMessage], None]) -> None:
        """Do this with the caller's answer when everything else is done, whatever path the request took."""


class Services(Protocol):
    """The services beyond the request; each is an input of the simulated gateway."""

    @property
    def backends(self) -> Backends:
        """Return the backends by id."""

    @property
    def settings(self) -> Behaviour:
        """Return the settings of the gateway's behaviour."""

    @property
    def state(self) -> State:
        """Return what all requests share: counters, caches, circuits."""

    @property
    def event_hubs(self) -> EventHubs:
        """Return the event hubs."""

    @property
    def service_bus(self) -> ServiceBus:
        """Return the Service Bus."""

    @property
    def dapr(self) -> Sidecar:
        """Return the Dapr runtime beside the gateway."""

    @property
    def language_models(self) -> LanguageModels:
        """Return the service for token counts and embeddings."""

    @property
    def content_safety(self) -> ContentSafety:
        """Return the service that judges texts."""

    @property
    def identities(self) -> Identities:
        """Return keys of OpenID providers, tokens of managed identities, connections of the credential manager."""

    @property
    def documents(self) -> ApiDocuments:
        """Return the descriptions of the API."""

    @property
    def data_sources(self) -> DataSources:
        """Return the databases of GraphQL resolvers."""


class Backends(Protocol):
    """The backends that set-backend-service can name."""

    def describe(self, id_: str, /) -> str | None:
        """Return the URL of a backend, or what a pool is; None when there is no such backend."""


class ApiDocuments(Protocol):
    """The descriptions of the API."""

    @property
    def description(self) -> ApiDescription | None:
        """Return its OpenAPI document or WSDL."""

    @property
    def schemas(self) -> Mapping[str, Any]:
        """Return schemas by id: a JSON Schema as data, an XSD as text."""

    @property
    def compiled(self) -> MutableMapping[Any, Any]:
        """Return compiled schemas, for the next request."""

    @property
    def graphql_schema(self) -> Any:
        """Return the GraphQL schema, read; None without one. Raises ConfigurationError."""


class PolicyError(Exception):
    """A policy refuses: becomes `context.LastError`, and on-error runs.

    `reason` and `message` are the gateway's own words; a reason that no document states is None. `status` is what the
    caller gets when on-error decides nothing else; at 500 the body does not show the message, as on the real gateway.
    `public_message` is what the caller reads instead of `message`, and `headers` what the default answer has besides;
    `phrase` is the reason phrase beside the status, where it is not the usual one.
    `response` is what the caller gets instead of the default answer. The engine sets `last_error`.
    """

    def __init__(
        self,
        reason: str | None,
        message: str,
        status: int = 500,
        response: ResponseMessage | None = None,
        *,
        public_message: str | None = None,
        headers: Mapping[str, str] | None = None,
        phrase: str | None = None,
    ) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message
        self.status = status
        self.response = response
        self.public_message = message if public_message is None else public_message
        self.headers: Mapping[str, str] = headers or {}
        self.phrase = phrase
        self.last_error: LastError | None = None


VALIDATION_FAILED = "ExpressionValueValidationFailure"


def invalid_value(reason: str) -> PolicyError:
    """Make the error of a value that an expression gave and that the gateway refuses, as seen on real gateways."""
    return PolicyError(VALIDATION_FAILED, f"Expression value is invalid. {reason}")
