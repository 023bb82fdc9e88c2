"""Find the cases of a first test file: with the solver where it is installed, else two requests."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.testing.first_cases import FirstCases


def has_solver() -> bool:
    """Return whether the extra `prove` is installed."""
    return find_spec("z3") is not None


def find_cases(policy: str, output: str, seconds: float | None = None, *, with_errors: bool = False) -> FirstCases:
    """Return the cases for a policy, as a test file to be written to `output`.

    Raises ConfigurationError, DiagnosticError.
    """
    from apimpolicy.project.service.leniency import named_placeholders

    with named_placeholders():
        if not has_solver():
            from apimpolicy.testing.first_cases import first_cases

            return first_cases(policy, output)
        from apimpolicy.scenarios.bounds import Bounds
        from apimpolicy.testing.solved_cases import solved_cases

        bounds = Bounds() if seconds is None else Bounds(seconds=seconds)
        return solved_cases(policy, output, bounds, with_errors=with_errors)
