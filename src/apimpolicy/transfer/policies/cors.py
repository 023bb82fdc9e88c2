"""cors: it may answer requests that come from another origin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.semantics.values import ABSENT, Choice, Value, constant_number
from apimpolicy.terms import term as terms
from apimpolicy.transfer.effects import evaluate_all

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Step
    from apimpolicy.terms.term import Term
    from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.unknowns.place = step.where
    run.adds_headers = True
    answers = terms.all_of(is_there(run.state.get("header", "origin")), run.unknowns.truth("whether cors answers"))
    run.end(answers, constant_number(200))
    run.mark(step)


def is_there(field: Value) -> Term:
    """Return whether a header or parameter is there."""
    if isinstance(field, Choice):
        return terms.choice(field.condition, is_there(field.then), is_there(field.otherwise))
    return terms.truth(field is not ABSENT)
