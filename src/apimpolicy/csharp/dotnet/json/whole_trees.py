"""Whole trees: comparing and merging."""

from __future__ import annotations

from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.json import tokens
from apimpolicy.csharp.dotnet.json.containers import JArray, JConstructor, JContainer, content_items, is_multiple
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.json.tokens import JToken
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements, implements_all


@implements(tokens.J + "JToken", "DeepEquals")
def deep_equals(first: JToken | None, second: JToken | None) -> bool:
    """`JToken.DeepEquals`: the order of properties does not count, that of elements does."""
    pairs = [(first, second)]
    while pairs:
        left, right = pairs.pop()
        if left is right:
            continue
        if left is None or right is None or left.token_type != right.token_type:
            return False
        if isinstance(left, JValue):
            if not left.equals(right):
                return False
            continue
        if not isinstance(left, JContainer) or not isinstance(right, JContainer):
            return False
        environment().step(1 + 6 * len(left.children))
        if len(left.children) != len(right.children):
            return False
        if isinstance(left, (JProperty, JConstructor)) and left.name != right.name:  # type: ignore[attr-defined]
            return False
        if isinstance(left, JObject) and isinstance(right, JObject):
            for item in left.children:
                other = right.find_property(item.name)  # type: ignore[attr-defined]
                if other is None:
                    return False
                pairs.append((item, other))
        else:
            pairs.extend(zip(left.children, right.children, strict=True))
    return True


def deep_hash(token: JToken | None) -> int:
    """Return a hash code that agrees with `deep_equals`."""
    if token is None:
        return 0
    total = 0
    stack = [token]
    while stack:
        current = stack.pop()
        if isinstance(current, JValue):
            total ^= current.get_hash_code()
        elif isinstance(current, JContainer):
            total ^= (current.token_type * 397) ^ len(current.children)
            stack.extend(current.children)
    return total & 0x7FFFFFFF


@dotnet_class(tokens.J + "JTokenEqualityComparer")
class JTokenEqualityComparer:
    """Compares by `DeepEquals`."""

    __slots__ = ()

    def equals(self, first: JToken | None, second: JToken | None) -> bool:
        return deep_equals(first, second)

    def get_hash_code(self, token: JToken | None) -> int:
        return deep_hash(token)


_COMPARER = JTokenEqualityComparer()

implements_all(tokens.J + "JToken", {"EqualityComparer": lambda: _COMPARER})


# `JContainer.Merge`. Azure refuses `JsonMergeSettings`, so that arrays are always appended


@implements(tokens.J + "JContainer", "Merge")
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
            if value is not None and value.token_type != tokens.NULL:
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
        elif value.token_type != tokens.NULL:
            existing.value = value


def _append(target: JContainer, source: Any) -> None:
    for item in list(source.children) if isinstance(source, JContainer) else list(content_items(source)):
        target.add_object(item)
