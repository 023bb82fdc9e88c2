"""How much of a value, and of all values together, a report shows: a policy may make them as large as memory is.

`--full` lifts both bounds. What is cut says so, where it is cut or at the report's end.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from apimpolicy.text.secrets import without_secrets

FULL = "APIMPOLICY_FULL"
"""Set in the environment, so that processes which a command starts show the same."""
LONGEST_MESSAGE = 4_000
"""Characters of one value in a report for people."""
LONGEST_BODY = 20_000
"""Characters of a body in a report for people."""
LONGEST_VALUE = 100_000
"""Characters of one value in a report for programs."""
MOST_CHARACTERS = 4_000_000
"""Characters of a report about one request; beyond them values are cut to `_FEW`, and lists end."""
MOST_STEPS = 2_000
"""Policies that a report for people shows; a loop can run more."""
_FEW = 100


def show_in_full(is_full: bool = True) -> None:
    """From now on, cut nothing (or cut again)."""
    os.environ[FULL] = "1" if is_full else ""


def is_in_full() -> bool:
    """Return whether the user wants values whole."""
    return os.environ.get(FULL, "") not in ("", "0")


def shortened(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Return a text, cut if it is too long for a report. Secrets are hidden before, so that no part of one is left.

    >>> shortened("x" * 5_000)[3_998:]
    'xx… (5,000 characters; --full shows them)'
    """
    if len(text) <= longest or is_in_full():
        return text
    return f"{without_secrets(text)[:longest]}… ({len(text):,} characters; --full shows them)"


def shortened_lines(lines: Iterable[str], what: str = "lines") -> Iterator[str]:
    """Yield the lines of a report until it has too many characters, and then one that says so."""
    room = MOST_CHARACTERS
    more = 0
    for line in lines:
        room -= len(line) + 1
        if room >= 0 or is_in_full():
            yield line
        else:
            more += 1
    if more:
        yield f"… {more:,} {what} more; --full shows them"


def bounded(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return data for programs with its values shortened; `shortened` then says how many values and entries are."""
    if is_in_full():
        return dict(report)
    room = _Room()
    found: dict[str, Any] = room.of(report)
    if not room.values and not room.entries:
        return found
    return {**found, "shortened": {"values": room.values, "entries": room.entries}}


class _Room:
    """The characters that are left of a report, and what has been cut."""

    __slots__ = ("entries", "left", "values")

    def __init__(self) -> None:
        self.left = MOST_CHARACTERS
        self.values = 0
        """Values that were shortened."""
        self.entries = 0
        """Entries of lists that were left out."""

    def of(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._text(name) if isinstance(name, str) else name: self.of(each) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return list(self._items(value))
        self.left -= 1
        return value

    def _text(self, value: str) -> str:
        longest = LONGEST_VALUE if self.left > 0 else _FEW
        self.left -= min(len(value), longest) + 1
        self.values += len(value) > longest
        return shortened(value, longest)

    def _items(self, values: list[Any] | tuple[Any, ...]) -> Iterator[Any]:
        for index, value in enumerate(values):
            if self.left <= -MOST_CHARACTERS // 10:  # the small values after a large one are still shown
                self.entries += len(values) - index
                return
            yield self.of(value)
