"""XElement and XAttribute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apimpolicy.csharp.dotnet.collections.trees import NodeSequence
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, InvalidOperationException, require
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import dotnet_class, implements_all, member
from apimpolicy.csharp.dotnet.values import Array
from apimpolicy.csharp.dotnet.xml import names
from apimpolicy.csharp.dotnet.xml.containers import XContainer
from apimpolicy.csharp.dotnet.xml.content import flattened, text_of
from apimpolicy.csharp.dotnet.xml.markup import write_attribute
from apimpolicy.csharp.dotnet.xml.nodes import NODES, XNode, XObject, XText, elements_of, named_only

ATTRIBUTES = f"System.Collections.Generic.IEnumerable<{names.X}XAttribute>"


def required(name: names.XName | None) -> names.XName:
    return require(name, "name")


@dotnet_class(names.X + "XAttribute", members="NextAttribute=next PreviousAttribute=previous")
class XAttribute(XObject):
    """A name and a text."""

    __slots__ = ("_value", "name")

    node_type = names.ATTRIBUTE

    def __init__(self, name: names.XName, value: str) -> None:
        super().__init__()
        self.name = name
        self._value = value

    @staticmethod
    @member("new(XName, object)")
    def create(name: names.XName | None, value: Any) -> XAttribute:
        required(name)
        value = require(value, "value")
        assert name is not None
        return XAttribute(name, text_of(value))

    @property
    def value(self) -> str:
        return self._value

    @value.setter
    def value(self, new: str | None) -> None:
        self._value = require(new, "value")

    def set_value(self, value: Any) -> None:
        self._value = text_of(require(value, "value"))

    @property
    def is_namespace_declaration(self) -> bool:
        if self.name.namespace_name:
            return self.name.namespace == names.XMLNS
        return self.name.local == "xmlns"

    def _sibling(self, step: int) -> XAttribute | None:
        if not isinstance(self.parent, XElement):
            return None
        siblings = self.parent.attribute_list
        index = next(i for i, attribute in enumerate(siblings) if attribute is self) + step
        return siblings[index] if 0 <= index < len(siblings) else None

    @property
    def next(self) -> XAttribute | None:
        return self._sibling(1)

    @property
    def previous(self) -> XAttribute | None:
        return self._sibling(-1)

    def remove(self) -> None:
        if not isinstance(self.parent, XElement):
            raise InvalidOperationException("The parent is missing.")
        self.parent.remove_attribute(self)

    def to_string(self) -> str:
        return write_attribute(self)


@dotnet_class(names.X + "XElement")
class XElement(XContainer):
    """An element. `has_end_tag` tells `<a></a>` from `<a />` while there are no children."""

    __slots__ = ("_name", "attribute_list", "has_end_tag")

    node_type = names.ELEMENT

    def __init__(self, name: names.XName) -> None:
        super().__init__()
        self._name = name
        self.attribute_list: list[XAttribute] = []
        self.has_end_tag = False

    def bare_copy(self) -> XElement:
        copied = XElement(self.name)
        copied.has_end_tag = self.has_end_tag
        for attribute in self.attribute_list:
            copied.add_attribute(XAttribute(attribute.name, attribute.value))
        return copied

    @staticmethod
    @member("new(XName, object)", "new(XName, object[])")
    def create_filled(name: names.XName | None, content: Any) -> XElement:
        made = XElement(required(name))
        made.insert_content(0, content)
        return made

    @property
    def name(self) -> names.XName:
        return self._name

    @name.setter
    def name(self, new: names.XName | None) -> None:
        self._name = required(new)

    # Content

    @property
    def is_empty(self) -> bool:
        return not self.children and not self.has_end_tag

    @property
    def has_elements(self) -> bool:
        return any(child.node_type == names.ELEMENT for child in self.children)

    @property
    def value(self) -> str:
        return "".join(node.value for node in self.below() if isinstance(node, XText))

    @value.setter
    def value(self, new: str | None) -> None:
        new = require(new, "value")
        self.remove_nodes()
        self.insert_content(0, new)

    def set_value(self, value: Any) -> None:
        self.value = text_of(require(value, "value"))

    def note_empty_text(self) -> None:
        self.has_end_tag = True

    def check_child(self, node: XNode, index: int) -> None:
        if node.node_type in (names.DOCUMENT, names.DOCUMENT_TYPE):
            kind = "Document" if node.node_type == names.DOCUMENT else "DocumentType"
            raise ArgumentException(f"A node of type {kind} cannot be added to content.")
        self.has_end_tag = False

    def remove_child(self, node: XNode) -> None:
        super().remove_child(node)
        self.has_end_tag = False

    def remove_all(self) -> None:
        self.remove_attributes()
        self.remove_nodes()

    def remove_nodes(self) -> None:
        super().remove_nodes()
        self.has_end_tag = False

    def replace_all(self, content: Any) -> None:
        items = list(flattened(content))
        self.remove_all()
        self.insert_content(0, items)

    # Attributes

    @property
    def first_attribute(self) -> XAttribute | None:
        return self.attribute_list[0] if self.attribute_list else None

    @property
    def last_attribute(self) -> XAttribute | None:
        return self.attribute_list[-1] if self.attribute_list else None

    @property
    def has_attributes(self) -> bool:
        return bool(self.attribute_list)

    def attribute(self, name: names.XName | None) -> XAttribute | None:
        return next(filter(named_only(name), self.attribute_list), None)

    def _attributes(self) -> Iterator[XAttribute]:
        for attribute in list(self.attribute_list):
            if attribute.parent is self:
                yield attribute

    def attributes(self, *name: names.XName | None) -> NodeSequence:
        if not name:
            return NodeSequence(self._attributes, ATTRIBUTES)
        return NodeSequence(lambda: filter(named_only(*name), self._attributes()), ATTRIBUTES)

    def add_attribute(self, attribute: XAttribute) -> None:
        if attribute.parent is not None:
            attribute = XAttribute(attribute.name, attribute.value)
        if self.attribute(attribute.name) is not None:
            raise InvalidOperationException("Duplicate attribute.")
        attribute.parent = self
        self.attribute_list.append(attribute)

    def remove_attribute(self, attribute: XAttribute) -> None:
        self.attribute_list = [other for other in self.attribute_list if other is not attribute]
        attribute.parent = None

    def remove_attributes(self) -> None:
        for attribute in self.attribute_list:
            attribute.parent = None
        self.attribute_list = []

    def replace_attributes(self, content: Any) -> None:
        items = list(flattened(content))
        self.remove_attributes()
        self.insert_content(len(self.children), items)

    def set_attribute_value(self, name: names.XName | None, value: Any) -> None:
        found = self.attribute(required(name))
        if value is None:
            if found is not None:
                self.remove_attribute(found)
        elif found is not None:
            found.set_value(value)
        else:
            self.add_attribute(XAttribute.create(name, value))

    def set_element_value(self, name: names.XName | None, value: Any) -> None:
        found = self.element(required(name))
        if value is None:
            if found is not None:
                found.remove()
        elif found is not None:
            found.set_value(value)
        else:
            self.add(XElement.create_filled(name, text_of(value)))

    # Walking

    def ancestors_and_self(self, *name: names.XName | None) -> NodeSequence:
        return elements_of(lambda: iter((self, *self._upwards())), name)

    def descendant_nodes_and_self(self) -> NodeSequence:
        return NodeSequence(lambda: self.below(with_self=True), NODES)

    def descendants_and_self(self, *name: names.XName | None) -> NodeSequence:
        return elements_of(lambda: self.below(with_self=True), name)

    # Namespaces

    def declarations(self) -> Iterator[tuple[str, str]]:
        for attribute in self.attribute_list:
            if attribute.is_namespace_declaration:
                yield ("" if not attribute.name.namespace_name else attribute.name.local), attribute.value

    def get_default_namespace(self) -> names.XNamespace:
        return self._declared("") or names.NO_NAMESPACE

    def get_namespace_of_prefix(self, prefix: str | None) -> names.XNamespace | None:
        prefix = require(prefix, "prefix")
        if not prefix:
            raise ArgumentException("The empty string '' is not a valid prefix.", "prefix")
        if prefix in ("xml", "xmlns"):
            return names.XML if prefix == "xml" else names.XMLNS
        return self._declared(prefix)

    def _declared(self, wanted: str) -> names.XNamespace | None:
        for element in self.ancestors_and_self():
            for prefix, namespace in element.declarations():
                if prefix == wanted:
                    return names.XNamespace.get(namespace)
        return None

    def get_prefix_of_namespace(self, namespace: names.XNamespace | None) -> str | None:
        namespace = require(namespace, "ns")
        hidden: set[str] = set()
        element: XElement
        for element in self.ancestors_and_self():
            for prefix, uri in element.declarations():
                if prefix and uri == namespace.name and prefix not in hidden:
                    return prefix
            hidden.update(prefix for prefix, _ in element.declarations())
        return {names.XML.name: "xml", names.XMLNS.name: "xmlns"}.get(namespace.name)


implements_all(
    names.X + "XElement",
    {"new(XName)": lambda name: XElement(required(name)), "EmptySequence": lambda: Array(named(names.X + "XElement"))},
)
implements_all(
    names.X + "XAttribute",
    {
        "new(XAttribute)": lambda other: XAttribute(require(other, "other").name, other.value),
        "EmptySequence": lambda: Array(named(names.X + "XAttribute")),
    },
)
