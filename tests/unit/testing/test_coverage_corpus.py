"""Coverage and mutation over other people's policies: nothing fails, pages show the text, changed documents compile."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine import steps
from apimpolicy.gateway.engine.document import Policy, load_policy
from apimpolicy.gateway.engine.steps import compiled
from apimpolicy.report.coverage_data import CoverageReport, FileCoverage
from apimpolicy.report.coverage_html import coverage_to_html
from apimpolicy.testing.coverage.places import places_of
from apimpolicy.testing.mutation.running import mutants_of

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "documents"
EVERY = 9
"""Of so many documents one is looked at, and of so many changes."""


@pytest.fixture(scope="module")
def documents() -> list[Policy]:
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not beside the checkout (../shared/corpus)")
    found: list[Policy] = []
    for path in sorted(path for path in CORPUS.rglob("*") if path.is_file())[::EVERY]:
        try:
            found.append(load_policy(path))
        except ApimPolicyError:
            continue
    assert len(found) > 50
    return found


def _coverage(policy: Policy) -> FileCoverage:
    return FileCoverage(policy.path, policy.original.text, places_of(policy).places)


def test_pages_show_the_text(documents: list[Policy]) -> None:
    for policy in documents:
        page = coverage_to_html(CoverageReport([_coverage(policy)]))
        found = re.search(r'<pre class="code">\n(.*?)</pre>', page, re.DOTALL)
        assert found is not None
        text = policy.original.text.replace("\r\n", "\n").replace("\r", "\n")
        if text.isascii():
            assert html.unescape(re.sub(r"<[^>]*>", "", found[1])) == text, policy.path


def test_changed_expressions_compile(documents: list[Policy]) -> None:
    good, bad = 0, []
    for policy in documents:
        if not _compiles(policy):
            continue
        text = policy.original.text
        mutants = [
            mutant for mutant in mutants_of(policy, _coverage(policy)) if mutant.kind in ("condition", "constant")
        ]
        for mutant in mutants[::EVERY]:
            if _compiles(load_policy(mutant.applied(text))):
                good += 1
            else:
                bad.append((policy.path, mutant.description))
    assert good > 100
    assert len(bad) <= good // 100, bad


def _compiles(policy: Policy) -> bool:
    try:
        for root in policy.document.roots:
            for excerpt in steps._expressions(root):
                compiled(excerpt)
    except ApimPolicyError:
        return False
    return True
