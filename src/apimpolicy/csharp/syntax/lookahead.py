"""The look-ahead of the C# specification, section 6.2.5: what a token means where the grammar leaves a choice.

The parser asks only where its table would accept one of the special terminals below, so the context is known; each
question is about the tokens that follow.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from apimpolicy.csharp.syntax.lexer import PADDING, Tokens
from apimpolicy.csharp.syntax.newer_patterns import LITERALS, PatternScanner
from apimpolicy.csharp.syntax.scanning import CLOSING, NO_TYPE, OPENING, QUERY_WORDS

_STARTS_OPERAND = LITERALS | {
    *("LPAR", "BANG", "TILDE", "NEW", "TYPEOF", "SIZEOF", "DEFAULT", "CHECKED", "UNCHECKED", "THIS", "BASE"),
    *("DELEGATE", "PREDEFINED_TYPE", "STACKALLOC"),
}
"""Tokens that can follow a cast to a type that could as well be a parenthesized name; names come on top."""

_STARTS_EXPRESSION = _STARTS_OPERAND | {"ADDITIVE_OPERATOR", "INCREMENT_OPERATOR", "THROW", "REF"}

_FOLLOWS_TYPE_ARGUMENTS = frozenset(
    {
        *("LPAR", "RPAR", "RSQB", "RBRACE", "COLON", "SEMICOLON", "COMMA", "DOT", "QMARK", "EQUALITY_OPERATOR", "BAR"),
        *("CARET", "DOUBLE_BAR", "DOUBLE_AMPERSAND", "AMPERSAND", "LSQB", "_INTERPOLATION_RBRACE"),
        *("INTERPOLATION_FORMAT", "$END"),
    }
)
_CONTINUES_EXPRESSION = frozenset(
    {"DOT", "LPAR", "LSQB", "ADDITIVE_OPERATOR", "MULTIPLICATIVE_OPERATOR", "SHIFT_OPERATOR", "INCREMENT_OPERATOR"}
)
_FOLLOWS_DECLARATOR = frozenset({"EQUAL", "SEMICOLON", "COMMA"})
_STARTS_AWAITED = LITERALS | {"NEW", "THIS", "BASE", "DELEGATE", "TYPEOF", "CHECKED", "UNCHECKED", "DEFAULT"}
_SEPARATORS = frozenset({"COMMA", "SEMICOLON"})


class Lookahead(PatternScanner):
    """Answers about one list of tokens: how many tokens a special terminal takes, or -1 when it does not stand here."""

    __slots__ = ("_asynchronous", "_closers", "_conditional")

    def __init__(self, tokens: Tokens, contextual: frozenset[str]) -> None:
        super().__init__(tokens, contextual)
        self._closers: set[int] = set()  # each `>` that closes type arguments
        self._conditional: set[int] = set()  # each `?` after a type that belongs to `? :`
        self._asynchronous: list[range] | None = None  # disjoint, in order

    # ------------------------------------------------------------------------------------------ statements

    def _skip_ref(self, index: int) -> int:
        if self._kinds[index] != "REF":
            return index
        return index + 2 if self._kinds[index + 1] == "READONLY" else index + 1

    def declaration(self, index: int) -> int:
        """`_MARK_DECLARATION`: a type and a name; `await x;` in an async lambda is none."""
        kind = self._kinds[index]
        if kind == "_AWAIT" and (self._is_asynchronous(index) or self._kinds[index + 2] not in _FOLLOWS_DECLARATOR):
            return -1
        if kind == "PREDEFINED_TYPE":
            return 0 if self._kinds[index + 1] != "DOT" else -1
        end = self.type_end(self._skip_ref(index))
        if end == NO_TYPE or not self._is_name(end):
            return -1
        following = self._kinds[end + 1]
        return -1 if following == "ARROW" or (kind == "_FROM" and following == "IN") else 0

    def local_function(self, index: int) -> int:
        """`_MARK_LOCAL_FUNCTION`: a type, a name, parameters, and a body."""
        following = self._kinds[index + 1]
        if self._kinds[index] == "_AWAIT":
            return -1
        if self._kinds[index] == "ASYNC" and (following in self._names or following == "PREDEFINED_TYPE"):
            index += 1
        end = self.type_end(self._skip_ref(index))
        if end == NO_TYPE or not self._is_name(end):
            return -1
        end += 1
        if self._is(end, "<"):
            end = self._arguments_end(end)
        return 0 if end != NO_TYPE and self._kinds[end] == "LPAR" else -1

    def label(self, index: int) -> int:
        return 1 if self._kinds[index + 1] == "COLON" else -1

    def default_label(self, index: int) -> int:
        return 1 if self._kinds[index + 1] == "COLON" else -1

    def yield_(self, index: int) -> int:
        return 1 if self._kinds[index + 1] in ("RETURN", "BREAK") else -1

    # ------------------------------------------------------------------------------------------ declared in expressions

    def declaration_expression(self, index: int) -> int:
        """`_MARK_DECLARATION_EXPRESSION`: a type and a name, or `var` and names in parentheses."""
        is_var = self._kinds[index] == "VAR" and self._kinds[index + 1] == "LPAR"
        if is_var and (self._kinds[index - 1] == "OUT" or self._is_designation(index + 1)):
            return 0
        end = self.type_end(index)
        if end == NO_TYPE or not self._is_name(end):
            return -1
        previous, following = self._kinds[index - 1], self._kinds[end + 1]
        return 0 if previous == "OUT" or following == "COMMA" or (following == "RPAR" and previous != "LPAR") else -1

    def _is_designation(self, index: int) -> bool:
        """Return whether the parentheses at `index` hold names alone, and are an element of a tuple."""
        end = self._partner(index)
        inside = range(index + 1, end - 1)
        return self._kinds[end] in ("COMMA", "RPAR") and all(
            self._is_name(place) or self._kinds[place] in ("LPAR", "RPAR", "COMMA") for place in inside
        )

    def deconstruction(self, index: int) -> int:
        """`_MARK_DECONSTRUCTION`: `var (a, b) =`, or the same before `in`."""
        if self._kinds[index + 1] != "LPAR":
            return -1
        return 0 if self._kinds[self._partner(index + 1) + 1] in ("EQUAL", "IN") else -1

    def pattern(self, index: int) -> int:
        """`_MARK_PATTERN`: a type and a name, which is not `when`."""
        end = self.type_end(index)
        if end == NO_TYPE:
            return -1
        if self._kinds[end - 1] == "QMARK" and self._is_conditional(end - 1):
            return -1
        return 0 if self._is_name(end) and self._kinds[end] != "_WHEN" else -1

    def type_operand(self, index: int) -> int:
        """`_MARK_TYPE`: always after `as`; after `is` unless its operand continues as a constant expression."""
        end = self.type_end(index)
        is_test = self._kinds[index - 1] == "IS"
        if end == NO_TYPE:
            return -1 if is_test else 0
        if self._kinds[end - 1] == "QMARK" and self._is_conditional(end - 1):
            end -= 1
            self._conditional.add(end)
        return -1 if is_test and self._kinds[end] in _CONTINUES_EXPRESSION else 0

    def _is_conditional(self, index: int) -> bool:
        """After the type of `is` and `as`, a `?` before an expression belongs to `? :`."""
        following = self._kinds[index + 1]
        return following in _STARTS_EXPRESSION or following in self._names

    # ------------------------------------------------------------------------------------------ expressions

    def lambda_parenthesis(self, index: int) -> int:
        return 1 if self._kinds[self._partner(index) + 1] == "ARROW" else -1

    def cast_parenthesis(self, index: int) -> int:
        """`_CAST_LPAR`: what can only be a type, or a type before a token that can start an operand."""
        end = self.type_end(index + 1)
        if end == NO_TYPE or self._kinds[end] != "RPAR":
            return -1
        if self._kinds[index + 1] == "PREDEFINED_TYPE" or self._kinds[end - 1] in ("RSQB", "QMARK"):
            return 1
        following = self._kinds[end + 1]
        return 1 if following in _STARTS_OPERAND or self._is_name(end + 1) else -1

    def expression_less_than(self, index: int) -> int:
        """`_EXPRESSION_LT`: type arguments, when what follows them cannot follow a comparison."""
        if not self._is(index, "<"):
            return -1
        end = self._arguments_end(index)
        if end == NO_TYPE or end - index == 2:
            return -1
        if self._kinds[end] not in _FOLLOWS_TYPE_ARGUMENTS and not self._has_type(index, end):
            return -1
        self._closers.add(end - 1)
        return 1

    def _has_type(self, start: int, end: int) -> bool:
        """Return whether one of the type arguments can only be a type: a comparison has no such operand."""
        return any(self._kinds[place] == "PREDEFINED_TYPE" for place in range(start, end))

    def type_less_than(self, index: int) -> int:
        """`_TYPE_LT`: in a type, `<` always opens type arguments."""
        if not self._is(index, "<"):
            return -1
        end = self._arguments_end(index)
        if end == NO_TYPE:
            return -1
        self._closers.add(end - 1)
        return 1

    def unbound_arguments(self, index: int) -> int:
        if not self._is(index, "<") or not (self._is(index + 1, ">") or self._kinds[index + 1] == "COMMA"):
            return -1
        end = self._arguments_end(index)
        return end - index if end != NO_TYPE else -1

    def type_greater_than(self, index: int) -> int:
        return 1 if index in self._closers else -1

    def _adjacent(self, index: int, first: str, second: str) -> bool:
        tokens = self._tokens
        return (
            index not in self._closers
            and tokens.ends[index] == tokens.starts[index + 1]
            and self._is(index, first)
            and self._is(index + 1, second)
        )

    def shift_right(self, index: int) -> int:
        return 2 if self._adjacent(index, ">", ">") and index + 1 not in self._closers else -1

    def shift_right_assignment(self, index: int) -> int:
        return 2 if self._adjacent(index, ">", ">=") else -1

    def nullable(self, index: int) -> int:
        return 1 if index not in self._conditional else -1

    def conditional_access(self, index: int) -> int:
        return 1 if self._kinds[index + 1] in ("DOT", "LSQB") else -1

    def rank(self, index: int) -> int:
        end = self._rank_end(index)
        return end - index if end != NO_TYPE else -1

    def member_name(self, index: int) -> int:
        return 1 if self._kinds[index + 1] == "EQUAL" else -1

    def throw_expression(self, index: int) -> int:
        return 1

    def from_(self, index: int) -> int:
        """`from` begins a query before a name, or a type and a name, and `in`."""
        following = self._kinds[index + 1]
        if following != "PREDEFINED_TYPE" and following not in self._names:
            return -1
        if self._kinds[index + 2] in ("SEMICOLON", "EQUAL", "COMMA") and following in self._names:
            return -1
        if index >= self._query_end:
            self._query_end = self._query_extent(index)
        return 1

    def query_word(self, index: int) -> int:
        """Inside a query its words are keywords."""
        return 1 if index < self._query_end else -1

    def where(self, index: int) -> int:
        """`where` begins a clause of a query, and `where T :` the constraints of a local function."""
        return 1 if index < self._query_end or self._kinds[index + 2] == "COLON" else -1

    def with_(self, index: int) -> int:
        """`with` is an operator before an initializer."""
        return 1 if self._kinds[index + 1] == "LBRACE" else -1

    def when(self, index: int) -> int:
        """`when` is a keyword before an expression."""
        following = self._kinds[index + 1]
        return 1 if following in _STARTS_EXPRESSION or following in self._names else -1

    def async_(self, index: int) -> int:
        following = self._kinds[index + 1]
        if following == "LPAR":
            return self.lambda_parenthesis(index + 1)
        return 1 if following in ("DELEGATE", "PREDEFINED_TYPE") or following in self._names else -1

    def await_(self, index: int) -> int:
        """`await` is an operator in an async lambda, and elsewhere before what could not follow a name."""
        following = self._kinds[index + 1]
        if following in self._names or following in _STARTS_AWAITED or self._is_asynchronous(index):
            return 1
        return -1

    def _is_asynchronous(self, index: int) -> bool:
        """Return whether the token is inside an async lambda or local function."""
        if self._asynchronous is None:
            self._asynchronous = []
            ends: dict[int, int] = {}
            for place in range(len(self._kinds) - 1, -1, -1):
                if self._kinds[place] == "ASYNC":
                    ends[place] = self._extent(place, ends)
            for start, end in sorted(ends.items()):
                if not self._asynchronous or start >= self._asynchronous[-1].stop:
                    self._asynchronous.append(range(start, end))
        nearest = bisect_right(self._asynchronous, index, key=lambda extent: extent.start) - 1
        return nearest >= 0 and index in self._asynchronous[nearest]

    def _extent(self, index: int, known: dict[int, int]) -> int:
        """Return the index after the lambda or local function whose `async` is at `index`."""
        place = index + 1
        while place < len(self._kinds) - PADDING:
            kind = self._kinds[place]
            if place in known:  # an async lambda that is the body of this one ends where this one does
                return known[place]
            if kind in OPENING:
                place = self._partner(place)
                if kind == "LBRACE":
                    return place
            elif kind in CLOSING or kind in _SEPARATORS:
                return place
            place += 1
        return place

    def _query_extent(self, index: int) -> int:
        """Return the index after the query whose `from` is at `index`."""
        while index < len(self._kinds) - PADDING:
            kind = self._kinds[index]
            if kind in OPENING:
                index = self._partner(index)
            elif kind in CLOSING or kind == "SEMICOLON":
                return index
            index += 1
        return index


_TYPE_STARTS = ("NAME*", "PREDEFINED_TYPE", "LPAR")
_PATTERN_STARTS = (*_TYPE_STARTS, *LITERALS, "LBRACE", "LSQB", "RELATIONAL_OPERATOR", "ADDITIVE_OPERATOR", "TILDE")

SPECIAL: dict[str, tuple[tuple[str, ...], Callable[[Lookahead, int], int]]] = {
    "NEWER_PATTERN": (_PATTERN_STARTS, Lookahead.newer_pattern),
    "_MARK_LOCAL_FUNCTION": ((*_TYPE_STARTS, "REF"), Lookahead.local_function),
    "_MARK_DECLARATION": ((*_TYPE_STARTS, "REF"), Lookahead.declaration),
    "_MARK_DECONSTRUCTION": (("VAR",), Lookahead.deconstruction),
    "_MARK_DECLARATION_EXPRESSION": (_TYPE_STARTS, Lookahead.declaration_expression),
    "_MARK_PATTERN": (_TYPE_STARTS, Lookahead.pattern),
    "_MARK_TYPE": (_TYPE_STARTS, Lookahead.type_operand),
    "LABEL": (("NAME*",), Lookahead.label),
    "MEMBER_NAME": (("NAME*",), Lookahead.member_name),
    "_DEFAULT_LABEL": (("DEFAULT",), Lookahead.default_label),
    "_LAMBDA_LPAR": (("LPAR",), Lookahead.lambda_parenthesis),
    "_CAST_LPAR": (("LPAR",), Lookahead.cast_parenthesis),
    "UNBOUND_TYPE_ARGUMENTS": (("RELATIONAL_OPERATOR",), Lookahead.unbound_arguments),
    "_TYPE_LT": (("RELATIONAL_OPERATOR",), Lookahead.type_less_than),
    "_EXPRESSION_LT": (("RELATIONAL_OPERATOR",), Lookahead.expression_less_than),
    "_TYPE_GT": (("RELATIONAL_OPERATOR",), Lookahead.type_greater_than),
    "SHIFT_OPERATOR": (("RELATIONAL_OPERATOR",), Lookahead.shift_right),
    "ASSIGNMENT_OPERATOR": (("RELATIONAL_OPERATOR",), Lookahead.shift_right_assignment),
    "_NULLABLE": (("QMARK",), Lookahead.nullable),
    "_CONDITIONAL_ACCESS": (("QMARK",), Lookahead.conditional_access),
    "RANK": (("LSQB",), Lookahead.rank),
    "_THROW_EXPRESSION": (("THROW",), Lookahead.throw_expression),
    "_FROM": (("_FROM",), Lookahead.from_),
    "_AWAIT": (("_AWAIT",), Lookahead.await_),
    "ASYNC": (("ASYNC",), Lookahead.async_),
    "_YIELD": (("_YIELD",), Lookahead.yield_),
    "_WHEN": (("_WHEN",), Lookahead.when),
    "_WHERE": (("_WHERE",), Lookahead.where),
    "_WITH": (("_WITH",), Lookahead.with_),
    **{word: ((word,), Lookahead.query_word) for word in sorted(QUERY_WORDS - {"_FROM", "_WHERE"})},
}
"""For each special terminal: the tokens it can stand for or in front of (`NAME*`: names and contextual words), and the
question that decides. The first one that is accepted wins."""


def candidates(
    row: dict[str, int], contextual: frozenset[str]
) -> dict[str, tuple[tuple[str, Callable[[Lookahead, int], int]], ...]]:
    """The questions to ask in one state of the parser, by kind of token. The value is shared: do not change it."""
    found: dict[str, list[tuple[str, Callable[[Lookahead, int], int]]]] = {}
    for terminal, (triggers, question) in SPECIAL.items():
        if terminal not in row or (terminal == "_THROW_EXPRESSION" and "THROW" in row):
            continue
        for trigger in triggers:
            for kind in ("NAME", *contextual) if trigger == "NAME*" else (trigger,):
                found.setdefault(kind, []).append((terminal, question))
    return {kind: tuple(questions) for kind, questions in found.items()}
