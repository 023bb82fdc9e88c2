"""Complete the code before the caret to a whole expression, with the parser's own tables.

The word at the caret is replaced by an unknown name, `CARET`. What the tables require after it is appended in its
shortest form; an error before it is repaired first, by one insertion or one deletion at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from apimpolicy.editor.lost_declarations import completed_declarations, with_later_functions, without_empty_types
from apimpolicy.editor.repairs import ENDS, repairs_of
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.syntax.depth import Frames
from apimpolicy.syntax.lexer import PADDING, Tokens, tokenize
from apimpolicy.syntax.parser import parse
from apimpolicy.syntax.stacks import CARET, FILLER, Reading, Stack, Stacks, spelled

if TYPE_CHECKING:
    from apimpolicy.syntax.nodes import Node

CONTINUATIONS: Final = tuple(
    text.replace("x", FILLER)
    for text in (
        *("", " x", " = x", ", default", ", default, default", " x in x", "()", ">()", "> x", ">>()", ">> x"),
        *("> x in x", ":"),
    )
)
"""Texts after the name: some meanings of earlier tokens (a type, type arguments, a lambda) depend on them."""

_DOT_AT_LINE_END: Final = re.compile(r"\.[ \t]*\r?\n\s*[A-Za-z_]")
_WORD: Final = re.compile(r"@?\w*\Z")


class Unfinished(NamedTuple):
    """The completed expression around the caret: its tree, its text, and the parser stack before the caret."""

    tree: Node
    text: str
    before: Stack
    stacks: Stacks

    @property
    def offset(self) -> int:
        """Return the offset of the caret's name in the text."""
        return self.text.index(CARET)


def word_start(code: str, caret: int) -> int:
    """Return where the word begins that ends at the caret."""
    found = _WORD.search(code, 0, caret)
    start = found.start() if found else caret
    return start if not code.startswith(("@(", "@{"), start) else caret


def finished(code: str, caret: int) -> Iterator[Unfinished]:
    """Yield the whole expressions that the code up to the caret may become, the most likely one first."""
    start = word_start(code, caret)
    prefix = without_empty_types(code[:start])
    if not prefix.startswith(("@(", "@{")):
        return
    tried: set[str] = set()
    for text in (prefix, with_names_at_line_ends(prefix)):
        if text in tried:
            continue
        tried.add(text)
        is_found = False
        for whole in _finished(text, code[caret:]):
            is_found = True
            yield whole
        for candidate in repairs_of(text) if not is_found else ():
            if candidate not in tried:
                tried.add(candidate)
                yield from _finished(candidate, code[caret:])


def with_names_at_line_ends(prefix: str) -> str:
    """Return the code with a name after each dot that ends a line: a member that is still to be written."""
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
    if (declared := beginning.with_declarations()) != prefix:
        with Frames():
            better = _Beginning(declared)
        yield from _ended(better, rest)
    yield from _ended(beginning, rest)


def _ended(beginning: _Beginning, rest: str) -> Iterator[Unfinished]:
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
        """Return whether an earlier statement has a syntax error, which nothing after the caret can change."""
        failed = self.reading.failed
        return failed >= 0 and any(kind in ENDS for kind in self.tokens.kinds[failed : self.caret])

    def with_declarations(self) -> str:
        """Return the code up to the caret, with what its declarations lack."""
        text = completed_declarations(self.code, self.tokens, self.stacks, self.reading, self.caret)
        return text.removesuffix(CARET)

    def _statement(self) -> int:
        """Return the index of the first token of the caret's statement, where reading may begin again."""
        place = self.caret
        while place > 0 and not (self.tokens.kinds[place - 1] in ENDS and place in self.reading.before):
            place -= 1
        return max(place, 0)

    def read(self, continuation: str) -> Reading:
        """Read the code with a continuation."""
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
    """Return the index of the token that begins at the caret; -1 in a string or a comment."""
    for index in range(len(tokens.kinds) - PADDING - 1, -1, -1):
        if tokens.starts[index] == start and tokens.kinds[index] == "NAME":
            return index
        if tokens.starts[index] < start:
            break
    return -1
