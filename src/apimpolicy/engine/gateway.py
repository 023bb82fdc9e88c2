"""The simulated gateway: everything that surrounds a policy, and the way of one request through it."""

from __future__ import annotations

import copy
import functools
import random
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.context.entities import Deployment, Product, Workspace
from apimpolicy.context.execution import Context
from apimpolicy.context.messages import RequestMessage
from apimpolicy.context.records import Request
from apimpolicy.dotnet.collections.dictionary import Dictionary
from apimpolicy.dotnet.cryptography.chain import TrustStore, VerificationRecorder
from apimpolicy.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.dotnet.environment import environment as current_environment
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.engine import pipeline
from apimpolicy.engine.document import Policy, is_markup, load_policy, read_bytes
from apimpolicy.engine.exchange import Exchange, ExchangeServices
from apimpolicy.engine.operations import match
from apimpolicy.engine.result import Result
from apimpolicy.engine.services import KeyVaultReference, SimulatedTime, clock_of, transport_of
from apimpolicy.engine.steps import SCOPES, Program, build
from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.cors import is_preflight

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from apimpolicy.context.entities import Api, Operation, Subscription, User
    from apimpolicy.dotnet.cryptography.certificate import Certificate
    from apimpolicy.dotnet.cryptography.revocation import RevocationList
    from apimpolicy.engine.services import Backend, Now

    AnyPolicy = str | bytes | Path | Policy

GLOBAL_POLICY = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"
"""The global policy of a new service: it forwards the request."""


class Gateway:
    """A simulated gateway. Every argument is optional; the defaults are those of a new API Management service.

    - `certificates`: uploaded certificates by id, each a `Certificate` or a `KeyVaultReference`
    - `trusted_roots`, `intermediates`, `revocation_lists`, `unreachable_revocation_lists`: what `Verify()` knows
    - `negotiate_client_certificate`: whether callers are asked for a certificate: a bool, a mapping by host name, or
      the host names where it is on. When it is off, a certificate that is sent is null in the policy, as in Azure
    - `named_values`, `fragments` (text, path or `Policy` by id), `backends` (base URLs by id)
    - `backend`: answers what is forwarded: a function of a `Request`, a `Response`, or a `Transport`
    - `outside`: answers what send-request and send-one-way-request send; the `backend` does unless it is given
    - `now`: a datetime, a function, or a `Clock`; the machine's clock when it is not given
    - `api`, `operation`, `product`, `workspace`, `subscription`, `user`, `deployment`: what `context` says of them.
      With an operation, a request that does not match its method and URL template is answered with 404
    - `origin`: scheme and host of requests whose URL begins with `/`
    - `limits`: what one request may use up; `seed`: where random numbers and ids begin, so that runs can be repeated
    - `tracing`: keep the values of sub-expressions for explanations

    Settings for what Azure's documentation leaves open, or states against what people see:

    - `second_read`: what a body gives that was read already: "empty", "error" or "again"
    - `missing_section`: "inherit" takes a section that a document does not have for one with nothing but `<base />`;
      "skip" for an empty one
    - `refused_certificate_status`: the status code when validate-client-certificate refuses
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
        negotiate_client_certificate: bool | Mapping[str, bool] | Collection[str] = False,
        named_values: Mapping[str, str] | None = None,
        fragments: Mapping[str, AnyPolicy] | None = None,
        backends: Mapping[str, str] | None = None,
        backend: Backend = None,
        outside: Backend = None,
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
    ) -> None:
        if second_read not in ("empty", "error", "again"):
            raise ConfigurationError(f"second_read is 'empty', 'error' or 'again', not {second_read!r}")
        if missing_section not in ("inherit", "skip"):
            raise ConfigurationError(f"missing_section is 'inherit' or 'skip', not {missing_section!r}")
        self.certificates = dict(certificates or {})
        self.trust = TrustStore(trusted_roots, intermediates, revocation_lists, unreachable_revocation_lists)
        self.negotiate_client_certificate = negotiate_client_certificate
        self.named_values = dict(named_values or {})
        self.fragments = dict(fragments or {})
        self.clock = clock_of(now)
        transport = transport_of(backend)
        self.services = ExchangeServices(
            transport,
            transport if outside is None else transport_of(outside),
            SimulatedTime(self.clock),
            dict(backends or {}),
            allows_new_body=allows_new_body,
            refused_certificate_status=refused_certificate_status,
        )
        self.api = api
        self.operation = operation
        self.product = product
        self.workspace = workspace
        self.subscription = subscription
        self.user = user
        self.deployment = deployment or Deployment()
        self.origin = origin
        self.limits = limits
        self.tracing = tracing
        self.second_read = second_read
        self.missing_section = missing_section
        self._random = random.Random(seed)
        self._documents: dict[tuple[str, object], Policy] = {}
        self._programs: dict[tuple[tuple[str, object], ...], Program] = {}

    def run(self, policy: AnyPolicy | Mapping[str, AnyPolicy], request: Request | str) -> Result:
        """Send a request through a policy: the response, and how it came about.

        `policy` is a document (path, text or `Policy`), then taken for the API's, below the global policy of a new
        service; or a mapping from scopes (`global`, `workspace`, `product`, `api`, `operation`) to documents. A request
        that is only a URL is a GET.

        Raises PolicySyntaxError and PolicyTypeError when the gateway would refuse a document, ConfigurationError when
        the gateway was set up wrongly, NotSimulatedError when the request reaches what is not simulated, and
        LimitExceededError.
        """
        scopes = self.scopes(policy)
        if isinstance(request, str):
            request = Request("GET", request)
        environment = self.environment()
        with use_environment(environment):
            exchange = self._exchange(request, scopes)
            operation = self.operation
            if operation is not None:
                method = exchange.request.method
                if is_preflight(exchange.request) and operation.method != "OPTIONS":
                    asked = exchange.request.headers.joined("Access-Control-Request-Method") or ""
                    method = asked if pipeline.preflight_steps(self.program(scopes)) else method
                parameters = match(exchange.request, exchange.context.api, operation, method)
                if parameters is None:
                    wide = {scope: document for scope, document in scopes.items() if scope == "global"}
                    answer = pipeline.refuse(exchange, self.program(wide))
                    return Result(exchange, answer.to_response())
                exchange.request.match_parameters(parameters)
            return Result(exchange, pipeline.run(exchange, self.program(scopes)).to_response())

    def scopes(self, policy: AnyPolicy | Mapping[str, AnyPolicy]) -> dict[str, Policy]:
        """The documents by scope, named values put in, the global one always there. Raises as `run` does."""
        given = dict(policy) if isinstance(policy, Mapping) else {"api": policy}
        unknown = [str(scope) for scope in given if scope not in SCOPES]
        if unknown:
            raise ConfigurationError(f"'{unknown[0]}' is not a scope; the scopes are {', '.join(SCOPES)}")
        given.setdefault("global", global_policy())
        return {scope: self._loaded(given[scope], f"<{scope} policy>") for scope in SCOPES if scope in given}

    def program(self, scopes: Mapping[str, Policy]) -> Program:
        """What runs in each section for these documents; built once for the same ones. Raises as `run` does."""
        fragments = {name: self._loaded(text, f"<fragment {name}>") for name, text in self.fragments.items()}
        key = tuple((name, policy) for name, policy in (*scopes.items(), *fragments.items()))
        found = self._programs.get(key)
        if found is None:
            if len(self._programs) > 64:
                self._programs.clear()
            found = self._programs[key] = build(scopes, fragments, self.missing_section == "inherit")
        return found

    def environment(self) -> Environment:
        """The surroundings of one request, for `use_environment`."""
        environment = Environment(
            utc_now=self.services.time.ticks,
            trust=VerificationRecorder(self.trust),
            limits=self.limits,
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

    def context_of(self, request: Request) -> Context:
        """The `context` with which a request begins, as expressions see it; for evaluating one without a policy."""
        with use_environment(self.environment()):
            return self._exchange(request, {}).context

    def _exchange(self, request: Request, scopes: Mapping[str, Policy]) -> Exchange:
        message = RequestMessage.of(request, self.origin, self.second_read)
        unasked = None
        asks = message.url.scheme == "https" and self.negotiates(message.url.host)
        if message.certificate is not None and not asks:
            unasked, message.certificate = message.certificate, None
        context = Context(
            message,
            api=self.api,
            operation=self.operation,
            deployment=self._deployment(),
            product=self.product or (Product() if "product" in scopes else None),
            subscription=self.subscription,
            user=self.user,
            workspace=self.workspace or (Workspace("workspace") if "workspace" in scopes else None),
            request_id=str(uuid.UUID(int=self._random.getrandbits(128), version=4)),
            tracing=False,
        )
        template = "" if self.operation is None else self.operation.url_template
        exchange = Exchange(
            request,
            context,
            self.services,
            tracing=self.tracing,
            url_template=template,
            unasked_certificate=unasked,
            asks_for_certificate=asks,
        )
        exchange.trace.messages = context.traces
        trust = current_environment().trust
        if isinstance(trust, VerificationRecorder):
            exchange.verifications = trust.verifications
        return exchange

    def _deployment(self) -> Deployment:
        """The deployment with the uploaded certificates as they are at this moment."""
        deployment = copy.copy(self.deployment)
        deployment.certificates = Dictionary.from_dictionary(deployment.certificates.types, deployment.certificates)
        for name, held in self.certificates.items():
            certificate = held.resolve() if isinstance(held, KeyVaultReference) else held
            deployment.certificates.set_item(to_utf16(name), certificate)
        return deployment

    def _loaded(self, policy: AnyPolicy, name: str) -> Policy:
        """The document with named values in it; the same object for the same content."""
        content: object = policy
        if isinstance(policy, Path) or (isinstance(policy, str) and not is_markup(policy)):
            name = str(policy)
            content = policy = read_bytes(Path(policy))
        found = self._documents.get((name, content))
        if found is None:
            if len(self._documents) > 1024:
                self._documents.clear()
            found = load_policy(policy, named_values=self.named_values, path=name)
            self._documents[name, content] = found
        return found


@functools.cache
def global_policy() -> Policy:
    """The global policy of a new service."""
    return load_policy(GLOBAL_POLICY, path="<global policy>")
