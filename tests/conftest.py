"""Tests have a page without an edge, and generated tests the same examples each day, however busy the machine is.

Readline, which pytest and debuggers load, sets `COLUMNS` for child processes.
"""

import os

from hypothesis import HealthCheck, settings
from tests.sampling import IS_NIGHTLY

settings.register_profile(
    "steady", deadline=None, derandomize=not IS_NIGHTLY, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")


def pytest_runtest_setup() -> None:
    os.environ.pop("COLUMNS", None)
    os.unsetenv("COLUMNS")  # readline sets it without Python's knowledge
