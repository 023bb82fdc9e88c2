"""Sample values made of JSON Schemas, for mock-response. The values are our choice.

A schema's `example`, `examples`, `default`, `const` or first `enum` value is taken when there is one; else something
of the right type and format, the same each time. Of `oneOf` and `anyOf` the first is taken, `allOf` is put together; a
schema within itself ends with an empty value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apimpolicy.context.description import ApiDescription

MAX_DEPTH = 12
MAX_VALUES = 5_000

_FORMATS = {
    "date": "2024-01-01",
    "date-time": "2024-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "email": "user@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com",
    "url": "https://example.com",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "byte": "c3RyaW5n",
}


class SampleMaker:
    """Makes samples of the schemas of one description."""

    def __init__(self, description: ApiDescription) -> None:
        self.description = description
        self.count = 0
        self._inside: list[str] = []

    def sample(self, schema: Any, depth: int = 0) -> Any:
        name = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(name, str):
            return self._sample(schema, depth)
        if name in self._inside:
            return [] if (self.description.resolve(schema) or {}).get("type") == "array" else {}
        self._inside.append(name)
        try:
            return self._sample(schema, depth)
        finally:
            self._inside.pop()

    def _sample(self, schema: Any, depth: int) -> Any:
        self.count += 1
        found = self.description.resolve(schema)
        if not found or self.count > MAX_VALUES:
            return {} if depth == 0 else None
        given = _given(found)
        if given is not None:
            return given[0]
        for key in ("oneOf", "anyOf"):
            options = [part for part in found.get(key, ()) if part != {"type": "null"}]
            if options and depth < MAX_DEPTH:
                return self.sample(options[0], depth + 1)
        kind = found.get("type")
        if isinstance(kind, list):
            kind = next((name for name in kind if name != "null"), "null")
        if kind == "object" or (kind is None and ("properties" in found or "allOf" in found)):
            return self._object(found, depth)
        if kind == "array" or (kind is None and "items" in found):
            return self._array(found, depth)
        return _scalar(str(kind), found)

    def _object(self, schema: Any, depth: int) -> Any:
        made: dict[str, Any] = {}
        if depth >= MAX_DEPTH:
            return made
        for part in schema.get("allOf", ()):
            inherited = self.sample(part, depth + 1)
            if not isinstance(inherited, dict):
                return inherited
            made |= inherited
        properties = schema.get("properties")
        for name, part in properties.items() if isinstance(properties, dict) else ():
            made[name] = self.sample(part, depth + 1)
        return made

    def _array(self, schema: Any, depth: int) -> list[Any]:
        if depth >= MAX_DEPTH:
            return []
        least = schema.get("minItems", 1)
        count = min(max(least, 1), 10) if isinstance(least, int) else 1
        return [self.sample(schema.get("items", {}), depth + 1) for _ in range(count)]


def _given(schema: Any) -> tuple[Any] | None:
    for key in ("example", "default", "const"):
        if key in schema:
            return (schema[key],)
    for key in ("examples", "enum"):
        values = schema.get(key)
        if isinstance(values, list) and values:
            return (values[0],)
    return None


def _scalar(kind: str, schema: Any) -> Any:
    if kind == "string":
        text = _FORMATS.get(str(schema.get("format")), "string")
        least, most = schema.get("minLength"), schema.get("maxLength")
        if isinstance(least, int) and len(text) < least <= 1000:
            text = text.ljust(least, "g")
        return text[:most] if isinstance(most, int) else text
    if kind in ("integer", "number"):
        least = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        start = least if isinstance(least, (int, float)) and not isinstance(least, bool) else 0
        return start + 1 if "exclusiveMinimum" in schema else start
    if kind == "boolean":
        return True
    return None
