"""Declarations behind the caret, or without a name or type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from apimpolicy.editor.members import names_in, simple_types
from apimpolicy.editor.repairs import ENDS
from apimpolicy.syntax.lexer import PADDING, Tokens, tokenize
from apimpolicy.syntax.lookahead import Lookahead
from apimpolicy.syntax.parser import machine
from apimpolicy.syntax.stacks import FILLER, Reading, Stacks, spelled

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
