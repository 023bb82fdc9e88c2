"""Policies in Bicep: `'''…'''` as it is, `'…'` with escapes and `${…}` as a hole, and what functions make of them.

Files that `loadTextContent` names are checked as files of their own.

Source: https://learn.microsoft.com/azure/azure-resource-manager/bicep/data-types#strings
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from apimpolicy.infrastructure.bicep.parser import Declaration, parse_file
from apimpolicy.project.embedded import is_policy, is_whole
from apimpolicy.project.embedded.texts import Texts

if TYPE_CHECKING:
    from apimpolicy.infrastructure.nodes import CodeNode
    from apimpolicy.project.embedded.pieces import Pieces
    from apimpolicy.text.source import Source


def policies(outer: Source) -> list[Pieces]:
    if "<" not in outer.text and "\\u{3" not in outer.text:
        return []
    declarations, _ = parse_file(outer)
    return Texts(outer, percent=False).among(
        _values(declarations), lambda pieces, node: _is_wanted(outer, pieces, node)
    )


def _is_wanted(outer: Source, pieces: Pieces, node: CodeNode) -> bool:
    """Return whether a text is a policy: every multi-line string is, a string of one line may be a part of one."""
    several = outer.text.startswith("'''", node.start)
    return is_policy(pieces.beginning) and (several or is_whole(pieces.whole))


def _values(declarations: Iterable[Declaration]) -> Iterator[CodeNode]:
    from apimpolicy.infrastructure.bicep.references import nested_in

    waiting = list(declarations)
    while waiting:
        each = waiting.pop()
        if each.value is not None:
            yield each.value
        waiting += nested_in(each)
