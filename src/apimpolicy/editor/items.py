"""Completion items, as values that every client can show."""

from __future__ import annotations

from typing import Literal

from apimpolicy.records import Record

Kind = Literal[
    "property", "method", "field", "constant", "variable", "parameter", "function", "type", "namespace", "keyword",
    "argument", "element", "attribute", "value", "reference", "snippet",
]  # fmt: skip


class Item(Record):
    """One thing that fits at the caret.

    `insert` is what is written, the label when it is empty; a snippet's has `$1`, `${2:name}` and `$0`. `detail` is a
    line beside the label (a type, a signature), `documentation` Markdown. `start` and `end` are offsets in the file
    of what is replaced; `rank` orders the list, smallest first.
    """

    label: str
    kind: Kind
    detail: str = ""
    documentation: str = ""
    insert: str = ""
    is_snippet: bool = False
    rank: tuple[float, ...] = ()
    start: int = -1
    end: int = -1
