"""Findings of `check` in the information files of a service.

POL162  a reference to a resource that the service doesn't have
POL163  a name that Azure refuses
POL164  a file that can't be published, or that publishing leaves out
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.project.embedded.shapes import has_placeholder
from apimpolicy.project.resource_kinds import DISPLAY_NAME, kind_of_file, kind_of_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.project.known_service import Service
    from apimpolicy.project.service.description import Origin
    from apimpolicy.text.source import Source

LINK_UNKNOWN = "POL162"
NAME_REFUSED = "POL163"
UNPUBLISHED = "POL164"

_REVISION = ";rev="


def check_information(path: str, source: Source, service: Service) -> Iterator[Diagnostic]:
    """Yield findings about an information file: its problems, the resource's name and its references.

    Of kinds of which only a part is described, only misspelt names are reported. What an overlay refers to is not
    checked: it often names what only the service of its environment has.
    """
    for problem in service.problems.get(path, ()):
        start = _offset(source, problem.origin)
        # A pipeline may change the file before it publishes the folder, so that nothing is certain.
        yield Diagnostic(UNPUBLISHED, problem.message, source, start, start, Severity.WARNING, help=problem.help)
    yield from _refused_name(path, source, service)
    for each in service.references.get(path, ()):
        if service.has_id(each.kind, each.name):
            continue
        missing = service.missing(each.kind, each.name)
        is_partial = each.kind in service.partial_kinds
        if missing is not None and (missing.near or missing.deleted or not is_partial):
            is_error = each.is_certain and missing.is_certain and (bool(missing.deleted) or not is_partial)
            start = _offset(source, each.origin)
            end = start + len(each.name) * source.text.startswith(each.name, start)
            severity = Severity.ERROR if is_error else Severity.WARNING
            yield Diagnostic(LINK_UNKNOWN, missing.message, source, start, end, severity, missing.label, missing.help)


def _offset(source: Source, origin: Origin) -> int:
    return min(source.line_starts[origin.line - 1] + origin.column - 1, len(source.text))


def _refused_name(path: str, source: Source, service: Service) -> Iterator[Diagnostic]:
    kind = kind_of_file(os.path.basename(path))
    folder = os.path.dirname(os.path.abspath(path))
    if kind is None or kind_of_folder(os.path.basename(os.path.dirname(folder))) is not kind:
        return
    name = os.path.basename(folder)
    if kind.id == "apis":
        name = name.partition(_REVISION)[0]
    names = [(f"the {kind.noun}", name, kind.longest, kind.names)]
    if kind.id == "named-values":
        found = next((each for each in service.description.named_values if each.origin.file == path), None)
        if found is not None and found.name.known is not None:
            names.append(("the display name", found.name.known, 256, DISPLAY_NAME))
    for what, each, longest, rule in names:
        sentence = rule.sentence if re.search(rule.refused, each) else ""
        if len(each) > longest:
            sentence = f"A name has at most {longest} characters, this one has {len(each)}."
        if sentence and not has_placeholder(each):
            start = max(source.text.find(f'"{each}"') + 1, 0)
            end = start + len(each) if start else 0
            yield Diagnostic(NAME_REFUSED, f"Azure refuses {what} '{each[:300]}'", source, start, end, help=sentence)
