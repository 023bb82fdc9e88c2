"""Freeing memory in processes that go on: the language server, gateways, `--watch`.

The elements of a document refer to each other, so that only Python's collector frees them. Commands that end soon keep
it from running, because a run costs time and gains nothing; a process that goes on says when it may run.
"""

from __future__ import annotations

import gc
from typing import Final

_MANY: Final = 20_000
"""Objects that have survived since the last full collection, above which the next one is full."""


def collect() -> None:
    """Free everything that is no longer used; it takes some 50 ms, so call it when nobody waits.

    What survives is frozen: `collect_new` does not look through it again.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def collect_new() -> None:
    """Free what was made and dropped since the last full collection; it takes about a millisecond."""
    gc.collect()
    if len(gc.get_objects()) > _MANY:
        collect()
