"""The outcome of a request in words, for reports of comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.report.difference_data import Journey
from apimpolicy.report.explanation import explain

if TYPE_CHECKING:
    from apimpolicy.engine.result import Result


def journey_of(result: Result) -> Journey:
    """Return the outcome of a request in words."""
    explanation = explain(result)
    return Journey(explanation.outcome, explanation.decided_by, explanation.path, str(explanation))
