"""Findings of `check` in the information files of a service.

POL162  a reference to a resource that the service doesn't have
POL163  a name that Azure refuses
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.project.inventory import properties_of
from apimpolicy.project.links import links_in
from apimpolicy.project.resource_kinds import DISPLAY_NAME, kind_of_file, kind_of_folder

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from apimpolicy.project.known_service import Service
    from apimpolicy.text.source import Source

LINK_UNKNOWN = "POL162"
NAME_REFUSED = "POL163"

_LISTS = ("apis.json", "groups.json", "products.json", "tags.json")
_REVISION = ";rev="


def information_files(root: str) -> Iterator[str]:
    """The information files of a service's folder, in order."""
    for directory, folders, files in os.walk(root):
        folders.sort()
        for name in sorted(files):
            if name.endswith("Information.json") or name in _LISTS:
                yield os.path.join(directory, name)


def check_information(
    path: str, source: Source, service: Service, partial: Container[str] = ()
) -> Iterator[Diagnostic]:
    """Return what is wrong with the name of a resource, and with what its information file refers to.

    Of the kinds in `partial` only misspelt names are reported. What an overlay refers to is not looked at: it often
    names what only the service of its environment has.
    """
    yield from _refused_name(path, source)
    for kind, name, start, end, is_certain in links_in(path, service.root, _replaced(path, service)):
        missing = None if service.has_id(kind, name) else service.missing(kind, name)
        if missing is not None and (missing.near or missing.deleted or kind not in partial):
            is_error = is_certain and missing.is_certain and (bool(missing.deleted) or kind not in partial)
            severity = Severity.ERROR if is_error else Severity.WARNING
            yield Diagnostic(LINK_UNKNOWN, missing.message, source, start, end, severity, missing.label, missing.help)


def _replaced(path: str, service: Service) -> Mapping[str, object]:
    """The properties of a file that the environment's overlay has others for."""
    overlay = None if service.environment is None else service.environment.overlay
    kind = kind_of_file(os.path.basename(path))
    if overlay is None or kind is None:
        return {}
    return overlay.properties(kind.id, os.path.basename(os.path.dirname(path)), service.inventory.workspace)


def _refused_name(path: str, source: Source) -> Iterator[Diagnostic]:
    kind = kind_of_file(os.path.basename(path))
    folder = os.path.dirname(os.path.abspath(path))
    if kind is None or kind_of_folder(os.path.basename(os.path.dirname(folder))) is not kind:
        return
    name = os.path.basename(folder)
    if kind.id == "apis":
        name = name.partition(_REVISION)[0]
    names = [(f"the {kind.noun}", name, kind.longest, kind.names)]
    if kind.id == "named-values":
        display = properties_of(path).get("displayName")
        if isinstance(display, str):
            names.append(("the display name", display, 256, DISPLAY_NAME))
    for what, each, longest, rule in names:
        sentence = rule.sentence if re.search(rule.refused, each) else ""
        if len(each) > longest:
            sentence = f"A name has at most {longest} characters, this one has {len(each)}."
        if sentence:
            start = max(source.text.find(f'"{each}"') + 1, 0)
            end = start + len(each) if start else 0
            yield Diagnostic(NAME_REFUSED, f"Azure refuses {what} '{each[:300]}'", source, start, end, help=sentence)
