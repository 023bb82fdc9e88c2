"""`JContainer.Merge`."""

from __future__ import annotations

from typing import Any

from apimpolicy.dotnet.json.arrays import JArray, JConstructor
from apimpolicy.dotnet.json.comparison import deep_equals, deep_hash
from apimpolicy.dotnet.json.containers import JContainer, as_token, content_items, is_multiple
from apimpolicy.dotnet.json.kinds import NULL, J
from apimpolicy.dotnet.json.objects import JObject, JProperty
from apimpolicy.dotnet.registry import dotnet_class, implements, implements_all

CONCAT, UNION, REPLACE, MERGE = 0, 1, 2, 3
_ORDINAL = 4


@dotnet_class(
    J + "JsonMergeSettings",
    members="MergeArrayHandling=arrays MergeNullValueHandling=nulls PropertyNameComparison=comparison",
)
class JsonMergeSettings:
    """How to merge: `arrays` is a MergeArrayHandling, `nulls` a MergeNullValueHandling."""

    __slots__ = ("arrays", "comparison", "nulls")

    def __init__(self) -> None:
        self.arrays = CONCAT
        self.nulls = 0
        self.comparison = _ORDINAL


_DEFAULT = JsonMergeSettings()


@implements(J + "JContainer", "Merge")
def merge(target: JContainer, content: Any, settings: JsonMergeSettings | None = None) -> None:
    """Merge content into the target; one entry of the worklist per pair of containers."""
    chosen = settings or _DEFAULT
    pending = [(target, content)]
    while pending:
        into, source = pending.pop()
        if isinstance(into, JObject):
            if isinstance(source, JObject):
                _merge_object(into, source, chosen, pending)
        elif isinstance(into, JProperty):
            value = source.value if isinstance(source, JProperty) else None
            if value is not None and value.token_type != NULL:
                into.value = value
        elif isinstance(into, JConstructor):
            if isinstance(source, JConstructor):
                into.name = source.name if source.name is not None else into.name
                _merge_array(into, source, chosen, pending)
        elif isinstance(into, JArray) and (is_multiple(source) or isinstance(source, JArray)):
            _merge_array(into, source, chosen, pending)


def _merge_object(target: JObject, source: JObject, settings: JsonMergeSettings, pending: list[Any]) -> None:
    for item in list(source.children):
        assert isinstance(item, JProperty)
        value = item.value
        existing = target.find_property_comparing(item.name, settings.comparison)
        if existing is None:
            target.add_property(item.name, value)
            continue
        if value is None:
            continue
        current = existing.value
        if isinstance(current, JContainer) and current.token_type == value.token_type:
            pending.append((current, value))
        elif value.token_type != NULL or settings.nulls == 1:
            existing.value = value


def _merge_array(target: JContainer, source: Any, settings: JsonMergeSettings, pending: list[Any]) -> None:
    items = list(source.children) if isinstance(source, JContainer) else list(content_items(source))
    if settings.arrays == MERGE:
        for index, item in enumerate(items):
            if index >= len(target.children):
                target.add_object(item)
                continue
            current = target.children[index]
            if isinstance(current, JContainer):
                pending.append((current, item))
            elif item is not None and as_token(item).token_type != NULL:
                target.set_child(index, as_token(item))
        return
    if settings.arrays == REPLACE:
        if source is target:
            return
        target.clear()
    if settings.arrays == UNION:
        seen: dict[int, list[Any]] = {}
        for child in target.children:
            seen.setdefault(deep_hash(child), []).append(child)
        for item in items:
            token = as_token(item)
            alike = seen.setdefault(deep_hash(token), [])
            if not any(deep_equals(token, other) for other in alike):
                alike.append(token)
                target.add_object(token)
        return
    for item in items:
        target.add_object(item)


implements_all(J + "JsonMergeSettings", {"new": JsonMergeSettings})
