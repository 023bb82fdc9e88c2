"""Write, run and prove test files, for assistants and editors."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from typing import TYPE_CHECKING, Any

from apimpolicy.editor.named_paths import is_document
from apimpolicy.editor.request_actions import Content, content_of, existing, load, written
from apimpolicy.errors import ConfigurationError, DiagnosticError
from apimpolicy.testing.case_files import CaseFile, load_case_file
from apimpolicy.testing.running import run_case
from apimpolicy.testing.test_file_search import find_test_files
from apimpolicy.testing.tree import problem_in_words
from apimpolicy.text.secrets import requests_are_invented, without_secrets

if TYPE_CHECKING:
    from apimpolicy.editor.rpc import Json
    from apimpolicy.report.coverage_data import CoverageReport
    from apimpolicy.report.test_results import CaseReport
    from apimpolicy.testing.coverage import PolicyCoverage

_MOST_CASES = 20
"""Cases of one report that are listed in full."""
_MOST_TEXT = 4_000
"""Characters of one explanation."""


def new_test(policy: str, seconds: float | None = None, settings: str = "") -> Json:
    """Return a first test file for a policy: its text, and where it belongs. `settings` is a configuration as TOML."""
    from apimpolicy.testing.solved_cases import find_cases

    requests_are_invented()
    is_file = not is_document(existing(policy))
    if is_file and not os.path.isfile(policy):
        raise ConfigurationError(f"{policy} is a folder; name a policy file")
    with nullcontext(policy) if is_file else written(policy, settings) as path:
        text = without_secrets(find_cases(path, path, seconds).text)
    return {"text": text, "path": f"{os.path.splitext(policy)[0]}.test.yaml" if is_file else "policy.test.yaml"}


def run_cases(
    path: str | None = None, names: Sequence[str] = (), cases: Sequence[Any] | None = None, **setting: Any
) -> Json:
    """Run the cases of test files below `path`, or `cases` about a policy; cases that pass are counted, not listed."""
    started = time.perf_counter()
    files, unreadable = _files(path, cases, setting)
    reports = [report for file in files for report in _reports(file, names)]
    from apimpolicy.report.test_results import cases_to_json

    seconds = time.perf_counter() - started
    found: Json = json.loads(cases_to_json(reports, unreadable, seconds))
    listed = [case for case in found["cases"] if case["status"] != "passed"]
    for case in listed[:_MOST_CASES]:
        case["explanation"] = _shortened(case["explanation"])
    found["cases"] = listed[:_MOST_CASES]
    if len(listed) > _MOST_CASES:
        found["left_out"] = f"{len(listed) - _MOST_CASES} more cases that did not pass"
    if not reports and not unreadable:
        raise ConfigurationError("there is no test case to run")
    return found


def _files(path: str | None, cases: Sequence[Any] | None, setting: Content) -> tuple[list[CaseFile], dict[str, str]]:
    if path is None:
        return [load({**content_of(setting), "cases": cases or []})], {}
    files: list[CaseFile] = []
    unreadable: dict[str, str] = {}
    for each in find_test_files([_existing_path(path)]):
        try:
            files.append(load_case_file(each))
        except (ConfigurationError, DiagnosticError) as error:
            unreadable[each] = problem_in_words(error)
    return files, unreadable


def _existing_path(path: str) -> str:
    if not os.path.exists(path):
        raise ConfigurationError(f"{path}: there is no such file or directory")
    return path


def _reports(file: CaseFile, names: Sequence[str], collector: PolicyCoverage | None = None) -> list[CaseReport]:
    reports: list[CaseReport] = []
    for case in file.cases:
        text = f"{file.path} {case.name}".lower()
        if names and not any(name.lower() in text for name in names):
            continue
        with nullcontext() if collector is None else collector.test(f"{file.path}: {case.name}"):
            reports.append(run_case(case).report())
    return reports


def cover(paths: Sequence[str], names: Sequence[str] = ()) -> Json:
    """Run the cases of test files; return their outcomes, and the branches of policies that they took."""
    from apimpolicy.report.coverage_data import merged
    from apimpolicy.report.coverage_files import coverage_to_json
    from apimpolicy.report.test_results import cases_to_json
    from apimpolicy.testing.coverage import PolicyCoverage

    reports: list[CaseReport] = []
    covered: list[CoverageReport] = []
    unreadable: dict[str, str] = {}
    for path in paths:
        files, problems = _files(path, None, {})
        unreadable |= problems
        for file in files:
            with PolicyCoverage() as collector:
                reports += _reports(file, names, collector)
            covered.append(collector.report())
    found: Json = json.loads(cases_to_json(reports, unreadable, 0.0))
    return {**found, "files": json.loads(coverage_to_json(merged(covered)))["files"]}


def prove(
    path: str | None = None,
    names: Sequence[str] = (),
    claims: Sequence[Any] | None = None,
    seconds: float = 20,
    **setting: Any,
) -> Json:
    """Decide the claims of test files below `path`, or `claims` about a policy."""
    from apimpolicy.report.claim_results import claims_to_json
    from apimpolicy.testing.claims.configured import bounds_for
    from apimpolicy.testing.claims.running import prove_file
    from apimpolicy.testing.solved_cases import has_solver

    if not has_solver():
        raise ConfigurationError("proofs need the solver: pip install 'apimpolicy[prove]'")
    requests_are_invented()
    started = time.perf_counter()
    unreadable: dict[str, str] = {}
    if path is None:
        file = load({**content_of(setting), "claims": claims or []})
        files = [(file, file.claims)]
    else:
        from apimpolicy.testing.claims.configured import find_claims

        files, unreadable = find_claims([_existing_path(path)], names)
    reports = [
        report for file, selected in files for report in prove_file(file, selected, bounds_for(file.path, seconds))
    ]
    if not reports and not unreadable:
        raise ConfigurationError("there is no claim to prove")
    elapsed = time.perf_counter() - started
    data: Json = json.loads(claims_to_json(reports, unreadable, elapsed))
    for claim in data["claims"]:
        claim["explanation"] = _shortened(claim["explanation"])
    return data


def diff(old: str, new: str, seconds: float = 20) -> Json:
    """Return what a change does to callers, as the comment on a pull request; each side is a document, a path or a
    revision of a path in git.
    """
    from apimpolicy.gateway.engine.token_issuers import shared_keys
    from apimpolicy.report.difference_data import verdict
    from apimpolicy.report.difference_formats import to_markdown
    from apimpolicy.testing.claims.configured import bounds_for
    from apimpolicy.testing.comparing.running import compare_versions
    from apimpolicy.testing.comparing.versions import versions

    requests_are_invented()
    with ExitStack() as stack:
        sides = [stack.enter_context(written(each, "")) if is_document(each) else each for each in (old, new)]
        stack.enter_context(shared_keys())
        both = stack.enter_context(versions(*sides))
        report = compare_versions(both, lambda path: bounds_for(path, seconds))
        if not both.pairs and report.is_empty and not report.has_service:
            raise ConfigurationError(f"there are no policies in {old} and {new}")
        text = to_markdown(report)
        for side in sides:
            if side not in (old, new):
                text = text.replace(os.path.join(os.path.dirname(side), ""), "")
        return {"verdict": verdict(report), "text": text}


def _shortened(text: str | None) -> str | None:
    return text if text is None or len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}\n…"
