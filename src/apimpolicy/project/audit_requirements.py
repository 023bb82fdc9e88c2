"""The requirements of `[audit]` in the configuration, held against the operations of a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import attrs

from apimpolicy.project.audit_settings import AuditedOperation, AuditSettings, Exemption, Requirement
from apimpolicy.reasoning.audit.findings import AuditFinding, Evidence, SourceLocations, bypasses, operations_by_api
from apimpolicy.reasoning.audit.states import PolicyLocation

if TYPE_CHECKING:
    import datetime

    from apimpolicy.reasoning.audit.analysis import OperationAudit, ServiceAudit


UNUSED = "AUD013"
"""An exception that expired, or that nothing needs."""
_OF_OPENNESS = frozenset(("AUD001", "AUD002", "AUD003", "AUD007", "AUD010", "AUD014"))
"""Findings about who reaches the backend, which an exception removes."""


class Gate(NamedTuple):
    """The outcome: the remaining findings, the operations that aren't allowed, and those with an exception."""

    findings: list[AuditFinding]
    refused: list[OperationAudit]
    excepted: list[tuple[OperationAudit, Exemption]]


def judge(
    audit: ServiceAudit,
    findings: Sequence[AuditFinding],
    settings: AuditSettings,
    today: datetime.date,
    origins: SourceLocations | None = None,
    described: Callable[[OperationAudit], AuditedOperation] = lambda operation: AuditedOperation(
        operation.api.id, operation.name
    ),
) -> Gate:
    """Return the findings that remain under the settings, with those about operations that aren't allowed."""
    selected_by = {id(operation): described(operation) for operation in audit.operations}
    requirements = {key: settings.required(exemption) for key, exemption in selected_by.items()}
    excepted: list[tuple[OperationAudit, Exemption]] = []
    used: set[int] = set()
    refused: list[OperationAudit] = []
    for operation in audit.operations:
        required, selected = requirements[id(operation)], selected_by[id(operation)]
        exempt = next((finding for finding in settings.exemptions if finding.which.fits(selected)), None)
        if exempt is not None and _needs_exception(operation, findings, required):
            used.add(id(exempt))
            if today <= exempt.until:
                excepted.append((operation, exempt))
                continue
        if not is_allowed(operation, required):
            refused.append(operation)
    free = {id(operation) for operation, _ in excepted}
    remaining = [
        left for finding in findings if settings.wants(finding.code) and (left := _without(finding, free)) is not None
    ]
    if settings.undecided_fails:
        remaining = [
            attrs.evolve(finding, is_error=True) if finding.code == "AUD011" else finding for finding in remaining
        ]
    remaining += _refusals(refused, remaining, settings.path, requirements, origins or SourceLocations())
    if settings.has_gate:
        judged = {key for key, required in requirements.items() if required is not None}
        remaining = [
            each for each in remaining if each.code != "AUD002" or not judged.issuperset(map(id, each.operations))
        ]
    remaining += _expired(settings, used, today)
    return Gate(remaining, refused, excepted)


def is_allowed(operation: OperationAudit, required: Requirement | None) -> bool:
    """Return whether all paths to the backend prove what is required; undecided paths count as allowed here."""
    paths = operation.access.paths
    return required is None or all(required.allows(path.proofs) or not path.is_decided for path in paths)


def _needs_exception(operation: OperationAudit, findings: Sequence[AuditFinding], required: Requirement | None) -> bool:
    if not is_allowed(operation, required):
        return True
    return any(each.code in _OF_OPENNESS and operation in each.operations for each in findings)


def _without(finding: AuditFinding, excepted: set[int]) -> AuditFinding | None:
    if finding.code not in _OF_OPENNESS:
        return finding
    left = tuple(each for each in finding.operations if id(each) not in excepted)
    return attrs.evolve(finding, operations=left) if left else None


def _refusals(
    refused: Sequence[OperationAudit],
    findings: Sequence[AuditFinding],
    path: str,
    requirements: Mapping[int, Requirement | None],
    origins: SourceLocations,
) -> list[AuditFinding]:
    reported = {
        id(operation)
        for finding in findings
        if finding.code in ("AUD001", "AUD003")
        for operation in finding.operations
    }
    refusals: list[AuditFinding] = []
    left = [operation for operation in refused if id(operation) not in reported]
    for api, operations in operations_by_api(left).items():
        groups: dict[tuple[str, str], list[OperationAudit]] = {}
        for operation in operations:
            required = requirements[id(operation)]
            assert required is not None
            groups.setdefault((required.text, operation.access.words), []).append(operation)
        for (text, words), group in groups.items():
            words_shown = "nothing" if words == "anyone" else f"{words} only"
            message = f"{{need}} {words_shown}; required: {text}"
            evidence = [Evidence("required by", PolicyLocation(path, 1, 1))]
            if group[0].own_policy is not None:
                evidence.insert(0, Evidence("the operation's policy", group[0].own_policy))
            elif (place := origins.api(group[0].api)) is not None:
                evidence.insert(0, Evidence("the API", place))
            if group[0].access.is_open and (place := origins.key_requirement(group[0].api)) is not None:
                evidence.append(Evidence("no key required", place))
            evidence[:0] = bypasses(group[0])
            refusals.append(AuditFinding("AUD012", api, tuple(group), message, tuple(evidence), f"{text}: {words}"))
    return refusals


def _expired(settings: AuditSettings, used: set[int], today: datetime.date) -> list[AuditFinding]:
    found = []
    for each in settings.exemptions:
        if today > each.until:
            message = f"the exception for {each.shown} expired on {each.until}; its owner is {each.owner}"
        elif id(each) not in used:
            message = f"the exception for {each.shown} no longer applies to any finding"
        else:
            continue
        place = Evidence("exception", PolicyLocation(settings.path, 1, 1))
        found.append(AuditFinding(UNUSED, "", (), message, (place,), each.shown, True))
    return found
