"""Requests of the protocol that lead from place to place, or change a name in all of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from apimpolicy.editor import navigation, rpc
from apimpolicy.editor.code_actions import changes_of
from apimpolicy.editor.knowledge import occurrence_at
from apimpolicy.editor.navigation import fragment_rename
from apimpolicy.editor.rpc import Json, RpcError, uri_of

if TYPE_CHECKING:
    from apimpolicy.editor.language_server import LanguageServer
    from apimpolicy.editor.workspace import Location


def definition(server: LanguageServer, params: Json) -> list[Json]:
    _, analysis, offset = server.at(params)
    return _locations(server, navigation.definition(analysis, offset, server.workspace))


def references(server: LanguageServer, params: Json) -> list[Json]:
    _, analysis, offset = server.at(params)
    is_complete = (params.get("context") or {}).get("includeDeclaration", True)
    return _locations(server, navigation.references(analysis, offset, server.workspace, with_declarations=is_complete))


def highlight(server: LanguageServer, params: Json) -> list[Json]:
    document, analysis, offset = server.at(params)
    return [{"range": document.range(*span)} for span in navigation.highlights(analysis, offset)]


def _locations(server: LanguageServer, places: list[Location]) -> list[Json]:
    return [location for place in places if (location := _location(server, place)) is not None]


def _location(server: LanguageServer, place: Location) -> Json | None:
    path = os.path.abspath(place.path)
    if place.start < 0:
        position = {"line": place.line, "character": 0}
        return {"uri": uri_of(path), "range": {"start": position, "end": position}}
    document = server.document_of(path)
    return {"uri": document.uri, "range": document.range(place.start, place.end)} if document is not None else None


def prepare_rename(server: LanguageServer, params: Json) -> Json | None:
    document, analysis, offset = server.at(params)
    span = navigation.can_rename(analysis, offset)
    return document.range(*span) if span is not None else None


def rename(server: LanguageServer, params: Json) -> Json:
    _, analysis, offset = server.at(params)
    new = str(params["newName"])
    if navigation.can_rename(analysis, offset) is None:
        raise RpcError(rpc.REQUEST_FAILED, "only variables and fragments can be renamed")
    if problem := navigation.problem_of_name(analysis, offset, new):
        raise RpcError(rpc.REQUEST_FAILED, problem)
    changes: dict[str, list[Json]] = {}
    for location in _locations(server, navigation.references(analysis, offset, server.workspace)):
        changes.setdefault(location["uri"], []).append({"range": location["range"], "newText": new})
    occurrence = occurrence_at(analysis, offset)
    if occurrence is not None and occurrence.kind == "fragment":
        return _with_fragment(server, changes, analysis.path, occurrence.name, new)
    return {"changes": changes}


def _with_fragment(server: LanguageServer, changes: dict[str, list[Json]], path: str, name: str, new: str) -> Json:
    """Return the edit of a fragment's name with its key in the configuration and, if the client can, its file."""

    edit = (server.client.get("workspace") or {}).get("workspaceEdit") or {}
    can_move = bool(edit.get("documentChanges")) and "rename" in (edit.get("resourceOperations") or ())
    found = fragment_rename(server.workspace.knowledge(path), name, new)
    if found.moved is not None and not can_move:
        old = os.path.relpath(found.moved[0], os.path.dirname(os.path.abspath(path)))
        advice = f"its name is that of {old}, and this editor doesn't let a language server rename files"
        raise RpcError(rpc.REQUEST_FAILED, f"the fragment '{name}' can't be renamed: {advice}; rename both by hand")
    changes |= changes_of(server, found.configuration)
    if found.moved is None:
        return {"changes": changes}
    texts = [{"textDocument": {"uri": uri, "version": None}, "edits": edits} for uri, edits in changes.items()]
    old, target = map(uri_of, found.moved)
    return {"documentChanges": [*texts, {"kind": "rename", "oldUri": old, "newUri": target}]}
