"""Report what Azure refuses, or requests fail on, after a change: resources that are deleted but still used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.registry import specification_of
from apimpolicy.project.service.token_checks import literal_attribute
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.project.service.description import ServiceDescription
    from apimpolicy.text.source import Source

_NOUNS = {"backends": "backend", "fragments": "fragment", "loggers": "logger", "certificates": "certificate"}


def broken_references(old: ServiceDescription, new: ServiceDescription) -> Iterator[str]:
    """Yield a sentence for each place that uses what the new version deletes."""
    gone = {kind: _ids(old, kind) - _ids(new, kind) for kind in _NOUNS}
    values = {each.display_name for each in old.named_values} - {each.display_name for each in new.named_values}
    if not values and not any(gone.values()):
        return
    for _, policy in new.policies():
        try:
            source = policy.read()
        except ConfigurationError:
            continue
        for name, start, _ in find_named_values(source.text):
            if name in values:
                yield _sentence("named value", name, source, start)
        for element in read(source).elements():
            specification = specification_of(element.name)
            for slot in () if specification is None else specification.attributes:
                name = literal_attribute(element, slot.name) if slot.refers in gone else ""
                if name.lower() in gone.get(slot.refers or "", ()):
                    yield _sentence(_NOUNS[slot.refers or ""], name, source, element.start)


def _ids(service: ServiceDescription, kind: str) -> set[str]:
    return {each.id.lower() for each in service.resources(kind)}


def _sentence(noun: str, name: str, source: Source, offset: int) -> str:
    return f"the {noun} '{name}' is deleted, but {source.path}:{source.position(offset)[0]} still uses it"
