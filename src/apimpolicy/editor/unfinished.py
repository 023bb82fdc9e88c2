"""Code up to the caret, made into a whole expression: the parser's own tables say what is missing.

The word at the caret is taken for a name that is not known yet, `CARET`. What the tables want after it is appended in
its shortest form; a mistake before it is mended first, by one insertion or one deletion at a time.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from apimpolicy.editor.local_functions import with_later_functions
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.syntax.depth import Frames
from apimpolicy.syntax.lexer import PADDING, Tokens, tokenize
from apimpolicy.syntax.parser import parse
from apimpolicy.syntax.stacks import FILLER, WORDS, Reading, Stack, Stacks, spelled
from apimpolicy.text.holes import mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.syntax.nodes import Node

CARET: Final = mark(999_999)
"""The name at the caret."""

CONTINUATIONS: Final = tuple(
    text.replace("x", FILLER)
    for text in (
        *("", " x", " = x", ", default", ", default, default", " x in x", "()", ">()", "> x", ">>()", ">> x"),
        *("> x in x", ":"),
    )
)
"""What may follow the name: some meanings of earlier tokens (a type, type arguments, a lambda) depend on it."""

MOST_REPAIRS: Final = 4
_FURTHER: Final = 12
"""Tokens that a repair is to go on for; one that does so is as good as any."""
_CHOICES: Final = 4
"""Repairs that are tried where the first does not lead to a name of which anything is known."""
_WITHIN_LINE: Final = 4
"""What it costs more to end a statement in the middle of a line."""
_BACK: Final = 3
"""Tokens before the refused one at which something may be missing as well."""
_INSERTED: Final = (*tuple(kind for kind, word in WORDS.items() if word.cost <= 4), "SEMICOLON")
_ENDS: Final = frozenset(("SEMICOLON", "LBRACE", "RBRACE"))
_BEGINS_VALUE: Final = frozenset(("LPAR", "NAME", "NEW", "STRING_LITERAL", "INTERPOLATED_START"))
_DOT_AT_LINE_END: Final = re.compile(r"\.[ \t]*\r?\n\s*[A-Za-z_]")
_WORD: Final = re.compile(r"@?\w*\Z")


class Unfinished(NamedTuple):
    """An expression that the caret stands in, as a whole: its tree, its text, and the stack before the caret."""

    tree: Node
    text: str
    before: Stack
    stacks: Stacks

    @property
    def offset(self) -> int:
        """Where the caret's name stands in the text."""
        return self.text.index(CARET)


def word_start(code: str, caret: int) -> int:
    """Where the word begins that ends at the caret."""
    found = _WORD.search(code, 0, caret)
    start = found.start() if found else caret
    return start if not code.startswith(("@(", "@{"), start) else caret


def finished(code: str, caret: int) -> Iterator[Unfinished]:
    """The whole expressions that the code up to the caret may become, the most likely one first."""
    start = word_start(code, caret)
    prefix = code[:start]
    if not prefix.startswith(("@(", "@{")):
        return
    tried: set[str] = set()
    for text in (prefix, _with_names_at_line_ends(prefix)):
        if text in tried:
            continue
        tried.add(text)
        is_found = False
        for whole in _finished(text, code[caret:]):
            is_found = True
            yield whole
        for choice in range(_CHOICES) if not is_found else ():
            with Frames():
                mended = _mended(text, choice)
            if mended not in tried:
                tried.add(mended)
                yield from _finished(mended, code[caret:])


def _with_names_at_line_ends(prefix: str) -> str:
    """The code with a name for each dot that ends a line before a name: a member that is still to be written there."""
    if _DOT_AT_LINE_END.search(prefix) is None:
        return prefix
    tokens, _ = tokenize(prefix, 1)
    pieces: list[str] = []
    position = 0
    for index, kind in enumerate(tokens.kinds[:-PADDING]):
        end = tokens.ends[index]
        if kind == "DOT" and _DOT_AT_LINE_END.match(prefix, end - 1):
            pieces += (prefix[position:end], FILLER)
            position = end
    return "".join((*pieces, prefix[position:]))


def _finished(prefix: str, rest: str) -> Iterator[Unfinished]:
    with Frames():
        beginning = _Beginning(prefix)
    if beginning.caret < 0 or beginning.is_hopeless:
        return
    for continuation in CONTINUATIONS:
        with Frames():
            whole = _whole(beginning, continuation, rest)
        if whole is not None:
            yield whole


class _Beginning:
    """The code up to the caret, whose tokens are read once for all continuations."""

    def __init__(self, prefix: str) -> None:
        self.code = prefix + CARET
        self.tokens, _ = tokenize(self.code, 1)
        self.stacks = Stacks()
        self.caret = _caret_token(self.tokens, len(prefix))
        self.reading = self.stacks.read(self.tokens)
        kinds = self.tokens.kinds
        self._in_string = kinds.count("INTERPOLATED_START") > kinds.count("_INTERPOLATED_END")
        self._start = self._statement()

    @property
    def is_hopeless(self) -> bool:
        """Whether the tables refuse a token of an earlier statement, which nothing after the caret can change."""
        failed = self.reading.failed
        return failed >= 0 and any(kind in _ENDS for kind in self.tokens.kinds[failed : self.caret])

    def _statement(self) -> int:
        """The index of the first token of the caret's statement, before which the tables need not go again."""
        place = self.caret
        while place > 0 and not (self.tokens.kinds[place - 1] in _ENDS and place in self.reading.before):
            place -= 1
        return max(place, 0)

    def read(self, continuation: str) -> Reading:
        """The tables' way through the code with a continuation."""
        if not continuation:
            return self.reading
        tokens = self._continued(continuation)
        return self.stacks.read(tokens, self.reading.before.get(self._start), self._start)

    def _continued(self, continuation: str) -> Tokens:
        text = self.code + continuation
        if self._in_string:  # brackets and colons of an interpolation depend on what is open
            return tokenize(text, 1)[0]
        more, _ = tokenize(text, len(self.code))
        own = self.tokens
        tokens = Tokens(text)
        tokens.kinds = own.kinds[:-PADDING] + more.kinds
        tokens.starts = own.starts[:-PADDING] + more.starts
        tokens.ends = own.ends[:-PADDING] + more.ends
        return tokens


def _whole(beginning: _Beginning, continuation: str, rest: str) -> Unfinished | None:
    reading = beginning.read(continuation)
    if reading.failed >= 0:
        return None
    kinds = beginning.stacks.ending(reading.stack)
    if kinds is None:
        return None
    before = reading.before.get(beginning.caret, reading.stack)
    code = beginning.code + continuation
    for text in dict.fromkeys((code + with_later_functions(kinds, rest), code + spelled(kinds))):
        try:
            return Unfinished(parse(text), text, before, beginning.stacks)
        except PolicySyntaxError:
            continue
    return None


def _caret_token(tokens: Tokens, start: int) -> int:
    """The index of the token that begins at the caret; -1 in a string or a comment."""
    for index in range(len(tokens.kinds) - PADDING - 1, -1, -1):
        if tokens.starts[index] == start and tokens.kinds[index] == "NAME":
            return index
        if tokens.starts[index] < start:
            break
    return -1


# ------------------------------------------------------------------------------------------------ mistakes before it


def _mended(prefix: str, choice: int = 0) -> str:
    """The text with what the tables refuse in it mended, as far as that goes; the first time by the choice wanted."""
    for round_ in range(MOST_REPAIRS):
        tokens, _ = tokenize(prefix + CARET, 1)
        stacks = Stacks()
        reading = stacks.read(tokens)
        if reading.failed < 0:
            return prefix
        found = _repairs(stacks, reading, prefix)
        if not found:
            return prefix
        prefix = found[min(choice if round_ == 0 else 0, len(found) - 1)]
    return prefix


def _repairs(stacks: Stacks, reading: Reading, prefix: str) -> list[str]:
    """The texts after one change, best first: what lets the parser come furthest from the place where it stopped."""
    tokens, failed = reading.tokens, reading.failed
    found: dict[str, tuple[int, int]] = {}
    for place in _places(tokens, failed):
        ends_line = "\n" in prefix[tokens.ends[place - 1] : tokens.starts[place]]
        for stack in _stacks_before(stacks, reading, place):
            for price, text, after, index in _changes(stacks, stack, tokens, place, prefix):
                cost = price - ends_line + (_WITHIN_LINE if not ends_line and _ends_statement(text, prefix) else 0)
                reached = _reach(stacks, tokens, after, index, failed + _FURTHER)
                if reached > failed and (reached, -cost) > found.get(text, (0, 0)):
                    found[text] = reached, -cost
    return sorted(found, key=found.__getitem__, reverse=True)[:_CHOICES]


def _places(tokens: Tokens, failed: int) -> list[int]:
    """Where a change may help: at the refused token, shortly before it, and behind what its statement may declare."""
    near = list(range(failed, max(failed - _BACK - 1, 0), -1))
    start = failed
    while start > 1 and tokens.kinds[start - 1] not in _ENDS:
        start -= 1
    return near + [place for place in (start + 2,) if place not in near and place < failed]


def _ends_statement(text: str, prefix: str) -> bool:
    return text.count(";") > prefix.count(";")


def _stacks_before(stacks: Stacks, reading: Reading, place: int) -> Iterator[Stack]:
    """The stack before a token; also the one where the name before it is no type (`name␤ var x` declares nothing)."""
    stack = reading.before.get(place)
    if stack is not None:
        yield stack
    declared = _as_declaration(stacks, reading, place)
    if declared is not None:
        yield declared
    earlier = reading.before.get(place - 1)
    if earlier is not None and reading.tokens.kinds[place - 1] == "NAME":
        named = stacks.take(earlier, "NAME")
        if named is not None and named is not stack:
            yield named


def _as_declaration(stacks: Stacks, reading: Reading, place: int) -> Stack | None:
    """The stack before a token if a variable is declared in front of it: `var x (…)` may lack its `=`."""
    start = place - 2
    if start not in reading.before or reading.tokens.kinds[place] not in _BEGINS_VALUE:
        return None
    marked = stacks.take(reading.before[start], "_MARK_DECLARATION")
    if marked is None:
        return None
    again = stacks.read(reading.tokens, marked, start, place - 1)
    return again.stack if again.failed < 0 else None


def _changes(
    stacks: Stacks, stack: Stack, tokens: Tokens, place: int, prefix: str
) -> Iterator[tuple[int, str, Stack, int]]:
    """The changes at a token: what each costs, the text after it, the stack, and the index of the next token."""
    start, end = tokens.starts[place], tokens.ends[place]
    if end <= len(prefix):
        is_word = prefix[start : start + 1].isalpha() and tokens.kinds[place] != "NAME"
        yield (9 if is_word else 5), prefix[:start] + " " * (end - start) + prefix[end:], stack, place + 1
    for cost, kinds, after in _insertions(stacks, stack):
        yield cost, f"{prefix[:start]}{spelled(kinds)} {prefix[start:]}", after, place


def _insertions(stacks: Stacks, stack: Stack) -> Iterator[tuple[int, list[str], Stack]]:
    """What can be put in here: one terminal, or the closing brackets that are missing and the end of the statement."""
    for kind in dict.fromkeys(_INSERTED):
        after = stacks.take(stack, kind)
        if after is not None:
            yield (2 if kind == "COMMA" else WORDS[kind].cost + 1), [kind], after
    closing: list[str] = []
    current: Stack | None = stack
    if (named := stacks.take(stack, "NAME")) is not None:
        closing, current = ["NAME"], named
        yield from _closed(stacks, closing, current)
    yield from _closed(stacks, [], stack)


def _closed(stacks: Stacks, kinds: list[str], stack: Stack) -> Iterator[tuple[int, list[str], Stack]]:
    """The brackets closed one after another, each followed by the end of the statement where it may stand."""
    current: Stack | None = stack
    kinds = list(kinds)
    while current is not None and len(kinds) < 8:
        ended = stacks.take(current, "SEMICOLON")
        if ended is not None:
            yield len(kinds) * 2 + 2, [*kinds, "SEMICOLON"], ended
        if kinds:
            yield len(kinds) * 2 + 1, list(kinds), current
        for kind in ("RPAR", "RSQB", "_TYPE_GT", "RBRACE", "_INTERPOLATION_RBRACE", "_INTERPOLATED_END"):
            following = stacks.take(current, kind)
            if following is not None:
                kinds.append(kind)
                current = following
                break
        else:
            return


def _reach(stacks: Stacks, tokens: Tokens, stack: Stack, index: int, limit: int) -> int:
    """The index of the first token that is refused after a change, or of the last one that is looked at."""
    last = min(limit, len(tokens.kinds) - PADDING - 1)
    if index > last:
        return index
    reading = stacks.read(tokens, stack, index, last)
    return last + 1 if reading.failed < 0 else reading.failed
