"""Numbers that strangers write: many zeros, many digits, digits of other scripts."""

from __future__ import annotations

import pytest

from apimpolicy.gateway.engine.backend_routing import seconds_of
from apimpolicy.text.source import LARGE, number_of


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("0", 0),
        ("0012", 12),
        ("0" * 5_000 + "12", 12),
        ("9" * 5_000, LARGE),
        ("9" * 18, LARGE - 1),
        ("", None),
        ("+1", None),
        ("1_0", None),
        ("\u0661", None),
    ],
)
def test_numbers(digits: str, number: int | None) -> None:
    assert number_of(digits) == number


@pytest.mark.parametrize(
    ("retry_after", "seconds"), [("120", 120.0), ("0" * 5_000 + "1", 1.0), ("2147483648", None), ("9" * 400, None)]
)
def test_retry_after_is_read_as_dotnet_reads_it(retry_after: str, seconds: float | None) -> None:
    assert seconds_of(retry_after, 0.0) == seconds
