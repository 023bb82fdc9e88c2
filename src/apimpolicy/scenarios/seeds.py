"""Seeds that give certain random numbers, and GUIDs that have certain hash codes."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING

from apimpolicy.dotnet.system.randoms import Random

if TYPE_CHECKING:
    from apimpolicy.scenarios.assignments import Assignment

_Draw = tuple[int, int, int, float]
"""The index of a random number, its bounds, and its value."""
MOST_SEEDS = 5_000
"""The seeds that are tried for the wanted numbers."""


def guid_of(hash_code: int) -> str:
    """Return a GUID that has this hash code."""
    return f"{hash_code & 0xFFFFFFFF:08x}-0000-0000-0000-000000000000"


def with_seeds(assignment: Assignment) -> Assignment:
    """Add hash codes that seed generators so that they give the wanted random numbers."""
    wanted: dict[str, list[_Draw]] = defaultdict(list)
    for key, value in assignment.items():
        if key[0] == "seeded":
            wanted[key[1]].append((int(key[2]), int(key[3]), int(key[4]), value))
    found = dict(assignment)
    for name, draws in wanted.items():
        key, made = tuple(name.split("|")), tuple(sorted(draws))
        known = assignment.get(key)
        seed = known if known is not None and _gives(known, made) else _seed_of(made)
        if seed is not None:
            found[key] = seed
    return found if wanted else assignment


@lru_cache(maxsize=1000)
def _seed_of(draws: tuple[_Draw, ...]) -> int | None:
    return next((seed for seed in range(1, MOST_SEEDS) if _gives(seed, draws)), None)


def _gives(seed: int, draws: tuple[_Draw, ...]) -> bool:
    generator, passed = Random(seed), 0
    for number, least, most, value in draws:
        for _ in range(number - passed):
            generator.next()
        passed = number + 1
        if (generator.next_double() if (least, most) == (0, 1) else generator.next_between(least, most)) != value:
            return False
    return True
