"""Ranges of addresses as languages, at their bounds."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

pytest.importorskip("z3")

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.sampling import examples

from apimpolicy.reasoning.transfer.exchanges import _between, _language, _numbers

LAST = (1 << 32) - 1
PARTS = st.lists(st.sampled_from([0, 1, 2, 9, 10, 99, 100, 199, 200, 254, 255]), min_size=4, max_size=4)


@settings(max_examples=examples(150))
@given(PARTS, PARTS, PARTS)
@example([10, 0, 0, 0], [10, 0, 0, 255], [10, 0, 1, 0])
@example([9, 255, 255, 255], [10, 0, 0, 0], [10, 0, 0, 1])
@example([10, 1, 2, 3], [10, 1, 2, 3], [10, 1, 2, 3])
@example([0, 0, 0, 0], [255, 255, 255, 255], [10, 0, 0, 1])
def test_a_range_has_its_addresses_and_no_others(one: list[int], other: list[int], given_: list[int]) -> None:
    first, last = sorted((IPv4Address(bytes(one)), IPv4Address(bytes(other))))
    language = _between(list(first.packed), list(last.packed))
    ends = (int(each) + step for each in (first, last, IPv4Address(bytes(given_))) for step in (-1, 0, 1))
    for number in ends:
        if 0 <= number <= LAST:
            assert language.accepts(str(IPv4Address(number))) is (int(first) <= number <= int(last))
    assert _language([(first, last)]).accepts(str(first))
    if first != last:
        assert not _language([(last, first)]).accepts(str(first))
    assert not language.accepts(f"0{first}")
    assert not language.accepts(f"{first}.0")


def test_numbers_are_written_without_zeros_before_them() -> None:
    language = _numbers(5, 11)
    assert [text for text in ("4", "5", "05", "9", "10", "11", "12", "") if language.accepts(text)] == [
        "5",
        "9",
        "10",
        "11",
    ]
