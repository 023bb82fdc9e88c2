"""Local functions that are declared behind the caret: C# knows them in the whole block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.editor.repairs import ENDS
from apimpolicy.syntax.lexer import PADDING, tokenize
from apimpolicy.syntax.lookahead import Lookahead
from apimpolicy.syntax.parser import machine
from apimpolicy.syntax.stacks import spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.syntax.lexer import Tokens


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
