"""JSON text to XML, as Newtonsoft's XmlNodeConverter 12 reads it. Azure refuses `DeserializeXNode`.

{"a":{"@x":"1","b":["t","u"],"c":null}}        <a x="1"><b>t</b><b>u</b><c /></a>

Not simulated: namespaces, and the names with which other nodes than elements and attributes are written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from apimpolicy.dotnet.exceptions import JsonSerializationException, require
from apimpolicy.dotnet.json import reader as tokens
from apimpolicy.dotnet.json.reader import TextReader
from apimpolicy.dotnet.json.xml_writing import check_depth
from apimpolicy.dotnet.registry import implements
from apimpolicy.dotnet.xml.containers import XDocument
from apimpolicy.dotnet.xml.content import encode_name, text_of
from apimpolicy.dotnet.xml.elements import XAttribute, XElement
from apimpolicy.dotnet.xml.names import expanded_name
from apimpolicy.dotnet.xml.nodes import XText
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.dotnet.xml.containers import XContainer

_SCALARS = (tokens.STRING, tokens.INTEGER, tokens.FLOAT, tokens.BOOLEAN, tokens.DATE)
_PLAIN_NAME = re.compile("@?(?!xmlns$)[^$#?!@:][^:]*")


class _Builder:
    """Reads one object into a document."""

    __slots__ = ("_document", "_reader")

    def __init__(self, text: str) -> None:
        self._reader = TextReader(text)
        self._document = XDocument()

    def build(self) -> XDocument | None:
        """Return the document; None for `null` and for no text at all."""
        reader = self._reader
        if not reader.read() or reader.token == tokens.NULL:
            return None
        if reader.token != tokens.START_OBJECT:
            self._fail("XmlNodeConverter can only convert JSON that begins with an object.")
        self._object(self._document, 0)
        while reader.read():
            pass
        return self._document

    def _fail(self, message: str) -> NoReturn:
        raise JsonSerializationException(self._reader.failure(message).message)

    def _object(self, node: XContainer, depth: int) -> None:
        """Add the properties from the reader's opening brace to the end of the object."""
        check_depth(depth)
        reader = self._reader
        while reader.read() and reader.token == tokens.PROPERTY_NAME:
            name = str(reader.value)
            if node is self._document and self._document.root is not None:
                self._fail(
                    "JSON root object has multiple properties. The root object must have a single property in order to "
                    "create a valid XML document. Consider specifying a DeserializeRootElementName."
                )
            reader.read()
            if reader.token != tokens.START_ARRAY:
                self._value(node, name, depth)
                continue
            while reader.read() and reader.token != tokens.END_ARRAY:
                self._value(node, name, depth)
        if reader.token != tokens.END_OBJECT:
            raise NotSimulatedError("JsonConvert.DeserializeXNode", f"{reader.token} in an object")

    def _value(self, node: XContainer, name: str, depth: int) -> None:
        token = self._reader.token
        is_scalar = token in _SCALARS or token == tokens.NULL
        if not _PLAIN_NAME.fullmatch(name) or not (is_scalar or token == tokens.START_OBJECT):
            raise NotSimulatedError("JsonConvert.DeserializeXNode", f"the property '{name}'")
        text = None if token == tokens.NULL or not is_scalar else text_of(self._reader.value)
        if name[0] == "@":
            if not is_scalar or node is self._document:
                raise NotSimulatedError("JsonConvert.DeserializeXNode", f"the property '{name}'")
            node.add(XAttribute.create(expanded_name(encode_name(name[1:]) or ""), text))
            return
        made = XElement(expanded_name(encode_name(name) or ""))
        node.add(made)
        if text is not None:
            made.add(XText(text))
        elif not is_scalar:
            self._object(made, depth + 1)


@implements("Newtonsoft.Json.JsonConvert", "DeserializeXNode(string)")
def to_document(text: str | None) -> XDocument | None:
    return _Builder(require(text, "value")).build()
