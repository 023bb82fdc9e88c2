"""rewrite-uri: another path and query; what they are is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Step
    from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    run.attribute(step, "template")
    run.attribute(step, "copy-unmatched-params")
    run.fail(run.unknowns.truth("whether rewrite-uri fails"), source=step.name, reason=None)
    run.forget("url", "query")
    for name in ("Host", "Scheme", "Port"):
        run.state.set(run.state.first("url", name), "url", name)
    run.mark(step)
