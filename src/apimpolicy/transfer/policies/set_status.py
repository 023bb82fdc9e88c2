"""set-status: the status of the response."""

from __future__ import annotations

from apimpolicy.context.records import usual_reason
from apimpolicy.engine.steps import Step
from apimpolicy.policies.surroundings import VALIDATION_FAILED
from apimpolicy.semantics.values import NULL, Number, constant_text
from apimpolicy.transfer.policies.set_header import breaks
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    status = run.status(run.attribute(step, "code"))
    reason = run.attribute(step, "reason")
    if reason is not NULL:
        reason = run.text(reason)
        run.fail(breaks(reason), reason=VALIDATION_FAILED)
        run.state.set(reason, "reason")
    elif isinstance(status, Number) and status.constant is not None:
        run.state.set(constant_text(usual_reason(status.constant)), "reason")
    else:
        run.forget_cell("reason")
    run.state.set(status, "status")
    run.mark(step)
