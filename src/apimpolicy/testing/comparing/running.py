"""Comparing two versions of a policy, and what came of it as texts."""

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
    UNDECIDED,
    DifferenceItem,
    DifferenceReport,
    Journey,
)
from apimpolicy.report.explanation import explain
from apimpolicy.testing.claims.nearby import AROUND_A_FRAGMENT, FRAGMENT, file_about, scope_in
from apimpolicy.testing.claims.requests import request_in_words
from apimpolicy.testing.claims.running import bounds_in_words
from apimpolicy.testing.claims.worlds import surroundings_of, world_of
from apimpolicy.testing.comparing.joint import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from apimpolicy.engine.document import Policy
    from apimpolicy.engine.result import Result
    from apimpolicy.symbolic.bounds import Bounds
    from apimpolicy.symbolic.world import World
    from apimpolicy.testing.case_files import CaseFile
    from apimpolicy.testing.claims.worlds import Surroundings
    from apimpolicy.testing.comparing.joint import Comparison
    from apimpolicy.testing.comparing.sides import Pair


def compare_pair(pair: Pair, bounds: Bounds, on_run: Callable[[], None] = lambda: None) -> DifferenceReport:
    """Compare the two versions of a policy. Never raises for what they, or the settings around them, do wrong."""
    names = (pair.old[0] if pair.old else "", pair.new[0] if pair.new else "")
    if pair.old is None or pair.new is None:
        return DifferenceReport(pair.path, *names, ADDED if pair.old is None else REMOVED)
    started = time.perf_counter()
    try:
        report = _compared(pair, names, bounds, on_run)
    except DiagnosticError as error:
        from apimpolicy.report.terminal import render

        report = DifferenceReport(pair.path, *names, ERROR, problem="\n\n".join(map(render, error.diagnostics)))
    except ApimPolicyError as error:
        report = DifferenceReport(pair.path, *names, ERROR, problem=str(error))
    return report._replace(seconds=time.perf_counter() - started)


def _compared(pair: Pair, names: tuple[str, str], bounds: Bounds, on_run: Callable[[], None]) -> DifferenceReport:
    assert pair.old is not None
    assert pair.new is not None
    old, new = (load_policy(data, path=name) for name, data in (pair.old, pair.new))
    file = file_about(pair.beside, old, new)
    around = surroundings_of(file)
    scope = scope_in(file, pair.beside)
    one, other = (_world(each, scope, file, around) for each in (old, new))
    found = compare(one, other, bounds, on_run)
    return _report(pair, names, found, one)


def _world(policy: Policy, scope: str, file: CaseFile, around: Surroundings) -> World:
    """The world of a version: in the place of the file that the settings are about."""
    policies = dict(file.subject.policies)
    if not policy.is_fragment:
        return world_of({**policies, scope: policy}, around)
    gateway = around.gateway
    gateway.fragments = {**gateway.fragments, FRAGMENT: policy}
    gateway.policies.fragments = gateway.fragments
    return world_of({"api": AROUND_A_FRAGMENT}, around)


def _report(pair: Pair, names: tuple[str, str], found: Comparison, world: World) -> DifferenceReport:
    items = tuple(_items(found))
    reasons = tuple(dict.fromkeys(map(str, found.obstacles)))
    status = DIFFERENT if items else UNDECIDED if reasons else EQUIVALENT
    bounds = () if found.inputs is None else tuple(bounds_in_words(world, found.inputs))
    return DifferenceReport(pair.path, *names, status, items, reasons, bounds=bounds)


def _items(found: Comparison) -> Iterator[DifferenceItem]:
    for each in found.found:
        assert found.inputs is not None
        assert each.old.result is not None
        assert each.new.result is not None
        words = request_in_words(each.new.scenario, found.inputs)
        yield DifferenceItem(each.difference.sentence, words, journey_of(each.old.result), journey_of(each.new.result))


def journey_of(result: Result) -> Journey:
    """What came of a request, in words."""
    explanation = explain(result)
    return Journey(explanation.outcome, explanation.decided_by, explanation.way, str(explanation))
