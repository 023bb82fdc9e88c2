"""Deciding the claims of a test file, and what came of them as texts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import yaml

from apimpolicy.dotnet.environment import renew_watch
from apimpolicy.errors import ApimPolicyError, DiagnosticError
from apimpolicy.project.files import write_whole
from apimpolicy.project.gateways import NoApisError
from apimpolicy.report.claim_results import ERROR, SKIPPED, ClaimReport
from apimpolicy.report.columns import page
from apimpolicy.report.terminal import render_all
from apimpolicy.testing.case_files import CaseFile, load_case_file
from apimpolicy.testing.claims.harnesses import Setup, harness_of, setup_of
from apimpolicy.testing.claims.proving import Proof, Verdict, internal_error
from apimpolicy.testing.claims.reading import Claim, Expressions
from apimpolicy.testing.claims.requests import block_of, checked, claim_case, report_of, with_case

if TYPE_CHECKING:
    from apimpolicy.scenarios.harness import Harness
    from apimpolicy.scenarios.scenario import Bounds
    from apimpolicy.testing.claims.platform import OnApi


def prove_file(
    file: CaseFile,
    claims: Sequence[Claim],
    bounds: Bounds,
    on_run: Callable[[], None] = lambda: None,
    on_api: OnApi | None = None,
    *,
    debug: bool = False,
) -> list[ClaimReport]:
    """Decide claims of a file; `debug` shows tracebacks.

    `on_api` gets the claims, the APIs, and the cells of each API of a service as soon as it is decided. Raises
    NoApisError for a service without an API, and nothing for other errors of the file or a policy.
    """
    started = time.perf_counter()
    renew_watch()
    selected = [claim for claim in claims if claim.skip is None]
    reports = [_report(claim, SKIPPED, problem=claim.skip or "") for claim in claims if claim.skip is not None]
    if not selected:
        return reports
    try:
        setup = setup_of(file)
        if file.subject.policies or setup.gateway.service is None:
            found = _prove_policies(file, selected, setup, bounds, on_run, debug=debug)
        else:
            from apimpolicy.testing.claims.platform import PlatformClaims

            found = PlatformClaims(file, selected, setup, bounds, on_run, on_api, debug=debug).reports()
    except NoApisError:
        raise
    except DiagnosticError as error:
        found = [_report(claim, ERROR, problem=render_all(error.diagnostics, page())) for claim in selected]
    except ApimPolicyError as error:
        found = [_report(claim, ERROR, problem=str(error)) for claim in selected]
    except Exception as error:
        found = [_report(claim, ERROR, problem=internal_error(error, debug=debug)) for claim in selected]
    seconds = (time.perf_counter() - started) / len(selected)
    return [report._replace(seconds=seconds) for report in found] + reports


def _prove_policies(
    file: CaseFile, claims: Sequence[Claim], setup: Setup, bounds: Bounds, on_run: Callable[[], None], *, debug: bool
) -> list[ClaimReport]:
    harness = harness_of(file.subject.policies, setup)
    proof = Proof(harness, claims, Expressions(setup.gateway.named_values), bounds, on_run, debug=debug)
    verdicts = proof.verdicts()
    return [
        report_of(verdict, harness)._replace(case=_case(file, verdict, harness), case_file=file.path)
        for verdict in verdicts
    ]


def write_case(report: ClaimReport) -> bool:
    """Add the test case of a false claim to its file; False when it is there already, or there is none.

    Raises ConfigurationError when the file cannot be read or written.
    """
    if not report.case:
        return False
    path = report.case_file
    (case,) = yaml.safe_load(report.case)
    if os.path.exists(path) and any(case["name"] == each.name for each in load_case_file(path).cases):
        return False
    write_whole(path, with_case(path, case).encode())
    return True


def _report(claim: Claim, status: str, problem: str = "") -> ClaimReport:
    return ClaimReport(claim.path, claim.name, claim.line, status, problem=problem)


def _case(file: CaseFile, verdict: Verdict, harness: Harness) -> str:
    """Return the test case as YAML; empty where there is none, or a test file can't express it."""
    if verdict.run is None:
        return ""
    try:
        case = claim_case(file, verdict.claim, verdict.run, harness)
        return block_of(checked(file.path, case), 0)
    except ApimPolicyError:
        return ""
