"""Sample values made of JSON Schemas, for mock-response. The values are our choice.

A schema's `example`, `examples`, `default`, `const` or first `enum` value is taken when there is one; else something
of the right type and format, the same each time. Of `oneOf` and `anyOf` the first is taken, `allOf` is put together; a
schema within itself ends with an empty value.

Samples of JSON Schemas written as XML, for mock-response: the values are those of `sample_bodies`.

Names, namespaces, attributes and wrapped arrays follow the `xml` objects of the schemas, as OpenAPI explains them.
No document shows the samples of Azure. Our other choices: a root without a name has that of the schema's definition,
else `root`; an item of an array has the name in its `xml`, else that of the array, and an item of an array
that is the root `item`; what XML does not allow in names is written as `_x0020_`; null is an empty element.

Source: https://spec.openapis.org/oas/v3.0.3#xml-object
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from apimpolicy.csharp.dotnet.json.xml_writing import encode_name
from apimpolicy.gateway.context.description import ApiDefinition, definition_name
from apimpolicy.records import Record

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

    def __init__(self, description: ApiDefinition) -> None:
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


_ROOT, _ITEM = "root", "item"


def xml_sample(description: ApiDefinition, schema: Any) -> str:
    """Return a sample of a schema as XML; one that is XML in the schema stays as it is."""
    value = SampleMaker(description).sample(schema)
    if isinstance(value, str) and value.lstrip().startswith("<"):
        return value
    written = _SampleWriter(description)
    name = written.name_of(schema, definition_name(schema) or _ROOT)
    if isinstance(value, list):
        root = written.element(name, schema, {})
        written.add_items(root, _ITEM, schema, value)
    else:
        root = written.element(name, schema, value)
    from lxml import etree

    text: bytes = etree.tostring(root, encoding="utf-8")
    return text.decode("utf-8")


class _SampleWriter(Record):
    """Makes elements of values, with the schemas beside them."""

    description: ApiDefinition

    def element(self, name: str, schema: Any, value: Any) -> Any:
        xml = self.xml_of(schema)
        namespace, prefix = xml.get("namespace"), xml.get("prefix")
        known: Any = {prefix if isinstance(prefix, str) else None: namespace} if isinstance(namespace, str) else None
        from lxml import etree

        made = etree.Element(_qualified(name, namespace), nsmap=known)
        if isinstance(value, dict):
            self.add_properties(made, schema, value)
        elif isinstance(value, list):
            self.add_items(made, name, schema, value)
        elif value is not None:
            made.text = _text(value)
        return made

    def add_properties(self, made: Any, schema: Any, value: dict[str, Any]) -> None:
        schemas = dict(self.properties_of(schema))
        for name, inner in value.items():
            part = schemas.get(name, {})
            xml = self.xml_of(part)
            own = self.name_of(part, name)
            if xml.get("attribute") is True and not isinstance(inner, (dict, list)):
                made.set(_qualified(own, xml.get("namespace")), "" if inner is None else _text(inner))
            elif isinstance(inner, list) and xml.get("wrapped") is not True:
                self.add_items(made, name, part, inner)
            else:
                made.append(self.element(own, part, inner))

    def add_items(self, made: Any, name: str, schema: Any, values: list[Any]) -> None:
        items = (self.description.resolve(schema) or {}).get("items", {})
        for value in values:
            made.append(self.element(self.name_of(items, name), items, value))

    def properties_of(self, schema: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
        """Yield the schemas of an object's properties, those of `allOf` before its own."""
        found = self.description.resolve(schema) or {}
        parts = [*found.get("allOf", ()), *found.get("oneOf", ())[:1], *found.get("anyOf", ())[:1]]
        for part in parts if depth < _MAX_DEPTH else ():
            yield from self.properties_of(part, depth + 1)
        properties = found.get("properties")
        yield from properties.items() if isinstance(properties, dict) else ()

    def xml_of(self, schema: Any) -> Mapping[str, Any]:
        found = (self.description.resolve(schema) or {}).get("xml")
        return found if isinstance(found, dict) else {}

    def name_of(self, schema: Any, otherwise: str) -> str:
        own = self.xml_of(schema).get("name")
        return own if isinstance(own, str) and own else otherwise


_MAX_DEPTH = 12


def _qualified(name: str, namespace: Any) -> str:
    local = encode_name(name.replace(":", "_x003A_")) or "_"
    return f"{{{namespace}}}{local}" if isinstance(namespace, str) and namespace else local


def _text(value: Any) -> str:
    """Return a value as XML Schema writes it; characters that XML does not have are left out."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "".join(character for character in str(value) if character in "\t\n\r" or character >= " ")
