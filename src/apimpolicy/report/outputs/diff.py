"""`diff --format json`."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from apimpolicy.report.outputs.parts import ProgramReport, Seconds, TextOrNull, WithStandIns, null_if_empty, one_of

ElementVerb = Annotated[str, one_of("added", "removed", "changed", "moved")]
SettingVerb = Annotated[str, one_of("added", "removed", "changed")]
PolicyStatus = Annotated[str, one_of("equivalent", "different", "undecided", "added", "removed", "error")]
AccessRelation = Annotated[str, one_of("weaker", "stronger", "changed")]


class OutcomeData(TypedDict):
    answer: Annotated[str, "The status and the reason."]
    decided_by: Annotated[str, "What decided it."]
    path: Annotated[str, "The path through the policies."]
    explanation: Annotated[str, "All of it."]


class ElementChangeData(TypedDict):
    file: str
    line: int
    what: ElementVerb
    element: Annotated[str, "The element as people name it: <value> of <set-header>."]
    attribute: Annotated[TextOrNull, "The attribute; null: the element or its text."]
    old: Annotated[str | None, "The value before."]
    new: Annotated[str | None, "The value now."]
    literal: Annotated[bool, "Neither value is an expression."]


class DifferenceData(TypedDict):
    what: Annotated[str, "In what the versions differ."]
    request: Annotated[str, "A small request that shows it."]
    old: OutcomeData
    new: OutcomeData
    cause: Annotated[ElementChangeData | None, "The changed element that causes it; null: not known."]
    operations: Annotated[list[str], "The operations of a service that it applies to."]


class PolicyData(TypedDict):
    path: Annotated[str, "The policy; in infrastructure code with its line, as main.tf:12."]
    subject: Annotated[TextOrNull, "What a policy of infrastructure code applies to: API orders. Else null."]
    old: Annotated[TextOrNull, "The name of the old version; null: there is none."]
    new: Annotated[TextOrNull, "The name of the new version; null: there is none."]
    status: Annotated[PolicyStatus, "What came of it."]
    complete: Annotated[bool, "All that is not named is proven to be the same."]
    differences: Annotated[list[DifferenceData], "Each kind once."]
    reasons: Annotated[list[str], "Why nothing was proven."]
    proven: Annotated[
        list[str], "Parts of which other differences are excluded nevertheless: requests to the backend, statuses, ..."
    ]
    problem: Annotated[TextOrNull, "Why they could not be compared."]
    seconds: Seconds


class SettingChangeData(TypedDict):
    subject: Annotated[TextOrNull, "The part of it: an operation, or the membership in a product."]
    setting: Annotated[TextOrNull, "The setting; null: the entity was added or removed."]
    what: Annotated[SettingVerb, "What happened to it."]
    old: Annotated[str | None, "The value before; null: none, or a secret."]
    new: Annotated[str | None, "The value now; null: none, or a secret."]
    meaning: Annotated[TextOrNull, "What callers notice; null: nothing."]
    file: Annotated[TextOrNull, "The file that has the setting."]
    line: Annotated[int | None, null_if_empty, "Its line."]


class ChangedEntity(TypedDict):
    name: Annotated[str, "The API, product or other entity: API orders."]
    changes: Annotated[list[SettingChangeData], "Its settings that changed."]
    differences: Annotated[list[DifferenceData], "Requests that get another response from the whole service."]


class AccessChangeData(TypedDict):
    api: str
    operations: list[str]
    before: str
    after: str
    weaker: bool
    relation: Annotated[AccessRelation, "Whether more or other callers are accepted than before, or fewer."]
    details: Annotated[list[str], "The accepted values that make the difference."]


class MovedFile(TypedDict):
    old: str
    new: str


class DiffReport(ProgramReport, WithStandIns):
    verdict: Annotated[str, "The result in a sentence."]
    complete: Annotated[bool, "All that is not named is proven to be the same."]
    policies: Annotated[list[PolicyData], "The policies whose texts differ."]
    changes: Annotated[list[ElementChangeData], "The changed elements and attributes of policies, by syntax."]
    access: Annotated[list[AccessChangeData], "Operations whose callers need other credentials."]
    settings: Annotated[list[ChangedEntity], "Settings of services that changed, in folders."]
    notes: Annotated[list[str], "Problems of both versions, and parts that were not read."]
    breaks: Annotated[list[str], "What Azure will refuse, or requests fail on."]
    not_compared: Annotated[
        list[str], "Changed files, or the first such line of them, that nothing accounts for: their effect isn't known."
    ]
    moved: NotRequired[
        Annotated[list[MovedFile], "Policies and folders of services that are elsewhere now, below what was compared."]
    ]
    problem: Annotated[str | None, "Why the services could not be compared."]
