"""Policies in Terraform: heredocs, quoted strings, and what `format`, `join` and `replace` make of them.

`${…}` is a hole, `%{ if }` … `%{ else }` … `%{ endif }` a choice, and so is `%{ for }` … `%{ endfor }`: what it repeats
is there or not. Comments are no policies. Files that `templatefile` and `file` name are checked as files of their own.

Source: https://developer.hashicorp.com/terraform/language/expressions/strings
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.infrastructure.terraform.parser import Body, Parser, parse_file
from apimpolicy.project.embedded import is_policy, is_whole
from apimpolicy.project.embedded.texts import Texts

if TYPE_CHECKING:
    from apimpolicy.infrastructure.nodes import CodeNode
    from apimpolicy.project.embedded.pieces import Pieces
    from apimpolicy.text.source import Source

_SIGNS = ("<", "\\u003c", "\\u003C")
"""Beginnings of policies; values without any of them aren't parsed."""


def policies(outer: Source) -> list[Pieces]:
    return Texts(outer, percent=True).among(
        _values(outer, parse_file(outer)), lambda pieces, node: _is_wanted(outer, pieces, node)
    )


def _is_wanted(outer: Source, pieces: Pieces, node: CodeNode) -> bool:
    """Return whether a text is a policy: every heredoc is, a quoted string may be a part of one."""
    return is_policy(pieces.beginning) and (outer.text.startswith("<<", node.start) or is_whole(pieces.whole))


def _values(outer: Source, body: Body) -> Iterator[CodeNode]:
    """Yield the values of attributes, and the strings in what can't be read."""
    waiting = [body]
    while waiting:
        each = waiting.pop()
        for attribute in each.attributes.values():
            if _may_hold(outer, attribute.inside, attribute.stop):
                yield attribute.value
        for problem in each.problems:
            yield from Parser(outer, problem.start, problem.end).strings(problem.start, problem.end)
        waiting += [block.body for block in each.blocks if _may_hold(outer, block.inside, block.stop)]


def _may_hold(outer: Source, start: int, stop: int) -> bool:
    return any(outer.text.find(sign, start, stop) >= 0 for sign in _SIGNS)
