"""What is certainly wrong is an error, at its place: at least 98 % of the faults put into deployed documents.

The same faults are put in a second time with a placeholder after each and an unrelated script in the repository, which
must hide none of them. In a usual run every sixth document gets its faults; APIMPOLICY_ALL_FAULTS=1 takes all, several
times each. With `-s` the counts are printed, and what was missed.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.seeded_faults.faults import KINDS, Fault, faults

from apimpolicy.checks.document import check_document
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.diagnostics import Severity
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun
from apimpolicy.text.source import Source, decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.diagnostics import Diagnostic

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "documents" / "policies"
ALL = os.environ.get("APIMPOLICY_ALL_FAULTS") == "1"


WORDS = ("Token", "VALUE", "GET", "Key", "X-Forwarded-For", "context", "Content-Type", "string", "Bearer")
SCRIPT = "def clean(text):\n" + "".join(f'    text = text.replace("{word}", "")\n' for word in WORDS)
"""A program of the repository that has nothing to do with policies."""


def is_found(fault: Fault, findings: Iterable[Diagnostic]) -> bool:
    """Whether an error with one of the codes begins where the fault is."""
    return any(
        finding.severity is Severity.ERROR
        and finding.code.startswith(fault.codes)
        and fault.start <= finding.source.original_span(finding.start, finding.end)[0] <= fault.end
        for finding in findings
    )


def with_placeholder(fault: Fault) -> bytes:
    """The document of a fault with a placeholder in the first element that can follow it."""
    after = re.compile(r">[ \t]*\r?\n").search(fault.text, fault.end)
    place = after.end() if after is not None else len(fault.text)
    return f'{fault.text[:place]}<include-fragment fragment-id="${{fragment}}" />\n{fault.text[place:]}'.encode()


def test_faults_in_deployed_documents_are_found(tmp_path: Path) -> None:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside this checkout")
    made: Counter[str] = Counter()
    missed: list[tuple[str, Fault]] = []
    hidden: list[tuple[str, Fault]] = []
    (tmp_path / ".git").mkdir()
    (tmp_path / "tool.py").write_text(SCRIPT, encoding="utf-8")
    run = CheckRun(CheckProjects(CheckOptions()))
    check = ExpressionCheck()
    paths = sorted(path for path in CORPUS.rglob("*") if path.is_file())
    for number, path in enumerate(paths[:: 1 if ALL else 6]):
        source, problems = decode(path.read_bytes(), path.name)
        clean = not problems and all(found.severity != "error" for found in check_document(source, check))
        if not clean:
            continue
        for seed in range(5 if ALL else 1):
            for fault in faults(source.text, number * 10 + seed):
                made[fault.kind] += 1
                if not is_found(fault, check_document(Source(fault.text), check)):
                    missed.append((path.name, fault))
                elif not is_found(fault, run.diagnostics(with_placeholder(fault), str(tmp_path / "orders.xml"))):
                    hidden.append((path.name, fault))
    lost = Counter(fault.kind for _, fault in missed)
    for kind, count in made.items():
        print(f"{kind:<20} {count - lost[kind]:>5} of {count:>5}")
    for name, fault in missed[:40]:
        print(f"missed: {fault.kind} in {name}: {fault.text[max(0, fault.start - 60) : fault.start + 80]!r}")
    for name, fault in hidden[:40]:
        print(f"hidden: {fault.kind} in {name}: {fault.text[max(0, fault.start - 60) : fault.start + 80]!r}")
    print(f"hidden by a placeholder or a script: {len(hidden)}")
    assert len(hidden) <= 0.002 * sum(made.values())
    assert len(made) == len(KINDS)
    assert len(missed) <= 0.02 * sum(made.values())
    for kind, count in made.items():
        assert lost[kind] <= max(2, 0.05 * count), kind
