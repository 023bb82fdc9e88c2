"""Completion in the protocol's form: a list as short as the client allows, and the rest of an item on request."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.editor.completion import complete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.editor.items import Item
    from apimpolicy.editor.language_server import LanguageServer
    from apimpolicy.editor.rpc import Json
    from apimpolicy.editor.text_documents import TextDocument

_KINDS: Final = {
    "property": 10,
    "method": 2,
    "field": 5,
    "constant": 21,
    "variable": 6,
    "parameter": 6,
    "function": 3,
    "type": 7,
    "namespace": 9,
    "keyword": 14,
    "argument": 5,
    "element": 7,
    "attribute": 10,
    "value": 12,
    "reference": 18,
    "snippet": 15,
}
_PLACE_IN_SNIPPET = re.compile(r"\$\{\d+[:|]([^}|,]*)[^}]*\}|\$\d+")
_MOST_ITEMS: Final = 100_000
"""An item's number is that of its list times this, and its place in the list."""


class CompletionLists:
    """The abilities of a session's client, and the last list, of which it may request documentation."""

    def __init__(self, client: Json) -> None:
        given = _table(_table(client.get("textDocument")).get("completion"))
        item = _table(given.get("completionItem"))
        self.has_snippets = bool(item.get("snippetSupport"))
        self.has_resolve = "documentation" in _list(_table(item.get("resolveSupport")).get("properties"))
        self.has_defaults = "editRange" in _list(_table(given.get("completionList")).get("itemDefaults"))
        self._items: Sequence[Item] = ()
        self._number = 0

    def list_of(self, document: TextDocument, items: list[Item]) -> Json:
        """Return the response to a request for completion, and keep the items."""
        items.sort(key=lambda item: (item.rank, item.label))
        self._items, self._number = items, self._number + 1
        answer: Json = {"isIncomplete": False}
        ranges = {(item.start, item.end) for item in items}
        has_default = self.has_defaults and len(ranges) == 1
        if has_default:
            answer["itemDefaults"] = {"editRange": document.range(*ranges.pop())}
        answer["items"] = [
            self._item(None if has_default else document, item, place) for place, item in enumerate(items)
        ]
        return answer

    def _item(self, document: TextDocument | None, item: Item, place: int) -> Json:
        """Return one item; without a document, the range is that of the whole list."""
        made: Json = {"label": item.label, "kind": _KINDS[item.kind], "sortText": f"{place:04}"}
        text = item.insert or item.label
        if item.is_snippet and self.has_snippets:
            made["insertTextFormat"] = 2
        elif item.is_snippet:
            text = _PLACE_IN_SNIPPET.sub(lambda found: found[1] or "", text)
        if document is not None:
            made["textEdit"] = {"range": document.range(item.start, item.end), "newText": text}
        elif text != item.label:
            made["textEditText"] = text
        if item.detail:
            made["detail"] = item.detail
        if item.documentation and self.has_resolve:
            made["data"] = self._number * _MOST_ITEMS + place
        elif item.documentation:
            made["documentation"] = _markdown(item)
        return made

    def resolve(self, item: Json) -> Json:
        """Return an item with its documentation, if it is of the last list."""
        number, place = divmod(item["data"], _MOST_ITEMS) if isinstance(item.get("data"), int) else (0, 0)
        if number != self._number or place >= len(self._items):
            return item
        return {**item, "documentation": _markdown(self._items[place])}


def _markdown(item: Item) -> dict[str, str]:
    return {"kind": "markdown", "value": item.documentation}


def _table(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def completion(server: LanguageServer, params: Json) -> Json:
    document, analysis, offset = server.at(params)
    if document.is_test_file:
        from apimpolicy.editor.test_file_completion import complete as complete_test_file

        items = complete_test_file(document.text, document.path, offset)
    else:
        items = complete(
            analysis, offset, server.workspace.knowledge(document.path), server.checks.codes_found(document.uri)
        )
    return _lists(server).list_of(document, items)


def resolve(server: LanguageServer, params: Json) -> Json:
    return _lists(server).resolve(dict(params))


def _lists(server: LanguageServer) -> CompletionLists:
    if server.completions is None:
        server.completions = CompletionLists(server.client)
    return server.completions
