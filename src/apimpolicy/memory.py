"""Free memory in long-running processes: the language server, gateways, `--watch`.

The elements of a document refer to each other, so that only Python's collector frees them. Short commands disable
it, because a collection costs time and gains nothing; a long-running process decides when it runs.
"""

from __future__ import annotations

import gc
from typing import Final

_MANY: Final = 20_000
"""Objects that have survived since the last full collection, above which the next one is full."""


def collect() -> None:
    """Free everything that is no longer used. Takes some 50 ms: call it while the process is idle.

    Surviving objects are frozen: `collect_new` does not visit them again.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def collect_new() -> None:
    """Free objects created and dropped since the last full collection. Takes about a millisecond."""
    gc.collect()
    if len(gc.get_objects()) > _MANY:
        collect()
