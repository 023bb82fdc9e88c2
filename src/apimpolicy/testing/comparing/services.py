"""Compare two versions of whole services: the settings that differ, and requests that they treat differently.

The requests are those that a changed setting can matter to: for the changed operations of an API, and its first one,
from each kind of caller.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.context.records import Request
from apimpolicy.errors import ApimPolicyError
from apimpolicy.project.layout import extracts_in, is_service_folder
from apimpolicy.project.service.building import HEADER
from apimpolicy.project.service.infrastructure import is_infrastructure
from apimpolicy.report.difference_data import DifferenceItem, Journey, SettingGroup
from apimpolicy.testing.claims.services import callers_of, routes_of
from apimpolicy.testing.comparing.journeys import journey_of
from apimpolicy.testing.comparing.observed_differences import differences
from apimpolicy.testing.comparing.service_settings import changed_settings, group_of, products_of
from apimpolicy.testing.comparing.versions import with_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from apimpolicy.engine.gateway import Gateway
    from apimpolicy.report.difference_data import SettingChange
    from apimpolicy.testing.claims.services import Caller, Route
    from apimpolicy.testing.comparing.sides import ServiceSide
    from apimpolicy.testing.comparing.versions import Places

_MOST_REQUESTS = 60
"""For one API."""


def service_folders(folder: str) -> dict[str, str]:
    """Return the folders of the services in a folder, by their path in it."""
    if not is_service_folder(folder) and is_infrastructure(folder):
        return {"": folder}
    found = extracts_in(folder)
    return {"" if len(found) == 1 else os.path.relpath(each, folder): each for each in found}


def setting_groups(old: ServiceSide, new: ServiceSide, places: Places) -> Iterator[SettingGroup]:
    """Yield the settings that differ, by API, product or other entity, with requests that show them.

    Raises ConfigurationError.
    """
    by_group: dict[str, list[SettingChange]] = {}
    for change in changed_settings(old.description, new.description):
        named = change._replace(file=os.path.normpath(with_names(change.file, places)) if change.file else "")
        by_group.setdefault(change.group, []).append(named)
    items = dict(_requests(old, new, by_group)) if old.has_apis and new.has_apis else {}
    for group in dict.fromkeys((*by_group, *items)):
        yield SettingGroup(group, tuple(by_group.get(group, ())), tuple(_named(items.get(group, ()), places)))


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


def _requests(
    old: ServiceSide, new: ServiceSide, changes: dict[str, list[SettingChange]]
) -> Iterator[tuple[str, list[DifferenceItem]]]:
    """Yield the groups of APIs with requests that are treated differently."""
    apis = [{api.id: group_of(api.id) for api in side.description.apis} for side in (old, new)]
    products = {api: {*products_of(old.description, api), *products_of(new.description, api)} for api in apis[0]}
    affected = [
        api
        for api, group in apis[0].items()
        for name in (group, *(f"product {each}" for each in products[api]))
        if api in apis[1] and any(change.meaning for change in changes.get(name, ()))
    ]
    services = old.gateway.service, new.gateway.service
    if not affected or services[0] is None or services[1] is None:
        return
    known = callers_of(services[0], services[1])
    callers = {(each.kind, each.target): each for each in known}
    before, after = routes_of(services[0]), routes_of(services[1])
    gateways = [side.opened(known) for side in (old, new)]
    for api in dict.fromkeys(affected):
        if api in before and api in after:
            calls = list(_calls(before[api], after[api], callers))
            if items := list(_differing(*gateways, calls[:_MOST_REQUESTS])):
                yield apis[0][api], items


def _calls(
    before: Sequence[Route], after: Sequence[Route], callers: Mapping[tuple[str, str], Caller]
) -> Iterator[_Call]:
    """Yield requests for the first operation of an API, and those that only one version has, from each caller."""
    labels = [{route.label for route in side} for side in (before, after)]
    routes = {route.label: route for route in (*before, *after)}
    chosen = [before[0].label, *(label for label in routes if label in labels[0] ^ labels[1])]
    known = [route.caller for route in (*before, *after) if route.caller is not None]
    names = [name for route in before for name, value in route.headers.items() if _is_key(route, value)]
    for route in [routes[label] for label in dict.fromkeys(chosen)]:
        plain = "".join(piece.default for piece in route.template)
        url = "?".join([plain, *filter(None, ["&".join(route.query)])])
        headers = {name: value for name, value in route.headers.items() if not _is_key(route, value)}
        words = f"{route.method or 'GET'} {url}"
        yield _Call(route.method or "GET", url, headers, f"{words} without a subscription key")
        for kind, target in dict.fromkeys((caller.kind, caller.target) for caller in known):
            whose = "API" if kind == "api" else f"product {target}"
            with_key = {**headers, names[0] if names else HEADER: callers[kind, target].key}
            yield _Call(route.method or "GET", url, with_key, f"{words} with a key of the {whose}")


def _is_key(route: Route, value: str) -> bool:
    return route.caller is not None and value == route.caller.key


def _differing(old: Gateway, new: Gateway, calls: Sequence[_Call]) -> Iterator[DifferenceItem]:
    """Yield the first request for each kind of other response; what policies do differently is compared for each."""
    seen: set[tuple[str, ...]] = set()
    for call in calls:
        try:
            results = [each.send(Request(call.method, call.url, headers=call.headers)) for each in (old, new)]
        except ApimPolicyError:
            continue  # the comparison of the policy reports it
        for difference in differences(*results):
            if difference.kind[0] == "answer" and difference.kind not in seen:
                seen.add(difference.kind)
                yield DifferenceItem(difference.sentence, call.words, *map(journey_of, results))
