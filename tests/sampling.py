"""Rows of costly tests: a sample in every run, all of them at night (`NIGHTLY=1`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

_Row = TypeVar("_Row")


def sampled(rows: Iterable[_Row], most: int) -> list[_Row]:
    """Return at most so many rows, evenly spread and always the same; all rows at night."""
    every = list(rows)
    if os.environ.get("NIGHTLY") or len(every) <= most:
        return every
    return [every[number * len(every) // most] for number in range(most)]
