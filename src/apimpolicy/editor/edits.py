"""Edits in the protocol's form."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apimpolicy.editor.language_server import LanguageServer
    from apimpolicy.editor.rpc import Json
    from apimpolicy.editor.text_documents import TextDocument
    from apimpolicy.project.fixes import Edit


def text_edit(document: TextDocument, edit: Edit) -> Json:
    return {"range": document.range(edit.start, edit.end), "newText": edit.text}


def changes_of(server: LanguageServer, edits: dict[str, list[Edit]]) -> dict[str, list[Json]]:
    changes = {}
    for path, found in edits.items():
        document = server.document_of(os.path.abspath(path))
        if document is not None:
            changes[document.uri] = [text_edit(document, edit) for edit in found]
    return changes
