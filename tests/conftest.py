"""Tests have a page without an edge, and generated tests no deadline, however busy the machine is.

Readline, which pytest and debuggers load, sets `COLUMNS` for child processes.
"""

import os

from hypothesis import HealthCheck, settings
from tests.sampling import IS_NIGHTLY

for _name in ("ci", "default"):  # the same examples each day, and new ones at night
    _base = settings.get_profile(_name)
    settings.register_profile(
        _name, _base, deadline=None, derandomize=_name == "ci", suppress_health_check=[HealthCheck.too_slow]
    )
settings.load_profile("default" if IS_NIGHTLY else "ci")


def pytest_runtest_setup() -> None:
    os.environ.pop("COLUMNS", None)
    os.unsetenv("COLUMNS")  # readline sets it without Python's knowledge
