"""The driver over the LALR tables that Lark built: `parse` turns a policy expression into a tree.

In each state the tables say which special terminals the grammar would accept; only for those the look-ahead is called
(`lookahead.py`). Everything else is shift and reduce, without recursion.

What a template puts in a hole may be an expression, arguments, statements, or a block. A hole is read as a name. Where
the parser cannot continue, the last hole before that place is read otherwise: as a statement, then as a block. A parser
of LALR tables stops at the first token that cannot follow, whatever comes later: an error before the first hole is
certain. After it an error may be the hole's, and is not reported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, TypeAlias

from apimpolicy.csharp.syntax import tables
from apimpolicy.csharp.syntax.depth import MAXIMUM_DEPTH, Frames, beyond
from apimpolicy.csharp.syntax.explanations import UNEXPECTED_CHARACTER
from apimpolicy.csharp.syntax.failure import ParseFailure
from apimpolicy.csharp.syntax.lexer import END, PADDING, Tokens, tokenize
from apimpolicy.csharp.syntax.literals import literal_errors
from apimpolicy.csharp.syntax.lookahead import Lookahead, candidates
from apimpolicy.csharp.syntax.nodes import Child, Node, Token
from apimpolicy.csharp.syntax.shapes import KINDS
from apimpolicy.csharp.syntax.tables import EXPAND
from apimpolicy.diagnostics import DiagnosticInfo
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.text.source import MARK, OPEN, Excerpt

_MANY_TOKENS = 100

# What a reduction does with the values of a rule's symbols.
_CHAIN, _ALL, _PLAN, _OPTIONAL, _LIST = range(5)

_Questions: TypeAlias = "dict[str, tuple[tuple[str, Callable[[Lookahead, int], int]], ...]]"


def parse(code: str | Excerpt) -> Node:
    """Return the tree of a policy expression with its `@( … )` or `@{ … }`; `nodes` lists the kinds of nodes.

    Positions in the tree are offsets in the text as given. Raises PolicySyntaxError, whose diagnostics carry the codes
    of the C# compiler.
    """
    text = code if isinstance(code, str) else code.text
    tokens, lexical = tokenize(text, 1 if text.startswith("@") else 0)
    if len(tokens.kinds) == PADDING and lexical is None:
        help = "Write @( … ) or @{ … }."
        raise _error(code, [DiagnosticInfo("CS1525", "the expression is empty", 0, len(text), help=help)])
    tree = machine().run(tokens) if len(tokens.kinds) < _MANY_TOKENS else _with_frames(tokens)
    errors = literal_errors(tokens)
    if isinstance(tree, ParseFailure):
        errors += _of_failure(tree, lexical)
    elif lexical is not None:
        errors.append(lexical)
    elif not errors and len(tokens.kinds) > MAXIMUM_DEPTH // 2 and (deep := beyond(tree, MAXIMUM_DEPTH)):
        errors = [_nesting(deep)]
    if errors or isinstance(tree, ParseFailure):
        raise _error(code, errors)
    return tree


def _with_frames(tokens: Tokens) -> Node | ParseFailure:
    """The look-ahead recurses over types in types, and where parentheses might be tuple types over these."""
    with Frames():
        return machine().run(tokens)


def _of_failure(failure: ParseFailure, lexical: DiagnosticInfo | None) -> list[DiagnosticInfo]:
    """Return the compiler's errors for a failed parser and for the place where the tokens end before the text."""
    from apimpolicy.csharp.syntax.explanations import explain

    if lexical is None:
        return [explain(failure)]
    at_the_end = failure.kind == END
    if lexical.code == UNEXPECTED_CHARACTER:
        # The compiler first misses a token here, and then finds the character unexpected; the latter says more.
        missing = explain(failure)
        if failure.kind == END:
            missing.message, missing.help = lexical.message, lexical.help
        return [missing]
    if at_the_end or failure.start > lexical.start:
        return [lexical]
    return [explain(failure)]


def _error(code: str | Excerpt, errors: list[DiagnosticInfo]) -> PolicySyntaxError:
    excerpt = Excerpt.of(code) if isinstance(code, str) else code
    return PolicySyntaxError([found.within(excerpt) for found in sorted(errors, key=lambda error: error.start)])


def _nesting(place: Node) -> DiagnosticInfo:
    message = f"the expression is nested more than {MAXIMUM_DEPTH} levels deep"
    return DiagnosticInfo("CS8078", message, place.start, place.end, help="Split it into several statements.")


@cache
def machine() -> Machine:
    return Machine(tables.load())


class Machine:
    """The tables, prepared for running; one for the whole process. What it remembers depends on the tables alone."""

    def __init__(self, stored: dict[str, Any]) -> None:
        self.rows: list[dict[str, int]] = stored["rows"]
        self.start: int = stored["start"]
        self.end: int = stored["end"]
        self.kept = frozenset(stored["kept"])
        self.contextual = frozenset(stored["contextual"])
        self.questions: list[_Questions | None] = [None] * len(self.rows)
        self.rules = [self._prepare(place, *rule) for place, rule in enumerate(stored["rules"])]
        self.chains: dict[tuple[int, int, str], int] = {}

    def _prepare(
        self, place: int, origin: str, size: int, plan: tuple[int, ...] | None, kind: str | None
    ) -> tuple[int, str, int, tuple[int, ...], Callable[..., Node]]:
        """A rule: what to do, the symbol and how many it replaces, which values are children, what makes the node."""
        positions = tuple(range(size)) if plan is None else plan
        if kind is None:
            return _LIST, origin, size, positions, partial(self._first, place, origin)
        make = partial(self._first, place, kind.removeprefix("?"))
        if kind.startswith("?"):
            return (_CHAIN if size == 1 else _OPTIONAL), origin, size, positions, make
        return (_ALL if plan is None else _PLAN), origin, size, positions, make

    def _first(self, place: int, kind: str, children: list[Child], start: int, end: int) -> Node:
        """The first node that a rule makes; from then on the rule has the class at hand, most kinds are never met."""
        shape = KINDS[kind]
        self.rules[place] = (*self.rules[place][:4], shape)
        return shape(children, start, end)

    def questions_in(self, state: int) -> _Questions:
        """Return the look-ahead questions of a state, by kind of token."""
        questions = self.questions[state] = candidates(self.rows[state], self.contextual)
        return questions

    def chain(self, below: int, state: int, kind: str) -> int:
        """The state after all reductions in a row that replace one symbol by another and leave its value alone."""
        first = state
        while True:
            action = self.rows[state].get(kind, 0)
            if action >= 0 or self.rules[-1 - action][0] != _CHAIN:
                break
            state = self.rows[below][self.rules[-1 - action][1]]
        self.chains[below, first, kind] = state
        return state

    def accepts(self, states: list[int], kind: str) -> bool:
        stack = list(states)
        while (action := self.rows[stack[-1]].get(kind)) is not None and action < 0:
            _, origin, size, _, _ = self.rules[-1 - action]
            del stack[len(stack) - size :]
            stack.append(self.rows[stack[-1]][origin])
        return action is not None

    def run(self, tokens: Tokens) -> Node | ParseFailure:
        """Return the tree of the tokens, or the state in which they do not go on."""
        rows, rules, kept, contextual = self.rows, self.rules, self.kept, self.contextual
        questions, chains = self.questions, self.chains
        kinds, starts, ends, text = tokens.kinds, tokens.starts, tokens.ends, tokens.text
        lookahead = Lookahead(tokens, contextual)
        state = self.start
        states = [state]
        values: list[Any] = []
        places: list[int] = []  # where each value starts
        index = 0
        last_end = 0
        while True:
            kind = kinds[index]
            width = 1
            asked = questions[state]
            if asked is None:
                asked = self.questions_in(state)
            if asked and (offered := asked.get(kind)) is not None:
                kind, width = _chosen(offered, lookahead, index, "NAME" if kind in contextual else kind)
            elif kind in contextual:
                kind = "NAME"
            while True:
                action = rows[state].get(kind)
                if action is None:
                    return ParseFailure(tokens, index, contextual, partial(self.accepts, states))
                if action >= 0:
                    break
                mode, origin, size, plan, make = rules[-1 - action]
                if mode == _CHAIN:
                    below = states[-2]
                    reached = chains.get((below, state, kind))
                    states[-1] = state = reached if reached is not None else self.chain(below, state, kind)
                    continue
                value: Any
                if size:
                    parts = values[-size:]
                    if mode == _ALL:
                        value = make(parts, places[-size], last_end)
                    elif mode == _LIST:
                        value = _longer_list(parts, plan)
                    else:
                        children = _children(parts, plan)
                        is_alone = mode == _OPTIONAL and len(children) == 1
                        value = children[0] if is_alone else make(children, places[-size], last_end)
                    del values[-size:], states[-size:], places[1 - size or len(places) :]
                else:
                    value = make([None] * len(plan), last_end, last_end)
                    places.append(last_end)
                values.append(value)
                state = rows[states[-1]][origin]
                states.append(state)
                if state == self.end and kind == "$END":
                    tree: Node = value
                    return tree
            start = starts[index]
            if width:
                last_end = ends[index + width - 1]
                values.append(Token(kind, text[start:last_end], start, last_end) if kind in kept else None)
                index += width
            else:
                values.append(None)
            places.append(start)
            states.append(action)
            state = action


def _chosen(
    offered: Sequence[tuple[str, Callable[[Lookahead, int], int]]], lookahead: Lookahead, index: int, kind: str
) -> tuple[str, int]:
    """Return the terminal that the look-ahead finds at an index, and how many tokens it takes; else the given kind."""
    for terminal, question in offered:
        taken = question(lookahead, index)
        if taken >= 0:
            return terminal, taken
    return kind, 1


def _longer_list(values: list[Any], plan: tuple[int, ...]) -> list[Child]:
    """Return a list of the values; one that comes first and is a list grows in place."""
    if type(values[0]) is list and plan[0] >= EXPAND:
        values[0].extend(_children(values, plan[1:]))
        return values[0]
    return _children(values, plan)


def _children(values: list[Any], plan: tuple[int, ...]) -> list[Child]:
    children: list[Child] = []
    for position in plan:
        if position >= EXPAND:
            children.extend(values[position - EXPAND])
        else:
            children.append(None if position < 0 else values[position])
    return children


MOST_ATTEMPTS = 60
"""Readings of one expression that are tried."""

_HOLE = re.compile(MARK)
_READINGS = ("{0}", "{0};", "{{{0};}}")
"""A name, a statement, a block."""
_BEGINS_STATEMENT = re.compile(rf"[\w@{{}}{OPEN}]")
_BEFORE_STATEMENTS = frozenset(("LBRACE", "RBRACE", "SEMICOLON", "RPAR", "ELSE", "DO"))


def parse_around_holes(excerpt: Excerpt) -> tuple[Node, Excerpt] | None:
    """The tree of an expression with holes, and the text that it is the tree of, whose places are those of `excerpt`.

    None when it cannot be read, and the holes may be why. Raises PolicySyntaxError for errors before every hole.
    """
    holes = _holes_in_code(excerpt.text)
    chosen = [0] * len(holes)
    for attempt in range(MOST_ATTEMPTS):
        reading = excerpt.replaced(
            [
                (start, end, _READINGS[number].format(excerpt.text[start:end]))
                for (start, end), number in zip(holes, chosen, strict=True)
                if number
            ]
        )
        try:
            return parse(reading), reading
        except PolicySyntaxError as error:
            if not attempt:
                _raise_what_is_certain(error, excerpt)
            failed = min(diagnostic.start for diagnostic in error.diagnostics)
        last = max((i for i, (start, _) in enumerate(holes) if excerpt.locate(start) <= failed), default=-1)
        while last >= 0 and chosen[last] == len(_READINGS) - 1:
            chosen[last] = 0
            last -= 1
        if last < 0:
            return None
        chosen[last] += 1
    return None


def as_statements(excerpt: Excerpt) -> tuple[Node, Excerpt] | None:
    """Return the reading in which every hole that begins a statement is one of its own; None without such a hole.

    `${hole} x = 1;` is a declaration, or statements and an assignment.
    """
    tokens, _ = tokenize(excerpt.text, 1 if excerpt.text.startswith("@") else 0)
    holes = set(_holes_in_code(excerpt.text))
    pieces: list[tuple[int, int, str]] = []
    is_statement = False
    for index, span in enumerate(zip(tokens.starts, tokens.ends, strict=True)):
        begins = is_statement or (index > 0 and tokens.kinds[index - 1] in _BEFORE_STATEMENTS)
        is_statement = begins and span in holes and _BEGINS_STATEMENT.match(tokens.spelling(index + 1)) is not None
        if is_statement:
            pieces.append((*span, f"{tokens.spelling(index)};"))
    if not pieces:
        return None
    reading = excerpt.replaced(pieces)
    try:
        return parse(reading), reading
    except PolicySyntaxError:
        return None


def _holes_in_code(text: str) -> list[tuple[int, int]]:
    tokens, _ = tokenize(text, 1 if text.startswith("@") else 0)
    spans = zip(tokens.starts, tokens.ends, strict=True)
    return [(start, end) for start, end in spans if _HOLE.fullmatch(text, start, end) is not None]


def _raise_what_is_certain(error: PolicySyntaxError, excerpt: Excerpt) -> None:
    hole = excerpt.locate(excerpt.text.index(OPEN))
    certain = [
        found
        for found in error.diagnostics
        if found.start < hole and found.source.text[found.end : hole].strip()  # the token after it is no hole
    ]
    if certain:
        raise PolicySyntaxError(certain)
