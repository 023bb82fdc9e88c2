"""validate-client-certificate: what passes has shown a certificate, unless errors are ignored."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.terms import term as terms
from apimpolicy.transfer.effects import evaluate_all, refuse
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.unknowns.place = step.where
    unknown = run.unknowns.truth(f"whether {step.name} refuses")
    ignores = run.literal(step.element, "ignore-error")
    if ignores is not None and ignores.strip().lower() in ("", "false"):
        shown = run.unknowns.input(("there", "certificate"), terms.TRUTH)
        refuse(run, step, terms.any_of(unknown, terms.not_(shown)))
    else:
        refuse(run, step, unknown)
    run.mark(step)
