"""check-header: a header that has to be there, with one of some values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.engine.steps import Step
from apimpolicy.languages.language import Language, TooLarge, literal, one_of, sequence, union
from apimpolicy.languages.units import of_text
from apimpolicy.semantics.values import Field, Text, Value, constant_number, constant_text, is_there, where
from apimpolicy.terms import term as terms
from apimpolicy.transfer.run import Run

if TYPE_CHECKING:
    from apimpolicy.terms.term import Term


def transfer(run: Run, step: Step) -> None:
    name = run.constant(run.attribute(step, "name"))
    status = run.status(run.attribute(step, "failed-check-httpcode", constant_number(400)))
    run.attribute(step, "failed-check-error-message")
    ignores = run.constant(run.attribute(step, "ignore-case", constant_text("false")))
    values = [run.constant(value) for value in run.contents(step, "value")]
    run.unknowns.place = step.where
    run.fail(terms.not_(_passes(run, name, values, ignores)), status, by_policy=terms.TRUE)
    run.mark(step)


def _passes(run: Run, name: str | None, values: list[str | None], ignores: str | None) -> Term:
    """Return where the header has an allowed value; unknown where that can't be decided."""
    unknown = run.unknowns.truth("whether check-header passes")
    if name is None:
        return unknown
    field = run.state.get("header", name.strip().lower())
    present = is_there(field)
    if not values:
        return present
    language = _allowed(values, ignores)
    if language is None:
        return terms.all_of(present, unknown)

    def is_allowed(leaf: Value) -> Term:
        return terms.member(leaf.term, language) if isinstance(leaf, Text) else terms.FALSE

    def fits(leaf: Value) -> Term:
        if not isinstance(leaf, Field):
            return terms.FALSE
        parts = [where(item, is_allowed) for item in leaf.items]
        return terms.any_of(*parts, *([unknown] if leaf.repeats else []))

    try:
        return where(field, fits)
    except TooLarge:
        return terms.all_of(present, unknown)


def _allowed(values: list[str | None], ignores: str | None) -> Language | None:
    """Return the values that are allowed; None where they are not known."""
    known = [value.strip() for value in values if value is not None]
    if len(known) < len(values) or ignores is None:
        return None
    if ignores.strip().lower() != "true":
        return union(*map(literal, known))
    if not all(value.isascii() for value in known):
        return None
    return union(*(sequence(*(one_of(of_text(_alike(unit))) for unit in value)) for value in known))


def _alike(unit: str) -> str:
    """Return the units that `str.lower` makes the same as this one."""
    lower = unit.lower()
    return "".join({lower, lower.upper(), *([chr(0x212A)] if lower == "k" else [])})
