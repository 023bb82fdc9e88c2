"""Repair errors before the caret, from the parser's own stacks: one insertion or one deletion at a time.

If that doesn't help, the statement with the error is removed, except for the variable that it declares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from apimpolicy.csharp.syntax.depth import Frames
from apimpolicy.csharp.syntax.lexer import PADDING, Tokens, tokenize
from apimpolicy.csharp.syntax.stacks import CARET, FILLER, WORDS, Reading, Stack, Stacks, spelled

MOST_REPAIRS: Final = 4
_FURTHER: Final = 12
"""Tokens that the parser has to read after a repair; beyond them all repairs are equal."""
_WITHIN_LINE: Final = 4
"""Extra cost of ending a statement within a line, or of closing there a bracket that an earlier line opened."""
_BACK: Final = 3
"""Tokens before the refused one at which something may be missing as well."""
_INSERTED: Final = (*tuple(kind for kind, word in WORDS.items() if word.cost <= 4), "SEMICOLON")
_BEGINS_VALUE: Final = frozenset(("LPAR", "NAME", "NEW", "STRING_LITERAL", "INTERPOLATED_START"))
CHOICES: Final = 4
"""Repairs that are tried where the first does not lead to a name of which anything is known."""
_MOST_STARTS: Final = 2
_MOST_LINES: Final = 4
_DECLARED: Final = re.compile(r"[\w.<>\[\],?]+\s+\w+\s*=(?!=)")
ENDS: Final = frozenset(("SEMICOLON", "LBRACE", "RBRACE"))


def repairs_of(prefix: str) -> Iterator[str]:
    """Yield the code with its errors repaired in different ways, and last without the statement that has them."""
    tried: set[str] = set()
    for choice in (*range(CHOICES), None):
        with Frames():
            text = without_statement(prefix) if choice is None else repaired(prefix, choice)
        if text not in tried:
            tried.add(text)
            yield text


def repaired(prefix: str, choice: int = 0) -> str:
    """Return the text with its syntax errors repaired, as far as possible; `choice` selects among the first repairs."""
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
    """Return the texts after one change, best first: those with which the parser reads furthest."""
    tokens, failed = reading.tokens, reading.failed
    found: dict[str, tuple[int, int]] = {}
    for place in _places(tokens, failed):
        ends_line = "\n" in prefix[tokens.ends[place - 1] : tokens.starts[place]]
        open_here = 0 if ends_line else _open_on_line(tokens, place, prefix)
        for stack in _stacks_before(stacks, reading, place):
            for price, text, after, index in _changes(stacks, stack, tokens, place, prefix):
                tears = not ends_line and (_ends_statement(text, prefix) or _closed_by(text, prefix) > open_here)
                cost = price - ends_line + (_WITHIN_LINE if tears else 0)
                reached = _reach(stacks, tokens, after, index, failed + _FURTHER)
                if reached > failed and (reached, -cost) > found.get(text, (0, 0)):
                    found[text] = reached, -cost
    return sorted(found, key=found.__getitem__, reverse=True)[:CHOICES]


def _places(tokens: Tokens, failed: int) -> list[int]:
    """Return where a change may help: at the refused token, shortly before it, and in its statement's beginning."""
    near = list(range(failed, max(failed - _BACK - 1, 0), -1))
    start = failed
    while start > 1 and tokens.kinds[start - 1] not in ENDS:
        start -= 1
    return near + [place for place in (start + 2,) if place not in near and place < failed]


def _open_on_line(tokens: Tokens, place: int, prefix: str) -> int:
    """Return the number of open brackets that were opened before a token on its line."""
    line = prefix.rfind("\n", 0, tokens.starts[place])
    count = 0
    for index in range(place - 1, 0, -1):
        if tokens.starts[index] < line:
            break
        count += (tokens.kinds[index] in ("LPAR", "LSQB")) - (tokens.kinds[index] in ("RPAR", "RSQB"))
    return count


def _closed_by(text: str, prefix: str) -> int:
    return sum(text.count(bracket) - prefix.count(bracket) for bracket in ")]")


def _ends_statement(text: str, prefix: str) -> bool:
    return text.count(";") > prefix.count(";")


def _stacks_before(stacks: Stacks, reading: Reading, place: int) -> Iterator[Stack]:
    """Yield the stack before a token, and one where the name before it isn't a type (`name␤ var x`)."""
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
    """Return the stack before a token if a variable is declared before it: `var x (…)` may lack its `=`."""
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
    """Yield the changes at a token: the cost, the text after it, the stack, and the index of the next token."""
    start, end = tokens.starts[place], tokens.ends[place]
    if end <= len(prefix):
        is_word = prefix[start : start + 1].isalpha() and tokens.kinds[place] != "NAME"
        yield (9 if is_word else 5), prefix[:start] + " " * (end - start) + prefix[end:], stack, place + 1
    for cost, kinds, after in _insertions(stacks, stack):
        yield cost, f"{prefix[:start]}{spelled(kinds)} {prefix[start:]}", after, place


def _insertions(stacks: Stacks, stack: Stack) -> Iterator[tuple[int, list[str], Stack]]:
    """Yield what can be inserted: one terminal, or missing closing brackets and the end of the statement."""
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
    """Yield closing brackets one after another, each followed by the end of the statement where possible."""
    current: Stack | None = stack
    kinds = list(kinds)
    while current is not None and len(kinds) < 8:
        ended = stacks.take(current, "SEMICOLON")
        if ended is not None:
            yield len(kinds) * 2 + (not kinds) * 2, [*kinds, "SEMICOLON"], ended
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
    """Return the index of the first refused token after a change, or of the last token that is read."""
    last = min(limit, len(tokens.kinds) - PADDING - 1)
    if index > last:
        return index
    reading = stacks.read(tokens, stack, index, last)
    return last + 1 if reading.failed < 0 else reading.failed


# ------------------------------------------------------------------------------------------------ leaving it out


def without_statement(prefix: str) -> str:
    """Return the code without the statement that has a syntax error; the same code if that doesn't help.

    What it declares stays declared. Where a statement ends cannot be known when a quotation mark is missing: the end
    is that of a line, the one from which the tables come furthest.
    """
    for _ in range(MOST_REPAIRS):
        tokens, _ = tokenize(prefix + CARET, 1)
        stacks = Stacks()
        reading = stacks.read(tokens)
        refused = _refused(reading, prefix)
        if refused < 0:
            return prefix
        candidates = list(_without_one(stacks, reading, refused, prefix))
        if not candidates:
            return prefix
        prefix = max(candidates)[-1]
    return prefix


def _refused(reading: Reading, prefix: str) -> int:
    """Return the index of the token at which reading ends: a refused one, or one before an unclosed string."""
    if reading.failed >= 0:
        return reading.failed
    last = len(reading.tokens.kinds) - PADDING - 1
    rest = prefix[reading.tokens.ends[last] :].lstrip()
    return last if rest.startswith('"') and "\n" in rest else -1


def _without_one(stacks: Stacks, reading: Reading, refused: int, prefix: str) -> Iterator[tuple[int, int, str]]:
    """Yield how far the tables come without a statement, how little was left out, and the text."""
    for start in _statement_starts(stacks, reading, refused):
        first = reading.tokens.starts[start]
        end = first
        for _ in range(_MOST_LINES):
            end = prefix.find("\n", end + 1)
            if end < 0:
                break
            text = f"{prefix[:first]}{_declaration(prefix[first:end])}{prefix[end:]}"
            tokens, _ = tokenize(text + CARET, 1)
            again = stacks.read(tokens)
            place = _refused(again, text)
            reached = len(prefix) if place < 0 else tokens.starts[place] + len(prefix) - len(text)
            if reached > reading.tokens.starts[refused]:
                yield reached, first - end, text


def _statement_starts(stacks: Stacks, reading: Reading, refused: int) -> list[int]:
    """Return the last statements that begin before the refused token, the nearest first."""
    found: list[int] = []
    for index in range(refused, 0, -1):
        stack = reading.before.get(index)
        if stack is not None and stacks.take(stack, "_MARK_DECLARATION") is not None:
            found.append(index)
            if len(found) == _MOST_STARTS:
                break
    return found


def _declaration(statement: str) -> str:
    """Reduce a statement to the variable that it declares; empty if none."""
    declared = _DECLARED.match(statement)
    return f"{declared[0]} {FILLER};" if declared is not None else ""
