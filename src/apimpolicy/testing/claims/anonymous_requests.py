"""Requests without credentials that reach the backend, found as `prove` finds one that breaks a claim.

`audit` asks for them where a condition isn't understood.
"""

from __future__ import annotations

import datetime
from functools import cached_property

from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.testing.certificates import TestCertificates
from apimpolicy.testing.claims.harnesses import Setup
from apimpolicy.testing.claims.proving import ClaimProof
from apimpolicy.testing.claims.reading import Expressions, claim_of_keys
from apimpolicy.testing.claims.services import ServiceRoute, harness_of_route, routes_of, service_with_keys

_CLAIM = {
    "name": "no request without credentials reaches the backend",
    "never": {"all": ["reaches-backend", "@(context.Request.Certificate == null)"]},
}
_BOUNDS = Bounds(runs=60, seconds=3.0)


class AnonymousRequests:
    """Finds a request for an operation of a gateway's service."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def __call__(self, api: str, operation: str) -> Request | None:
        """Return a request that reaches the backend; None where none is found.

        `operation` is named as `audit` names it: `GET /orders`.
        """
        try:
            for route in self._routes.get((api, operation), ()):
                if (found := self._found(route)) is not None:
                    return found
        except ApimPolicyError:
            pass
        return None

    @cached_property
    def _routes(self) -> dict[tuple[str, str], list[ServiceRoute]]:
        found: dict[tuple[str, str], list[ServiceRoute]] = {}
        assert self._gateway.service is not None
        for routes in routes_of(self._gateway.service).values():
            for route in (each for each in routes if each.caller is None):
                found.setdefault(route.operation, []).append(route)
        return found

    @cached_property
    def _setup(self) -> Setup:
        return Setup(self._gateway, datetime.datetime.now(datetime.UTC), TestCertificates())

    def _found(self, route: ServiceRoute) -> Request | None:
        harness = harness_of_route(route, self._setup, service_with_keys(self._setup.service))
        proof = ClaimProof(harness, [claim_of_keys(_CLAIM)], Expressions(self._gateway.named_values), _BOUNDS)
        (verdict,) = proof.verdicts()
        return None if verdict.run is None or verdict.run.result is None else verdict.run.result.request
