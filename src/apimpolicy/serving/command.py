"""The command `apimpolicy serve`: sockets, certificates, output, and the work of each process."""

from __future__ import annotations

import gc
import ipaddress
import itertools
import logging
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

from apimpolicy.csharp.dotnet.process_limits import reason_to_stop
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.mcp.clients import address_of_server
from apimpolicy.gateway.engine.service_requests import documents_of, operations_with_policies
from apimpolicy.memory import collect
from apimpolicy.project.authority import HERE
from apimpolicy.project.configuration import load_configuration
from apimpolicy.project.manual_requests import TokenWish, issuers_of, token_of
from apimpolicy.project.service.concerns import ListConcerns
from apimpolicy.project.service.leniency import leniency
from apimpolicy.project.service.reading import is_code
from apimpolicy.project.service.stand_ins import SUBSCRIPTION
from apimpolicy.report.columns import Style, printable
from apimpolicy.report.routing_notes import url_path_of
from apimpolicy.report.stand_in_text import stand_in_lines
from apimpolicy.serving.callers import Callers
from apimpolicy.serving.inspector import HOST
from apimpolicy.serving.listeners import LineWriter, span_writer
from apimpolicy.serving.runtime import Runtime
from apimpolicy.serving.server import Listener, listen
from apimpolicy.serving.tls import AskingContext, server_certificate
from apimpolicy.serving.workers import Peers, run_workers

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.service import ServiceApi
    from apimpolicy.project.serve_settings import ServeSettings
    from apimpolicy.serving.dispatcher import Served
    from apimpolicy.serving.loading import ServeTarget
    from apimpolicy.serving.redis_state import RedisState

_COLLECTION_THRESHOLDS = (10_000, 2, 2)
"""Requests are freed without the collector; what is left to it (connections that ended, programs that were replaced) is
little, but must not wait for a hundred rounds of the youngest generation, as it does by Python's own thresholds.
"""


class ServeCommand:
    """One run of the command. Raises ConfigurationError and DiagnosticError for what cannot be served."""

    def __init__(
        self,
        target: ServeTarget,
        settings: ServeSettings,
        output: TextIO,
        wish: TokenWish | None = None,
        *,
        is_quiet: bool = False,
    ) -> None:
        self.target = target
        self.output = output
        self.wish = wish
        self.redis = settings.redis
        self.limits = settings
        self.is_quiet = is_quiet
        self.workers = settings.workers
        self.peers_folder = ""
        self.trusts_proxy = _proxies(settings.trust_proxy)
        self._check_redis()
        if os.path.isdir(target.path) and is_code(target.path) and (signal := reason_to_stop(target.load)):
            raise ConfigurationError(f"{target.path} is too costly to read: the system stopped it (signal {signal})")
        self.served = target.load()
        self.runtime: Runtime | None = None
        host = settings.host
        self.host_names = [host, *settings.host_names]
        self.listeners = [Listener(listen(host, settings.http)), self._secure(host, settings)]
        self.token = secrets.token_urlsafe(24) if settings.inspector else None
        self.inspector = Listener(listen(HOST, settings.inspector_port)) if settings.inspector else None

    def announce(self, *, in_full: bool = True) -> None:
        """Print the operations that can be called, their URLs and tokens; `in_full` also lists the stand-ins."""
        style = Style.of(self.output)
        urls = "   ".join(each.url for each in self.listeners)
        print(style.fit(f"{urls}   (authority: {self.authority})"), file=self.output)
        if self.inspector is not None:
            print(f"requests: {self.inspector.url}/{self.token}/", file=self.output)
        if (found := leniency()) is not None and found:
            found.is_shown = True
            lines = stand_in_lines(found.stand_ins, found.problems, style, in_full=in_full, concerns=ListConcerns())
            print("\n".join(lines), file=self.output)
        for line in (*callable_lines(self.served), *notes(self.served), self._backend(), *self._state()):
            print(style.fit(f"  {line}"), file=self.output)
        write = getattr(self.output, "own", self.output.write)  # a token is hidden elsewhere
        for line in () if self.wish is None else token_lines(self.served.gateway, self.wish):
            write(f"  {line}\n")
        self.output.flush()

    def work_together(self, say: Callable[[str], None]) -> int:
        """Serve in several processes until a signal; the exit code."""
        with tempfile.TemporaryDirectory(prefix="apimpolicy-") as self.peers_folder:
            return run_workers(self.workers, self.work, say)

    def work(self, number: int) -> int:
        """Serve until a signal; the exit code."""
        logging.basicConfig(format="apimpolicy: %(message)s", stream=sys.stderr, level=logging.INFO)
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        served = self.served
        if self.redis is not None:
            served = self.target.load(self._redis_state())
        peers = Peers(self.peers_folder, number, self.workers) if self.peers_folder and self.inspector else None
        runtime = self.runtime = Runtime(served, self.target, inspector_token=self.token, peers=peers)
        listeners = list(self.listeners)
        if self.inspector is not None:
            listeners.append(self.inspector._replace(answer=runtime.inspector.answer_page))
        if peers is not None:
            listeners.append(peers.listener(runtime.inspector.answer_peer))
        writer = None if self.is_quiet else LineWriter(self.output)
        if writer is not None:
            runtime.dispatcher.listeners.append(writer)
        spans = span_writer()
        if spans is not None:
            runtime.dispatcher.listeners.append(spans)
        callers = Callers(lambda: _names(runtime.dispatcher.served, self.host_names), self.limits.allow_origin)
        server = runtime.server(listeners, limits=self.limits, trusts_proxy=self.trusts_proxy, callers=callers)
        collect()
        gc.set_threshold(*_COLLECTION_THRESHOLDS)
        try:
            server.run()
        except KeyboardInterrupt:
            pass
        finally:
            if writer is not None:
                writer.close()
        return 0

    def _secure(self, host: str, settings: ServeSettings) -> Listener:
        # Not the host names of the service, which a checkout names: the authority signs for what the user says.
        names = _names(self.served, self.host_names) if HERE.is_believed else self.host_names
        try:
            if settings.certificate:
                chain, key = settings.certificate
                self.authority = chain
            else:
                chain, key, self.authority = server_certificate(names)
            return Listener(listen(host, settings.https), AskingContext(chain, key, self._asks))
        except OSError as error:
            raise ConfigurationError(f"the certificate for https is not usable: {error}") from None

    def _asks(self, host: str) -> bool:
        """Return whether this host requests a client certificate; callers without a name use the address."""
        served = self.served if self.runtime is None else self.runtime.dispatcher.served
        gateway = served.gateway
        return gateway.negotiates(host) if host else any(gateway.negotiates(name) for name in _LOCAL)

    def _backend(self) -> str:
        if self.target.backend is not None:
            return f"forwards to {self.target.backend}"
        if self.target.allow_outside:
            return "forwards to the backends that policies and the configuration name"
        path = self.target.configuration_path()
        if path is not None and load_configuration(path).answers_for_backends:
            return f"backend responses come from {path}"
        return "forwarded requests get an empty 200: neither --backend nor [backend] is set"

    def _state(self) -> list[str]:
        if self.redis is not None:
            return [f"counters and caches are shared in {_without_password(self.redis)}"]
        return ["each worker has its own counters and caches; --redis shares them"] if self.workers > 1 else []

    def _check_redis(self) -> None:
        if self.redis is not None:
            self._redis_state().close()

    def _redis_state(self) -> RedisState:
        from apimpolicy.serving.redis_state import RedisState

        assert self.redis is not None
        return RedisState(self.redis)


_LOCAL = ("localhost", "127.0.0.1", "::1", "")


def _names(served: Served, given: Sequence[str]) -> list[str]:
    """Return the host names that callers may use."""
    gateway = served.gateway
    setting = gateway.negotiate_client_certificate
    asking = [] if isinstance(setting, bool) else [setting] if isinstance(setting, str) else list(setting)
    return [*given, urlsplit(gateway.origin).hostname or "", *gateway.host_names, *asking]


def _proxies(addresses: Sequence[str]) -> Callable[[str], bool] | None:
    """Return whether an address is a proxy whose headers count. Raises ConfigurationError."""
    if not addresses:
        return None
    try:
        networks = [ipaddress.ip_network(each, strict=False) for each in addresses]
    except ValueError as error:
        raise ConfigurationError(f"--trust-proxy takes an address or a network such as 10.0.0.0/8: {error}") from None

    def trusts(address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in networks)

    return trusts


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


# The operations that can be called, in lines for people

_MOST = 40
_HOURS = 24


def callable_lines(served: Served) -> list[str]:
    """Return a line for each operation, or for each API that takes everything below its path."""
    service = served.gateway.service
    if service is None:
        return ["ANY    /*"]
    lines = (line for api in service.apis for line in _of_api(api))
    found = list(itertools.islice(lines, _MOST + 1))  # reading more descriptions would take time for nothing
    return found if len(found) <= _MOST else [*found[:_MOST], "… and more"]


def notes(served: Served) -> list[str]:
    """Return further notes for callers: certificates, subscriptions, keys."""
    gateway = served.gateway
    setting = gateway.negotiate_client_certificate
    uploaded = len(gateway.certificates)
    found: list[str] = []
    if setting is True:
        found.append(f"HTTPS requests a client certificate; {uploaded} uploaded")
    elif setting:
        names = [setting] if isinstance(setting, str) else [name for name in setting if gateway.negotiates(name)]
        found.append(f"HTTPS requests a client certificate on {', '.join(names)}; {uploaded} uploaded")
    service = gateway.service
    if service is not None and service.subscriptions:
        states = [(each.id, "" if each.state == "active" else f" ({each.state})") for each in service.subscriptions[:8]]
        ids = ", ".join(f"{id_}{state}" for id_, state in states)
        found.append(f"subscriptions: {ids}")
        if (stand_in := next((each for each in service.subscriptions if each.id == SUBSCRIPTION), None)) is not None:
            key = from_utf16(stand_in.subscription.primary_key)
            found.append(f"call APIs that require a key with: -H 'Ocp-Apim-Subscription-Key: {key}'")
    return found


def token_lines(gateway: Gateway, wish: TokenWish) -> Iterator[str]:
    """Yield a token of each provider, or of the one that is wished for. Raises ConfigurationError."""
    names = [wish.provider] if wish.provider else list(issuers_of(gateway))
    for name in names:
        token = token_of(gateway, wish._replace(provider=name), hours=_HOURS)
        lasts = "expired" if wish.is_expired else "valid for a day"
        yield f"token of {printable(name)}, {lasts}: -H 'Authorization: Bearer {token}'"


def _of_api(api: ServiceApi) -> Iterator[str]:
    prefix = url_path_of(api)
    if api.mcp is not None:
        tools = ", ".join(printable(each.name) for each in api.mcp.tools) or "a server elsewhere"
        yield f"MCP    {address_of_server(api)}  ({tools})"
        return
    documents = documents_of(api)
    operations = operations_with_policies(api, documents)
    if documents.problem:
        yield f"ANY    {prefix.rstrip('/')}/*  (operations unknown: {documents.problem})"
    elif not operations:
        yield f"ANY    {prefix.rstrip('/')}/*"
    for described, _ in operations:
        operation = described.operation
        template = from_utf16(operation.url_template)
        yield f"{from_utf16(operation.method).upper():6} {prefix.rstrip('/')}{template}"
