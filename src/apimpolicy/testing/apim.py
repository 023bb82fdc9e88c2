"""The fixture `apim`: a simulated API Management service for one test, set up and asked in single lines.

    def test_a_caller_without_a_certificate_is_refused(apim):
        result = apim.run("policies/orders.xml", apim.request("/orders"))
        assert result.status_code == 403
        assert not result.reached_backend

    def test_a_renewed_certificate_needs_no_change(apim, authority):
        vault = apim.key_vault("contoso-kv")
        vault.add("partner", old := authority.client("partner"))
        apim.upload("partner", key_vault=vault, name="partner")
        vault.add("partner", new := authority.client("partner"))
        apim.policy = "policies/orders.xml"
        assert apim.get("/orders", certificate=new).status_code == 200
        assert "not among the uploaded certificates" in apim.get("/orders", certificate=old).explanation

What a test did not set up is as the nearest `apimpolicy.toml` says, beside the test or above it, and as in a new
service otherwise. The clock shows 2026-01-01T00:00:00Z until it is advanced.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.records import Request, Response
from apimpolicy.gateway.policies.effects import Condition
from apimpolicy.testing.doubles import Double, TestClock
from apimpolicy.testing.gateways import NOW

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.cryptography.certificate import Certificate
    from apimpolicy.gateway.context.execution import LastError
    from apimpolicy.gateway.engine.document import Policy
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.services import KeyVault
    from apimpolicy.gateway.engine.token_issuers import OpenIdProvider
    from apimpolicy.gateway.engine.trace import Trace
    from apimpolicy.project.audit_run import AuditRun
    from apimpolicy.report.claim_results import ClaimReport
    from apimpolicy.testing.authority import TestAuthority

    AnyPolicy = str | bytes | Path | Policy


class TestResult:
    """The result of one request: that of `Result`, with shorthands."""

    __test__ = False

    def __init__(self, result: Result, elapsed: float = 0.0) -> None:
        self.result = result
        self.elapsed = elapsed
        """Seconds that went by on the gateway's clock."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self.result, name)

    @property
    def response(self) -> Response:
        """Return the response."""
        return self.result.response

    @property
    def trace(self) -> Trace:
        """Return every policy that ran."""
        return self.result.trace

    @property
    def variables(self) -> dict[str, Any]:
        """`context.Variables` at the end, as values of Python."""
        return self.result.variables

    @property
    def error(self) -> LastError | None:
        """`context.LastError`."""
        return self.result.error

    @property
    def backend_requests(self) -> Sequence[Request]:
        """Return the forwarded requests, as sent."""
        return self.result.backend_requests

    @property
    def sent_requests(self) -> Sequence[Request]:
        """Return requests sent by policies."""
        return self.result.sent_requests

    @property
    def status_code(self) -> int:
        """Return the status code that the caller got."""
        return self.result.response.status_code

    @property
    def reason(self) -> str:
        """Return the text beside the status code."""
        return self.result.response.reason

    @property
    def text(self) -> str:
        """Return the body that the caller got, as text."""
        return self.result.response.text

    def json(self) -> Any:
        """Return the body that the caller got, read as JSON. Raises ValueError."""
        return self.result.response.json()

    def header(self, name: str) -> str | None:
        """Return a header that the caller got."""
        return self.result.response.headers.get(name)

    @property
    def reached_backend(self) -> bool:
        """Return whether anything was forwarded."""
        return self.result.reached_backend

    @property
    def explanation(self) -> str:
        """Return why the request got its response: every part of each condition with its value."""
        from apimpolicy.report.advice import Surface, worded_for
        from apimpolicy.report.explanation import explain

        with worded_for(Surface.FIXTURE):
            return str(explain(self.result))

    def write_page(self, path: str | Path) -> None:
        """Write the request's journey as an HTML page that needs nothing else. Raises OSError."""
        from apimpolicy.report.advice import Surface, worded_for
        from apimpolicy.report.journey_html import journey_to_html

        with worded_for(Surface.FIXTURE):
            Path(path).write_text(journey_to_html(self.result), encoding="utf-8")

    @property
    def branches(self) -> list[str]:
        """Return the branches that were taken: `choose ▸ when 1`."""
        from apimpolicy.report.explanation import steps_of

        return [
            steps_of(entry) for entry in self.result.trace if isinstance(entry.effect, Condition) and entry.effect.taken
        ]

    def __repr__(self) -> str:
        return f"<{self.status_code} {self.reason}>"


class Apim:
    """A simulated service. Settings are those of `Gateway`, by name; they may change between requests."""

    def __init__(self, directory: str | Path = ".", config: str | None = None, **settings: Any) -> None:
        self.directory = Path(directory)
        self.clock = TestClock(NOW)
        self.backend = Double(self.clock)
        self.outside = Double(self.clock)
        self.policy: AnyPolicy | Mapping[str, AnyPolicy] | None = None
        """Policies that `get`, `post` and the like run."""
        self.results: list[TestResult] = []
        """Every result of this test, in order."""
        self._config = config
        self._settings = settings
        self._lists: list[Callable[[], Iterable[bytes]]] = []
        self._gateway: Gateway | None = None
        self._vaults: dict[str, KeyVault] = {}
        self._load: Callable[..., Gateway] | None = None

    def load(
        self, folder: str | Path, *, environment: str | None = None, service: str | None = None, stand_ins: bool = False
    ) -> Apim:
        """Use the service of a folder, relative to the test; `get`, `post` and the like send requests to it.

        The options are those of `load_gateway`. Raises ConfigurationError at the first use, as that does.
        """
        from functools import partial

        from apimpolicy.project.gateways import load_gateway

        found = Path(folder) if Path(folder).is_absolute() else self.directory / folder
        options: dict[str, Any] = {"environment": environment, "service": service, "stand_ins": stand_ins}
        self._load = partial(load_gateway, found, config=self._config_path(), **options)
        self._gateway = None
        return self

    def configure(self, **settings: Any) -> Apim:
        """Change settings of the gateway, by the names that `Gateway` has; what it counted and cached is gone.

        Raises ConfigurationError for a name that `Gateway` doesn't have.
        """
        _check_names(settings)
        self._settings.update(settings)
        self._gateway = None
        return self

    @property
    def gateway(self) -> Gateway:
        """Return the gateway itself, made when it is first needed."""
        if self._gateway is None:
            self._gateway = self._make()
        return self._gateway

    def trust(self, *authorities: TestAuthority | Certificate) -> Apim:
        """Make authorities roots that `Verify()` trusts, with their revocation lists."""
        certificates = [getattr(authority, "certificate", authority) for authority in authorities]
        lists = [authority.lists for authority in authorities if hasattr(authority, "lists")]
        self._settings["trusted_roots"] = [*self._settings.get("trusted_roots", ()), *certificates]
        self._lists += lists
        self._gateway = None
        return self

    def upload(
        self,
        id: str,
        certificate: Certificate | None = None,
        *,
        key_vault: KeyVault | None = None,
        name: str | None = None,
    ) -> Apim:
        """Upload a certificate under an id, or a reference to one in a Key Vault, which renews itself."""
        from apimpolicy.gateway.engine.services import KeyVaultReference

        if (certificate is None) is (key_vault is None):
            raise ConfigurationError("upload takes either a certificate, or key_vault with name")
        held = certificate if key_vault is None else KeyVaultReference(key_vault, name or id)
        self._settings["certificates"] = {**self._settings.get("certificates", {}), id: held}
        self._gateway = None
        return self

    def identity_provider(self, issuer: str, **options: Any) -> OpenIdProvider:
        """Return an OpenID provider whose time is this gateway's; the options are those of `OpenIdProvider`."""
        from apimpolicy.gateway.engine.token_issuers import OpenIdProvider

        made = OpenIdProvider(issuer, now=self.clock, **options)
        self._settings["openid_providers"] = [*self._settings.get("openid_providers", ()), made]
        self._gateway = None
        return made

    def key_vault(self, name: str) -> KeyVault:
        """Return a key vault, made at its first use."""
        from apimpolicy.gateway.engine.services import KeyVault

        return self._vaults.setdefault(name, KeyVault(name))

    @staticmethod
    def request(url: str, method: str = "GET", **options: Any) -> Request:
        """Return a request; the options are those of `Request`: `headers`, `body`, `json`,
        `certificate`, `ip_address`.
        """
        return Request(method, url, **options)

    def run(self, policy: AnyPolicy | Mapping[str, AnyPolicy], request: Request | str, **options: Any) -> TestResult:
        """Send a request through a policy. Paths are relative to the test. Raises as `Gateway.run` does."""
        given: Any = policy
        if isinstance(given, dict):
            given = {scope: self._path(document) for scope, document in given.items()}
        else:
            given = self._path(given)
        gateway = self.gateway
        return self._kept(lambda: gateway.run(given, request, **options))

    def resolve(
        self,
        policy: AnyPolicy,
        *,
        arguments: Mapping[str, Any] | None = None,
        parent: Mapping[str, Any] | None = None,
        request: Request | str = "/graphql",
    ) -> TestResult:
        """Run a policy as the resolver of a GraphQL field, as `Gateway.resolve` does."""
        from apimpolicy.gateway.engine.result import Result

        gateway, given = self.gateway, self._path(policy)

        def run() -> Result:
            exchange = gateway.resolve(given, arguments=arguments, parent=parent, request=request).exchange
            return Result(exchange, exchange.response.to_response())

        return self._kept(run)

    def _kept(self, run: Callable[[], Result]) -> TestResult:
        before = self.clock.now()
        result = TestResult(run())
        result.elapsed = (self.clock.now() - before).total_seconds()
        self.results.append(result)
        return result

    def send(self, request: Request | str, **options: Any) -> TestResult:
        """Send a request through `policy`, or to the service. Raises ConfigurationError when there is neither."""
        if self.policy is not None:
            return self.run(self.policy, request, **options)
        gateway = self.gateway
        if gateway.service is None:
            raise ConfigurationError(
                "set apim.policy first, use apim.run(policy, request), or load a service: apim.load(folder)"
            )
        return self._kept(lambda: gateway.send(request, **options))

    def get(self, url: str, **options: Any) -> TestResult:
        """Send a GET request through `policy`; the options are those of `Request`."""
        return self.send(Request("GET", url, **options))

    def post(self, url: str, **options: Any) -> TestResult:
        """Send a POST request through `policy`; the options are those of `Request`."""
        return self.send(Request("POST", url, **options))

    def put(self, url: str, **options: Any) -> TestResult:
        """Send a PUT request through `policy`; the options are those of `Request`."""
        return self.send(Request("PUT", url, **options))

    def patch(self, url: str, **options: Any) -> TestResult:
        """Send a PATCH request through `policy`; the options are those of `Request`."""
        return self.send(Request("PATCH", url, **options))

    def delete(self, url: str, **options: Any) -> TestResult:
        """Send a DELETE request through `policy`; the options are those of `Request`."""
        return self.send(Request("DELETE", url, **options))

    # All requests at once: what a solver says

    def prove(
        self,
        *,
        if_: Any = None,
        then: Any = None,
        then_sent: str | Sequence[str] | None = None,
        never: Any = None,
        policy: AnyPolicy | Mapping[str, AnyPolicy] | None = None,
        seconds: float | None = None,
    ) -> ClaimReport:
        """Prove that something holds for every request through a policy (`apim.policy` unless given).

        The conditions are those of claims in test files: `reaches-backend`, the name of a policy, an expression
        `@(…)`, or a dict as `{"status": 500, "by": "gateway"}`; a list of them means all. `seconds` are those of the
        search, 20 unless given. Raises AssertionError with a request for which it does not hold, and also when it is
        not decided; ConfigurationError when z3-solver is not installed.
        """
        from apimpolicy.reasoning.scenarios.scenario import Bounds
        from apimpolicy.testing.claims.running import decide, sentence_of

        conditions = {"if": if_, "then": then, "then-sent": then_sent, "never": never}
        parts = {key: part for key, part in conditions.items() if part is not None}
        bounds = Bounds() if seconds is None else Bounds(seconds=seconds)
        report = decide(parts, self._scopes(policy), self.gateway, self.clock.now(), bounds)
        if sentence := sentence_of(report):
            raise AssertionError(sentence)
        return report

    def requests_reaching(
        self, branch: str, *, policy: AnyPolicy | Mapping[str, AnyPolicy] | None = None, seconds: float | None = None
    ) -> list[TestResult]:
        """Requests that take a branch, `choose[1]/when[2]`, each as the result of sending it.

        A small request for each way that was found to the branch; `result.request` is the request. Raises
        ConfigurationError when there is no such branch, or no request was found that takes it.
        """
        from apimpolicy.reasoning.scenarios.scenario import Bounds
        from apimpolicy.testing.claims.running import results_reaching

        bounds = Bounds() if seconds is None else Bounds(seconds=seconds)
        found = results_reaching(branch, self._scopes(policy), self.gateway, self.clock.now(), bounds)
        results = [TestResult(result) for result in found]
        self.results += results
        return results

    def audit(self, path: str | Path | None = None) -> AuditRun:
        """Audit who reaches the backends of a service: the one of a folder or a configuration, or `apim.gateway`'s.

        What a folder misses is stood in for. Raises ConfigurationError when there is no service.
        """
        from apimpolicy.project.audit_run import audit_gateway, audit_path
        from apimpolicy.project.audit_settings import AuditSettings
        from apimpolicy.project.gateways import configured
        from apimpolicy.project.service.leniency import lenient

        config = self._config_path()
        if path is not None:
            found = Path(path) if Path(path).is_absolute() else self.directory / path
            with lenient():
                return audit_path(str(found), config if self._config is not None else None)
        if self.gateway.service is None:
            raise ConfigurationError("give the folder of a service, or a configuration with one")
        configuration, _ = configured(str(self.directory), config)
        return audit_gateway(self.gateway, str(self.directory), configuration.audit or AuditSettings())

    def _scopes(self, policy: AnyPolicy | Mapping[str, AnyPolicy] | None) -> dict[str, Any]:
        """Return the policies by scope, of `apim.policy` unless given. Raises ConfigurationError when
        there are none.
        """
        chosen = self.policy if policy is None else policy
        if chosen is None:
            raise ConfigurationError("set apim.policy first, or give policy=…")
        if isinstance(chosen, dict):
            return {scope: self._path(document) for scope, document in chosen.items()}
        return {"api": self._path(chosen)}

    def _path(self, policy: Any) -> Any:
        from apimpolicy.gateway.engine.document import is_markup

        if isinstance(policy, str) and not is_markup(policy):
            policy = Path(policy)
        if isinstance(policy, Path) and not policy.is_absolute():
            beside = self.directory / policy
            return beside if beside.exists() else policy
        return policy

    def _make(self) -> Gateway:
        from apimpolicy.project.configuration import empty_configuration, load_configuration

        path = self._config_path()
        configuration = load_configuration(path) if path is not None else empty_configuration()
        settings = dict(self._settings)
        _check_names(settings)
        lists = [made for make in self._lists for made in make()]
        now = settings.pop("now", configuration.now)
        if now is not None and self.clock.now() == NOW:
            self.clock.set(now)
        for name, double in (("backend", self.backend), ("outside", self.outside)):
            if name not in settings and (double._rules or path is None):
                settings[name] = double
        make = configuration.gateway if self._load is None else self._load
        return make(now=self.clock, further_revocation_lists=lists, **settings)

    def _config_path(self) -> str | None:
        if self._config is not None:
            return os.path.join(self.directory, self._config)
        from apimpolicy.project.environments import find_configuration

        return find_configuration(str(self.directory))


def _check_names(settings: Mapping[str, Any]) -> None:
    """Raises ConfigurationError for a setting that `Gateway` does not have."""
    from apimpolicy.gateway.engine.gateway_settings import GatewaySettings
    from apimpolicy.gateway.policies.settings import unknown_setting

    for name in settings:
        if name not in GatewaySettings.declared:
            raise ConfigurationError(unknown_setting(name, GatewaySettings))
