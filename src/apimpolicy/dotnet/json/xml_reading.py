"""JSON text to XML, as Newtonsoft's XmlNodeConverter 12 reads it.

{"a":{"@x":"1","b":["t","u"],"c":null}}        <a x="1"><b>t</b><b>u</b><c /></a>

Attributes count where they stand before the first other property, since they may declare the namespace of their
element; later ones are added to it. `$id`, `$ref`, `$type`, `$value` and `$values` get a namespace of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from apimpolicy.dotnet.exceptions import JsonSerializationException, require
from apimpolicy.dotnet.json import reader as tokens
from apimpolicy.dotnet.json.namespace_scopes import NamespaceScopes
from apimpolicy.dotnet.json.reader import TextReader
from apimpolicy.dotnet.json.xml_writing import JSON_NAMESPACE, check_depth
from apimpolicy.dotnet.xml.containers import XDeclaration, XDocument
from apimpolicy.dotnet.xml.content import text_of
from apimpolicy.dotnet.xml.elements import XAttribute, XElement
from apimpolicy.dotnet.xml.encoded_names import encode_local_name, encode_name
from apimpolicy.dotnet.xml.names import XMLNS, XName, XNamespace, expanded_name
from apimpolicy.dotnet.xml.nodes import XCData, XComment, XDocumentType, XProcessingInstruction, XText

if TYPE_CHECKING:
    from apimpolicy.dotnet.xml.containers import XContainer

_PRIMITIVES = (
    tokens.STRING, tokens.INTEGER, tokens.FLOAT, tokens.BOOLEAN, tokens.DATE, tokens.NULL, tokens.UNDEFINED,
)  # fmt: skip
_NOT_ENTERED = (*_PRIMITIVES[:-1], tokens.START_CONSTRUCTOR)
_REFERENCES = ("$id", "$ref", "$type", "$value")
_TEXTS = {"#text": XText, "#cdata-section": XCData, "#whitespace": XText, "#significant-whitespace": XText}


def _divided(name: str) -> tuple[str, str]:
    """Prefix and local name; a colon at either end divides nothing."""
    prefix, colon, local = name.partition(":")
    return (prefix, local) if colon and prefix and local else ("", name)


class Builder:
    """Reads one object into a document.

    `writes_arrays` marks arrays for the way back; with `encodes` no sign has a meaning, all are parts of names.
    """

    __slots__ = ("_document", "_encodes", "_reader", "_scopes", "_writes_arrays")

    def __init__(self, text: str, writes_arrays: bool, encodes: bool) -> None:
        self._reader = TextReader(text)
        self._document = XDocument()
        self._scopes = NamespaceScopes()
        self._writes_arrays = writes_arrays
        self._encodes = encodes

    def build(self, root_name: str | None) -> XDocument | None:
        """Return the document; None for `null` and for no text at all."""
        reader = self._reader
        if not reader.read() or reader.token == tokens.NULL:
            return None
        if reader.token != tokens.START_OBJECT:
            self._fail("XmlNodeConverter can only convert JSON that begins with an object.")
        if root_name:
            self._element(self._document, root_name, 0)
        else:
            self._next()
            self._content(self._document, 0)
        while reader.read():
            pass
        return self._document

    def _fail(self, message: str) -> NoReturn:
        raise JsonSerializationException(self._reader.failure(message).message)

    def _next(self) -> None:
        if not self._reader.read():
            self._fail("Unexpected end when reading JSON.")

    def _items(self, end: str) -> bool:
        """Go on to the next item; false at the end of the array or constructor."""
        return self._reader.read() and self._reader.token != end

    def _content(self, node: XContainer, depth: int) -> None:
        """The properties and comments from the reader's token on to the end of the object."""
        check_depth(depth)
        reader = self._reader
        while True:
            if reader.token == tokens.PROPERTY_NAME:
                self._property(node, depth)
            elif reader.token == tokens.START_CONSTRUCTOR:
                name = reader.value
                while self._items(tokens.END_CONSTRUCTOR):
                    self._value(node, name, depth)
            elif reader.token == tokens.COMMENT:
                node.add(XComment(reader.value))
            elif reader.token in (tokens.END_OBJECT, tokens.END_ARRAY):
                return
            else:
                self._fail(f"Unexpected JsonToken when deserializing node: {reader.token}")
            if not reader.read():
                return

    def _property(self, node: XContainer, depth: int) -> None:
        if node is self._document and self._document.root is not None:
            self._fail(
                "JSON root object has multiple properties. The root object must have a single property in order to "
                "create a valid XML document. Consider specifying a DeserializeRootElementName."
            )
        name = self._reader.value
        self._next()
        if self._reader.token != tokens.START_ARRAY:
            self._value(node, name, depth)
            return
        count = 0
        while self._items(tokens.END_ARRAY):
            self._value(node, name, depth)
            count += 1
        if count == 1 and self._writes_arrays:
            prefix, local = _divided(name)
            namespace = self._scopes.namespace(prefix) if prefix else self._scopes.default
            self._mark_first(node, local, namespace)

    def _mark_first(self, node: XContainer, local: str, namespace: str | None) -> None:
        for child in node.children:
            if not isinstance(child, XElement) or child.name.local != local:
                continue
            if namespace is None or child.name.namespace_name == namespace:
                _mark_array(child)
                return

    def _value(self, node: XContainer, name: str, depth: int) -> None:
        if not self._encodes and self._special(node, name):
            return
        if self._reader.token != tokens.START_ARRAY:
            self._element(node, name, depth)
            return
        check_depth(depth)
        nested = XElement(self._element_name(name, _divided(name)[0]))
        node.add(nested)
        count = 0
        while self._items(tokens.END_ARRAY):
            self._value(nested, name, depth + 1)
            count += 1
        if self._writes_arrays:
            _mark_array(nested)
            if count == 1:
                self._mark_first(nested, name, None)

    def _special(self, node: XContainer, name: str) -> bool:
        """Texts, instructions and the document type; false for everything else."""
        if name in _TEXTS:
            node.add(_TEXTS[name](self._text()))
        elif name == "?xml":
            self._document.declaration = XDeclaration(*self._parts("version", "encoding", "standalone"))
        elif name.startswith("?"):
            node.add(XProcessingInstruction.create(name[1:], self._text()))
        elif name.upper() == "!DOCTYPE":
            kind, public, system, subset = self._parts("name", "public", "system", "internalSubset")
            node.add(XDocumentType(kind or "", public, system, subset))
        else:
            return False
        return True

    def _parts(self, *names: str) -> list[str | None]:
        found: dict[str, str | None] = {}
        while self._items(tokens.END_OBJECT):
            name = str(self._reader.value)
            if name[:1] != "@" or name[1:] not in names:
                self._fail(f"Unexpected property name encountered while deserializing XmlDeclaration: {name}")
            self._next()
            found[name[1:]] = self._text()
        return [found.get(name) for name in names]

    def _text(self) -> str | None:
        """Return the XML text of the value that the reader is on."""
        reader = self._reader
        if reader.token == tokens.NULL:
            return None
        if reader.token not in _PRIMITIVES or reader.token == tokens.UNDEFINED:
            self._fail(f"Cannot get an XML string value from token type '{reader.token}'.")
        return text_of(reader.value)

    def _element(self, node: XContainer, name: str, depth: int) -> None:
        if not name:
            self._fail("XmlNodeConverter cannot convert JSON with an empty property name to XML.")
        entered = self._reader.token not in _NOT_ENTERED
        attributes: dict[str, str | None] = {}
        prefix = ""
        if self._encodes:
            if entered:
                self._next()
        else:
            if entered:
                attributes = self._attributes()
            prefix = _divided(name)[0]
            if name[0] == "@":
                self._late_attribute(node, name, name[1:])
                return
            if name in _REFERENCES:
                self._late_attribute(node, name, f"{self._scopes.prefix(JSON_NAMESPACE)}:{name[1:]}")
                return
            if name == "$values":
                name, prefix = name[1:], self._scopes.prefix(JSON_NAMESPACE) or ""
        made = XElement(self._element_name(name, prefix))
        node.add(made)
        for written, text in attributes.items():
            made.add(self._attribute(written, text))
        self._fill(made, depth)

    def _fill(self, made: XElement, depth: int) -> None:
        token = self._reader.token
        if token in _PRIMITIVES and token != tokens.UNDEFINED:
            text = self._text()
            if text is not None:
                made.add(XText(text))
            return
        if token != tokens.END_OBJECT:
            self._scopes.push()
            self._content(made, depth + 1)
            self._scopes.pop()
        self._scopes.forget_default()

    def _element_name(self, name: str, prefix: str) -> XName:
        written = (encode_local_name if self._encodes else encode_name)(name) or ""
        namespace = self._scopes.namespace(prefix) if prefix else self._scopes.default
        return XNamespace.get(namespace).get_name(_divided(written)[1]) if namespace else expanded_name(written)

    def _attribute(self, name: str, text: str | None) -> XAttribute:
        prefix = _divided(name)[0]
        written = encode_name(name) or ""
        if not prefix:
            return XAttribute.create(expanded_name(written), text)
        namespace = XNamespace.get(self._scopes.namespace(prefix) or "")
        return XAttribute.create(namespace.get_name(_divided(written)[1]), text)

    def _late_attribute(self, node: XContainer, name: str, written: str) -> None:
        if node is self._document:
            self._fail(
                f"JSON root object has property '{name}' that will be converted to an attribute. A root object cannot "
                "have any attribute properties. Consider specifying a DeserializeRootElementName."
            )
        node.add(self._attribute(written, self._text()))

    def _attributes(self) -> dict[str, str | None]:
        """Return the attributes at an object's beginning; the reader is left on what follows them."""
        reader = self._reader
        found: dict[str, str | None] = {}
        while reader.read():
            if reader.token in (tokens.END_OBJECT, tokens.COMMENT):
                break
            if reader.token != tokens.PROPERTY_NAME:
                self._fail(f"Unexpected JsonToken: {reader.token}")
            name = str(reader.value)
            if name[:1] == "@":
                self._next()
                found[name[1:]] = text = self._text()
                if name == "@xmlns" or name.startswith("@xmlns:"):
                    self._scopes.declare(name[7:], text or "")
            elif name in _REFERENCES or name == "$values":
                prefix = self._json_prefix(found)
                if name == "$values":
                    break
                self._next()
                if reader.token not in _PRIMITIVES:
                    self._fail(f"Unexpected JsonToken: {reader.token}")
                found[f"{prefix}:{name[1:]}"] = None if reader.value is None else text_of(reader.value)
            else:
                break
        return found

    def _json_prefix(self, attributes: dict[str, str | None]) -> str:
        """Return the prefix of the converter's own namespace, which is declared if it is not yet."""
        prefix = self._scopes.prefix(JSON_NAMESPACE)
        number = 0
        while prefix is None:
            free = f"json{number or ''}"
            number += 1
            if self._scopes.namespace(free) is None:
                prefix = free
                attributes[f"xmlns:{prefix}"] = JSON_NAMESPACE
                self._scopes.declare(prefix, JSON_NAMESPACE)
        return prefix


def _mark_array(element: XElement) -> None:
    namespace = XNamespace.get(JSON_NAMESPACE)
    element.add(XAttribute(namespace.get_name("Array"), "true"))
    if element.get_prefix_of_namespace(namespace) is None:
        element.add(XAttribute(XMLNS.get_name("json"), JSON_NAMESPACE))


def to_document(
    text: str | None, root_name: str | None = None, writes_arrays: bool = False, encodes: bool = False
) -> XDocument | None:
    """`DeserializeXNode`. Raises JsonSerializationException for JSON that no document can be made of."""
    text = require(text, "value")
    return Builder(text, writes_arrays, encodes).build(root_name)
