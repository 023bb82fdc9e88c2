"""Requests that reach goals of a policy: from models of it, and for what these don't reach from a concolic search.

The search proposes assignments only; each counts once it has run in the harness of the models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.concolic.explorer import Explorer
from apimpolicy.concolic.harness import Harness as SearchHarness
from apimpolicy.proposing.finder import Finder
from apimpolicy.scenarios.bounds import Bounds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from apimpolicy.concolic.harness import Run
    from apimpolicy.scenarios.assignments import Assignment
    from apimpolicy.scenarios.exploration import Exploration
    from apimpolicy.scenarios.goals import Goal
    from apimpolicy.scenarios.harness import Harness

_SHARE = 0.25
"""Of the seconds, for the models."""
_PATIENCE = 80
"""Requests in a row that reach nothing new, after which the search takes over from the models."""
_MOST_RUNS, _MOST_PATIENCE = 1500, 250
"""Of the search, unless the bounds are smaller."""
_MOST_BEGINS = 12


def find_requests(
    harness: Harness,
    bounds: Bounds | None = None,
    *,
    wanted: Iterable[Goal] | None = None,
    starts: Iterable[Assignment] = (),
) -> Exploration:
    """Return what reaches goals; all goals of the harness unless some are `wanted`."""
    bounds = bounds or Bounds()
    finder = Finder(harness, _within(bounds, seconds=bounds.seconds * _SHARE, patience=_PATIENCE), wanted=wanted)
    found = finder.explore(starts)
    missing = finder.wanted - found.found.keys()
    left = bounds.seconds - found.statistics.seconds
    if not missing or not found.runs or left <= 0:
        return found

    def confirm(run: Run) -> bool:
        if run.reached - found.found.keys():
            before = len(found.found)
            finder.run(run.assignment)
            found.statistics.by_search += len(found.found) - before
        return missing <= found.found.keys()

    known = {id(run): run for run in found.found.values()}
    begins = [run.assignment for run in sorted(known.values(), key=lambda run: -len(run.reached))]
    found.statistics.seconds += search(harness, left, begins[:_MOST_BEGINS], confirm, bounds=bounds, wanted=missing)
    return found


def search(
    harness: Harness,
    seconds: float,
    starts: Iterable[Assignment],
    on_run: Callable[[Run], bool],
    *,
    bounds: Bounds,
    wanted: Iterable[Goal] | None = None,
) -> float:
    """Call `on_run` for each request of a search, until it returns True, and return the seconds of processor time.

    Without `wanted`, all paths are looked for.
    """
    within = _within(bounds, seconds=seconds, runs=_MOST_RUNS, patience=_MOST_PATIENCE)
    explorer = Explorer(SearchHarness(harness), within, exhaustive=wanted is None, wanted=wanted, on_run=on_run)
    return explorer.explore(starts).statistics.seconds


def _within(bounds: Bounds, **most: float) -> Bounds:
    """Return bounds of which none is larger than given."""
    given = {name: getattr(bounds, name) for name in Bounds._fields}
    return Bounds(**{name: min(value, most.get(name, value)) for name, value in given.items()})
