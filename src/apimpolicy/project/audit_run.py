"""One run of `audit`: a service is loaded and analysed, requests confirm what is open, and the settings judge it."""

from __future__ import annotations

import datetime
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import attrs

from apimpolicy.checkout import open_bytes
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
from apimpolicy.checks.suppressions import Suppressions
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.gateway import Gateway
from apimpolicy.gateway.engine.service import Service, ServiceApi
from apimpolicy.project.audit_requirements import UNUSED, Gate, judge
from apimpolicy.project.audit_settings import AuditedOperation, AuditSettings
from apimpolicy.project.baseline import Baseline
from apimpolicy.project.gateways import configured, for_each_service, require_apis
from apimpolicy.project.information_run import LINK_UNKNOWN
from apimpolicy.project.service.description import FileLocation, ServiceDescription
from apimpolicy.reasoning.audit.analysis import OperationAudit, ServiceAudit, audit_service
from apimpolicy.reasoning.audit.confirming import Search, confirmed
from apimpolicy.reasoning.audit.findings import AuditFinding, Evidence, SourceLocations, findings_of
from apimpolicy.reasoning.audit.requests import Attempt, Rehearsal
from apimpolicy.reasoning.audit.states import PolicyLocation
from apimpolicy.reasoning.audit.walk import ServiceContext
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source, decode, from_utf16


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
    unread_apis: Mapping[str, str] = {}
    """The ids of APIs that aren't described, or not with all operations, in lower case, and why."""

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


class Analysis(NamedTuple):
    """The audit of a service before any request has run."""

    audit: ServiceAudit
    gateway: Gateway

    def rehearsal(self) -> Rehearsal | None:
        """Return the service with requests to it; None if they can't run."""
        return _rehearsal(self.gateway)


def analysed(path: str) -> Analysis | None:
    """Analyse the service of a folder without running a request; None when there is none. Raises ConfigurationError."""
    configuration, folder = configured(path)
    gateway = configuration.gateway(folder)
    if gateway.service is None:
        return None
    return Analysis(audit_service(gateway.service, context_of(gateway, configuration.described(folder))), gateway)


def _rehearsal(gateway: Gateway) -> Rehearsal | None:
    try:
        return Rehearsal(gateway)
    except ApimPolicyError:
        return None


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
    rehearsal = _rehearsal(gateway)
    search = None if search_of is None or rehearsal is None else search_of(rehearsal.gateway)
    analysed_service = audit_service(gateway.service, context_of(gateway, description))
    audit, attempts = confirmed(analysed_service, rehearsal, search)
    origins = SourceLocations() if description is None else DescribedOrigins(description)
    today = today or datetime.datetime.now(datetime.UTC).date()
    findings = [*findings_of(audit, origins), *unread(description), *unread_tags(description, settings)]
    gate = judge(audit, findings, settings, today, origins, partial(_described, audit.service, description))
    gate = gate._replace(findings=[_with_attempt(finding, attempts) for finding in gate.findings])
    diagnostics = Diagnostics(path)
    pairs = [(finding, diagnostics.of(finding)) for finding in gate.findings]
    kept = [pair for pair in pairs if not diagnostics.is_suppressed(pair[1])]
    kept = _without_known(kept, baseline or settings.baseline)
    gaps = () if description is None else description.gaps
    unread_apis = {gap.api: gap.reason for gap in gaps if gap.api}
    return AuditRun(path, audit, gate, attempts, settings, kept, len(pairs) - len(kept), unread_apis=unread_apis)


def _with_attempt(finding: AuditFinding, attempts: Mapping[tuple[str, str], Attempt]) -> AuditFinding:
    found = next((attempts[each.key] for each in finding.operations if each.key in attempts), None)
    shows = finding.code in ("AUD001", "AUD002", "AUD003", "AUD010", "AUD012", "AUD015")
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
    broken = {(each.message, each.origin) for each in description.problems if each.is_error}
    for reason, origin in description.unread():
        place = _place(origin) if os.path.isfile(origin.file) else None
        evidence = () if place is None else (Evidence("not decided", place),)
        is_broken = (reason, origin) in broken
        yield AuditFinding("AUD011", "", (), f"not decided: {reason}", evidence, reason, is_broken=is_broken)


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
