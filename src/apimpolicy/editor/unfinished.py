"""Complete the code before the caret to a whole expression, with the parser's own tables.

The word at the caret is replaced by an unknown name, `CARET`. What the tables require after it is appended in its
shortest form; an error before it is repaired first, by one insertion or one deletion at a time.

Declarations behind the caret, or without a name or type, are completed too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from apimpolicy.csharp.syntax.depth import Frames
from apimpolicy.csharp.syntax.lexer import PADDING, Tokens, tokenize
from apimpolicy.csharp.syntax.lookahead import Lookahead
from apimpolicy.csharp.syntax.nodes import Node
from apimpolicy.csharp.syntax.parser import machine, parse
from apimpolicy.csharp.syntax.stacks import CARET, FILLER, Reading, Stack, Stacks, spelled
from apimpolicy.editor.members import names_in, simple_types
from apimpolicy.editor.repairs import ENDS, repairs_of
from apimpolicy.errors import PolicySyntaxError

# Complete declarations without a name or type, from undeclared names that the code uses.
# `var = context.Request;` and `text = "a";` can be read by the tables, but declare nothing; an undeclared
# name that the code uses later tells what was meant.

_TYPE_ENDS: Final = frozenset(("NAME", "VAR", "PREDEFINED_TYPE", "RSQB"))
_AFTER_DECLARED: Final = frozenset(("EQUAL", "SEMICOLON", "IN", "RPAR", "COMMA"))
_PARAMETERS: Final = re.compile(r"\(([\w\s,]*)\)\s*=>")
_NAME: Final = re.compile(r"[^\W\d]\w*")
_EMPTY_TYPES: Final = re.compile(r"(?<=\w)<\s*>(?=\s*\()")


def without_empty_types(code: str) -> str:
    """Return the code without `< >` before arguments, since types may be inferred from them."""
    return _EMPTY_TYPES.sub("", code) if "<" in code else code


def completed_declarations(code: str, tokens: Tokens, stacks: Stacks, reading: Reading, caret: int) -> str:
    """Return the code up to the caret's token, with what its declarations lack."""
    pieces: list[str] = []
    position = 0
    undeclared: list[tuple[int, str]] | None = None
    for index in range(1, caret):
        place = _lost(tokens, index)
        if place < 0 or index not in reading.before or stacks.take(reading.before[index], "_MARK_DECLARATION") is None:
            continue
        undeclared = list(_undeclared(tokens, caret)) if undeclared is None else undeclared
        start, end, text = _found(tokens, index, place, undeclared)
        if text:
            pieces += (code[position:start], text)
            position = end
    return "".join((*pieces, code[position:]))


def _lost(tokens: Tokens, index: int) -> int:
    """Return the index of the token before which something may be missing, or which fills the gap; -1 for none."""
    kinds = tokens.kinds
    if kinds[index] not in ("NAME", "VAR", "PREDEFINED_TYPE"):
        return -1
    if kinds[index + 1] == "EQUAL":
        return index if kinds[index] == "NAME" else index + 1
    is_filled = kinds[index + 1] == "NAME" and tokens.spelling(index + 1) == FILLER and kinds[index + 2] == "EQUAL"
    return index + 1 if is_filled else -1


def _found(tokens: Tokens, index: int, place: int, undeclared: list[tuple[int, str]]) -> tuple[int, int, str]:
    """Return a span and its replacement; no text if nothing is known to have been lost."""
    if place == index:
        is_new = any(name == tokens.spelling(index) for _, name in undeclared)
        return tokens.starts[index], tokens.starts[index], "var " if is_new else ""
    name = next((name for use, name in undeclared if use > place), "")
    start = tokens.starts[place]
    return start, tokens.ends[place] if tokens.kinds[place] == "NAME" else start, f"{name} " if name else ""


def _undeclared(tokens: Tokens, caret: int) -> Iterator[tuple[int, str]]:
    """Return the uses of undeclared names before the caret, with the indexes of their tokens."""
    kinds = tokens.kinds
    known = {"context", "var", "nameof", "value", FILLER, *dict(simple_types()), *names_in("")}
    for parameters in _PARAMETERS.finditer(tokens.text):
        known.update(_NAME.findall(parameters[1]))
    uses: list[tuple[int, str]] = []
    for index in range(1, min(caret, len(kinds) - PADDING)):
        if kinds[index] != "NAME":
            continue
        name = tokens.spelling(index)
        if _is_declared(tokens, index):
            known.add(name)
        elif kinds[index - 1] != "DOT" and kinds[index + 1] not in ("LPAR", "COLON"):
            uses.append((index, name))
    return (use for use in uses if use[1] not in known)


def _is_declared(tokens: Tokens, index: int) -> bool:
    before = tokens.kinds[index - 1]
    return (
        before in _TYPE_ENDS
        or (tokens.spelling(index - 1) in (">", "?") and tokens.kinds[index + 1] in _AFTER_DECLARED)
        or tokens.kinds[index + 1] == "ARROW"
    )


# Local functions that are declared behind the caret: C# knows them in the whole block


def with_later_functions(kinds: Sequence[str], rest: str) -> str:
    """Return the ending of an expression as text, with the functions that the code after the caret declares.

    They come before the brace that closes their block.
    """
    functions = _declared(rest)
    if not functions:
        return spelled(kinds)
    pieces: list[str] = []
    closed = 0
    for kind in kinds:
        if kind == "RBRACE":
            pieces += functions.get(closed, ())
            closed += 1
        pieces.append(spelled([kind]))
    return "".join(pieces)


def _declared(rest: str) -> dict[int, list[str]]:
    """Return the heads of functions, with empty bodies, by the number of blocks that end before them."""
    if "(" not in rest:
        return {}
    tokens, _ = tokenize(rest, 0)
    look = Lookahead(tokens, machine().contextual)
    found: dict[int, list[str]] = {}
    level = 0
    for index in range(len(tokens.kinds) - PADDING):
        kind = tokens.kinds[index]
        begins = index > 0 and tokens.kinds[index - 1] in ENDS
        if begins and level <= 0 and kind not in ENDS and look.local_function(index) >= 0:
            head = _head(tokens, index)
            if head:
                found.setdefault(-level, []).append(f" {head} {{ throw null; }}")
        level += (kind == "LBRACE") - (kind == "RBRACE")
    return found


def _head(tokens: Tokens, index: int) -> str:
    """Return the text of a function's head, up to its body; empty if there is none."""
    depth = 0
    for place in range(index, len(tokens.kinds) - PADDING):
        kind = tokens.kinds[place]
        depth += (kind == "LPAR") - (kind == "RPAR")
        if depth == 0 and kind in ("LBRACE", "ARROW"):
            return tokens.text[tokens.starts[index] : tokens.starts[place]]
        if kind == "SEMICOLON" or depth < 0:
            return ""
    return ""


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
        text = completed_declarations(self.code, self.tokens, self.stacks, self.reading, self.caret)
        return text.removesuffix(CARET)

    def _statement(self) -> int:
        """Return the index of the first token of the caret's statement, where reading may begin again."""
        place = self.caret
        while place > 0 and not (self.tokens.kinds[place - 1] in ENDS and place in self.reading.before):
            place -= 1
        return max(place, 0)

    def read(self, continuation: str) -> Reading:
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
