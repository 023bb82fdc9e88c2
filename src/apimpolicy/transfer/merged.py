"""A program over all requests at once: what proofs and proposals of requests have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.languages.language import TooLarge
from apimpolicy.semantics.unknowns import Unsupported
from apimpolicy.semantics.values import NULL, Value, constant_number, constant_text, constant_truth
from apimpolicy.syntax.depth import Frames
from apimpolicy.terms import term as terms
from apimpolicy.transfer.pipeline import outcome_of
from apimpolicy.transfer.run import Run, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apimpolicy.emit.expression import CompiledExpression
    from apimpolicy.engine.steps import Program
    from apimpolicy.languages.language import Language
    from apimpolicy.semantics.inputs import Inputs
    from apimpolicy.semantics.state import Cell, State
    from apimpolicy.semantics.unknowns import Unknowns
    from apimpolicy.terms.term import Term
    from apimpolicy.transfer.run import End

FRAMES = 50_000
"""Values and terms of long documents are deep."""


class Merged:
    """A program over all requests at once; `path` are the paths of their URLs, `watched` nodes keep their outcomes."""

    def __init__(
        self, program: Program, run: Run, path: Language | None = None, watched: Mapping[int, bool] | None = None
    ) -> None:
        self.unknowns: Unknowns = run.unknowns
        self.inputs: Inputs = run.inputs
        self.unknowns.watched.update(watched or {})
        self._evaluation = run.evaluation
        if path is not None:
            variable = self.unknowns.input(("url", "Path"), terms.TEXT)
            self.unknowns.know(variable, terms.member(variable, path))
        with Frames(FRAMES):
            self.outcome = outcome_of(program, run)
        self.ends: list[End] = self.outcome.ends

    def expression(self, compiled: CompiledExpression, state: State) -> Term:
        """Return where an expression over a state is true, and doesn't throw."""
        unknowns = self.unknowns
        watched, unknowns.watched = unknowns.watched, {}
        before = unknowns.heap, unknowns.bodies
        unknowns.heap = unknowns.bodies = 0
        unknowns.place = lambda: place_of(compiled.excerpt)
        evaluation = self._evaluation(unknowns, state.copy())
        try:
            with Frames(FRAMES):
                value = evaluation.run(compiled.bound.body, compiled.type)
                return terms.all_of(evaluation.truth(value), terms.not_(evaluation.throws))
        except (Unsupported, TooLarge) as problem:
            return unknowns.truth(str(problem) or "a string with too many cases")
        finally:
            unknowns.heap, unknowns.bodies = before
            unknowns.watched = watched


def fixed_cells(variables: Mapping[str, Any]) -> Iterator[tuple[Cell, Value]]:
    """Yield the cells of variables whose values every request begins with."""
    for name, value in variables.items():
        known = _constant(value)
        if known is not None:
            yield ("variable", name), known


def _constant(value: Any) -> Value | None:
    if value is None:
        return NULL
    if isinstance(value, bool):
        return constant_truth(value)
    if isinstance(value, int) and -(1 << 31) <= value < 1 << 31:
        return constant_number(value)
    if isinstance(value, str) and not value.startswith("@") and value.isascii():
        return constant_text(value)
    return None
