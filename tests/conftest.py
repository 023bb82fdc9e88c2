"""Tests have a page without an edge: readline, which pytest and debuggers load, sets `COLUMNS` for child processes."""

import os


def pytest_runtest_setup() -> None:
    os.environ.pop("COLUMNS", None)
    os.unsetenv("COLUMNS")  # readline sets it without Python's knowledge
