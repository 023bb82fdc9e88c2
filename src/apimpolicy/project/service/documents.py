"""The policy documents of a service as sources, each with its part; one that can't be read is a problem."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Severity
from apimpolicy.engine.document import Policy, is_markup, read_bytes
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.embedded.shapes import with_named_placeholders
from apimpolicy.project.service.description import Origin, Problem
from apimpolicy.text.encoding import decode
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apimpolicy.engine.service import AnyPolicy
    from apimpolicy.project.service.building import ServiceParts

    Part = tuple[str, str | None, AnyPolicy]


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
        problems.append(Problem(f"{part} can't be read: {error}", Origin(place), part, api=api))
        return None
    findings = [each for each in read(source).diagnostics if each.severity is Severity.ERROR]
    if findings:
        first = findings[0]
        origin = Origin(source.path, *first.position)
        message = f"{part} can't be read: {first.message}"
        problems.append(Problem(message, origin, part, "Requests that need it get 500.", api))
        return None
    if (token := _TOKEN.search(source.text)) is not None:
        message = f"{part} contains {token[0]}, which a pipeline is to replace; it stays as it is"
        origin = Origin(source.path, *source.position(token.start()))
        problems.append(Problem(message, origin, part, api=api, severity=Severity.WARNING))
    return source


def readable_fragments(fragments: Mapping[str, AnyPolicy], problems: list[Problem]) -> dict[str, Source]:
    """Return the texts of fragments by id, without those that can't be read."""
    found = {name: readable(f"the fragment '{name}'", None, each, problems) for name, each in fragments.items()}
    return {name: source for name, source in found.items() if source is not None}
