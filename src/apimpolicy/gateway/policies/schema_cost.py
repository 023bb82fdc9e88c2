"""Estimate the visits of a validator to a value: schemas with alternatives can make them grow without bound.

A validator tries every alternative of `anyOf` and its kin, and within each of them everything below. A schema whose
alternatives lead to the same place doubles the work with each level. The count here is that of a validator that
remembers nothing, made by one that does; nothing is validated. Patterns of names are taken to fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apimpolicy.errors import LimitExceededError
from apimpolicy.gateway.context.description import pointed_at

MAX_VISITS = 10_000
"""More visits are let pass as long as they are not many times the number of different ones."""

MAX_REPETITION = 20
MAX_PAIRS = 2_000_000
MAX_DEPTH = 300
"""Levels of a schema, those of its lists and objects both."""

_ALTERNATIVES = ("allOf", "anyOf", "oneOf")
_ALONGSIDE = ("not", "if", "then", "else")
_REFERENCES = frozenset({"$ref", "$dynamicRef", "$recursiveRef"})
_ASSERTING_NOTHING = frozenset(
    {"$schema", "$id", "$defs", "definitions", "components", "$comment", "title", "description", "examples", "default"}
)
_NAMES = ("$anchor", "$dynamicAnchor")
_OF_ITEMS = ("items", "contains", "additionalItems", "unevaluatedItems")
_OF_PROPERTIES = ("additionalProperties", "unevaluatedProperties", "propertyNames")


def has_alternatives(schema: Any) -> bool:
    """Return whether there is anything in a schema that could multiply the work.

    Raises LimitExceededError for one that is nested too deeply to be worked with.
    """
    found = False
    level = [schema]
    for _ in range(MAX_DEPTH):
        following: list[Any] = []
        for part in level:
            if isinstance(part, dict):
                found = found or _multiplies(part)
                following.extend(part.values())
            elif isinstance(part, list):
                following.extend(part)
        if not following:
            return found
        level = [part for part in following if isinstance(part, (dict, list))]
    raise LimitExceededError("schema nesting", MAX_DEPTH)


def _multiplies(schema: Mapping[str, Any]) -> bool:
    """Return whether several parts of one schema may be about the same value, or a reference may lead anywhere."""
    if any(isinstance(schema.get(key), list) and len(schema[key]) > 1 for key in _ALTERNATIVES):
        return True
    named = schema.get("patternProperties")
    if isinstance(named, dict) and (len(named) > 1 or "properties" in schema):
        return True
    if not _REFERENCES.isdisjoint(schema) and len(schema.keys() - _ASSERTING_NOTHING) > 1:
        return True
    return any(key in schema for key in ("$dynamicRef", "$recursiveRef", *_ALONGSIDE))


def branches_too_often(schema: Any, root: Mapping[str, Any], value: Any, size: int) -> bool:
    """Return whether validating `size` parts takes far more visits than there are pairs of a schema and a part."""
    counter = _Counter(root)
    try:
        visits = counter.visits(schema, value)
    except (RecursionError, OverflowError):
        return True
    return visits > MAX_VISITS and visits > MAX_REPETITION * (len(counter.known) + size)


class _Counter:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.known: dict[tuple[int, int], int] = {}
        self.anchors: dict[str, list[Any]] = {}
        waiting: list[Any] = [root]
        while waiting:
            part = waiting.pop()
            if isinstance(part, dict):
                for name in {part[key] for key in _NAMES if isinstance(part.get(key), str)}:
                    self.anchors.setdefault(name, []).append(part)
                waiting.extend(part.values())
            elif isinstance(part, list):
                waiting.extend(part)

    def visits(self, schema: Any, value: Any) -> int:
        if not isinstance(schema, dict):
            return 1
        key = (id(schema), id(value))
        found = self.known.get(key)
        if found is not None:
            return found
        if len(self.known) > MAX_PAIRS:
            raise OverflowError
        self.known[key] = 0  # a schema that comes back to itself without going into the value
        total = 1 + sum(self.visits(part, inner) for part, inner in self.parts(schema, value))
        self.known[key] = total
        return total

    def parts(self, schema: Mapping[str, Any], value: Any) -> Iterator[tuple[Any, Any]]:
        """Yield what a validator visits next: schemas, and the values for them."""
        for key in _REFERENCES:
            if isinstance(schema.get(key), str):
                yield from ((part, value) for part in self.targets(schema[key]))
        for key in _ALTERNATIVES:
            for part in schema.get(key) or () if isinstance(schema.get(key), list) else ():
                yield part, value
        for key in _ALONGSIDE:
            if key in schema:
                yield schema[key], value
        if isinstance(value, dict):
            yield from self.of_object(schema, value)
        elif isinstance(value, list):
            for key in _OF_ITEMS:
                if isinstance(schema.get(key), dict):
                    yield from ((schema[key], item) for item in value)
            if isinstance(schema.get("prefixItems"), list):
                yield from zip(schema["prefixItems"], value, strict=False)

    def targets(self, reference: str) -> list[Any]:
        """Return the targets of a reference: by an anchor, by a path, or the whole schema."""
        fragment = reference.partition("#")[2]
        if fragment in self.anchors:
            return self.anchors[fragment]
        return [pointed_at(self.root, reference) if fragment else self.root]

    def of_object(self, schema: Mapping[str, Any], value: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
        properties = schema.get("properties")
        for name, part in properties.items() if isinstance(properties, dict) else ():
            if name in value:
                yield part, value[name]
        patterns = schema.get("patternProperties")
        for part in patterns.values() if isinstance(patterns, dict) else ():
            yield from ((part, inner) for inner in value.values())
        for key in _OF_PROPERTIES:
            if isinstance(schema.get(key), dict):
                yield from ((schema[key], inner) for inner in value.values())
        dependent = schema.get("dependentSchemas")
        for part in dependent.values() if isinstance(dependent, dict) else ():
            yield part, value
