"""Text to trees, as XmlReader: namespaces, the internal subset's plain entities, and .NET's messages.

Nothing outside the text is ever read. Entities are text: one whose value has markup or refers to another entity is
refused, so nothing can multiply.
"""

from __future__ import annotations

import re
from typing import NoReturn

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import XmlException, require
from apimpolicy.csharp.dotnet.registry import implements
from apimpolicy.csharp.dotnet.xml.containers import XContainer, XDeclaration, XDocument
from apimpolicy.csharp.dotnet.xml.elements import XAttribute, XElement
from apimpolicy.csharp.dotnet.xml.markup import INVALID_CHARACTERS, SPACE, Scanner, line_ends
from apimpolicy.csharp.dotnet.xml.names import NCNAME, NO_NAMESPACE, XML, XMLNS, X, XName, XNamespace, is_name_start
from apimpolicy.csharp.dotnet.xml.nodes import XCData, XComment, XDocumentType, XProcessingInstruction, XText
from apimpolicy.errors import NotSimulatedError

PRESERVE_WHITESPACE = 1
MAXIMUM_DEPTH = 1024
"""Elements within elements; deeper documents are refused."""

_MARKUP = re.compile("[<&]")
_PSEUDO = re.compile(r"""[ \t\r\n]+(version|encoding|standalone)[ \t\r\n]*=[ \t\r\n]*(?:"([^"<&]*)"|'([^'<&]*)')""")
_ENTITY = re.compile(r"""<!ENTITY[ \t\r\n]+([^\s%]+)[ \t\r\n]+(?:"([^"]*)"|'([^']*)')[ \t\r\n]*>""")
_NAME = f"{NCNAME.pattern}(?::{NCNAME.pattern})?+"
_PLAIN_ATTRIBUTE = rf' ++((?!xml){_NAME})="([^"<&\t\r\n{INVALID_CHARACTERS}]*+)"'
_PLAIN_TAG = re.compile(f"({_NAME})((?:{_PLAIN_ATTRIBUTE})*+) *+(/?)>")
_PLAIN_ATTRIBUTES = re.compile(_PLAIN_ATTRIBUTE)
_PLAIN_TEXT = re.compile(rf"[^<&\]\r{INVALID_CHARACTERS}]*+(?=<)")
"""Most tags and texts, in one step; what these don't match is read part by part, with messages for what is wrong."""
_MARKUP_BEGINS = ("!", "?", "/")
_SHORTEST_MARKUP = 4
"""XmlReader takes no fewer characters, from `<` to the end of the text, for markup outside of the root element."""
_BAD_DECLARATION = "Syntax for an XML declaration is invalid."

_FEW_PREFIXES = 16
"""Declarations around an element that are copied for nothing."""
_STEPS_PER_PREFIX = 4
"""For each declaration that is copied otherwise: it takes time and memory."""


class _Parser(Scanner):
    def __init__(self, text: str, options: int) -> None:
        super().__init__(text)
        self.keeps_whitespace = bool(options & PRESERVE_WHITESPACE)
        self.document = XDocument()
        # Open elements with their name as written and where it is; lines are counted when a message needs them.
        self.open: list[tuple[XElement, str, int]] = []
        self.scopes: list[dict[str, XNamespace]] = [{"": NO_NAMESPACE, "xml": XML, "xmlns": XMLNS}]

    # Errors

    def unclosed(self) -> NoReturn:
        self.at = len(self.text)
        if not self.open:
            self.fail("Unexpected end of file has occurred.")
        names = ", ".join(name for _, name, _ in reversed(self.open))
        self.fail(f"Unexpected end of file has occurred. The following elements are not closed: {names}.")

    # Structure

    def parse(self) -> XDocument:
        text = self.text
        if text.startswith("\ufeff"):
            self.fail("Data at the root level is invalid.")
        if re.match(r"<\?xml[ \t\r\n]", text):
            self.declaration()
        burn = environment().step
        while self.at < len(text):
            burn()
            if text[self.at] != "<":
                self.characters()
            elif self.open and text[self.at + 1 : self.at + 2] not in _MARKUP_BEGINS:
                self.start_tag()
            elif not self.open and len(text) - self.at < _SHORTEST_MARKUP:
                self.fail("Data at the root level is invalid.")
            elif text.startswith("<!--", self.at):
                self.comment()
            elif text.startswith("<?", self.at):
                self.instruction()
            elif text.startswith("<![CDATA[", self.at):
                self.cdata()
            elif text.startswith("</", self.at):
                self.end_tag()
            elif text.startswith("<!DOCTYPE", self.at):
                self.document_type()
            elif text.startswith("<!", self.at):
                self.unexpected_markup()
            else:
                self.start_tag()
        if self.open:
            self.unclosed()
        if self.document.root is None:
            raise XmlException("Root element is missing.")
        return self.document

    def unexpected_markup(self) -> NoReturn:
        """`<!` of nothing that is known."""
        at = self.at + 2
        if self.text.startswith("-", at):
            self.unexpected(at + 1, "-")
        if self.open and self.text.startswith("[", at):
            self.unexpected(at + 1, "CDATA[")
        if self.open:
            self.unexpected(at, "<!--", "<[CDATA[")
        begun = self.document.root is not None or self.document.document_type is not None
        self.unexpected(at, "<!--" if begun else "DOCTYPE")

    @property
    def container(self) -> XContainer:
        return self.open[-1][0] if self.open else self.document

    def declaration(self) -> None:
        end = self.text.find("?>")
        if end < 0:
            self.unclosed()
        values: dict[str, str] = {}
        following = ["version", "encoding", "standalone"]
        at = 5
        while match := _PSEUDO.match(self.text, at, end):
            name = match[1]
            if name not in following or (name != "version" and not values):
                self.fail(_BAD_DECLARATION, match.start(1))
            following = following[following.index(name) + 1 :]
            quoted = 2 if match[2] is not None else 3
            values[name] = value = match[quoted]
            if name == "version" and value != "1.0":
                self.fail(f"Version number '{value}' is invalid.", match.start(quoted))
            if name == "standalone" and value not in ("yes", "no"):
                self.fail(_BAD_DECLARATION, match.start(quoted) - 1)
            at = match.end()
        if self.text[at:end].strip(SPACE) or not values:
            self.fail(_BAD_DECLARATION, at)
        self.document.declaration = XDeclaration(values["version"], values.get("encoding"), values.get("standalone"))
        self.at = end + 2

    def comment(self) -> None:
        start = self.at + 4
        dashes = self.text.find("--", start)
        if 0 <= dashes < len(self.text) - 2 and self.text[dashes + 2] != ">":
            self.fail("An XML comment cannot contain '--', and '-' cannot be the last character.", dashes)
        self.append(XComment(self.until("-->", start, "Comment")))

    def instruction(self) -> None:
        start = self.at + 2
        self.at = start
        target = self.name()
        if ":" in target:
            self.bad_character(start + target.index(":"))
        if target.lower() == "xml" and target != "xml":
            self.fail(f"'{target}' is an invalid name for processing instructions.", start)
        if target == "xml":
            self.fail(
                "Unexpected XML declaration. The XML declaration must be the first node in the document, and no "
                "white space characters are allowed to appear before it.",
                start,
            )
        had_space = self.skip_spaces()
        if not had_space and not self.text.startswith("?>", self.at):
            self.bad_character(self.at)
        self.append(XProcessingInstruction(target, self.until("?>", self.at, "PI")))

    def cdata(self) -> None:
        if not self.open:
            self.fail("Data at the root level is invalid.", self.at + (0 if self.document.root is not None else 2))
        self.append(XCData(self.until("]]>", self.at + 9, "CDATA")))

    def append(self, node: XText | XComment | XProcessingInstruction | XElement | XDocumentType) -> None:
        container = self.container
        node.parent = container
        container.children.append(node)

    def characters(self) -> None:
        start = self.at
        plain = _PLAIN_TEXT.match(self.text, start) if self.open else None
        parts: list[str] = []
        if plain is not None:
            self.at = plain.end()
            parts.append(plain.group())
        while self.at < len(self.text) and self.text[self.at] != "<":
            match = _MARKUP.search(self.text, self.at)
            end = match.start() if match else len(self.text)
            piece = self.text[self.at : end]
            self.check_characters(piece, self.at)
            if "]]>" in piece:
                self.fail("']]>' is not allowed in character data.", self.at + piece.index("]]>"))
            parts.append(line_ends(piece))
            self.at = end
            if end < len(self.text) and self.text[end] == "&":
                if not self.open:
                    self.fail("Data at the root level is invalid.", start)
                parts.append(self.reference())
        content = "".join(parts)
        if not self.open:
            if content.strip(SPACE):
                at = start + len(content) - len(content.lstrip(SPACE))
                self.fail("Data at the root level is invalid.", at)
            return
        if content.strip(SPACE) or self.keeps_whitespace or self.space_is_preserved():
            self.append(XText(content))

    def space_is_preserved(self) -> bool:
        name = XML.get_name("space")
        for element, _, _ in reversed(self.open):
            found = element.attribute(name)
            if found is not None:
                return found.value.strip(SPACE) == "preserve"
        return False

    # Tags

    def resolve(self, written: str, at: int, *, is_attribute: bool) -> XName:
        prefix, colon, local = written.rpartition(":")
        namespace = NO_NAMESPACE if is_attribute and not colon else self.scopes[-1].get(prefix)
        if namespace is not None:
            return namespace.names.get(local) or namespace.get_name(local)
        raise self.failure(f"'{prefix}' is an undeclared prefix.", at)

    def start_tag(self) -> None:
        if not self.open and self.document.root is not None:
            self.fail("There are multiple root elements.", self.at + 1)
        self.at += 1
        start = self.at
        attributes: list[tuple[str, str, int]] = []
        scope: dict[str, XNamespace] = {}
        plain = _PLAIN_TAG.match(self.text, start)
        if plain is not None:
            written, is_empty = plain[1], bool(plain[5])
            if plain[2]:
                first, end = plain.span(2)
                matches = _PLAIN_ATTRIBUTES.finditer(self.text, first, end)
                attributes = [(match[1], match[2], match.start(1)) for match in matches]
            self.at = plain.end()
        else:
            written, is_empty = self.name(), self.attributes(attributes, scope)
        around = self.scopes[-1]
        if scope and len(around) > _FEW_PREFIXES:
            environment().step(len(around) * _STEPS_PER_PREFIX)
        self.scopes.append({**around, **scope} if scope else around)
        element = XElement(self.resolve(written, start, is_attribute=False))
        names: set[XName] = set()
        for name, value, at in attributes:
            attribute = XAttribute(self.resolve(name, at, is_attribute=True), value)
            if attribute.name in names:
                self.fail(f"'{name}' is a duplicate attribute name.", at)
            names.add(attribute.name)
            attribute.parent = element
            element.attribute_list.append(attribute)
        self.append(element)
        if is_empty:
            self.scopes.pop()
            return
        if len(self.open) >= MAXIMUM_DEPTH:
            self.fail(f"Elements are nested more than {MAXIMUM_DEPTH} deep.", start)
        self.open.append((element, written, start))

    def attributes(self, attributes: list[tuple[str, str, int]], scope: dict[str, XNamespace]) -> bool:
        """Read attributes with their places, and the end of a tag; return whether the element ends with it."""
        while True:
            had_space = self.skip_spaces()
            if self.at >= len(self.text):
                self.unclosed()
            character = self.text[self.at]
            if character == ">" or self.text.startswith("/>", self.at):
                self.at += 2 if character == "/" else 1
                return character == "/"
            after_name = not had_space and not attributes
            if character == "/":
                self.unexpected(self.at if after_name else self.at + 1, ">")
            if after_name or not is_name_start(character):
                self.bad_character(self.at, begins=not after_name)
            if not had_space:
                self.fail(f"'{self.token(self.at)}' is an unexpected token. Expecting white space.")
            attributes.append(self.attribute(scope))

    def attribute(self, scope: dict[str, XNamespace]) -> tuple[str, str, int]:
        start = self.at
        name = self.name()
        self.skip_spaces()
        if not self.text.startswith("=", self.at):
            self.unexpected(self.at, "=")
        self.at += 1
        self.skip_spaces()
        quote = self.text[self.at : self.at + 1]
        if quote not in ('"', "'"):
            self.unexpected(self.at, '"', "'")
        self.at += 1
        inside = self.at
        value = self.attribute_value(quote)
        if name == "xmlns" or name.startswith("xmlns:"):
            self.check_declaration(name[6:], value, start, inside)
            scope[name[6:]] = XNamespace.get(value)
        elif name == "xml:space" and value.strip(SPACE) not in ("preserve", "default"):
            self.fail(f"'{value}' is an invalid xml:space value.", start)
        return name, value, start

    def check_declaration(self, prefix: str, namespace: str, start: int, inside: int) -> None:
        """Raise XmlException for a namespace declaration that isn't allowed; `inside` is the start of its value."""
        if prefix and not namespace:
            self.fail("Invalid namespace declaration.", inside - 1)
        if (namespace == XMLNS.name and prefix != "xmlns") or (namespace == XML.name and prefix != "xml"):
            reserved = 'namespace name reserved for "xml" or "xmlns".'
            self.fail(f"Prefix '{prefix}' cannot be mapped to {reserved}", inside)
        if prefix == "xmlns":
            self.fail('Prefix "xmlns" is reserved for use by XML.', inside if namespace == XMLNS.name else start)
        if prefix == "xml" and namespace != XML.name:
            self.fail(
                f'Prefix "xml" is reserved for use by XML and can be mapped only to namespace name "{XML.name}".', start
            )

    def attribute_value(self, quote: str) -> str:
        parts: list[str] = []
        stop = re.compile(f"[<&{quote}]")
        while True:
            match = stop.search(self.text, self.at)
            if match is None:
                self.at = len(self.text)
                self.fail("There is an unclosed literal string.")
            piece = self.text[self.at : match.start()]
            self.check_characters(piece, self.at)
            parts.append(re.sub("[\t\n]", " ", line_ends(piece)))
            self.at = match.start()
            if match.group() == quote:
                self.at += 1
                return "".join(parts)
            if match.group() == "<":
                self.fail("'<', hexadecimal value 0x3C, is an invalid attribute character.")
            parts.append(self.reference())

    def end_tag(self) -> None:
        self.at += 2
        start = self.at
        if not self.open:
            self.fail("Unexpected end tag.", start)
        element, expected, opened = self.open[-1]
        is_plain = self.text.startswith(expected + ">", start)
        if is_plain:
            self.at += len(expected)
        elif (written := self.name()) != expected:
            line, position = self.place(opened)
            self.fail(
                f"The '{expected}' start tag on line {line} position {position} does not match the end tag of "
                f"'{written}'.",
                start,
            )
        if not is_plain:
            self.skip_spaces()
            if not self.text.startswith(">", self.at):
                self.unexpected(self.at, ">")
        self.at += 1
        if not element.children:
            element.has_end_tag = True
        self.open.pop()
        self.scopes.pop()

    def document_type(self) -> None:
        if self.open:
            self.fail("Unexpected DTD declaration.")
        behind = self.at + 9
        if self.text[behind : behind + 1] not in tuple(SPACE):
            self.fail(f"'{self.token(behind)}' is an unexpected token. Expecting white space.", behind)
        if self.document.document_type is not None:
            self.fail("Cannot have multiple DTDs.")
        if self.document.root is not None:
            self.fail("DTD must be defined before the document root element.")
        self.at = behind
        self.skip_spaces()
        name = self.name()
        self.skip_spaces()
        public = system = subset = None
        for keyword in ("PUBLIC", "SYSTEM"):
            if self.text.startswith(keyword, self.at):
                self.at += 6
                if keyword == "PUBLIC":
                    public = self.literal()
                system = self.literal()
                self.skip_spaces()
        if self.text.startswith("[", self.at):
            start = self.at + 1
            end = self.text.find("]", start)
            if end < 0:
                self.unclosed()
            subset = self.text[start:end]
            self.at = end + 1
            self.declare_entities(subset)
            self.skip_spaces()
        if not self.text.startswith(">", self.at):
            self.unexpected(self.at, ">")
        self.at += 1
        self.append(XDocumentType(name, public, system, subset))

    def declare_entities(self, subset: str) -> None:
        for match in _ENTITY.finditer(subset):
            value = match[2] if match[2] is not None else match[3]
            if "&" in value or "<" in value or "%" in value or len(value) > 4096:
                raise NotSimulatedError("XML entities with markup or references", f"entity '{match[1]}'")
            self.entities.setdefault(match[1], value)


@implements(X + "XDocument", "Parse")
def parse_document(text: str | None, options: int = 0) -> XDocument:
    """Return the document of a text. Raises XmlException with .NET's message for what is no XML."""
    return _Parser(require(text, "s"), options).parse()


@implements(X + "XElement", "Parse")
def parse_element(text: str | None, options: int = 0) -> XElement:
    root = parse_document(text, options).root
    assert root is not None
    root.parent = None
    return root
