"""One run of `audit`: a service is loaded and analysed, requests confirm what is open, and the settings judge it."""

from __future__ import annotations

import datetime
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import attrs

from apimpolicy.checkout import open_bytes
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.checks.suppressions import Suppressions
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ApimPolicyError
from apimpolicy.project.audit_settings import AuditedOperation, AuditSettings, Exemption, Requirement
from apimpolicy.project.baseline import Baseline
from apimpolicy.project.gateways import configured, for_each_service, require_apis
from apimpolicy.project.information_run import LINK_UNKNOWN
from apimpolicy.reasoning.audit.analysis import OperationAudit, ServiceAudit, audit_service
from apimpolicy.reasoning.audit.confirming import Search, confirmed
from apimpolicy.reasoning.audit.findings import (
    AuditFinding,
    Evidence,
    SourceLocations,
    bypasses,
    findings_of,
    operations_by_api,
)
from apimpolicy.reasoning.audit.requests import Attempt, Rehearsal
from apimpolicy.reasoning.audit.states import PolicyLocation
from apimpolicy.reasoning.audit.walk import ServiceContext
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source, decode, from_utf16

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.gateway.engine.service import Service, ServiceApi
    from apimpolicy.project.service.description import FileLocation, ServiceDescription


UNUSED = "AUD013"
"""An exception that expired, or that nothing needs."""


class AuditRun(NamedTuple):
    """The result of one run. `root` is the folder from which paths are shown."""

    path: str
    audit: ServiceAudit
    gate: Gate
    attempts: Mapping[tuple[str, str], Attempt]
    settings: AuditSettings
    diagnostics: list[tuple[AuditFinding, Diagnostic]]
    known: int = 0
    """Findings that comments or the baseline leave out."""
    service: str = ""
    """The name of the service, if the path has several."""

    @property
    def findings(self) -> list[AuditFinding]:
        return [finding for finding, _ in self.diagnostics]

    @property
    def fails(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def access(self, api: str, operation: str) -> str:
        """Return the access to the backend through an operation (`GET /customers`, or its id). Raises LookupError."""
        for each in self.audit.operations:
            if each.api.id == api and operation in (each.name, each.id):
                return each.access.words
        raise LookupError(f"the API '{api}' has no operation '{operation}'")


def audit_path(
    path: str,
    config: str | None = None,
    baseline: str | None = None,
    search_of: Callable[[Gateway], Search] | None = None,
    *,
    reports_known: bool = False,
) -> AuditRun:
    """Audit the service of a folder or a configuration. Raises ConfigurationError when there is none.

    `search_of` makes a search for requests to operations that aren't decided without one. `reports_known`: no baseline
    counts, also none that the configuration names.
    """
    configuration, folder = configured(path, config)
    gateway = configuration.gateway(folder)
    require_apis(gateway.service, path)
    settings, description = configuration.audit or AuditSettings(), configuration.described(folder)
    if reports_known:
        settings = settings._replace(baseline=None)
    return audit_gateway(gateway, path, settings, description, baseline=baseline, search_of=search_of)


def audit_services(
    path: str,
    config: str | None = None,
    baseline: str | None = None,
    search_of: Callable[[Gateway], Search] | None = None,
    *,
    reports_known: bool = False,
) -> list[AuditRun]:
    """Audit each service of a folder or a configuration. Raises ConfigurationError when there is none."""
    runs: list[AuditRun] = []

    def audit(name: str) -> None:
        run = audit_path(path, config, baseline, search_of, reports_known=reports_known)
        runs.append(run._replace(service=name))

    for_each_service(path, config, audit)
    return _without_used(runs) if len(runs) > 1 else runs


def _without_used(runs: list[AuditRun]) -> list[AuditRun]:
    """Return the runs without notes about exceptions that another service needs, or that another run has too."""
    counts = Counter(finding.cause for run in runs for finding in run.findings if finding.code == UNUSED)
    kept: list[AuditRun] = []
    for run in runs:
        pairs = [pair for pair in run.diagnostics if pair[0].code != UNUSED or counts[pair[0].cause] == len(runs)]
        counts.subtract(pair[0].cause for pair in pairs if pair[0].code == UNUSED)
        kept.append(run._replace(diagnostics=pairs))
    return kept


def analysed(path: str) -> ServiceAudit | None:
    """Analyse the service of a folder without running a request; None when there is none. Raises ConfigurationError."""
    configuration, folder = configured(path)
    gateway = configuration.gateway(folder)
    if gateway.service is None:
        return None
    return audit_service(gateway.service, context_of(gateway, configuration.described(folder)))


def context_of(gateway: Gateway, description: ServiceDescription | None) -> ServiceContext:
    """Return the facts about a service that an audit needs besides its policies."""
    apis = () if description is None else description.apis
    unsettled = frozenset(each.id for each in apis if each.subscription_required.hole is not None)
    lacks_policy = description is not None and description.policy is not None and bool(description.policy.unknown)
    return ServiceContext.of(gateway)._replace(unsettled=unsettled, lacks_global_policy=lacks_policy)


def audit_gateway(
    gateway: Gateway,
    path: str,
    settings: AuditSettings,
    description: ServiceDescription | None = None,
    *,
    baseline: str | None = None,
    today: datetime.date | None = None,
    search_of: Callable[[Gateway], Search] | None = None,
) -> AuditRun:
    """Audit the service of a gateway. Raises ConfigurationError for a baseline that can't be read."""
    assert gateway.service is not None
    try:
        rehearsal: Rehearsal | None = Rehearsal(gateway)
    except ApimPolicyError:
        rehearsal = None
    search = None if search_of is None or rehearsal is None else search_of(rehearsal.gateway)
    analysed_service = audit_service(gateway.service, context_of(gateway, description))
    audit, attempts = confirmed(analysed_service, rehearsal, search)
    origins = SourceLocations() if description is None else DescribedOrigins(description)
    today = today or datetime.datetime.now(datetime.UTC).date()
    found = [*findings_of(audit, origins), *unread(description), *unread_tags(description, settings)]
    gate = judge(audit, found, settings, today, origins, partial(_described, audit.service, description))
    gate = gate._replace(findings=[_with_attempt(each, attempts) for each in gate.findings])
    made = Diagnostics(path)
    pairs = [(finding, made.of(finding)) for finding in gate.findings]
    kept = [pair for pair in pairs if not made.is_suppressed(pair[1])]
    kept = _without_known(kept, baseline or settings.baseline)
    return AuditRun(path, audit, gate, attempts, settings, kept, len(pairs) - len(kept))


def _with_attempt(finding: AuditFinding, attempts: Mapping[tuple[str, str], Attempt]) -> AuditFinding:
    found = next((attempts[each.key] for each in finding.operations if each.key in attempts), None)
    shows = finding.code in ("AUD001", "AUD002", "AUD003", "AUD010", "AUD012")
    return attrs.evolve(finding, attempt=found) if found is not None and shows else finding


def _without_known(
    pairs: Sequence[tuple[AuditFinding, Diagnostic]], baseline: str | None
) -> list[tuple[AuditFinding, Diagnostic]]:
    if baseline is None:
        return list(pairs)
    known = Baseline.load(baseline)
    return [pair for pair in pairs if not known.takes(pair[1])]


class Diagnostics:
    """Makes diagnostics of findings, at the policy that they are about where there is one."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._sources: dict[str, Source] = {}

    def of(self, finding: AuditFinding) -> Diagnostic:
        place = self._place(finding)
        source = self.source(self.path if place is None else place.file)
        start = self._offset(source, place)
        line_end = source.text.find("\n", start)
        end = len(source.text) if line_end < 0 else line_end
        names = ", ".join(each.name for each in finding.operations)
        where = f"{finding.api}: " if finding.api else ""
        return Diagnostic(
            finding.code,
            f"{where}{finding.message}",
            source,
            start,
            max(start, end),
            finding.severity,
            help=f"Operations: {names}" if names else "",
        )

    def is_suppressed(self, diagnostic: Diagnostic) -> bool:
        """Return whether a comment in the policy leaves a finding out."""
        if "apimpolicy:" not in diagnostic.source.text:
            return False
        subject = Subject(read(diagnostic.source), ExpressionCheck(), Settings())
        return not list(Suppressions(subject).keep([diagnostic]))

    def source(self, file: str) -> Source:
        """Return the text of a file; an empty one where it can't be read."""
        found = self._sources.get(file)
        if found is None:
            try:
                with open_bytes(file) as stream:
                    found, _ = decode(stream.read(), file)
            except OSError:
                found = Source("", file)
            self._sources[file] = found
        return found

    @staticmethod
    def _place(finding: AuditFinding) -> PolicyLocation | None:
        places = [each.place for each in finding.evidence]
        return next((each for each in places if not each.file.endswith(".json")), places[0] if places else None)

    @staticmethod
    def _offset(source: Source, place: PolicyLocation | None) -> int:
        starts = source.line_starts
        if place is None or not 0 < place.line <= len(starts):
            return 0
        return min(starts[place.line - 1] + max(place.column - 1, 0), len(source.text))


def write_baseline(runs: Iterable[AuditRun], path: str) -> int:
    return Baseline.of(path, (diagnostic for run in runs for _, diagnostic in run.diagnostics)).save()


# Places in a service's files that decide who may call it, for the evidence of `audit`


class DescribedOrigins(SourceLocations):
    def __init__(self, description: ServiceDescription) -> None:
        self.description = description

    def key_requirement(self, api: ServiceApi) -> PolicyLocation | None:
        described = self.description.api(api.id) or self.description.api(api.base_id)
        if described is not None and described.subscription_required.known is False:
            return _place(described.subscription_required.origin)
        for product in self.description.products:
            if product.subscription_required.known is False and any(
                each.known in (api.id, api.base_id) for each in product.apis
            ):
                return _place(product.subscription_required.origin)
        return None

    def api(self, api: ServiceApi) -> PolicyLocation | None:
        described = self.description.api(api.id) or self.description.api(api.base_id)
        if described is None:
            return super().api(api)
        return super().api(api) or _place(described.origin)


def unread(description: ServiceDescription | None) -> Iterator[AuditFinding]:
    """Yield a finding for each part of a service that isn't read, and so isn't audited.

    A reference to something that can't be elsewhere is the error that it is in `check`.
    """
    if description is None:
        return
    for problem in description.problems:
        if problem.is_broken_reference:
            shown = (Evidence("refers to it", PolicyLocation(*problem.origin)),)
            yield AuditFinding(LINK_UNKNOWN, "", (), problem.message, shown, problem.message, is_error=True)
    for reason, origin in description.unread():
        place = _place(origin) if os.path.isfile(origin.file) else None
        evidence = () if place is None else (Evidence("not decided", place),)
        yield AuditFinding("AUD011", "", (), f"not decided: {reason}", evidence, reason)


def unread_tags(description: ServiceDescription | None, settings: AuditSettings) -> Iterator[AuditFinding]:
    """Yield a finding for the first tag that isn't known, where a setting selects by tags."""
    links = () if description is None or all(each.tags is None for each in settings.selected) else description.tags
    for link in (each.tag for each in links if each.tag.hole is not None):
        reason, place = f"which operations have a tag isn't known ({link.text()})", _place(link.origin)
        evidence = () if place is None else (Evidence("not decided", place),)
        yield AuditFinding("AUD011", "", (), f"not decided: {reason}", evidence, reason)
        return


def _described(service: Service, description: ServiceDescription | None, operation: OperationAudit) -> AuditedOperation:
    """Return what rules select an operation by, as far as it is known."""
    products = frozenset(from_utf16(each.product.id) for each in service.products_of(operation.api))
    ids = (operation.api.base_id.lower(), operation.id.lower())
    links = () if description is None else description.tags
    tags = (each.tag.known for each in links if each.api.lower() == ids[0] and each.operation.lower() in ("", ids[1]))
    return AuditedOperation(operation.api.id, operation.name, products, frozenset(tag for tag in tags if tag))


def _place(origin: FileLocation) -> PolicyLocation | None:
    return PolicyLocation(origin.file, origin.line, origin.column) if origin.file else None


# Compare the operations of a service with the requirements of `[audit]` in the configuration.

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
    described: Callable[[OperationAudit], AuditedOperation] = lambda each: AuditedOperation(each.api.id, each.name),
) -> Gate:
    """Return the findings that remain under the settings, with those about operations that aren't allowed."""
    selected_by = {id(each): described(each) for each in audit.operations}
    requirements = {key: settings.required(each) for key, each in selected_by.items()}
    excepted: list[tuple[OperationAudit, Exemption]] = []
    used: set[int] = set()
    refused: list[OperationAudit] = []
    for operation in audit.operations:
        required, selected = requirements[id(operation)], selected_by[id(operation)]
        exempt = next((each for each in settings.exemptions if each.which.fits(selected)), None)
        if exempt is not None and _needs_exception(operation, findings, required):
            used.add(id(exempt))
            if today <= exempt.until:
                excepted.append((operation, exempt))
                continue
        if not is_allowed(operation, required):
            refused.append(operation)
    free = {id(operation) for operation, _ in excepted}
    found = [left for each in findings if settings.wants(each.code) and (left := _without(each, free)) is not None]
    if settings.undecided_fails:
        found = [attrs.evolve(each, is_error=True) if each.code == "AUD011" else each for each in found]
    found += _refusals(refused, found, settings.path, requirements, origins or SourceLocations())
    if settings.has_gate:
        judged = {key for key, required in requirements.items() if required is not None}
        found = [each for each in found if each.code != "AUD002" or not judged.issuperset(map(id, each.operations))]
    found += _expired(settings, used, today)
    return Gate(found, refused, excepted)


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
    reported = {id(each) for finding in findings if finding.code in ("AUD001", "AUD003") for each in finding.operations}
    made: list[AuditFinding] = []
    left = [each for each in refused if id(each) not in reported]
    for api, operations in operations_by_api(left).items():
        groups: dict[tuple[str, str], list[OperationAudit]] = {}
        for operation in operations:
            required = requirements[id(operation)]
            assert required is not None
            groups.setdefault((required.text, operation.access.words), []).append(operation)
        for (text, words), group in groups.items():
            shown = "nothing" if words == "anyone" else f"{words} only"
            message = f"{{need}} {shown}; required: {text}"
            evidence = [Evidence("required by", PolicyLocation(path, 1, 1))]
            if group[0].own_policy is not None:
                evidence.insert(0, Evidence("the operation's policy", group[0].own_policy))
            elif (place := origins.api(group[0].api)) is not None:
                evidence.insert(0, Evidence("the API", place))
            if group[0].access.is_open and (place := origins.key_requirement(group[0].api)) is not None:
                evidence.append(Evidence("no key required", place))
            evidence[:0] = bypasses(group[0])
            made.append(AuditFinding("AUD012", api, tuple(group), message, tuple(evidence), f"{text}: {words}"))
    return made


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
