"""Named values, `{{name}}`, and their places."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.text.document import CData, Characters, Element
from apimpolicy.text.source import FIRST_NAMED_VALUE, Excerpt, Source, mark

# Named values, `{{display-name}}`: finding them, putting their values in, and doing without.
# The gateway puts their values in when it has read the document as XML: in an attribute or a text a value is literal,
# whatever characters it has; in an expression it is code. Whether the case of a name counts is not documented, a value
# is
# not looked at again (named values do not nest), and it may be an expression. What is not a reference here:
#
# - `{{…}}` in the text of an element with `template="liquid"`: that is Liquid's own output tag, unless a named value
# of
# that name is there;
# - `{{…}}` in an XML comment;
# - `{{{name}}}`, which in an interpolated string is C# for a brace, a hole and a brace;
# - `{{ name }}` with spaces inside the braces: a display name neither begins nor ends with one.
#
# POL001  a named value that does not exist

MISSING_NAMED_VALUE = "POL001"

REFERENCE = re.compile(r"\{\{([A-Za-z0-9\-._]++(?: ++[A-Za-z0-9\-._]++)*+)\}\}")
_OPAQUE = re.compile(
    r"<!--|<([A-Za-z][\w-]*+)\b"
    r"[^<>]*?\btemplate\s*=\s*(?:\"[Ll]iquid\"|'[Ll]iquid')[^<>]*(?<!/)>"
)
_LIQUID_OBJECTS = ("body", "context")


class NamedValueReference(NamedTuple):
    """One `{{name}}`; `start` and `end` include the braces."""

    name: str
    start: int
    end: int


class MissingNamedValue(NamedTuple):
    """Return the finding for a named value that does not exist; without `help` it explains how to declare one."""

    message: str
    label: str = ""
    help: str = ""
    severity: Severity = Severity.ERROR


class KnownNamedValues(dict[str, str]):
    """Values by name, where other names may exist without a known value: `missing` says what is wrong with a name.

    A name with which nothing is wrong stays in the document, as a hole.
    """

    def __init__(self, values: Mapping[str, str], missing: Callable[[str], MissingNamedValue | None]) -> None:
        super().__init__(values)
        self.missing = missing


def find_named_values(text: str) -> list[NamedValueReference]:
    """Return every reference to a named value in a policy document, in order."""
    if "{{" not in text:
        return []
    found: list[NamedValueReference] = []
    position = 0
    for start, end in opaque_spans(text):
        found.extend(_references(text, position, start))
        position = end
    found.extend(_references(text, position, len(text)))
    return found


def _in_liquid(text: str, values: Mapping[str, str]) -> Iterator[NamedValueReference]:
    """References in Liquid templates to named values that are there."""
    if "{{" in text:
        for start, end in opaque_spans(text):
            if text[start - 4 : start] != "<!--":
                found = (reference for reference in _references(text, start, end) if reference.name in values)
                yield from (each for each in found if each.name.partition(".")[0] not in _LIQUID_OBJECTS)


def opaque_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where double braces are Liquid's, or have no meaning: templates in Liquid and comments, as (start, end)."""
    position = 0
    while opening := _OPAQUE.search(text, position):
        end = text.find("-->" if opening[0] == "<!--" else f"</{opening[1]}", opening.end())
        position = end if end >= 0 else len(text)
        yield opening.end(), position


def _references(text: str, start: int, end: int) -> Iterator[NamedValueReference]:
    for match in REFERENCE.finditer(text, start, end):
        first, last = match.span()
        if text[first - 1 : first] != "{" or text[last : last + 1] != "}":
            yield NamedValueReference(match[1], first, last)


def substitute(source: Source, values: Mapping[str, str]) -> tuple[Source, list[Diagnostic]]:
    """Return the source with the values in place of their references, and a POL001 for each one that does not exist.

    The new source has the old one as its `origin`: lines and positions stay those of the file. References without a
    value stay as they are. Without any reference the source itself comes back.
    """
    text = source.text
    pieces: list[str] = []
    anchors: list[tuple[int, int, bool]] = [(0, 0, True)]
    missing: list[Diagnostic] = []
    position = length = 0
    places: NamedValuePlaces | None = None
    references = [*find_named_values(text), *_in_liquid(text, values)]
    for name, start, end in sorted(references, key=lambda found: found.start):
        value = values.get(name)
        if value is None:
            alike = next((candidate for candidate in values if candidate.lower() == name.lower()), None)
            missing += _missing(source, name, start, end, values, alike)
            if alike is None:
                continue
            value = values[alike]
        if places is None:
            places = NamedValuePlaces(source)
        value = places.written(value, start)
        pieces += (text[position:start], value)
        length += start - position
        anchors.append((length, start, False))
        length += len(value)
        anchors.append((length, end, True))
        position = end
    if not pieces:
        return source, missing
    pieces.append(text[position:])
    return Source("".join(pieces), source.path, source, tuple(anchors)), missing


def _missing(
    source: Source, name: str, start: int, end: int, values: Mapping[str, str], alike: str | None
) -> Iterator[Diagnostic]:
    """Yield the finding for a named value that does not exist: a warning where the name of one differs only in case.

    No page of Microsoft documents whether case counts.
    """
    words: MissingNamedValue | None = MissingNamedValue(f"Cannot find a property '{name}'")
    if isinstance(values, KnownNamedValues):
        words = values.missing(name)
    if words is None:
        return
    advice, severity = words.help, words.severity
    if alike is not None:
        advice, severity = f"There is '{alike}': whether case counts is not documented.", Severity.WARNING
    elif not advice:
        advice = f'Add it to apimpolicy.toml, below [named-values]: {_toml_key(name)} = "…"'
    yield Diagnostic(MISSING_NAMED_VALUE, words.message, source, start, end, severity, words.label, advice)


def _toml_key(name: str) -> str:
    """Return the name as a key of TOML: in quotes, where it has a dot or a blank."""
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else f'"{name}"'


def named_values_as_holes(excerpt: Excerpt) -> Excerpt:
    """The expression with the mark of a hole (see `source`) for each `{{name}}`: in code, in strings, in comments.

    The gateway puts the value in before it compiles the expression, wherever the reference is.
    """
    if "{{" not in excerpt.text:
        return excerpt
    numbers: dict[str, int] = {}
    pieces = [
        (start, end, mark(FIRST_NAMED_VALUE + numbers.setdefault(name, len(numbers))))
        for name, start, end in _references(excerpt.text, 1, len(excerpt.text))
    ]
    return excerpt.replaced(pieces) if pieces else excerpt


# Write the value of a named value in the place of its reference.
# The gateway puts it in after the document was read as XML (seen on real gateways: JSON with its quotes in an
# attribute,
# URLs with `&`). Here it is put into the text, and so it is escaped where XML would read it: in attributes and
# between
# tags. In an expression it is code: written as it is in the raw form, escaped in the form that is well-formed XML.

_RAW_AMPERSAND = re.compile(r"&(?!(?:#[0-9]+|#x[0-9A-Fa-f]+|[A-Za-z][\w.-]*);)")


class NamedValuePlaces:
    """The attributes and texts of a document that contain references."""

    def __init__(self, source: Source) -> None:
        from apimpolicy.text.markup import read

        self.text = source.text
        document = read(source)
        self.places = sorted(_characters(document.roots), key=lambda place: place[0])
        self.starts = [start for start, _, _ in self.places]

    def written(self, value: str, start: int) -> str:
        """Return the value as it is in the place of the reference that begins at `start`."""
        index = bisect_right(self.starts, start) - 1
        if index < 0 or not any(mark in value for mark in "&<\"'"):
            return value
        _, delimiter, found = self.places[index]
        if start >= found.end or isinstance(found, CData):
            return value
        expression = next((part for part in _expressions(found) if part.start <= start < part.end), None)
        if expression is not None and self.is_raw(expression, delimiter):
            return value
        return _escaped(value, delimiter)

    def is_raw(self, expression: Excerpt, delimiter: str) -> bool:
        """Return whether an expression is not well-formed XML where it is."""
        code = self.text[expression.start : expression.end]
        return "<" in code or (delimiter != "" and delimiter in code) or _RAW_AMPERSAND.search(code) is not None


def _characters(roots: list[Element]) -> Iterator[tuple[int, str, Characters]]:
    """Yield every attribute value and text: where it begins, what would end it, and itself."""
    for root in roots:
        for element in root.descendants():
            for attribute in element.attributes:
                start = attribute.value.start
                yield start, element.source.text[start - 1 : start], attribute.value
            for child in element.children:
                if isinstance(child, Characters):
                    yield child.start, "", child


def _expressions(found: Characters) -> list[Excerpt]:
    return [*found.parts, *([found.expression] if found.expression is not None else [])]


def _escaped(value: str, delimiter: str) -> str:
    escaped = value.replace("&", "&amp;").replace("<", "&lt;")
    return escaped.replace(delimiter, "&quot;" if delimiter == '"' else "&apos;") if delimiter else escaped
