"""set-method: another method for the request."""

from __future__ import annotations

from apimpolicy.engine.steps import Step
from apimpolicy.languages.language import any_of_text, in_ranges, repeat, union
from apimpolicy.languages.operations import ToUpper, Trim
from apimpolicy.policies.surroundings import VALIDATION_FAILED
from apimpolicy.semantics.values import Text, Value
from apimpolicy.terms import term as terms
from apimpolicy.transfer.policies.set_header import python_blanks
from apimpolicy.transfer.run import Run

_TOKEN = repeat(union(in_ranges((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)), any_of_text("!#$%&'*+.^_`|~-")))


def transfer(run: Run, step: Step) -> None:
    value = run.text(run.content(step.element))
    found = run.each([value], lambda leaf: _method(run, leaf))
    run.state.set(found, "method")
    run.mark(step)


def _method(run: Run, leaf: Value) -> Value:
    assert isinstance(leaf, Text)
    trimmed = terms.applied(Trim(python_blanks().bits), leaf.term)
    if terms.member(trimmed, _TOKEN) is not terms.TRUE:
        run.fail(terms.not_(terms.member(trimmed, _TOKEN)), reason=VALIDATION_FAILED)
    return Text(terms.applied(ToUpper(), trimmed))
