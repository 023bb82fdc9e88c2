"""Outcomes of mutants for programs: `mutate --format json`.

    {"version": 1,
     "tool": {"name": "apimpolicy", "version": "0.1.0"},
     "summary": {"changes": 14, "killed": 11, "survived": 3, "invalid": 0, "unjudged": 0, "suppressed": 2,
                 "percent": 78.57, "seconds": 0.22},
     "checks": {"certificate": {"noticed": true, "sentence": "Without the certificate check, …"},
                "token": null, "limit": {"noticed": false, "sentence": "…"}},
     "mutants": [{"path": "orders.xml", "line": 5, "column": 32, "kind": "operand", "description": "without `…`",
                  "start": 120, "end": 180, "replacement": "…", "status": "survived", "tests": ["…"], "killed_by": null,
                  "problem": null, "reason": null, "diff": "-…\\n+…", "removes": ["certificate"], "about": []}]}

`percent` is the share of `killed` in `changes` (`killed` and `survived`). A check is null when no tried change removes
one. `start` and `end` count characters of the file from 0; lines and columns count from 1. The schema is
`apimpolicy/schemas/apimpolicy-mutate-output.schema.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.report.columns import printable
from apimpolicy.report.harmless import to_json
from apimpolicy.report.mutation_data import CHECKS
from apimpolicy.report.mutation_text import Score, check_sentence, would_notice
from apimpolicy.report.places import path_from_here

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.report.mutation_data import MutantOutcome

VERSION = 1


def mutation_to_json(outcomes: Sequence[MutantOutcome], seconds: float, tool_version: str) -> str:
    """Return the whole report, indented, without a final line end."""
    score = Score.of(outcomes)
    report = {
        "version": VERSION,
        "tool": {"name": "apimpolicy", "version": tool_version},
        "summary": {
            "changes": score.killed + score.survived,
            "killed": score.killed,
            "survived": score.survived,
            "invalid": score.invalid,
            "unjudged": score.unjudged,
            "suppressed": score.suppressed,
            "percent": round(score.percent, 2),
            "seconds": round(seconds, 3),
        },
        "checks": {check: _result(outcomes, check) for check in CHECKS},
        "mutants": [_mutant(outcome) for outcome in outcomes],
    }
    return to_json(report, indent=2, ensure_ascii=True)


def _result(outcomes: Sequence[MutantOutcome], check: str) -> dict[str, Any] | None:
    noticed = would_notice(outcomes, check)
    return None if noticed is None else {"noticed": noticed, "sentence": check_sentence(outcomes, check)}


def _mutant(outcome: MutantOutcome) -> dict[str, Any]:
    mutant = outcome.mutant
    return {
        "path": printable(path_from_here(mutant.path)),
        "line": mutant.line,
        "column": mutant.column,
        "kind": mutant.kind,
        "description": mutant.description,
        "start": mutant.start,
        "end": mutant.end,
        "replacement": mutant.text,
        "status": outcome.status,
        "tests": list(mutant.tests),
        "killed_by": outcome.killed_by or None,
        "problem": outcome.problem or None,
        "reason": mutant.reason or None,
        "diff": outcome.diff or None,
        "removes": list(mutant.removes),
        "about": list(mutant.about),
    }
