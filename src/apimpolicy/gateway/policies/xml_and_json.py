"""XML written as JSON, for xml-to-json, and JSON written as XML, for json-to-xml."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentException
from apimpolicy.csharp.dotnet.json import tokens as json_writer
from apimpolicy.csharp.dotnet.json.containers import JArray
from apimpolicy.csharp.dotnet.json.loading import finish, load
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.reader import TextReader
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.json.tokens import JToken, quoted
from apimpolicy.csharp.dotnet.json.xml_writing import encode_name
from apimpolicy.csharp.dotnet.xml.containers import XContainer, XDocument
from apimpolicy.csharp.dotnet.xml.content import text_of
from apimpolicy.csharp.dotnet.xml.elements import XAttribute, XElement
from apimpolicy.csharp.dotnet.xml.markup import write
from apimpolicy.csharp.dotnet.xml.names import NO_NAMESPACE, XMLNS, XName, XNamespace
from apimpolicy.csharp.dotnet.xml.nodes import XComment, XText
from apimpolicy.csharp.dotnet.xml.reader import parse_document
from apimpolicy.gateway.policies.surroundings import azure_error
from apimpolicy.records import Record

MAXIMUM_DEPTH = 200
"""Elements, or objects and arrays, within each other."""


def json_of(text: str, *, is_direct: bool, always_arrays: bool) -> str:
    """Return XML as JSON, both .NET strings. Raises DotnetException."""
    document = parse_document(text)
    tree = _JsonWriter(_Names(is_direct), always_arrays)
    stated = document.declaration if is_direct else None
    values = {part: getattr(stated, part, None) for part in ("version", "encoding", "standalone")}
    members = [_member(name, quoted(value)) for name, value in values.items() if value]
    return _object([*members, *tree.members(document.children, 0)])


class _Names(Record):
    """The names of elements and attributes in JSON."""

    is_direct: bool

    def of_element(self, element: XElement) -> str:
        return self._qualified(element, element.name) if self.is_direct else element.name.local

    def of_attribute(self, element: XElement, attribute: XAttribute) -> str | None:
        """Return the name of an attribute; None for one that is left out."""
        if not self.is_direct:
            return None if attribute.is_namespace_declaration else attribute.name.local
        if attribute.is_namespace_declaration:
            return f"@xmlns${attribute.name.local}" if attribute.name.namespace_name else "@xmlns"
        return "@" + self._qualified(element, attribute.name)

    def _qualified(self, element: XElement, name: XName) -> str:
        prefix = element.get_prefix_of_namespace(name.namespace) if name.namespace_name else None
        return f"{prefix}${name.local}" if prefix else name.local


class _JsonWriter(Record):
    """Writes elements as JSON text: nodes of one name are grouped at the place of the first."""

    names: _Names
    always_arrays: bool

    def value(self, element: XElement, depth: int) -> str:
        environment().step()
        if depth > MAXIMUM_DEPTH:
            raise azure_error("body-too-deep", format="XML", depth=MAXIMUM_DEPTH)
        children = element.children
        attributes = self.attributes(element)
        if not attributes and not any(isinstance(child, XElement) or self.is_kept(child) for child in children):
            texts = [child.value for child in children if isinstance(child, XText)]
            return "null" if not texts and element.is_empty else quoted("".join(texts))
        return _object([*attributes, *self.members(children, depth + 1)])

    def is_kept(self, node: object) -> bool:
        """Return whether a node is a comment, which `direct` keeps."""
        return self.names.is_direct and isinstance(node, XComment)

    def attributes(self, element: XElement) -> list[str]:
        names = {self.names.of_element(child) for child in element.elements()} if not self.names.is_direct else set()
        members: dict[str, str] = {}
        for attribute in element.attribute_list:
            name = self.names.of_attribute(element, attribute)
            if name is not None:
                name = f"@{name}" if name in names else name
                members[name] = _member(name, quoted(attribute.value))
        return list(members.values())

    def members(self, nodes: Sequence[object], depth: int) -> list[str]:
        """Return the members that nodes become. Of several comments only the name is left, of one only the comment."""
        groups: dict[tuple[str, bool], list[str]] = {}
        is_after_text = False
        for node in nodes:
            if isinstance(node, XElement):
                groups.setdefault((self.names.of_element(node), True), []).append(self.value(node, depth))
            elif isinstance(node, XText):
                texts = groups.setdefault(("#text", False), [])
                texts[-1:] = [texts[-1] + node.value] if is_after_text else [*texts[-1:], node.value]
            elif self.is_kept(node) and isinstance(node, XComment):
                groups.setdefault((_COMMENT, False), []).append(f"/*{node.value}*/")
            is_after_text = isinstance(node, XText)
        inside = depth > 0
        return [self.member(name, values, is_element, inside) for (name, is_element), values in groups.items()]

    def member(self, name: str, values: list[str], is_element: bool, inside: bool) -> str:
        if name == _COMMENT and not is_element:
            return values[0] if len(values) == 1 else _member(name, "[]")
        shown = values if is_element else [quoted(value) for value in values]
        is_array = len(shown) > 1 or (is_element and inside and self.always_arrays)
        return _member(name, f"[{','.join(shown)}]" if is_array else shown[0])


_COMMENT = "$comment"


def _member(name: str, value: str) -> str:
    return f"{quoted(name)}:{value}"


def _object(members: list[str]) -> str:
    """Return an object; a comment among the members needs no comma before it."""
    pieces: list[str] = []
    for member in members:
        is_comment = member.startswith("/*")
        if not is_comment and any(not piece.startswith("/*") for piece in pieces):
            pieces.append(",")
        pieces.append(member)
    return "{" + "".join(pieces) + "}"


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
    tree = _XmlBuilder(separator, prefix, attributes)
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


class _XmlBuilder:
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
            raise azure_error("body-too-deep", format="JSON", depth=MAXIMUM_DEPTH)
        items = [item for item in value.children if isinstance(item, JProperty)] if isinstance(value, JObject) else []
        declared = {item.name: self.declared(item) for item in items}
        self.scopes.append({prefix: _text(item.value) for item in items if (prefix := declared[item.name]) is not None})
        element = XElement(self.name(name))
        for item in items:
            prefix = declared[item.name]
            if prefix is not None:
                _check_declaration(prefix, _text(item.value))
                attribute = XMLNS.get_name(prefix) if prefix else NO_NAMESPACE.get_name("xmlns")
                element.add_attribute(XAttribute(attribute, _text(item.value)))
            elif item.name == self.attributes and isinstance(item.value, JObject):
                for entry in item.value.children:
                    assert isinstance(entry, JProperty)
                    element.add_attribute(XAttribute(self.name(entry.name, is_attribute=True), _text(entry.value)))
            else:
                self.add(element, item.name, item.value, depth + 1)
        if isinstance(value, JArray):
            for inner in value.children:
                element.add(self.element(name, inner, depth + 1))
        elif isinstance(value, JValue) and value.value is not None:
            element.add(_text(value))
        elif not isinstance(value, JObject):
            element.add_attribute(XAttribute(XNamespace.get(_INSTANCE).get_name("nil"), "true"))
            element.add_attribute(XAttribute(XMLNS.get_name("xsi"), _INSTANCE))
        self.scopes.pop()
        return element

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
    """Return the text of a JSON value; booleans are `True` and `False` (seen)."""
    if isinstance(value, JValue) and isinstance(value.value, bool):
        return str(bool(value.value))
    if isinstance(value, JValue):
        return "" if value.value is None else text_of(value.value)
    return json_writer.write(value, indented=False)
