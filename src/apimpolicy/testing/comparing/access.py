"""Consequences of a change: resources that are deleted but still used, and who gains or loses access."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from apimpolicy.audit.analysis import ServiceAudit, audit_service
from apimpolicy.audit.tools import METHOD
from apimpolicy.errors import ConfigurationError
from apimpolicy.policies.registry import specification_of
from apimpolicy.project.audit_changes import changes_between
from apimpolicy.project.audit_run import context_of
from apimpolicy.project.service.likely_values import literal_attribute
from apimpolicy.report.difference_data import AccessChange
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from apimpolicy.project.service.description import ServiceDescription
    from apimpolicy.testing.comparing.service_comparison import ServiceComparison
    from apimpolicy.testing.comparing.sides import ServiceSide
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


# Who gains or loses access to the backend between two versions of a service: the analysis of `audit`.
#
# Only operations whose policies or settings differ are analysed: the others have the access that they had.


def access_changes(
    old: ServiceSide, new: ServiceSide, comparison: ServiceComparison, apis: Collection[str] = ()
) -> list[AccessChange]:
    """Return the changes, those of several operations of an API together, weaker ones first.

    Operations with other policies are analysed, those of `apis`, the ids of APIs with other settings, and all tools.
    """
    changed = comparison.changed_routes
    if not changed and not apis:
        return []
    names = {route.operation: route.label for pair in comparison.operations.pairs for route in pair}
    wanted = {route.operation for pair in changed for route in pair}

    def is_wanted(api: str, operation: str) -> bool:
        return api in apis or (api, operation) in wanted or operation.startswith(f"{METHOD} ")

    groups: dict[tuple[str, str, str, bool], list[str]] = {}
    for each in changes_between(*(_audited(side, is_wanted) for side in (old, new))):
        if each.is_there_on_both_sides:
            name = names.get((each.api, each.operation), each.operation)
            groups.setdefault((each.api, each.before, each.after, each.is_weaker), []).append(name)
    found = [
        AccessChange(api, tuple(operations), before, after, is_weaker)
        for (api, before, after, is_weaker), operations in groups.items()
    ]
    return sorted(found, key=lambda each: not each.is_weaker)


def _audited(side: ServiceSide, is_wanted: Callable[[str, str], bool]) -> ServiceAudit:
    assert side.gateway.service is not None
    return audit_service(side.gateway.service, context_of(side.gateway, side.description), is_wanted)
