"""cors: it may respond to requests from another origin."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.semantics.values import constant_number
from apimpolicy.terms import term as terms
from apimpolicy.transfer.effects import evaluate_all
from apimpolicy.transfer.run import Run, is_there


def transfer(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.unknowns.place = step.where
    run.adds_headers = True
    answers = terms.all_of(is_there(run.state.get("header", "origin")), run.unknowns.truth("whether cors answers"))
    run.end(answers, constant_number(200))
    run.mark(step)
