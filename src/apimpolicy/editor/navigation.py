"""Definition, references and renaming of names, also of fragments."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from apimpolicy.checks.expressions import CheckedExpression
from apimpolicy.csharp.binding.nodes import Local, LocalDeclaration
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.editor.analysis import Analysis, CodeAt
from apimpolicy.editor.caret import nodes_of_kind
from apimpolicy.editor.knowledge import Occurrence, ProjectNames, occurrence_at
from apimpolicy.editor.members import is_keyword
from apimpolicy.editor.pages import member_at, page_location
from apimpolicy.editor.workspace import EditorWorkspace, Location, stored_text, wider
from apimpolicy.project.fixes import Edit

# Renaming a fragment: where it is included, its key in the configuration, and its file or folder

NAME = re.compile(r"[A-Za-z0-9_][\w-]{0,79}", re.ASCII)
"""Pattern of fragment ids that Azure accepts."""


class FragmentRename(NamedTuple):
    """Changes besides the including documents: edits of the configuration, and a file or folder to move."""

    configuration: dict[str, list[Edit]]
    moved: tuple[str, str] | None


def fragment_rename(knowledge: ProjectNames, name: str, new: str) -> FragmentRename:
    """Return the configuration edits and the move of a renamed fragment, as far as its path is known."""
    known = knowledge.find("fragment", name)
    moved = _moved(known.path, name, new) if known is not None else None
    path = knowledge.configuration
    return FragmentRename(_key_edits(path, name, new, moved) if path is not None else {}, moved)


def _moved(path: str, name: str, new: str) -> tuple[str, str] | None:
    """Return the folder or the file that is named after the fragment, and its new path."""
    folder, file = os.path.split(os.path.abspath(path))
    stem, dot, rest = file.partition(".")
    if os.path.basename(folder) == name:
        return folder, os.path.join(os.path.dirname(folder), new)
    return (os.path.join(folder, file), os.path.join(folder, f"{new}{dot}{rest}")) if stem == name else None


def _key_edits(path: str, name: str, new: str, moved: tuple[str, str] | None) -> dict[str, list[Edit]]:
    """Return the edits of the key in `[fragments]`, and of the path behind it when the file moves."""
    text = stored_text(path, encoding="utf-8")
    if text is None:
        return {}
    table = re.search(r"(?m)^\[(?:tool\.apimpolicy\.)?fragments\][^\n]*\n(?P<rows>(?:(?!\[)[^\n]*\n?)*)", text)
    if table is None:
        return {}
    row = re.compile(rf"(?m)^[ \t]*[\"']?(?P<key>{re.escape(name)})[\"']?[ \t]*=[ \t]*[\"'](?P<path>[^\"'\n]*)[\"']")
    found = row.search(text, *table.span("rows"))
    if found is None:
        return {}
    edits = [Edit(*found.span("key"), new)]
    written = found["path"]
    if moved is not None and os.path.abspath(os.path.join(os.path.dirname(path), written)).startswith(moved[0]):
        edits.append(Edit(*found.span("path"), _renamed(written, name, new)))
    return {os.path.abspath(path): edits}


def _renamed(path: str, name: str, new: str) -> str:
    """Return a path with the last part that is named after the fragment renamed."""
    parts = path.split("/")
    for index in range(len(parts) - 1, -1, -1):
        if parts[index].partition(".")[0] == name:
            parts[index] = new + parts[index][len(name) :]
            break
    return "/".join(parts)


# Definition, references and renaming of names

_POLICY_NAME = re.compile(r"[^\W\d][\w.\- ]*")
_CODE_NAME = re.compile(r"@?[^\W\d]\w*")


def definition(analysis: Analysis, offset: int, workspace: EditorWorkspace) -> list[Location]:
    """Return where the name at an offset is declared: in this file, in another, in the configuration."""
    occurrence = occurrence_at(analysis, offset)
    if occurrence is not None:
        return _of_name(analysis, occurrence, workspace)
    local = local_at(analysis, offset)
    if local is not None:
        return [Location(analysis.path, *span) for span in _spans_of(local, declared_only=True)]
    member = member_at(analysis, offset)
    return [page_location(member)] if member is not None else _of_base(analysis, offset, workspace)


def _of_name(analysis: Analysis, occurrence: Occurrence, workspace: EditorWorkspace) -> list[Location]:
    if occurrence.kind in ("variable", "header"):
        found = [
            Location(path, other.start, other.end)
            for path, others in workspace.everywhere(occurrence, analysis.path)
            for other in others
            if other.sets
        ]
        return found or [Location(analysis.path, occurrence.start, occurrence.end)]
    known = workspace.knowledge(analysis.path).find(occurrence.kind, occurrence.name)
    return [Location(known.path, line=known.line)] if known is not None else []


def _of_base(analysis: Analysis, offset: int, workspace: EditorWorkspace) -> list[Location]:
    """Return the section of the wider scope that `<base />` runs."""
    found, path = analysis.element_at(offset), wider(analysis.path)
    if found is None or found[1].name != "base" or path is None:
        return []
    other = workspace.analysis(path)
    if other is None:
        return []
    section = found[0].subject.section_of(found[1])
    for outer, candidate in other.elements():
        if candidate.name == section:
            return [Location(path, *outer.span(candidate.name_start, candidate.name_end))]
    return [Location(path)]


def references(
    analysis: Analysis, offset: int, workspace: EditorWorkspace, *, with_declarations: bool = True
) -> list[Location]:
    """Return every use of the name at an offset, in all files; without declarations only where it is read."""
    occurrence = occurrence_at(analysis, offset)
    if occurrence is None:
        local = local_at(analysis, offset)
        return [Location(analysis.path, *span) for span in _spans_of(local)] if local is not None else []
    return [
        Location(path, other.start, other.end)
        for path, others in workspace.everywhere(occurrence, analysis.path)
        for other in others
        if with_declarations or not other.sets
    ]


def highlights(analysis: Analysis, offset: int) -> list[tuple[int, int]]:
    occurrence = occurrence_at(analysis, offset)
    if occurrence is None:
        local = local_at(analysis, offset)
        return _spans_of(local) if local is not None else []
    return [(other.start, other.end) for other in analysis.occurrences if other.is_the_same(occurrence)]


def can_rename(analysis: Analysis, offset: int) -> tuple[int, int] | None:
    """Return the span of the name at an offset, if it can be renamed: variables of policies and of C#, fragments."""
    occurrence = occurrence_at(analysis, offset)
    if occurrence is not None:
        return (occurrence.start, occurrence.end) if occurrence.kind in ("variable", "fragment") else None
    local = local_at(analysis, offset)
    if local is None or local.symbol.kind == "global":
        return None
    return next((span for span in _spans_of(local) if span[0] <= offset <= span[1]), None)


def problem_of_name(analysis: Analysis, offset: int, new: str) -> str:
    """Return why the name at an offset can't be renamed so; empty when it can."""
    occurrence = occurrence_at(analysis, offset)
    if occurrence is not None and occurrence.kind == "fragment":
        return "" if NAME.fullmatch(new) else f"'{new}' is not a valid id of a fragment"
    if occurrence is not None:
        return "" if _POLICY_NAME.fullmatch(new) else f"'{new}' is not a valid name for a variable of policies"
    local = local_at(analysis, offset)
    if not _CODE_NAME.fullmatch(new) or is_keyword(new):
        return f"'{new}' is not a valid name for a variable in C#"
    taken = {node.symbol.name for node in nodes_of_kind(local.code.expression, Local)} if local is not None else set()
    return f"the expression already has a variable named '{new}'" if new in taken else ""


# ------------------------------------------------------------------------------------------------ variables of C#


class LocalAt(NamedTuple):
    """A C# variable, and the expression that uses it."""

    code: CodeAt
    symbol: LocalSymbol


def local_at(analysis: Analysis, offset: int) -> LocalAt | None:
    code = analysis.code_at(offset)
    if code is None:
        return None
    for node in nodes_of_kind(code.expression, Local):
        if node.syntax.start <= code.offset <= node.syntax.end and node.symbol.kind != "global":
            return LocalAt(code, node.symbol)
    for symbol in _declared(code.expression):
        declared = symbol.declared_at
        if declared is not None and declared.start <= code.offset <= declared.end:
            return LocalAt(code, symbol)
    return None


def _declared(expression: CheckedExpression) -> Iterator[LocalSymbol]:
    """Yield the variables of an expression that are declared with a statement, or used."""
    for declaration in nodes_of_kind(expression, LocalDeclaration):
        yield declaration.symbol
    for node in nodes_of_kind(expression, Local):
        yield node.symbol


def _is_same(one: LocalSymbol, other: LocalSymbol) -> bool:
    """Return whether two symbols are one variable: a lambda with errors is bound several times, with new symbols."""
    if one is other:
        return True
    first, second = one.declared_at, other.declared_at
    return first is not None and second is not None and (one.name, first.start) == (other.name, second.start)


def _spans_of(local: LocalAt, declared_only: bool = False) -> list[tuple[int, int]]:
    (policy, expression, _), symbol = local
    excerpt = expression.excerpt
    starts: set[int] = set()
    declared = symbol.declared_at
    if declared is not None:
        starts.add(excerpt.text.find(symbol.name, declared.start, declared.end))
    if not declared_only:
        starts |= {n.syntax.start for n in nodes_of_kind(expression, Local) if _is_same(n.symbol, symbol)}
    found = (start for start in sorted(starts) if start >= 0 and excerpt.text.startswith(symbol.name, start))
    firsts = map(excerpt.locate, found)
    return [policy.span(first, first + len(symbol.name)) for first in firsts]
