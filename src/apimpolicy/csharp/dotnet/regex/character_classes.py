r"""Characters and their classes: escapes, `\p{…}`, sets with subtraction, as .NET defines them.

Everything is written in the syntax of the `regex` package, version 0: a class that its `[…]` cannot express becomes a
group that still matches exactly one character."""

from __future__ import annotations

import functools
import os

from apimpolicy.csharp.dotnet.exceptions import RegexParseException
from apimpolicy.errors import NotSimulatedError


@functools.cache
def blocks() -> dict[str, tuple[int, int]]:
    """Return the Unicode blocks that .NET knows as `\\p{IsGreek}` and the like: first and last code unit."""
    with open(os.path.join(os.path.dirname(__file__), "unicode_blocks.txt"), encoding="utf-8") as file:
        rows = [line.split() for line in file if not line.startswith("#")]
    return {name: (int(first, 16), int(last, 16)) for first, last, name in rows}


# Case folding of IgnoreCase: characters with the same small letter are equal, in .NET Core 3.1's invariant culture.
# The `regex` package takes a few more for one: `s` and the long s, `i` and the Turkish letters, both small sigmas.
# What differs is written out instead.

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


# `RegexOptions` as numbers, and the error of a pattern that cannot be read.

IGNORE_CASE = 1
MULTILINE = 2
EXPLICIT_CAPTURE = 4
COMPILED = 8
SINGLELINE = 16
IGNORE_PATTERN_WHITESPACE = 32
RIGHT_TO_LEFT = 64
ECMA_SCRIPT = 256
CULTURE_INVARIANT = 512

INLINE = {"i": IGNORE_CASE, "m": MULTILINE, "n": EXPLICIT_CAPTURE, "s": SINGLELINE, "x": IGNORE_PATTERN_WHITESPACE}
"""The options that a pattern can set itself."""


_WORD = r"\p{L}\p{Mn}\p{Nd}\p{Pc}"
_SPACE = r"\t-\r\x20\x85\p{Z}"
WORD_BOUNDARY_CLASS = rf"[{_WORD}\u200c\u200d]"
ECMA_WORD_CLASS = "[a-zA-Z_0-9\u0130]"
_CLASSES = {"d": r"\p{Nd}", "w": _WORD, "s": _SPACE}
_ECMA_CLASSES = {"d": "0-9", "w": "a-zA-Z_0-9\u0130", "s": r"\t-\r\x20"}
_NAMES = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf Cs Co Cn"
_CATEGORIES = frozenset(_NAMES.split())
_CONTROL = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_MAXIMUM_NESTING = 50
_UNTERMINATED = "Unterminated [] set."


def literal(char: str) -> str:
    if char.isascii() and not (char.isalnum() or char == "_"):
        return f"\\{char}" if char.isprintable() and char != " " else f"\\x{ord(char):02x}"
    return char


class PatternReader:
    """A position in a pattern, and the reading of escapes and sets."""

    __slots__ = ("options", "pattern", "position")

    def __init__(self, pattern: str, options: int) -> None:
        self.pattern = pattern
        self.options = options
        self.position = 0

    def error(self, reason: str) -> RegexParseException:
        """Return the exception of .NET Core 3.1 for a pattern, where its parser stands."""
        return RegexParseException(f"Invalid pattern '{self.pattern}' at offset {self.position}. {reason}")

    @property
    def at_end(self) -> bool:
        return self.position >= len(self.pattern)

    def peek(self, ahead: int = 0) -> str:
        """Return a character further on; empty at the end."""
        place = self.position + ahead
        return self.pattern[place] if place < len(self.pattern) else ""

    def take(self) -> str:
        char = self.pattern[self.position]
        self.position += 1
        return char

    def accept(self, text: str) -> bool:
        """Move past the text if it is here."""
        if self.pattern.startswith(text, self.position):
            self.position += len(text)
            return True
        return False

    def take_decimal(self) -> int:
        """Return a number as .NET reads group numbers and counts; too large a number is an error."""
        number = 0
        while self.peek().isascii() and self.peek().isdigit():
            number = number * 10 + int(self.take())
            if number > 2147483647:
                raise self.error("Capture group numbers must be less than or equal to Int32.MaxValue.")
        return number

    def class_items(self, letter: str) -> str:
        return (_ECMA_CLASSES if self.options & ECMA_SCRIPT else _CLASSES)[letter]

    def character_escape(self) -> str:
        """Return the character of an escape; the position is after the backslash."""
        char = self.take()
        if "0" <= char <= "7":
            self.position -= 1
            return self._octal()
        if char == "x":
            return self._hexadecimal(2)
        if char == "u":
            return self._hexadecimal(4)
        if char == "c":
            return self._control()
        if char in _CONTROL:
            return _CONTROL[char]
        if not self.options & ECMA_SCRIPT and (char.isalnum() or char == "_"):
            raise self.error(f"Unrecognized escape sequence \\{char}.")
        return char

    def _octal(self) -> str:
        value = 0
        for _ in range(3):
            if not "0" <= self.peek() <= "7":
                break
            value = value * 8 + int(self.take())
            if self.options & ECMA_SCRIPT and value >= 0x20:
                break
        return chr(value & 0xFF)

    def _hexadecimal(self, digits: int) -> str:
        text = self.pattern[self.position : self.position + digits]
        if len(text) < digits or not all(char in "0123456789abcdefABCDEF" for char in text):
            valid = 0
            while valid < len(text) and text[valid] in "0123456789abcdefABCDEF":
                valid += 1
            self.position += min(valid + 1, len(text))
            raise self.error("Insufficient hexadecimal digits.")
        self.position += digits
        return chr(int(text, 16))

    def _control(self) -> str:
        if self.at_end:
            raise self.error("Missing control character.")
        char = self.take().upper()
        code = ord(char) - 64 if len(char) == 1 else -1
        if not 0 <= code < 32:
            raise self.error("Unrecognized control character.")
        return chr(code)

    def property_items(self, negated: bool) -> tuple[str, bool]:
        """`{name}` of `\\p{name}`: the inside of a `[…]`, and whether that has still to be negated."""
        if len(self.pattern) - self.position < 3:
            raise self.error("Incomplete \\p{X} character escape.")
        if self.take() != "{":
            raise self.error("Malformed \\p{X} character escape.")
        start = self.position
        while not self.at_end and (self.peek().isalnum() or self.peek() in "_-"):
            self.position += 1
        name = self.pattern[start : self.position]
        if not self.accept("}"):
            raise self.error("Incomplete \\p{X} character escape.")
        if name in _CATEGORIES:
            return (rf"\P{{{name}}}" if negated else rf"\p{{{name}}}"), False
        block = blocks().get(name)
        if block is None:
            raise self.error(f"Unknown property '{name}'.")
        return f"{chr(block[0])}-{chr(block[1])}" if block[0] else rf"\x00-{chr(block[1])}", negated

    def character_class(self, depth: int = 0) -> str:
        """Return a set whose `[` has been read, as an expression for one character.

        As in .NET, an escaped `-` neither begins nor ends a range, and a class that is read inside one leaves it open.
        """
        if depth > _MAXIMUM_NESTING:
            raise NotSimulatedError("a regular expression", "character class subtraction is nested too deeply")
        negated = self.accept("^")
        ranges: list[tuple[str, str]] = []
        items: list[str] = []
        separate: list[str] = []
        subtracted = ""
        first = not (negated and self.options & ECMA_SCRIPT and self.peek() == "]")
        start: str | None = None
        while True:
            if self.at_end:
                raise self.error(_UNTERMINATED)
            char, escaped, opening = self.take(), False, first
            first = False
            if char == "]" and not opening:
                break
            if char == "\\" and not self.at_end:
                if self._class_escape(items, separate, start):
                    continue
                char, escaped = self.character_escape(), True
            elif char == "[" and start is None and self.peek() == ":":
                self._skip_posix_name()
            if start is not None:
                if char == "[" and not escaped:
                    ranges.append((start, start))
                    subtracted = self._subtraction(depth)
                elif char < start:
                    raise self.error("[x-y] range in reverse order.")
                else:
                    ranges.append((start, char))
                start = None
            elif self.peek() == "-" and self.peek(1) not in ("", "]"):
                start = char
                self.position += 1
            elif char == "-" and not escaped and not opening and self.accept("["):
                subtracted = self._subtraction(depth, ends_first=True)
            else:
                ranges.append((char, char))
        if self.options & IGNORE_CASE and differs(ranges) and not any("{" in item for item in (*items, *separate)):
            plain = f"(?-i:{_one_character([*map(_written, both_cases(ranges)), *items], separate, negated)})"
        else:
            plain = _one_character([*map(_written, ranges), *items], separate, negated)
        return f"(?:(?!{subtracted}){plain})" if subtracted else plain

    def _class_escape(self, items: list[str], separate: list[str], start: str | None) -> bool:
        """Read `\\d`, `\\W`, `\\p{…}`, `\\-` and their like inside a set; false when another escape is here."""
        letter = self.peek()
        if letter not in "dDwWsSpP-":
            return False
        self.position += 1
        if letter == "-":
            items.append("\\-")
            return True
        if start is not None:
            raise self.error(f"Cannot include class \\{letter} in character range.")
        if letter in "pP":
            found, negated = self.property_items(letter == "P")
        else:
            found, negated = self.class_items(letter.lower()), letter.isupper()
        if negated:
            separate.append(f"[^{found}]")
        else:
            items.append(found)
        return True

    def _skip_posix_name(self) -> None:
        """`[:name:]` is read and means nothing in .NET, unless it is incomplete: then it is text."""
        start = self.position
        self.position += 1
        while self.peek().isalpha():
            self.position += 1
        if not self.accept(":]"):
            self.position = start

    def _subtraction(self, depth: int, ends_first: bool = False) -> str:
        """The class to be taken away. Where it does not open inside a range, .NET first looks for the end of it all."""
        subtracted = self.character_class(depth + 1)
        if not self.at_end and self.peek() != "]":
            if ends_first and "]" not in self.pattern[self.position :]:
                self.position = len(self.pattern)
                raise self.error(_UNTERMINATED)
            raise self.error("A subtraction must be the last element in a character class.")
        return subtracted


def _written(ends: tuple[str, str]) -> str:
    return literal(ends[0]) if ends[0] == ends[1] else f"{literal(ends[0])}-{literal(ends[1])}"


def _one_character(parts: list[str], separate: list[str], negated: bool) -> str:
    items = "".join(parts)
    if not separate:
        return f"[{'^' if negated else ''}{items}]" if items else "(?s:.)" if negated else "(?!)"
    either = "|".join([*([f"[{items}]"] if items else []), *separate])
    return f"(?:(?!{either})(?s:.))" if negated else f"(?:{either})"
