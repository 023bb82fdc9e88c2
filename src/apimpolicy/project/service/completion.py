"""Complete a configuration with stand-ins for all that the service, or a policy, needs besides."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.backends import Backend
from apimpolicy.gateway.engine.document import AnyPolicy, Policy, is_markup, read_bytes
from apimpolicy.gateway.engine.subscription_keys import is_open
from apimpolicy.project.embedded.shapes import with_named_placeholders
from apimpolicy.project.service.description import NOWHERE, FileLocation, Problem, ServiceDescription
from apimpolicy.project.service.repair import made_up_url
from apimpolicy.project.service.stand_ins import ExistingParts, StandIn, missing_subscription, stand_ins, tables_of
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source, decode

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.token_issuers import OpenIdSource
    from apimpolicy.project.service.building import ServiceParts

    Part = tuple[str, str | None, AnyPolicy]


class ServiceCompletion(NamedTuple):
    """Stand-ins, problems, and documents for fragments that can't be read."""

    stand_ins: list[StandIn]
    problems: list[Problem]
    fragments: dict[str, str]

    @property
    def table(self) -> dict[str, Any]:
        return tables_of(self.stand_ins)

    def names(self, kind: str) -> frozenset[str]:
        return frozenset(each.name for each in self.stand_ins if each.kind == kind)


def computed_backend(description: ServiceDescription | None, id_: str) -> Backend | None:
    """Return a made-up backend for an id that policies compute, where backends that aren't described may have it."""
    is_open = description is None or description.gap("backends", id_) is not None
    return Backend(made_up_url(id_)) if is_open else None


def completion(
    settings: Mapping[str, Any],
    parts: ServiceParts | None,
    policies: Iterable[AnyPolicy],
    description: ServiceDescription | None,
) -> ServiceCompletion:
    """Find what is missing besides settings of a gateway, for the policies of a service and others."""
    problems: list[Problem] = [] if description is None else list(description.problems)
    documents_given = [] if parts is None else list(documents_of(parts))
    sources = [readable(*each, problems) for each in documents_given]
    sources += [readable("the policy", None, policy, []) for policy in policies]  # whoever runs it reports it
    fragments: dict[str, Any] = settings.get("fragments") or {}
    texts = readable_fragments(fragments, problems)
    existing = ExistingParts(
        settings, settings.get("managed_identity") is not None, publishes(settings.get("openid_providers") or ())
    )
    documents = [source for source in (*sources, *texts.values()) if source is not None]
    missing = stand_ins(documents, existing, description)
    if parts is not None and (api := _locked(parts)) is not None:
        written = None if description is None else description.api(api)
        origin = NOWHERE if written is None else written.subscription_required.origin
        missing.append(missing_subscription(written.origin if written is not None and origin is NOWHERE else origin))
    return ServiceCompletion(missing, problems, {name: _refusing(name) for name in fragments.keys() - texts.keys()})


def _refusing(name: str) -> str:
    """Return a fragment that responds with 500, instead of one that can't be read."""
    from xml.sax.saxutils import escape

    body = escape(f"the fragment '{name}' can't be read")
    status = '<set-status code="500" reason="Internal Server Error" />'
    return f"<fragment><return-response>{status}<set-body>{body}</set-body></return-response></fragment>"


def _locked(parts: ServiceParts) -> str | None:
    """Return the first API that requires a key which no subscription gives."""
    service = parts.service()
    locked = (api.id for api in service.apis if api.subscription_required and not is_open(service, api))
    return next(locked, None)


def publishes(sources: OpenIdSource | Iterable[OpenIdSource]) -> Callable[[str], bool]:
    """Return a test whether one of these publishes a document at a URL; it leaves no trace in their requests."""
    given: list[Any] = list(sources) if isinstance(sources, (list, tuple)) else [sources]

    def knows(url: str) -> bool:
        for source in given:
            requests = getattr(source, "requests", [])
            count = len(requests)
            try:
                if source.document(url) is not None:
                    return True
            except OSError:
                return True
            finally:
                del requests[count:]
        return False

    return knows


# The policy documents of a service as sources, each with its part; one that can't be read is a problem.

_TOKEN = re.compile(r"\{#[^#\n]{1,200}#\}|#\{[^{}\n]{1,200}\}#")


def source_of(policy: AnyPolicy) -> Source:
    """Return the text of a policy, with references to named values for placeholders of templates.

    Raises ConfigurationError when it can't be read.
    """
    return with_named_placeholders(_source_of(policy))


def _source_of(policy: AnyPolicy) -> Source:
    if isinstance(policy, Policy):
        return policy.original
    if isinstance(policy, Source):
        return policy
    if isinstance(policy, Path) or (isinstance(policy, str) and not is_markup(policy)):
        return decode(read_bytes(Path(policy)), str(policy))[0]
    return Source(policy, "<policy>") if isinstance(policy, str) else decode(policy)[0]


def documents_of(parts: ServiceParts) -> Iterator[Part]:
    """Yield the policies of a service, except fragments: title, id of the API, and document."""
    if parts.policy is not None:
        yield "the global policy", None, parts.policy
    for name, workspace in parts.workspaces.items():
        if workspace.policy is not None:
            yield f"the policy of the workspace '{name}'", None, workspace.policy
    for name, product in parts.products.items():
        if product.policy is not None:
            yield f"the policy of the product '{name}'", None, product.policy
    for name, api in parts.apis.items():
        if api.policy is not None:
            yield f"the policy of the API '{name}'", name, api.policy
        operations = {each.operation.id: each.policy for each in api.operations}
        for operation, policy in {**api.operation_policies, **operations}.items():
            if policy is not None:
                yield f"the policy of the operation '{operation}' of the API '{name}'", name, policy


def readable(part: str, api: str | None, policy: AnyPolicy, problems: list[Problem]) -> Source | None:
    """Return the text of a policy; None, and add a problem, if the gateway can't read it."""
    try:
        source = source_of(policy)
    except ConfigurationError as error:
        place = str(policy) if isinstance(policy, (str, Path)) else ""
        problems.append(Problem(f"{part} can't be read: {error}", FileLocation(place), part, api=api))
        return None
    findings = [each for each in read(source).diagnostics if each.severity is Severity.ERROR]
    if findings:
        first = findings[0]
        origin = FileLocation(source.path, *first.position)
        message = f"{part} can't be read: {first.message}"
        problems.append(Problem(message, origin, part, "Requests that need it get 500.", api))
        return None
    if (token := _TOKEN.search(source.text)) is not None:
        message = f"{part} contains {token[0]}, which a pipeline is to replace; it stays as it is"
        origin = FileLocation(source.path, *source.position(token.start()))
        problems.append(Problem(message, origin, part, api=api, severity=Severity.WARNING))
    return source


def readable_fragments(fragments: Mapping[str, AnyPolicy], problems: list[Problem]) -> dict[str, Source]:
    """Return the texts of fragments by id, without those that can't be read."""
    found = {name: readable(f"the fragment '{name}'", None, each, problems) for name, each in fragments.items()}
    return {name: source for name, source in found.items() if source is not None}
