"""`JContainer.Merge`. Azure refuses `JsonMergeSettings`, so that arrays are always appended."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.json.arrays import JArray, JConstructor
from apimpolicy.dotnet.json.containers import JContainer, content_items, is_multiple
from apimpolicy.dotnet.json.kinds import NULL, J
from apimpolicy.dotnet.json.objects import JObject, JProperty
from apimpolicy.dotnet.registry import implements


@implements(J + "JContainer", "Merge")
def merge(target: JContainer, content: Any, _settings: None = None) -> None:
    """Merge content into the target; one entry of the worklist per pair of containers."""
    pending = [(target, content)]
    while pending:
        into, source = pending.pop()
        if isinstance(into, JObject):
            if isinstance(source, JObject):
                _merge_object(into, source, pending)
        elif isinstance(into, JProperty):
            value = source.value if isinstance(source, JProperty) else None
            if value is not None and value.token_type != NULL:
                into.value = value
        elif isinstance(into, JConstructor):
            if isinstance(source, JConstructor):
                into.name = source.name if source.name is not None else into.name
                _append(into, source)
        elif isinstance(into, JArray) and (is_multiple(source) or isinstance(source, JArray)):
            _append(into, source)


def _merge_object(target: JObject, source: JObject, pending: list[Any]) -> None:
    for item in list(source.children):
        assert isinstance(item, JProperty)
        value = item.value
        existing = target.find_property(item.name)
        if existing is None:
            target.add_property(item.name, value)
            continue
        if value is None:
            continue
        current = existing.value
        if isinstance(current, JContainer) and current.token_type == value.token_type:
            pending.append((current, value))
        elif value.token_type != NULL:
            existing.value = value


def _append(target: JContainer, source: Any) -> None:
    for item in list(source.children) if isinstance(source, JContainer) else list(content_items(source)):
        target.add_object(item)
