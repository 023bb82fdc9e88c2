"""The search for the cases of a first test file, as `new test` starts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.cli.program import say

if TYPE_CHECKING:
    from apimpolicy.testing.first_cases import FirstCases


def _conditions(path: str) -> int:
    """Return about how many conditions a policy has, so that a long search can say at once what to expect."""
    try:
        with open(path, "rb") as file:
            return file.read().count(b"condition=")
    except OSError:
        return 0


def find_cases(
    policy: str, output: str, seconds: float | None = None, *, with_errors: bool = False, is_told: bool = False
) -> FirstCases:
    """Return the cases that a solver finds; without one those that hints in the policy's text lead to.

    `is_told` says on stderr what to expect of the search.
    """
    from importlib.util import find_spec

    if find_spec("z3") is None:
        from apimpolicy.testing.first_cases import first_cases

        if is_told:
            say("with pip install 'apimpolicy[prove]' requests for many more branches are found")
        return first_cases(policy, output)
    from apimpolicy.concolic.bounds import Bounds
    from apimpolicy.testing.solved_cases import solved_cases

    most = Bounds().decisions
    if is_told and (count := _conditions(policy)) > most:
        say(f"{policy} has {count:,} conditions, and a search follows {most:,}: it may end without a request")
    bounds = Bounds() if seconds is None else Bounds(seconds=seconds)
    return solved_cases(policy, output, bounds, with_errors=with_errors)
