"""What is certainly wrong is an error, at its place: at least 98 % of the faults put into deployed documents.

In a usual run every fourth document gets its faults; APIMPOLICY_ALL_FAULTS=1 takes all, several times each. With `-s`
the counts are printed, and what was missed.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from tests.seeded_faults.faults import KINDS, Fault, faults

from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.diagnostics import Severity
from apimpolicy.text.encoding import decode
from apimpolicy.text.source import Source

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "documents" / "policies"
ALL = os.environ.get("APIMPOLICY_ALL_FAULTS") == "1"


def is_found(fault: Fault, check: ExpressionCheck) -> bool:
    """Whether an error with one of the codes begins where the fault is."""
    return any(
        finding.severity is Severity.ERROR
        and finding.code.startswith(fault.codes)
        and fault.start <= finding.start <= fault.end
        for finding in check_document(Source(fault.text), check)
    )


def test_faults_in_deployed_documents_are_found() -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside this checkout")
    made: Counter[str] = Counter()
    missed: list[tuple[str, Fault]] = []
    check = ExpressionCheck()
    paths = sorted(path for path in CORPUS.rglob("*") if path.is_file())
    for number, path in enumerate(paths[:: 1 if ALL else 4]):
        source, problems = decode(path.read_bytes(), path.name)
        clean = not problems and all(found.severity != "error" for found in check_document(source, check))
        if not clean:
            continue
        for seed in range(5 if ALL else 1):
            for fault in faults(source.text, number * 10 + seed):
                made[fault.kind] += 1
                if not is_found(fault, check):
                    missed.append((path.name, fault))
    lost = Counter(fault.kind for _, fault in missed)
    for kind, count in made.items():
        print(f"{kind:<20} {count - lost[kind]:>5} of {count:>5}")
    for name, fault in missed[:40]:
        print(f"missed: {fault.kind} in {name}: {fault.text[max(0, fault.start - 60) : fault.start + 80]!r}")
    assert len(made) == len(KINDS)
    assert len(missed) <= 0.02 * sum(made.values())
    for kind, count in made.items():
        assert lost[kind] <= max(2, 0.05 * count), kind
