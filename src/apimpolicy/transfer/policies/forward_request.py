"""forward-request: the request as it is now reaches the backend, which responds."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.semantics.state import ANSWER
from apimpolicy.semantics.values import Number, constant_truth
from apimpolicy.terms import term as terms
from apimpolicy.transfer.effects import evaluate_all
from apimpolicy.transfer.flow import Sent
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.answered(step)
    unknowns = run.unknowns
    unknowns.place = step.where
    run.fail_at_service("the address of the backend", by_backend=terms.TRUE)
    run.sent.append(Sent(run.alive, run.state.copy()))
    if step.element.get("follow-redirects") is not None:
        run.sent.append(Sent(terms.all_of(run.alive, unknowns.truth("a redirect from the backend")), None))
    run.state.set(constant_truth(True), "reached")
    run.fail(unknowns.chance("the backend's failure"), by_backend=terms.TRUE)
    status = run.inputs.status(run.next_generation())
    run.state.set(status, "status")
    run.state.set(constant_truth(True), "has-response")
    run.forget(*ANSWER)
    fails = run.literal(step.element, "fail-on-error-status-code")
    if fails is None or fails.strip().lower() not in ("", "false"):
        assert isinstance(status, Number)
        least, most = terms.number(400), terms.number(599)
        is_error = terms.all_of(terms.at_most(least, status.term), terms.at_most(status.term, most))
        if fails is None:
            is_error = terms.all_of(is_error, unknowns.truth("the attribute fail-on-error-status-code"))
        run.fail(is_error, status, by_backend=terms.TRUE, keeps_headers=True)
    run.mark(step)
