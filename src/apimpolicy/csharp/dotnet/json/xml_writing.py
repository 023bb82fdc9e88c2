"""XML to JSON text, as Newtonsoft's XmlNodeConverter 12 writes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.json.loading import load
from apimpolicy.csharp.dotnet.json.reader import TextReader
from apimpolicy.csharp.dotnet.json.tokens import JToken, quoted
from apimpolicy.csharp.dotnet.registry import implements
from apimpolicy.csharp.dotnet.xml.containers import XContainer, XDeclaration, XDocument
from apimpolicy.csharp.dotnet.xml.content import decode_name, to_boolean
from apimpolicy.csharp.dotnet.xml.elements import XAttribute, XElement
from apimpolicy.csharp.dotnet.xml.names import NO_NAMESPACE, TEXT, XML, XMLNS, XName
from apimpolicy.csharp.dotnet.xml.nodes import XCData, XComment, XDocumentType, XObject, XProcessingInstruction, XText
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    Part = XObject | XDeclaration


class NamespaceScopes:
    """A stack of scopes; the innermost declaration of a prefix counts."""

    __slots__ = ("_scopes",)

    def __init__(self) -> None:
        self._scopes: list[dict[str, str]] = [{"xmlns": XMLNS.name, "xml": XML.name}]

    def push(self) -> None:
        self._scopes.append({})

    def pop(self) -> None:
        self._scopes.pop()

    def declare(self, prefix: str, namespace: str) -> None:
        self._scopes[-1][prefix] = namespace

    def namespace(self, prefix: str) -> str | None:
        return next((scope[prefix] for scope in reversed(self._scopes) if prefix in scope), None)

    def prefix(self, namespace: str) -> str | None:
        """Return the prefix declared last for a namespace that no inner declaration hides."""
        for scope in reversed(self._scopes):
            for prefix in reversed(scope):
                if scope[prefix] == namespace == self.namespace(prefix):
                    return prefix
        return None


# XML to JSON text, as Newtonsoft's XmlNodeConverter 12 writes it.
# <a x="1"><b>t</b><b>u</b><c/></a>        {"a":{"@x":"1","b":["t","u"],"c":null}}

MAXIMUM_DEPTH = 150
JSON_NAMESPACE = "http://james.newtonking.com/projects/json"
"""The namespace of attributes that say how a thing is to be written: `json:Array`, `json:id`."""


def check_depth(depth: int) -> None:
    if depth > MAXIMUM_DEPTH:
        raise NotSimulatedError("converting between XML and JSON", f"elements nest more than {MAXIMUM_DEPTH} deep")


class _Output:
    """The text of a JsonTextWriter on one line."""

    __slots__ = ("_items", "_parts")

    def __init__(self) -> None:
        self._parts: list[str] = []
        # How many items each open bracket has so far, and whether it is an array.
        self._items: list[tuple[int, bool]] = []

    def _separate(self) -> None:
        count, is_array = self._items[-1]
        self._parts.append("," if count else "")
        self._items[-1] = count + 1, is_array

    def _begin_value(self) -> None:
        environment().step()
        if self._items and self._items[-1][1]:
            self._separate()

    def name(self, name: str) -> None:
        self._separate()
        self._parts.append(quoted(name) + ":")

    def value(self, text: str | None) -> None:
        self._begin_value()
        self._parts.append("null" if text is None else quoted(text))

    def open(self, bracket: str) -> None:
        self._begin_value()
        self._parts.append(bracket)
        self._items.append((0, bracket == "["))

    def close(self) -> None:
        _, is_array = self._items.pop()
        self._parts.append("]" if is_array else "}")

    def comment(self, text: str) -> None:
        self._parts.append(f"/*{text}*/")

    def text(self) -> str:
        environment().new_string(sum(map(len, self._parts)))
        return "".join(self._parts)


class _Writer:
    __slots__ = ("_out", "_scopes")

    def __init__(self) -> None:
        self._out = _Output()
        self._scopes = NamespaceScopes()

    def write(self, node: XObject) -> str:
        self._enter_parents(node)
        self._out.open("{")
        self._node(node, True, 0)
        self._out.close()
        return self._out.text()

    def _enter_parents(self, node: XObject) -> None:
        above = []
        parent = node.parent_element
        while parent is not None:
            above.append(parent)
            parent = parent.parent_element
        for element in reversed(above):
            self._scopes.push()
            for attribute in element.attribute_list:
                if attribute.name.namespace == XMLNS:
                    self._scopes.declare(attribute.name.local, attribute.value)

    def _full_name(self, name: XName) -> str:
        local = decode_name(name.local) or ""
        prefix = self._scopes.prefix(name.namespace_name)
        return f"{prefix}:{local}" if prefix and name != XMLNS_NAME else local

    def _name(self, node: Part) -> str:
        """Return the property that a node becomes."""
        if isinstance(node, (XElement, XAttribute)):
            sign = "@" if isinstance(node, XAttribute) else ""
            if node.name.namespace_name == JSON_NAMESPACE:
                return f"${node.name.local}"
            return sign + self._full_name(node.name)
        if isinstance(node, XText):
            return "#cdata-section" if isinstance(node, XCData) else "#text"
        if isinstance(node, XProcessingInstruction):
            return f"?{decode_name(node.target)}"
        if isinstance(node, XDeclaration):
            return "?xml"
        return "#comment" if isinstance(node, XComment) else "!DOCTYPE"

    def _node(self, node: Part, with_name: bool, depth: int) -> None:
        check_depth(depth)
        if isinstance(node, XElement):
            self._element(node, with_name, depth)
        elif isinstance(node, XDocument):
            self._children(node, with_name, depth)
        elif isinstance(node, XComment):
            if with_name:
                self._out.comment(node.value)
        elif isinstance(node, XDeclaration):
            self._parts(node, version=node.version, encoding=node.encoding, standalone=node.standalone)
        elif isinstance(node, XDocumentType):
            subset = {"internalSubset": node.internal_subset}
            self._parts(node, name=node.name, public=node.public_id, system=node.system_id, **subset)
        elif not isinstance(node, XAttribute) or not _steers(node):
            if with_name:
                self._out.name(self._name(node))
            self._out.value(_text(node))

    def _parts(self, node: Part, **parts: str | None) -> None:
        self._out.name(self._name(node))
        self._out.open("{")
        for name, text in parts.items():
            if text:
                self._out.name(f"@{name}")
                self._out.value(text)
        self._out.close()

    def _element(self, element: XElement, with_name: bool, depth: int) -> None:
        children = element.children
        attributes = _attributes(element)
        if children and _is_array(element) and _all_are_called(element.name.local, children):
            self._children(element, False, depth)
            return
        self._scopes.push()
        for attribute in attributes:
            if attribute.name.namespace == XMLNS:
                self._scopes.declare(decode_name(attribute.name.local) or "", attribute.value)
        if with_name:
            self._out.name(self._name(element))
        if all(_steers(item, any_of_ours=True) for item in attributes) and [c.node_type for c in children] == [TEXT]:
            self._out.value(_text(children[0]))
        elif not children and not attributes:
            self._out.value(None if element.is_empty else "")
        else:
            self._out.open("{")
            for attribute in attributes:
                self._node(attribute, True, depth)
            self._children(element, True, depth)
            self._out.close()
        self._scopes.pop()

    def _children(self, container: XContainer, with_name: bool, depth: int) -> None:
        """The children, those of one name together; an array has them alone."""
        grouped: dict[str, list[Part]] = {}
        if isinstance(container, XDocument) and container.declaration is not None:
            grouped["?xml"] = [container.declaration]
        for child in container.children:
            grouped.setdefault(self._name(child), []).append(child)
        for name, nodes in grouped.items():
            if len(nodes) == 1 and not _is_array(nodes[0]):
                self._node(nodes[0], with_name, depth + 1)
                continue
            if with_name:
                self._out.name(name)
            self._out.open("[")
            for node in nodes:
                self._node(node, False, depth + 1)
            self._out.close()


XMLNS_NAME = XMLNS.get_name("xmlns")


def _attributes(element: XElement) -> list[XAttribute]:
    """Return the attributes, and a declaration in front for a namespace that none declares."""
    found = list(element.attribute_list)
    namespace = element.name.namespace_name
    parent = element.parent_element
    if not namespace or (parent is not None and parent.name.namespace_name == namespace):
        return found
    if element.get_prefix_of_namespace(element.name.namespace):
        return found
    if not any(item.name == NO_NAMESPACE.get_name("xmlns") and item.value == namespace for item in found):
        found.insert(0, XAttribute(NO_NAMESPACE.get_name("xmlns"), namespace))
    return found


def _steers(attribute: XAttribute, any_of_ours: bool = False) -> bool:
    """Return whether an attribute is for the converter only, and has no property."""
    if attribute.name.namespace == XMLNS:
        return attribute.value == JSON_NAMESPACE
    return attribute.name.namespace_name == JSON_NAMESPACE and (any_of_ours or attribute.name.local == "Array")


def _is_array(node: Part) -> bool:
    if isinstance(node, XElement):
        for attribute in node.attribute_list:
            if attribute.name.local == "Array" and attribute.name.namespace_name == JSON_NAMESPACE:
                return to_boolean(attribute.value)
    return False


def _all_are_called(local: str, children: Sequence[XObject]) -> bool:
    return all(isinstance(child, XElement) and child.name.local == local for child in children)


def _text(node: Part) -> str:
    return str(node.data if isinstance(node, XProcessingInstruction) else node.value)  # type: ignore[union-attr]


def json_text(node: XObject | None) -> str:
    """`SerializeXNode`."""
    return "null" if node is None else _Writer().write(node)


# `SerializeXNode` of JsonConvert.
# <a x="1"><b>t</b><b>u</b><c/></a>        {"a":{"@x":"1","b":["t","u"],"c":null}}

_NOT_IN_NAMES = re.compile(r"[^\w.\-:]|^[^\w:]|^\d")


def encode_name(name: str) -> str:
    """Return a name with what XML does not allow written as `_x0020_`."""
    return _NOT_IN_NAMES.sub(lambda match: f"_x{ord(match.group()):04X}_", name)


@implements("Newtonsoft.Json.JsonConvert", "SerializeXNode(XObject)")
def serialize_node(node: XObject | None) -> str:
    return json_text(node)


def node_token(node: XObject) -> JToken:
    """Return the tree that `SerializeObject` writes for a node; objects can't contain comments."""
    reader = TextReader(json_text(node))
    reader.date_parsing = 0
    if any(isinstance(item, XComment) for item in ([node, *node.below()] if isinstance(node, XContainer) else [node])):
        raise NotSimulatedError("JSON serialization of XML with comments, other than with SerializeXNode")
    reader.read()
    return load(reader)
