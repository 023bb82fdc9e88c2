"""Text to tokens, as Newtonsoft's JsonTextReader: its dialect, its positions and its messages.

The dialect: single quotes, unquoted names, comments, a comma before a closing bracket, octal and hexadecimal integers,
NaN and Infinity, `undefined`, `new Date(0)`, and strings that look like dates.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from apimpolicy.csharp.dotnet.exceptions import JsonReaderException
from apimpolicy.csharp.dotnet.json.platform import BigInteger, find_date
from apimpolicy.csharp.dotnet.json.tokens import path_name
from apimpolicy.csharp.dotnet.values import Int64

MAXIMUM_DEPTH = 512
"""Deeper documents are refused with the message of a reader that has this `MaxDepth`."""

START_OBJECT, START_ARRAY, START_CONSTRUCTOR = "StartObject", "StartArray", "StartConstructor"
_WITH_OFFSET = 2
"""Of the enum `DateParseHandling`."""
END_OBJECT, END_ARRAY, END_CONSTRUCTOR = "EndObject", "EndArray", "EndConstructor"
PROPERTY_NAME, COMMENT, INTEGER, FLOAT, STRING = "PropertyName", "Comment", "Integer", "Float", "String"
BOOLEAN, NULL, UNDEFINED, DATE, NONE = "Boolean", "Null", "Undefined", "Date", "None"
BYTES = "Bytes"  # only in trees
"""`JsonToken`, by name because messages show the name."""

_CLOSES = {END_OBJECT: "Object", END_ARRAY: "Array", END_CONSTRUCTOR: "Constructor"}
_ENDS = {"}": END_OBJECT, "]": END_ARRAY, ")": END_CONSTRUCTOR}
_PLAIN = re.compile(r"[^\"'\\\r\n]*")
_BLANKS = re.compile(r"[\s\0]*")
_NUMBER = re.compile(r"[-+0-9a-fA-FxX.]*")
_INTEGER = re.compile(r"-?[0-9]+\Z")
_SIMPLE_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_WORDS = {
    "t": ("true", BOOLEAN, True, "boolean"),
    "f": ("false", BOOLEAN, False, "boolean"),
    "u": ("undefined", UNDEFINED, None, "undefined"),
    "N": ("NaN", FLOAT, float("nan"), "NaN"),
    "I": ("Infinity", FLOAT, float("inf"), "Infinity"),
    "-": ("-Infinity", FLOAT, float("-inf"), "-Infinity"),
}


class TextReader:
    """Reads one token at a time: `read()` sets `token`, `value` (boxed) and, for scalars, `raw` (the text)."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self.line_start = 0
        self.token = NONE
        self.value: Any = None
        self.raw = ""
        self.state = "Start"
        # One entry per open container: [kind, property name or index].
        self.stack: list[list[Any]] = []
        self.date_parsing = 1

    # Where the reader is

    @property
    def depth(self) -> int:
        return len(self.stack)

    @property
    def line_number(self) -> int:
        at_start = self.state == "Start" and self.at == self.line_start and self.token != COMMENT
        return 0 if at_start else self.line

    @property
    def path(self) -> str:
        entries = self.stack[:-1] if self.state in ("ObjectStart", "ArrayStart", "ConstructorStart") else self.stack
        text = ""
        for kind, place in entries:
            if kind == "Object":
                text += path_name(place, is_first=not text) if place is not None else ""
            else:
                text += f"[{place}]"
        return text

    def fail(self, message: str) -> NoReturn:
        raise self.failure(message)

    def failure(self, message: str) -> JsonReaderException:
        message = message.strip()
        end = "" if message.endswith(".") else "."
        position = self.at - self.line_start
        return JsonReaderException(f"{message}{end} Path '{self.path}', line {self.line_number}, position {position}.")

    # States

    def read(self) -> bool:
        """Advance to the next token; False at the end of the text."""
        while True:
            state = self.state
            if state in ("Start", "Property", "Array", "ArrayStart", "Constructor", "ConstructorStart"):
                return self._value()
            if state in ("Object", "ObjectStart"):
                return self._member()
            if state == "PostValue":
                if self._after_value():
                    return True
                continue
            return self._finished()

    def _peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else "\0"

    def _skip_whitespace(self) -> bool:
        """Move to the next character that is not white space; False at the end."""
        start, self.at = self.at, _BLANKS.match(self.text, self.at).end()  # type: ignore[union-attr]
        if self.at > start:
            self._count_lines(start, self.at)
        return self.at < len(self.text)

    def _count_lines(self, start: int, end: int) -> None:
        """The line and where it begins, after white space."""
        breaks = self.text.count("\n", start, end) + self.text.count("\r", start, end)
        if breaks:
            self.line += breaks - self.text.count("\r\n", start, end)
            self.line_start = max(self.text.rfind("\n", start, end), self.text.rfind("\r", start, end)) + 1

    def _line_break(self, character: str) -> None:
        self.at += 1
        if character == "\r" and self._peek() == "\n":
            self.at += 1
        self.line += 1
        self.line_start = self.at

    def _set(self, token: str, value: Any = None, *, raw: str = "") -> None:
        self.token, self.value, self.raw = token, value, raw
        self._count()
        self.state = "PostValue" if self.stack else "Finished"

    def _count(self) -> None:
        if self.stack and self.stack[-1][0] != "Object":
            self.stack[-1][1] += 1

    def _open(self, token: str, kind: str, value: Any = None) -> None:
        self.token, self.value = token, value
        self.state = kind + "Start"
        self._count()
        self.stack.append([kind, None if kind == "Object" else -1])
        if len(self.stack) > MAXIMUM_DEPTH:
            self.fail(f"The reader's MaxDepth of {MAXIMUM_DEPTH} has been exceeded.")

    def _close(self, token: str) -> None:
        kind = self.stack.pop()[0] if self.stack else "None"
        self.token, self.value = token, None
        if kind != _CLOSES[token]:
            self.fail(f"JsonToken {token} is not valid for closing JsonType {kind}.")
        self.state = "PostValue" if self.stack else "Finished"

    def _finished(self) -> bool:
        if not self._skip_whitespace():
            self.token, self.value = NONE, None
            return False
        if self._peek() == "/":
            self._comment()
            return True
        raise self.failure(f"Additional text encountered after finished reading JSON content: {self._peek()}.")

    def _after_value(self) -> bool:
        if not self._skip_whitespace():
            self.state = "Finished"
            return False
        character = self._peek()
        if character in _ENDS:
            self.at += 1
            self._close(_ENDS[character])
            return True
        if character == "/":
            self._comment()
            return True
        if character == ",":
            self.at += 1
            self.state = self.stack[-1][0] if self.stack else "Finished"
            return False
        raise self.failure(f"After parsing a value an unexpected character was encountered: {character}.")

    def _member(self) -> bool:
        if not self._skip_whitespace():
            return False
        character = self._peek()
        if character == "}":
            self.at += 1
            self._close(END_OBJECT)
            return True
        if character == "/":
            self._comment()
            return True
        if character in "\"'":
            name = self._string(character)
        elif character.isalnum() or character in "_$":
            name = self._unquoted_name()
        else:
            self.fail(f"Invalid property identifier character: {character}.")
        self._skip_whitespace()
        if self._peek() != ":":
            self.fail(f"Invalid character after parsing property name. Expected ':' but got: {self._peek()}.")
        self.at += 1
        self.token, self.value = PROPERTY_NAME, name
        self.stack[-1][1] = name
        self.state = "Property"
        return True

    def _unquoted_name(self) -> str:
        start = self.at
        while True:
            if self.at >= len(self.text):
                self.fail("Unexpected end while parsing unquoted property name.")
            character = self.text[self.at]
            if character.isspace() or character == ":":
                return self.text[start : self.at]
            if not (character.isalnum() or character in "_$"):
                self.fail(f"Invalid JavaScript property identifier character: {character}.")
            self.at += 1

    # Values

    def _value(self) -> bool:
        if not self._skip_whitespace():
            return False
        character = self._peek()
        if character in "\"'":
            self._text_value(character)
        elif character == "{":
            self.at += 1
            self._open(START_OBJECT, "Object")
        elif character == "[":
            self.at += 1
            self._open(START_ARRAY, "Array")
        elif character in "])":
            self.at += 1
            self._close(_ENDS[character])
        elif character == ",":
            # The comma itself is read next; a value is missing before it.
            self._set(UNDEFINED)
        elif character == "/":
            self._comment()
        elif character == "n":
            self._null_or_constructor()
        elif character in "tfuNI" or self.text.startswith("-I", self.at):
            word, token, value, what = _WORDS[character]
            self._word(word, f"Error parsing {what} value.")
            self._set(token, value, raw=word)
        elif character.isnumeric() or character in "-.":
            self._number()
        else:
            self._unexpected(character)
        return True

    def _unexpected(self, character: str) -> NoReturn:
        self.fail(f"Unexpected character encountered while parsing value: {character}.")

    def _text_value(self, quote: str) -> None:
        value = self._string(quote)
        self._count()
        self.state = "PostValue" if self.stack else "Finished"
        self.raw = value
        date = find_date(value, keeps_offset=self.date_parsing == _WITH_OFFSET) if self.date_parsing else None
        self.token, self.value = (STRING, value) if date is None else (DATE, date)

    def _word(self, word: str, message: str) -> None:
        if len(self.text) - self.at < len(word):
            self.at = len(self.text)
            self.fail("Unexpected end when reading JSON.")
        for expected in word:
            if self.text[self.at] != expected:
                self.fail(message)
            self.at += 1
        following = self._peek()
        comment = following == "/" and self.text[self.at + 1 : self.at + 2] in ("*", "/")
        closes = following == ")" and self.state in ("Constructor", "ConstructorStart")
        if following not in "}],\0" and not following.isspace() and not comment and not closes:
            self.fail(message)

    def _null_or_constructor(self) -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if following == "u":
            self._word("null", "Error parsing null value.")
            self._set(NULL, raw="null")
        elif following == "e":
            self._constructor()
        elif following:
            self._unexpected("n")
        else:
            self.at += 1
            self.fail("Unexpected end when reading JSON.")

    def _constructor(self) -> None:
        self._word("new", "Unexpected content while parsing JSON.")
        self._skip_whitespace()
        start = self.at
        while self.at < len(self.text) and self.text[self.at].isalnum():
            self.at += 1
        name = self.text[start : self.at]
        if not self._skip_whitespace():
            self.fail("Unexpected end while parsing constructor.")
        if self._peek() != "(":
            self.fail(f"Unexpected character while parsing constructor: {self._peek()}.")
        self.at += 1
        self._open(START_CONSTRUCTOR, "Constructor", name)

    def _number(self) -> None:
        found = _NUMBER.match(self.text, self.at)
        assert found is not None
        digits = found.group()
        self.at = found.end()
        following = self._peek()
        if self.at < len(self.text) and not following.isspace() and following not in ",}])/\0":
            self.fail(f"Unexpected character encountered while parsing number: {following}.")
        self._set(INTEGER, raw=digits)
        if digits[0] == "0" and len(digits) > 1 and digits[1] not in ".eE":
            self.value = self._other_base(digits)
        elif _INTEGER.match(digits):
            if len(digits) > 380:
                self.fail(f"JSON integer {digits} is too large to parse.")
            number = int(digits)
            self.value = Int64(number) if -(2**63) <= number < 2**63 else BigInteger(number)
        else:
            try:
                self.token, self.value = FLOAT, float(digits)
            except ValueError:
                self.fail(f"Input string '{digits}' is not a valid number.")

    def _other_base(self, digits: str) -> Int64:
        try:
            number = int(digits[2:], 16) if digits[:2] in ("0x", "0X") else int(digits, 8)
        except ValueError:
            number = -1
        if not 0 <= number < 2**64 or "+" in digits or "-" in digits:
            self.fail(f"Input string '{digits}' is not a valid number.")
        return Int64(number if number < 2**63 else number - 2**64)

    def _string(self, quote: str) -> str:
        """Read a string from its opening quote on."""
        self.at += 1
        parts: list[str] = []
        while True:
            plain = _PLAIN.match(self.text, self.at)
            assert plain is not None
            parts.append(plain.group())
            self.at = plain.end()
            if self.at >= len(self.text):
                self.fail(f"Unterminated string. Expected delimiter: {quote}.")
            character = self.text[self.at]
            if character == quote:
                self.at += 1
                return "".join(parts)
            if character in "\r\n":
                start = self.at
                self._line_break(character)
                parts.append(self.text[start : self.at])
            elif character == "\\":
                parts.append(self._escape(quote))
            else:
                parts.append(character)
                self.at += 1

    def _escape(self, quote: str) -> str:
        self.at += 1
        if self.at >= len(self.text):
            self.fail(f"Unterminated string. Expected delimiter: {quote}.")
        character = self.text[self.at]
        self.at += 1
        if character in _SIMPLE_ESCAPES:
            return _SIMPLE_ESCAPES[character]
        if character != "u":
            self.fail(f"Bad JSON escape sequence: \\{character}.")
        unit = self._unicode()
        if "\udc00" <= unit <= "\udfff":
            return "\ufffd"
        written = ""
        while "\ud800" <= unit <= "\udbff":
            if not self.text.startswith("\\u", self.at):
                return written + "\ufffd"
            self.at += 2
            following = self._unicode()
            if "\udc00" <= following <= "\udfff":
                return written + unit + following
            written += "\ufffd"
            unit = following
        return written + unit

    def _unicode(self) -> str:
        digits = self.text[self.at : self.at + 4]
        if len(digits) < 4:
            self.fail("Unexpected end while parsing Unicode escape sequence.")
        if re.fullmatch("[0-9a-fA-F]{4}", digits) is None:
            self.fail(f"Invalid Unicode escape sequence: \\u{digits}.")
        self.at += 4
        return chr(int(digits, 16))

    def _comment(self) -> None:
        self.at += 1
        if self.at + 1 >= len(self.text):
            self.fail("Unexpected end while parsing comment.")
        kind = self.text[self.at]
        if kind not in "*/":
            self.fail(f"Error parsing comment. Expected: *, got {kind}.")
        self.at += 1
        start = self.at
        found = re.compile(r"\*/" if kind == "*" else r"[\r\n]|\Z").search(self.text, self.at)
        if found is None:
            self.at = len(self.text)
            self.fail("Unexpected end while parsing comment.")
        if kind == "*":
            for line_break in re.finditer(r"\r\n?|\n", self.text[start : found.start()]):
                self.line += 1
                self.line_start = start + line_break.end()
        self.at = found.end() if kind == "*" else found.start()
        self.token, self.value = COMMENT, self.text[start : found.start()]
