"""The layout of files: policies by themselves, and policies in Terraform heredocs and multi-line strings of Bicep.

A policy that can't be laid out safely stays as it is, and the result has the reason. The new text is read again,
compared with the original (`is_same`), and checked: the findings must be the same.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from apimpolicy.checks.document import check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.errors import ConfigurationError
from apimpolicy.formatting import csharp, markup
from apimpolicy.project.embedded import policies_of, reader_for
from apimpolicy.project.files import source_of
from apimpolicy.project.fixes import Edit, apply
from apimpolicy.text.document import CData, Characters, Comment, Document, Element, MarkupNode
from apimpolicy.text.markup import read
from apimpolicy.text.source import Excerpt, Source

if TYPE_CHECKING:
    from apimpolicy.project.format_settings import LayoutStyle

_COMMENT_INDENT = re.compile(r"\n[ \t]*")


def is_same(before: Document, after: Document) -> bool:
    """Return whether the elements, attributes, texts, comments and C# tokens of two documents are equal, in order."""
    if [found.code for found in before.diagnostics] != [found.code for found in after.diagnostics]:
        return False
    return list(_content(before.children)) == list(_content(after.children))


def _content(nodes: list[MarkupNode]) -> Iterator[tuple[object, ...]]:
    for node in nodes:
        if isinstance(node, Element):
            yield ("element", node.name, *((each.name, _characters(each.value)) for each in node.attributes))
            if node.expression is None and markup.is_data(node):
                inside = node.source.text[node.content_start : node.content_end]
                yield ("inside", _BREAK.sub("\n", inside))
            else:
                yield from _content(node.children)
            yield ("end", node.name)
        elif isinstance(node, Characters):
            if node.raw.strip():
                yield (type(node).__name__, _characters(node))
        elif isinstance(node, Comment):
            yield ("comment", _COMMENT_INDENT.sub("\n", _BREAK.sub("\n", node.raw)))
        else:
            yield (type(node).__name__, node.raw)


def _characters(characters: Characters) -> object:
    """Return the tokens of an expression, or the text."""
    if characters.expression is None:
        return _BREAK.sub("\n", characters.raw)
    tokens = csharp.tokens_of(characters.expression.text)
    return tokens or _BREAK.sub("\n", characters.raw.strip())


FORMS: Final = ("raw", "xml")


def edits_of(document: Document, form: str) -> list[Edit]:
    """Return the edits that write every whole-value expression of a document in a form, in order."""
    found: list[Edit] = []
    for code, quote in _expressions(document):
        written = document.source.text[code.start : code.end]
        wanted = code.text if form == "raw" else _escaped(code.text, quote)
        if written != wanted:
            found.append(Edit(code.start, code.end, wanted))
    return sorted(found)


def _expressions(document: Document) -> Iterator[tuple[Excerpt, str]]:
    """Yield expressions that are a whole value or text, with the quote around them; those in CDATA have no entities."""
    for element in document.elements():
        for attribute in element.attributes:
            if attribute.value.expression is not None:
                yield attribute.value.expression, document.source.text[attribute.value.start - 1]
        for child in element.children:
            if isinstance(child, Characters) and not isinstance(child, CData) and child.expression is not None:
                yield child.expression, ""


def _escaped(text: str, quote: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;") if quote == '"' else text.replace("'", "&apos;") if quote == "'" else text


_BREAK = re.compile(r"\r\n|\r")
_INDENT = re.compile(r"[ \t]*")


class Formatted(NamedTuple):
    """The bytes of a formatted file; for each policy that was left unchanged, the line and the reason."""

    data: bytes
    kept: tuple[tuple[int, str], ...] = ()


class Formatter:
    """Lays out files with one set of settings; `placeholders` are those of the project (see `project.embedded`).

    Without `compares_findings` only the content is compared: enough for a command that writes nothing.
    """

    def __init__(
        self,
        style: LayoutStyle,
        placeholders: Sequence[str] = (),
        form: str | None = None,
        *,
        compares_findings: bool = True,
    ) -> None:
        self.compares_findings = compares_findings
        self.style = style
        self.placeholders = placeholders
        self.form = form
        self._check = ExpressionCheck()

    def file(self, data: bytes, path: str) -> Formatted:
        """Lay out the policies in the bytes of a file. Raises ConfigurationError for a file that holds none."""
        source, problems = source_of(data, path)
        mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        if problems or source.text.encode() != data[len(mark) :]:
            return Formatted(data, ((1, "it is not UTF-8"),))
        is_embedded = reader_for(path) is not None
        ends = _BREAK.findall(source.text)
        text = source.text if is_embedded else _BREAK.sub("\n", source.text)
        before, problems = policies_of(text.encode(), path, self.placeholders)
        edits: list[Edit] = []
        kept = [(problem.source.position(problem.start).line, problem.message) for problem in problems]
        for readings in before:
            found, reason = self._edits(readings, text, is_embedded)
            edits += found
            if reason:
                kept.append((readings[0].position(0).line, reason))
        new = apply(text, sorted(edits))
        if not is_embedded and not kept:
            new = new.rstrip("\n") + ("\n" if text.endswith("\n") else "")
        if not is_embedded and 2 * ends.count("\r\n") > text.count("\n"):
            new = new.replace("\n", "\r\n")
        if new == source.text:
            return Formatted(data, tuple(kept))
        if reason := self._difference(before, new, path):
            return Formatted(data, (*kept, (1, reason)))
        return Formatted(mark + new.encode(), tuple(kept))

    def _edits(self, readings: Sequence[Source], text: str, is_embedded: bool) -> tuple[list[Edit], str]:
        """Return the edits for one policy in the offsets of the file, and why there are none."""
        if len(readings) > 1:
            return [], "a template decides which of its parts are there"
        reading = readings[0]
        document = read(reading)
        if document.diagnostics:
            first = document.diagnostics[0]
            return [], f"it can't be read: {first.message} (line {reading.position(first.start).line})"
        level = self._level(reading, text) if is_embedded else 0
        found = markup.edits_of(document, self.style, level)
        if is_embedded and found and found[0].start == 0:
            found = found[1:]  # white space before the policy is the template's
        if self.form is not None and not (found := self._with_form(reading, found)):
            return [], ""
        outer = [_outer(edit, reading, text) for edit in found]
        if any(edit is None for edit in outer):
            return [], "it is not written as one block of lines"
        return [edit for edit in outer if edit is not None], ""

    def _with_form(self, reading: Source, found: list[Edit]) -> list[Edit]:
        """Return one edit that lays out the policy and writes its expressions in the wanted form."""
        assert self.form is not None
        laid_out = apply(reading.text, found)
        document = read(Source(laid_out))
        new = apply(laid_out, edits_of(document, self.form))
        if [code.text for code in read(Source(new)).expressions()] != [code.text for code in document.expressions()]:
            new = laid_out
        return [Edit(0, len(reading.text), new)] if new != reading.text else []

    def _level(self, reading: Source, text: str) -> int:
        """Return the level of the line in the file on which the policy begins."""
        start = reading.original(len(reading.text) - len(reading.text.lstrip()))
        line = text.rfind("\n", 0, start) + 1
        blank = _INDENT.match(text, line)
        assert blank is not None  # it may be empty
        return len(blank[0].expandtabs(self.style.indent_width)) // self.style.indent_width

    def _difference(self, before: Sequence[Sequence[Source]], new: str, path: str) -> str:
        """Return a description of a difference besides layout; empty if there is none."""
        try:
            after, problems = policies_of(new.encode(), path, self.placeholders)
        except ConfigurationError:
            return "internal error: the policy was lost"
        if problems or len(after) != len(before):
            return "internal error: the number of policies changed"
        for old, laid_out in zip(before, after, strict=True):
            if len(old) != len(laid_out):
                return "internal error: the branches of the template changed"
            if not all(is_same(read(one), read(other)) for one, other in zip(old, laid_out, strict=True)):
                return "internal error: the content changed"
            if self.compares_findings and self._findings(old) != self._findings(laid_out):
                return "internal error: check reports other findings"
        return ""

    def _findings(self, readings: Sequence[Source]) -> Counter[tuple[str, str]]:
        return Counter((found.code, str(found.severity)) for found in check_readings(readings, self._check))


def _outer(edit: Edit, reading: Source, text: str) -> Edit | None:
    """Return an edit of a reading as one of the file; None where the file has something else at that place."""
    if reading.origin is None:
        return edit
    start = reading.original(edit.start)
    end = reading.original(edit.end - 1) + 1 if edit.end > edit.start else start
    return Edit(start, end, edit.text) if text[start:end] == reading.text[edit.start : edit.end] else None
