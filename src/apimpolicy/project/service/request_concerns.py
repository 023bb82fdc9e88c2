"""What the answer to a request depends on: the API that it met, its products, and what its policies and backend need.

A problem of a product, backend or fragment that the request didn't meet can't have changed its answer. A stand-in
concerns it if the policies of the request, or their backend, need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.backends import Backend, BackendPool
from apimpolicy.gateway.engine.service import Service
from apimpolicy.gateway.engine.steps import Program
from apimpolicy.project.service.completion import source_of
from apimpolicy.project.service.concerns import ApiConcerns, api_key, parts_of
from apimpolicy.project.service.description import Problem
from apimpolicy.project.service.stand_ins import ExistingParts, StandIn, backend_texts, stand_ins
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.result import Result

_COMPUTED_BACKEND = re.compile(r"""\bbackend-id\s*=\s*["']\s*@""")


class RequestConcerns(ApiConcerns):
    """What concerns a service's answer to a request."""

    def __init__(self, gateway: Gateway, service: Service, result: Result) -> None:
        inner = None if result.mcp is None else result.mcp.inner
        self._gateway = gateway
        self._service = service
        self._results = [result] if inner is None else [result, inner]
        exchanges = (each.exchange for each in self._results)
        super().__init__(
            from_utf16(each.context.api.id) for each in exchanges if each.unmatched is None or each.unmatched.api
        )

    def has_stand_in(self, each: StandIn) -> bool:
        if each.kind == "subscription":
            return self._was_denied or self._has_subscription(each.name)
        if not each.table:  # of an API
            return any(each.name.lower() in (api, f"of the api {api}") for api in self._apis)
        return _key(each) in self._needs

    def is_about(self, problem: Problem) -> bool:
        parts = parts_of(problem)
        if "API" in parts or not parts:
            return super().is_about(problem)
        (noun, name), *_ = parts.items()
        if noun == "product":
            return any(api_key(api) in self._apis for api in self._apis_of(name) or ())
        return name in self._text if noun != "subscription" else self._has_subscription(name)

    def may_be_about(self, problem: Problem) -> bool:
        is_missing_api = problem.missing is not None and problem.missing[0] == "apis"
        return super().may_be_about(problem) or (is_missing_api and not self._apis)

    def _may_have(self, parts: Mapping[str, str]) -> bool:
        (noun, name), *_ = parts.items()
        if "API" in parts:  # one that is described has its problems for itself
            return all(api_key(api.id) != api_key(parts["API"]) for api in self._service.apis)
        if noun == "product":
            return self._apis_of(name) is None
        if noun == "subscription":
            return self._was_denied
        if noun == "backend":
            return _COMPUTED_BACKEND.search(self._text) is not None
        return any(kind == noun for kind, _ in self._needs)  # policies may have another name for it than its id

    def _apis_of(self, product: str) -> Sequence[str] | None:
        return next((each.apis for each in self._service.products if each.id == product), None)

    @property
    def _was_denied(self) -> bool:
        return any(each.error is not None and each.error.source == "authorization" for each in self._results)

    def _has_subscription(self, name: str) -> bool:
        met = (each.exchange.context.subscription for each in self._results)
        return any(each is not None and from_utf16(each.id) == name for each in met)

    @cached_property
    def _text(self) -> str:
        return "\n".join(source.text for source in self._documents)

    @cached_property
    def _documents(self) -> list[Source]:
        """The policies that the request went through, with what was sent to its backend."""
        found: list[Source] = []
        for result in self._results:
            program, exchange = result.exchange.program, result.exchange
            if program is not None:
                found += (policy.original for policy in program.scopes.values())
                found += self._fragments(program)
            backend = exchange.services.backends.backends.get(exchange.backend_id or "")
            members = [] if not isinstance(backend, BackendPool) else [member.id for member in backend.members]
            used = [backend, *map(exchange.services.backends.backends.get, members)]
            found += (Source("\n".join(backend_texts(each))) for each in used if isinstance(each, Backend))
        return found

    def _fragments(self, program: Program) -> Iterator[Source]:
        included = (step.element.get("fragment-id") for step in program.steps() if step.name == "include-fragment")
        for name in {each.value.text for each in included if each is not None}:
            if name in self._gateway.fragments:
                with suppress(ConfigurationError):
                    yield source_of(self._gateway.fragments[name])

    @cached_property
    def _needs(self) -> frozenset[tuple[str, str]]:
        nothing = ExistingParts({}, has_identity=False, knows_url=lambda _: False)
        return frozenset(map(_key, stand_ins(self._documents, nothing)))


def _key(each: StandIn) -> tuple[str, str]:
    """Return what tells a stand-in from others; issuers are numbered as they come, and have a URL."""
    return each.kind, each.purpose if each.kind == "issuer" else each.name
