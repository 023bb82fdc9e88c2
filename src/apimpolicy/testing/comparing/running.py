"""Comparing two versions of a policy, and what came of it as texts."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.checks.subject import Settings, Subject
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
from apimpolicy.testing import first_surroundings
from apimpolicy.testing.case_files import is_about_policies, is_case_file, load_case_file, load_case_tree
from apimpolicy.testing.claims.requests import request_in_words
from apimpolicy.testing.claims.running import bounds_in_words
from apimpolicy.testing.claims.worlds import surroundings_of, world_of
from apimpolicy.testing.comparing.joint import compare
from apimpolicy.testing.tree import read_tree

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

_FRAGMENT = "compared"
_AROUND_A_FRAGMENT = (
    f'<policies><inbound><base /><include-fragment fragment-id="{_FRAGMENT}" /></inbound>'
    "<backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"
)


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
    file = _test_file(pair.beside) or _stand_ins(pair, old, new)
    around = surroundings_of(file)
    scope = next((scope for scope, path in file.subject.policies.items() if _is_same(path, pair.beside)), "api")
    one, other = (_world(each, scope, file, around) for each in (old, new))
    found = compare(one, other, bounds, on_run)
    return _report(pair, names, found, one)


def _is_same(path: object, other: str) -> bool:
    return os.path.exists(other) and os.path.exists(str(path)) and os.path.samefile(str(path), other)


def _world(policy: Policy, scope: str, file: CaseFile, around: Surroundings) -> World:
    """The world of a version: in the place of the file that the settings are about."""
    policies = dict(file.subject.policies)
    if not policy.is_fragment:
        return world_of({**policies, scope: policy}, around)
    gateway = around.gateway
    gateway.fragments = {**gateway.fragments, _FRAGMENT: policy}
    gateway.policies.fragments = gateway.fragments
    return world_of({"api": _AROUND_A_FRAGMENT}, around)


def _test_file(path: str) -> CaseFile | None:
    """A test file beside a policy that tests it: it says what is around it."""
    directory = os.path.dirname(path) or os.curdir
    if not os.path.isfile(path):
        return None
    for name in sorted(os.listdir(directory)):
        beside = os.path.join(directory, name)
        if is_case_file(name) and is_about_policies(beside):
            try:
                file = load_case_file(beside)
            except ApimPolicyError:
                continue
            if any(_is_same(each, path) for each in file.subject.policies.values()):
                return file
    return None


def _stand_ins(pair: Pair, old: Policy, new: Policy) -> CaseFile:
    """A test file that says what the policies need around them, as far as nobody else does."""
    defaults: dict[str, Any] = {}
    providers: dict[str, Any] = {}
    for policy in (old, new):
        found = first_surroundings.surroundings_of(Subject(policy.document, ExpressionCheck(), Settings()))
        for key, value in found.defaults.items():
            defaults[key] = {**defaults.get(key, {}), **value} if isinstance(value, dict) else value
        providers |= found.providers
    content: dict[str, Any] = {"policy": _AROUND_A_FRAGMENT, "claims": [], "defaults": defaults}
    if providers:
        content["identity-providers"] = providers
    path = os.path.join(os.path.dirname(pair.beside), "compared.test.json")
    file = load_case_tree(read_tree(json.dumps(content), path), path)
    file.subject.policies.clear()
    _leave_known(file)
    return file


def _leave_known(file: CaseFile) -> None:
    """Take out named values that the configuration has."""
    if file.config is None or "named-values" not in file.defaults:
        return
    from apimpolicy.project.configuration import read_configuration

    known = read_configuration(file.config).get("named-values", {})
    table = file.defaults["named-values"].table()
    for name in [name for name in table if name in known]:
        del table[name]


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
