"""Load what is served from a path: a policy, a folder with policies or a service, a configuration.

Documents are read here, so that no file is read while requests come. They are compiled in pauses afterwards
(`programs`): a service starts at once, and an error in one policy is reported and fails its own requests only.
Without a service in it, a folder is one all the same: each policy is an API at the path of its name (`orders.xml`
answers for `/orders`), and `global.xml` is the global policy. A single policy answers for every path.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from apimpolicy.checkout import open_bytes
from apimpolicy.errors import ConfigurationError, DiagnosticError
from apimpolicy.gateway.context.entities import Api
from apimpolicy.gateway.engine.document import AnyPolicy, is_markup, read_bytes
from apimpolicy.gateway.engine.service import Service, ServiceApi, ServiceOperation, ServiceProduct, ServiceWorkspace
from apimpolicy.gateway.engine.token_keys import TokenKey
from apimpolicy.gateway.policies.state import GatewayState
from apimpolicy.project.environments import find_configuration
from apimpolicy.project.files import fingerprint, root_name
from apimpolicy.project.gateways import configured, require_apis
from apimpolicy.project.manual_requests import issuers_of
from apimpolicy.serving.backends import HttpBackend
from apimpolicy.serving.dispatcher import Served
from apimpolicy.serving.engine_loop import RunningClock
from apimpolicy.serving.tls import BackendTrust
from apimpolicy.text.source import decode

if TYPE_CHECKING:
    import datetime

    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.project.configuration import Configuration

_KINDS = (
    *(".xml", ".policy", ".cshtml", ".toml", ".json", ".yaml", ".yml", ".wsdl", ".xsd", ".xsl", ".xslt", ".graphql"),
    *(".pem", ".crt", ".cer", ".der", ".pfx", ".p12", ".crl", ".http"),
    *(".tf", ".tofu", ".tfvars", ".tftpl", ".tpl", ".bicep", ".bicepparam"),
)
"""Endings of relevant files; a log that grows beside them isn't one."""

_GLOBAL = "global.xml"
_HEAD = 4096


@attrs.frozen(kw_only=True)
class ServeTarget:
    """A path to serve with its options; `load` reads it, as often as files change.

    `config` is a configuration in the place of the nearest one. `backend` is the base URL of a real backend,
    `allow_outside` lets requests go to wherever policies send them.
    """

    path: str
    config: str | None = None
    backend: str | None = None
    allow_outside: bool = False
    negotiate: bool | None = None
    tracing: bool = True

    def watched(self) -> list[str]:
        """Return the files and folders whose changes matter."""
        configuration = self.configuration_path()
        found = [self.path if os.path.isdir(self.path) else os.path.dirname(os.path.abspath(self.path))]
        if configuration is not None:
            found.append(os.path.dirname(os.path.abspath(configuration)))
        return sorted({os.path.abspath(each) for each in found})

    def configuration_path(self) -> str | None:
        """Return the configuration that counts, if there is one."""
        if self.config is not None:
            return self.config
        return self.path if self.path.endswith(".toml") else find_configuration(self.path)

    def load(self, state: GatewayState | None = None) -> Served:
        """Read all of it; of a service documents are compiled when they are needed, or by `programs`.

        Raises ConfigurationError, and DiagnosticError for a single policy.
        """
        if not os.path.exists(self.path):
            raise ConfigurationError(f"there is no file or folder {self.path}")
        files = files_below(self.watched())
        configuration, folder = configured(self.path, self.config)
        gateway = self._gateway(configuration, folder, state)
        if os.path.isfile(self.path) and not self.path.endswith(".toml"):
            policies: dict[str, AnyPolicy] = dict(gateway.scopes({"api": Path(self.path)}))
            gateway.program(gateway.scopes(policies))
            return Served(gateway, policies, files)
        if gateway.service is None:
            if os.path.isfile(self.path):
                raise ConfigurationError(f"{self.path} describes no service: serve a policy, or a folder with policies")
            gateway.service = service_of_policies(self.path)
        broken: list[DiagnosticError] = []
        gateway.service = _read(gateway, require_apis(gateway.service, self.path), broken)
        return Served(gateway, files=files, broken=broken)

    def _gateway(self, configuration: Configuration, folder: str | None, state: GatewayState | None) -> Gateway:
        overrides: dict[str, Any] = {"now": _clock(configuration.now), "state": state, "tracing": self.tracing}
        if not configuration.says_seed:
            overrides["seed"] = None
        if self.negotiate is not None:
            overrides["negotiate_client_certificate"] = self.negotiate
        real: list[HttpBackend] = []
        if self.backend is not None:
            real.append(HttpBackend(self.backend))
            overrides["backend"] = real[-1]
        elif self.allow_outside and not configuration.answers_for_backends:
            real.append(HttpBackend(allowed=True))
            overrides["backend"] = real[-1]
        if real and not configuration.answers_for_outside:
            real.append(HttpBackend(allowed=self.allow_outside))
            overrides["outside"] = real[-1]
        if os.path.isfile(self.path) and not self.path.endswith(".toml"):
            overrides["policies"] = [Path(self.path)]  # what stand-ins replace
        gateway = configuration.gateway(folder, **overrides)
        for name, issuer in issuers_of(gateway).items():
            issuer.keys = _keys(name, issuer.algorithm)
        trusted = BackendTrust(gateway.trusted_roots, gateway.backends)
        for backend in real:
            backend.trusted = trusted
        return gateway


@functools.lru_cache(maxsize=256)
def _keys(name: str, algorithm: str) -> list[TokenKey]:
    """Return the keys of a provider: tokens stay valid when a file changes, and in each worker."""
    return [TokenKey(algorithm)]


def files_below(paths: list[str]) -> list[tuple[str, int, int]]:
    """Return relevant files below these paths with time of change and size."""
    return [entry for entry in fingerprint(paths) if entry[0].lower().endswith(_KINDS)]


@functools.lru_cache(maxsize=16)
def _clock(start: datetime.datetime | None) -> RunningClock:
    """Return one clock for the same start: time does not jump when a file changes."""
    return RunningClock(start)


def service_of_policies(folder: str) -> Service:
    """Return the policies of a folder as APIs. Raises ConfigurationError when there is none."""
    apis: list[ServiceApi] = []
    policy: Path | None = None
    for path in sorted(Path(folder).glob("*.xml")):
        try:
            with open_bytes(path) as file:
                root = root_name(file.read(_HEAD))
        except OSError:
            continue  # a pipe, or a link that leads out of the checkout
        if path.name == _GLOBAL:
            policy = path
        elif root == b"policies":
            api = Api(path.stem, name=path.stem, path=path.stem)
            apis.append(ServiceApi(api, policy=path, subscription_required=False))
    if not apis:
        raise ConfigurationError(f"there is nothing to serve in {folder}: no service, and no policy document")
    return Service(apis, policy=policy)


def _read(gateway: Gateway, service: Service, found: list[DiagnosticError]) -> Service:
    """Return the service with documents instead of files.

    The errors of a document are added to `found`, and its text stays, so that requests that need it say so.
    Raises ConfigurationError.
    """

    def document(policy: AnyPolicy | None, name: str) -> AnyPolicy | None:
        if policy is None:
            return None
        try:
            return gateway.policies.document(policy, name)
        except DiagnosticError as error:
            found.append(error)
        is_file = isinstance(policy, Path) or (isinstance(policy, str) and not is_markup(policy))
        return decode(read_bytes(Path(str(policy))), str(policy))[0] if is_file else policy

    def read_api(api: ServiceApi) -> ServiceApi:
        operations = [
            ServiceOperation(
                operation.operation, document(operation.policy, f"<policy of the operation {operation.operation.id}>")
            )
            for operation in api.operations
        ]
        described = {
            name: policy
            for name, written in api.operation_policies.items()
            if (policy := document(written, f"<policy of the operation {name}>")) is not None
        }
        own = document(api.policy, f"<policy of the API {api.id}>")
        read: ServiceApi = attrs.evolve(api, policy=own, operations=operations, operation_policies=described)
        return read

    products: list[ServiceProduct] = [
        attrs.evolve(product, policy=document(product.policy, f"<policy of the product {product.id}>"))
        for product in service.products
    ]
    workspaces: list[ServiceWorkspace] = [
        attrs.evolve(workspace, policy=document(workspace.policy, f"<policy of the workspace {name}>"))
        for name, workspace in service.workspaces.items()
    ]
    return Service(
        [read_api(api) for api in service.apis],
        products=products,
        subscriptions=service.subscriptions,
        workspaces=workspaces,
        policy=document(service.policy, "<global policy of the service>"),
    )


def programs(served: Served) -> Iterator[DiagnosticError | None]:
    """Compile one program after another; yield the error of each, once for the same place."""
    gateway = served.gateway
    done = {_error_position(error) for error in served.broken}
    for scopes in () if gateway.service is None else _combinations(gateway.service):
        try:
            gateway.program(gateway.scopes({name: policy for name, policy in scopes.items() if policy is not None}))
        except DiagnosticError as error:
            if _error_position(error) not in done:
                done.add(_error_position(error))
                yield error
                continue
        yield None


def _error_position(error: DiagnosticError) -> tuple[str, int]:
    first = error.diagnostics[0]
    return first.source.path, first.source.original(first.start)


def _combinations(service: Service) -> Iterator[dict[str, AnyPolicy | None]]:
    """Yield every policy at least once, among those of the scopes around it."""
    yield {"global": service.policy}
    for api in service.apis:
        around: dict[str, AnyPolicy | None] = {"global": service.policy, "api": api.policy}
        if api.workspace is not None:
            around["workspace"] = service.workspaces[api.workspace].policy
        yield around
        for policy in (*(each.policy for each in api.operations), *api.operation_policies.values()):
            if policy is not None:
                yield {**around, "operation": policy}
        for product in service.products_of(api):
            yield {**around, "product": product.policy}
