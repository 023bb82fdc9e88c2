"""Holes cut into real documents: a template has no errors and warnings that the policy itself does not have.

    python -m tests.fuzz.holes SECONDS [SEED]

Takes a document of the corpus, replaces pieces of it by `${…}`, `#{…}#` or `{{…}}`, and checks the template: attribute
values and parts of them, elements, runs of elements, attributes, texts, and pieces of C# by its syntax tree. Every
finding must also be one of the whole document. Prints what is not, and counts it.
"""

from __future__ import annotations

import random
import re
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.document import check_readings
from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.csharp.syntax.nodes import Node
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError, PolicySyntaxError
from apimpolicy.project.embedded import policies_of
from apimpolicy.text.document import Characters, Element
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Style(NamedTuple):
    """How a kind of template writes a hole: the name of its file, what is before and after the hole's name.

    `is_text`: a hole is text inside values and expressions, and stands for no markup.
    """

    file: str
    before: str
    after: str
    is_text: bool = False


STYLES = (Style("a.tftpl", "${", "}"), Style("a.xml", "#{", "}#"), Style("a.xml", "{{", "}}", is_text=True))
CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "documents"
PARTS = ("policies", "documentation", "snippets")
CODE_PIECES = frozenset(
    {
        *("argument", "binary", "block", "cast", "conditional", "element_access", "expression_statement"),
        *("identifier", "if_statement", "integer_literal", "interpolation", "invocation"),
        *("local_declaration_statement", "logical_and", "logical_or", "member_access", "named_type"),
        *("return_statement", "simple_lambda", "string_literal"),
    }
)


def pieces_of(text: str, style: Style) -> list[tuple[int, int]]:
    """Spans of a document that a template might put in."""
    elements = [element for root in read(Source(text)).roots for element in root.descendants()]
    found = [span for element in elements for span in _texts(element)]
    return found if style.is_text else found + [span for element in elements for span in _markup(element)]


def _markup(element: Element) -> Iterator[tuple[int, int]]:
    for attribute in element.attributes:
        yield attribute.name_start, attribute.value.end + 1
        if not attribute.value.parts:
            yield (attribute.value.start + attribute.value.end) // 2, attribute.value.end
    children = [child for child in element.children if isinstance(child, Element)]
    for child in children:
        yield child.start, child.end
    if len(children) > 1:
        yield children[0].start, children[-1].end


def _texts(element: Element) -> Iterator[tuple[int, int]]:
    for attribute in element.attributes:
        if attribute.value.end > attribute.value.start:
            yield attribute.value.start, attribute.value.end
    for characters in (*(attribute.value for attribute in element.attributes), *element.children):
        if not isinstance(characters, Characters):
            continue
        if not characters.parts and characters.raw.strip():
            yield characters.start, characters.end
        for part in characters.parts:
            for start, end in _code(part.text):
                first, last = part.locate(start), part.locate(end - 1) + 1
                if "&" not in part.source.text[first : last + 10]:  # not in the middle of an entity
                    yield first, last


def _code(text: str) -> Iterator[tuple[int, int]]:
    try:
        waiting = [parse(text)]
    except PolicySyntaxError:
        return
    while waiting:
        node = waiting.pop()
        if node.kind in CODE_PIECES and node.end > node.start:
            yield node.start, node.end
        waiting.extend(child for child in node.children if isinstance(child, Node))


def with_holes(text: str, spans: Sequence[tuple[int, int]], style: Style) -> str:
    """The text with holes for spans that do not meet, and other signs of templates doubled."""
    parts: list[str] = []
    position = 0
    for number, (start, end) in enumerate(sorted(spans)):
        if start >= position and not (style.is_text and text[start - 1] == "{"):  # three braces are C#'s
            parts += (doubled(text[position:start], style), f"{style.before}hole{number}{style.after}")
            position = end
    parts.append(doubled(text[position:], style))
    return "".join(parts)


def doubled(text: str, style: Style) -> str:
    """Text that means itself in a template."""
    return re.sub(r"([$%])(?=\{)", r"\1\1", text) if style.file == "a.tftpl" else text


def findings(text: str, style: Style) -> Counter[tuple[str, str]]:
    """Errors and warnings by code and message."""
    policies, problems = policies_of(text.encode(), style.file)
    found = [*problems, *(d for readings in policies for d in check_readings(readings, ExpressionCheck()))]
    return Counter((d.code, d.message) for d in found if d.severity is not Severity.INFO)


def documents(parts: Sequence[str] = PARTS) -> list[str]:
    """The documents of the corpus without errors of their own."""
    found = []
    for path in sorted(path for part in parts for path in (CORPUS / part).rglob("*") if path.is_file()):
        try:
            text = path.read_text("utf-8-sig")
            if not any(code.startswith(("CS", "POL0", "POL1")) for code, _ in findings(text, STYLES[1])):
                found.append(text)
        except (UnicodeDecodeError, ConfigurationError):
            continue
    return found


def surplus(text: str, template: str, style: Style) -> list[str]:
    """What is said of a template and not of the document that it was made from."""
    try:
        whole, found = findings(doubled(text, style), style), findings(template, style)
    except ConfigurationError:  # the hole is where the document says what it is
        return []
    return [f"{code} {message}" for code, message in found if (code, message) not in whole]


def template_of(chance: random.Random, text: str, style: Style) -> str:
    """A document with one to three holes."""
    spans = pieces_of(text, style)
    return with_holes(text, chance.sample(spans, min(len(spans), chance.choice((1, 1, 1, 2, 3)))), style)


def main(seconds: float, seed: int) -> int:
    chance = random.Random(seed)
    known = documents()
    end, count, bad = time.monotonic() + seconds, 0, Counter[str]()
    while time.monotonic() < end:
        text, style = chance.choice(known), chance.choice(STYLES)
        if style.is_text and "liquid" in text.lower():
            continue  # where double braces are Liquid's
        template = template_of(chance, text, style)
        count += 1
        for more in surplus(text, template, style):
            bad[re.sub(r"'[^']*'", "'…'", more)] += 1
            if bad[re.sub(r"'[^']*'", "'…'", more)] <= 2:
                print(f"── {more}\n{_around(template)}")
    print(f"{count:,} templates of {len(known)} documents; {sum(bad.values())} findings too many")
    for what, times in bad.most_common():
        print(f"{times:>6} {what}")
    return 1 if bad else 0


def _around(template: str) -> str:
    lines = template.splitlines()
    places = [number for number, line in enumerate(lines) if "{hole" in line]
    return "\n".join(f"    {line[:200]}" for number in places for line in lines[max(0, number - 1) : number + 2])


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
