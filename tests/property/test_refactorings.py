"""Yardstick: `diff` says "the same" of 70 % of refactorings of real policies, and of none that breaks something."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.property.refactorings import BREAKING, REFACTORINGS, Files, service_with
from tests.sampling import IS_NIGHTLY

from apimpolicy.cli.diff import exit_code_of
from apimpolicy.errors import ApimPolicyError
from apimpolicy.gateway.engine.document import load_policy
from apimpolicy.gateway.engine.token_issuers import shared_keys
from apimpolicy.project.service.leniency import lenient
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.report.difference_data import ComparisonReport, verdict
from apimpolicy.testing.comparing.running import compare_versions
from apimpolicy.testing.comparing.versions import versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCUMENTS = Path(__file__).parents[3] / "shared" / "corpus" / "documents" / "policies"
EACH = 5 if IS_NIGHTLY else 3
EACH_BREAKING = 5 if IS_NIGHTLY else 2
SEED = 7
pytestmark = pytest.mark.skipif(not DOCUMENTS.is_dir(), reason=f"there is no corpus in {DOCUMENTS}")


def documents() -> Iterator[str]:
    """Yield real policies that the gateway takes, in an order by chance that is always the same."""
    paths = sorted(DOCUMENTS.rglob("*.xml"))
    random.Random(SEED).shuffle(paths)
    for path in paths:
        text = path.read_text("utf-8-sig", "replace")
        try:
            policy = load_policy(text)
        except ApimPolicyError:
            continue
        if not policy.is_fragment and len(text) < 8_000 and "<inbound" in text:
            yield text


def cases(edits: dict[str, Callable[[Files], Files | None]], each: int) -> Iterator[tuple[str, Files, Files]]:
    """Yield so many edits of each kind, each of another policy."""
    left = dict.fromkeys(edits, each)
    for text in documents():
        files = service_with(text)
        for name, count in list(left.items()):
            changed = edits[name](files) if count else None
            if changed is None or changed == files:
                continue
            left[name] -= 1
            if "products/starter/policy.xml" not in changed:  # no product's policies between the scopes
                files = {key: value for key, value in files.items() if key != "products/starter/policy.xml"}
            yield name, *((changed, files) if name == "inline" else (files, changed))
            break
        if not any(left.values()):
            return


def compared(folder: Path, old: Files, new: Files) -> ComparisonReport:
    for name, files in (("old", old), ("new", new)):
        for path, text in files.items():
            file = folder / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
    with lenient(), shared_keys(), versions(str(folder / "old"), str(folder / "new")) as found:
        return compare_versions(found, lambda _: Bounds(seconds=0.3))


def judged(
    edits: dict[str, Callable[[Files], Files | None]], folder: Path, each: int = EACH
) -> Iterator[tuple[str, ComparisonReport]]:
    for number, (name, old, new) in enumerate(cases(edits, each)):
        yield name, compared(folder / str(number), old, new)


@pytest.mark.timeout(280)
def test_refactorings(tmp_path: Path) -> None:
    pytest.importorskip("z3")
    found = [(name, report) for name, report in judged(REFACTORINGS, tmp_path)]
    same = [name for name, report in found if exit_code_of(report) == 0]
    wrong = [f"{name}: {verdict(report)}" for name, report in found if report.items or report.access]
    assert wrong == []
    assert len(found) >= 4 * EACH
    assert len(same) / len(found) >= 0.7, sorted(f"{name}: {verdict(report)}" for name, report in found)


@pytest.mark.timeout(280)
def test_breaking_edits(tmp_path: Path) -> None:
    pytest.importorskip("z3")
    found = list(judged(BREAKING, tmp_path, EACH_BREAKING))
    assert len(found) >= 4 * EACH_BREAKING
    assert [f"{name}: {verdict(report)}" for name, report in found if exit_code_of(report) == 0] == []
