"""Completion anywhere in a file, and in the protocol's form."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.editor.expression_completion import complete as complete_code
from apimpolicy.editor.markup_completion import at_attribute, at_content, at_element, at_end_tag, at_value
from apimpolicy.editor.names_completion import complete_suppression, named_values, names_in_code
from apimpolicy.editor.place import CaretPlace, code_at, place_at
from apimpolicy.editor.unfinished import word_start
from apimpolicy.gateway.policies import conversions

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.types import Type
    from apimpolicy.editor.analysis import Analysis, OpenPolicy
    from apimpolicy.editor.knowledge import ProjectNames
    from apimpolicy.editor.language_server import LanguageServer
    from apimpolicy.editor.ranking import Item
    from apimpolicy.editor.rpc import Json, TextDocument


# Completion anywhere in a file: what fits at an offset, best first

_TYPES: dict[object, str] = {conversions.boolean: "bool", conversions.integer: "int", conversions.number: "double"}


def complete(analysis: Analysis, offset: int, knowledge: ProjectNames, found_codes: Collection[str] = ()) -> list[Item]:
    """Return the items at an offset of the file, with the span that each replaces.

    `found_codes` are the codes of the findings in the file, which a suppression is likely to name.
    """
    suppression = complete_suppression(analysis.text, offset, found_codes)
    if suppression is not None:
        return suppression
    found = analysis.at(offset)
    if found is None:
        return []
    policy, position = found
    place = place_at(policy.document, position)
    items = _items(policy, place, position, knowledge)
    for item in items:
        if item.start < 0:
            item.start, item.end = place.start, place.end
        item.start, item.end = policy.span(item.start, item.end) if item.start < item.end else (offset, offset)
    return items


def _items(policy: OpenPolicy, place: CaretPlace, offset: int, knowledge: ProjectNames) -> list[Item]:
    if place.kind == "code":
        return _in_code(policy, place, offset, knowledge)
    if place.kind == "element":
        return at_element(policy, place)
    if place.kind == "end-tag":
        return at_end_tag(place)
    if place.kind == "attribute":
        return at_attribute(place)
    if place.kind == "value":
        return at_value(policy, place, offset, knowledge)
    if place.kind == "named-value":
        return named_values(policy.source.text, place, knowledge)
    return at_content(policy, place) if place.kind == "content" else []


def _in_code(policy: OpenPolicy, place: CaretPlace, offset: int, knowledge: ProjectNames) -> list[Item]:
    code = code_at(place, offset)
    items = names_in_code(policy, place, code, knowledge)
    if items is None:
        used = policy.vocabulary(place.start)
        items = complete_code(code.text, code.caret, wanted_type(policy, place), used).items
    word = code.caret - word_start(code.text, code.caret)
    for item in items:
        if item.start < 0:
            item.start, item.end = offset - word, offset
    return items


def wanted_type(policy: OpenPolicy, place: CaretPlace) -> Type | None:
    """Return the type that an expression should have: that of its attribute."""
    if place.attribute is None or place.element is None:
        return None
    slot = policy.subject.slot_of(place.element, place.attribute.name)
    return named(_TYPES.get(slot.convert, "string")) if slot is not None else None


# Completion in the protocol's form: a list as short as the client allows, and the rest of an item on request

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
        from apimpolicy.editor.test_files import complete as complete_test_file

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
