"""Constant texts that are concatenated: made when they are read, not once for each `+` of a chain.

Each of the 60,000 prefixes of `"a" + "b" + …` is a constant. Kept as texts they would take the square of what the chain
does. So all links of a chain share one list of its parts, and each knows how many of them are its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding.nodes import Binary, Expression

if TYPE_CHECKING:
    from collections.abc import Iterator


class JoinedText:
    """The text of some first parts of a list that others share; a part is a text, or a joined text itself."""

    __slots__ = ("count", "length", "parts")

    def __init__(self, parts: list[str | JoinedText], length: int) -> None:
        self.parts = parts
        self.count = len(parts)
        self.length = length

    def followed_by(self, part: str | JoinedText) -> JoinedText:
        """Return this text with another one behind it."""
        parts = self.parts if self.count == len(self.parts) else self.parts[: self.count]
        parts.append(part)
        return JoinedText(parts, self.length + length_of(part))

    def __str__(self) -> str:
        return "".join(self._pieces())

    def _pieces(self) -> Iterator[str]:
        waiting: list[str | JoinedText] = [self]
        while waiting:
            current = waiting.pop()
            if isinstance(current, str):
                yield current
            else:
                waiting += current.parts[current.count - 1 :: -1]


class Concatenation(Binary):
    """`left + right` of two constant texts."""

    kind = Binary.kind

    @property
    def is_constant(self) -> bool:
        return True

    @property  # type: ignore[misc]
    def constant(self) -> Any:
        return str(self.joined)

    @constant.setter
    def constant(self, value: Any) -> None:
        _STORED.__set__(self, value if isinstance(value, JoinedText) else JoinedText([value], len(value)))

    @property
    def joined(self) -> JoinedText:
        """The text, not yet put together."""
        found: JoinedText = _STORED.__get__(self)
        return found


_STORED: Any = Expression.__dict__["constant"]


def part_of(expression: Expression) -> str | JoinedText:
    """Return the constant text of an expression; null is empty."""
    return expression.joined if isinstance(expression, Concatenation) else expression.constant or ""


def length_of(part: str | JoinedText) -> int:
    return part.length if isinstance(part, JoinedText) else len(part)
