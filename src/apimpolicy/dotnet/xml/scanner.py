"""The tokens that XML is made of, read one by one, with .NET's messages for what does not fit."""

from __future__ import annotations

import re
from typing import NoReturn

from apimpolicy.dotnet.exceptions import XmlException
from apimpolicy.dotnet.values import to_utf16
from apimpolicy.dotnet.xml.names import NCNAME, is_name_character

SPACE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]*")
INVALID_CHARACTERS = "\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff"
"""Inside a character class of a regular expression."""
_INVALID = re.compile(f"[{INVALID_CHARACTERS}]")
_PREDEFINED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def line_ends(text: str) -> str:
    """Return the text with `\\r\\n` and `\\r` as `\\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class Scanner:
    """A place in a text; `entities` are the names that `&name;` may use."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.entities = dict(_PREDEFINED)

    def unclosed(self) -> NoReturn:
        """Raise the exception for a text that ends too early."""
        self.at = len(self.text)
        self.fail("Unexpected end of file has occurred.")

    def ended_inside(self, part: str) -> NoReturn:
        self.fail(f"Unexpected end of file while parsing {part} has occurred.", len(self.text))

    def place(self, at: int) -> tuple[int, int]:
        """Line and position of an offset, from 1; `\\r\\n`, `\\r` and `\\n` end lines."""
        before = self.text[:at].replace("\r\n", "\0\n").replace("\r", "\n")
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        raise self.failure(message, at)

    def failure(self, message: str, at: int | None = None) -> XmlException:
        line, position = self.place(self.at if at is None else at)
        return XmlException(f"{message} Line {line}, position {position}.")

    def unexpected(self, at: int, *expected: str) -> NoReturn:
        wanted = "' or '".join(expected)
        self.fail(f"'{self.token(at)}' is an unexpected token. The expected token is '{wanted}'.", at)

    def token(self, at: int) -> str:
        """Return the word or the character at an offset, as messages show it."""
        if at >= len(self.text):
            self.unclosed()
        end = at
        while end < len(self.text) and is_name_character(self.text[end]):
            end += 1
        return self.text[at : max(end, at + 1)]

    def bad_character(self, at: int, *, begins: bool = False) -> NoReturn:
        """Raise the exception for a character that a name can't have, or can't begin with."""
        if at >= len(self.text):
            self.unclosed()
        found = self.text[at]
        code = f"hexadecimal value 0x{ord(found):02X}"
        if begins:
            self.fail(f"Name cannot begin with the '{found}' character, {code}.", at)
        self.fail(f"The '{found}' character, {code}, cannot be included in a name.", at)

    def skip_spaces(self) -> bool:
        """Skip white space; whether there was some."""
        start = self.at
        match = _SPACES.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.at > start

    def until(self, end: str, start: int, part: str = "") -> str:
        """Return the text from `start` to `end`; moves behind it. `part` is what messages call it."""
        found = self.text.find(end, start)
        if found < 0:
            self.ended_inside(part) if part else self.unclosed()
        self.at = found + len(end)
        content = self.text[start:found]
        self.check_characters(content, start)
        return line_ends(content)

    def check_characters(self, content: str, start: int) -> None:
        bad = _INVALID.search(content)
        if bad is not None:
            code = f"hexadecimal value 0x{ord(bad.group()):02X}"
            shown = "." if bad.group() == "\0" else bad.group()
            self.fail(f"'{shown}', {code}, is an invalid character.", start + bad.start())

    def reference(self) -> str:
        """`&lt;` and `&#65;` as text."""
        start = self.at + 1
        end = self.text.find(";", start, start + 128)
        name = NCNAME.match(self.text, start)
        if self.text.startswith("#", start):
            digits = self.text[start + 1 : end] if end > 0 else ""
            hexadecimal = digits.startswith("x")
            pattern = "x[0-9a-fA-F]{1,8}" if hexadecimal else "[0-9]{1,10}"
            if re.fullmatch(pattern, digits) is None:
                self.fail("Invalid syntax for a hexadecimal numeric entity reference." if hexadecimal
                          else "Invalid syntax for a decimal numeric entity reference.", start + 1)  # fmt: skip
            code = int(digits[1:], 16) if hexadecimal else int(digits)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or _INVALID.match(chr(code)):
                self.fail(
                    f"'{chr(code) if 0 < code < 0xD800 or 0xDFFF < code <= 0xFFFF else '.'}', "
                    f"hexadecimal value 0x{code:02X}, is an invalid character.",
                    start + 2 if hexadecimal else start + 1,
                )
            self.at = end + 1
            return to_utf16(chr(code))
        if name is None:
            self.fail("An error occurred while parsing EntityName.", start)
        if self.text[name.end() : name.end() + 1] != ";":
            self.unexpected(name.end(), ";")
        value = self.entities.get(name.group())
        if value is None:
            self.fail(f"Reference to undeclared entity '{name.group()}'.", start)
        self.at = name.end() + 1
        return value

    def name(self) -> str:
        """Return a name as written, colon and all."""
        start = self.at
        self.part_of_name()
        if self.text.startswith(":", self.at):
            self.at += 1
            self.part_of_name()
            if self.text.startswith(":", self.at):
                self.bad_character(self.at)
        return self.text[start : self.at]

    def part_of_name(self) -> None:
        match = NCNAME.match(self.text, self.at)
        end = self.at if match is None else match.end()
        if end >= len(self.text):
            self.ended_inside("Name")
        if match is None:
            self.bad_character(end, begins=True)
        self.at = end

    def literal(self) -> str:
        self.skip_spaces()
        quote = self.text[self.at : self.at + 1]
        if quote not in ('"', "'") or not quote:
            self.unexpected(self.at, '"', "'")
        return self.until(quote, self.at + 1)
