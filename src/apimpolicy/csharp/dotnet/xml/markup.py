"""Trees to text, as XNode.ToString(): XmlWriter's indentation, prefixes and escapes; no XML declaration.

Two kinds of bookkeeping for namespaces, as in .NET: what the attributes of the elements and their ancestors declare
(which prefix to use), and what is already in the text (whether to declare it again).

`Scanner` reads the tokens that XML is made of, with .NET's messages for what does not fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, XmlException
from apimpolicy.csharp.dotnet.values import to_utf16
from apimpolicy.csharp.dotnet.xml import names
from apimpolicy.csharp.dotnet.xml.names import NCNAME, is_name_character

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.xml.elements import XAttribute, XElement
    from apimpolicy.csharp.dotnet.xml.nodes import XNode


DISABLE_FORMATTING, OMIT_DUPLICATE_NAMESPACES = 1, 2

_TEXT = re.compile("[&<>]")
_ATTRIBUTE = re.compile('[&<>"\t\r\n]')
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#x9;", "\r": "&#xD;", "\n": "&#xA;"}
_INVALID = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]"
)


def check_characters(text: str) -> None:
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


SPACE = " \t\r\n"
_SPACES = re.compile(r"[ \t\r\n]*")
INVALID_CHARACTERS = "\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff"
"""Inside a character class of a regular expression."""
_NOT_ALLOWED = re.compile(f"[{INVALID_CHARACTERS}]")
_PREDEFINED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def line_ends(text: str) -> str:
    """Return the text with `\\r\\n` and `\\r` as `\\n`."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class Scanner:
    """A place in a text; `entities` are the names that `&name;` may use."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.entities = dict(_PREDEFINED)

    def unclosed(self) -> NoReturn:
        """Raise the exception for a text that ends too early."""
        self.at = len(self.text)
        self.fail("Unexpected end of file has occurred.")

    def ended_inside(self, part: str) -> NoReturn:
        self.fail(f"Unexpected end of file while parsing {part} has occurred.", len(self.text))

    def place(self, at: int) -> tuple[int, int]:
        """Line and position of an offset, from 1; `\\r\\n`, `\\r` and `\\n` end lines."""
        before = self.text[:at].replace("\r\n", "\0\n").replace("\r", "\n")
        return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        raise self.failure(message, at)

    def failure(self, message: str, at: int | None = None) -> XmlException:
        line, position = self.place(self.at if at is None else at)
        return XmlException(f"{message} Line {line}, position {position}.")

    def unexpected(self, at: int, *expected: str) -> NoReturn:
        wanted = "' or '".join(expected)
        self.fail(f"'{self.token(at)}' is an unexpected token. The expected token is '{wanted}'.", at)

    def token(self, at: int) -> str:
        """Return the word or the character at an offset, as messages show it."""
        if at >= len(self.text):
            self.unclosed()
        end = at
        while end < len(self.text) and is_name_character(self.text[end]):
            end += 1
        return self.text[at : max(end, at + 1)]

    def bad_character(self, at: int, *, begins: bool = False) -> NoReturn:
        if at >= len(self.text):
            self.unclosed()
        found = self.text[at]
        code = f"hexadecimal value 0x{ord(found):02X}"
        if begins:
            self.fail(f"Name cannot begin with the '{found}' character, {code}.", at)
        self.fail(f"The '{found}' character, {code}, cannot be included in a name.", at)

    def skip_spaces(self) -> bool:
        """Skip white space; whether there was some."""
        start = self.at
        match = _SPACES.match(self.text, self.at)
        assert match is not None
        self.at = match.end()
        return self.at > start

    def until(self, end: str, start: int, part: str = "") -> str:
        """Return the text from `start` to `end`; moves behind it. `part` is what messages call it."""
        found = self.text.find(end, start)
        if found < 0:
            self.ended_inside(part) if part else self.unclosed()
        self.at = found + len(end)
        content = self.text[start:found]
        self.check_characters(content, start)
        return line_ends(content)

    def check_characters(self, content: str, start: int) -> None:
        bad = _NOT_ALLOWED.search(content)
        if bad is not None:
            code = f"hexadecimal value 0x{ord(bad.group()):02X}"
            shown = "." if bad.group() == "\0" else bad.group()
            self.fail(f"'{shown}', {code}, is an invalid character.", start + bad.start())

    def reference(self) -> str:
        """`&lt;` and `&#65;` as text."""
        start = self.at + 1
        end = self.text.find(";", start, start + 128)
        name = NCNAME.match(self.text, start)
        if self.text.startswith("#", start):
            digits = self.text[start + 1 : end] if end > 0 else ""
            hexadecimal = digits.startswith("x")
            pattern = "x[0-9a-fA-F]{1,8}" if hexadecimal else "[0-9]{1,10}"
            if re.fullmatch(pattern, digits) is None:
                self.fail("Invalid syntax for a hexadecimal numeric entity reference." if hexadecimal
                          else "Invalid syntax for a decimal numeric entity reference.", start + 1)  # fmt: skip
            code = int(digits[1:], 16) if hexadecimal else int(digits)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or _NOT_ALLOWED.match(chr(code)):
                self.fail(
                    f"'{chr(code) if 0 < code < 0xD800 or 0xDFFF < code <= 0xFFFF else '.'}', "
                    f"hexadecimal value 0x{code:02X}, is an invalid character.",
                    start + 2 if hexadecimal else start + 1,
                )
            self.at = end + 1
            return to_utf16(chr(code))
        if name is None:
            self.fail("An error occurred while parsing EntityName.", start)
        if self.text[name.end() : name.end() + 1] != ";":
            self.unexpected(name.end(), ";")
        value = self.entities.get(name.group())
        if value is None:
            self.fail(f"Reference to undeclared entity '{name.group()}'.", start)
        self.at = name.end() + 1
        return value

    def name(self) -> str:
        """Return a name as written, colon and all."""
        start = self.at
        self.part_of_name()
        if self.text.startswith(":", self.at):
            self.at += 1
            self.part_of_name()
            if self.text.startswith(":", self.at):
                self.bad_character(self.at)
        return self.text[start : self.at]

    def part_of_name(self) -> None:
        match = NCNAME.match(self.text, self.at)
        end = self.at if match is None else match.end()
        if end >= len(self.text):
            self.ended_inside("Name")
        if match is None:
            self.bad_character(end, begins=True)
        self.at = end

    def literal(self) -> str:
        self.skip_spaces()
        quote = self.text[self.at : self.at + 1]
        if quote not in ('"', "'") or not quote:
            self.unexpected(self.at, '"', "'")
        return self.until(quote, self.at + 1)
