"""What the debugger costs when it is off, and what it costs when it is on: `python benchmarks/debugging.py [REQUESTS]`.

Requests through the client-certificate example: in a process that has never imported the debugger, in one that has run
a debug session before, and observed without a breakpoint. The first two are to differ by nothing; they take turns, and
what counts is the least of several turns.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from apimpolicy import Gateway, Request

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = Path(__file__).parents[1] / "examples" / "client-certificate" / "orders.xml"
TURNS = 9


def least(run: Callable[[], None], requests: int) -> float:
    """Microseconds of processor time of a request."""
    begin = time.process_time()
    for _ in range(requests):
        run()
    return (time.process_time() - begin) / requests * 1e6


def plain() -> None:
    gateway.run(POLICY, REQUEST)


def observed() -> None:
    """As a debug session without breakpoints does it."""
    from apimpolicy.editor.debugger import Debugger
    from apimpolicy.gateway.engine.observation import observed_by

    debugger = Debugger(lambda *_: None, lambda *_: None)
    with observed_by(debugger):
        sys.settrace(debugger.trace)
        try:
            gateway.run(POLICY, REQUEST)
        finally:
            sys.settrace(None)


def main(requests: int) -> None:
    plain()
    before = min(least(plain, requests) for _ in range(TURNS))
    assert "apimpolicy.editor.debugger" not in sys.modules
    observed()
    after = min(least(plain, requests) for _ in range(TURNS))
    debugged = min(least(observed, requests // 10 or 1) for _ in range(3))
    print(f"a request, the debugger never loaded    {before:8.1f} µs")
    print(f"a request, after a debug session        {after:8.1f} µs   ratio {after / before:.3f}")
    print(f"a request under the debugger            {debugged:8.1f} µs   ratio {debugged / before:.1f}")


gateway = Gateway()
REQUEST = Request("GET", "/orders")

if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
