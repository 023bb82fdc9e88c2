"""Templates whose values aren't known: what a pipeline puts in later is the same unknown in both versions.

A placeholder becomes a named value without a value, one between policies a fragment that isn't known. Code that isn't
C# until a placeholder is filled in (`new[] {${list}}`) becomes a named value as a whole: requests run with a stand-in,
and no proof depends on what the code does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.csharp.emit.expression import check_expression
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.gateway.policies.validation import validate
from apimpolicy.project.embedded.shapes import PLACEHOLDER, read_shapes
from apimpolicy.project.infrastructure.values import MARKED
from apimpolicy.project.service.description import FileLocation
from apimpolicy.project.service.likely_values import likely_value
from apimpolicy.project.service.policy_sources import UnknownValues, places_of_policies, unknown_policies
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import substitute
from apimpolicy.text.source import Excerpt, Source, has_hole

_Piece = tuple[int, int, str]


class Templates:
    """The placeholders of both versions of a policy, each with one name."""

    def __init__(self) -> None:
        self._names = UnknownValues()
        self.values: dict[str, str] = {}
        """Stand-ins by name, where not any text will do: conditions are false, so that what follows runs."""

    def filled(self, source: Source) -> Source:
        """Return a policy in which nothing is left to be put in; a source without placeholders itself.

        A template with conditions or loops stays as it is.
        """
        if source.origin is not None:
            return source
        pieces = read_shapes(source)
        if not pieces.holes or pieces.has_choices:
            return source
        marked = pieces.source()
        policies = places_of_policies(marked.text)
        if policies is None:
            return source
        replacements = [
            (start, end, unknown_policies(f"{written} isn't known") if start in policies else self._reference(written))
            for start, end, written in _holes(marked)
        ]
        filled = _replaced(marked, replacements)
        if codes := list(self._codes(filled)):
            return _replaced(filled, codes)
        return filled

    def _reference(self, written: str) -> str:
        return f"{{{{{PLACEHOLDER}{self._names.name(written, FileLocation(''))}}}}}"

    def _codes(self, source: Source) -> Iterator[_Piece]:
        """Yield the expressions that are none with stand-ins for their placeholders."""
        document = read(source)
        references = [f"{PLACEHOLDER}{each.display_name}" for each in self._names.described]
        values = {name: likely_value(name, source.text, name) for name in references}
        conditions = {
            each.value.start for element in document.elements() if (each := element.get("condition")) is not None
        }
        for excerpt in sorted(document.expressions(), key=lambda each: each.start):
            written = source.text[excerpt.start : excerpt.end]
            if PLACEHOLDER in written and not _is_code(written, values):
                reference = self._reference(" ".join(written.split()))
                if excerpt.start in conditions:
                    self.values[reference.strip("{}")] = "false"
                yield excerpt.start, excerpt.end, reference


def _holes(source: Source) -> Iterator[tuple[int, int, str]]:
    """Yield the marks in a text, and what is written in their places."""
    for found in MARKED.finditer(source.text):
        yield found.start(), found.end(), source.holes[int(found[0][1:-1])]


def faults(source: Source) -> list[Diagnostic]:
    """Return the errors of a policy that it has whatever is put into it later."""
    pieces = read_shapes(source)
    if pieces.has_choices:
        return []
    document, check = read(pieces.source()), ExpressionCheck()
    found = [*document.diagnostics, *validate(document)]
    found += [each for excerpt in document.expressions() for each in check(excerpt)]
    return [each for each in found if each.severity is Severity.ERROR]


def _is_code(written: str, values: dict[str, str]) -> bool:
    filled, _ = substitute(Source(written), values)
    if has_hole(filled.text):
        return False
    return all(each.severity is not Severity.ERROR for each in check_expression(Excerpt.of(filled.text)))


def _replaced(source: Source, pieces: Sequence[_Piece]) -> Source:
    """Return a source with other texts for pieces of it, in order and apart."""
    texts: list[str] = []
    anchors: list[tuple[int, int, bool]] = [(0, 0, True)]
    position = length = 0
    for start, end, text in pieces:
        texts += (source.text[position:start], text)
        length += start - position
        anchors.append((length, start, False))
        length += len(text)
        anchors.append((length, end, True))
        position = end
    texts.append(source.text[position:])
    return Source("".join(texts), source.path, source, tuple(anchors), ("",))
