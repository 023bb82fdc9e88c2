"""The simulated gateway: everything that surrounds a policy, and the way of one request through it."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.cryptography.chain import TrustStore, VerificationRecorder
from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.environment import environment as current_environment
from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.csharp.emit.runtime import ends_at_memory
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.entities import MANAGED, Api, Deployment, Operation, Product, Workspace
from apimpolicy.gateway.context.execution import Context
from apimpolicy.gateway.context.messages import RequestMessage
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.engine import pipeline
from apimpolicy.gateway.engine.document import EffectivePolicies
from apimpolicy.gateway.engine.exchange import Exchange, ExchangeServices, MissingPart
from apimpolicy.gateway.engine.gateway_settings import GatewaySettings
from apimpolicy.gateway.engine.observation import Observer, observer
from apimpolicy.gateway.engine.partial_runs import PartialRun
from apimpolicy.gateway.engine.result import Result
from apimpolicy.gateway.engine.services import KeyVaultReference, SimulatedTime, UploadedCertificates, clock_of
from apimpolicy.gateway.engine.variables import set_variables, value_of
from apimpolicy.text.secrets import keep_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.csharp.dotnet.system.randoms import Script
    from apimpolicy.gateway.engine.document import AnyPolicy, Policy
    from apimpolicy.gateway.engine.partial_runs import AnyDouble
    from apimpolicy.gateway.engine.resolvers import Resolution
    from apimpolicy.gateway.engine.service_requests import ServiceRequests
    from apimpolicy.gateway.engine.services import DaprSidecar
    from apimpolicy.gateway.engine.steps import Program
    from apimpolicy.gateway.policies.outside_services import ContentSafetyService, EventHub, ServiceBus


class Gateway(GatewaySettings):
    """A simulated gateway. Every argument is optional; the defaults are those of a new API Management service.

    The arguments are the settings that `GatewaySettings` and `Behaviour` declare, by name; `help(Gateway)` lists them,
    and the page "Settings of a gateway" of the reference explains each. Raises ConfigurationError for what is
    not usable.
    """

    def __init_settings__(self) -> None:
        self.unknown_secrets: frozenset[str] = frozenset()
        """The secret named values whose values are made up: no report hides these values."""
        self.made_up: Mapping[str, frozenset[str]] = dict.fromkeys(("named_values", "fragments"), frozenset())
        """The names of named values and fragments that stand in for missing ones, which a proof must not depend on."""
        self.missing: Callable[[], Sequence[MissingPart]] | None = None
        """Finds the parts of its service that are missing, where these have no stand-ins; None where nothing is."""
        self.unread: Sequence[MissingPart] = ()
        """Why its service may have more for callers than is known here."""
        self.host_names: Sequence[str] = ()
        """The host names of the service, as far as they are known."""
        self.certificates: dict[str, Certificate | KeyVaultReference] = dict(self.certificates or {})
        for id_, held in self.certificates.items():
            if isinstance(held, str | bytes):
                help_ = "Certificate.from_file(path) reads one"
                raise ConfigurationError(f"the certificate '{id_}' is a Certificate, not {held!r}: {help_}")
        self.named_values: dict[str, str] = dict(self.named_values or {})
        keep_secret(self.named_values[name] for name in self.secrets if name in self.named_values)
        self.fragments: dict[str, AnyPolicy] = dict(self.fragments or {})
        gateway_id = self.tier if self.tier == "self-hosted" else MANAGED
        self.deployment: Deployment = self.deployment or Deployment(gateway_id=gateway_id)
        self.uploaded = UploadedCertificates(self.certificates)
        self.trust = TrustStore(
            self.trusted_roots,
            self.intermediates,
            self.revocation_lists,
            self.unreachable_revocation_lists,
            self.missing_revocation_list,
        )
        self.policies = EffectivePolicies(
            self.named_values,
            self.fragments,
            inherit_missing=self.missing_section == "inherit",
            cors_needs_base=self.cors_needs_base,
        )
        self.clock = clock_of(self.now)
        self.services = ExchangeServices(self, self.named_values, SimulatedTime(self.clock), self.uploaded)
        self.service_bus: ServiceBus = self.services.service_bus
        self.dapr: DaprSidecar = self.services.dapr
        self.content_safety: ContentSafetyService = self.services.content_safety  # type: ignore[assignment]
        self.metrics = self.services.metrics
        self.description = self.services.documents.description
        self.api: Api | None = self.services.documents.api() if self.api is None else self.api
        self._service_requests: ServiceRequests | None = None
        self._random = random.Random(self.seed)
        self._script = self._written_chance()
        self._cache_is_filled = not self.cache

    @ends_at_memory
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
        numbers, truth values, None; what JSON has besides becomes a JToken; a text that is an expression, `@(…)`, has
        its value and its type.

        A part of the policy can be run alone: with `section` one of its sections, or several of them; with `only` one
        policy, by its `id` or its place (`outbound/choose[1]/set-header[1]`). `response` is then what expressions see
        as the response, and `last_error` (`source`, `reason`, `message` …) is `context.LastError` of an on-error that
        runs alone. `doubles` run in the place of policies, by the policies' ids or places (`api inbound/base[1]` where
        several documents have it): a `PolicyDouble`, a function of the exchange, or None for nothing at all.

        Raises PolicySyntaxError and PolicyTypeError when the gateway would refuse a document, ConfigurationError when
        the gateway was set up wrongly, NotSimulatedError when the request reaches what is not simulated, and
        LimitExceededError.
        """
        scopes = self.policies.scopes(policy)
        if isinstance(request, str):
            request = Request("GET", request)
        if self.isolated:
            from apimpolicy.gateway.engine.isolation import run_isolated

            options: dict[str, Any] = {"variables": variables, "section": section, "only": only, "response": response}
            options |= {"last_error": last_error, "doubles": doubles}
            return run_isolated(self, lambda alone: alone.run(policy, request, **options))
        environment = self.environment()
        with use_environment(environment):
            exchange = self._exchange(request, scopes)
            if self.is_over_capacity(request):
                return Result(exchange, pipeline.answer_over_capacity(exchange).to_response())
            if variables:
                set_variables(exchange, variables)
            is_found = self._find_operation(exchange, scopes)
            if doubles or section is not None or only is not None or response is not None or last_error is not None:
                part = PartialRun(section, only, response, last_error, doubles or {})
                return Result(exchange, part.run(exchange, self.policies.program(scopes)).to_response())
            if not is_found:
                wide = {scope: document for scope, document in scopes.items() if scope == "global"}
                answer = pipeline.answer_unmatched(exchange, self.policies.program(wide))
                return Result(exchange, answer.to_response())
            return Result(exchange, pipeline.run(exchange, self.policies.program(scopes)).to_answer())

    @ends_at_memory
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
        if self.isolated:
            from apimpolicy.gateway.engine.isolation import run_isolated

            return run_isolated(self, lambda alone: alone.send(request, variables=variables, doubles=doubles))
        if self._service_requests is None:
            from apimpolicy.gateway.engine.service_requests import ServiceRequests

            self._service_requests = ServiceRequests(self, self.service)
        sent = Request("GET", request) if isinstance(request, str) else request
        return self._service_requests.send(sent, variables or {}, doubles or {})

    def _find_operation(self, exchange: Exchange, scopes: Mapping[str, Policy]) -> bool:
        """Find the operation of a request; False when the gateway has operations, and none of them matches."""
        if self.description is None and self.operation is None:
            return True
        from apimpolicy.gateway.engine.api_routing import find_operation

        return find_operation(
            exchange,
            self.description,
            self.operation,
            lambda: bool(pipeline.preflight_steps(self.policies.program(scopes))),
        )

    @ends_at_memory
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
        from apimpolicy.gateway.engine.resolvers import resolve

        if self.isolated:
            raise ConfigurationError("resolve runs in this process; isolated=True holds for run and send")
        document = self.policies.document(policy, "<resolver>")
        if not document.root.name.endswith("-data-source"):
            raise ConfigurationError(f"{document.path} is not a resolver: its root is <{document.root.name}>")
        program = self.policies.program({"api": document})
        sent = Request("POST", request) if isinstance(request, str) else request
        with use_environment(self.environment()):
            return resolve(self._exchange(sent, {}), program, arguments or {}, parent)

    def event_hub(self, logger_id: str) -> EventHub:
        """Return the event hub behind a logger. Raises ConfigurationError when the gateway has no such logger."""
        return self.services.event_hubs.hub(logger_id)

    def adopt(self, other: Gateway) -> None:
        """Use what another gateway has compiled, where its documents would be the same: many tests, one policy."""
        self.policies.adopt(other.policies)

    def scopes(self, policy: AnyPolicy | Mapping[str, AnyPolicy]) -> dict[str, Policy]:
        """Return the documents by scope, with named values replaced, always with a global one. Raises as `run` does."""
        return self.policies.scopes(policy)

    def program(self, scopes: Mapping[str, Policy]) -> Program:
        """Return the steps of each section for these documents; built once for the same ones. Raises as `run` does."""
        return self.policies.program(scopes)

    def environment(self) -> Environment:
        """Return the surroundings of one request, for `use_environment`."""
        environment = Environment(
            utc_now=self.services.time.ticks,
            trust=VerificationRecorder(self.trust),
            limits=self.limits,
            is_framework=self.dotnet == "framework",
        )
        environment.random = self._random
        environment.script = self._script
        return environment

    def negotiates(self, host: str) -> bool:
        """Return whether the gateway negotiates client certificates for this host name."""
        setting = self.negotiate_client_certificate
        if isinstance(setting, bool):
            return setting
        if isinstance(setting, str):
            setting = (setting,)
        if isinstance(setting, Mapping):
            setting = [name for name, is_on in setting.items() if is_on]
        return host.lower() in (name.lower() for name in setting)

    def is_over_capacity(self, request: Request) -> bool:
        """Return whether the gateway responds 429 because it is over its capacity."""
        setting = self.over_capacity
        return setting(request) if callable(setting) else setting

    def context_of(self, request: Request) -> Context:
        """Return the `context` with which a request begins, to evaluate an expression without a policy."""
        with use_environment(self.environment()):
            return self.exchange(request).context

    observer: Observer | None = None
    """The observer of the requests of this gateway; see `apimpolicy.gateway.engine.observation`."""

    def exchange(self, request: Request) -> Exchange:
        """Return the state of a request that has just come; inside of `use_environment`."""
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
            request_id=self._request_id(),
            tracing=False,
        )
        template = "" if self.operation is None else self.operation.url_template
        watching, own = observer(), self.observer
        trust = current_environment().trust
        exchange = Exchange(
            request,
            context,
            self.services,
            tracing=self.tracing or watching is not None or own is not None,
            url_template=template,
            unasked_certificate=unasked,
            asks_for_certificate=asks,
            verifications=trust.verifications if isinstance(trust, VerificationRecorder) else None,
            observer=own or watching,
        )
        for watcher in (watching, own):
            if watcher is not None:
                watcher.request_started(exchange)
        if not self._cache_is_filled:
            self._fill_cache(exchange)
        if not self.isolated:
            exchange.missing = self.missing
        return exchange

    def _written_chance(self) -> Script | None:
        if not (self.random_numbers or self.guids or self.request_ids):
            return None
        from apimpolicy.csharp.dotnet.system.randoms import Script

        return Script(self.random_numbers, self.guids, self.request_ids)

    def _request_id(self) -> Any:
        if self._script is not None and (written := self._script.request_id()) is not None:
            return written
        return self._random.getrandbits(128)

    def _fill_cache(self, exchange: Exchange) -> None:
        """Put into the cache what it holds from the start, with the first request, whose time it is."""
        self._cache_is_filled = True
        cache = self.services.state.cache("prefer-external")
        for key, value in (self.cache or {}).items():
            cache.set(f"value {to_utf16(key)}", value_of(exchange, key, value), math.inf)


_NO_API = Api()
_NO_OPERATION = Operation()
