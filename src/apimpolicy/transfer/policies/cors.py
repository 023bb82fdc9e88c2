"""cors: it may respond to requests from another origin."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.semantics.values import constant_number, is_there
from apimpolicy.terms import term as terms
from apimpolicy.transfer.effects import evaluate_all
from apimpolicy.transfer.run import Run

HEADERS = frozenset(
    (
        *(f"access-control-allow-{name}" for name in ("origin", "credentials", "methods", "headers")),
        *("access-control-expose-headers", "access-control-max-age", "vary"),
    )
)
"""The headers that it adds to responses."""


def transfer(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.unknowns.place = step.where
    run.add_headers(HEADERS)
    answers = terms.all_of(is_there(run.state.get("header", "origin")), run.unknowns.truth("whether cors answers"))
    run.end(answers, constant_number(200), HEADERS)
    run.mark(step)
