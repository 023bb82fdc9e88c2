"""What policies see of the gateway that runs them, and how they refuse."""

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
        """The element's name."""

    @property
    def element(self) -> Element:
        """Where it stands."""

    @property
    def scope(self) -> str:
        """The scope of the document that it stands in, `global` to `operation`."""


class Exchange(Protocol):
    """One request on its way through the gateway, as policies see it. Texts are .NET strings."""

    response: ResponseMessage
    path_is_rewritten: bool
    host_is_set: bool
    backend_certificate: Certificate | None
    cache_key: str | None
    response_cache: Cache | None
    prompt_embedding: PromptEmbedding | None

    @property
    def context(self) -> Context:
        """What expressions see."""

    @property
    def asks_for_certificate(self) -> bool:
        """Whether the caller was asked for a client certificate ("Negotiate client certificate")."""

    @property
    def request(self) -> RequestMessage:
        """The request."""

    @property
    def variables(self) -> MutableMapping[str, object]:
        """`context.Variables`; values are boxed."""

    @property
    def backend_url(self) -> str | None:
        """The base URL that set-backend-service set, if it did."""

    @property
    def backend_id(self) -> str | None:
        """The id of the backend that set-backend-service set, if it did."""

    @property
    def backend_scope(self) -> str | None:
        """The scope of the set-backend-service that counts."""

    @property
    def backend_choice(self) -> str:
        """Which member of a pool the last request went to, and why; empty when there was nothing to choose."""

    @property
    def pool_member(self) -> str | None:
        """The member of a pool that the last request went to, if the backend is one."""

    @property
    def target_url(self) -> str | None:
        """Where the request would be forwarded now; None where that is decided later."""

    @property
    def forwarded_url(self) -> Url:
        """The URL of the request as it would be forwarded now; a pool's id takes the place of the host."""

    def set_backend(self, url: str, backend_id: str | None, *, exact: bool = False) -> None:
        """Forward to this base URL from here on; an `exact` one is Dapr's, and the request's path does not follow."""

    @property
    def backend_requests(self) -> Sequence[Request]:
        """What was sent to the backend so far."""

    @property
    def services(self) -> Services:
        """What reaches beyond the request."""

    @property
    def section(self) -> str:
        """The section that runs: `inbound`, `backend`, `outbound` or `on-error`."""

    @property
    def scope(self) -> str:
        """The scope of the document that the running policy stands in."""

    @property
    def message(self) -> RequestMessage | ResponseMessage:
        """The message that a policy changes here: in inbound and backend the request, after that the response; inside
        a policy that composes a response, that one.
        """

    @property
    def changes_request(self) -> bool:
        """Whether `message` is the request."""

    @property
    def reply(self) -> ResponseMessage:
        """The response: the exchange's, or the one that is being composed."""

    @property
    def url_template(self) -> str:
        """The URL template of the operation, empty when there is no operation."""

    @property
    def described_operation(self) -> OperationDescription | None:
        """What the API's description says of the operation; None when it does not have it."""

    def execute(self, steps: Sequence[Step]) -> None:
        """Run policies one after another until the end or until one of them ends the pipeline."""

    def execute_parallel(self, steps: Sequence[Step], *, first_only: bool) -> int:
        """Run policies at the same time: until all of them have ended, or only the first; which one that was."""

    def evaluate(self, step: Step) -> Any:
        """Evaluate a part of a policy: an instance of its class. It becomes an entry of the trace."""

    def note(self, effect: Effect, step: Step | None = None) -> None:
        """Write to the trace what the running policy did, or what a step evaluated before came to."""

    def inserted(self) -> Sequence[Step]:
        """What stands in the place of the running policy: the wider scope's policies, or a fragment's."""

    def make_response(self, status_code: int = 200) -> ResponseMessage:
        """A response without headers or a body, as the gateway makes them: it can be read as often as others."""

    def compose(self, steps: Sequence[Step], response: ResponseMessage) -> None:
        """Run policies that change this response instead of the exchange's own."""

    def compose_request(self, steps: Sequence[Step], request: RequestMessage) -> None:
        """Run policies that change this request instead of the exchange's own."""

    @property
    def composed_request(self) -> RequestMessage | None:
        """The request that is being composed."""

    @property
    def has_ended(self) -> bool:
        """Whether a policy ended the pipeline."""

    def end(self, response: ResponseMessage) -> None:
        """End the pipeline: this is what the caller gets."""

    def serve(self, response: ResponseMessage) -> None:
        """End the section and skip the backend: outbound continues with this response from the cache, behind the policy
        that stores such responses.
        """

    def answer_resolver(self, response: ResponseMessage) -> None:
        """From here on a resolver's policies see, and change, this response."""

    @property
    def is_served(self) -> bool:
        """Whether the response came from the cache."""

    def forward(
        self, timeout: float, *, buffers: bool = True, buffers_request: bool = True
    ) -> tuple[Request, Response]:
        """Send the request to the backend; what was sent and what came back, which is now the response. `timeout` is
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
        """Go on after an error: expressions see, as the response, what it would have been answered with."""

    def emit(self, metric: Metric) -> None:
        """Send a custom metric."""

    def wait(self, seconds: float) -> None:
        """Let time pass on the simulated clock; nobody really waits."""

    @property
    def place(self) -> str:
        """Scope, section and path of the running policy: tells it from every other."""

    def has_expression(self, *attributes: str) -> bool:
        """Whether one of these attributes of the running policy is an expression."""

    def counts_first(self, key: str) -> bool:
        """Whether nothing in this request asked so for this key before."""

    def at_end(self, action: Callable[[ResponseMessage], None]) -> None:
        """Do this with the caller's answer when everything else is done, whatever way the request took."""


class Services(Protocol):
    """What policies reach beyond the request; every one is an input of the simulated gateway."""

    @property
    def backends(self) -> Backends:
        """The backends by id."""

    @property
    def settings(self) -> Behaviour:
        """How the gateway was told to behave."""

    @property
    def state(self) -> State:
        """What all requests share: counters, caches, circuits."""

    @property
    def event_hubs(self) -> EventHubs:
        """Where events are logged."""

    @property
    def service_bus(self) -> ServiceBus:
        """Where messages are sent."""

    @property
    def dapr(self) -> Sidecar:
        """The Dapr runtime beside the gateway."""

    @property
    def language_models(self) -> LanguageModels:
        """Token counts and embeddings."""

    @property
    def content_safety(self) -> ContentSafety:
        """What judges texts."""

    @property
    def identities(self) -> Identities:
        """Keys of OpenID providers, tokens of managed identities, connections of the credential manager."""

    @property
    def documents(self) -> ApiDocuments:
        """What describes the API."""

    @property
    def data_sources(self) -> DataSources:
        """The databases of GraphQL resolvers."""


class Backends(Protocol):
    """The backends that set-backend-service names."""

    def describe(self, id_: str, /) -> str | None:
        """The URL of a backend, or what a pool is; None when there is no such backend."""


class ApiDocuments(Protocol):
    """What describes the API to the gateway."""

    @property
    def description(self) -> ApiDescription | None:
        """Its OpenAPI document or WSDL."""

    @property
    def schemas(self) -> Mapping[str, Any]:
        """Schemas by id: a JSON Schema as data, an XSD as text."""

    @property
    def compiled(self) -> MutableMapping[Any, Any]:
        """What was made of schemas, for the next request."""

    @property
    def graphql_schema(self) -> Any:
        """The GraphQL schema, read; None without one. Raises ConfigurationError."""


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
