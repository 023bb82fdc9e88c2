"""XML written as JSON, for xml-to-json."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.json.tokens import quoted
from apimpolicy.dotnet.xml.elements import XAttribute, XElement
from apimpolicy.dotnet.xml.nodes import XComment, XText
from apimpolicy.dotnet.xml.reader import parse_document
from apimpolicy.policies.surroundings import PolicyError
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.dotnet.xml.names import XName

MAXIMUM_DEPTH = 200
"""Elements within elements."""


def json_of(text: str, *, is_direct: bool, always_arrays: bool) -> str:
    """Return XML as JSON, both .NET strings. Raises DotnetException."""
    document = parse_document(text)
    tree = _Tree(_Names(is_direct), always_arrays)
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


class _Tree(Record):
    """Writes elements as JSON text: nodes of one name are grouped at the place of the first."""

    names: _Names
    always_arrays: bool

    def value(self, element: XElement, depth: int) -> str:
        environment().step()
        if depth > MAXIMUM_DEPTH:
            raise PolicyError(None, f"The XML is nested more than {MAXIMUM_DEPTH} deep.")
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
