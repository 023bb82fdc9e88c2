"""Evaluation of expressions for proposals: an unknown expression changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.semantics.evaluation import Evaluation

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.dotnet.types import Type
    from apimpolicy.semantics.values import Value


class ProposedEvaluation(Evaluation):
    """The state of one evaluation."""

    def give_up(self, what: str, type_: Type) -> Value:
        self.is_given_up = True
        self.throws = self.unknowns.truth(what)
        return self.unknowns.value(str(type_), what)

    def note_unknown(self, body: Bound) -> None:
        """Note nothing: a model would propose what no request shows."""

    def change(self, *, may_reach_gateway: bool = False) -> None:
        """Keep everything as it is: a run shows what an expression changes."""
