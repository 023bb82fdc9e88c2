"""Test cases over real sockets and real TLS, each against its own gateway: `apimpolicy test --against serve`."""

from __future__ import annotations

import http.client
import socket
import ssl
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.testing.against import RealGateway, not_from_outside
from apimpolicy.testing.gateways import gateway_of

if TYPE_CHECKING:
    from apimpolicy.gateway.context.records import Request, Response
    from apimpolicy.gateway.engine.services import FixedClock
    from apimpolicy.testing.case_files import Case
    from apimpolicy.testing.running import CaseOutcome

_HERE = "127.0.0.1"
_PATIENCE = 60.0


class ServedCases:
    """Serves each case's gateway for as long as the case runs; what is left to see is what a client sees."""

    def __init__(self) -> None:
        self.unobserved = 0
        self.traced = 0

    def run_case(self, case: Case) -> CaseOutcome:
        """Run a case over sockets. Never raises for what a case or a policy does wrong."""
        from apimpolicy.testing.running import CaseOutcome

        if (why := case.skip or not_from_outside(case, lambda _: True, is_ours=True)) is not None:
            return CaseOutcome(case, "skipped", problem=why)
        try:
            return self._run(case)
        except ApimPolicyError as error:
            outcome = CaseOutcome(case, "error", problem=str(error))
            outcome.error = error
            return outcome

    def _run(self, case: Case) -> CaseOutcome:
        try:
            from apimpolicy.serving.library import serving_on
        except ImportError as error:
            raise ConfigurationError(f"this needs more packages: pip install 'apimpolicy[serve]' ({error})") from None
        made = gateway_of(case)
        gateway = made.gateway
        if case.file.compiled is not None:
            gateway.adopt(case.file.compiled)
        case.file.compiled = gateway
        policies = dict(case.subject.policies) or None
        caller = _Caller()
        with serving_on(gateway, policies, [(0, False), (0, True)], arrives=caller.stands_behind) as (plain, secure):
            target = _LocalTarget(gateway.origin, made.clock, plain, secure, caller)
            outcome = target.run_case(case, made.identities)
        self.unobserved += target.unobserved
        return outcome


class _Caller:
    """The caller: the address that the current request has in its case."""

    address = _HERE

    def stands_behind(self, request: Request) -> None:
        """Say where a request that arrives comes from."""
        request.ip_address = self.address


class _LocalTarget(RealGateway):
    """A gateway at this machine that is called by whatever host a case names, and whose clock can be moved on."""

    is_ours = True

    def __init__(self, origin: str, clock: FixedClock, plain: str, secure: str, caller: _Caller) -> None:
        super().__init__(secure)
        self._caller = caller
        self._origin = origin
        self._clock = clock
        self._ports = {"http": urlsplit(plain).port, "https": urlsplit(secure).port}

    def advance(self, seconds: float) -> None:
        self._clock.advance(seconds)

    def can_advance(self, seconds: float) -> bool:
        return True

    def send(self, request: Request) -> Response:
        self._caller.address = request.ip_address
        return super().send(request)

    def host_of(self, request: Request) -> str:
        given = request.headers.get("Host")
        return given if given is not None else self._url(request).netloc

    def _url(self, request: Request) -> SplitResult:
        return urlsplit(self._origin.rstrip("/") + request.url if request.url.startswith("/") else request.url)

    def _connection(self, request: Request) -> http.client.HTTPConnection:
        url = self._url(request)
        port = self._ports.get(url.scheme)
        made = http.client.HTTPConnection(_HERE, port, timeout=_PATIENCE)
        if url.scheme == "https":
            context = self.tls(request.certificate)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE  # it is our own, under any name
            made.sock = context.wrap_socket(socket.create_connection((_HERE, port or 0)), server_hostname=url.hostname)
        return made
