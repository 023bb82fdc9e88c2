"""Compare the operations of a service with the requirements of `[audit]` in the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import attrs

from apimpolicy.audit.facts import PolicyLocation
from apimpolicy.audit.findings import AuditFinding, Evidence, SourceLocations, bypasses, operations_by_api

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from apimpolicy.audit.analysis import OperationAudit, ServiceAudit
    from apimpolicy.project.audit_settings import AuditSettings, Exemption

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
) -> Gate:
    """Return the findings that remain under the settings, with those about operations that aren't allowed."""
    excepted: list[tuple[OperationAudit, Exemption]] = []
    used: set[int] = set()
    refused: list[OperationAudit] = []
    for operation in audit.operations:
        exempt = _exemption(operation, settings)
        if exempt is not None and _needs_exception(operation, findings, settings):
            used.add(id(exempt))
            if today <= exempt.until:
                excepted.append((operation, exempt))
                continue
        if not is_allowed(operation, settings):
            refused.append(operation)
    free = {id(operation) for operation, _ in excepted}
    found = [left for each in findings if settings.wants(each.code) and (left := _without(each, free)) is not None]
    if settings.undecided_fails:
        found = [attrs.evolve(each, is_error=True) if each.code == "AUD011" else each for each in found]
    found += _refusals(refused, found, settings, origins or SourceLocations())
    if settings.has_gate:
        found = [each for each in found if each.code != "AUD002" or not _are_judged(each, settings)]
    found += _expired(settings, used, today)
    return Gate(found, refused, excepted)


def is_allowed(operation: OperationAudit, settings: AuditSettings) -> bool:
    """Return whether all paths to the backend prove what is required; undecided paths count as allowed here."""
    required = settings.required(operation.api.id, operation.name)
    paths = operation.access.paths
    return required is None or all(required.allows(path.proofs) or not path.is_decided for path in paths)


def _exemption(operation: OperationAudit, settings: AuditSettings) -> Exemption | None:
    return next((each for each in settings.exemptions if each.which.fits(operation.api.id, operation.name)), None)


def _needs_exception(operation: OperationAudit, findings: Sequence[AuditFinding], settings: AuditSettings) -> bool:
    if not is_allowed(operation, settings):
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
    settings: AuditSettings,
    origins: SourceLocations,
) -> list[AuditFinding]:
    """Return findings about refused operations that no other error reports."""
    reported = {id(each) for finding in findings if finding.code in ("AUD001", "AUD003") for each in finding.operations}
    made: list[AuditFinding] = []
    left = [each for each in refused if id(each) not in reported]
    for api, operations in operations_by_api(left).items():
        groups: dict[tuple[str, str], list[OperationAudit]] = {}
        for operation in operations:
            required = settings.required(api, operation.name)
            assert required is not None
            groups.setdefault((required.text, operation.access.words), []).append(operation)
        for (text, words), group in groups.items():
            shown = "nothing" if words == "anyone" else f"{words} only"
            message = f"{{need}} {shown}; required: {text}"
            evidence = [Evidence("required by", PolicyLocation(settings.path, 1, 1))]
            if group[0].own_policy is not None:
                evidence.insert(0, Evidence("the operation's policy", group[0].own_policy))
            elif (place := origins.api(group[0].api)) is not None:
                evidence.insert(0, Evidence("the API", place))
            if group[0].access.is_open and (place := origins.key_requirement(group[0].api)) is not None:
                evidence.append(Evidence("no key required", place))
            evidence[:0] = bypasses(group[0])
            made.append(AuditFinding("AUD012", api, tuple(group), message, tuple(evidence), f"{text}: {words}"))
    return made


def _are_judged(finding: AuditFinding, settings: AuditSettings) -> bool:
    """Return whether the settings have a requirement for every operation of a finding."""
    return all(settings.required(each.api.id, each.name) is not None for each in finding.operations)


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
        found.append(AuditFinding("AUD013", "", (), message, (place,), each.shown, True))
    return found
