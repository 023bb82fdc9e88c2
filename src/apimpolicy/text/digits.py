"""Numbers in texts of strangers, who write as many digits as they like."""

from __future__ import annotations

_MOST_DIGITS = 18
LARGE = 10**_MOST_DIGITS


def number_of(digits: str) -> int | None:
    """Return a number in ASCII digits, at most LARGE; None when it isn't a number. Leading zeros don't count.

    >>> number_of("0" * 5_000 + "12"), number_of("9" * 5_000) == LARGE, number_of("+1")
    (12, True, None)
    """
    if not (digits.isascii() and digits.isdecimal()):
        return None
    significant = digits.lstrip("0")
    return LARGE if len(significant) > _MOST_DIGITS else int(significant or "0")
