"""Pages of .NET types with the members that expressions may use, as text and as files to go to."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from typing import TYPE_CHECKING

from apimpolicy.binding.allow_list import is_member_allowed, is_type_allowed
from apimpolicy.binding.lookup import types_named
from apimpolicy.binding.nodes import Call, FieldAccess, PropertyAccess
from apimpolicy.dotnet.metadata import look_up
from apimpolicy.editor.partial_binding import nodes_of_kind
from apimpolicy.editor.signatures import note_about, short
from apimpolicy.editor.workspace import Location

if TYPE_CHECKING:
    from apimpolicy.dotnet.metadata import TypeDefinition
    from apimpolicy.dotnet.signatures import Member
    from apimpolicy.editor.analysis import Analysis


def page_of_type(name: str) -> str:
    """Return the pages of the types of a name; empty where there is none."""
    found = [d for arity in range(4) for d in types_named(name, arity)] or [
        definition for arity in range(4) if (definition := look_up(name, arity)) is not None
    ]
    return "\n".join("\n".join(_lines(definition)) for definition in found)


def _lines(definition: TypeDefinition) -> list[str]:
    allowed = "allowed" if is_type_allowed(definition) else "not allowed in expressions"
    members = (m for m in definition.all_members() if is_member_allowed(m))  # type: ignore[arg-type]  # no operators
    rows = (f"- `{short(member.signature)}` {note_about(member)}".rstrip() for member in members)
    return [f"# {definition.name}: {allowed}", "", *rows]


def member_at(analysis: Analysis, offset: int) -> Member | None:
    """Return the member of .NET or of the context object whose name is at an offset of the file."""
    found = analysis.code_at(offset)
    if found is None:
        return None
    _, expression, place = found
    for kind, field in ((Call, "method"), (PropertyAccess, "property"), (FieldAccess, "field")):
        for node in nodes_of_kind(expression, kind):
            name = getattr(getattr(node.syntax, "target", node.syntax), "name", None)
            start = getattr(name, "start", -1)
            if 0 <= start <= place <= start + len(getattr(name, "text", "")):
                member: Member = getattr(node, field)
                return member
    return None


def page_location(member: Member) -> Location:
    """Return where a member is on its type's page, which is written as a file of this session."""
    definition = member.declaring
    lines = _lines(definition)
    path = os.path.join(_folder(), f"{definition.name.replace('<', '_').replace('>', '')}.md")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    signature = f"- `{short(member.signature)}`"
    return Location(path, line=next((n for n, line in enumerate(lines) if line.startswith(signature)), 0))


@cache
def _folder() -> str:
    folder = tempfile.mkdtemp(prefix="apimpolicy-pages-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
