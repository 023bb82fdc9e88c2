"""Case folding of IgnoreCase: characters with the same small letter are equal, in .NET Core 3.1's invariant culture.

The `regex` package takes a few more for one: `s` and the long s, `i` and the Turkish letters, both small sigmas. What
differs is written out instead.
"""

from __future__ import annotations

_APART = (
    "Ii Ss \xb5 \u0130 \u0131 \u017f \u0345 \u0390 \u0392\u03b2 \u0395\u03b5 \u0398\u03b8\u03f4 \u0399\u03b9 "
    "\u039a\u03ba \u039c\u03bc \u03a0\u03c0 \u03a1\u03c1 \u03a3\u03c3 \u03a6\u03c6 \u03b0 \u03c2 \u03d0 \u03d1 \u03d5 "
    "\u03d6 \u03f0 \u03f1 \u03f5 \u0412\u0432 \u0414\u0434 \u041e\u043e \u0421\u0441 \u0422\u0442 \u042a\u044a "
    "\u0462\u0463 \u1c80 \u1c81 \u1c82 \u1c83 \u1c84 \u1c85 \u1c86 \u1c87 \u1c88 \u1e60\u1e61 \u1e9b \u1fbe \u1fd3 "
    "\u1fe3 \ua64a\ua64b \ufb05 \ufb06"
)
_ALIKE = {character: alike for alike in _APART.split() for character in alike}
_KELVIN = "\u212a"


def alike(character: str) -> str:
    """Return the characters that are one with this one, where the package's own choice is another; else empty."""
    return _ALIKE.get(character, "")


def differs(ranges: list[tuple[str, str]]) -> bool:
    """Return whether ranges of ASCII characters hold a letter that the package takes for one with too many."""
    if not all(last.isascii() for _, last in ranges):
        return False
    return any(first <= letter <= last for first, last in ranges for letter in "ISis")


def both_cases(ranges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """ASCII ranges with their letters' other case."""
    made = list(ranges)
    for first, last in ranges:
        for low, high in (("A", "Z"), ("a", "z")):
            start, end = max(first, low), min(last, high)
            if start <= end:
                made.append((start.swapcase(), end.swapcase()))
            if start <= ("K" if low == "A" else "k") <= end:
                made.append((_KELVIN, _KELVIN))
    return made
