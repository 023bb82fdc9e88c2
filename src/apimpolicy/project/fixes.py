"""The changes of `check --fix`: only what cannot change the meaning of a document that the gateway would take.

It corrects a misspelt policy, attribute, attribute value or member with one similar name, and renames a policy that has
a newer equivalent, each with the end tag. It changes nothing else, and nothing in files that are not UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.text.document import Element
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

_NEWER = "POL143"
_NAMES = frozenset(("POL101", "POL102", "POL104", _NEWER, "CS0103", "CS0117", "CS0246", "CS1061"))
_MEANT = re.compile(r"(?:did you mean|the newer name is) '([\w.-]+)'\??")


class Edit(NamedTuple):
    """Replace the characters from `start` to `end` of the file by `text`."""

    start: int
    end: int
    text: str


def edits(source: Source, diagnostics: Iterable[Diagnostic]) -> list[Edit]:
    """Return edits that fix some of the findings in a file, in order and without overlaps."""
    found: list[Edit] = []
    for diagnostic in diagnostics:
        found += _edits(source, diagnostic)
    found.sort()
    kept: list[Edit] = []
    for edit in found:
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def apply(text: str, changes: Iterable[Edit]) -> str:
    pieces: list[str] = []
    position = 0
    for start, end, new in changes:
        pieces += (text[position:start], new)
        position = end
    return "".join((*pieces, text[position:]))


def _edits(source: Source, diagnostic: Diagnostic) -> list[Edit]:
    start, end = diagnostic.source.original_span(diagnostic.start, diagnostic.end)
    meant = _MEANT.fullmatch(diagnostic.label)
    if diagnostic.code in _NAMES and meant is not None:
        old = source.text[start:end]
        if not re.fullmatch(r"[\w.-]+", old):
            return []
        found = [Edit(start, end, meant[1])]
        if diagnostic.code in ("POL101", _NEWER) and (element := _element(source, start)) is not None:
            tag = source.text[element.content_end : element.end]
            if tag.startswith(f"</{old}"):
                found.append(Edit(element.content_end + 2, element.content_end + 2 + len(old), meant[1]))
        return found
    return []


def variable_edit(source: Source, diagnostic: Diagnostic) -> list[Edit]:
    """Return an edit that changes the name of a variable to the one that is set. `check --fix` doesn't do that."""
    start, end = diagnostic.source.original_span(diagnostic.start, diagnostic.end)
    meant, name = _MEANT.fullmatch(diagnostic.label), re.search("the variable '(.+?)'", diagnostic.message)
    if diagnostic.code != "POL201" or meant is None or name is None:
        return []
    found = [*re.finditer(rf"(\"|&quot;){re.escape(name[1])}\1", source.text[start:end])]
    return [Edit(start + each.end(1), start + each.end() - len(each[1]), meant[1]) for each in found[:1]]


def _element(source: Source, start: int) -> Element | None:
    return next((element for element in read(source).elements() if element.name_start == start), None)
