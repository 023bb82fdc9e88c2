"""XML to JSON and back, as Newtonsoft's XmlNodeConverter.

<a x="1"><b>t</b><b>u</b><c/></a>        {"a":{"@x":"1","b":["t","u"],"c":null}}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.dotnet.exceptions import DotnetException, JsonSerializationException
from apimpolicy.dotnet.json.arrays import JArray
from apimpolicy.dotnet.json.loading import parse
from apimpolicy.dotnet.json.objects import JObject, JProperty
from apimpolicy.dotnet.json.scalars import JValue
from apimpolicy.dotnet.json.writer import write
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.xml.containers import XDeclaration, XDocument
from apimpolicy.dotnet.xml.content import text_of
from apimpolicy.dotnet.xml.elements import XAttribute, XElement
from apimpolicy.dotnet.xml.names import NO_NAMESPACE, XMLNS, XName, XNamespace
from apimpolicy.dotnet.xml.nodes import CDATA, COMMENT, PROCESSING_INSTRUCTION, XCData, XNode, XObject, XText

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.tokens import JToken
    from apimpolicy.dotnet.xml.containers import XContainer

MAXIMUM_DEPTH = 200
_CONVERT = "Newtonsoft.Json.JsonConvert"
_FORMATTING = "Newtonsoft.Json.Formatting formatting"
_NODE = "System.Xml.Linq.XObject node"
_NOT_IN_NAMES = re.compile(r"[^\w.\-:]|^[^\w:]|^\d")


def _check_depth(depth: int) -> None:
    if depth > MAXIMUM_DEPTH:
        raise JsonSerializationException(f"Elements are nested more than {MAXIMUM_DEPTH} deep.")


def _qualified(element: XElement, name: XName) -> str:
    if not name.namespace_name:
        return name.local
    prefix = element.get_prefix_of_namespace(name.namespace)
    return f"{prefix}:{name.local}" if prefix else name.local


def _node_name(node: XNode) -> str | None:
    """The property that a node becomes; None for what JSON leaves out."""
    if isinstance(node, XElement):
        return _qualified(node, node.name)
    if isinstance(node, XText):
        return "#cdata-section" if node.node_type == CDATA else "#text"
    if node.node_type == PROCESSING_INSTRUCTION:
        return f"?{node.target}"  # type: ignore[attr-defined]
    return None


def _attribute_name(element: XElement, attribute: XAttribute) -> str:
    if attribute.is_namespace_declaration:
        return "@xmlns" if not attribute.name.namespace_name else f"@xmlns:{attribute.name.local}"
    return "@" + _qualified(element, attribute.name)


def _element_value(element: XElement, depth: int) -> JToken:
    _check_depth(depth)
    children = [child for child in element.children if child.node_type != COMMENT]
    if not element.attribute_list:
        if not children:
            return JValue.null() if element.is_empty else JValue.of_string("")
        if len(children) == 1 and isinstance(children[0], XText) and children[0].node_type != CDATA:
            return JValue.of_string(children[0].value)
    made = JObject()
    for attribute in element.attribute_list:
        made.property_to_fill(_attribute_name(element, attribute)).value = JValue.of_string(attribute.value)
    _add_children(made, element, depth)
    return made


def _add_children(made: JObject, container: XContainer, depth: int) -> None:
    """The children as properties, those of one name together."""
    grouped: dict[str, list[JToken]] = {}
    for node in container.children:
        name = _node_name(node)
        if name is None:
            continue
        value = _element_value(node, depth + 1) if isinstance(node, XElement) else JValue.of_string(_text(node))
        grouped.setdefault(name, []).append(value)
    for name, values in grouped.items():
        made.property_to_fill(name).value = values[0] if len(values) == 1 else JArray.create(values)


def _text(node: XNode) -> str:
    return str(node.value if isinstance(node, XText) else node.data)  # type: ignore[attr-defined]


def to_json(node: XObject | None, *, omit_root: bool = False) -> JToken:
    """The JSON of a document or element. `omit_root` gives the root element's content alone."""
    if node is None:
        return JValue.null()
    made = JObject()
    if isinstance(node, XDocument):
        if omit_root and node.root is not None:
            return _element_value(node.root, 0)
        if node.declaration is not None:
            _add_declaration(made, node.declaration)
        _add_children(made, node, 0)
    elif isinstance(node, XElement):
        if omit_root:
            return _element_value(node, 0)
        made.property_to_fill(_qualified(node, node.name)).value = _element_value(node, 0)
    else:
        raise JsonSerializationException(f"Unexpected XmlNodeType when serializing nodes: {node.node_type}")
    return made


def _add_declaration(made: JObject, declaration: XDeclaration) -> None:
    content = JObject()
    for name in ("version", "encoding", "standalone"):
        value = getattr(declaration, name)
        if value:
            content.property_to_fill(f"@{name}").value = JValue.of_string(value)
    made.property_to_fill("?xml").value = content


def encode_name(name: str) -> str:
    """A name with what XML does not allow written as `_x0020_`."""
    return _NOT_IN_NAMES.sub(lambda match: f"_x{ord(match.group()):04X}_", name)


def _value_text(value: JValue) -> str:
    return "" if value.value is None else text_of(value.value)


class _Builder:
    def __init__(self) -> None:
        self.scopes: list[dict[str, str]] = [{"": ""}]

    def name(self, written: str, *, is_attribute: bool) -> XName:
        prefix, colon, local = written.rpartition(":")
        if is_attribute and not colon:
            return NO_NAMESPACE.get_name(encode_name(local))
        for scope in reversed(self.scopes):
            if prefix in scope:
                return XNamespace.get(scope[prefix]).get_name(encode_name(local))
        return NO_NAMESPACE.get_name(encode_name(written.replace(":", "_x003A_")) if colon else encode_name(local))

    def add(self, parent: XContainer, name: str, value: JToken | None, depth: int) -> None:
        """Put the property `name: value` into a container."""
        _check_depth(depth)
        if isinstance(value, JArray):
            for item in value.children:
                self.add(parent, name, item, depth + 1)
        elif name in ("#text", "#cdata-section") and isinstance(value, JValue):
            parent.add(_value_text(value) if name == "#text" else XCData(_value_text(value)))
        elif name == "?xml" and isinstance(parent, XDocument) and isinstance(value, JObject):
            parts = (value.get_by_name(f"@{part}") for part in ("version", "encoding", "standalone"))
            parent.declaration = XDeclaration(*(None if part is None else part.to_string() for part in parts))
        else:
            parent.add(self.element(name, value, depth))

    def element(self, name: str, value: JToken | None, depth: int) -> XElement:
        items = [item for item in value.children if isinstance(item, JProperty)] if isinstance(value, JObject) else []
        attributes = [item for item in items if item.name.startswith("@") and isinstance(item.value, JValue)]
        scope: dict[str, str] = {}
        for item in attributes:
            if item.name == "@xmlns" or item.name.startswith("@xmlns:"):
                assert item.value is not None
                scope[item.name[7:]] = item.value.to_string()
        self.scopes.append(scope)
        made = XElement(self.name(name, is_attribute=False))
        for item in attributes:
            assert isinstance(item.value, JValue)
            if item.name == "@xmlns":
                attribute_name = NO_NAMESPACE.get_name("xmlns")
            elif item.name.startswith("@xmlns:"):
                attribute_name = XMLNS.get_name(item.name[7:])
            else:
                attribute_name = self.name(item.name[1:], is_attribute=True)
            made.add_attribute(XAttribute(attribute_name, _value_text(item.value)))
        for item in items:
            is_attribute = item.name.startswith("@") and isinstance(item.value, JValue)
            if not is_attribute and not item.name.startswith("$"):
                self.add(made, item.name, item.value, depth + 1)
        if isinstance(value, JValue) and value.value is not None:
            made.add(_value_text(value))
        self.scopes.pop()
        return made


def to_xml(token: JToken, root_name: str | None = None) -> XDocument:
    """The document of a JSON object.

    Raises JsonSerializationException when there would be no single root and no name for one is given.
    """
    document = XDocument()
    builder = _Builder()
    if root_name is not None:
        builder.add(document, root_name, token, 0)
        return document
    if not isinstance(token, JObject):
        raise JsonSerializationException("XmlNodeConverter can only convert JSON that begins with an object. Path ''.")
    try:
        for item in token.children:
            assert isinstance(item, JProperty)
            builder.add(document, item.name, item.value, 0)
    except DotnetException as error:
        if document.root is None or isinstance(error, JsonSerializationException):
            raise
        raise JsonSerializationException(
            "JSON root object has multiple properties. The root object must have a single property in order to create "
            f"a valid XML document. Consider specifying a DeserializeRootElementName. Path '{item.path}'."
        ) from None
    return document


@implements(_CONVERT, f"static string SerializeXNode({_NODE})")
def serialize_node(node: XObject | None) -> str:
    return write(to_json(node), indented=False)


@implements(_CONVERT, f"static string SerializeXNode({_NODE}, {_FORMATTING})")
def serialize_node_formatted(node: XObject | None, formatting: int) -> str:
    return write(to_json(node), indented=formatting == 1)


@implements(_CONVERT, f"static string SerializeXNode({_NODE}, {_FORMATTING}, bool omitRootObject)")
def serialize_node_without_root(node: XObject | None, formatting: int, omit_root: bool) -> str:
    return write(to_json(node, omit_root=omit_root), indented=formatting == 1)


@implements(_CONVERT, "static System.Xml.Linq.XDocument DeserializeXNode(string value)")
@implements(
    _CONVERT, "static System.Xml.Linq.XDocument DeserializeXNode(string value, string deserializeRootElementName)"
)
def deserialize_node(text: str | None, root_name: str | None = None) -> XDocument:
    return to_xml(parse(text), root_name)
