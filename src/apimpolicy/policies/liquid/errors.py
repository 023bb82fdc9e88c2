"""The errors of a template."""

from __future__ import annotations


class LiquidError(Exception):
    """An error while rendering; its text appears in the output. `message` is a .NET string."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    @property
    def shown(self) -> str:
        """Return the text of the error in the output."""
        return f"Liquid error: {self.message}"


class LiquidSyntaxError(LiquidError):
    """A template or a tag that cannot be read; while reading it ends everything, while rendering it is text."""

    @property
    def shown(self) -> str:
        return f"Liquid syntax error: {self.message}"


class Interruption(Exception):
    """`break` and `continue`, on the way to their loop."""


class Break(Interruption):
    """Leave the loop."""


class Continue(Interruption):
    """Continue with the next item."""
