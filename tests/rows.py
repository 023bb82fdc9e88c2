"""Rows of tests: read them from YAML, and run one test function over many as one test.

That is cheaper to collect and report than thousands of small tests.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # eight times as fast, where libyaml is
SHOWN = 10
"""The most failed rows that a message shows."""


def read_yaml(text: str) -> Any:
    """Return the content of a YAML text."""
    return yaml.load(text, _LOADER)


def for_each(rows: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Return a decorator: the test runs for every row, and fails with the list of failed rows.

    A tuple is spread over the parameters, any other row is the only argument. No fixtures are possible. `ROWS=POL444`
    in the environment selects the rows that contain this text.
    """
    listed = [row for row in rows if os.environ.get("ROWS", "") in repr(row)]

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        def test() -> None:
            failures = []
            for row in listed:
                try:
                    check(*row) if isinstance(row, tuple) else check(row)
                except (Exception, pytest.fail.Exception) as error:
                    failures.append((row, error))
            if failures:
                shown = "\n\n".join(f"{row!r}\n  {type(error).__name__}: {error}" for row, error in failures[:SHOWN])
                message = f"{len(failures)} of {len(listed)} rows fail:\n\n{shown}"
                raise AssertionError(message) from failures[0][1]

        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        return test

    return decorate
