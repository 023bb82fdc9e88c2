"""Messages of `new test` before it searches for cases."""

from __future__ import annotations

from apimpolicy.checkout import open_bytes
from apimpolicy.cli.program import say


def announce_search(policy: str) -> None:
    """Print on stderr what limits the search, if anything does."""
    from apimpolicy.testing.case_search import has_solver

    if not has_solver():
        say("no search without a solver, so most branches get no case: pip install 'apimpolicy[prove]'")
        return
    from apimpolicy.scenarios.bounds import Bounds

    most = Bounds().decisions
    if (count := _conditions(policy)) > most:
        say(f"{policy} has {count:,} conditions, and a search follows at most {most:,}: it may find no request")


def _conditions(path: str) -> int:
    """Return about how many conditions a policy has."""
    try:
        with open_bytes(path) as file:
            return file.read().count(b"condition=")
    except OSError:
        return 0
