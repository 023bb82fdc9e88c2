"""The simulated gateway: everything that surrounds a policy, and the way of one request through it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.context.entities import Api, Deployment, Operation, Product, Workspace
from apimpolicy.context.execution import Context
from apimpolicy.context.messages import RequestMessage
from apimpolicy.context.records import Request
from apimpolicy.dotnet.cryptography.chain import TrustStore, VerificationRecorder
from apimpolicy.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.dotnet.environment import environment as current_environment
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.engine import pipeline
from apimpolicy.engine.api_documents import ApiDocuments
from apimpolicy.engine.backend_routing import BackendRouter
from apimpolicy.engine.data_sources import GatewayDataSources
from apimpolicy.engine.effective_policies import EffectivePolicies
from apimpolicy.engine.exchange import Exchange
from apimpolicy.engine.exchange_services import ExchangeServices
from apimpolicy.engine.identity import Identities
from apimpolicy.engine.integrations import Integrations
from apimpolicy.engine.observation import observer
from apimpolicy.engine.parts import Part
from apimpolicy.engine.result import Result
from apimpolicy.engine.services import SimulatedTime, clock_of, transport_of
from apimpolicy.engine.uploaded_certificates import UploadedCertificates
from apimpolicy.engine.variables import variable_value
from apimpolicy.errors import ConfigurationError
from apimpolicy.text.secrets import keep_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path

    from apimpolicy.context.description import ApiDescription
    from apimpolicy.context.entities import Subscription, User
    from apimpolicy.context.records import Response
    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.dotnet.cryptography.revocation import RevocationList
    from apimpolicy.engine.authorizations import ConnectionSource
    from apimpolicy.engine.backends import AnyBackend
    from apimpolicy.engine.content_safety import AnalyzesSafety
    from apimpolicy.engine.dapr import DaprSidecar
    from apimpolicy.engine.document import Policy
    from apimpolicy.engine.effective_policies import AnyPolicy
    from apimpolicy.engine.event_hubs import EventHub, EventHubs
    from apimpolicy.engine.managed_identity import TokenSource
    from apimpolicy.engine.openid_provider import OpenIdSource
    from apimpolicy.engine.policy_doubles import AnyDouble
    from apimpolicy.engine.resolvers import Resolution
    from apimpolicy.engine.service import Service
    from apimpolicy.engine.service_bus import ServiceBus
    from apimpolicy.engine.service_requests import ServiceRequests
    from apimpolicy.engine.services import Backend, KeyVaultReference, Now
    from apimpolicy.engine.steps import Program
    from apimpolicy.policies.data_requests import CosmosContainer, SqlDatabase


class Gateway:
    """A simulated gateway. Every argument is optional; the defaults are those of a new API Management service.

    - `certificates`: uploaded certificates by id, each a `Certificate` or a `KeyVaultReference`
    - `trusted_roots`, `intermediates`, `revocation_lists`, `unreachable_revocation_lists`: what `Verify()` knows;
      `missing_revocation_list`: "unknown", as in .NET, makes it false for a certificate whose authority publishes no
      list; "empty" takes such a certificate for not revoked
    - `negotiate_client_certificate`: whether callers are asked for a certificate: a bool, a mapping by host name, or
      the host names where it is on. When it is off, a certificate that is sent is null in the policy, as in Azure
    - `secrets`: the names of named values that no report shows
    - `named_values`, `fragments` (text, path or `Policy` by id)
    - `backends` by id: base URLs, `Backend` with credentials and a circuit breaker, `BackendPool`
    - `backend`: answers what is forwarded: a function of a `Request` (and of the timeout in seconds, if it has a second
      parameter), a `Response`, or a `Transport`
    - `outside`: answers what send-request and send-one-way-request send; the `backend` does unless it is given
    - `service`: a `Service`, its APIs, products and subscriptions; `send` takes requests to it
    - `openid_providers`: answer for the URLs of openid-config and for Entra tenants: `OpenIdProvider`, `EntraTenant` or
      `OpenIdDocuments`; they issue tokens at the gateway's time
    - `managed_identity`: a `ManagedIdentity`, which gives tokens to authentication-managed-identity
    - `authorizations`: an `Authorizations` with the connections of get-authorization-context
    - `event_hubs`: the ids of all loggers that log-to-eventhub may name; any is there unless given. What was logged is
      in `event_hub("logger").events`
    - `service_bus`: a `ServiceBus`, to limit its queues and topics; `service_bus.messages` are what was sent
    - `dapr`: answers for the Dapr sidecar, like `backend`, or a `DaprSidecar`; `dapr.publications`, `dapr.bindings`
      and `dapr.invocations` are what it was asked
    - `content_safety`: judges texts for llm-content-safety: `SafetyWords`, or a function from a text to severities by
      category or to a `SafetyAnalysis`
    - `embeddings`: a function from a text to a vector, for the semantic cache; a bag of words unless given
    - `count_tokens`: a function that estimates the tokens of a text; a quarter of its characters unless given
    - `openapi`: the API's description (2.0, 3.0, 3.1; JSON or YAML; path, text or data). The operation is then found by
      method and URL template, and a request for none is answered with 404; without `api`, its name and backend are the
      document's title and first server
    - `schemas`: JSON Schemas and XSDs by the ids that validate-content names; `wsdl`: the schema of a SOAP API
    - `graphql_schema`: the schema of a GraphQL API, as SDL
    - `sql`, `cosmos`: the databases of GraphQL resolvers: `RecordedSql`, `RecordedCosmos`, or what has `execute`
    - `tier`: "classic", or "v2", where rate limits are token buckets
    - `over_capacity`: whether the gateway has no room for a request and answers 429 before any policy: a bool, or a
      function of a `Request`
    - `now`: a datetime, a function, or a `Clock`; the machine's clock when it is not given
    - `api`, `operation`, `product`, `workspace`, `subscription`, `user`, `deployment`: what `context` says of them.
      With an operation, a request that does not match its method and URL template is answered with 404
    - `origin`: scheme and host of requests whose URL begins with `/`
    - `limits`: what one request may use up; `seed`: where random numbers and ids begin, so that runs can be repeated
    - `isolated`: run each request in a process of its own that the operating system holds to limits, for policies of
      strangers; results are copies without a trace (`IsolatedResult`), and requests see nothing of each other
    - `tracing`: keep the values of sub-expressions for explanations

    Settings for what Azure's documentation leaves open, or states against what people see:

    - `second_read`: what a body gives that was read already: "empty", "error" or "again"
    - `missing_section`: "inherit" takes a section that a document does not have for one with nothing but `<base />`;
      "skip" for an empty one
    - `cors_needs_base`: leave out the cors policies of wider scopes where inbound has no `<base />`, as the
      documentation has it; a trace of a real gateway shows the global one at work there
    - `refused_certificate_status`: the status code when validate-client-certificate refuses
    - `dotnet`: "core" for the words of .NET 5 and later, "framework" for those of .NET Framework, where a cast that
      fails says no more than "Specified cast is not valid."; both were seen on real gateways
    - `allows_new_body`: let set-body give a body to a request that has none, where the documentation says it throws

    Raises ConfigurationError for what is not usable.
    """

    def __init__(
        self,
        *,
        certificates: Mapping[str, Certificate | KeyVaultReference] | None = None,
        trusted_roots: Iterable[Certificate] = (),
        intermediates: Iterable[Certificate] = (),
        revocation_lists: Iterable[RevocationList | bytes] = (),
        unreachable_revocation_lists: Collection[Certificate] | Callable[[Certificate], bool] = (),
        missing_revocation_list: str = "unknown",
        negotiate_client_certificate: bool | Mapping[str, bool] | Collection[str] = False,
        named_values: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        isolated: bool = False,
        fragments: Mapping[str, AnyPolicy] | None = None,
        backends: Mapping[str, AnyBackend] | None = None,
        backend: Backend = None,
        outside: Backend = None,
        service: Service | None = None,
        openid_providers: OpenIdSource | Iterable[OpenIdSource] = (),
        managed_identity: TokenSource | None = None,
        authorizations: ConnectionSource | None = None,
        event_hubs: EventHubs | Iterable[str] | None = None,
        service_bus: ServiceBus | None = None,
        dapr: DaprSidecar | Backend = None,
        content_safety: AnalyzesSafety | None = None,
        embeddings: Callable[[str], Sequence[float]] | None = None,
        count_tokens: Callable[[str], int] | None = None,
        openapi: str | bytes | Path | Mapping[str, Any] | ApiDescription | None = None,
        schemas: Mapping[str, Any] | None = None,
        wsdl: str | bytes | Path | None = None,
        graphql_schema: str | bytes | Path | None = None,
        sql: SqlDatabase | None = None,
        cosmos: CosmosContainer | None = None,
        now: Now = None,
        api: Api | None = None,
        operation: Operation | None = None,
        product: Product | None = None,
        workspace: Workspace | None = None,
        subscription: Subscription | None = None,
        user: User | None = None,
        deployment: Deployment | None = None,
        origin: str = "https://contoso.azure-api.net",
        limits: Limits | None = None,
        seed: int | None = 0,
        tracing: bool = True,
        second_read: str = "empty",
        missing_section: str = "inherit",
        allows_new_body: bool = False,
        refused_certificate_status: int = 401,
        dotnet: str = "core",
        cors_needs_base: bool = False,
        tier: str = "classic",
        over_capacity: bool | Callable[[Request], bool] = False,
    ) -> None:
        _check_choice("second_read", second_read, "empty", "error", "again")
        _check_choice("missing_section", missing_section, "inherit", "skip")
        _check_choice("dotnet", dotnet, "core", "framework")
        _check_choice("tier", tier, "classic", "v2")
        _check_choice("missing_revocation_list", missing_revocation_list, "unknown", "empty")
        self.certificates = dict(certificates or {})
        self.uploaded = UploadedCertificates(self.certificates)
        self.trust = TrustStore(
            trusted_roots,
            intermediates,
            revocation_lists,
            unreachable_revocation_lists,
            missing_revocation_list,
        )
        self.negotiate_client_certificate = negotiate_client_certificate
        self.named_values = dict(named_values or {})
        keep_secret(self.named_values[name] for name in secrets if name in self.named_values)
        self.fragments = dict(fragments or {})
        self.missing_section = missing_section
        self.policies = EffectivePolicies(
            self.named_values,
            self.fragments,
            inherit_missing=missing_section == "inherit",
            cors_needs_base=cors_needs_base,
        )
        self.clock = clock_of(now)
        transport = transport_of(backend)
        integrations = Integrations(
            transport,
            event_hubs=event_hubs,
            service_bus=service_bus,
            dapr=dapr,
            content_safety=content_safety,
            embeddings=embeddings,
            count_tokens=count_tokens,
        )
        self.service_bus = integrations.service_bus
        self.dapr = integrations.dapr
        self.content_safety = integrations.content_safety
        self.metrics = integrations.metrics
        time = SimulatedTime(self.clock)
        documents = ApiDocuments(openapi, schemas, wsdl, graphql_schema)
        self.description = documents.description
        self.sql, self.cosmos = sql, cosmos
        others = transport if outside is None else transport_of(outside)
        for service_double in (transport, others):
            use_time = getattr(service_double, "use_time", None)
            if use_time is not None:
                use_time(time)
        self.services = ExchangeServices(
            transport,
            others,
            time,
            BackendRouter(backends or {}, time, self.named_values, self.uploaded.get),
            integrations,
            Identities(openid_providers, managed_identity, authorizations, time),
            documents,
            GatewayDataSources(sql, cosmos),
            allows_new_body=allows_new_body,
            refused_certificate_status=refused_certificate_status,
            fills_buckets=tier == "v2",
        )
        self.tier = tier
        self.over_capacity = over_capacity
        self.api = documents.api() if api is None else api
        self.operation = operation
        self.product = product
        self.workspace = workspace
        self.subscription = subscription
        self.user = user
        self.deployment = deployment or Deployment()
        self.origin = origin
        self.limits = limits
        self.isolated = isolated
        self.tracing = tracing
        self.second_read = second_read
        self.dotnet = dotnet
        self.service = service
        self._service_requests: ServiceRequests | None = None
        self._random = random.Random(seed)

    def run(
        self,
        policy: AnyPolicy | Mapping[str, AnyPolicy],
        request: Request | str,
        *,
        variables: Mapping[str, object] | None = None,
        section: str | Iterable[str] | None = None,
        only: str | None = None,
        response: Response | None = None,
        last_error: Mapping[str, str] | None = None,
        doubles: Mapping[str, AnyDouble] | None = None,
    ) -> Result:
        """Send a request through a policy: the response, and how it came about.

        `policy` is a document (path, text or `Policy`), then taken for the API's, below the global policy of a new
        service; or a mapping from scopes (`global`, `workspace`, `product`, `api`, `operation`) to documents. A request
        that is only a URL is a GET. `variables` are there from the start, as if a wider scope had set them: texts,
        numbers, truth values; what JSON has besides becomes a JToken.

        A part of the policy can be run alone: with `section` one of its sections, or several of them; with `only` one
        policy, by its `id` or its place (`outbound/choose[1]/set-header[1]`). `response` is then what expressions see
        as the response, and `last_error` (`source`, `reason`, `message` …) is `context.LastError` of an on-error that
        runs alone. `doubles` run in the place of policies, by the policies' ids: a `PolicyDouble`, a function of the
        exchange, or None for nothing at all.

        Raises PolicySyntaxError and PolicyTypeError when the gateway would refuse a document, ConfigurationError when
        the gateway was set up wrongly, NotSimulatedError when the request reaches what is not simulated, and
        LimitExceededError.
        """
        scopes = self.policies.scopes(policy)
        if isinstance(request, str):
            request = Request("GET", request)
        if self.isolated:
            from apimpolicy.engine.isolation import run_alone

            options = {"section": section, "only": only, "response": response, "last_error": last_error}
            return run_alone(self, policy, request, variables=variables, doubles=doubles, **options)
        environment = self.environment()
        with use_environment(environment):
            exchange = self._exchange(request, scopes)
            if self.has_no_room(request):
                return Result(exchange, pipeline.turn_away(exchange).to_response())
            for name, value in (variables or {}).items():
                exchange.variables[to_utf16(name)] = variable_value(value)
            is_found = self._find_operation(exchange, scopes)
            if section is not None or only is not None or response is not None or doubles:
                part = Part(section, only, response, last_error, doubles or {})
                return Result(exchange, part.run(exchange, self.policies.program(scopes)).to_response())
            if not is_found:
                wide = {scope: document for scope, document in scopes.items() if scope == "global"}
                answer = pipeline.refuse(exchange, self.policies.program(wide))
                return Result(exchange, answer.to_response())
            return Result(exchange, pipeline.run(exchange, self.policies.program(scopes)).to_response())

    def send(
        self,
        request: Request | str,
        *,
        variables: Mapping[str, object] | None = None,
        doubles: Mapping[str, AnyDouble] | None = None,
    ) -> Result:
        """Send a request to the service: it finds the API, the operation, the subscription and its product, and the
        policies of all their scopes run. A request that is only a URL is a GET; `variables`, `doubles` and errors are
        those of `run`.
        """
        if self.service is None:
            raise ConfigurationError("send needs Gateway(service=…); run takes a policy and a request")
        if self._service_requests is None:
            from apimpolicy.engine.service_requests import ServiceRequests

            self._service_requests = ServiceRequests(self, self.service)
        given = Request("GET", request) if isinstance(request, str) else request
        return self._service_requests.send(given, variables or {}, doubles or {})

    def _find_operation(self, exchange: Exchange, scopes: Mapping[str, Policy]) -> bool:
        """Find what operation a request is for; False when the gateway has operations, and it is for none of them."""
        if self.description is None and self.operation is None:
            return True
        from apimpolicy.engine.operations import find_operation

        return find_operation(
            exchange,
            self.description,
            self.operation,
            lambda: bool(pipeline.preflight_steps(self.policies.program(scopes))),
        )

    def resolve(
        self,
        policy: AnyPolicy,
        *,
        arguments: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
        request: Request | str = "/graphql",
    ) -> Resolution:
        """Run a GraphQL resolver: a document whose root is http-data-source, sql-data-source or cosmosdb-data-source.

        `arguments` are those of the field, `parent` is the object that it belongs to, `request` the caller's. Raises as
        `run` does; an error that a policy meets is the `error` of what comes back.
        """
        from apimpolicy.engine.resolvers import resolve

        document = self.policies.document(policy, "<resolver>")
        if not document.root.name.endswith("-data-source"):
            raise ConfigurationError(f"{document.path} is no resolver: its root is <{document.root.name}>")
        program = self.policies.program({"api": document})
        given = Request("POST", request) if isinstance(request, str) else request
        with use_environment(self.environment()):
            return resolve(self._exchange(given, {}), program, arguments or {}, parent)

    def event_hub(self, logger_id: str) -> EventHub:
        """The event hub behind a logger. Raises ConfigurationError when the gateway has no such logger."""
        return self.services.event_hubs.hub(logger_id)

    def adopt(self, other: Gateway) -> None:
        """Use what another gateway has compiled, where its documents would be the same: many tests, one policy."""
        self.policies.adopt(other.policies)

    def scopes(self, policy: AnyPolicy | Mapping[str, AnyPolicy]) -> dict[str, Policy]:
        """The documents by scope, named values put in, the global one always there. Raises as `run` does."""
        return self.policies.scopes(policy)

    def program(self, scopes: Mapping[str, Policy]) -> Program:
        """What runs in each section for these documents; built once for the same ones. Raises as `run` does."""
        return self.policies.program(scopes)

    def environment(self) -> Environment:
        """The surroundings of one request, for `use_environment`."""
        environment = Environment(
            utc_now=self.services.time.ticks,
            trust=VerificationRecorder(self.trust),
            limits=self.limits,
            is_framework=self.dotnet == "framework",
        )
        environment.random = self._random
        return environment

    def negotiates(self, host: str) -> bool:
        """Whether callers of this host name are asked for a client certificate."""
        setting = self.negotiate_client_certificate
        if isinstance(setting, bool):
            return setting
        if isinstance(setting, str):
            setting = (setting,)
        if isinstance(setting, Mapping):
            setting = [name for name, is_on in setting.items() if is_on]
        return host.lower() in (name.lower() for name in setting)

    def has_no_room(self, request: Request) -> bool:
        """Whether the gateway answers 429 because it is over its capacity."""
        setting = self.over_capacity
        return setting(request) if callable(setting) else setting

    def context_of(self, request: Request) -> Context:
        """The `context` with which a request begins, as expressions see it; for evaluating one without a policy."""
        with use_environment(self.environment()):
            return self.exchange(request).context

    def exchange(self, request: Request) -> Exchange:
        """The state of a request that has just come; inside of `use_environment`."""
        return self._exchange(request, {})

    def _exchange(self, request: Request, scopes: Mapping[str, Policy]) -> Exchange:
        message = RequestMessage.of(request, self.origin, self.second_read)
        if "Host" not in message.headers:
            message.headers.put_first("Host", message.url.authority)
        unasked = None
        asks = message.url.scheme == "https" and self.negotiates(message.url.host)
        if message.certificate is not None and not asks:
            unasked, message.certificate = message.certificate, None
        context = Context(
            message,
            api=self.api or _NO_API,
            operation=self.operation or _NO_OPERATION,
            deployment=self.uploaded.deployment(self.deployment),
            product=self.product or (Product() if "product" in scopes else None),
            subscription=self.subscription,
            user=self.user,
            workspace=self.workspace or (Workspace("workspace") if "workspace" in scopes else None),
            request_id=self._random.getrandbits(128),
            tracing=False,
        )
        template = "" if self.operation is None else self.operation.url_template
        watching = observer()
        trust = current_environment().trust
        exchange = Exchange(
            request,
            context,
            self.services,
            tracing=self.tracing or watching is not None,
            url_template=template,
            unasked_certificate=unasked,
            asks_for_certificate=asks,
            verifications=trust.verifications if isinstance(trust, VerificationRecorder) else None,
        )
        if watching is not None:
            watching.began(exchange)
        return exchange


def _check_choice(name: str, value: str, *choices: str) -> None:
    if value not in choices:
        listed = ", ".join(map(repr, choices[:-1])) + f" or {choices[-1]!r}"
        raise ConfigurationError(f"{name} is {listed}, not {value!r}")


_NO_API = Api()
_NO_OPERATION = Operation()
