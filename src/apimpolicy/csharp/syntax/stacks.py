"""The parser's stacks by themselves, without values: what a beginning leads to, and what would bring it to an end.

A stack is linked, `(state, below, open brackets)`, and equal stacks of one `Stacks` are the same object: a search over
them compares by identity. The tables are those of the parser, so that no second grammar knows what may follow.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from functools import cache
from itertools import count
from typing import Any, Final, NamedTuple, TypeAlias

from apimpolicy.csharp.syntax.lexer import END, PADDING, Tokens
from apimpolicy.csharp.syntax.lookahead import Lookahead
from apimpolicy.csharp.syntax.parser import machine
from apimpolicy.text.source import mark

Stack: TypeAlias = "tuple[int, Any, int]"

FILLER: Final = mark(999_998)
"""An unknown name, for what is still to be written."""
CARET: Final = mark(999_999)
"""The name at the caret."""


class Word(NamedTuple):
    """The spelling of a terminal that is inserted, and its cost: rare and long ones cost more."""

    text: str
    cost: int


WORDS: Final = {
    **{kind: Word(text, 1) for kind, text in (("RPAR", ")"), ("RSQB", "]"), ("RBRACE", "}"), ("SEMICOLON", ";"))},
    **{kind: Word(text, 1) for kind, text in (("_INTERPOLATION_RBRACE", "}"), ("_INTERPOLATED_END", '"'))},
    **{kind: Word(text, 1) for kind, text in (("_TYPE_GT", ">"),)},
    **{kind: Word(text, 2) for kind, text in (("NAME", FILLER), ("COLON", ":"))},
    **{kind: Word(text, 3) for kind, text in (("EQUAL", "="), ("ARROW", "=>"), ("LPAR", "("), ("LBRACE", "{"))},
    **{kind: Word(kind.lower(), 3) for kind in ("IN", "WHILE", "CATCH", "FINALLY")},
    **{kind: Word(kind[1:].lower(), 3) for kind in ("_SELECT", "_BY", "_ON", "_EQUALS")},
    **{kind: Word(text, 4) for kind, text in (("LSQB", "["), ("COMMA", ","), ("DOT", "."))},
    **{kind: Word(kind.lower(), cost) for kind, cost in (("BREAK", 5), ("CASE", 6), ("RETURN", 6))},
    "QMARK": Word("?", 6),
}

_OPENERS: Final = frozenset(
    ("LPAR", "LSQB", "LBRACE", "_CAST_LPAR", "_LAMBDA_LPAR", "_INTERPOLATION_LBRACE", "INTERPOLATED_START", "_TYPE_LT")
) | {"_EXPRESSION_LT"}
_CLOSERS: Final = frozenset(("RPAR", "RSQB", "RBRACE", "_INTERPOLATION_RBRACE", "_INTERPOLATED_END", "_TYPE_GT"))
_WITHOUT_BLANK: Final = frozenset(("_INTERPOLATION_RBRACE", "_INTERPOLATED_END"))

MOST_STACKS: Final = 6000
"""Stacks that one search looks at."""


@cache
def _weights() -> dict[int, int]:
    """Return the states entered by an opener (1) or a closer (-1): each is entered by one symbol only."""
    return {
        action: 1 if kind in _OPENERS else -1
        for row in machine().rows
        for kind, action in row.items()
        if action is not None and action >= 0 and kind in _OPENERS | _CLOSERS
    }


class Reading(NamedTuple):
    """The stacks before each accepted token of a text, and after the last one.

    `failed` is the index of the token that the tables refuse, or -1.
    """

    tokens: Tokens
    before: dict[int, Stack]
    stack: Stack
    failed: int


class Stacks:
    """The stacks of one question."""

    def __init__(self) -> None:
        self._machine = machine()
        self._known: dict[tuple[int, int], Stack] = {}
        self._weights = _weights()
        self.start: Stack = (self._machine.start, None, 0)

    def push(self, stack: Stack, state: int) -> Stack:
        key = (state, id(stack))
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = (state, stack, stack[2] + self._weights.get(state, 0))
        return found

    def take(self, stack: Stack, kind: str) -> Stack | None:
        """Return the stack after a token of this kind; None when the tables refuse it."""
        rows, rules = self._machine.rows, self._machine.rules
        while True:
            action = rows[stack[0]].get(kind)
            if action is None:
                return None
            if action >= 0:
                return self.push(stack, action)
            stack = self._reduced(stack, rules[-1 - action])

    def _reduced(self, stack: Stack, rule: Any) -> Stack:
        for _ in range(rule[2]):
            stack = stack[1]
        return self.push(stack, self._machine.rows[stack[0]][rule[1]])

    def is_complete(self, stack: Stack) -> bool:
        """Return whether the text may end here."""
        rows, rules = self._machine.rows, self._machine.rules
        while stack[0] != self._machine.end:
            action = rows[stack[0]].get(END)
            if action is None or action >= 0:
                return False
            stack = self._reduced(stack, rules[-1 - action])
        return True

    def meaning(self, look: Lookahead, tokens: Tokens, index: int, state: int) -> tuple[str, int]:
        """Return the terminal that a token is in a state of the parser, and how many tokens it takes."""
        kind = tokens.kinds[index]
        asked = self._machine.questions[state]
        if asked is None:
            asked = self._machine.questions_in(state)
        for terminal, question in asked.get(kind, ()):
            taken = question(look, index)
            if taken >= 0:
                return terminal, taken
        return ("NAME" if kind in self._machine.contextual else kind), 1

    def read(self, tokens: Tokens, stack: Stack | None = None, index: int = 0, last: int | None = None) -> Reading:
        """Take the tokens from an index on, up to the last one or to the first that is refused."""
        look = Lookahead(tokens, self._machine.contextual)
        before: dict[int, Stack] = {}
        current = stack or self.start
        end = len(tokens.kinds) - PADDING if last is None else last + 1
        while index < end:
            before.setdefault(index, current)  # without the marks that the look-ahead put in front of it
            kind, width = self.meaning(look, tokens, index, current[0])
            after = self.take(current, kind)
            if after is None:
                return Reading(tokens, before, current, index)
            current = after
            index += width
        return Reading(tokens, before, current, -1)

    def accepted(self, stack: Stack, kinds: Iterable[str]) -> list[str]:
        """Return those of the kinds of tokens that may come next."""
        return [kind for kind in kinds if self.take(stack, kind) is not None]

    def ending(self, stack: Stack) -> list[str] | None:
        """Return the cheapest terminals that bring a text to its end; None when none are found."""
        queue: list[tuple[int, int, int, Stack | None, Any]] = [(stack[2], 0, 0, stack, None)]
        number = count(1)
        done: set[int] = set()
        while queue and len(done) < MOST_STACKS:
            _, cost, _, current, path = heapq.heappop(queue)
            if current is None:
                return _kinds(path)
            if id(current) in done:
                continue
            done.add(id(current))
            if self.is_complete(current):
                heapq.heappush(queue, (cost, cost, next(number), None, path))
                continue
            row = self._machine.rows[current[0]]
            for kind, word in WORDS.items():
                if kind in row and (after := self.take(current, kind)) is not None:
                    paid = cost + word.cost
                    heapq.heappush(queue, (paid + max(after[2], 0), paid, next(number), after, (kind, path)))
        return None


def _kinds(path: Any) -> list[str]:
    kinds: list[str] = []
    while path is not None:
        kind, path = path
        kinds.append(kind)
    return kinds[::-1]


def spelled(kinds: Iterable[str]) -> str:
    return "".join(WORDS[kind].text if kind in _WITHOUT_BLANK else f" {WORDS[kind].text}" for kind in kinds)
