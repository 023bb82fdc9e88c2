"""Exceptions that are looked for in two passes, as .NET does: filters run before the `finally` blocks on the way.

The first pass goes from the inner `try` to the outer ones, also those of the callers, and asks each for the clause that
takes the exception; the second runs the `finally` blocks up to there. Python has one pass. So where filters and
`finally` blocks stand in one expression, every `try` says what it would catch as long as it runs, and a `finally` that
an exception passes first has the others asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.emit.frames import as_dotnet

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.exceptions import DotnetException

    Choice = Callable[[DotnetException], int]


class Handlers:
    """The `try` statements that run now, outermost first, each with its choice: the number of the clause, or 0."""

    __slots__ = ("_active", "_entered")

    def __init__(self) -> None:
        self._active: list[tuple[int, Choice]] = []
        self._entered = 0

    def enter(self, choice: Choice) -> int:
        """Begin a `try`; return its number."""
        self._entered += 1
        self._active.append((self._entered, choice))
        return self._entered

    def leave(self) -> None:
        """The innermost `try` is left, one way or the other."""
        self._active.pop()

    def first_pass(self, error: BaseException) -> DotnetException:
        """Ask the `try` statements for an exception, until one takes it; gives the exception as C# sees it."""
        caught = as_dotnet(error)
        for number, choice in reversed(self._active):
            if self.chosen(number, choice, caught):
                break
        return caught

    def chosen(self, number: int, choice: Choice, caught: DotnetException) -> int:
        """Return the clause of one `try` that takes an exception; each is evaluated once.

        An exception in a filter stays there.
        """
        chosen = caught.chosen.get(number) if caught.chosen is not None else None
        if chosen is None:
            active, self._active = self._active, []
            try:
                chosen = choice(caught)
            finally:
                self._active = active
            caught.chosen = {**(caught.chosen or {}), number: chosen}
        return chosen
