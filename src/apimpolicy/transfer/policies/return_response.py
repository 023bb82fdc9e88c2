"""return-response: the response of a policy."""

from __future__ import annotations

from apimpolicy.context.records import usual_reason
from apimpolicy.engine.steps import Step
from apimpolicy.semantics.state import ANSWER, EMPTY
from apimpolicy.semantics.values import Value, constant_number, constant_text
from apimpolicy.terms import term as terms
from apimpolicy.transfer.flow import End
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    run.mark(step)
    variable = step.element.get("response-variable-name")
    status: Value = constant_number(200)
    if variable is not None:
        run.fail(run.unknowns.truth("whether a variable has a response"), by_policy=terms.TRUE)
        status = run.inputs.status(run.next_generation())
    section, before = run.section, run.state
    run.section, run.state = "outbound", run.state.copy()
    run.state.set(status, "status")
    if variable is None:
        run.state.forget("response-header", EMPTY)
        run.state.forget("response-body", EMPTY)
        run.state.set(constant_text(usual_reason(200)), "reason")
    else:
        run.forget(*ANSWER)
    for inner in step.steps_inside():
        run.execute([inner])
    run.section = section
    if (gone := run.lose(terms.TRUE)) is not terms.FALSE:
        run.ends.append(End(gone, run.state, run.state.get("status"), by_policy=terms.TRUE))
    run.state = before
