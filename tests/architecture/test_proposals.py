"""What a search finds is never taken for a proof: proofs are below it, and don't run requests."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src" / "apimpolicy"


def test_no_proof_knows_runs() -> None:
    modules = {
        node.module
        for room in ("proving", "transfer", "semantics", "terms")
        for path in (SOURCES / "reasoning" / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module is not None
    }
    runs = tuple(f"apimpolicy.reasoning.{room}" for room in ("proposing", "scenarios"))
    assert not [each for each in modules if each.startswith(runs)]
