"""Samples of JSON Schemas written as XML, for mock-response: the values are those of `sample_bodies`.

Names, namespaces, attributes and wrapped arrays follow the `xml` objects of the schemas, as OpenAPI explains them.
No document shows the samples of Azure. Our other choices: a root without a name has that of the schema's definition,
else `root`; an item of an array has the name in its `xml`, else that of the array, and an item of an array
that is the root `item`; what XML does not allow in names is written as `_x0020_`; null is an empty element.

Source: https://spec.openapis.org/oas/v3.0.3#xml-object
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from apimpolicy.context.description import ApiDescription, definition_name
from apimpolicy.dotnet.json.xml_writing import encode_name
from apimpolicy.policies.sample_bodies import SampleMaker
from apimpolicy.records import Record

_ROOT, _ITEM = "root", "item"


def xml_sample(description: ApiDescription, schema: Any) -> str:
    """Return a sample of a schema as XML; one that is XML in the schema stays as it is."""
    value = SampleMaker(description).sample(schema)
    if isinstance(value, str) and value.lstrip().startswith("<"):
        return value
    written = _Writer(description)
    name = written.name_of(schema, definition_name(schema) or _ROOT)
    if isinstance(value, list):
        root = written.element(name, schema, {})
        written.add_items(root, _ITEM, schema, value)
    else:
        root = written.element(name, schema, value)
    text: bytes = etree.tostring(root, encoding="utf-8")
    return text.decode("utf-8")


class _Writer(Record):
    """Makes elements of values, with the schemas beside them."""

    description: ApiDescription

    def element(self, name: str, schema: Any, value: Any) -> Any:
        xml = self.xml_of(schema)
        namespace, prefix = xml.get("namespace"), xml.get("prefix")
        known: Any = {prefix if isinstance(prefix, str) else None: namespace} if isinstance(namespace, str) else None
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
