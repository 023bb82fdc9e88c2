"""Trees to text, as XNode.ToString(): XmlWriter's indentation, prefixes and escapes; no XML declaration.

Two kinds of bookkeeping for namespaces, as in .NET: what the attributes of the elements and their ancestors declare
(which prefix to use), and what is already in the text (whether to declare it again).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import ArgumentException, XmlException
from apimpolicy.dotnet.xml import names

if TYPE_CHECKING:
    from apimpolicy.dotnet.xml.elements import XAttribute, XElement
    from apimpolicy.dotnet.xml.nodes import XNode

DISABLE_FORMATTING, OMIT_DUPLICATE_NAMESPACES = 1, 2

_TEXT = re.compile("[&<>]")
_ATTRIBUTE = re.compile('[&<>"\t\r\n]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#x9;", "\r": "&#xD;", "\n": "&#xA;"}
_INVALID = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]"
)


def check_characters(text: str) -> None:
    """Raise ArgumentException for characters that XML cannot hold."""
    found = _INVALID.search(text)
    if found is None:
        return
    character = found.group()
    if "\ud800" <= character <= "\udfff":
        raise ArgumentException("The surrogate pair is invalid.")
    raise ArgumentException(f"'{character}', hexadecimal value 0x{ord(character):02X}, is an invalid character.")


def _escape(pattern: re.Pattern[str], text: str) -> str:
    check_characters(text)
    return pattern.sub(lambda match: _ESCAPES[match.group()], text)


def escape_text(text: str) -> str:
    """Text between tags; line ends become `\\n`."""
    return _escape(_TEXT, text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text)


def escape_attribute(text: str) -> str:
    """Text between double quotes."""
    return _escape(_ATTRIBUTE, text)


_STEPS_PER_NODE = 8


class _Scopes:
    """Prefixes in force, as a list of (prefix, namespace) with marks per element."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []
        self.marks: list[int] = []

    def push(self) -> None:
        self.marks.append(len(self.entries))

    def pop(self) -> None:
        del self.entries[self.marks.pop() :]

    def namespace(self, prefix: str) -> str | None:
        return next((uri for name, uri in reversed(self.entries) if name == prefix), None)

    def in_this_element(self, prefix: str) -> str | None:
        own = self.entries[self.marks[-1] :]
        return next((uri for name, uri in reversed(own) if name == prefix), None)

    def prefix(self, namespace: str, *, allow_default: bool) -> str | None:
        hidden: set[str] = set()
        for name, uri in reversed(self.entries):
            if uri == namespace and name not in hidden and (name or allow_default):
                return name
            hidden.add(name)
        return None


class _Writer:
    def __init__(self, options: int) -> None:
        self.indents = not options & DISABLE_FORMATTING
        self.omits_duplicates = bool(options & OMIT_DUPLICATE_NAMESPACES)
        self.declared = _Scopes()
        self.written = _Scopes()
        self.parts: list[str] = []
        # Per open element: whether text was seen, which ends indentation inside.
        self.mixed = [False]

    def break_line(self, level: int) -> None:
        if self.indents and not self.mixed[-1] and self.parts:
            self.parts.append("\n" + "  " * level)

    def run(self, root: XNode) -> str:
        if names.is_element(root):
            for ancestor in reversed(list(root.ancestors())):
                self.declared.entries.extend(ancestor.declarations())
        stack: list[tuple[Iterator[XNode], XElement | None, str]] = [(iter((root,)), None, "")]
        burn = environment().step
        while stack:
            for node in stack[-1][0]:
                burn(_STEPS_PER_NODE + (len(stack) >> 5))
                if names.is_document(node):
                    stack.append((iter(node.children), None, ""))
                    break
                if names.is_element(node):
                    name = self.start(node, len(self.mixed) - 1)
                    if node.is_empty:
                        self.parts.append(" />")
                        self.leave()
                        continue
                    self.parts.append(">")
                    stack.append((iter(node.children), node, name))
                    break
                self.simple(node, len(self.mixed) - 1)
            else:
                _, element, name = stack.pop()
                if element is not None:
                    if element.children:
                        self.break_line(len(self.mixed) - 2)
                    self.parts.append(f"</{name}>")
                    self.leave()
        length = sum(map(len, self.parts))
        environment().new_string(length)
        return "".join(self.parts)

    def leave(self) -> None:
        self.mixed.pop()
        self.declared.pop()
        self.written.pop()

    def start(self, element: XElement, level: int) -> str:
        """Write the start tag but for its end; returns the name with its prefix."""
        self.break_line(level)
        self.mixed.append(self.mixed[-1])
        self.declared.push()
        self.declared.entries.extend(element.declarations())
        self.written.push()
        namespace = element.name.namespace_name
        prefix = self.prefix_of(namespace, allow_default=True)
        if prefix is None:
            prefix = self.written.prefix(namespace, allow_default=True) or ""
        pending: list[tuple[str, str]] = []
        self.require(prefix, namespace, pending)
        name = f"{prefix}:{element.name.local}" if prefix else element.name.local
        self.parts.append("<" + name)
        for attribute in element.attribute_list:
            self.attribute(attribute, pending)
        for declared, uri in pending:
            self.parts.append(f' xmlns{":" if declared else ""}{declared}="{escape_attribute(uri)}"')
        return name

    def prefix_of(self, namespace: str, *, allow_default: bool) -> str | None:
        if not namespace:
            return ""
        found = self.declared.prefix(namespace, allow_default=allow_default)
        if found is not None:
            return found
        return {names.XML_NAMESPACE: "xml", names.XMLNS_NAMESPACE: "xmlns"}.get(namespace)

    def require(self, prefix: str, namespace: str, pending: list[tuple[str, str]]) -> None:
        """Make sure that the prefix is bound to the namespace in the text; `pending` are declarations to write."""
        if prefix in ("xml", "xmlns") or self.written.in_this_element(prefix) == namespace:
            return
        if (self.written.namespace(prefix) or "") != namespace or (prefix and self.written.namespace(prefix) is None):
            pending.append((prefix, namespace))
        self.written.entries.append((prefix, namespace))

    def attribute(self, attribute: XAttribute, pending: list[tuple[str, str]]) -> None:
        local, namespace = attribute.name.local, attribute.name.namespace_name
        if attribute.is_namespace_declaration:
            self.declaration("" if not namespace else local, attribute.value, pending)
            return
        prefix = self.prefix_of(namespace, allow_default=False)
        if prefix is None:
            prefix = self.written.prefix(namespace, allow_default=False)
        if prefix is None:
            prefix = self.new_prefix()
        if namespace:
            self.require(prefix, namespace, pending)
        self.parts.append(f' {prefix}{":" if prefix else ""}{local}="{escape_attribute(attribute.value)}"')

    def new_prefix(self) -> str:
        number = len(self.written.entries)
        while self.written.namespace(f"p{number}") is not None:
            number += 1
        return f"p{number}"

    def declaration(self, prefix: str, namespace: str, pending: list[tuple[str, str]]) -> None:
        own = self.written.in_this_element(prefix)
        if own is not None and own != namespace:
            raise XmlException(
                f"The prefix '{prefix}' cannot be redefined from '{own}' to '{namespace}' within the same start "
                "element tag."
            )
        if (prefix, namespace) in pending:
            pending.remove((prefix, namespace))
        elif self.omits_duplicates and (self.written.namespace(prefix) or "") == namespace:
            return
        if own is None:
            self.written.entries.append((prefix, namespace))
        self.parts.append(f' xmlns{":" if prefix else ""}{prefix}="{escape_attribute(namespace)}"')

    def simple(self, node: XNode, level: int) -> None:
        """A node that is neither element nor document."""
        kind = node.node_type
        if kind == names.TEXT:
            if node.parent is None or node.parent.node_type != names.DOCUMENT:
                self.mixed[-1] = True
                self.parts.append(escape_text(node.value))  # type: ignore[attr-defined]
            return
        if kind == names.CDATA:
            self.mixed[-1] = True
            text = node.value  # type: ignore[attr-defined]
            check_characters(text)
            self.parts.append(f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>")
            return
        self.break_line(level)
        if kind == names.COMMENT:
            text = node.value.replace("--", "- -")  # type: ignore[attr-defined]
            self.parts.append(f"<!--{text}{' ' if text.endswith('-') else ''}-->")
        elif kind == names.PROCESSING_INSTRUCTION:
            data = node.data.replace("?>", "? >")  # type: ignore[attr-defined]
            self.parts.append(f"<?{node.target}{' ' if data else ''}{data}?>")  # type: ignore[attr-defined]
        else:
            self.parts.append(_document_type(node))


def _document_type(node: XNode) -> str:
    public, system, subset = node.public_id, node.system_id, node.internal_subset  # type: ignore[attr-defined]
    text = f"<!DOCTYPE {node.name}"  # type: ignore[attr-defined]
    if public is not None:
        text += f' PUBLIC "{public}" "{system or ""}"'
    elif system is not None:
        text += f' SYSTEM "{system}"'
    else:
        text += " "
    return text + (f"[{subset}]" if subset is not None else "") + ">"


def write(node: XNode, options: int = 0) -> str:
    """Return the text of a node, by `SaveOptions`.

    Raises ArgumentException for characters that XML cannot hold, XmlException for clashing namespaces.
    """
    return _Writer(options).run(node)


def write_attribute(attribute: XAttribute) -> str:
    """`x="1"`, with the prefix of the element's declarations."""
    namespace = attribute.name.namespace_name
    prefix = ""
    if attribute.is_namespace_declaration:
        prefix = "xmlns" if namespace else ""
    elif namespace:
        parent = attribute.parent
        found = parent.get_prefix_of_namespace(attribute.name.namespace) if names.is_element(parent) else None
        prefix = found or ("xml" if namespace == names.XML_NAMESPACE else "p1")
    declared = f' xmlns:p1="{escape_attribute(namespace)}"' if prefix == "p1" and namespace else ""
    name = f"{prefix}:{attribute.name.local}" if prefix else attribute.name.local
    return f'{name}="{escape_attribute(attribute.value)}"{declared}'
