"""JSON written as XML, for json-to-xml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import ArgumentException
from apimpolicy.dotnet.json import tokens as json_writer
from apimpolicy.dotnet.json.containers import JArray
from apimpolicy.dotnet.json.loading import finish, load
from apimpolicy.dotnet.json.objects import JObject, JProperty
from apimpolicy.dotnet.json.reader import TextReader
from apimpolicy.dotnet.json.scalars import JValue
from apimpolicy.dotnet.json.xml_writing import encode_name
from apimpolicy.dotnet.xml.containers import XContainer, XDocument
from apimpolicy.dotnet.xml.content import text_of
from apimpolicy.dotnet.xml.elements import XAttribute, XElement
from apimpolicy.dotnet.xml.markup import write
from apimpolicy.dotnet.xml.names import NO_NAMESPACE, XMLNS, XName, XNamespace
from apimpolicy.policies.surroundings import PolicyError

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.tokens import JToken

MAXIMUM_DEPTH = 200
"""Objects and arrays within each other."""

_ROOT = "Document"
_ITEM = "item"
_XML = "http://www.w3.org/XML/1998/namespace"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_WITHOUT_FORMATTING = 1


def xml_of(text: str, *, parses_dates: bool, separator: str, prefix: str | None, attributes: str | None) -> str:
    """Return JSON as XML, both .NET strings. Raises DotnetException."""
    reader = TextReader(text)
    reader.date_parsing = int(parses_dates)
    if not reader.read():
        reader.fail("Error reading JToken from JsonReader.")
    root = load(reader)
    finish(reader)
    tree = _Tree(separator, prefix, attributes)
    document = XDocument()
    properties = [item for item in root.children if isinstance(item, JProperty)] if isinstance(root, JObject) else []
    if len(properties) == 1 and not isinstance(properties[0].value, JArray):
        tree.add(document, properties[0].name, properties[0].value, 0)
    elif isinstance(root, (JObject, JValue)):
        tree.add(document, _ROOT, root, 0)
    else:
        made = JObject()
        made.property_to_fill(_ITEM).value = root
        tree.add(document, _ROOT, made, 0)
    return write(document, _WITHOUT_FORMATTING)


class _Tree:
    """Puts properties into elements; `scopes` are the namespaces by prefix, innermost last."""

    def __init__(self, separator: str, prefix: str | None, attributes: str | None) -> None:
        self.separator = separator
        self.prefix = prefix
        self.attributes = attributes
        self.scopes: list[dict[str, str]] = [{"xml": _XML} if separator == ":" else {}]

    def add(self, parent: XContainer, name: str, value: JToken | None, depth: int) -> None:
        if isinstance(value, JArray) and value.children:
            for item in value.children:
                parent.add(self.element(name, item, depth))
        else:
            parent.add(self.element(name, value, depth))

    def element(self, name: str, value: JToken | None, depth: int) -> XElement:
        environment().step()
        if depth > MAXIMUM_DEPTH:
            raise PolicyError(None, f"The JSON is nested more than {MAXIMUM_DEPTH} deep.")
        items = [item for item in value.children if isinstance(item, JProperty)] if isinstance(value, JObject) else []
        declared = {item.name: self.declared(item) for item in items}
        self.scopes.append({prefix: _text(item.value) for item in items if (prefix := declared[item.name]) is not None})
        made = XElement(self.name(name))
        for item in items:
            prefix = declared[item.name]
            if prefix is not None:
                _check_declaration(prefix, _text(item.value))
                attribute = XMLNS.get_name(prefix) if prefix else NO_NAMESPACE.get_name("xmlns")
                made.add_attribute(XAttribute(attribute, _text(item.value)))
            elif item.name == self.attributes and isinstance(item.value, JObject):
                for entry in item.value.children:
                    assert isinstance(entry, JProperty)
                    made.add_attribute(XAttribute(self.name(entry.name, is_attribute=True), _text(entry.value)))
            else:
                self.add(made, item.name, item.value, depth + 1)
        if isinstance(value, JArray):
            for inner in value.children:
                made.add(self.element(name, inner, depth + 1))
        elif isinstance(value, JValue) and value.value is not None:
            made.add(text_of(value.value))
        elif not isinstance(value, JObject):
            made.add_attribute(XAttribute(XNamespace.get(_INSTANCE).get_name("nil"), "true"))
            made.add_attribute(XAttribute(XMLNS.get_name("xsi"), _INSTANCE))
        self.scopes.pop()
        return made

    def declared(self, item: Any) -> str | None:
        """Return the prefix that a property declares, empty for the default namespace; None for any other property."""
        if not self.prefix or not item.name.startswith(self.prefix) or not isinstance(item.value, JValue):
            return None
        rest = item.name[len(self.prefix) :]
        if not rest:
            return ""
        return rest[len(self.separator) :] if self.separator and rest.startswith(self.separator) else None

    def name(self, written: str, *, is_attribute: bool = False) -> XName:
        """Return a qualified name; a prefix that is not declared belongs to the local name."""
        prefix, _, local = written.partition(self.separator) if self.separator else ("", "", "")
        namespace = self.namespace(prefix) if local else None
        if namespace is None:
            namespace, local = None if is_attribute else self.namespace(""), written
        space = NO_NAMESPACE if namespace is None else XNamespace.get(namespace)
        return space.get_name(encode_name(local.replace(":", "_x003A_")) or "_")

    def namespace(self, prefix: str) -> str | None:
        return next((scope[prefix] for scope in reversed(self.scopes) if prefix in scope), None)


def _check_declaration(prefix: str, namespace: str) -> None:
    """Raises ArgumentException for a declaration that XML does not have."""
    if prefix and not namespace:
        raise ArgumentException("Cannot use a prefix with an empty namespace.")
    if prefix == "xmlns" or namespace == _XMLNS or (prefix == "xml") != (namespace == _XML):
        raise ArgumentException(f"The prefix '{prefix}' cannot be bound to the namespace '{namespace}'.")


def _text(value: Any) -> str:
    if isinstance(value, JValue):
        return "" if value.value is None else text_of(value.value)
    return json_writer.write(value, indented=False)
