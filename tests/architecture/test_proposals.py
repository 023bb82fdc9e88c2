"""What a proposal says is never taken for a proof: it has a type of its own, which no proof knows."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

pytest.importorskip("z3")

from apimpolicy.proposing.names import ProposedUnknowns
from apimpolicy.proposing.program import Proposals
from apimpolicy.proving.proof import Inquiry, Proof
from apimpolicy.semantics.unknowns import Unknowns

SOURCES = Path(__file__).parents[2] / "src" / "apimpolicy"
OPTIMISTIC = {"ProposedUnknowns", "ProposedRun", "ProposedInputs", "ProposedEvaluation", "Proposals"}


def test_proposals_are_no_proofs_and_have_no_answers() -> None:
    assert not issubclass(Proposals, Proof)
    answers = {name for kind in (Proof, Inquiry) for name in vars(kind) if name.startswith("decide")} | {"question"}
    assert not any(hasattr(Proposals, name) for name in answers)


def test_only_proposals_are_optimistic() -> None:
    names = {
        node.id
        for room in ("proving", "transfer", "semantics", "terms", "audit")
        for path in (SOURCES / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Name)
    }
    assert not names & OPTIMISTIC
    assert ProposedUnknowns.is_optimistic
    assert not Unknowns.is_optimistic
