"""Translation of single characters, positions and references: literals, escapes, anchors, earlier groups."""

from __future__ import annotations

from collections.abc import Collection

from apimpolicy.csharp.dotnet.regex import character_classes
from apimpolicy.csharp.dotnet.regex.character_classes import alike

FINAL = r"(?=\n?\Z)"
"""The end, or before a newline at the end."""
_LITERALS_IN_A_ROW = 256
"""Literal characters in a row that the library may search for at once: its tables take the cube of their number."""
_NOTHING = "(?:|)"
"""Matches the empty text, which the library does not see beforehand."""


def longest_number(text: str, start: int, end: int, numbers: Collection[int]) -> tuple[int, int]:
    """The longest group number that the digits from `start` on begin with, and its end; `start` if there is none."""
    found, largest, number = (0, start), max(numbers, default=0), 0
    for place in range(start, end):
        number = number * 10 + int(text[place])
        if number > largest:
            break
        if number in numbers:
            found = number, place + 1
    return found


class Atoms(character_classes.PatternReader):
    """Translates them into `_output`. Without `names` it is not known yet which groups there are.

    `ignores_case` says with which setting the result is to be compiled. `_capturing` has the numbers of the open
    groups, 0 for those that capture nothing; `_called` what is to be defined after the pattern.
    """

    __slots__ = ("_called", "_capturing", "_literals", "_names", "_numbers", "_output", "ignores_case")

    def __init__(self, pattern: str, options: int, names: dict[str, int] | None) -> None:
        super().__init__(pattern, options)
        self._names = names
        self._numbers = frozenset(() if names is None else names.values())
        self._output: list[str] = []
        self._capturing: list[int] = []
        self._called: dict[str, str] = {}
        self._literals = 0
        self.ignores_case = options & character_classes.IGNORE_CASE or (
            character_classes.IGNORE_CASE if pattern.startswith("(?i)") else 0
        )

    def _name(self) -> str:
        start = self.position
        while is_name_character(self.peek()):
            self.position += 1
        return self.pattern[start : self.position]

    def _cased(self, text: str) -> None:
        """Write what letter case matters to, under the option that holds here."""
        case = self.options & character_classes.IGNORE_CASE
        if case != self.ignores_case:
            text = f"(?i:{text})" if case else f"(?-i:{text})"
        self._output.append(text)

    def _character(self, char: str) -> None:
        self._literals += 1
        if self._literals % _LITERALS_IN_A_ROW == 0:
            self._output.append(_NOTHING)
        others = alike(char) if self.options & character_classes.IGNORE_CASE else ""
        if others:
            self._output.append(f"(?-i:[{others}])")
        else:
            self._cased(character_classes.literal(char))

    def _backslash(self) -> None:
        if self.at_end:
            raise self.error("Illegal \\ at end of pattern.")
        char = self.peek()
        if char in "bBAGZz":
            self.position += 1
            self._output.append(self._anchor(char))
        elif char in "dDwWsS":
            self.position += 1
            self._output.append(f"[{'^' if char.isupper() else ''}{self.class_items(char.lower())}]")
        elif char in "pP":
            self.position += 1
            items, negated = self.property_items(char == "P")
            self._output.append(f"[{'^' if negated else ''}{items}]")
        else:
            self._reference_or_character(char)

    def _anchor(self, char: str) -> str:
        if char in "bB":
            word = (
                character_classes.ECMA_WORD_CLASS
                if self.options & character_classes.ECMA_SCRIPT
                else character_classes.WORD_BOUNDARY_CLASS
            )
            if char == "b":
                return f"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))"
            return f"(?:(?<={word})(?={word})|(?<!{word})(?!{word}))"
        return {"A": r"(?:\A)", "G": r"(?:\G)", "Z": FINAL, "z": r"(?:\Z)"}[char]

    def _reference_or_character(self, char: str) -> None:
        start = self.position
        close = ""
        if char == "k":
            if self.peek(1):
                self.position += 2
                close = {"<": ">", "'": "'"}.get(self.pattern[self.position - 1], "")
            if not close or self.at_end:
                raise self.error("Malformed \\k<...> named back reference.")
        elif char in "<'" and self.peek(1):
            close = ">" if char == "<" else "'"
            self.position += 1
        if close:
            if self._named_reference(close):
                return
            self.position = start
        elif "1" <= char <= "9" and self._numbered_reference():
            return
        self._character(self.character_escape())

    def _named_reference(self, close: str) -> bool:
        if self.peek().isascii() and self.peek().isdigit():
            number = self.take_decimal()
            if self._names is not None and number in self._numbers and self.accept(close):
                self._refer(number)
                return True
            name = str(number)
            wrong = f"Reference to undefined group number {name}."
        elif is_name_character(self.peek()):
            name = self._name()
            wrong = f"Reference to undefined group name '{name}'."
        else:
            return False
        if not self.accept(close):
            return False
        if self._names is not None:
            if name not in self._names:
                raise self.error(wrong)
            self._refer(self._names[name])
        return True

    def _numbered_reference(self) -> bool:
        """A number that is no group is an octal escape from 10 on; ECMAScript takes as many digits as make a group."""
        start = self.position
        number = self.take_decimal()
        if self._names is None:
            return True
        if self.options & character_classes.ECMA_SCRIPT:
            number, self.position = longest_number(self.pattern, start, self.position, self._numbers)
            if self.position > start:
                self._refer(number)
            return self.position > start
        if number in self._numbers:
            self._refer(number)
            return True
        if number <= 9:
            raise self.error(f"Reference to undefined group number {number}.")
        self.position = start
        return False

    def _refer(self, number: int) -> None:
        """The text of a group; the whole match, group 0, has none as long as it is looked for."""
        if number == 0:
            self._output.append("(?:)" if self.options & character_classes.ECMA_SCRIPT else "(?!)")
            return
        reference = self._call(number) if number in self._capturing else f"(?P=g{number})"
        self._cased(f"(?(g{number}){reference})" if self.options & character_classes.ECMA_SCRIPT else reference)

    def _call(self, number: int) -> str:
        """A group has its last text inside of itself too, but `regex` has no such reference: one that is outside
        of the group is called instead."""
        case = "i" if self.options & character_classes.IGNORE_CASE else "-i"
        name = f"r{number}" if case == "-i" else f"i{number}"
        self._called[name] = f"(?P<{name}>(?{case}:(?P=g{number})))"
        return f"(?&{name})"


def is_name_character(char: str) -> bool:
    """Return whether a group name may contain the character; false for none."""
    return bool(char) and (char.isalnum() or char == "_")
