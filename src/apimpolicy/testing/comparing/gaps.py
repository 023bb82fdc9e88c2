"""The unknown parts of two versions of a service: resources that may exist, and changes that no one can see."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import read_bytes
from apimpolicy.report.difference_data import ADDED, CHANGED, SettingChange
from apimpolicy.text.source import UNKNOWN_POLICIES

if TYPE_CHECKING:
    from apimpolicy.engine.steps import Program
    from apimpolicy.project.service.description import Gap, ServiceDescription
    from apimpolicy.text.document import Document

_KINDS = {
    "API ": "apis",
    "product ": "products",
    "backend ": "backends",
    "named value ": "named-values",
    "fragment ": "fragments",
    "logger ": "loggers",
    "certificate ": "certificates",
    "subscription ": "subscriptions",
}
"""The kinds of resources by the beginning of the names of groups of settings."""
_OF_NO_CALLER = ("loggers", "diagnostics", "version-sets", "groups", "users", "tags")
"""Kinds of resources that no request shows by themselves."""


def gaps_in_code(service: ServiceDescription) -> list[Gap]:
    """Return the parts of code that weren't read, or whose number isn't known."""
    return [gap for gap in service.gaps if os.path.isfile(gap.origin.file)]


def may_be_there(change: SettingChange, old: ServiceDescription, new: ServiceDescription) -> Gap | None:
    """Return why something that one version doesn't describe may be there nevertheless."""
    if change.what == CHANGED or change.subject:
        return None
    side = old if change.what == ADDED else new
    for prefix, kind in _KINDS.items():
        if change.group.startswith(prefix):
            name = change.group.removeprefix(prefix)
            return next((gap for gap in gaps_in_code(side) if gap.covers(kind, (name,))), None)
    return None


class Unread(NamedTuple):
    """A part of the code that wasn't read; `has_changed`: its file differs, so that it may do something else."""

    note: str
    has_changed: bool


def unread(old: ServiceDescription, new: ServiceDescription) -> Iterator[Unread]:
    """Yield each part of the code of both versions that wasn't read and may matter to callers."""
    found: dict[str, bool] = {}
    for side, other in ((new, old), (old, new)):
        known = {(gap.reason, gap.kind, gap.name) for gap in other.gaps}
        for gap in gaps_in_code(side):
            if gap.kind in _OF_NO_CALLER or gap.name:
                continue
            has_changed = (gap.reason, gap.kind, gap.name) not in known or not _is_same_file(gap, side, other)
            text = f"not compared: {gap.reason}"
            found[text] = found.get(text, False) or has_changed
    yield from (Unread(f"{text}; its file changed" if changed else text, changed) for text, changed in found.items())


def _is_same_file(gap: Gap, side: ServiceDescription, other: ServiceDescription) -> bool:
    """Return whether the file of a gap is the same in another version."""
    path = os.path.join(other.place, os.path.relpath(gap.origin.file, side.place))
    try:
        return read_bytes(gap.origin.file) == read_bytes(path)
    except ConfigurationError:
        return False


def unknown_in(document: Document) -> Iterator[str]:
    """Yield why parts of a policy aren't known: the same one on both sides is no difference."""
    for element in document.elements():
        fragment = element.get("fragment-id")
        if fragment is not None and fragment.value.text.startswith(UNKNOWN_POLICIES):
            yield fragment.value.text.removeprefix(UNKNOWN_POLICIES)


def unknown_steps(program: Program | None) -> set[str]:
    """Return why parts of a program aren't known."""
    return set(_unknown(program)) if program is not None else set()


def _unknown(program: Program) -> Iterable[str]:
    for step in program.steps():
        attribute = step.element.get("fragment-id")
        if attribute is not None and attribute.value.text.startswith(UNKNOWN_POLICIES):
            yield attribute.value.text.removeprefix(UNKNOWN_POLICIES)
