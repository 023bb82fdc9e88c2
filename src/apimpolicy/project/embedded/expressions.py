"""Values in the languages of templates, as far as they make texts: `join(['<policies>' … ], '\\n')`.

What Terraform, Bicep and ARM have in common: literals, calls, lists, and `condition ? a : b`. Functions that put texts
together are understood; whatever else gives a value is a hole.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.project.embedded.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.text.source import Source

MOST_DEEP = 25
"""Calls in calls that are understood; what is deeper is a hole."""

_BLANK = re.compile(r"[\s,]*+")
_NAME = re.compile(r"[A-Za-z_][\w.]*+")
_CALL = re.compile(r"[ \t]*\(")
_OPENING, _CLOSING = "([{", ")]}"
_UNCHANGED = frozenset(("trim", "trimspace", "chomp", "string", "tostring", "nonsensitive", "indent"))
"""Functions that give their text back, or nearly so."""
_NUMBERED = re.compile(r"\{\{|\}\}|\{\d+[^{}]*\}")
_PRINTF = re.compile(r"%%|%[-+# 0]*\d*(?:\.\d+)?[sdvqtfeg]")
_DOUBLED = {"{{": "{", "}}": "}", "%%": "%"}


class Value(NamedTuple):
    """A text in the making; or the items of a list, each a text."""

    pieces: Pieces
    items: list[Pieces] | None = None


class Reader:
    """Reads values of one file. `text_at` reads a literal at a place and says where it ends, or gives None."""

    def __init__(self, outer: Source, text_at: Callable[[int, int], tuple[Pieces, int] | None], percent: bool) -> None:
        self.outer = outer
        self.text = outer.text
        self.text_at = text_at
        self.percent = percent
        """Whether `format` has `%s` for what it puts in, and not `{0}`."""
        self.work = 8 * len(self.text) + 10_000
        """What may still be looked at, so that a file made to be slow is not."""

    def value(self, start: int, stop: int, depth: int = 0) -> tuple[Value, int]:
        """The value at `start`, and where it ends."""
        value, position = self._operand(start, stop, depth)
        after = _BLANK.match(self.text, position, stop).end()  # type: ignore[union-attr]
        if self.text.startswith("?", after) and not self.text.startswith("??", after):
            return self._choice(after, stop, depth)
        if position < stop and self._goes_on(position, stop):
            end = self.end_of_value(start, stop)
            return Value(self._hole(start, end)), end
        return value, position

    def _goes_on(self, position: int, stop: int) -> bool:
        """Whether an operator or an access follows, so that the value is not what was read so far."""
        rest = self.text[position : min(position + 40, stop)].lstrip(" \t")
        return rest[:1] in tuple("+*/.[&|=<>!%-") and not rest.startswith(("//", "/*"))

    def _operand(self, start: int, stop: int, depth: int) -> tuple[Value, int]:
        literal = self.text_at(start, stop)
        if literal is not None:
            self.work -= literal[1] - start
            return Value(literal[0]), literal[1]
        name = _NAME.match(self.text, start, stop)
        call = _CALL.match(self.text, name.end(), stop) if name is not None else None
        if depth < MOST_DEEP and name is not None and call is not None:
            arguments, end = self._list(call.end(), stop, depth)
            return self._called(name[0], arguments, start, end), end
        if depth < MOST_DEEP and self.text.startswith("[", start):
            items, end = self._list(start + 1, stop, depth)
            return Value(self._hole(start, end), [item.pieces for item in items]), end
        end = self.end_of_operand(start, stop)
        return Value(self._hole(start, end)), end

    def _list(self, start: int, stop: int, depth: int) -> tuple[list[Value], int]:
        """The values up to the closing bracket, and where that ends."""
        values: list[Value] = []
        position = start
        while True:
            position = _BLANK.match(self.text, position, stop).end()  # type: ignore[union-attr]
            if position >= stop or self.work <= 0:
                return values, stop
            if self.text[position] in _CLOSING:
                return values, position + 1
            comment = self._comment(position, stop)
            if comment > position:
                position = comment
                continue
            value, end = self.value(position, stop, depth + 1)
            self.work -= 1
            values.append(value)
            position = max(end, position + 1)

    def _comment(self, start: int, stop: int) -> int:
        if self.text.startswith(("//", "#"), start):
            end = self.text.find("\n", start, stop)
            return stop if end < 0 else end
        if self.text.startswith("/*", start):
            end = self.text.find("*/", start, stop)
            return stop if end < 0 else end + 2
        return start

    def _choice(self, question: int, stop: int, depth: int) -> tuple[Value, int]:
        """`… ? a : b`, of which one is taken."""
        pieces = Pieces(self.outer)
        pieces.begin_choice()
        position = _BLANK.match(self.text, question + 1, stop).end()  # type: ignore[union-attr]
        first, position = self.value(position, stop, depth + 1)
        pieces.add(first.pieces)
        position = _BLANK.match(self.text, position, stop).end()  # type: ignore[union-attr]
        if self.text.startswith(":", position):
            position = _BLANK.match(self.text, position + 1, stop).end()  # type: ignore[union-attr]
            second, position = self.value(position, stop, depth + 1)
            pieces.next_branch()
            pieces.add(second.pieces)
        pieces.end_choice()
        return Value(pieces), position

    def _called(self, name: str, arguments: list[Value], start: int, end: int) -> Value:
        if name == "concat":
            return Value(self._together([argument.pieces for argument in arguments]))
        if name in _UNCHANGED and arguments:
            return arguments[-1 if name == "indent" else 0]
        if name == "format" and arguments:
            return Value(arguments[0].pieces.with_holes_for(_PRINTF if self.percent else _NUMBERED, _DOUBLED))
        if name == "replace" and len(arguments) == 3 and (replaced := arguments[1].pieces.whole):
            return Value(arguments[0].pieces.with_holes_for(re.compile(re.escape(replaced))))
        if name == "join" and len(arguments) == 2:
            items, separator = sorted(arguments, key=lambda argument: argument.items is None)
            if items.items is not None:
                return Value(self._together(items.items, separator.pieces))
        if name == "if" and len(arguments) == 3:
            return Value(self._either(arguments[1].pieces, arguments[2].pieces))
        return Value(self._hole(start, end))

    def _together(self, texts: list[Pieces], separator: Pieces | None = None) -> Pieces:
        pieces = Pieces(self.outer)
        for index, text in enumerate(texts):
            if index and separator is not None:
                pieces.add(separator)
            pieces.add(text)
        return pieces

    def _either(self, first: Pieces, second: Pieces) -> Pieces:
        pieces = Pieces(self.outer)
        pieces.begin_choice()
        pieces.add(first)
        pieces.next_branch()
        pieces.add(second)
        pieces.end_choice()
        return pieces

    def _hole(self, start: int, end: int) -> Pieces:
        pieces = Pieces(self.outer)
        pieces.hole(start, end)
        return pieces

    def end_of_operand(self, start: int, stop: int) -> int:
        """Where a value ends that is not understood: before `,`, `?`, `:`, a bracket too many, a line end."""
        return self._end(start, stop, "?:,\n")

    def end_of_value(self, start: int, stop: int) -> int:
        """The same, operators and conditions included."""
        return self._end(start, stop, ",\n")

    def _end(self, start: int, stop: int, marks: str) -> int:
        depth = 0
        position = start
        while position < stop:
            char = self.text[position]
            literal = self.text_at(position, stop) if char in "'\"<$" else None
            if literal is not None:
                position = literal[1]
                continue
            if char in _OPENING:
                depth += 1
            elif char in _CLOSING:
                if depth == 0:
                    break
                depth -= 1
            elif depth == 0 and char in marks:
                break
            position += 1
        self.work -= position - start
        return position


def texts(reader: Reader, start: re.Pattern[str], wanted: Callable[[Pieces, int], bool]) -> list[Pieces]:
    """The texts that a file makes, of those that are wanted, in order.

    `start` finds comments, literals and the names of calls; a call that gives nothing wanted is looked into.
    """
    text, length = reader.text, len(reader.text)
    found: list[Pieces] = []
    position = 0
    while reader.work > 0 and (place := start.search(text, position)) is not None:
        kind = place.lastgroup
        position = place.end()
        if kind == "comment":
            continue
        value, end = reader.value(place.start(), length)
        if wanted(value.pieces, place.start()):
            found.append(value.pieces)
            position = max(end, position)
        elif kind == "literal":
            literal = reader.text_at(place.start(), length)
            position = literal[1] if literal is not None else position
    return found
