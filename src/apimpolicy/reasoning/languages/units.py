"""Sets of UTF-16 code units, as bits of a Python integer."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from weakref import WeakValueDictionary

COUNT = 0x10000
_EVERY = (1 << COUNT) - 1
_PREFERRED = (((0x61, 0x7A),), ((0x41, 0x5A), (0x30, 0x39)), ((0x21, 0x7E),), ((0x20, 0x20), (0xA1, 0xD7FF)))
"""Ranges from which `sample` takes a unit, best first: a found request should be readable."""


class Units:
    """A set of code units; equal sets are the same object."""

    __slots__ = ("__weakref__", "_sample", "bits")

    bits: int
    _sample: int

    def __contains__(self, unit: int) -> bool:
        return bool(self.bits >> unit & 1)

    def __or__(self, other: Units) -> Units:
        return of_bits(self.bits | other.bits)

    def __and__(self, other: Units) -> Units:
        return of_bits(self.bits & other.bits)

    def __sub__(self, other: Units) -> Units:
        return of_bits(self.bits & ~other.bits)

    def __invert__(self) -> Units:
        return of_bits(self.bits ^ _EVERY)

    def __bool__(self) -> bool:
        return self.bits != 0

    def __iter__(self) -> Iterator[int]:
        bits = self.bits
        while bits:
            lowest = bits & -bits
            yield lowest.bit_length() - 1
            bits ^= lowest

    def before(self, mapping: Mapping[int, int]) -> Units:
        """Return the units that `mapping`, which leaves others alone, takes into this set."""
        bits = self.bits
        for source, target in mapping.items():
            is_inside = self.bits >> target & 1
            bits = bits | 1 << source if is_inside else bits & ~(1 << source)
        return of_bits(bits)

    def sample(self) -> int:
        """Return one of the units, a readable one where there is one."""
        if self._sample < 0:
            self._sample = _lowest(next((found for mask in _masks() if (found := self.bits & mask)), self.bits))
        return self._sample


_known: WeakValueDictionary[int, Units] = WeakValueDictionary()


def of_bits(bits: int) -> Units:
    """Return the set whose members are the numbers of the bits that are set."""
    found = _known.get(bits)
    if found is None:
        found = Units()
        found.bits, found._sample = bits, -1
        _known[bits] = found
    return found


def of_ranges(*ranges: tuple[int, int]) -> Units:
    """Return the set of all units in these ranges, both ends included."""
    bits = 0
    for first, last in ranges:
        if first <= last:
            bits |= (1 << last + 1) - (1 << first)
    return of_bits(bits)


def of_text(text: str | Iterable[str]) -> Units:
    """Return the set of the units of a text."""
    bits = 0
    for unit in text:
        bits |= 1 << ord(unit)
    return of_bits(bits)


@functools.lru_cache(4096)
def blocks(sets: tuple[Units, ...]) -> list[Units]:
    """Return the coarsest partition of all units of which each set is a union, readable samples first."""
    found = [_EVERY]
    for units in sets:
        divided: list[int] = []
        for block in found:
            inside = block & units.bits
            outside = block & ~units.bits
            divided += [part for part in (inside, outside) if part]
        found = divided
    return sorted(map(of_bits, found), key=lambda block: block.sample())


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def _masks() -> list[int]:
    if not _mask_bits:
        _mask_bits.extend(of_ranges(*ranges).bits for ranges in _PREFERRED)
    return _mask_bits


_mask_bits: list[int] = []
EVERY = of_bits(_EVERY)
NO_UNITS = of_bits(0)
