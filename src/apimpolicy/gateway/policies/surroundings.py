"""The gateway as policies see it, and the error with which they refuse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from graphql import GraphQLSchema

    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.context.description import ApiDefinition, OperationDefinition
    from apimpolicy.gateway.context.execution import Context, LastError
    from apimpolicy.gateway.context.messages import RequestMessage, ResponseMessage
    from apimpolicy.gateway.context.records import Request, Response
    from apimpolicy.gateway.context.urls import Url
    from apimpolicy.gateway.policies.data_sources import CosmosContainer, SqlDatabase
    from apimpolicy.gateway.policies.effects import Effect
    from apimpolicy.gateway.policies.identity_services import IdentityServices
    from apimpolicy.gateway.policies.metrics import Metric
    from apimpolicy.gateway.policies.outside_services import (
        ContentSafetyService,
        EventHubs,
        PromptEmbedding,
        ServiceBus,
    )
    from apimpolicy.gateway.policies.settings import Behaviour
    from apimpolicy.gateway.policies.state import GatewayState, SharedCache
    from apimpolicy.text.document import Element


class PolicyStep(Protocol):
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


class Endpoint(Protocol):
    """A server that the gateway is itself."""

    def __call__(self) -> str:
        """Respond to the request of the exchange; return the effect in words."""

    def finish(self, response: Response, *, is_served: bool) -> None:
        """Note that the policies of a request have ended; `is_served` is true if one responded, or failed."""


class PolicyExchange(Protocol):
    """A request in the gateway: the state that policies read and change. Texts are .NET strings.

    The engine's class adds what runs policies: the methods without a body. Attributes that most requests never change
    are in the class, and only those that a request changes in the instance.
    """

    context: Context
    """The `context` of expressions."""
    request: RequestMessage
    services: Services
    variables: MutableMapping[str, object]
    """`context.Variables`; values are boxed."""
    asks_for_certificate: bool
    """True if the gateway negotiates a client certificate."""
    url_template: str
    """The URL template of the operation, empty without an operation."""
    described_operation: OperationDefinition | None = None
    """The operation in the API's description; None when it is not there."""
    section: str = "inbound"
    """The section that runs: `inbound`, `backend`, `outbound` or `on-error`."""
    backend_requests: list[Request]
    """The requests that were sent to the backend so far."""
    backend_url: str | None = None
    """The base URL that set-backend-service set, if it did."""
    backend_id: str | None = None
    """The id of the backend that set-backend-service set, if it did."""
    backend_scope: str | None = None
    """The scope of the set-backend-service that counts."""
    backend_certificate: Certificate | None = None
    endpoint: Endpoint | None = None
    """The gateway's own server, which responds in the place of a backend."""
    path_is_rewritten: bool = False
    host_is_set: bool = False
    cache_key: str | None = None
    response_cache: SharedCache | None = None
    prompt_embedding: PromptEmbedding | None = None
    answer: ResponseMessage | None = None
    """The response with which a policy ended the pipeline or the section."""
    served_by: PolicyStep | None = None
    """The policy that responded from the cache."""
    composed_request: RequestMessage | None = None
    """The request that a policy composes."""
    _composed: ResponseMessage | None = None
    _response: ResponseMessage | None = None

    # Messages

    @property
    def response(self) -> ResponseMessage:
        """Return the response; an empty 200 until there is another."""
        if self._response is None:
            self._response = self.make_response()
        return self._response

    @response.setter
    def response(self, response: ResponseMessage) -> None:
        self._response = response

    @property
    def changes_request(self) -> bool:
        """Return whether `message` is the request."""
        return self.composed_request is not None or (self._composed is None and self.section in ("inbound", "backend"))

    @property
    def message_kind(self) -> str:
        """Return `request` or `response`: which `message` is."""
        return "request" if self.changes_request else "response"

    @property
    def message(self) -> RequestMessage | ResponseMessage:
        """Return the message that a policy changes here: in inbound and backend the request, after that the response;
        inside a policy that composes a message, that one.
        """
        if self.composed_request is not None:
            return self.composed_request
        return self.request if self.changes_request else self.reply

    @property
    def reply(self) -> ResponseMessage:
        """Return the response: the exchange's, or the one that is being composed."""
        return self.response if self._composed is None else self._composed

    def make_response(self, status_code: int = 200) -> ResponseMessage:
        """Return a response without headers or a body, as the gateway makes them: it can be read as often as others."""

    def received(self, response: Response) -> ResponseMessage:
        """Return the message that a response becomes in the gateway."""

    def compose(self, steps: Sequence[PolicyStep], response: ResponseMessage) -> None:
        """Run policies that change this response instead of the exchange's own."""
        around, self._composed = self._composed, response
        try:
            self.execute(steps)
        finally:
            self._composed = around

    def compose_request(self, steps: Sequence[PolicyStep], request: RequestMessage) -> None:
        """Run policies that change this request instead of the exchange's own."""
        around, self.composed_request = self.composed_request, request
        try:
            self.execute(steps)
        finally:
            self.composed_request = around

    @property
    def has_ended(self) -> bool:
        return self.answer is not None

    def end(self, response: ResponseMessage) -> None:
        self.answer = response

    def serve(self, response: ResponseMessage) -> None:
        """End the section and skip the backend: outbound continues with this response from the cache, behind the policy
        that stores such responses.
        """

    @property
    def is_served(self) -> bool:
        return self.served_by is not None

    def answer_resolver(self, response: ResponseMessage) -> None:
        """Let a resolver's policies see, and change, this response from here on."""

    # The running policy

    @property
    def scope(self) -> str:
        """Return the scope of the running policy's document."""

    @property
    def place(self) -> str:
        """Return scope, section and path of the running policy, which identify it."""

    def has_expression(self, *attributes: str) -> bool:
        """Return whether one of these attributes of the running policy is an expression."""

    def inserted(self) -> Sequence[PolicyStep]:
        """Return the steps in the place of the running policy: the wider scope's policies, or a fragment's."""

    def note(self, effect: Effect, step: PolicyStep | None = None) -> None:
        """Write the effect of the running policy to the trace, or that of a step that was evaluated before."""

    def execute(self, steps: Sequence[PolicyStep]) -> None:
        """Run policies one after another until the end or until one of them ends the pipeline."""

    def execute_parallel(self, steps: Sequence[PolicyStep], *, first_only: bool) -> int:
        """Run policies at the same time, until all have ended, or the first; return which one ended first."""

    def evaluate(self, step: PolicyStep) -> Any:
        """Evaluate a part of a policy: an instance of its class. It becomes an entry of the trace."""

    def is_first_call(self, key: str) -> bool:
        """Return whether this is the first call for this key in this request."""

    def at_end(self, action: Callable[[ResponseMessage], object]) -> None:
        """Call a function with the caller's response at the end of every request."""

    def on_response(self, action: Callable[[ResponseMessage], None], *, may_wait: bool = False) -> None:
        """Call a function with the response before outbound begins; errors are those of the policy that runs now.
        One that `may_wait` is called with a copy, at the end of a body that is streamed.
        """

    def recover(self, error: PolicyError) -> None:
        """Continue after an error: expressions see the response that the error would have caused."""

    def emit(self, metric: Metric) -> None:
        """Send a custom metric."""

    def wait(self, seconds: float) -> None:
        """Let time pass on the simulated clock, without really waiting."""

    # Backends and other services

    @property
    def backend_choice(self) -> str:
        """Return the pool member of the last request, and the reason; empty when there was nothing to choose."""

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

    def forward(
        self, timeout: float, *, buffers: bool = True, buffers_request: bool = True
    ) -> tuple[Request, Response]:
        """Send the request to the backend; return it as sent, and its response, which is now the response. `timeout` is
        in seconds. Unless it `buffers`, the body may be streamed; unless it `buffers_request`, the caller's body is
        gone afterwards. Raises PolicyError.
        """

    def follow(self, request: Request, timeout: float) -> Response:
        """Send the request that follows a redirect; its response is now the response. Raises PolicyError."""

    def send(self, request: Request, timeout: float, *, to_dapr: bool = False) -> Response:
        """Send a request of the policy, or one to the Dapr sidecar; `timeout` is in seconds. Raises PolicyError."""

    def send_to_backend(self, request: Request, backend_id: str, timeout: float) -> Response:
        """Send a request of the policy to a backend of the gateway, or to a member of a pool. Raises PolicyError."""


class Services:
    """The services beyond the request; each is an input of the simulated gateway."""

    backends: Backends
    settings: Behaviour
    """The settings of the gateway's behaviour."""
    state: GatewayState
    """The counters, caches and circuits that all requests share."""
    documents: ApiDocuments
    identities: IdentityServices
    """Keys of OpenID providers, tokens of managed identities, connections of the credential manager."""
    event_hubs: EventHubs
    service_bus: ServiceBus
    content_safety: ContentSafetyService
    sql: SqlDatabase | None
    """The database of sql-data-source."""
    cosmos: CosmosContainer | None
    """The container of cosmosdb-data-source."""
    count_tokens: Callable[[str], int]
    """Estimates how many tokens a text has."""
    embed: Callable[[str], Sequence[float]]
    """Returns the embedding of a text, as the embeddings backend would."""


class Backends(Protocol):
    """The backends that set-backend-service can name."""

    def describe(self, id_: str, /) -> str | None:
        """Return the URL of a backend, or what a pool is; None when there is no such backend."""


class ApiDocuments(Protocol):
    """The descriptions of the API."""

    description: ApiDefinition | None
    """The OpenAPI document or WSDL."""
    schemas: dict[str, Any]
    """Schemas by id: a JSON Schema as data, an XSD as text."""
    compiled: dict[Any, Any]
    """Compiled schemas, for the next request."""

    @property
    def graphql_schema(self) -> GraphQLSchema | None:
        """Return the GraphQL schema, read; None without one. Raises ConfigurationError."""


class PolicyError(Exception):
    """A policy refuses: becomes `context.LastError`, and on-error runs.

    `reason` and `message` are the gateway's own words; a reason that no document states is None. `status` is what the
    caller gets when on-error decides nothing else; at 500 the body does not show the message, as on the real gateway.
    `public_message` is for the caller instead of `message`, `headers` are added to the default response;
    `phrase` is the reason phrase beside the status, where it is not the usual one.
    `response` replaces the default response. `traced` are the messages in the gateway's trace, where they are not the
    `message` alone. The engine sets `last_error`.
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
        traced: tuple[str, ...] = (),
    ) -> None:
        super().__init__(reason, message)
        self.traced = traced
        self.reason = reason
        self.message = message
        self.status = status
        self.response = response
        self.public_message = message if public_message is None else public_message
        self.headers: Mapping[str, str] = headers or {}
        self.phrase = phrase
        self.last_error: LastError | None = None


def azure_text(name: str, /, **values: object) -> str:
    """Return the text that `azure_texts` has by this name; a cold start doesn't import the table."""
    from apimpolicy.gateway.context import azure_texts

    return azure_texts.azure_text(name, **values)


def azure_error(
    name: str,
    /,
    *,
    status: int | None = None,
    response: ResponseMessage | None = None,
    public_message: str | None = None,
    headers: Mapping[str, str] | None = None,
    **values: object,
) -> PolicyError:
    """Return the error that `azure_texts` has by this name, with the variable parts of its text."""
    from apimpolicy.gateway.context.azure_texts import azure_entry

    entry, status_code = azure_entry(name), status
    if public_message is None and entry.shown:
        public_message = azure_text(entry.shown, **values)
    return PolicyError(
        entry.reason or None,
        azure_text(name, **values),
        entry.status or 500 if status_code is None else status_code,
        response,
        public_message=public_message,
        headers=headers,
        phrase=entry.phrase or None,
    )


VALIDATION_FAILED = "ExpressionValueValidationFailure"


def invalid_value(reason: str) -> PolicyError:
    """Make the error of a value that an expression gave and that the gateway refuses, as seen on real gateways."""
    return azure_error("value-refused", details=reason)
