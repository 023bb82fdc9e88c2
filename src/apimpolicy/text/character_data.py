"""Reads the characters of a policy document: attribute values, text and CDATA, with the expressions among them."""

from __future__ import annotations

import re

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.text.document import AttributeValue, CData, Element, MarkupNode, TextNode
from apimpolicy.text.scanner import (
    ENTITY,
    EXPRESSION_START,
    Unterminated,
    character_of,
    find_expression,
    unterminated_expression,
)
from apimpolicy.text.source import CLOSE, OPEN, Excerpt, Source, has_hole

MAX_DIAGNOSTICS = 100

NAME = rf"(?:[^\W\d]|{OPEN})[\w:.\-{OPEN}{CLOSE}]*+"
"""A name; a template may put in a part of it."""

# Patterns that few documents need are texts, which `re` compiles when the first one does: a check starts faster.
_WHOLE_EXPRESSION = re.compile(r"[ \t\r\n]*+(?=@[({])")
_AFTER_EXPRESSION = {quote: re.compile(rf"[ \t\r\n]*+{quote}") for quote in "\"'"}
_REST_OF_VALUE = {quote: re.compile(rf"[^<{quote}]*+{quote}(?=[\s/>?])") for quote in "\"'"}
# Where a value with a broken expression most likely ends: a quote that an attribute or the tag's end follows.
_LIKELY_END = {quote: rf"{quote}(?=[ \t\r\n]*+/?>|[ \t\r\n]++{NAME}[ \t\r\n]*+=[ \t\r\n]*+[\"'])" for quote in "\"'"}
_OPEN_VALUE = re.compile(r"[^\r\n<>]*+")
_RUNAWAY_VALUE = r"((?:[^<>@]|@(?![({]))*+)>[ \t\r\n]*+<[/!A-Za-z]"
"""A value that runs on past the end of its tag into the next one: its closing quote is missing."""
_INTO_NEXT_ATTRIBUTE = rf"(?<![ \t\r\n])[ \t\r\n]++{NAME}[ \t\r\n]*+=[ \t\r\n]*+\Z"
"""A value that ends with the name of the next attribute, whose opening quote closed it: its own quote is missing."""
_AFTER_VALUE = frozenset(("", " ", "\t", "\r", "\n", "/", ">", "?"))
_UNQUOTED = r"(?:[^\s<>\"'/]++|/(?!>))*+"
_ENTITY_LIKE = r"&#?\w{1,32};"
_FORGOTTEN = r"<[\w .:/()|\-]{1,80}>"
"""A placeholder in angle brackets: `<your-tenant>`."""
ADVICE_ON_FORGOTTEN = (
    "Write the value, or a named value such as {{name}}. If a pipeline replaces it, list it among the `placeholders` "
    "in apimpolicy.toml."
)
NOT_SPACE = re.compile(r"[^ \t\r\n]")


class GiveUp(Exception):
    """Leaves the reader of a document without an error: it is not read any further than `offset`."""

    def __init__(self, offset: int) -> None:
        self.offset = offset


class CharacterReader:
    """The state of one reading of a document, and the part of it that reads characters."""

    __slots__ = ("children", "diagnostics", "element", "is_cut", "next_tag", "outermost", "source", "text", "wasted")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.diagnostics: list[Diagnostic] = []
        self.outermost: list[MarkupNode] = []
        self.children = self.outermost  # of the element that is open now
        self.element: Element | None = None
        self.is_cut = False  # a hole may be the rest of an expression
        self.next_tag = -1  # the first '<' at or after the characters that are read now
        self.wasted = 0  # characters of failed attempts to read an expression; bounds the work on hostile input

    def report(self, code: str, message: str, start: int, end: int, *, label: str = "", help: str = "") -> None:
        self.add(Diagnostic(code, message, self.source, start, end, label=label, help=help))

    def add(self, diagnostic: Diagnostic) -> None:
        self.diagnostics.append(diagnostic)
        if len(self.diagnostics) >= MAX_DIAGNOSTICS:
            self.give_up(diagnostic.end)

    def give_up(self, offset: int) -> None:
        # The rest begins where the last complete node ends.
        if self.children:
            rest = self.children[-1].end
        else:
            rest = self.element.content_start if self.element is not None else 0
        message = "too many problems: the rest of the document was not checked"
        self.diagnostics.append(Diagnostic("POL026", message, self.source, offset, offset))
        raise GiveUp(rest)

    def expression_at(self, start: int, limit: int, delimiter: str, entities: bool = True) -> Excerpt | Unterminated:
        found = find_expression(self.source, start, limit, delimiter=delimiter, entities=entities)
        if isinstance(found, Unterminated):
            self.wasted += found.reached - start
            if self.wasted > 4 * len(self.text) + 100_000:
                self.give_up(start)
        return found

    def unterminated(self, start: int, end: int, found: Unterminated) -> None:
        """Report the expression at `start`, which doesn't end, unless a hole before `end` may be the rest of it.

        `end` is where the value or text around the expression most likely ends: a hole after that explains nothing.
        """
        if has_hole(self.text[start:end]):
            self.is_cut = True
        else:
            self.add(unterminated_expression(self.source, start, found))

    # Attribute values

    def unquoted(self, start: int) -> AttributeValue:
        """Return the value without quotes at `start`; the lack of them is for the caller to report."""
        if EXPRESSION_START.match(self.text, start):
            found = self.expression_at(start, len(self.text), "")
            if not isinstance(found, Unterminated):
                return AttributeValue(self.source, start, found.end, found, (found,))
        match = re.compile(_UNQUOTED).match(self.text, start)
        assert match is not None  # it may be empty
        return AttributeValue(self.source, start, match.end())

    def value(self, name: str, start: int, quote: str) -> tuple[AttributeValue, int]:
        """Return the value that begins after the quote, and the offset after its closing quote."""
        text, source = self.text, self.source
        parts: list[Excerpt] = []
        literal = position = start
        whole = _WHOLE_EXPRESSION.match(text, start)
        if whole:
            at = whole.end()
            expression = self.expression_at(at, len(text), quote)
            if isinstance(expression, Unterminated):
                return self.broken_value(start, at, quote, expression)
            if end := _AFTER_EXPRESSION[quote].match(text, expression.end):
                return AttributeValue(source, start, end.end() - 1, expression, (expression,)), end.end()
            parts.append(expression)
            literal = position = expression.end
        end_of_value = position - 1
        while True:
            if end_of_value < position:
                end_of_value = text.find(quote, position)
            if end_of_value < 0:
                return self.open_value(name, start, position, quote, parts)
            if (last := self.end_of_runaway(position, end_of_value)) >= 0:
                return self.open_value(name, start, position, quote, parts, last)
            inner = EXPRESSION_START.search(text, position, end_of_value)
            if inner is None:
                break
            expression = self.expression_at(inner.start(), len(text), quote)
            # An expression that holds the quote itself must leave a sensible rest, or it is not one.
            if isinstance(expression, Unterminated) or (
                expression.end > end_of_value and not _REST_OF_VALUE[quote].match(text, expression.end)
            ):
                position = inner.end()
                continue
            self.check(literal, inner.start(), in_value=True)
            parts.append(expression)
            literal = position = expression.end
        self.check(literal, end_of_value, in_value=True)
        return AttributeValue(source, start, end_of_value, None, tuple(parts)), end_of_value + 1

    def end_of_runaway(self, position: int, end_of_value: int) -> int:
        """Return where a value without a closing quote ends, if the quote at `end_of_value` opens another; else -1."""
        text = self.text
        if "<" in text[position:end_of_value] and (
            found := re.compile(_RUNAWAY_VALUE).match(text, position, end_of_value)
        ):
            return position + len(found[1].removesuffix("/").rstrip())
        if text[end_of_value + 1 : end_of_value + 2] in _AFTER_VALUE:
            return -1
        next_attribute = re.compile(_INTO_NEXT_ATTRIBUTE).search(text[position:end_of_value])
        return -1 if next_attribute is None else position + next_attribute.start()

    def broken_value(self, start: int, at: int, quote: str, found: Unterminated) -> tuple[AttributeValue, int]:
        """Return a value that begins with an expression that does not end."""
        text = self.text
        likely = re.compile(_LIKELY_END[quote]).search(text, at)
        end = likely.start() if likely else text.find(quote, at)
        if end >= 0:
            # Seen without what follows the value, the fault is often a plainer one: a bracket instead of a string.
            nearer = find_expression(self.source, at, end, delimiter=quote)
            if isinstance(nearer, Unterminated):
                found = nearer
        if end < 0:
            end = len(text)
        self.unterminated(at, end, found)
        return AttributeValue(self.source, start, end), min(end + 1, len(text))

    def open_value(
        self, name: str, start: int, position: int, quote: str, parts: list[Excerpt], end: int = -1
    ) -> tuple[AttributeValue, int]:
        """Report a value without a closing quote, which ends at `end`, or before the next angle bracket or line."""
        if end < 0:
            match = _OPEN_VALUE.match(self.text, position)
            assert match is not None  # it may be empty
            end = match.end()
        self.report("POL017", f"the value of '{name}' has no closing {quote}", start - 1, start, label="opened here")
        return AttributeValue(self.source, start, end, None, tuple(parts)), end

    # Text

    def characters(self, start: int) -> int:
        """Read text up to the next tag, or past expressions that hold `<`; the offset after it."""
        text, source = self.text, self.source
        length = len(text)
        parts: list[Excerpt] = []
        literal = position = start
        whole = _WHOLE_EXPRESSION.match(text, start)
        while True:
            if self.next_tag < position:
                self.next_tag = text.find("<", position)
                if self.next_tag < 0:
                    self.next_tag = length
            end = self.next_tag
            inner = EXPRESSION_START.search(text, position, end)
            if inner is None:
                break
            at = inner.start()
            code = self.expression_at(at, length, "")
            if isinstance(code, Unterminated):
                position = at + 2
                if whole and whole.end() == at:
                    end = literal = self.end_of_content(at)
                    self.unterminated(at, end, code)
                    break
                continue
            self.check(literal, at)
            parts.append(code)
            literal = position = code.end
        self.check(literal, end)
        blank = not NOT_SPACE.search(text, literal, end)
        expression = parts[0] if whole and len(parts) == 1 and parts[0].start == whole.end() and blank else None
        if (
            self.element is None
            and (parts or not blank or NOT_SPACE.search(text, start, end))
            and not has_hole(text[start:end])
        ):
            self.report("POL020", "text outside the root element", start, end)
        self.children.append(TextNode(source, start, end, expression, tuple(parts)))
        return end

    def end_of_content(self, start: int) -> int:
        """Return where the text with a broken expression at `start` most likely ends: at the end tag of its element."""
        if self.element is not None:
            end = self.text.find(f"</{self.element.name}", start)
            if end >= 0:
                return end
        return self.next_tag

    def cdata_section(self, start: int, end: int, limit: int) -> None:
        """A CDATA section from `start` to `end`, its content up to `limit`."""
        text, source = self.text, self.source
        expression: Excerpt | None = None
        parts: tuple[Excerpt, ...] = ()
        whole = _WHOLE_EXPRESSION.match(text, start + len("<![CDATA["), limit)
        if whole:
            found = self.expression_at(whole.end(), limit, "", entities=False)
            if isinstance(found, Unterminated):
                self.unterminated(whole.end(), limit, found)
            else:
                parts = (found,)
                expression = None if NOT_SPACE.search(text, found.end, limit) else found
        if self.element is None:
            self.report("POL020", "text outside the root element", start, end)
        self.children.append(CData(source, start, end, expression, parts))

    def check(self, start: int, end: int, *, in_value: bool = False) -> None:
        """Report what XML does not allow among literal characters."""
        text = self.text
        ampersand = text.find("&", start, end)
        while ampersand >= 0:
            self.check_entity(ampersand)
            ampersand = text.find("&", ampersand + 1, end)
        if in_value:
            angle = text.find("<", start, end)
            forgotten = re.compile(_FORGOTTEN).match(text, angle, end) if angle >= 0 else None
            if forgotten is not None:
                message = f"'{forgotten[0]}' is a placeholder that has not been replaced"
                self.report("POL023", message, *forgotten.span(), help=ADVICE_ON_FORGOTTEN)
            elif angle >= 0:
                advice = "Write `&lt;`. Only expressions can contain a raw `<`. Is a closing quote missing?"
                self.report("POL023", "'<' is not allowed in an attribute value", angle, angle + 1, help=advice)
        elif (mark := text.find("]]>", start, end)) >= 0:
            self.report("POL025", "']]>' is not allowed in text", mark, mark + 3, help="Write `]]&gt;`.")

    def check_entity(self, start: int) -> None:
        entity = ENTITY.match(self.text, start)
        if entity and character_of(entity[0]) is not None:
            return
        if alike := re.compile(_ENTITY_LIKE).match(self.text, start):
            advice = "XML has `&amp;`, `&lt;`, `&gt;`, `&quot;`, `&apos;` and character numbers such as `&#160;`."
            self.report("POL014", f"unknown entity '{alike[0]}'", start, alike.end(), help=advice)
        else:
            advice = "Write `&amp;`. Only expressions can contain a raw `&`."
            self.report("POL013", "'&' must be escaped here", start, start + 1, help=advice)
