"""Leave out what doesn't fit together in a description, each with a problem, so that the rest makes a service.

The rules are those of `engine.service.Service`, which refuses what breaks them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import attrs

from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.urls import Url
from apimpolicy.gateway.engine.backends import BackendPool
from apimpolicy.gateway.engine.service import STATES, scope_target
from apimpolicy.project.layout import KINDS
from apimpolicy.project.service.description import (
    ApiDescription,
    BackendDescription,
    FileLocation,
    FragmentDescription,
    Hole,
    Problem,
    ProductDescription,
    ServiceDescription,
    Sourced,
    SubscriptionDescription,
)
from apimpolicy.project.service.policy_sources import unknown_policy, unmodelled
from apimpolicy.text.source import Source

SCHEMES = ("segment", "header", "query")


class DeclaredIds:
    """The ids of APIs and products that come from a configuration, besides those of the description."""

    def __init__(self, apis: Iterable[str] = (), products: Iterable[str] = ()) -> None:
        self.apis = frozenset(apis)
        self.products = frozenset(products)


def repair(service: ServiceDescription, elsewhere: DeclaredIds | None = None) -> None:
    _Repair(service, elsewhere or DeclaredIds()).run()


def served_backend(api: ApiDescription) -> str | None:
    """Return the backend of an API; a made-up address where it isn't known."""
    return api.service_url.known or None if api.service_url.hole is None else made_up_url(api.id)


def made_up_url(name: str) -> str:
    host = "".join(each if each.isascii() and each.isalnum() else "-" for each in name.lower()).strip("-")
    return f"https://{host or 'backend'}.example"


_REFUSES_OTHERS = (".tf", ".tofu")
"""Code whose tool doesn't take over a resource that is there; Azure itself only changes it once more."""


def served_path(api: ApiDescription) -> str:
    """Return the path of an API; its id where the path isn't known."""
    return api.path.known or "" if api.path.hole is None else api.id.partition(";")[0]


def subscription_state(subscription: SubscriptionDescription) -> str:
    """Return the state of a subscription; Azure creates one without a state as submitted."""
    return "submitted" if subscription.state.is_missing else (subscription.state.known or "active").lower()


def built_in_product(id_: str, origin: FileLocation) -> ProductDescription:
    """Return a product that Azure makes with a service; what was changed in it since isn't known."""
    policy = unknown_policy(f"the built-in product '{id_}' isn't described", Source("", origin.file))
    return ProductDescription(id_, origin, subscription_required=Sourced(True, origin), policy=policy)


def _workspace_of(entity: ApiDescription) -> str | None:
    found = re.search(r"workspaces[/\\]([^/\\]+)", entity.origin.file)
    return entity.workspace or (None if found is None else found[1])


class _Repair:
    def __init__(self, service: ServiceDescription, elsewhere: DeclaredIds) -> None:
        self.service = service
        self.elsewhere = elsewhere

    def run(self) -> None:
        service = self.service
        for name in ("apis", "products", "subscriptions", "backends", "fragments", "workspaces", "version_sets"):
            setattr(service, name, self._without_doubles(name, getattr(service, name)))
        self._version_sets()
        service.apis = self._apis(service.apis)
        opened: dict[str, str] = {}
        for product in service.products:
            product.apis = [each for each in product.apis if self._is_linked(product, each, opened)]
        keys: dict[str, str] = {}
        service.subscriptions = [each for each in service.subscriptions if self._fits(each, keys)]
        self._pools()

    def _report(self, *arguments: object, **options: object) -> None:
        self.service.problems.append(Problem(*arguments, **options))  # type: ignore[arg-type]

    def _without_doubles(self, kind: str, entities: list[ApiDescription]) -> list[ApiDescription]:
        """Return the first entity of each id; version sets may have the same id in several workspaces."""
        first_of: dict[object, ApiDescription] = {}
        spaces: dict[object, set[str | None]] = {}
        for entity in entities:
            spaces.setdefault(entity.id, set()).add(_workspace_of(entity))
        for entity in entities:
            key = (entity.workspace, entity.id) if kind == "version_sets" else entity.id
            if key in first_of:
                noun = _NOUNS[kind]
                part = f"the {noun} '{entity.id}'"
                message, severity = f"there is another {noun} '{entity.id}'", Severity.ERROR
                advice = "This one is left out."
                if len(spaces[entity.id]) > 1:
                    message += ", and apimpolicy reads all workspaces into one service"
                elif entity.origin == first_of[key].origin and not entity.origin.file.endswith(_REFUSES_OTHERS):
                    message, severity = f"{part} is deployed twice, by one declaration", Severity.WARNING
                    advice = "Which of them is deployed last isn't known."
                self._report(message, entity.origin, part, advice, severity=severity)
                if len(spaces[entity.id]) == 1:
                    _forget(first_of[key], f"there are two {noun}s '{entity.id}'")
            else:
                first_of[key] = entity
        return list(first_of.values())

    def _version_sets(self) -> None:
        for each in self.service.version_sets:
            scheme = each.scheme.known
            if scheme is not None and scheme.lower() not in SCHEMES:
                message = f"'versioningScheme' must be Segment, Header or Query, not '{scheme}'"
                self._report(message, each.scheme.origin, f"the version set '{each.id}'", "It counts as Segment.")
                each.scheme = Sourced("Segment", each.scheme.origin)

    def _version_set(self, api: ApiDescription, part: str) -> None:
        """Report a version set that isn't described here, and so not how requests state the version."""
        name, origin = api.version_set.known, api.version_set.origin
        gap = self.service.gap("version-sets", name or "")
        severity = Severity.WARNING
        if name is None:
            message = f"the version set of {part} isn't known: {api.version_set.text()}"
        elif gap is not None:
            message = f"{part} names the version set '{name}', which isn't described here: {gap.reason}"
        else:
            severity = Severity.ERROR
            message = f"{part} names the version set '{name}', which doesn't exist"
        self._report(message, origin, part, "It is served with its version in the path.", api=api.id, severity=severity)
        api.version_set = Sourced(Hole(api.version_set.text()), origin)

    def _apis(self, apis: list[ApiDescription]) -> list[ApiDescription]:
        version_sets = {(version_set.workspace, version_set.id.lower()) for version_set in self.service.version_sets}
        workspaces = {workspace.id for workspace in self.service.workspaces}
        taken: dict[tuple[object, ...], ApiDescription] = {}
        kept: list[ApiDescription] = []
        for api in apis:
            part = f"the API '{api.id}'"
            self._service_url(api, part)
            if words := unmodelled(api):
                advice = "Requests run as for an HTTP API, and nothing is decided about them."
                message = f"{part} is {words}"
                self._report(message, api.origin, part, advice, api=api.id, severity=Severity.WARNING)
            if api.workspace is not None and api.workspace not in workspaces:
                message = f"{part} is in the workspace '{api.workspace}', which doesn't exist"
                self._report(message, api.origin, part, api=api.id)
                continue
            is_known = (api.workspace, (api.version_set.known or "").lower()) in version_sets
            if not is_known and (api.version_set.known is not None or _has_version(api)):
                self._version_set(api, part)
            if (other := self._same_place(api, taken)) is None:
                kept.append(api)
                continue
            if _is_same_revision(api, other):  # an extract may have the current revision under both of its names
                continue
            path = served_path(api).strip("/")
            message = f"the APIs '{other.id}' and '{api.id}' both have the path /{path}"
            if api.id.partition(";rev=")[0] == other.id.partition(";rev=")[0]:
                message = f"'{other.id}' and '{api.id}' are both the current revision of the API at /{path}"
            advice = f"'{api.id}' is left out."
            origin = api.origin if api.path.is_missing else api.path.origin
            self._report(message, origin, part, advice, api=api.id)
        return kept

    def _service_url(self, api: ApiDescription, part: str) -> None:
        url = api.service_url.known
        try:
            if url:
                Url.parse(url)
        except ConfigurationError:
            advice = "Requests go to a made-up address."
            message = f"the backend of {part} is '{url}', which isn't a URL"
            self._report(message, api.service_url.origin, part, advice, api=api.id)
            api.service_url = Sourced(Hole(url or ""), api.service_url.origin)

    def _same_place(
        self, api: ApiDescription, taken: dict[tuple[object, ...], ApiDescription]
    ) -> ApiDescription | None:
        """Return an API with the same path and revision; without one, reserve them for this API."""
        version = (api.version_set.text().lower(), api.version.text()) if _has_version(api) else None
        place = (served_path(api).strip("/").lower(), version)
        keys: list[tuple[object, ...]] = [(*place, api.revision.known or "1")]
        if api.is_current.known is not False:
            keys.append((*place, "current"))
        for key in keys:
            if key in taken:
                return taken[key]
        taken.update(dict.fromkeys(keys, api))
        return None

    def _is_linked(self, product: ProductDescription, link: Sourced[str], opened: dict[str, str]) -> bool:
        part, name = f"the product '{product.id}'", link.known
        if name is None:
            self._report(f"{part} has the API {link.text()}, which isn't known", link.origin, part)
            return False
        if not self._has_api(name):
            if not self._is_left_out("API", name):
                message = f"{part} has the API '{name}', which doesn't exist"
                self._report(message, link.origin, part, missing=("apis", name))
            return False
        if product.subscription_required.known is False and opened.setdefault(name, product.id) != product.id:
            message = (
                f"the API '{name}' is in two products that need no subscription, '{opened[name]}' and '{product.id}'"
            )
            self._report(message, link.origin, part, "Azure allows one; the second is left out.", api=name)
            return False
        return True

    def _has_api(self, name: str) -> bool:
        ids = {api.id for api in self.service.apis} | self.elsewhere.apis
        return name in ids or any(id_.partition(";rev=")[0] == name for id_ in ids)

    def _is_left_out(self, noun: str, name: str) -> bool:
        """Return whether another problem explains why the part is missing."""
        return any(problem.part == f"the {noun} '{name}'" for problem in self.service.problems)

    def _fits(self, each: SubscriptionDescription, keys: dict[str, str]) -> bool:
        part = f"the subscription '{each.id}'"
        if each.scope.hole is not None:
            message = f"the scope of {part} isn't known: {each.scope.text()}"
            self._report(message, each.scope.origin, part, severity=Severity.WARNING)
            return False
        try:
            kind, name = scope_target(each.scope.known or "/apis")
        except ConfigurationError as error:
            self._report(f"the scope of {part} can't be used: {error}", each.scope.origin, part)
            return False
        if each.workspace is not None and not name:
            message = f"{part} has a key for all APIs of the workspace '{each.workspace}', which isn't simulated"
            self._report(message, each.scope.origin, part, "It is left out.")
            return False
        products = {product.id for product in self.service.products} | self.elsewhere.products
        if name and not (self._has_api(name) if kind == "apis" else name in products):
            noun = "API" if kind == "apis" else "product"
            if name.lower() in KINDS[kind].built_in:
                message = f"{part} is for the built-in {noun} '{name}', of which nothing is described"
                self._report(message, each.scope.origin, part, "It is left out.", severity=Severity.WARNING)
            elif not self._is_left_out(noun, name):
                message = f"{part} is for the {noun} '{name}', which doesn't exist"
                self._report(message, each.scope.origin, part, missing=(kind, name))
            return False
        state = subscription_state(each)
        if state not in STATES:
            message = f"the state of {part} must be one of {', '.join(STATES)}, not '{state}'"
            self._report(message, each.state.origin, part)
            return False
        for key in {each.primary_key.known, each.secondary_key.known} - {None}:
            if keys.setdefault(str(key), each.id) != each.id:
                self._report(
                    f"the subscriptions '{keys[str(key)]}' and '{each.id}' have the same key", each.origin, part
                )
                return False
        return True

    def _pools(self) -> None:
        """Leave out members of pools that are pools themselves; what doesn't exist gets a stand-in."""
        pools = {each.id for each in self.service.backends if isinstance(each.backend, BackendPool)}
        kept: list[BackendDescription] = []
        for each in self.service.backends:
            nested = (
                [] if not isinstance(each.backend, BackendPool) else [m for m in each.backend.members if m.id in pools]
            )
            if nested:
                message = f"the pool '{each.id}' has the member '{nested[0].id}', which is a pool itself"
                self._report(message, each.origin, f"the backend '{each.id}'")
            else:
                kept.append(each)
        self.service.backends = kept


def _forget(entity: Any, reason: str) -> None:
    """Make what a resource does unknown, because another one has the same id.

    The reason names no place: it is compared with that of another version.
    """
    source = Source("", entity.origin.file)
    if isinstance(entity, BackendDescription):
        entity.backend, entity.url = None, Sourced(Hole(reason), entity.origin)
    elif "policy" in attrs.fields_dict(type(entity)):  # others have a property that is None
        entity.policy = unknown_policy(reason, source, 0, "fragment" if isinstance(entity, FragmentDescription) else "")
    for operation in getattr(entity, "operations", ()):
        operation.policy = unknown_policy(reason, source)


def _is_same_revision(one: ApiDescription, other: ApiDescription) -> bool:
    ids = (one.id.partition(";rev=")[0], other.id.partition(";rev=")[0])
    return ids[0] == ids[1] and one.id != other.id and one.revision == other.revision


def _has_version(api: ApiDescription) -> bool:
    return not api.version_set.is_missing and not api.version.is_missing


_NOUNS = {
    "apis": "API",
    "products": "product",
    "subscriptions": "subscription",
    "backends": "backend",
    "fragments": "fragment",
    "workspaces": "workspace",
    "version_sets": "version set",
}
