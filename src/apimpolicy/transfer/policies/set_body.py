"""set-body: another body: a text that is known where it is ASCII; what a template makes is not known."""

from __future__ import annotations

from apimpolicy.engine.evaluation import literal_content
from apimpolicy.engine.steps import Step
from apimpolicy.semantics.forms.context import WRITTEN, is_utf8
from apimpolicy.semantics.values import ABSENT, Opaque, Text, Value, leaves, merge
from apimpolicy.transfer.run import Run


def transfer(run: Run, step: Step) -> None:
    has_template = step.element.get("template") is not None
    content = _content(run, step)
    is_request = run.header_kind() == "header"
    kind = "body" if is_request else "response-body"
    if is_request:
        run.fail(run.lacks_body())
    if has_template:
        run.fail(run.unknowns.truth("whether a template can be rendered"))
    run.forget_cell(kind)
    run.unknowns.use_up()
    _state_utf8(run, step)
    if not has_template and all(isinstance(leaf, Text) for leaf in leaves(content)):
        found = run.each([content], lambda leaf: _written(run, kind, leaf), is_text=False)
        run.state.set(found, kind)
        if not is_request and run.constant(content) is not None:
            run.state.set(content, "response-body", "text")
    run.state.set(ABSENT, run.header_kind(), "content-length")
    run.mark(step)


def _content(run: Run, step: Step) -> Value:
    """Return the content, with its white space."""
    if step.element.expression is not None:
        return run.evaluate(step.element.expression)
    return run.written_content(step.element, literal_content(step.element))


def _written(run: Run, kind: str, leaf: Value) -> Value:
    """Return a body of which later reads know the text, until it is used up."""
    assert isinstance(leaf, Text)
    return Opaque((WRITTEN, kind, leaf.term, run.unknowns.bodies), "IMessageBody", run.unknowns.heap)


def _state_utf8(run: Run, step: Step) -> None:
    """Keep a content type that states no character set; another one is made UTF-8."""
    old = run.state.get(run.header_kind(), "content-type")
    new = run.inputs.make((run.header_kind(), "content-type"), run.next_generation())
    kept = merge(is_utf8(old), old, new)
    run.state.set(kept, run.header_kind(), "content-type")
