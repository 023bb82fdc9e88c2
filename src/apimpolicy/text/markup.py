"""A lossless reader of policy documents, which are nearly XML: expressions may hold raw quotes, `<` and `&`.

`read` never raises for bad input: it reports, recovers and continues, in linear time without recursion.

    POL004  a control character that XML does not allow        POL016  `--` in a comment
    POL005  nothing but white space                            POL017  a comment, CDATA, value or tag left open
    POL006  an element that is never closed                    POL018  a document type declaration
    POL007  an end tag that does not match                     POL019  elements nested too deeply
    POL008  an end tag that ends nothing                       POL020  text outside the root element
    POL009  an attribute given twice                           POL021  an XML declaration that is not at the start
    POL010  an attribute value without quotes                  POL022  no white space before an attribute
    POL011  an attribute without a value                       POL023  `<` in an attribute value
    POL012  a stray `<`                                        POL024  something unexpected in a tag
    POL013  a stray `&`                                        POL025  `]]>` in text
    POL014  an unknown entity                                  POL026  too many problems: the rest is not read
    POL015  an expression that is not terminated (see `scanner`)

POL001 is in `named_values`, POL002 and POL003 are in `source`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from apimpolicy.text.character_data import ADVICE_ON_FORGOTTEN, MAX_DIAGNOSTICS, NAME, CharacterReader, GiveUp
from apimpolicy.text.document import (
    BROKEN_TAG,
    Attribute,
    AttributeValue,
    CData,
    Characters,
    Comment,
    Doctype,
    Document,
    Element,
    Instruction,
    MarkupNode,
    StrayTag,
    TextNode,
)
from apimpolicy.text.source import CLOSE, OPEN, Source, has_hole

__all__ = [
    "MAX_DEPTH",
    "MAX_DIAGNOSTICS",
    "Attribute",
    "AttributeValue",
    "CData",
    "Characters",
    "Comment",
    "Doctype",
    "Document",
    "Element",
    "Instruction",
    "MarkupNode",
    "StrayTag",
    "TextNode",
    "read",
]

MAX_DEPTH = 200

_START_TAG = re.compile(rf"<({NAME})")
_END_TAG = re.compile(rf"</({NAME})[ \t\r\n]*+(>?)")
_TAG_END = re.compile(r"[ \t\r\n]*+(/?)>")
# The common case in one match: a quoted value without entities, markup and expressions.
_PLAIN_ATTRIBUTE = re.compile(
    rf"""[ \t\r\n]++({NAME})[ \t\r\n]*+=[ \t\r\n]*+(?:"([^"<&@]*+)"|'([^'<&@]*+)')(?=[\s/>?])"""
)
_ATTRIBUTE = re.compile(rf"([ \t\r\n]*+)({NAME})([ \t\r\n]*+=[ \t\r\n]*+)?")
# The rest of a faulty word is not reported a second time.
_UNEXPECTED = re.compile(r"[ \t\r\n]*+([^ \t\r\n<>/][^ \t\r\n<>/]*+|/)")
_LIKE_A_PLACEHOLDER = r"^[A-Z][A-Z0-9]*$|_|^(?i:your|my|the|insert|enter)-"
_CONTENT = (Element, TextNode, CData, StrayTag)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NONCHARACTER = "[\ufffe\uffff\ud800-\udfff]"


def read(source: Source) -> Document:
    """Read a policy document, a fragment, or a snippet of one with any number of outermost elements."""
    return _Reader(source).read()


class _Reader(CharacterReader):
    __slots__ = ("depth",)

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.depth = 0

    def read(self) -> Document:
        text = self.text
        length = len(text)
        position = 1 if text.startswith("\ufeff") else 0
        if forbidden := _CONTROL.search(text) or (None if text.isascii() else re.search(_NONCHARACTER, text)):
            name = f"U+{ord(forbidden[0]):04X}"
            self.report("POL004", f"the character {name} is not allowed in XML", *forbidden.span())
        if has_hole(text) and not self.source.holes:
            place = text.index(OPEN)
            self.report("POL004", "the noncharacter U+FDD0 is not allowed in a policy", place, place + 1)
        try:
            while position < length:
                position = self.markup(position) if text[position] == "<" else self.characters(position)
            self.finish(length)
        except GiveUp as stop:
            self.close_until(None, stop.offset)
            if stop.offset < length:
                self.children.append(TextNode(self.source, stop.offset, length))
        if has_hole(text):
            self.drop_findings_at_holes()
        if len(self.diagnostics) > 1:
            self.diagnostics.sort(key=lambda diagnostic: diagnostic.start)
        return Document(self.source, self.outermost, self.diagnostics)

    def drop_findings_at_holes(self) -> None:
        """Remove findings that what stands in for a hole may mend.

        A hole before the first element may open others, one at the very end may close those that are open.

        One in an expression without an end may be the rest of it (`unterminated`).
        """
        first = next((child for child in self.outermost if isinstance(child, Element)), None)
        silent: set[str] = set()
        if first is not None and has_hole(self.text[: first.start]):
            silent |= {"POL007", "POL008"}
        if self.text.rstrip().endswith(CLOSE):
            silent.add("POL006")
        if self.is_cut:
            silent |= {"POL006", "POL007", "POL008", "POL017", "POL024"}  # what follows from where it seems to end
        self.diagnostics = [found for found in self.diagnostics if found.code not in silent]

    def finish(self, length: int) -> None:
        if self.element is not None:
            innermost = self.element
            others = [f"<{parent.name}>" for parent in _open(innermost.parent)]
            self.unclosed(innermost, f"Also open at the end of the document: {', '.join(others)}." if others else "")
            self.close_until(None, length)
        elif not any(child.raw.strip() for child in self.outermost if isinstance(child, _CONTENT)):
            self.report("POL005", "the document is empty", 0, length)

    def where(self, offset: int) -> str:
        line, column = self.source.position(offset)
        return f"line {line}, column {column}"

    # Tags

    def markup(self, start: int) -> int:
        """Read what begins with the `<` at `start`; the offset after it."""
        text = self.text
        if opening := _START_TAG.match(text, start):
            return self.start_tag(opening[1], start, opening.end())
        if text.startswith("</", start) and (closing := _END_TAG.match(text, start)):
            return self.end_tag(closing)
        if text.startswith("<!--", start):
            return self.comment(start)
        if text.startswith("<![CDATA[", start):
            return self.cdata(start)
        if text.startswith("<?", start):
            return self.instruction(start)
        if text[start : start + 9].upper() == "<!DOCTYPE":
            return self.doctype(start)
        advice = "Write `&lt;` in text. Only expressions can contain a raw `<`."
        self.report("POL012", "'<' doesn't begin a tag here", start, start + 1, help=advice)
        self.children.append(TextNode(self.source, start, start + 1))
        return start + 1

    def start_tag(self, name: str, start: int, position: int) -> int:
        text, source = self.text, self.source
        element = Element(source, name, start, self.element)
        attributes = element.attributes
        reported = len(self.diagnostics)
        while True:
            plain = _PLAIN_ATTRIBUTE.match(text, position)
            if plain:
                name_start, name_end = plain.span(1)
                value_start, value_end = plain.span(plain.lastindex or 2)
                attributes.append(
                    Attribute(plain[1], name_start, name_end, AttributeValue(source, value_start, value_end))
                )
                position = plain.end()
                continue
            if end := _TAG_END.match(text, position):
                break
            if attribute_match := _ATTRIBUTE.match(text, position):
                position = self.attribute(element, attribute_match)
            elif unexpected := _UNEXPECTED.match(text, position):
                self.report("POL024", f"unexpected '{unexpected[1][:20]}' in a tag", *unexpected.span(1))
                position = unexpected.end()
            else:
                self.report(
                    "POL017", f"the tag <{name}> is not closed with '>'", start, element.name_end, label="begins here"
                )
                break
        if len(self.diagnostics) > reported:
            self.keep_first_of_tag(reported)
        elif len(attributes) > 1:
            self.check_duplicates(attributes)
        if end:
            position = end.end()
        element.content_start = element.content_end = element.end = position
        self.children.append(element)
        is_empty = end[1] if end else text[start:position].rstrip().endswith("/")
        if not is_empty:
            if self.depth == MAX_DEPTH:
                self.report("POL019", f"elements are nested more than {MAX_DEPTH} levels deep", start, position)
                raise GiveUp(position)
            self.depth += 1
            self.element = element
            self.children = element.children
        return position

    def keep_first_of_tag(self, reported: int) -> None:
        """Keep the first finding that breaks the tag, and drop those after it, which follow from it."""
        for index in range(reported, len(self.diagnostics)):
            if self.diagnostics[index].code in BROKEN_TAG:
                del self.diagnostics[index + 1 :]
                return

    def attribute(self, element: Element, found: re.Match[str]) -> int:
        """Read one attribute that is not of the plainest kind; the offset after it."""
        text, name, position = self.text, found[2], found.end()
        name_start, name_end = found.span(2)
        hole = has_hole(name)
        if not found[1] and not hole:
            self.report("POL022", f"white space is missing before the attribute '{name}'", name_start, name_end)
        if not found[3] and hole:
            value, position = AttributeValue(self.source, name_end, name_end), name_end
        elif not found[3]:
            advice = f'Write `{name}="…"`.'
            quote = text[position : position + 1]
            if quote and quote in "\"'":
                self.report("POL011", f"'=' is missing after the attribute '{name}'", name_start, name_end, help=advice)
                value, position = self.value(name, position + 1, quote)
            else:
                self.report("POL011", f"the attribute '{name}' has no value", name_start, name_end, help=advice)
                value, position = AttributeValue(self.source, name_end, name_end), name_end
        elif (quote := text[position : position + 1]) not in ('"', "'"):
            value = self.unquoted(position)
            advice = "Put it between double quotes."
            self.report("POL010", f"the value of '{name}' has no quotes", position, value.end, help=advice)
            position = value.end
        else:
            value, position = self.value(name, position + 1, quote)
        element.attributes.append(Attribute(name, name_start, name_end, value))
        return position

    def check_duplicates(self, attributes: list[Attribute]) -> None:
        first: dict[str, Attribute] = {}
        for attribute in attributes:
            earlier = first.setdefault(attribute.name, attribute)
            if earlier is not attribute and not has_hole(attribute.name):
                message = f"the attribute '{attribute.name}' appears twice"
                label = f"first at {self.where(earlier.name_start)}"
                self.report("POL009", message, attribute.name_start, attribute.name_end, label=label)

    def end_tag(self, closing: re.Match[str]) -> int:
        name, start, end = closing[1], closing.start(), closing.end()
        if not closing[2]:
            self.report("POL017", f"the end tag </{name}> is not closed with '>'", start, end)
        element = self.element
        if element is not None and element.name == name:
            self.close(start, end)
        elif any(parent.name == name for parent in _open(element)):
            assert element is not None  # it has ancestors
            self.unclosed(element, f"</{name}> at {self.where(start)} closes an element around it.")
            while element is not None and element.name != name:
                self.close(start, start)
                element = self.element
            self.close(start, end)
        elif element is not None and _similar(name, element.name):
            message = f"the end tag </{name}> does not match <{element.name}>"
            label = f"<{element.name}> was opened at {self.where(element.start)}"
            self.report("POL007", message, start, end, label=label, help=f"Write `</{element.name}>`.")
            self.close(start, end)
        else:
            label = (
                f"the open element is <{element.name}>, from {self.where(element.start)}"
                if element
                else "no element is open"
            )
            if element is not None or not any(isinstance(child, StrayTag) for child in self.outermost):
                self.report("POL008", f"the end tag </{name}> has no start tag", start, end, label=label)
            self.children.append(StrayTag(self.source, start, end))
        return end

    def unclosed(self, element: Element, help: str) -> None:
        name = element.name
        if any(found.code == "POL017" and found.start == element.start for found in self.diagnostics):
            return  # its start tag breaks off, which was reported
        message = f"the element <{name}> is never closed"
        if not element.attributes and re.compile(_LIKE_A_PLACEHOLDER).search(name) is not None:
            message = f"'<{name}>' is a placeholder that has not been replaced, or an element that is never closed"
            help = ADVICE_ON_FORGOTTEN
        self.report("POL006", message, element.start, element.name_end, label="opened here", help=help)

    def close(self, start: int, end: int) -> None:
        """Close the innermost element with an end tag from `start` to `end` (empty when there is none)."""
        element = self.element
        assert element is not None
        element.content_end, element.end = start, end
        self.element = element.parent
        self.children = element.parent.children if element.parent is not None else self.outermost
        self.depth -= 1

    def close_until(self, outer: Element | None, offset: int) -> None:
        while self.element is not outer:
            self.close(offset, offset)

    # Everything else between angle brackets

    def delimited(self, start: int, end_mark: str, what: str) -> tuple[int, bool]:
        end = self.text.find(end_mark, start)
        if end >= 0:
            return end + len(end_mark), True
        self.report("POL017", f"the {what} has no '{end_mark}'", start, start + 2, label="begins here")
        return len(self.text), False

    def comment(self, start: int) -> int:
        text = self.text
        end = text.find("-->", start + 4)
        if end < 0:
            end, _ = self.delimited(start, "-->", "comment")
            dashes = -1
        else:
            end += 3
            dashes = text.find("--", start + 4, end - 2)
        if dashes >= 0:
            advice = "Azure refuses the document. Remove the dashes, or put spaces between them."
            self.report("POL016", "'--' is not allowed inside a comment", dashes, dashes + 2, help=advice)
        self.children.append(Comment(self.source, start, end))
        return end

    def instruction(self, start: int) -> int:
        end, _ = self.delimited(start, "?>", "processing instruction")
        if self.text[start : start + 6].rstrip() == "<?xml" and start > int(self.text.startswith("\ufeff")):
            message = "an XML declaration is only allowed at the start of the document"
            self.report("POL021", message, start, end)
        self.children.append(Instruction(self.source, start, end))
        return end

    def doctype(self, start: int) -> int:
        subset = self.text.find("[", start)
        end = self.text.find(">", start)
        if 0 <= subset < end:
            close = self.text.find("]", subset)
            end = self.text.find(">", close) if close >= 0 else -1
        end = end + 1 if end >= 0 else len(self.text)
        advice = "Remove it. Entities that it declares are not available either."
        self.report("POL018", "a document type declaration is not allowed", start, end, help=advice)
        self.children.append(Doctype(self.source, start, end))
        return end

    def cdata(self, start: int) -> int:
        end, closed = self.delimited(start, "]]>", "CDATA section")
        self.cdata_section(start, end, end - 3 if closed else end)
        return end


def _open(element: Element | None) -> Iterator[Element]:
    while element is not None:
        yield element
        element = element.parent


def _similar(name: str, other: str) -> bool:
    """Return whether an end tag's name is probably a misspelt `other`."""
    from difflib import SequenceMatcher

    if len(name) > 64 or len(other) > 64:
        return False
    return SequenceMatcher(None, name.lower(), other.lower()).ratio() >= 0.75
