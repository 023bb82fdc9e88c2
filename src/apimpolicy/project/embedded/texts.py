"""The texts that expressions of Terraform, Bicep and ARM make, as far as that shows without the values of any variable.

A variable is a hole, `condition ? a : b` a choice; functions that put texts together are understood. Whatever else
gives a value is a hole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.project.infrastructure import nodes
from apimpolicy.text.source import Source

MOST_DEEP = 25
"""Calls in calls that are understood; what is deeper is a hole."""

_UNCHANGED = frozenset(("trim", "trimspace", "chomp", "string", "tostring", "nonsensitive", "indent"))
"""Functions that give their text back, or nearly so."""
_NUMBERED = re.compile(r"\{\{|\}\}|\{\d+[^{}]*\}")
_PRINTF = re.compile(r"%%|%[-+# 0]*\d*(?:\.\d+)?[sdvqtfeg]")
_DOUBLED = {"{{": "{", "}}": "}", "%%": "%"}


class TextValue(NamedTuple):
    """A text in the making; or the items of a list, each a text."""

    pieces: Pieces
    items: list[Pieces] | None = None


class Texts:
    """Makes texts of the expressions of one file. `fields` is what `format` of the language puts values in for."""

    def __init__(self, outer: Source, *, percent: bool) -> None:
        self.outer = outer
        self.fields = _PRINTF if percent else _NUMBERED
        self.work = 8 * len(outer.text) + 10_000
        """The number of characters left to search, so that a file made to be slow is not."""

    def among(self, roots: Iterable[nodes.CodeNode], wanted: Callable[[Pieces, nodes.CodeNode], bool]) -> list[Pieces]:
        """Return the texts of expressions that are wanted, in order; one that isn't is looked into."""
        found: list[tuple[int, Pieces]] = []
        waiting = list(roots)
        while waiting and self.work > 0:
            node = waiting.pop()
            if isinstance(node, nodes.TemplateExpression | nodes.FunctionCall):
                pieces = self.value(node).pieces
                if wanted(pieces, node):
                    found.append((node.start, pieces))
                    continue
            elif isinstance(node, nodes.Conditional):
                self.work -= 1
            waiting += nodes.children(node)
        return [pieces for _, pieces in sorted(found, key=lambda each: each[0])]

    def value(self, node: nodes.CodeNode, depth: int = 0) -> TextValue:
        self.work -= 1
        if depth > MOST_DEEP or self.work < 0:
            return TextValue(self._hole(node))
        if isinstance(node, nodes.TemplateExpression):
            return TextValue(self.template(node.parts))
        if isinstance(node, nodes.Conditional):
            return TextValue(
                self._either(self.value(node.when_true, depth + 1), self.value(node.when_false, depth + 1))
            )
        if isinstance(node, nodes.Array):
            return TextValue(self._hole(node), [self.value(each, depth + 1).pieces for each in node.items])
        if isinstance(node, nodes.FunctionCall):
            return self._called(node, [self.value(each, depth + 1) for each in node.arguments])
        return TextValue(self._hole(node))

    def template(self, parts: Sequence[nodes.CodeNode]) -> Pieces:
        pieces = Pieces(self.outer)
        self._add(pieces, parts)
        return pieces

    def _add(self, pieces: Pieces, parts: Sequence[nodes.CodeNode]) -> None:
        for part in parts:
            self.work -= 1 if not isinstance(part, nodes.Chars) else len(part.text)
            if isinstance(part, nodes.Chars):
                if part.verbatim:
                    pieces.copy(part.start, part.end)
                else:
                    pieces.replace(part.text, part.start, part.end)
            elif isinstance(part, nodes.IfDirective):
                pieces.begin_choice()
                self._add(pieces, part.when_true)
                if part.when_false:
                    pieces.next_branch()
                    self._add(pieces, part.when_false)
                pieces.end_choice()
            elif isinstance(part, nodes.ForDirective):  # its content occurs or not
                pieces.begin_choice()
                self._add(pieces, part.parts)
                pieces.end_choice()
            else:
                pieces.hole(part.start, part.end)

    def _called(self, node: nodes.FunctionCall, arguments: list[TextValue]) -> TextValue:
        name = node.name
        if name == "concat":
            return TextValue(self._together([argument.pieces for argument in arguments]))
        if name in _UNCHANGED and arguments:
            return arguments[-1 if name == "indent" else 0]
        if name == "format" and arguments:
            return TextValue(arguments[0].pieces.with_holes_for(self.fields, _DOUBLED))
        if name == "replace" and len(arguments) == 3 and (replaced := arguments[1].pieces.whole):
            return TextValue(arguments[0].pieces.with_holes_for(re.compile(re.escape(replaced))))
        if name == "join" and len(arguments) == 2:
            items, separator = sorted(arguments, key=lambda argument: argument.items is None)
            if items.items is not None:
                return TextValue(self._together(items.items, separator.pieces))
        if name == "if" and len(arguments) == 3:
            return TextValue(self._either(arguments[1], arguments[2]))
        return TextValue(self._hole(node))

    def _together(self, texts: list[Pieces], separator: Pieces | None = None) -> Pieces:
        pieces = Pieces(self.outer)
        for index, text in enumerate(texts):
            if index and separator is not None:
                pieces.add(separator)
            pieces.add(text)
        return pieces

    def _either(self, first: TextValue, second: TextValue) -> Pieces:
        pieces = Pieces(self.outer)
        pieces.begin_choice()
        pieces.add(first.pieces)
        pieces.next_branch()
        pieces.add(second.pieces)
        pieces.end_choice()
        return pieces

    def _hole(self, node: nodes.CodeNode) -> Pieces:
        pieces = Pieces(self.outer)
        pieces.hole(node.start, node.end)
        return pieces
