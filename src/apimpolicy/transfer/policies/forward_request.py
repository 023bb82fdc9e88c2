"""forward-request: the request as it is now reaches the backend, which responds.

A request isn't sent where the backend's address is unusable or its circuit is open. The address of an API and constant
base URLs are usable.
"""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.semantics.state import ANSWER
from apimpolicy.semantics.values import Number, Text, constant_truth, where
from apimpolicy.terms import term as terms
from apimpolicy.transfer.effects import evaluate_all
from apimpolicy.transfer.flow import Sent
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    evaluate_all(run, step)
    run.answered(step)
    unknowns = run.unknowns
    unknowns.place = step.where
    _fail_before_sending(run)
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


def _fail_before_sending(run: Run) -> None:
    first = run.state.first("backend")
    is_usable = where(run.state.get("backend"), lambda leaf: terms.truth(isinstance(leaf, Text) or leaf is first))
    if not run.has_address or run.open_statuses:
        is_usable = terms.FALSE
    if is_usable is not terms.TRUE:
        run.fail_at_service("the address of the backend", by_backend=terms.TRUE, only=terms.not_(is_usable))
