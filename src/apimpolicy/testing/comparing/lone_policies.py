"""Compare two versions of a policy that belongs to no service, in what is around it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from apimpolicy.errors import ApimPolicyError, PolicySyntaxError
from apimpolicy.gateway.engine.backends import OpenBackends
from apimpolicy.gateway.engine.document import Policy, load_policy
from apimpolicy.project.service.completion import computed_backend
from apimpolicy.project.service.policy_sources import fragment_ids
from apimpolicy.reasoning.audit.access import access_of
from apimpolicy.reasoning.audit.analysis import alternatives_of
from apimpolicy.reasoning.audit.order import CHANGED, STRONGER, WEAKER, compared
from apimpolicy.reasoning.audit.walk import ServiceContext
from apimpolicy.reasoning.scenarios.harness import StandIns
from apimpolicy.report.difference_data import (
    ADDED,
    DIFFERENT,
    ERROR,
    REMOVED,
    SAME,
    UNDECIDED,
    AccessChange,
    DifferenceReport,
)
from apimpolicy.report.remainder import Remainder
from apimpolicy.testing.claims.harnesses import AROUND_A_FRAGMENT, FRAGMENT, file_about, harness_of, scope_in, setup_of
from apimpolicy.testing.claims.requests import request_in_words
from apimpolicy.testing.comparing.accepted_values import changed_values, in_words, numbered, providers_with
from apimpolicy.testing.comparing.elements import document_of
from apimpolicy.testing.comparing.operations import LoadingResult
from apimpolicy.testing.comparing.product_search import FoundDifference, compare
from apimpolicy.testing.comparing.service_comparison import is_same_document
from apimpolicy.testing.comparing.service_settings import unknown_in
from apimpolicy.testing.comparing.setting_table import settings_that_differ
from apimpolicy.testing.comparing.sides import SEED
from apimpolicy.testing.comparing.templates import Templates, faults
from apimpolicy.testing.comparing.versions import Version, VersionPair, with_names
from apimpolicy.testing.first_surroundings import EMPTY, accepted_caller
from apimpolicy.testing.tree import problem_in_words
from apimpolicy.text.source import decode

if TYPE_CHECKING:
    from apimpolicy.reasoning.scenarios.harness import Harness
    from apimpolicy.reasoning.scenarios.scenario import Bounds, TotalTime
    from apimpolicy.testing.case_files import CaseFile

_IN_ERRORS = "what the fragment does in on-error, where context.LastError isn't null"
_TEMPLATE = re.compile(rb"\$\{[^{}\s]+\}|%\{ ?(?:if|for) |#\{[^{}\n]+\}#")
"""Marks of Terraform's templates and of tokens of pipelines."""


def compare_pair(
    pair: VersionPair, bounds: Bounds, on_run: Callable[[], None] = lambda: None, total: TotalTime | None = None
) -> DifferenceReport:
    """Compare the two versions of a policy. Never raises for what they, or the settings around them, do wrong."""
    blank = blank_report(pair)
    if pair.old is None or pair.new is None:
        return blank._replace(status=ADDED if pair.old is None else REMOVED)
    started = time.perf_counter()
    trees = [document_of(version.source or version.data, version.name) for version in (pair.old, pair.new)]
    if (unknown := [set(unknown_in(tree)) for tree in trees])[0] != unknown[1]:
        return blank._replace(status=UNDECIDED, reasons=tuple(sorted(unknown[0] ^ unknown[1])))
    if unknown[0] and pair.is_same_text:
        return blank
    policies, problems = _loaded(pair, pair.old, pair.new)
    if any(problems):
        if all(problems) and is_same_document(pair):
            return blank.settled(Remainder(()), is_same_text=pair.is_same_text)
        loading = LoadingResult.of(*problems)
        if loading.problem and all(_TEMPLATE.search(version.data) for version in (pair.old, pair.new)):
            loading = _of_templates(pair.old, pair.new)
        return blank._replace(**loading._asdict())
    try:
        report = _compared(pair, policies, bounds, on_run, blank, total)
    except ApimPolicyError as error:
        report = blank._replace(status=ERROR, problem=problem_in_words(error))
    return report._replace(seconds=time.perf_counter() - started)


def _of_templates(old: Version, new: Version) -> LoadingResult:
    """Return the result where a template can't be loaded with stand-ins: the errors that don't depend on them."""
    found = [faults(each.source or decode(each.data, each.name)[0]) for each in (old, new)]
    if not found[1]:
        return LoadingResult(UNDECIDED, ("a template whose values aren't known here: no request was tried",))
    problems = [PolicySyntaxError(each) if each else None for each in found]
    return LoadingResult.of(*problems)


def blank_report(pair: VersionPair) -> DifferenceReport:
    """Return the report of a pair that is the same."""
    path, subject = pair.label
    return DifferenceReport(
        path, pair.old.name if pair.old else "", pair.new.name if pair.new else "", SAME, subject=subject
    )


class _Loaded:
    """A version of a policy that runs alone: its harness, and the file with its settings."""

    def __init__(self, policy: Policy, place: str, file: CaseFile) -> None:
        self.file = file
        self.harness = _harness(policy, place, file)
        self.may_meet_errors = policy.is_fragment and "LastError" in policy.original.text


def _loaded(pair: VersionPair, old: Version, new: Version) -> tuple[list[_Loaded], list[ApimPolicyError | None]]:
    """Load both versions; return the problems of those that can't be loaded."""
    policies: list[Policy | None] = []
    problems: list[ApimPolicyError | None] = [None, None]
    templates = Templates()
    for side, version in enumerate((old, new)):
        try:
            path = with_names(version.path, pair.places)
            source = version.source or decode(version.data, path)[0]
            filled = templates.filled(source)
            policies.append(load_policy(version.source or version.data if filled is source else filled, path=path))
        except ApimPolicyError as error:
            policies.append(None)
            problems[side] = error
    places = (old.path, new.path) if pair.is_apart else (new.path, new.path)
    loaded: list[_Loaded] = []
    readable = [policy for policy in policies if policy is not None]
    elements = [list(policy.document.elements()) for policy in readable]
    values = changed_values(*elements) if len(elements) == 2 else []
    all_elements = [element for side in elements for element in side]
    providers = numbered(providers_with(all_elements, values)) if values else {}
    for side, policy in enumerate(policies):
        if policy is not None:
            try:
                file = file_about(
                    places[side], *readable, with_fragments=True, providers=providers, values=templates.values
                )
                if loaded and loaded[0].file.certificates.names() == file.certificates.names():
                    file.certificates = loaded[0].file.certificates
                loaded.append(_Loaded(policy, places[side], file))
            except ApimPolicyError as error:
                problems[side] = error
    return loaded, problems


def _compared(
    pair: VersionPair,
    sides: list[_Loaded],
    bounds: Bounds,
    on_run: Callable[[], None],
    blank: DifferenceReport,
    total: TotalTime | None,
) -> DifferenceReport:
    one, other = (side.harness for side in sides)
    settings = settings_that_differ(sides[0].file, sides[1].file, one, other) if pair.is_apart else ()
    elements = [step.element for harness in (one, other) for step in harness.program.steps()]
    starts = [accepted_caller(elements, [name]) for name in other.providers] or [accepted_caller(elements, ())]
    knows_scopes = len(sides[1].file.subject.policies) > 1
    found = compare(one, other, bounds, on_run, settings, starts, knows_scopes=knows_scopes, total=total)
    if found.is_same_text:
        return blank.settled(Remainder(found.reasons), is_same_text=pair.is_same_text)
    items = tuple(each.item(_in_words(each, other)) for each in found.found)
    in_errors = (_IN_ERRORS,) if any(side.may_meet_errors for side in sides) else ()
    reasons = tuple(dict.fromkeys((*map(str, found.reasons), *in_errors)))
    report = blank._replace(items=items, proven=found.proven, access=tuple(_access(pair, one, other)))
    return report._replace(status=DIFFERENT, reasons=reasons) if items else report.settled(Remainder(reasons))


def _access(pair: VersionPair, old: Harness, new: Harness) -> Iterator[AccessChange]:
    """Yield how access differs by the policies alone, in the order of `audit`."""
    try:
        alternatives = [alternatives_of(each.program, ServiceContext.of(each.first)) for each in (old, new)]
    except ApimPolicyError:
        return
    relation, details = compared(*alternatives)
    if relation in (WEAKER, STRONGER, CHANGED):
        before, after = (access_of(each).words for each in alternatives)
        operations = ("every request",)
        yield AccessChange(pair.path, operations, before, after, relation == WEAKER, relation, details)


def _in_words(found: FoundDifference, harness: Harness) -> str:
    scenario = found.new.scenario
    words = request_in_words(scenario, harness)
    return words if scenario.token is None else in_words(words, scenario.token[0])


def _harness(policy: Policy, place: str, file: CaseFile) -> Harness:
    """Return the harness of a version, in place of the file that the settings are about."""
    setup = setup_of(file)
    unknown = fragment_ids([policy.original])
    setup.gateway.fragments = dict.fromkeys(unknown, EMPTY) | dict(setup.gateway.fragments)
    setup.gateway.policies.fragments = setup.gateway.fragments
    if not policy.is_fragment:
        made = harness_of({**file.subject.policies, scope_in(file, place): policy}, setup)
    else:
        gateway = setup.gateway
        gateway.fragments = {**gateway.fragments, FRAGMENT: policy}
        gateway.policies.fragments = gateway.fragments
        made = harness_of({"api": AROUND_A_FRAGMENT}, setup)
    known = made.stand_ins
    made.stand_ins = StandIns(
        known.named_values | file.made_up["named_values"], known.fragments | file.made_up["fragments"] | unknown
    )
    made.settings["seed"] = made.settings.get("seed") or SEED
    made.settings["backends"] = OpenBackends(made.settings.get("backends") or {}, partial(computed_backend, None))
    return made
