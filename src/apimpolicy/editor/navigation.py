"""Definition, references and renaming of names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.binding.nodes import Local, LocalDeclaration
from apimpolicy.editor.fragment_rename import NAME
from apimpolicy.editor.occurrences import Occurrence, occurrence_at
from apimpolicy.editor.partial_binding import nodes_of_kind
from apimpolicy.editor.type_names import is_keyword
from apimpolicy.editor.type_pages import member_at, page_location
from apimpolicy.editor.workspace import Location, Workspace, wider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.checks.expressions import CheckedExpression
    from apimpolicy.editor.analysis import Analysis, CodeAt

_POLICY_NAME = re.compile(r"[^\W\d][\w.\- ]*")
_CODE_NAME = re.compile(r"@?[^\W\d]\w*")


def definition(analysis: Analysis, offset: int, workspace: Workspace) -> list[Location]:
    """Return where the name at an offset is declared: in this file, in another, in the configuration."""
    occurrence = occurrence_at(analysis, offset)
    if occurrence is not None:
        return _of_name(analysis, occurrence, workspace)
    local = local_at(analysis, offset)
    if local is not None:
        return [Location(analysis.path, *span) for span in _spans_of(local, declared_only=True)]
    member = member_at(analysis, offset)
    return [page_location(member)] if member is not None else _of_base(analysis, offset, workspace)


def _of_name(analysis: Analysis, occurrence: Occurrence, workspace: Workspace) -> list[Location]:
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


def _of_base(analysis: Analysis, offset: int, workspace: Workspace) -> list[Location]:
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
    analysis: Analysis, offset: int, workspace: Workspace, *, with_declarations: bool = True
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
    """Return the uses of the name at an offset in its own file."""
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
    if local is None or local.symbol.kind == "context":
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
    """Return the C# variable at an offset."""
    code = analysis.code_at(offset)
    if code is None:
        return None
    for node in nodes_of_kind(code.expression, Local):
        if node.syntax.start <= code.offset <= node.syntax.end and node.symbol.kind != "context":
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
    """Return the spans of a variable in the file."""
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
