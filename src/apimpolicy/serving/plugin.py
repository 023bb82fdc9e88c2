"""The fixture `serving` for tests of clients: `url = serving(gateway, "orders.xml")`, until the test has ended.

What it needs is imported when a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest


@pytest.fixture
def serving() -> Iterator[Callable[..., str]]:
    """Serve gateways for the time of a test; takes what `apimpolicy.serving.serving` takes, and gives the base URL."""
    from apimpolicy.serving.library import serving as serve

    with ExitStack() as stack:

        def begin(*arguments: Any, **options: Any) -> str:
            return stack.enter_context(serve(*arguments, **options))

        yield begin
