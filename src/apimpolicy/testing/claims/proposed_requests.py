"""Requests that may break claims: from optimistic models, then from what varies these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.proposing.variations import Variations
from apimpolicy.testing.claims.formulas import Formulas
from apimpolicy.testing.claims.sent_requests import base_of
from apimpolicy.testing.claims.static_proofs import has_credentials, route_proposals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.harness import Harness, Run
    from apimpolicy.testing.claims.reading import Claim, Expressions

_MOST_MODELS = 6
_MOST_BASES = 4


class ProposedRequests:
    """Proposes requests that break claims about the policies of one harness."""

    def __init__(self, harness: Harness, claims: Sequence[Claim], expressions: Expressions) -> None:
        self.harness = harness
        self.claims = claims
        self.proposals = route_proposals(harness)
        self.formulas = Formulas(
            self.proposals, expressions, base_of(harness), has_credentials=has_credentials(harness)
        )

    def of(self, index: int) -> Iterator[Assignment]:
        """Yield requests that may break a claim, those with the fewest inputs first."""
        yield from self.proposals.requests(self.formulas.broken(self.claims[index]), _MOST_MODELS)

    def around(
        self, bases: Sequence[Assignment], send: Callable[[Assignment], Run | None], most: int
    ) -> Iterator[Assignment]:
        """Yield requests that differ a little from some."""
        yield from Variations(self.harness, self.proposals, send).around(bases[:_MOST_BASES], most)
