"""Compare two versions of whole services: the settings that differ, and requests that they treat differently.

The requests are those that a changed setting can matter to: for the changed operations of an API, and its first one,
from each kind of caller.

Consequences of a change are resources that are deleted but still used, and who gains or loses access.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.errors import ApimPolicyError, ConfigurationError
from apimpolicy.gateway.context.records import Request
from apimpolicy.gateway.engine.backends import BackendPool
from apimpolicy.gateway.policies.registry import specification_of
from apimpolicy.project.audit_changes import Change, changes_between
from apimpolicy.project.audit_run import context_of
from apimpolicy.project.environments import selected_service
from apimpolicy.project.layout import extracts_in, is_service_folder
from apimpolicy.project.service.building import HEADER
from apimpolicy.project.service.likely_values import literal_attribute
from apimpolicy.project.service.reading import FoundService, is_infrastructure, services_in
from apimpolicy.reasoning.audit.analysis import ServiceAudit, audit_service
from apimpolicy.reasoning.audit.order import CHANGED, STRONGER, WEAKER
from apimpolicy.reasoning.audit.tools import METHOD
from apimpolicy.report.difference_data import ADDED, AccessChange, DifferenceItem, Journey, SettingChange, SettingGroup
from apimpolicy.testing.claims.services import KeyedCaller, ServiceRoute, callers_of, routes_of
from apimpolicy.testing.comparing.observed_differences import differences, journey_of
from apimpolicy.testing.comparing.operations import is_key
from apimpolicy.testing.comparing.service_settings import changed_settings, group_of, may_be_there, products_of
from apimpolicy.testing.comparing.sides import ServiceSide
from apimpolicy.testing.comparing.versions import Places, with_names, without_names
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.gateway import Gateway
    from apimpolicy.project.service.description import NamedValueDescription, ServiceDescription
    from apimpolicy.testing.comparing.service_comparison import ServiceComparison
    from apimpolicy.text.source import Source

_NOUNS = {"backends": "backend", "fragments": "fragment", "loggers": "logger", "certificates": "certificate"}


_USED_BEFORE = "the old version uses it too: whether that failed, or used one that isn't described, isn't known"


def broken_references(old: ServiceDescription, new: ServiceDescription) -> Iterator[str]:
    """Yield a sentence for each place that uses what the new version deletes."""
    for noun, name, source, offset in _uses(new, old):
        place = f"{source.path}:{source.position(offset)[0]}"
        yield f"the {noun} '{name}' is deleted, but {place} still uses it"


def _uses(service: ServiceDescription, other: ServiceDescription) -> Iterator[tuple[str, str, Source, int]]:
    """Yield where policies of a version use what only the other one describes: a noun, a name and the place."""
    gone = {kind: _ids(other, kind) - _ids(service, kind) for kind in _NOUNS}
    values = {each.display_name for each in other.named_values} - {each.display_name for each in service.named_values}
    if not values and not any(gone.values()):
        return
    for _, policy in service.policies():
        try:
            source = policy.read()
        except ConfigurationError:
            continue
        for name, start, _ in find_named_values(source.text):
            if name in values:
                yield "named value", name, source, start
        for element in read(source).elements():
            specification = specification_of(element.name)
            for slot in () if specification is None else specification.attributes:
                name = literal_attribute(element, slot.name) if slot.refers in gone else ""
                if name.lower() in gone.get(slot.refers or "", ()):
                    yield _NOUNS[slot.refers or ""], name, source, element.start


def _ids(service: ServiceDescription, kind: str) -> set[str]:
    return {each.id.lower() for each in service.resources(kind)}


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
    differing = {route.operation for pair in changed for route in pair}

    def is_wanted(api: str, operation: str) -> bool:
        return api in apis or (api, operation) in differing or operation.startswith(f"{METHOD} ")

    groups: dict[Change, list[str]] = {}
    before, after = (_audited(side, is_wanted) for side in (old, new))
    for change in changes_between(before, after):
        if change.relation in _SHOWN:  # what can't be compared is the same or not as far as its policies are
            name = names.get((change.api, change.operation), change.operation)
            groups.setdefault(change._replace(operation=""), []).append(name)
    merged = [_access_change(change, operations) for change, operations in groups.items()]
    return sorted(merged, key=lambda change: not change.is_weaker)


_SHOWN = (WEAKER, STRONGER, CHANGED)


def _access_change(change: Change, operations: Iterable[str]) -> AccessChange:
    return AccessChange(
        change.api, tuple(operations), change.before, change.after, change.is_weaker, change.relation, change.details
    )


def _audited(side: ServiceSide, is_wanted: Callable[[str, str], bool]) -> ServiceAudit:
    assert side.gateway.service is not None
    return audit_service(side.gateway.service, context_of(side.gateway, side.description), is_wanted)


_MOST_REQUESTS = 60
"""For one API."""


def services_of(folder: str) -> list[FoundService]:
    """Return the services in a folder, of which each policy belongs to one; the only extract has no name."""
    if not is_service_folder(folder) and is_infrastructure(folder):
        return services_in(folder)
    found = extracts_in(folder)
    return [FoundService("" if len(found) == 1 else os.path.relpath(each, folder), each, each) for each in found]


def side_of(service: FoundService | None, root: str) -> ServiceSide:
    """Return one side of a service; code of the root may have several. Raises ConfigurationError."""
    if service is None:
        return ServiceSide(None, root)
    folder = service.place if service.code is None else root
    with selected_service(service.name if service.name and folder == root else None):
        return ServiceSide(folder, root)


def setting_groups(
    old: ServiceSide, new: ServiceSide, places: Places, is_over: Callable[[str], bool] = lambda _: False
) -> Iterator[SettingGroup]:
    """Yield the settings that differ, by API, product or other entity, with requests that show them.

    `is_over` gets what would be sent next, and tells that it isn't to be sent, nor what comes after it.

    Raises ConfigurationError.
    """
    by_group: dict[str, list[SettingChange]] = {}
    texts = policy_texts(new.description)
    pools = {
        backend.id: [member.id for member in backend.backend.members]
        for side in (old, new)
        for backend in side.description.backends
        if isinstance(backend.backend, BackendPool)
    }
    made_up = {f"named value {each.id}" for each in _named_values(old, new) if each.is_made_up}
    unread = [gap for side in (old, new) for gap in side.description.unread_resources()]
    used_before = {f"{noun} {name}".lower() for noun, name, _, _ in _uses(old.description, new.description)}
    displayed = {f"named value {each.id}": f"named value {each.display_name}" for each in new.description.named_values}
    for change in changed_settings(old.description, new.description):
        name = displayed.get(change.group, change.group).lower()
        if change.what == ADDED and not change.subject and name in used_before:
            change = change._replace(meaning=_USED_BEFORE)
        gap = may_be_there(change, old.description, new.description)
        # what isn't noticed is a change of the code in any case, but not of a resource whose own file is broken
        is_open = gap is not None and (bool(change.meaning) or gap in unread)
        if change.group in made_up or is_open:
            continue
        if change.meaning and change.what != ADDED and not _is_used(change, texts, pools):
            change = change._replace(meaning="")
        named = change
        if change.file:
            file = os.path.normpath(without_names(change.file, places))
            named = change._replace(file=file, real_file=os.path.realpath(change.file))
        by_group.setdefault(change.group, []).append(named)
    items = dict(_requests(old, new, by_group, is_over)) if old.has_apis and new.has_apis else {}
    for group in dict.fromkeys((*by_group, *items)):
        yield SettingGroup(group, tuple(by_group.get(group, ())), tuple(_named(items.get(group, ()), places)))


def _named_values(*sides: ServiceSide) -> list[NamedValueDescription]:
    return [each for side in sides for each in side.description.named_values]


def policy_texts(description: ServiceDescription) -> str:
    found: list[str] = []
    for _, policy in description.policies():
        try:
            found.append(policy.read().text)
        except ConfigurationError:
            continue
    return "\n".join(found)


_NAMED = ("backend ", "named value ", "fragment ", "logger ", "certificate ", "managed identity ")
"""The groups of what only policies that name it use."""
_COMPUTED = re.compile(r"""-id\s*=\s*["']@|client-id\s*=\s*["'](?:@|\{\{)""")


def _is_used(change: SettingChange, text: str, pools: Mapping[str, Sequence[str]]) -> bool:
    """Return whether policies use what a change is about, as far as it is only used by its name, or that of a pool."""
    kind = next((each for each in _NAMED if change.group.startswith(each)), None)
    if kind is None:
        return True
    name = change.group.removeprefix(kind)
    names = [each for each in (name, change.old if change.setting == "display name" else None) if each]
    names += [pool for pool, members in pools.items() if kind == "backend " and name in members]
    is_computed = kind not in ("named value ", "fragment ") and _COMPUTED.search(text) is not None
    return is_computed or any(each in text for each in names) or kind == "managed identity "


def _named(items: Sequence[DifferenceItem], places: Places) -> Iterator[DifferenceItem]:
    for item in items:
        old, new = (Journey(*(with_names(text, places) for text in each)) for each in (item.old, item.new))
        yield item._replace(old=old, new=new)


# Requests


class _Call(NamedTuple):
    """A request to try: for whom, and the caller's key in the old version's header."""

    method: str
    url: str
    headers: dict[str, str]
    words: str


def affected_apis(old: ServiceSide, new: ServiceSide, changes: Iterable[SettingChange]) -> list[str]:
    """Return the APIs of both sides whose callers may notice a changed setting of an API, product or version set."""
    noticed = {change.group for change in changes if change.meaning}
    there = {api.id: api for api in new.description.apis}
    found: list[str] = []
    for api in (api for api in old.description.apis if api.id in there):
        products = {*products_of(old.description, api.id), *products_of(new.description, api.id)}
        groups = {group_of(api.id), *(f"product {each}" for each in products)}
        groups |= {f"version set {each.version_set.text()}" for each in (api, there[api.id])}
        if not noticed.isdisjoint(groups):
            found.append(api.id)
    return found


def _requests(
    old: ServiceSide, new: ServiceSide, changes: dict[str, list[SettingChange]], is_over: Callable[[str], bool]
) -> Iterator[tuple[str, list[DifferenceItem]]]:
    """Yield the groups of APIs with requests that are treated differently."""
    affected = affected_apis(old, new, [change for group in changes.values() for change in group])
    services = old.gateway.service, new.gateway.service
    if not affected or services[0] is None or services[1] is None:
        return
    known = callers_of(services[0], services[1])
    callers = {(each.kind, each.target): each for each in known}
    before, after = routes_of(services[0]), routes_of(services[1])
    gateways = old.opened(known), new.opened(known)
    unread = {gap.api for side in (old, new) for gap in side.description.unread_resources()}
    for api in dict.fromkeys(affected):
        if is_over(f"requests that show the settings of the API {api}"):
            return
        if api in before and api in after:
            calls = list(_calls(before[api], after[api], callers, api.lower() not in unread))
            if items := list(_differing(*gateways, calls[:_MOST_REQUESTS])):
                yield group_of(api), items


def _calls(
    before: Sequence[ServiceRoute],
    after: Sequence[ServiceRoute],
    callers: Mapping[tuple[str, str], KeyedCaller],
    is_whole: bool,
) -> Iterator[_Call]:
    """Yield requests for the first operation of an API, and those that only one version has, from each caller.

    Operations of one version may be in the other if an operation there can't be read (not `is_whole`).
    """
    labels = [{route.label for route in side} for side in (before, after)]
    labels_of_one = labels[0] ^ labels[1] if is_whole else set()
    chosen = [
        chosen_route for chosen_route in (*after, *before) if chosen_route.label in (before[0].label, *labels_of_one)
    ]
    keyed = [route.caller for route in (*before, *after) if route.caller is not None]
    names = [name for route in before for name, value in route.headers.items() if is_key(route, value)]
    forms: dict[object, tuple[str, str, dict[str, str]]] = {}
    for route in sorted(chosen, key=lambda route: route.label != before[0].label):
        plain = "".join(piece.default for piece in route.template)
        url = "?".join([plain, *filter(None, ["&".join(route.query)])])
        headers = {name: value for name, value in route.headers.items() if not is_key(route, value)}
        forms.setdefault((route.method, url, *headers.items()), (route.method or "GET", url, headers))
    for method, url, headers in forms.values():
        words = f"{method} {url}" + "".join(f" with {name}: {value}" for name, value in headers.items())
        yield _Call(method, url, headers, f"{words} without a subscription key")
        for kind, target in dict.fromkeys((caller.kind, caller.target) for caller in keyed):
            whose = "API" if kind == "api" else f"product {target}"
            with_key = {**headers, names[0] if names else HEADER: callers[kind, target].key}
            yield _Call(method, url, with_key, f"{words} with a key of the {whose}")


def _differing(old: Gateway, new: Gateway, calls: Sequence[_Call]) -> Iterator[DifferenceItem]:
    """Yield the first request for each kind of other response; what policies do differently is compared for each."""
    seen: set[tuple[str, ...]] = set()
    for call in calls:
        try:
            one, other = (each.send(Request(call.method, call.url, headers=call.headers)) for each in (old, new))
        except ApimPolicyError:
            continue  # the comparison of the policy reports it
        for difference in differences(one, other):
            if difference.kind[0] == "answer" and difference.kind not in seen:
                seen.add(difference.kind)
                yield DifferenceItem(difference.sentence, call.words, journey_of(one), journey_of(other))
