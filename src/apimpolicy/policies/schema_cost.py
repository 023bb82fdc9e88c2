"""How often a validator would look at a value: schemas with alternatives can make that grow without bound.

A validator tries every alternative of `anyOf` and its kin, and within each of them everything below. A schema whose
alternatives lead to the same place doubles the work with each level. The count here is that of a validator that
remembers nothing, made by one that does; nothing is validated. Patterns of names are taken to fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.context.description import pointed_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_VISITS = 10_000
"""More visits are let pass as long as they are not many times the number of different ones."""

MAX_REPETITION = 20
MAX_PAIRS = 2_000_000

_ALTERNATIVES = ("allOf", "anyOf", "oneOf")
_ALONGSIDE = ("not", "if", "then", "else")
_OF_ITEMS = ("items", "contains", "additionalItems", "unevaluatedItems")
_OF_PROPERTIES = ("additionalProperties", "unevaluatedProperties", "propertyNames")


def has_alternatives(schema: Any, depth: int = 0) -> bool:
    """Whether there is anything in a schema that could multiply the work."""
    if depth > 400:
        return True
    if isinstance(schema, list):
        return any(has_alternatives(part, depth + 1) for part in schema)
    if not isinstance(schema, dict):
        return False
    several = any(isinstance(schema.get(key), list) and len(schema[key]) > 1 for key in _ALTERNATIVES)
    return several or any(has_alternatives(part, depth + 1) for part in schema.values())


def branches_too_often(schema: Any, root: Mapping[str, Any], value: Any, size: int) -> bool:
    """Whether validating a value of `size` parts takes far more visits than there are pairs of a schema and a part."""
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
        """What a validator goes on with: schemas, and the values for them."""
        if isinstance(schema.get("$ref"), str):
            yield pointed_at(self.root, schema["$ref"]), value
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
