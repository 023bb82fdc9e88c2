"""Types and brackets in a list of tokens: where a type ends that may start here, as Roslyn's ScanType finds it.

Answers are remembered by position, so that questions about nested brackets do not scan the same tokens again and again.
"""

from __future__ import annotations

from apimpolicy.csharp.syntax.lexer import PADDING, Tokens

MAXIMUM_TYPE_DEPTH = 600
"""Types nested deeper than this are not recognised."""

NO_TYPE = -1

OPENING = frozenset({"LPAR", "LSQB", "LBRACE", "_INTERPOLATION_LBRACE"})
CLOSING = frozenset({"RPAR", "RSQB", "RBRACE", "_INTERPOLATION_RBRACE"})
QUERY_WORDS = frozenset(
    {
        *("_FROM", "_WHERE", "_SELECT", "_GROUP", "_INTO", "_ORDERBY", "_JOIN", "_LET", "_ON", "_EQUALS", "_BY"),
        "ORDERING_DIRECTION",
    }
)


class TypeScanner:
    """Questions about one list of tokens; `contextual` are the kinds of words that may be names."""

    __slots__ = ("_depth", "_kinds", "_names", "_partners", "_query_end", "_tokens", "_types")

    def __init__(self, tokens: Tokens, contextual: frozenset[str]) -> None:
        self._tokens = tokens
        self._kinds = tokens.kinds
        self._names = contextual | {"NAME"}
        self._types: dict[int, int] = {}
        self._depth = 0
        self._query_end = 0  # the words of a query are no names before this token
        self._partners: dict[int, int] | None = None

    def _is_name(self, index: int) -> bool:
        kind = self._kinds[index]
        return kind in self._names and not (index < self._query_end and kind in QUERY_WORDS)

    def _is(self, index: int, spelling: str) -> bool:
        return self._kinds[index] == "RELATIONAL_OPERATOR" and self._tokens.spelling(index) == spelling

    def type_end(self, index: int) -> int:
        """Return the index after the longest type that starts at `index`, or NO_TYPE."""
        known = self._types.get(index)
        if known is None:
            if self._depth >= MAXIMUM_TYPE_DEPTH:
                return NO_TYPE
            self._depth += 1
            known = self._types[index] = self._scan_type(index)
            self._depth -= 1
        return known

    def _scan_type(self, index: int) -> int:
        kinds = self._kinds
        if kinds[index] == "PREDEFINED_TYPE":
            end = index + 1
        elif self._is_name(index):
            end = self._scan_name(index)
        elif kinds[index] == "LPAR":
            end = self._scan_tuple(index)
        else:
            return NO_TYPE
        if end == NO_TYPE:
            return NO_TYPE
        if kinds[end] == "QMARK":
            end += 1
        while (after := self._rank_end(end)) != NO_TYPE:
            end = after
        return end

    def _scan_name(self, index: int) -> int:
        kinds = self._kinds
        if kinds[index + 1] == "DOUBLE_COLON":
            index += 2
        while True:
            if kinds[index] not in self._names:
                return NO_TYPE
            index += 1
            if self._is(index, "<"):
                end = self._arguments_end(index)
                if end == NO_TYPE:
                    return index
                index = end
            if kinds[index] != "DOT" or kinds[index + 1] not in self._names:
                return index
            index += 1

    def _scan_tuple(self, index: int) -> int:
        elements = 0
        while True:
            index = self.type_end(index + 1)
            if index == NO_TYPE:
                return NO_TYPE
            elements += 1
            if self._kinds[index] in self._names:
                index += 1
            if self._kinds[index] == "RPAR":
                return index + 1 if elements > 1 else NO_TYPE
            if self._kinds[index] != "COMMA":
                return NO_TYPE

    def _rank_end(self, index: int) -> int:
        if self._kinds[index] != "LSQB":
            return NO_TYPE
        index += 1
        while self._kinds[index] == "COMMA":
            index += 1
        return index + 1 if self._kinds[index] == "RSQB" else NO_TYPE

    def _arguments_end(self, index: int) -> int:
        """Return the index after the type arguments that start at `index` with `<`, or NO_TYPE."""
        index += 1
        if self._is(index, ">") or self._kinds[index] == "COMMA":
            while self._kinds[index] == "COMMA":
                index += 1
            return index + 1 if self._is(index, ">") else NO_TYPE
        while True:
            index = self.type_end(index)
            if index == NO_TYPE:
                return NO_TYPE
            if self._is(index, ">"):
                return index + 1
            if self._kinds[index] != "COMMA":
                return NO_TYPE
            index += 1

    def _partner(self, index: int) -> int:
        """Return the index of the bracket that closes the one at `index`, or of the end."""
        if self._partners is None:
            self._partners = {}
            opened: list[int] = []
            for place, kind in enumerate(self._kinds):
                if kind in OPENING:
                    opened.append(place)
                elif kind in CLOSING and opened:
                    self._partners[opened.pop()] = place
        return self._partners.get(index, len(self._kinds) - PADDING)
