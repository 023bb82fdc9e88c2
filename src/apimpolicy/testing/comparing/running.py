"""Compare two versions of a policy, and make a report."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from apimpolicy.engine.document import load_policy
from apimpolicy.errors import ApimPolicyError, DiagnosticError
from apimpolicy.report.difference_data import (
    ADDED,
    DIFFERENT,
    EQUIVALENT,
    ERROR,
    REMOVED,
    SAME,
    UNDECIDED,
    DifferenceItem,
    DifferenceReport,
    Journey,
)
from apimpolicy.report.explanation import explain
from apimpolicy.report.terminal import render_all
from apimpolicy.testing.claims.harnesses import harness_of, setup_of
from apimpolicy.testing.claims.requests import request_in_words
from apimpolicy.testing.claims.test_file_lookup import AROUND_A_FRAGMENT, FRAGMENT, file_about, scope_in
from apimpolicy.testing.comparing.product_search import compare
from apimpolicy.testing.comparing.settings import settings_that_differ
from apimpolicy.testing.comparing.versions import with_names
from apimpolicy.text.holes import UNKNOWN_POLICIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apimpolicy.concolic.bounds import Bounds
    from apimpolicy.concolic.harness import Harness
    from apimpolicy.engine.document import Policy
    from apimpolicy.engine.result import Result
    from apimpolicy.testing.case_files import CaseFile
    from apimpolicy.testing.comparing.product_search import Comparison
    from apimpolicy.testing.comparing.versions import Pair, Version


def compare_pair(pair: Pair, bounds: Bounds, on_run: Callable[[], None] = lambda: None) -> DifferenceReport:
    """Compare the two versions of a policy. Never raises for what they, or the settings around them, do wrong."""
    names = (pair.old.name if pair.old else "", pair.new.name if pair.new else "")
    if pair.old is None or pair.new is None:
        report = DifferenceReport(pair.path, *names, ADDED if pair.old is None else REMOVED)
        return _named(report, pair)
    started = time.perf_counter()
    try:
        report = _compared(pair, pair.old, pair.new, bounds, on_run)
    except ApimPolicyError as error:
        report = DifferenceReport(pair.path, *names, ERROR, problem=_problem(error))
    return _named(report._replace(seconds=time.perf_counter() - started), pair)


def _problem(error: ApimPolicyError) -> str:
    if not isinstance(error, DiagnosticError):
        return str(error)
    return render_all(error.diagnostics)


def _compared(pair: Pair, old: Version, new: Version, bounds: Bounds, on_run: Callable[[], None]) -> DifferenceReport:
    policies = [load_policy(version.source or version.data, path=version.name) for version in (old, new)]
    places = (old.path, new.path) if pair.is_apart else (new.path, new.path)
    if reasons := tuple(reason for policy in policies for reason in _unknown_in(policy)):
        if pair.is_same_text:
            return DifferenceReport(pair.path, old.name, new.name, SAME)
        return DifferenceReport(pair.path, old.name, new.name, UNDECIDED, reasons=tuple(dict.fromkeys(reasons)))
    if pair.is_same_text and (problem := _common_problem(pair, policies, places)):
        return DifferenceReport(pair.path, old.name, new.name, SAME, problem=problem)
    files = [file_about(place, *policies, with_fragments=True) for place in places]
    one, other = map(_harness, policies, places, files)
    settings = settings_that_differ(files[0], files[1], one, other) if pair.is_apart else ()
    found = compare(one, other, bounds, on_run, settings)
    report = _report(pair, (old.name, new.name), found, one)
    return report._replace(status=SAME) if pair.is_same_text and found.is_same_text else report


def _unknown_in(policy: Policy) -> Iterator[str]:
    """Yield the reasons why something in a policy isn't known: the same one on both sides is no difference."""
    for element in policy.document.elements():
        fragment = element.get("fragment-id")
        if fragment is not None and fragment.value.text.startswith(UNKNOWN_POLICIES):
            yield fragment.value.text.removeprefix(UNKNOWN_POLICIES)


def _common_problem(pair: Pair, policies: Sequence[Policy], places: Sequence[str]) -> str:
    """Return the problem of running both versions of an unchanged policy; empty when one of them runs."""
    problems: list[str] = []
    for policy, place in zip(policies, places, strict=True):
        try:
            _harness(policy, place, file_about(place, *policies, with_fragments=True))
        except ApimPolicyError as error:
            problems.append(with_names(_problem(error), tuple((folder, "") for folder, _ in pair.places)))
        else:
            return ""
    return problems[0] if len(set(problems)) == 1 else ""


def _harness(policy: Policy, place: str, file: CaseFile) -> Harness:
    """Return the harness of a version, in place of the file that the settings are about."""
    setup = setup_of(file)
    if not policy.is_fragment:
        return harness_of({**file.subject.policies, scope_in(file, place): policy}, setup)
    gateway = setup.gateway
    gateway.fragments = {**gateway.fragments, FRAGMENT: policy}
    gateway.policies.fragments = gateway.fragments
    return harness_of({"api": AROUND_A_FRAGMENT}, setup)


def _named(report: DifferenceReport, pair: Pair) -> DifferenceReport:
    """Return the report with the names that files have in git, and policies in infrastructure code."""

    def named(text: str) -> str:
        return with_names(text, pair.places)

    path, subject = pair.label
    return report._replace(
        path=named(path),
        subject=subject,
        old=named(report.old),
        new=named(report.new),
        items=tuple(
            each._replace(old=Journey(*map(named, each.old)), new=Journey(*map(named, each.new)))
            for each in report.items
        ),
        reasons=tuple(map(named, report.reasons)),
        problem=named(report.problem),
    )


def _report(pair: Pair, names: tuple[str, str], found: Comparison, harness: Harness) -> DifferenceReport:
    items = tuple(_items(found))
    reasons = tuple(dict.fromkeys(map(str, found.unsupported_features)))
    status = DIFFERENT if items else UNDECIDED if reasons else EQUIVALENT
    return DifferenceReport(pair.path, *names, status, items, reasons)


def _items(found: Comparison) -> Iterator[DifferenceItem]:
    for each in found.found:
        assert found.inputs is not None
        assert each.old.result is not None
        assert each.new.result is not None
        words = request_in_words(each.new.scenario, found.inputs)
        yield DifferenceItem(each.difference.sentence, words, journey_of(each.old.result), journey_of(each.new.result))


def journey_of(result: Result) -> Journey:
    """Return the outcome of a request in words."""
    explanation = explain(result)
    return Journey(explanation.outcome, explanation.decided_by, explanation.path, str(explanation))
