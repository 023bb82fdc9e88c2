"""set-body: another body; what is in it is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.semantics.values import ABSENT

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Step
    from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    has_template = step.element.get("template") is not None
    content = run.content(step.element, step)
    is_request = run.header_kind() == "header"
    if is_request:
        run.fail(run.unknowns.truth("whether set-body has a body to replace"), source=step.name, reason=None)
    if has_template:
        run.fail(run.unknowns.truth("whether a template can be rendered"), source=step.name, reason=None)
    run.forget_cell("body" if is_request else "response-body")
    run.unknowns.use_up()
    if not is_request and not has_template and run.constant(content) is not None:
        run.state.set(content, "response-body", "text")
    run.state.set(ABSENT, run.header_kind(), "content-length")
    run.forget_cell(run.header_kind(), "content-type")
    run.mark(step)
