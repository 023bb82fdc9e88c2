"""Bind the valid parts of an expression with errors, so that navigation and hovers work there.

Syntax errors are repaired as completion repairs them; the tree then gets the positions of the original text. Parts
that the binder discards (the arguments of an unknown method) are kept as it bound them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeVar

from apimpolicy.binding import bind
from apimpolicy.binding.core import Binder
from apimpolicy.binding.nodes import Bad, Bound, Expression, Local
from apimpolicy.binding.symbols import LocalSymbol
from apimpolicy.dotnet.types import ERROR
from apimpolicy.editor.repairs import repairs_of
from apimpolicy.editor.unfinished import with_names_at_line_ends
from apimpolicy.errors import PolicySyntaxError
from apimpolicy.syntax import shapes
from apimpolicy.syntax.depth import Frames
from apimpolicy.syntax.lexer import tokenize
from apimpolicy.syntax.literals import identifier_name
from apimpolicy.syntax.nodes import Child, Node
from apimpolicy.syntax.parser import parse
from apimpolicy.syntax.stacks import Stacks, spelled
from apimpolicy.text.source import Excerpt

if TYPE_CHECKING:
    from apimpolicy.checks.expressions import CheckedExpression

T = TypeVar("T", bound=Bound)

_WORD: Final = re.compile(r"\w+|[^\w\s]")
_MOST_KEPT: Final = 64
"""Expressions with errors whose nodes are kept."""


def nodes_of_kind(expression: CheckedExpression, kind: type[T]) -> Iterator[T]:
    """Return the bound nodes of one class; of an expression with errors those that can be bound."""
    compiled = expression.compiled
    nodes = compiled.nodes if compiled.is_legal else _bound_nodes(expression.excerpt.text)
    return (node for node in nodes if isinstance(node, kind))


class _RecordingBinder(Binder):
    """A binder that keeps every expression that it binds."""

    def __init__(self, excerpt: Excerpt) -> None:
        super().__init__(excerpt)
        self.seen: list[Expression] = []

    def bind(self, node: Node) -> Expression:
        bound = super().bind(node)
        self.seen.append(self._named(node) or bound if isinstance(bound, Bad) else bound)
        return bound

    def _named(self, node: Node) -> Expression | None:
        """Return the variable of a name, even if its type is unknown."""
        if not isinstance(node, shapes.Identifier):
            return None
        symbol = self.scope.find(identifier_name(node.name.text))
        return Local(node, symbol) if isinstance(symbol, LocalSymbol) else None


@lru_cache(_MOST_KEPT)
def _bound_nodes(text: str) -> Sequence[Bound]:
    """Return the nodes of the tree with the most meaning, outermost first, then those outside of any tree."""
    readings = [_nodes(tree, text) for tree in _trees(text)]
    return max(readings, key=_meaningful, default=())


def _meaningful(nodes: Sequence[Bound]) -> int:
    return sum(getattr(node, "type", ERROR) is not ERROR for node in nodes)


def _nodes(tree: Node, text: str) -> list[Bound]:
    made: list[_RecordingBinder] = []

    def make(excerpt: Excerpt) -> Binder:
        made.append(_RecordingBinder(excerpt))
        return made[-1]

    body = bind(tree, Excerpt.of(text), make).body
    nodes = [node for node in _walk(body) if not isinstance(node, Bad)]
    known = {(node.syntax.start, node.syntax.end) for node in nodes}
    for seen in reversed(made[0].seen):  # a lambda may be bound more than once: the last time counts
        for node in _walk(seen):
            place = (node.syntax.start, node.syntax.end)
            if place not in known and not isinstance(node, Bad):
                known.add(place)
                nodes.append(node)
    return nodes


def _walk(top: Bound) -> Iterator[Bound]:
    waiting = [top]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.children()))


def _trees(text: str) -> Iterator[Node]:
    """Yield the tree of a text with its errors repaired; another if a line that ends with a dot may end there."""
    for beginning in dict.fromkeys((text, with_names_at_line_ends(text))):
        for whole in (beginning, *_repaired(beginning)) if beginning == text else _repaired(beginning):
            try:
                tree = parse(whole)
            except (PolicySyntaxError, RecursionError):
                continue
            if whole != text:
                _move(tree, _Alignment(whole, text))
            yield tree
            break


def _repaired(text: str) -> Iterator[str]:
    """Yield the text with its errors repaired in different ways, and completed."""
    inner = text.rstrip()
    inner = inner[:-1] if inner.endswith((")", "}")) else inner
    for beginning in repairs_of(inner):
        with Frames():
            stacks = Stacks()
            reading = stacks.read(tokenize(beginning, 1)[0])
            ending = stacks.ending(reading.stack) if reading.failed < 0 else None
        if ending is not None:
            yield beginning + spelled(ending)


class _Alignment:
    """Maps offsets of a repaired text to the original text."""

    def __init__(self, repaired_text: str, text: str) -> None:
        ours, theirs = list(_WORD.finditer(repaired_text)), list(_WORD.finditer(text))
        self._starts: list[int] = []
        self._spans: list[tuple[int, int]] = []
        for mine, other in _equal([word[0] for word in ours], [word[0] for word in theirs]):
            self._starts.append(ours[mine].start())
            self._spans.append(theirs[other].span())

    def offset(self, offset: int) -> int:
        """Return the original offset of an offset; inserted text has no width."""
        index = bisect_right(self._starts, offset) - 1
        start, end = self._spans[index]
        return min(start + offset - self._starts[index], end)


def _equal(ours: list[str], theirs: list[str]) -> Iterator[tuple[int, int]]:
    """Yield the indexes of the words that both have, in order; the first word is always equal."""
    shorter = min(len(ours), len(theirs))
    first = next((index for index in range(shorter) if ours[index] != theirs[index]), shorter)
    last = 0
    while last < shorter - first and ours[-1 - last] == theirs[-1 - last]:
        last += 1
    yield from ((index, index) for index in range(first))
    middle = SequenceMatcher(None, ours[first : len(ours) - last], theirs[first : len(theirs) - last], autojunk=False)
    for mine, other, size in middle.get_matching_blocks():
        yield from ((first + mine + index, first + other + index) for index in range(size))
    yield from ((len(ours) - index, len(theirs) - index) for index in range(last, 0, -1))


def _move(tree: Node, alignment: _Alignment) -> None:
    """Give every part of a tree its place in the text as it was written."""
    waiting: list[Child] = [tree]
    done: set[int] = set()
    while waiting:
        part = waiting.pop()
        if part is None or id(part) in done:
            continue
        done.add(id(part))
        part.start, part.end = alignment.offset(part.start), alignment.offset(part.end)
        if isinstance(part, Node):
            waiting.extend(part.children)
