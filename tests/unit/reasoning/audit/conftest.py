"""Keys of token issuers that are made once for each file of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy.gateway.engine.token_issuers import shared_keys

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="module")
def keys_are_shared() -> Iterator[None]:
    """An issuer of a name always has the same key: a new one takes 60 ms."""
    with shared_keys():
        yield
