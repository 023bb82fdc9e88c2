"""`audit --format json`."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from apimpolicy.report.outputs.parts import ProgramReport, Severity, WithStandIns, keywords, one_of

Presence = Annotated[str, one_of("always", "on some paths", "never", "unknown")]
"""On which paths to the backend."""
Date = Annotated[str, keywords(format="date")]


class InService(TypedDict):
    service: NotRequired[Annotated[str, "Its name, if the path has several services."]]


class AuditSummary(TypedDict):
    operations: int
    apis: int
    decided: int
    answers: dict[str, int]
    not_allowed: int
    excepted: int
    errors: int
    warnings: int
    infos: int
    missing_fragments: list[str]


class ServiceSummary(TypedDict):
    name: str
    summary: AuditSummary


class PathData(TypedDict):
    proofs: list[str]
    words: str


Needs = TypedDict(
    "Needs",
    {
        "subscription key": Presence,
        "token": Presence,
        "weak token": NotRequired[Presence],
        "certificate": Presence,
        "address": Presence,
    },
)


class PassedCredential(TypedDict):
    what: str
    when: Presence


class LentCredential(PassedCredential):
    to_anyone: bool


class Condition(TypedDict):
    unless: str
    access: Annotated[str, "Who reaches the backend else."]


class EvidenceData(TypedDict):
    words: str
    path: str
    line: int


class AttemptData(TypedDict):
    method: str
    url: str
    status: Annotated[int, "What the caller got."]


class WithAttempt(TypedDict):
    request: NotRequired[Annotated[AttemptData, "A request that ran on the simulated gateway and reached the backend."]]


class OperationData(InService, WithAttempt):
    api: str
    operation: Annotated[str, "The id."]
    name: Annotated[str, "Method and template."]
    access: Annotated[str, "Who reaches the backend, in a few words; none if no request does."]
    decided: bool
    details: list[str]
    paths: Annotated[list[PathData], "The weakest paths to the backend; empty if no request reaches it."]
    needs: Needs
    lends: Annotated[list[LentCredential], "Credentials that the gateway adds."]
    limits: list[str]
    limited_by: NotRequired[
        Annotated[
            list[str],
            "What limits count by: per key, per subject, per certificate, per address, all callers together; "
            "not at all for callers whom nothing limits.",
        ]
    ]
    passes_on: Annotated[list[PassedCredential], "Credentials of the caller that reach the backend."]
    places: list[EvidenceData]
    condition: NotRequired[Annotated[Condition, "An answer that depends on what isn't known."]]


class FindingData(InService, WithAttempt):
    code: str
    severity: Severity
    api: str
    operations: list[str]
    message: str
    evidence: list[EvidenceData]
    fingerprint: Annotated[str, "Stays the same when lines move."]


class ExceptionData(InService):
    api: str
    operation: str
    until: Date
    owner: str


class SharedBackend(TypedDict):
    backend: str
    apis: list[str]


class ItemData(TypedDict):
    name: str
    path: Annotated[str, "Empty where it isn't in a file."]
    line: int


class PolicyDifference(TypedDict):
    where: str
    values: Annotated[list[str], "One for each policy."]


class SimilarPolicies(TypedDict):
    policies: list[ItemData]
    differences: Annotated[list[PolicyDifference], "Empty if the policies are equal."]


class InventoryData(InService):
    shared_backends: Annotated[list[SharedBackend], "Backends of more than one API."]
    similar_policies: Annotated[list[SimilarPolicies], "Policies that are equal without layout, but for a few values."]
    unused: Annotated[list[ItemData], "Fragments, named values and backends that nothing uses."]
    unattached_policies: Annotated[list[ItemData], "Policies that no part of the service has."]
    undecided: Annotated[list[str], "Why more may be used."]


class CallerData(TypedDict):
    id: str
    words: str


class AnswerData(TypedDict):
    caller: str
    status: Annotated[int | None, "Null with a reason, and where no source shows the response to the call of a tool."]
    tool_status: NotRequired[Annotated[int, "The status of the operation behind a tool."]]
    reaches_backend: NotRequired[bool]
    reason: NotRequired[
        Annotated[
            str,
            "Why there is no status: the operation doesn't look at it, the caller can't be made, or what isn't known "
            "decides.",
        ]
    ]


class AnsweringOperation(TypedDict):
    api: str
    operation: str
    name: str
    product: NotRequired[Annotated[str, "The product of the key, where the policies of products make a difference."]]
    cells: list[AnswerData]


class MatrixData(InService):
    callers: Annotated[list[CallerData], "The kinds of callers: each operation has a cell for each of them."]
    operations: list[AnsweringOperation]
    left_out: Annotated[list[str], "The operations that have no row."]


class AuditReport(ProgramReport, WithStandIns):
    summary: AuditSummary
    operations: list[OperationData]
    findings: list[FindingData]
    exceptions: list[ExceptionData]
    services: NotRequired[Annotated[list[ServiceSummary], "If the path has several services."]]
    inventory: NotRequired[Annotated[list[InventoryData], "With --inventory: one for each service."]]
    matrix: NotRequired[Annotated[list[MatrixData], "Which callers get what (--matrix)."]]
