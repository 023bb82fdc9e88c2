"""The words and orders by which a culture's dates are read: made from its `DateSymbols`.

English names are known in every culture, as in .NET. Source: .NET Core 3.1, `DateTimeFormatInfo.CreateTokenHashTable`.
"""

from __future__ import annotations

import functools
import re

from apimpolicy.dotnet.system.date_symbols import DAY_NAMES, INVARIANT, MONTH_NAMES, DateSymbols
from apimpolicy.errors import NotSimulatedError

_LITERAL = re.compile(r"'([^']*)'|[^\W\d_a-zA-Z]+|\\(.)")
_SEPARATORS = "-/.,"


def numbered(names: tuple[str, ...], first: int) -> dict[str, int]:
    """Names in lower case with their numbers."""
    return {name.lower(): number for number, name in enumerate(names, first)}


def _order(pattern: str, letters: str) -> str:
    """`mdy`: in which order these letters first stand in a pattern, outside of quotes."""
    bare = re.sub(r"'[^']*'|\\.", "", pattern).lower()
    return "".join(sorted((letter for letter in letters if letter in bare), key=bare.index))


class DateWords:
    """What the words of a text can mean; names are in lower case."""

    __slots__ = ("afternoon", "day_first", "days", "ignored", "months", "morning", "order", "token", "year_first")

    def __init__(self, symbols: DateSymbols) -> None:
        known = symbols.values()
        english = numbered(MONTH_NAMES, 1) | numbered(INVARIANT.short_month_names, 1)
        self.months = english | numbered(symbols.month_names, 1) | numbered(known.get("short_month_names", ()), 1)
        english = numbered(DAY_NAMES, 0) | numbered(INVARIANT.short_day_names, 0)
        self.days = english | numbered(symbols.day_names, 0) | numbered(known.get("short_day_names", ()), 0)
        self.order = _order(symbols.short_date, "dmy")
        self.day_first = _order(symbols.month_day, "dm") == "dm"
        self.year_first = _order(symbols.year_month, "ym") == "ym"
        self.morning, self.afternoon = symbols.morning, symbols.afternoon
        patterns = " ".join((symbols.long_date, symbols.month_day, symbols.year_month))
        literals = {word for found in _LITERAL.finditer(patterns) for word in found[0].strip("'\\").split()}
        self.ignored = {word.lower() for word in literals if word.isalpha()}
        if symbols.date_separator.strip(_SEPARATORS) or symbols.time_separator != ":":
            raise NotSimulatedError("reading dates with separators of one's own", "use ParseExact")
        self.token = self._token()

    def _token(self) -> re.Pattern[str]:
        """Groups: a number, a word, a separator."""
        names = [*self.months, *self.days, *self.ignored]
        suffix = "[年月日]?" if "年" in self.ignored else ""
        known = sorted((re.escape(name) for name in names if not name[:1].isdigit()), key=len, reverse=True)
        return re.compile(
            rf"\s*(?:(\d+){suffix}|((?:{'|'.join(known)})(?![^\W\d_])|[^\W\d_]+)\.?|([{re.escape(_SEPARATORS)}]))\s*",
            re.IGNORECASE,
        )

    def knows(self, word: str) -> bool:
        """Whether a word means anything, in whole or in part."""
        folded = word.lower()
        return folded in self.ignored or any(
            known.startswith(folded) or folded == known for names in (self.months, self.days) for known in names
        )


@functools.cache
def invariant_words() -> DateWords:
    return DateWords(INVARIANT)


def words_of(symbols: DateSymbols) -> DateWords:
    """Made anew for other cultures, whose symbols a policy may change."""
    return invariant_words() if symbols is INVARIANT else DateWords(symbols)
