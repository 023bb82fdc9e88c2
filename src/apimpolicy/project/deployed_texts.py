"""The policies in a file as they are deployed: the values that infrastructure code computes from the texts in it.

A policy in a Bicep file may be `replace('''<policies>…''', 'a', 'b')`: its value is what Azure gets, and what is
checked, with its places in the file. What isn't known in it is a hole. A text that nothing deploys is checked as it is
written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.parsers import expat

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.text.markup import read
from apimpolicy.text.source import Source, has_hole

if TYPE_CHECKING:
    from apimpolicy.project.service.description import PolicyText, ServiceDescription

NOT_XML = "POL031"
XML = "xml"
"""The format in which Azure reads a policy as XML; it is the default of Bicep and ARM templates."""
MOST_TEXTS = 64
"""Different values of one text, of a loop, that are checked."""
_HELP = "Write `format: 'rawxml'`, or escape the expressions: &quot; for \", &lt; for <, &amp; for &."


def texts_by_file(service: ServiceDescription) -> dict[str, list[PolicyText]]:
    """Return the known policies of a service by the real path of the file that most of each is from."""
    found: dict[str, dict[tuple[str, str], PolicyText]] = {}
    for _, policy in service.policies():
        if not policy.unknown and not policy.is_conditional:
            file = os.path.realpath(policy.path or policy.origin.file)
            text = "" if policy.source is None else policy.source.text
            found.setdefault(file, {}).setdefault((text, policy.form), policy)
    return {file: list(texts.values())[:MOST_TEXTS] for file, texts in found.items()}


def as_deployed(
    written: Sequence[list[Source]], deployed: Sequence[PolicyText], made_up: frozenset[str]
) -> list[list[Source]]:
    """Return the policies of a file with deployed values in the place of the texts that these come from.

    `made_up` are the named values that represent what isn't known.
    """
    values = [policy.source for policy in deployed if policy.source is not None]
    if not values:
        return list(written)
    spans = [span for value in values for span in _verbatim(value)]
    kept = [readings for readings in written if not any(_overlaps(readings, *span) for span in spans)]
    return [*kept, *([_with_holes(value, made_up)] for value in values)]


def xml_faults(deployed: Sequence[PolicyText], made_up: frozenset[str]) -> Iterator[Diagnostic]:
    """Yield a finding for each policy that Azure reads as XML and that isn't."""
    for policy in deployed:
        if policy.form == XML:
            try:
                source = _with_holes(policy.read(), made_up)
            except ConfigurationError:
                continue
            if (fault := _xml_fault(source)) is not None:
                yield fault


def _xml_fault(source: Source) -> Diagnostic | None:
    """Return the first place at which a text isn't XML; an unknown text before it may explain it."""
    if any(each.code for each in read(source).diagnostics) or "<!DOCTYPE" in source.text:
        return None  # which is reported as it is
    parser = expat.ParserCreate("utf-8")
    data = source.text.encode("utf-8", "replace")
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        offset = len(data[: max(parser.ErrorByteIndex, 0)].decode("utf-8", "replace"))
        if has_hole(source.text[:offset]):
            return None
        reason = expat.ErrorString(error.code)
        message = f"Azure refuses this policy with the format 'xml': it isn't well-formed XML ({reason})"
        return Diagnostic(NOT_XML, message, source, offset, min(offset + 1, len(source.text)), help=_HELP)
    return None


def blanks_for_lines(source: Source) -> Source:
    """Return a policy as XML has it: line breaks in attributes are blanks, so that a `//` comment has no end."""
    attributes = [each for element in read(source).elements() for each in element.attributes]
    spans = [(each.value.start, each.value.end) for each in attributes if each.value is not None]
    text = list(source.text)
    for start, end in spans:
        if "//" in source.text[start:end]:
            text[start:end] = re.sub(r"[\r\n]", " ", source.text[start:end])
    made = "".join(text)
    return source if made == source.text else Source(made, source.path, source)


def _with_holes(source: Source, made_up: frozenset[str]) -> Source:
    names = [name for name in made_up if f"{{{{{name}}}}}" in source.text]
    if not names:
        return source
    pieces = Pieces(source)
    pieces.copy(0, len(source.text))
    return pieces.with_holes_for(re.compile("|".join(re.escape(f"{{{{{name}}}}}") for name in names))).source()


def _verbatim(source: Source) -> Iterator[tuple[int, int]]:
    """Yield the spans of the file whose characters a text has."""
    ends = [*(anchor[0] for anchor in source.anchors[1:]), len(source.text)]
    for (start, _, in_step), end in zip(source.anchors, ends, strict=True):
        if in_step and end > start:
            yield source.original_span(start, end)


def _overlaps(readings: Sequence[Source], start: int, end: int) -> bool:
    for each in readings:
        first, last = each.original_span(0, len(each.text))
        if first < end and start < last:
            return True
    return False
