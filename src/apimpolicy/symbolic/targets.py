"""What a search aims at."""

from __future__ import annotations

from typing import Any, NamedTuple

from apimpolicy.symbolic import solver

Term = solver.Term


class Target(NamedTuple):
    """A value that a term should have, and the one that it had."""

    term: Term
    value: Any
    before: Any
