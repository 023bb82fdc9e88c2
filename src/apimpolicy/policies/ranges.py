"""Documented bounds of numbers, which policies state beside their attributes.

renewal_period: float = literal_attribute(number, within=Range(300, besides=(0,), advice="Use rate-limit-by-key …"))
"""

from __future__ import annotations

import math
from typing import NamedTuple


class Range(NamedTuple):
    """Documented bounds of a number: `least` and `greatest`, what else is allowed, and what to do beyond them."""

    least: float
    greatest: float = math.inf
    besides: tuple[float, ...] = ()
    advice: str = ""

    def has(self, number: float) -> bool:
        """Return whether a number is within."""
        return self.least <= number <= self.greatest or number in self.besides

    def __str__(self) -> str:
        least, greatest = f"{self.least:,.10g}", f"{self.greatest:,.10g}"
        text = f"at least {least}" if self.greatest == math.inf else f"between {least} and {greatest}"
        return text + "".join(f", or {number:g}" for number in self.besides)


STATUS_CODES = Range(100, 999)
