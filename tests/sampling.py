"""Costly tests: a sample of their rows in every run, everything at night (`NIGHTLY=1`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

IS_NIGHTLY = bool(os.environ.get("NIGHTLY"))
nightly = pytest.mark.skipif(not IS_NIGHTLY, reason="takes long: runs at night, with NIGHTLY=1")
_Row = TypeVar("_Row")


def examples(most: int) -> int:
    """Return the number of generated examples of a test: a third of them, and all at night."""
    return most if IS_NIGHTLY else most // 3


def sampled(rows: Iterable[_Row], most: int) -> list[_Row]:
    """Return at most so many rows, evenly spread and always the same; all rows at night."""
    every = list(rows)
    if IS_NIGHTLY or len(every) <= most:
        return every
    return [every[number * len(every) // most] for number in range(most)]
