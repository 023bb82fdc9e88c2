"""Findings about who reaches the backend: one for each API and cause."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import attrs

from apimpolicy.checks.pages import audit_codes
from apimpolicy.diagnostics import Severity
from apimpolicy.reasoning.audit import kinds
from apimpolicy.reasoning.audit.access import NO_ACCESS, listed, outliers, product_checks, usual_access
from apimpolicy.reasoning.audit.states import GatewayAction, PolicyLocation
from apimpolicy.reasoning.audit.weak_proofs import grouped, weak_proofs

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.service import ServiceApi
    from apimpolicy.reasoning.audit.analysis import OperationAudit, ServiceAudit
    from apimpolicy.reasoning.audit.requests import Attempt


class Evidence(NamedTuple):
    """A place that a finding rests on, with what it shows."""

    words: str
    place: PolicyLocation


@attrs.frozen
class AuditFinding:
    """One finding. `cause` distinguishes findings of one code and API, independent of line numbers.

    In `words`, `{need}` and `{reach}` are verbs for the operations.
    """

    code: str
    api: str
    operations: tuple[OperationAudit, ...]
    words: str
    evidence: tuple[Evidence, ...] = ()
    cause: str = ""
    is_error: bool | None = None
    """True if configured as an error; None leaves the severity to the code."""
    is_broken: bool = False
    """A file of the service has an error that takes a part of it out of the audit."""
    attempt: Attempt | None = None
    """A request that ran and shows it."""

    @property
    def message(self) -> str:
        is_one = len(self.operations) == 1
        need = "needs" if is_one else f"{_count(self.operations)} need"
        return self.words.replace("{need}", need).replace("{reach}", "reaches" if is_one else "reach")

    @property
    def severity(self) -> Severity:
        return audit_codes()[self.code].severity if self.is_error is None else Severity.ERROR


class SourceLocations:
    """Source locations of settings outside policies; a reader that knows more overrides the methods."""

    def key_requirement(self, api: ServiceApi) -> PolicyLocation | None:
        """Return where an API, or its open product, is set to need no subscription."""
        return None

    def api(self, api: ServiceApi) -> PolicyLocation | None:
        """Return where an API is defined."""
        path = getattr(api.policy, "path", api.policy)
        return (
            None
            if path is None or not str(path).strip() or str(path).lstrip().startswith("<")
            else PolicyLocation(str(path), 1, 1)
        )


def findings_of(audit: ServiceAudit, origins: SourceLocations | None = None) -> list[AuditFinding]:
    """Return the findings about a service, by API and code."""
    found: list[AuditFinding] = []
    finder = _Finder(origins or SourceLocations())
    by_api = operations_by_api(audit.operations)
    for operations in by_api.values():
        found += finder.of_api(operations)
    found += finder.versions(by_api)
    return found


def operations_by_api(operations: Iterable[OperationAudit]) -> dict[str, list[OperationAudit]]:
    found: dict[str, list[OperationAudit]] = {}
    for operation in operations:
        found.setdefault(operation.api.id, []).append(operation)
    return found


def lent_to_anyone(operation: OperationAudit) -> list[str]:
    """Return the credentials of the gateway that a request which has proven nothing brings to the backend."""
    return [
        action.subject
        for action, proven in operation.actions.items()
        if action.kind == kinds.LENDS and any(all(fact.is_free for fact in each) for each in proven)
    ]


def bypasses(operation: OperationAudit) -> Iterator[Evidence]:
    """Yield the policies by which data reaches callers without a forwarded request."""
    for fact in operation.access.facts(kinds.VIA):
        yield from _at(operation, fact, fact.subject)


class _Finder:
    def __init__(self, origins: SourceLocations) -> None:
        self.origins = origins

    def of_api(self, operations: Sequence[OperationAudit]) -> Iterator[AuditFinding]:
        weaker = outliers(operations)
        lending = [each for each in operations if each.access.is_open and lent_to_anyone(each)]
        yield from self._lending(lending)
        yield from self._weaker([each for each in weaker if each not in lending], operations)
        others = [each for each in operations if each.access.is_open and each not in lending and each not in weaker]
        if others:
            words = "{need} neither key, token nor certificate"
            yield self._finding("AUD002", others, words, self._openness(others[0]))
        yield from self._bypasses(operations)
        for each in weak_proofs(operations):
            evidence = (Evidence(words, place) for words, place in each.evidence)
            yield self._finding(each.code, each.operations, each.words, evidence, each.cause)
        yield from self._limits(operations)
        yield from self._cors(operations)
        yield from self._undecided(operations)

    def _finding(
        self,
        code: str,
        operations: Sequence[OperationAudit],
        message: str,
        evidence: Iterable[Evidence],
        cause: str = "",
    ) -> AuditFinding:
        return AuditFinding(code, operations[0].api.id, tuple(operations), message, tuple(evidence), cause)

    def _openness(self, operation: OperationAudit) -> Iterator[Evidence]:
        place = self.origins.key_requirement(operation.api)
        if place is not None:
            yield Evidence("no key required", place)
        yield from bypasses(operation)
        place = self.origins.api(operation.api)
        if place is not None:
            yield Evidence("nothing checks the caller", place)

    def _lending(self, operations: Sequence[OperationAudit]) -> Iterator[AuditFinding]:
        for lent, group in grouped(operations, lambda each: tuple(sorted(lent_to_anyone(each)))):
            evidence = [
                Evidence(f"{_kind_of_credential(action.subject)} added", place)
                for action in group[0].actions
                if action.kind == kinds.LENDS
                and action.subject in lent
                and (place := group[0].places.get(action)) is not None
            ]
            key = self.origins.key_requirement(group[0].api)
            if key is not None:
                evidence.append(Evidence("no key required", key))
            evidence += bypasses(group[0])
            message = f"{{need}} neither key nor token, and {{reach}} the backend with {listed(lent)}"
            yield self._finding("AUD001", group, message, evidence, listed(lent))

    def _weaker(self, weaker: Sequence[OperationAudit], operations: Sequence[OperationAudit]) -> Iterator[AuditFinding]:
        usual = usual_access(operations)
        for operation in weaker:
            count = sum(each.access.words == usual for each in operations)
            message = f"{_number(count)} sibling operations need {usual}, this one {_needs(operation)}"
            evidence = []
            if operation.misses_base is not None:
                evidence.append(Evidence("inbound has no <base />", operation.misses_base))
            elif operation.own_policy is not None:
                evidence.append(Evidence("the operation's policy", operation.own_policy))
            yield self._finding("AUD003", [operation], message, evidence, operation.id)

    def _bypasses(self, operations: Sequence[OperationAudit]) -> Iterator[AuditFinding]:
        for what, group in grouped(operations, product_checks):
            if not what:
                continue
            message = f"a key of the API, or of all APIs, bypasses {what} of the product"
            evidence = [
                Evidence(words, place) for each in (*group[0].by_entry,) for words, place in each.checks if each.product
            ]
            yield self._finding("AUD004", group, message, dict.fromkeys(evidence), what)

    def _limits(self, operations: Sequence[OperationAudit]) -> Iterator[AuditFinding]:
        def never(operation: OperationAudit) -> tuple[GatewayAction, ...]:
            actions = [
                action
                for action in operation.actions
                if action.kind == kinds.LIMITS and action.subject.endswith(" never")
            ]
            others = [action for action in operation.actions if action.kind == kinds.LIMITS and action not in actions]
            return tuple(actions) if not any("-by-key" in each.subject for each in others) else ()

        for actions, group in grouped(operations, never):
            if actions and any(each.access.is_open for each in group):
                names = listed(action.subject.removesuffix(" never") for action in actions)
                evidence = [each for action in actions for each in _at(group[0], action, "limit")]
                message = f"{names} never applies: requests without a key have no subscription to count"
                yield self._finding("AUD008", group, message, evidence, names)

    def _cors(self, operations: Sequence[OperationAudit]) -> Iterator[AuditFinding]:
        found = [each for each in operations if any(origin == "*" for origin, _ in each.cors)]
        if found and not all(each.access.words == NO_ACCESS for each in found):
            message = "scripts of every website may call it and read the responses"
            yield self._finding("AUD009", found, message, _at(found[0], ("cors", "*"), "origin *"))

    def _undecided(self, operations: Sequence[OperationAudit]) -> Iterator[AuditFinding]:
        def reason(operation: OperationAudit) -> tuple[str, ...]:
            return tuple(dict.fromkeys(fact.subject for fact in operation.access.facts("undecided")))

        found = [each for each in operations if not each.access.is_decided]
        for reasons, group in grouped(found, reason):
            words = listed(reasons)
            facts = group[0].access.facts("undecided")
            evidence = [each for fact in facts for each in _at(group[0], fact, "not decided")]
            yield self._finding("AUD011", group, f"not decided: {words}", evidence, words)

    def versions(self, by_api: dict[str, list[OperationAudit]]) -> Iterator[AuditFinding]:
        """Find revisions and versions with an open operation that the current one protects."""
        current = {ops[0].api.base_id: ops for ops in by_api.values() if ops[0].api.api.is_current_revision}
        sets: dict[object, list[list[OperationAudit]]] = {}
        for operations in by_api.values():
            api = operations[0].api
            if not api.api.is_current_revision and api.base_id in current:
                yield from self._open_against(operations, current[api.base_id], "revision")
            elif api.version_set is not None:
                sets.setdefault((api.version_set, str(api.api.path)), []).append(operations)
        for versions in sets.values():
            newest = max(versions, key=lambda each: _in_order(str(each[0].api.api.version or "")))
            for operations in versions:
                if operations is not newest:
                    yield from self._open_against(operations, newest, "version")

    def _open_against(
        self, operations: Sequence[OperationAudit], current: Sequence[OperationAudit], noun: str
    ) -> Iterator[AuditFinding]:
        protected = {each.name for each in current if not each.access.is_open and each.access.is_decided}
        found = [each for each in operations if each.access.is_open and each.name in protected]
        if found:
            message = f"{_count(found)} of this {noun} can be called by anyone; those of '{current[0].api.id}' can't"
            yield self._finding("AUD010", found, message, self._openness(found[0]), noun)


def _in_order(version: str) -> tuple[object, ...]:
    """Return the name of a version as it is compared: `v10` is newer than `v9`, and `v10-preview` is older than `v10`.

    Source: https://semver.org/#spec-item-11
    """
    release, *preview = re.split("-(?=[A-Za-z])", version, maxsplit=1)
    return _with_numbers(release), not preview, *map(_with_numbers, preview)


def _with_numbers(text: str) -> list[object]:
    parts = re.split(r"([0-9]+)", text)
    return [(len(part.lstrip("0")), part.lstrip("0")) if number % 2 else part for number, part in enumerate(parts)]


def _at(operation: OperationAudit, subject: Hashable, words: str) -> Iterator[Evidence]:
    place = operation.places.get(subject)
    if place is not None:
        yield Evidence(words, place)


def _kind_of_credential(subject: str) -> str:
    return "identity" if subject.startswith("managed identity") else "credential"


def _needs(operation: OperationAudit) -> str:
    return "nothing" if operation.access.is_open else operation.access.words


def _count(operations: Sequence[OperationAudit]) -> str:
    return f"{len(operations):,} operation{'' if len(operations) == 1 else 's'}"


def _number(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
    return words[count] if count < len(words) else f"{count:,}"
