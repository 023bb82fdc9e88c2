"""set-query-parameter: a parameter of the query; the query string is written anew."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.languages.language import in_ranges, repeat
from apimpolicy.semantics.values import Text, Value, constant_text, merge
from apimpolicy.terms import term as terms
from apimpolicy.transfer.policies.set_header import set_field
from apimpolicy.transfer.run import Run

_WITHOUT_PAIRS = repeat(in_ranges((0, 0xD7FF), (0xE000, 0xFFFF)))


def transfer(run: Run, step: Step) -> None:
    name = run.constant(run.attribute(step, "name"))
    action = run.constant(run.attribute(step, "exists-action", constant_text("override")))
    values = [run.each([run.text(value)], lambda leaf: _encoded(run, leaf)) for value in run.contents(step, "value")]
    run.forget_cell("url", "QueryString")
    if name is None:
        run.fail(run.unknowns.truth("the name of a parameter"))
        run.forget("query")
    else:
        set_field(run, "query", name.lower(), action or "", values)
    run.mark(step)


def _encoded(run: Run, leaf: Value) -> Value:
    """Return a text after it was percent-encoded and decoded again: halves of pairs are lost."""
    assert isinstance(leaf, Text)
    is_whole = terms.member(leaf.term, _WITHOUT_PAIRS)
    if is_whole is terms.TRUE:
        return leaf
    return merge(is_whole, leaf, Text(run.unknowns.fresh(terms.TEXT, "a parameter with a surrogate pair")))
