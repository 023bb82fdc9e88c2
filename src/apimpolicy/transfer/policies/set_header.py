"""set-header: a header of the request or of the response."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from apimpolicy.engine.steps import Step
from apimpolicy.languages import units
from apimpolicy.languages.language import any_of_text, containing
from apimpolicy.languages.operations import Trim
from apimpolicy.policies.set_header import PROTECTED
from apimpolicy.policies.surroundings import VALIDATION_FAILED
from apimpolicy.semantics.values import ABSENT, Field, Text, Value, constant_text, over, where
from apimpolicy.terms import term as terms
from apimpolicy.transfer.run import Run

if TYPE_CHECKING:
    from apimpolicy.languages.units import Units

_BREAKS = containing(any_of_text("\r\n\0"))


def transfer(run: Run, step: Step) -> None:
    name = run.constant(run.attribute(step, "name"))
    action = run.constant(run.attribute(step, "exists-action", constant_text("override")))
    values = [header_value(run, value) for value in run.contents(step, "value")]
    kind = run.header_kind()
    attribute = step.element.get("name")
    if attribute is not None and attribute.value.expression is not None:
        run.fail(run.unknowns.truth("whether the name of a header is valid"))
    if name is None:
        run.fail(run.unknowns.truth("the name of a header"))
        run.forget(kind)
    else:
        set_field(run, kind, name.strip().lower(), action or "", values)
    run.mark(step)


def header_value(run: Run, value: Value) -> Value:
    """Return a value as a header has it: without blanks around it, and without line breaks."""

    def form(leaf: Value) -> Value:
        assert isinstance(leaf, Text)
        return Text(terms.applied(Trim(python_blanks().bits), leaf.term))

    found = run.each([run.text(value)], form)
    run.fail(breaks(found), reason=VALIDATION_FAILED)
    return found


def breaks(value: Value) -> terms.Term:
    """Return where a text has line breaks or U+0000, which headers and reason phrases must not have."""
    return where(value, lambda leaf: terms.member(leaf.term, _BREAKS) if isinstance(leaf, Text) else terms.FALSE)


@functools.cache
def python_blanks() -> Units:
    """Return the units that `str.strip` takes away."""
    return units.of_text(unit for unit in map(chr, range(units.COUNT)) if unit.isspace())


def set_field(run: Run, kind: str, name: str, action: str, values: list[Value]) -> None:
    """Change the values of a name according to `exists-action`."""
    old = run.state.get(kind, name)
    if (kind != "query" and name in PROTECTED) or (name == "server" and kind == "response-header"):
        run.forget_cell(kind, name)
        return
    new: Value = ABSENT if not values else run.each(values, lambda *texts: _field(texts))
    match action:
        case "delete":
            new = ABSENT
        case "skip":
            new = over(old, lambda leaf: new if leaf is ABSENT else leaf)
        case "append" if values:
            new = _appended(run, old, values)
        case "append":
            new = old
        case "override":
            pass
        case _:  # unknown
            run.fail(run.unknowns.truth("the attribute exists-action"))
            run.forget_cell(kind, name)
            return
    run.state.set(new, kind, name)


def _field(texts: tuple[Value, ...]) -> Field:
    parts: list[terms.Term] = []
    for text in texts:
        assert isinstance(text, Text)
        parts += [terms.text(","), text.term] if parts else [text.term]
    return Field(terms.joined(*parts), texts)


def _appended(run: Run, old: Value, values: list[Value]) -> Value:
    def appended(texts: tuple[Value, ...]) -> Value:
        def to(leaf: Value) -> Value:
            added = _field(texts)
            if not isinstance(leaf, Field):
                return added
            joined = terms.joined(leaf.joined, terms.text(","), added.joined)
            if leaf.repeats:
                return Field(joined, leaf.items, repeats=True)
            return Field(joined, (*leaf.items, *texts))

        return over(old, to)

    return run.each(values, lambda *texts: appended(texts))
