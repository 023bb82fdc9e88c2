"""What is proven about claims: from the prover alone, never from a search that found nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import to_utf16
from apimpolicy.languages.language import ANYTHING, any_of_text, at_least_once, literal, one_of, optional, sequence
from apimpolicy.languages.units import of_text
from apimpolicy.proving.proof import Decision, Inquiry, Proof
from apimpolicy.semantics.values import constant_text
from apimpolicy.symbolic.inputs import BELOW, MAYBE_SLASH, SEGMENT, SEGMENTS
from apimpolicy.testing.claims.formulas import Formulas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.languages.language import Language
    from apimpolicy.semantics.state import Cell
    from apimpolicy.semantics.values import Value
    from apimpolicy.symbolic.inputs import Piece
    from apimpolicy.symbolic.world import World
    from apimpolicy.testing.claims.reading import Claim, Expressions


class Deciding:
    """Decides claims about the policies of one world. `vacuous` are those that say nothing about any request."""

    def __init__(self, world: World, claims: Sequence[Claim], expressions: Expressions) -> None:
        self.proof = Proof(
            world.program,
            world.first,
            world.variables,
            *_known_of_route(world),
            made_up=world.stand_ins or None,
            knows_variables="variable" in world.fixed,
        )
        self.formulas = Formulas(self.proof, expressions, credentials=_has_credentials(world))
        self.claims = claims
        self._inquiries: dict[int, Inquiry] = {}

    def inquiry(self, index: int) -> Inquiry:
        """Return the question whether any request breaks a claim."""
        found = self._inquiries.get(index)
        if found is None:
            formula = self.formulas.broken(self.claims[index])
            found = self._inquiries[index] = self.proof.question(formula)
        return found

    def is_vacuous(self, index: int) -> bool:
        """Return whether a proven claim says nothing: no request meets its `if`."""
        return self.proof.question(self.formulas.concerned(self.claims[index])).decide().is_proven

    def decide(self, index: int) -> Decision:
        """Return whether no request at all breaks a claim."""
        return self.inquiry(index).decide()

    def decide_under_assumptions(self, index: int) -> Decision:
        """Return whether no request that fits assumptions breaks a claim."""
        return self.inquiry(index).decide_under_assumptions()


def _known_of_route(world: World) -> tuple[dict[Cell, Value], Language | None]:
    """Return what is the same of all requests to an operation of a service, and what their paths are."""
    route = getattr(world, "route", None)
    if route is None:
        return {}, None
    known: dict[Cell, Value] = {("entity", "api id"): constant_text(to_utf16(route.api))}
    if route.method is not None:
        known["method", ""] = constant_text(to_utf16(route.method))
    return known, sequence(*map(_language_of, route.template))


def _language_of(piece: Piece) -> Language:
    """Return the texts that stand in the place of a piece of a path, as `engine.operations` matches them."""
    if piece.parameter is not None or piece.pattern is SEGMENT or piece.pattern is SEGMENTS:
        return ANYTHING if piece.pattern is SEGMENTS else at_least_once(_NOT_SLASH)
    if piece.pattern is BELOW:
        return optional(sequence(literal("/"), ANYTHING))
    if piece.pattern is MAYBE_SLASH:
        return optional(literal("/"))
    return sequence(*(any_of_text(unit.lower() + unit.upper()) for unit in piece.default))


_NOT_SLASH = one_of(~of_text("/"))


def _has_credentials(world: World) -> bool:
    """Return whether a policy chooses a backend by its id, whose credentials the backend then gets."""
    return any(step.element.get("backend-id") is not None for step in world.program.steps())
