"""set-variable: one cell, with the value as it is."""

from __future__ import annotations

from apimpolicy.dotnet.values import to_utf16
from apimpolicy.engine.steps import Step
from apimpolicy.semantics.values import Function, Host, Pattern, Value, constant_text
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    name = run.literal(step.element, "name")
    value = run.attribute(step, "value", constant_text(""))
    kept = run.each([value], lambda leaf: _kept(run, leaf), is_text=False)
    if name is None:
        run.forget("variable")
    else:
        run.state.set(kept, "variable", to_utf16(name))
    run.mark(step)


def _kept(run: Run, leaf: Value) -> Value:
    """Return the value for later expressions: unknown if it shows the present state."""
    if isinstance(leaf, (Host, Function, Pattern)):
        return run.unknowns.value("object", "a variable that holds an object of the gateway", null=False)
    return leaf
