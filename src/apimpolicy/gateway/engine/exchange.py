"""A request in the gateway: its state, and the run of policies on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.errors import LimitExceededError, NotSimulatedError
from apimpolicy.gateway.context.entities import Operation
from apimpolicy.gateway.context.execution import Context, LastError
from apimpolicy.gateway.context.messages import ResponseMessage
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.engine.api_documents import ApiDocuments
from apimpolicy.gateway.engine.backend_routing import BackendRouter
from apimpolicy.gateway.engine.evaluation import Evaluator, Moment, ObservedEvaluator
from apimpolicy.gateway.engine.forwarding import SendingExchange
from apimpolicy.gateway.engine.identity import GatewayIdentities
from apimpolicy.gateway.engine.partial_runs import name_of_double, run_double
from apimpolicy.gateway.engine.pipeline import answer_to
from apimpolicy.gateway.engine.services import DaprSidecar, SimulatedTime, UploadedCertificates, transport_of
from apimpolicy.gateway.engine.state import LocalState
from apimpolicy.gateway.engine.steps import Program, Step
from apimpolicy.gateway.engine.trace import Trace, TraceEntry
from apimpolicy.gateway.engine.variables import Variables
from apimpolicy.gateway.policies.effects import Effect
from apimpolicy.gateway.policies.outside_services import (
    ContentSafetyService,
    EventHubs,
    ServiceBus,
    bag_of_words,
    count_tokens,
)
from apimpolicy.gateway.policies.placement import SECTIONS
from apimpolicy.gateway.policies.registry import has_trait, is_known, is_unnamed_output, why_not_simulated
from apimpolicy.gateway.policies.surroundings import PolicyError, Services
from apimpolicy.text.source import to_utf16

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.csharp.dotnet.cryptography.chain import Verification
    from apimpolicy.gateway.engine.gateway_settings import GatewaySettings
    from apimpolicy.gateway.engine.mcp.endpoint import McpOutcome
    from apimpolicy.gateway.engine.observation import Observer
    from apimpolicy.gateway.engine.partial_runs import AnyDouble
    from apimpolicy.gateway.engine.service import ServiceApi
    from apimpolicy.gateway.policies.metrics import Metric

_STEPS_PER_POLICY = 50
"""Steps that a policy and its entry of the trace cost."""


class Unmatched(NamedTuple):
    """The APIs or operations that a request without a match could have been meant for."""

    apis: Sequence[ServiceApi] = ()
    api: str = ""
    prefix: str = ""
    operations: Sequence[Operation] = ()


class MissingPart(NamedTuple):
    """A part of a service that is missing, in words, and where it is used: a file and a line."""

    kind: str
    words: str
    file: str
    line: int


class Exchange(SendingExchange):
    """The state of one request, and how policies run against it.

    The `Response` of `context` is null in inbound until there is one: a cached one, or that of an error. In `backend`
    it is an empty 200 at first, because deployed policies read its status before they forward.
    `doubles` run in the place of policies, by their ids or places, and `sections` are those that run.
    `program` are the effective policies, from the moment when they are known.
    `unasked_certificate` is the client certificate that was on the wire although the gateway did not ask for it;
    `verifications` are the certificates whose trust was checked, with the results.
    """

    variables: Variables
    program: Program | None = None
    unmatched: Unmatched | None = None
    served_by: Step | None = None
    mcp: McpOutcome | None = None
    missing: Callable[[], Sequence[MissingPart]] | None = None
    doubles: Mapping[str, AnyDouble] = MappingProxyType({})
    sections: frozenset[str] = frozenset(SECTIONS)
    _has_started = False

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
        verifications: list[Verification] | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.original_request = original_request
        self.context = context
        self.request = context.request
        self.services = services
        self.url_template = url_template
        self.unasked_certificate = unasked_certificate
        self.asks_for_certificate = asks_for_certificate
        self.trace = Trace(context.traces)
        self.variables = Variables(context.variables)
        self.backend_requests = []
        self.sent_requests = []
        self.metrics: list[Metric] = []
        self.verifications = [] if verifications is None else verifications
        self.observer = observer
        self._tracing = tracing
        self._moment = Moment()
        self._evaluator = self.evaluator(context)
        self.environment = environment()
        self._now = self.environment.utc_now if tracing else None
        self._running: list[TraceEntry] = []
        self._entries: dict[Step, TraceEntry] = {}
        self._counted: set[str] = set()
        self._at_end: list[Callable[[ResponseMessage], object]] = []
        self._on_response: list[tuple[Step, Callable[[ResponseMessage], None], bool]] = []

    def evaluator(self, context: Context) -> Evaluator:
        if self.observer is None:
            return Evaluator(context, self._tracing, self._moment)
        return ObservedEvaluator(context, self.observer, self._moment)

    @property
    def last_error(self) -> LastError | None:
        return self.context.last_error

    @property
    def scope(self) -> str:
        return self._running[-1].step.scope

    def make_response(self, status_code: int = 200) -> ResponseMessage:
        return ResponseMessage(status_code, second_read=self.request.second_read)

    def received(self, response: Response) -> ResponseMessage:
        return ResponseMessage.of(response, self.request.second_read)

    # Running policies

    def execute(self, steps: Sequence[Any]) -> None:
        observer = self.observer
        if observer is not None and not self._has_started:
            self._has_started = True
            observer.pipeline_started(self)
        for step in steps:
            if self.answer is not None:
                return
            environment().step(_STEPS_PER_POLICY)
            entry = self._enter(step)
            if observer is None:
                self._run(entry)
            else:
                self._run_observed(entry, observer)

    def execute_parallel(self, steps: Sequence[Any], *, first_only: bool) -> int:
        from apimpolicy.gateway.engine.parallel import run_parallel

        return run_parallel(self, steps, first_only=first_only)

    def _run(self, entry: TraceEntry) -> None:
        step, running = entry.step, self._running
        running.append(entry)
        try:
            if step.prepared is None:
                _require_simulated(step)
            if self.doubles and (name := name_of_double(self.doubles, step)) is not None:
                effect = run_double(self.doubles[name], self)
            else:
                effect = self._evaluator.instantiate(entry).run(self)
            if effect is not None:
                entry.effect = effect
        except (PolicyError, NotSimulatedError, LimitExceededError) as error:
            self._locate(error, step)
            raise
        finally:
            running.pop()

    def _run_observed(self, entry: TraceEntry, observer: Observer) -> None:
        observer.policy_started(self, entry)
        try:
            self._run(entry)
        except Exception as error:
            observer.policy_ended(self, entry, error)
            raise
        observer.policy_ended(self, entry, None)

    def evaluate(self, step: Any) -> Any:
        entry = self._enter(step)
        try:
            return self._evaluator.instantiate(entry)
        except (PolicyError, NotSimulatedError, LimitExceededError) as error:
            self._locate(error, step)
            raise

    def note(self, effect: Effect, step: Any = None) -> None:
        (self._running[-1] if step is None else self._entries[step]).effect = effect

    def inserted(self) -> Sequence[Step]:
        return self._running[-1].step.inserted

    def answer_resolver(self, response: ResponseMessage) -> None:
        self.section = "outbound"
        self.show_response(response)

    def serve(self, response: ResponseMessage) -> None:
        self.answer = response
        self.served_by = self._running[-1].step

    @property
    def place(self) -> str:
        step = self._running[-1].step
        return f"{self._entity_of(step.scope)} {step.section} {step.path}"

    def _entity_of(self, scope: str) -> str:
        """Return the scope with the id of its entity: two APIs with the same policy are two places."""
        context = self.context
        if scope == "operation":
            return f"operation {context.api.id} {context.operation.id}"
        entity = {"api": context.api, "product": context.product, "workspace": context.workspace}.get(scope)
        return scope if entity is None else f"{scope} {entity.id}"

    def has_expression(self, *attributes: str) -> bool:
        element = self._running[-1].step.element
        given = (element.get(name) for name in attributes)
        return any(attribute is not None and attribute.value.expression is not None for attribute in given)

    def is_first_call(self, key: str) -> bool:
        if key in self._counted:
            return False
        self._counted.add(key)
        return True

    def at_end(self, action: Callable[[ResponseMessage], object]) -> None:
        self._at_end.append(action)

    def finish(self, answer: ResponseMessage) -> None:
        """Do the deferred work of policies at the end. An expression that throws there changes nothing."""
        self._moment.now = "end"
        self.show_response(answer)
        for action in self._at_end:
            with suppress(PolicyError):
                action(answer)

    def on_response(self, action: Callable[[ResponseMessage], None], *, may_wait: bool = False) -> None:
        self._on_response.append((self._running[-1].step, action, may_wait))

    def receive(self) -> None:
        """Do the deferred work of policies before outbound. Raises PolicyError, with the policy as its place."""
        self._moment.now = "response"
        try:
            for step, action, may_wait in self._on_response:
                stream = self.response.body.stream if may_wait else None
                if stream is not None:
                    stream.collect(partial(self._with_whole_body, action, self.response))
                    continue
                try:
                    action(self.response)
                except (PolicyError, NotSimulatedError, LimitExceededError) as error:
                    self._locate(error, step)
                    raise
        finally:
            self._moment.now = "run"

    @staticmethod
    def _with_whole_body(action: Callable[[ResponseMessage], None], response: ResponseMessage, content: bytes) -> None:
        """Do the work that waited for a streamed body. An expression that throws there changes nothing."""
        whole = ResponseMessage(response.status_code, headers=response.headers.copy(), body=content)
        with suppress(PolicyError):
            action(whole)

    def recover(self, error: PolicyError) -> None:
        self.show_response(error.response or answer_to(self, error))
        for entry in self.trace:
            if entry.error is error.last_error:
                entry.is_recovered = True

    def emit(self, metric: Metric) -> None:
        self.metrics.append(metric)
        self.services.metrics.append(metric)

    def wait(self, seconds: float) -> None:
        self.services.time.advance(seconds)

    def _enter(self, step: Step) -> TraceEntry:
        """Add an entry to the trace for a policy, or a part of one, that is reached."""
        entries = self._entries
        around = None if step.parent is None else entries.get(step.parent)
        entry = entries[step] = TraceEntry(step, around, None if self._now is None else self._now(), {}, [])
        self.trace.append(entry)
        if self.observer is not None:
            self.observer.policy_reached(self, entry)
        return entry

    def _locate(self, error: PolicyError | NotSimulatedError | LimitExceededError, step: Step) -> None:
        """Note, once, in which policy an error was raised: the innermost."""
        if isinstance(error, PolicyError):
            if error.last_error is None:
                policy = step
                while not is_known(policy.name) and policy.parent is not None:
                    policy = policy.parent
                path = self._path_of(error, step)
                error.last_error = LastError(
                    to_utf16(policy.name),
                    error.reason,
                    error.message,
                    scope=step.scope,
                    section=step.section,
                    path=to_utf16(path),
                    policy_id=step.policy_id,
                    nested=to_utf16(step.nested_path if path == step.path else path),
                )
                self._entries[step].error = error.last_error
                self._entries[step].messages = error.traced
                if self.observer is not None:
                    self.observer.error_raised(self, error, step)
        elif not getattr(error, "__notes__", None):
            error.add_note(f"in the policy '{step.name}' at {step.where()}")

    @staticmethod
    def _path_of(error: PolicyError, step: Step) -> str:
        """Return the path of a policy; when it can't connect to a backend, as logs of real gateways write it."""
        is_connection = has_trait(step.name, "forwards") and error.reason in ("BackendConnectionFailure", "Timeout")
        return f"{step.name}\\{step.name}" if is_connection and step.path == f"{step.name}[1]" else step.path


def _require_simulated(step: Step) -> None:
    """Raises NotSimulatedError for a policy that no documentation describes, or an attribute that none explains."""
    if step.specification is None:
        reason = why_not_simulated(step.name)
        raise NotSimulatedError(f"the policy '{step.name}'", f"{reason} ({step.where()})" if reason else step.where())
    for attribute in step.element.attributes:
        if is_unnamed_output(step.name, attribute.name) and attribute.name != "response-variable-name":
            raise NotSimulatedError(f"the attribute '{attribute.name}' of '{step.name}'", step.where())


class ExchangeServices(Services):
    """The services of a gateway's settings, and those that only the engine uses.

    `transport` answers what is forwarded, `outside` what policies send of their own. Event hubs, Service Bus, Dapr and
    metrics record. Raises ConfigurationError.
    """

    backends: BackendRouter
    documents: ApiDocuments
    identities: GatewayIdentities

    def __init__(
        self,
        settings: GatewaySettings,
        named_values: Mapping[str, str],
        time: SimulatedTime,
        uploaded: UploadedCertificates,
    ) -> None:
        self.settings = settings.behaviour()
        self.time = time
        self.transport = transport_of(settings.backend)
        self.outside = self.transport if settings.outside is None else transport_of(settings.outside)
        self.documents = ApiDocuments(settings.openapi, settings.schemas, settings.wsdl, settings.graphql_schema)
        for service_double in (self.transport, self.outside):
            use_time = getattr(service_double, "use_time", None)
            if use_time is not None:
                use_time(time)
        self.state = LocalState() if settings.state is None else settings.state
        self.identities = GatewayIdentities(settings, time)
        backends = {} if settings.backends is None else settings.backends
        self.backends = BackendRouter(backends, time, named_values, uploaded.get, self.state.circuits, self.identities)
        self.sql, self.cosmos = settings.sql, settings.cosmos
        event_hubs, dapr, safety = settings.event_hubs, settings.dapr, settings.content_safety
        self.event_hubs = event_hubs if isinstance(event_hubs, EventHubs) else EventHubs(event_hubs)
        self.service_bus = settings.service_bus or ServiceBus()
        self.dapr = dapr if isinstance(dapr, DaprSidecar) else DaprSidecar(dapr)
        self.dapr.services = self.transport
        self.content_safety = safety if isinstance(safety, ContentSafetyService) else ContentSafetyService(safety)
        self.count_tokens = settings.count_tokens or count_tokens
        self.embed = settings.embeddings or bag_of_words
        self.metrics: list[Metric] = []
