"""Deep code runs in a thread that is kept for the next."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from apimpolicy.csharp.syntax.depth import ORDINARY_DEPTH, with_room

DEEP = ORDINARY_DEPTH + 1


def test_a_worker_is_kept() -> None:
    first, second = (with_room(DEEP, threading.current_thread) for _ in range(2))
    assert first is second is not threading.current_thread()


def test_an_error_reaches_the_caller_and_the_worker_goes_on() -> None:
    with pytest.raises(KeyError, match="missing"):
        with_room(DEEP, {}.__getitem__, "missing")
    assert with_room(DEEP, len, "abc") == 3


def test_deep_code_inside_of_deep_code_and_beside_it() -> None:
    def down(levels: int) -> int:
        return 0 if not levels else 1 + down(levels - 1)

    assert with_room(DEEP, lambda: with_room(DEEP, down, 3000)) == 3000
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda n: with_room(DEEP, down, n), range(2000, 2040))) == list(range(2000, 2040))
