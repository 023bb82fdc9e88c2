"""Policy files that no test loaded: they count as files of which nothing was reached."""

from __future__ import annotations

import os
from collections.abc import Iterable

from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.document import load_policy
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.discovery import ENDINGS, discover
from apimpolicy.report.coverage_data import POLICY, CoveragePoint, CoverageReport, FileCoverage, merged
from apimpolicy.testing.coverage.places import REACHED, places_of


def with_untested(report: CoverageReport, paths: Iterable[str]) -> tuple[CoverageReport, list[str]]:
    """Return the report with the policy files below folders that it lacks, and the paths of these.

    `exclude` of `[check]` and `.gitignore` leave files out. One that can't be loaded counts as a single policy.
    """
    known = {file.path for file in report.files}
    found = discover(filter(os.path.isdir, paths), CheckProjects(CheckOptions())).files
    untested = [path for path in found if path.lower().endswith(ENDINGS) and os.path.abspath(path) not in known]
    return merged([report, CoverageReport([*map(_untouched, untested)])]), untested


def _untouched(path: str) -> FileCoverage:
    try:
        policy = load_policy(path)
    except ApimPolicyError:
        whole = CoveragePoint(POLICY, "document", 0, 0, 1, 1, None, {outcome: set() for outcome in REACHED})
        return FileCoverage(os.path.abspath(path), "", [whole])
    return FileCoverage(os.path.abspath(path), policy.original.text, places_of(policy).places)
