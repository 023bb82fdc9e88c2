"""JSONPath as Newtonsoft reads it; what a path selects is in `path_filters`.

A path becomes a list of filters, each a function from (root, tokens, whether a miss is an error) to tokens.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from apimpolicy.csharp.dotnet.environment import work_through
from apimpolicy.csharp.dotnet.exceptions import (
    FormatException,
    IndexOutOfRangeException,
    JsonException,
    OverflowException,
    require,
)
from apimpolicy.csharp.dotnet.json import path_filters as filters
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.json.tokens import JTOKEN, TOKENS, JEnumerable, JToken
from apimpolicy.csharp.dotnet.registry import implements
from apimpolicy.csharp.dotnet.values import Int64
from apimpolicy.errors import LimitExceededError

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.json.path_filters import Filter, Query

_OPEN_INDEXER = "Path ended with open indexer."
_OPEN_QUERY = "Path ended with open query."
_ESCAPES = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_CHARACTERS_ARE_SLOW = 4
"""A logarithm: how much more a character of a path costs than one that is passed over."""
_OPERATORS = ("===", "==", "=~", "!==", "!=", "<>", "<=", "<", ">=", ">")
_DIGITS = re.compile("[0-9-]+")
_PLAIN = re.compile(r"[^'\\]*")
MAXIMUM_NESTING = 100
MAXIMUM_FILTERS = 500
"""Steps of one path; each is a Python generator inside the next."""


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.nesting = 0

    def current(self, message: str) -> str:
        """Return the next character; raises JsonException with the message at the end."""
        if self.at >= len(self.text):
            raise JsonException(message)
        return self.text[self.at]

    def skip_blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at] == " ":
            self.at += 1

    def parse(self) -> list[Filter]:
        found: list[Filter] = []
        self.skip_blanks()
        start = self.at
        if self.at == len(self.text):
            return found
        if self.text[self.at] == "$":
            if len(self.text) == 1:
                return found
            if self.text[self.at + 1 : self.at + 2] in (".", "["):
                self.at += 1
                start = self.at
        if not self.steps(found, start, in_query=False):
            last = self.at
            self.skip_blanks()
            if self.at < len(self.text):
                raise JsonException(f"Unexpected character while parsing path: {self.text[last]}")
        return found

    def steps(self, found: list[Filter], start: int, *, in_query: bool) -> bool:
        """Read names and indexers; whether the text ended with them."""
        scan = after_indexer = after_dot = False
        while self.at < len(self.text):
            character = self.text[self.at]
            if character in "[(":
                if self.at > start:
                    found.append(filters.field(_name(self.text[start : self.at]), scan))
                    scan = False
                found.append(self.indexer(character, scan))
                scan = False
                self.at += 1
                start = self.at
                after_indexer, after_dot = True, False
            elif character in "]) ":
                break
            elif character == ".":
                if self.at > start:
                    found.append(filters.field(_name(self.text[start : self.at]), scan))
                    scan = False
                if self.text.startswith(".", self.at + 1):
                    scan = True
                    self.at += 1
                self.at += 1
                start = self.at
                after_indexer, after_dot = False, True
            elif in_query and character in "=<!>|&":
                break
            elif after_indexer:
                raise JsonException(f"Unexpected character following indexer: {character}")
            else:
                self.at += 1
        at_end = self.at == len(self.text)
        if self.at > start:
            found.append(filters.field(_name(self.text[start : self.at].rstrip()), scan))
        elif after_dot and (at_end or in_query):
            raise JsonException("Unexpected end while parsing path.")
        return at_end

    def indexer(self, opening: str, scan: bool) -> Filter:
        self.at += 1
        closing = "]" if opening == "[" else ")"
        self.current(_OPEN_INDEXER)
        self.skip_blanks()
        character = self.current(_OPEN_INDEXER)
        if character == "'":
            return self.quoted_names(closing, scan)
        return self.query(closing, scan) if character == "?" else self.positions(closing)

    def unexpected(self, character: str) -> NoReturn:
        raise JsonException(f"Unexpected character while parsing path indexer: {character}")

    def positions(self, closing: str) -> Filter:
        indexes: list[int] = []
        parts: list[int | None] = []
        digits = ""
        ended = False
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == " ":
                ended = bool(digits)
                self.skip_blanks()
                continue
            if character == closing:
                if indexes:
                    return filters.indexes([*indexes, self.index(digits)])
                if parts:
                    parts.append(self.index(digits) if digits else None)
                    return filters.slice_of(*[*parts, None, None][:3])
                return filters.index(self.index(digits))
            if character == ",":
                indexes.append(self.index(digits))
                digits, ended = "", False
            elif character == "*":
                self.at += 1
                self.current(_OPEN_INDEXER)
                self.skip_blanks()
                if self.current(_OPEN_INDEXER) != closing:
                    self.unexpected(character)
                return filters.index(None)
            elif character == ":":
                parts.append(self.index(digits) if digits else None)
                digits, ended = "", False
            elif ended or (run := _DIGITS.match(self.text, self.at)) is None:
                self.unexpected(character)
            else:
                digits = run.group()
                self.at = run.end()
                continue
            self.at += 1
        raise JsonException(_OPEN_INDEXER)

    @staticmethod
    def index(digits: str) -> int:
        if not digits:
            raise JsonException("Array index expected.")
        number = re.fullmatch("(-?)0*([0-9]+)", digits)
        if number is None:
            raise FormatException("Input string was not in a correct format.")
        value = int(number[1] + number[2][:12])
        if not -(2**31) <= value < 2**31:
            raise OverflowException("Value was either too large or too small for an Int32.")
        return value

    def quoted_names(self, closing: str, scan: bool) -> Filter:
        names: list[str] = []
        while self.at < len(self.text):
            names.append(self.quoted())
            self.skip_blanks()
            character = self.current(_OPEN_INDEXER)
            if character == closing:
                return filters.fields(names, scan) if len(names) > 1 else filters.field(names[0], scan)
            if character != ",":
                self.unexpected(character)
            self.at += 1
            self.skip_blanks()
        raise JsonException(_OPEN_INDEXER)

    def quoted(self) -> str:
        parts: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            plain = _PLAIN.match(self.text, self.at)
            assert plain is not None
            parts.append(plain.group())
            self.at = plain.end()
            if self.at == len(self.text):
                break
            character = self.text[self.at]
            self.at += 1
            if character == "'":
                return "".join(parts)
            if self.at < len(self.text):
                character = self.text[self.at]
                if character not in _ESCAPES:
                    raise JsonException(f"Unknown escape character: \\{character}")
                character = _ESCAPES[character]
                self.at += 1
            parts.append(character)
        raise JsonException("Path ended with an open string.")

    def query(self, closing: str, scan: bool) -> Filter:
        self.nesting += 1
        if self.nesting > MAXIMUM_NESTING:
            raise JsonException("Path queries are nested too deeply.")
        self.at += 1
        if self.current(_OPEN_INDEXER) != "(":
            self.unexpected(self.text[self.at])
        self.at += 1
        condition = self.condition()
        self.at += 1
        self.current(_OPEN_INDEXER)
        self.skip_blanks()
        if self.current(_OPEN_INDEXER) != closing:
            self.unexpected(self.text[self.at])
        self.nesting -= 1
        return filters.query(condition, scan)

    def condition(self) -> Query:
        """Conditions joined by && and ||. As in Newtonsoft, a change of operator nests to the right."""
        root: filters.Composite | None = None
        parent: filters.Composite | None = None
        while self.at < len(self.text):
            left = self.side()
            if self.current(_OPEN_QUERY) in ")|&":
                comparison = filters.FilterComparison(left, "exists", None)
            else:
                operator = self.operator()
                comparison = filters.FilterComparison(left, operator, self.side())
            character = self.current(_OPEN_QUERY)
            if character == ")":
                if parent is None:
                    return comparison
                parent.conditions.append(comparison)
                assert root is not None
                return root
            if character not in "&|" or not self.text.startswith(character * 2, self.at):
                raise self.unexpected_in_query()
            self.at += 2
            if parent is None or parent.operator != character:
                composite = filters.Composite(character)
                if parent is not None:
                    parent.conditions.append(composite)
                parent = composite
                root = root or composite
            parent.conditions.append(comparison)
        raise JsonException(_OPEN_QUERY)

    def unexpected_in_query(self) -> JsonException:
        if self.at >= len(self.text):
            raise IndexOutOfRangeException  # Newtonsoft shows the character behind the end
        return JsonException(f"Unexpected character while parsing path query: {self.text[self.at]}")

    def side(self) -> list[Filter] | JValue:
        self.skip_blanks()
        character = self.current(_OPEN_QUERY)
        if character in "$@":
            found: list[Filter] = [filters.root_filter] if character == "$" else []
            self.at += 1
            if self.steps(found, self.at, in_query=True):
                raise JsonException(_OPEN_QUERY)
            if len(found) > MAXIMUM_FILTERS:
                raise LimitExceededError("JSONPath steps", MAXIMUM_FILTERS)
            self.skip_blanks()
            self.current(_OPEN_QUERY)
            return found
        literal = self.literal(character)
        self.skip_blanks()
        self.current(_OPEN_QUERY)
        return literal

    def literal(self, character: str) -> JValue:
        if character == "'":
            return JValue.of(self.quoted())
        if character.isdigit() or character == "-":
            return self.number()
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return JValue.of(value)
        if character == "/":
            return JValue.of(self.regular_expression())
        raise self.unexpected_in_query()

    def number(self) -> JValue:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in " )":
            self.at += 1
        digits = self.text[start : self.at]
        if self.at < len(self.text):
            try:
                return JValue.of(float(digits) if set(digits) & set(".eE") else Int64(digits))
            except ValueError:
                pass
        raise self.unexpected_in_query()

    def regular_expression(self) -> str:
        match = re.compile(r"/(?:\\.|[^/\\])*/[^\W\d_]*", re.DOTALL).match(self.text, self.at)
        if match is None:
            raise JsonException("Path ended with an open regex.")
        self.at = match.end()
        return match.group()

    def operator(self) -> str:
        if self.at + 1 >= len(self.text):
            raise JsonException(_OPEN_QUERY)
        for operator in _OPERATORS:
            if self.text.startswith(operator, self.at):
                self.at += len(operator)
                return operator
        raise JsonException("Could not read query operator.")


def _name(text: str) -> str | None:
    return None if text == "*" else text


@functools.lru_cache(maxsize=512)
def parse_path(text: str) -> list[Filter]:
    """Return the filters of a path. Raises JsonException as Newtonsoft does."""
    work_through(len(text) << _CHARACTERS_ARE_SLOW)
    found = _Parser(text).parse()
    if len(found) > MAXIMUM_FILTERS:
        raise LimitExceededError("JSONPath steps", MAXIMUM_FILTERS)
    return found


def _evaluate(token: JToken, path: str | None, must_match: bool) -> Iterator[JToken]:
    return filters.evaluate(parse_path(require(path, "expression")), token, token, must_match)


@implements(JTOKEN, "SelectTokens")
def select_tokens(token: JToken, path: str | None, must_match: bool = False) -> JEnumerable:
    _evaluate(token, path, must_match)
    return JEnumerable(lambda: _evaluate(token, path, must_match), TOKENS)


@implements(JTOKEN, "SelectToken")
def select_token(token: JToken, path: str | None, must_match: bool = False) -> JToken | None:
    found: JToken | None = None
    for selected in _evaluate(token, path, must_match):
        if found is not None:
            raise JsonException("Path returned multiple tokens.")
        found = selected
    return found
