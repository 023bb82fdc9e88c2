"""Translates a .NET regular expression into one of the `regex` package, and keeps it."""

from __future__ import annotations

import contextlib
import functools
import re
from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import RegexParseException
from apimpolicy.csharp.dotnet.regex import character_classes
from apimpolicy.csharp.dotnet.regex.atoms import FINAL, Atoms, is_name_character
from apimpolicy.errors import NotSimulatedError
from apimpolicy.records import Record

# Translates a .NET regular expression into one of the `regex` package. The pattern is parsed as .NET's RegexParser
# does: group numbers (unnamed groups first, then named ones), inline options, `$` before a final newline, .NET's `\w \d
# \s \b`, `{,3}` as text. The options m, s, x and n are worked into the translation; only letter case is left to a flag.
# Group number n becomes the group `g<n>`. Balancing groups are refused by name.

_MAXIMUM_NESTING = 80
"""Groups inside groups; the `regex` package compiles recursively."""
_MAXIMUM_SIZE = 100_000
"""Elements of a pattern with repetitions written out as often as they are required, since the package does so."""
_REPEAT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}", re.ASCII)
_NOT_A_GROUP_NAME = "Invalid group name: Group names must begin with a word character."
_UNRECOGNIZED = "Unrecognized grouping construct."


class _Group(Record):
    """An open group: the options and the size to go back to; for a conditional, the alternatives it may still have."""

    options: int
    size: int
    alternatives: int


class Translator(Atoms):
    """One reading of the pattern. Without `names` it only finds out which groups there are."""

    __slots__ = ("_explicit", "_groups", "_last", "_named", "_size", "_unnamed")

    def __init__(self, pattern: str, options: int, names: dict[str, int] | None) -> None:
        super().__init__(pattern, options, names)
        self._groups: list[_Group] = []
        self._size = 0
        self._last = 0
        self._unnamed = 0
        self._explicit: dict[int, None] = {}
        self._named: dict[str, None] = {}

    def assign_names(self) -> dict[str, int]:
        """Every group by name: the whole match, unnamed groups, numbered groups, then named groups in free numbers."""
        numbers = {0, *range(1, self._unnamed + 1), *self._explicit}
        names = {str(number): number for number in sorted(numbers)}
        following = self._unnamed + 1
        for name in self._named:
            while following in numbers:
                following += 1
            numbers.add(following)
            names[name] = following
        return dict(sorted(names.items(), key=lambda item: item[1]))

    def run(self) -> str:
        """Return the translated pattern. Raises RegexParseException or NotSimulatedError."""
        quantifiable = False
        while True:
            self._skip_blank()
            if self.at_end:
                break
            char = self.peek()
            if char in "*+?" or (char == "{" and _REPEAT.match(self.pattern, self.position)):
                if not quantifiable:
                    self.position += 1
                    raise self.error(self._quantifier_error(char))
                self._quantifier()
                quantifiable = False
                continue
            self.position += 1
            if char != ")":
                self._grow(self._size, 1)
            quantifiable = self._element(char)
        if self._groups:
            raise self.error("Not enough )'s.")
        if self._called:
            self._output.append(f"(?(DEFINE){''.join(self._called.values())})")
        return "".join(self._output)

    def _quantifier_error(self, char: str) -> str:
        if self._output and self._output[-1].endswith(("*", "+", "?", "}")) and self._output[-1][:1] in "*+?{":
            return f"Nested quantifier '{char}'."
        return "Quantifier {x,y} following nothing."

    def _skip_blank(self) -> None:
        """Comments, and with IgnorePatternWhitespace white space and `# …` to the end of the line."""
        while True:
            if self.options & character_classes.IGNORE_PATTERN_WHITESPACE:
                while not self.at_end and self.peek() in "\t\n\v\f\r \x85\xa0":
                    self.position += 1
                if self.peek() == "#":
                    end = self.pattern.find("\n", self.position)
                    self.position = len(self.pattern) if end < 0 else end
                    continue
            if not self.pattern.startswith("(?#", self.position):
                return
            end = self.pattern.find(")", self.position)
            if end < 0:
                self.position = len(self.pattern)
                raise self.error("Unterminated (?#...) comment.")
            self.position = end + 1

    def _quantifier(self) -> None:
        char = self.peek()
        if char == "{":
            self.position += 1
            written = self._repetition()
        else:
            self.position += 1
            written = char
        self._skip_blank()
        if self.accept("?"):
            written += "?"
        self._output.append(written)

    def _repetition(self) -> str:
        least = self.take_decimal()
        written = f"{{{least}"
        if self.accept(","):
            written += ","
            if self.peek() != "}":
                most = self.take_decimal()
                written += f"{most}"
                if least > most:
                    self.position += 1
                    raise self.error("Illegal {x,y} with x > y.")
        self.position += 1
        self._grow(self._size - self._last, self._last * max(least, 1))
        return written + "}"

    def _element(self, char: str) -> bool:
        """Translate one element whose first character has been read; whether a quantifier may follow it."""
        if char == "(":
            return self._open()
        if char == ")":
            self._close()
            return True
        if char == "|":
            self._alternative()
            return False
        if char == "^":
            self._output.append("(?m:^)" if self.options & character_classes.MULTILINE else r"(?:\A)")
        elif char == "$":
            self._output.append("(?m:$)" if self.options & character_classes.MULTILINE else FINAL)
        elif char == ".":
            self._output.append("(?s:.)" if self.options & character_classes.SINGLELINE else r"[^\n]")
        elif char == "[":
            self._cased(self.character_class())
        elif char == "\\":
            self._backslash()
        else:
            self._character(char)
        return True

    def _alternative(self) -> None:
        if self._groups and self._groups[-1].alternatives >= 0:
            self._groups[-1].alternatives -= 1
            if self._groups[-1].alternatives < 0:
                raise self.error("Too many | in (?()|).")
        self._output.append("|")

    def _close(self) -> None:
        if not self._groups:
            raise self.error("Too many )'s.")
        group = self._groups.pop()
        self._capturing.pop()
        self.options = group.options
        self._grow(group.size, self._size)
        self._output.append(")")

    def _grow(self, size: int, element: int) -> None:
        """Count an element of the pattern in; `_last` is its size, should it be repeated."""
        self._last = element
        self._size = size + element
        if self._size > _MAXIMUM_SIZE:
            raise NotSimulatedError("a regular expression", f"it repeats to more than {_MAXIMUM_SIZE:,} elements")

    def _push_capturing(self, number: int) -> bool:
        self._push(f"(?P<g{number}>")
        self._capturing[-1] = number
        return False

    def _push(self, text: str, alternatives: int = -1) -> bool:
        if len(self._groups) >= _MAXIMUM_NESTING:
            raise NotSimulatedError("a regular expression", f"groups are nested more than {_MAXIMUM_NESTING} deep")
        self._groups.append(_Group(self.options, self._size, alternatives))
        self._capturing.append(0)
        self._size = 0
        self._output.append(text)
        return False

    def _open(self) -> bool:
        if self.peek() != "?" or self.peek(1) == ")":
            if self.options & character_classes.EXPLICIT_CAPTURE:
                return self._push("(?:")
            self._unnamed += 1
            return self._push_capturing(self._unnamed)
        self.position += 1
        if self.at_end:
            raise self.error(_UNRECOGNIZED)
        char = self.take()
        if char in ":=!>":
            self._push(f"(?{char}")
            if char in "=!":
                self.options &= ~character_classes.RIGHT_TO_LEFT
            return False
        if char == "<" and self.peek() in ("=", "!"):
            self._push(f"(?<{self.take()}")
            self.options |= character_classes.RIGHT_TO_LEFT
            return False
        if char == "<" or char == "'":
            return self._named_group(">" if char == "<" else "'")
        if char == "(":
            return self._conditional()
        self.position -= 1
        return self._inline_options()

    def _named_group(self, end: str) -> bool:
        if self.at_end:
            raise self.error(_UNRECOGNIZED)
        char, number = self.peek(), 0
        if char.isascii() and char.isdigit():
            number = self.take_decimal()
            if self.peek() not in (end, "-"):
                raise self.error(_NOT_A_GROUP_NAME)
            if number == 0:
                raise self.error("Capture number cannot be zero.")
            self._explicit[number] = None
        elif is_name_character(char):
            name = self._name()
            self._named[name] = None
            number = (self._names or {}).get(name, 0)
            if self.peek() not in (end, "-"):
                raise self.error(_NOT_A_GROUP_NAME)
        elif char != "-":
            self.position += 1
            raise self.error(_NOT_A_GROUP_NAME)
        if self.peek() == "-" and self.peek(1):
            self._balancing(end)
            return self._push_capturing(number)
        if not self.accept(end):
            raise self.error(_UNRECOGNIZED)
        return self._push_capturing(number)

    def _balancing(self, end: str) -> None:
        """Read `-name` of a balancing group; raises NotSimulatedError for one without errors."""
        self.position += 1
        char = self.peek()
        if not is_name_character(char):
            raise self.error(_NOT_A_GROUP_NAME)
        if char.isascii() and char.isdigit():
            number = self.take_decimal()
            known, wrong = number in self._numbers, f"number {number}"
        else:
            name = self._name()
            known, wrong = name in (self._names or {}), f"name '{name}'"
        if self._names is not None and not known:
            raise self.error(f"Reference to undefined group {wrong}.")
        if not self.at_end and self.peek() != end:
            raise self.error(_NOT_A_GROUP_NAME)
        if not self.accept(end):
            raise self.error(_UNRECOGNIZED)
        if self._names is not None:
            raise NotSimulatedError("a regular expression", "balancing groups are not simulated")

    def _conditional(self) -> bool:
        """`(?(1)…|…)` or `(?(name)…|…)` tests a group, anything else in the parentheses looks on in the direction of
        the search: back inside of a look-behind."""
        start = self.position
        if self.peek().isascii() and self.peek().isdigit():
            number = self.take_decimal()
            if not self.accept(")"):
                raise self.error(f"(?({number}) ) malformed.")
            if self._names is not None and number not in self._numbers:
                raise self.error(f"(?({number}) ) reference to undefined group.")
            return self._push(f"(?(g{number})" if number else "(?(?!)", 1)
        if is_name_character(self.peek()):
            name = self._name()
            if self._names is not None and name in self._names and self.accept(")"):
                return self._push(f"(?(g{self._names[name]})", 1)
        self.position = start
        if self.pattern.startswith("?#", start):
            raise self.error("Alternation conditions cannot be comments.")
        if self.peek() == "?" and (self.peek(1) == "'" or (self.peek(1) == "<" and self.peek(2) not in ("=", "!"))):
            raise self.error("Alternation conditions do not capture and cannot be named.")
        self._push("(?", 1)
        if self.peek() == "?" and self.peek(1) in ("=", "!", "<"):
            return self._open()
        if self.peek() == "?" and self.peek(1) in (">", "("):
            raise NotSimulatedError("this condition in a regular expression", self.pattern)
        if self.peek() == "?" and not self.accept("?:"):
            self.position = min(self.position + 2, len(self.pattern))
            raise self.error(_UNRECOGNIZED)
        return self._push("(?<=" if self.options & character_classes.RIGHT_TO_LEFT else "(?=")

    def _inline_options(self) -> bool:
        """`(?i-s)` holds to the end of the enclosing group, `(?i-s:` in a group of its own."""
        before = self.options
        setting = True
        while not self.at_end:
            char = self.peek()
            if char in "+-":
                setting = char == "+"
            else:
                option = character_classes.INLINE.get(char.lower())
                if option is None or (
                    option != character_classes.IGNORE_CASE and before & character_classes.ECMA_SCRIPT
                ):
                    break
                self.options = self.options | option if setting else self.options & ~option
            self.position += 1
        if self.accept(")"):
            return False
        if self.accept(":"):
            own = self.options
            self.options = before
            self._push("(?:")
            self.options = own
            return False
        if not self.at_end:
            self.position += 1
        raise self.error(_UNRECOGNIZED)


# Compiles translated patterns and keeps them


class Translation(Record):
    """A translated pattern; `numbers` are the group numbers in order, `names` maps every group name to its number."""

    compiled: Any
    numbers: tuple[int, ...]
    names: dict[str, int]


_STEPS_PER_PATTERN, _STEPS_PER_CHARACTER = 4096, 256
"""Making a regular expression is far more work than any match of a short text; known ones are kept."""


@functools.lru_cache(maxsize=256)
def translate(pattern: str, options: int) -> Translation:
    """Translate and compile. Raises RegexParseException for an invalid pattern, NotSimulatedError for a refused one."""
    import regex  # type: ignore[import-untyped]  # types-regex is optional

    environment().step(_STEPS_PER_PATTERN + _STEPS_PER_CHARACTER * len(pattern))

    counted = Translator(pattern, options, None)
    # The second reading raises the error again, unless a reference to a missing group is before it.
    with contextlib.suppress(RegexParseException):
        counted.run()
    names = counted.assign_names()
    translator = Translator(pattern, options, names)
    text = translator.run()
    flags = regex.VERSION0 | regex.UNICODE
    if translator.ignores_case:
        flags |= regex.IGNORECASE
    if options & character_classes.RIGHT_TO_LEFT:
        flags |= regex.REVERSE
    try:
        compiled = regex.compile(text, flags)
    except (regex.error, RecursionError, OverflowError, MemoryError) as error:
        raise NotSimulatedError(f"the regular expression {pattern!r}", str(error)) from error
    numbers = tuple(sorted(names.values()))
    return Translation(compiled, numbers, names)
