"""The service around a policy, as `check` knows it: queries about its description, and what is declared elsewhere.

A resource is missing for certain when the description lists its kind and has no gap in it (no filter left others out of
the extract, the infrastructure code makes the service itself, all of it was read), and neither the configuration nor
anything else in the repository declares it. A gap makes it uncertain, and is the reason. Ids ignore case, names of
named values don't.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs

from apimpolicy.checks.references import MissingReference
from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.azure_texts import azure_text
from apimpolicy.project.cache import key_of
from apimpolicy.project.declared import NOTHING, Declared
from apimpolicy.project.deployed_texts import texts_by_file
from apimpolicy.project.discovery import ENDINGS
from apimpolicy.project.elsewhere import Elsewhere
from apimpolicy.project.files import fingerprint
from apimpolicy.project.infrastructure.values import shown
from apimpolicy.project.layout import KINDS, Place, place_of
from apimpolicy.project.overlays import filtered_names, is_filtered
from apimpolicy.project.service.description import NOWHERE, OPERATIONS, ApiDescription, Gap, NamedValueDescription
from apimpolicy.project.service.operations import KnownOperations
from apimpolicy.project.service.policy_sources import NOT_IN_CODE, made_up_id
from apimpolicy.text.named_values import KnownNamedValues, MissingNamedValue
from apimpolicy.text.source import OPEN, Source

if TYPE_CHECKING:
    from apimpolicy.project.service.description import EntityReference, PolicyText, Problem, ServiceDescription

_AUTHORIZATIONS = "authorizations"
_NAMED_VALUES = "named-values"
_NEAR = 0.7
_INCLUDE = re.compile(r"""\bfragment-id\s*=\s*(["'])([^"']*)\1""")
_MANY = 3


class ServiceEnvironment(NamedTuple):
    """One environment of a service: its name, and the file of its overlay, if there is one."""

    name: str
    overlay: str | None = None


class Deleted(NamedTuple):
    """Resources that a revision still had: names in lower case by kind."""

    revision: str
    names: Mapping[str, frozenset[str]] = {}


class ServiceView:
    """A service in one environment; without one, in any of them.

    A workspace sees what it has itself and, so that nothing is reported wrongly, what the service around it has.
    """

    def __init__(
        self,
        description: ServiceDescription,
        workspace: str | None = None,
        declared: Declared = NOTHING,
        environment: ServiceEnvironment | None = None,
        deleted: Deleted | None = None,
    ) -> None:
        self.description = description
        self.root = description.place
        self.workspace = workspace
        self.environment = environment
        self.lookups = 0
        """The number of queries for something outside of the service: what was found then depends on other files."""
        self._declared = declared
        self._deleted = deleted or Deleted("")
        self._elsewhere = Elsewhere(self.root, description.read)
        self._operations = KnownOperations()
        self._by_id: dict[str, dict[str, Any]] = {}

    def __repr__(self) -> str:
        return self._key

    @cached_property
    def _key(self) -> str:
        """Everything that a response depends on, for caches; what is looked up elsewhere is counted in `lookups`."""
        ids = {kind: sorted(self.resources(kind)) for kind in (*KINDS, _AUTHORIZATIONS)}
        values = sorted(self.known_values.items()), sorted(self.named_values)
        apis = [each for each in self.resources("apis").values() if isinstance(each, ApiDescription)]
        files = [file.path for api in apis for file in api.files if file.path is not None]
        operations = [(api.id, each.id) for api in apis for each in api.operations]
        texts = [
            (policy.form, None if policy.source is None else policy.source.text)
            for policies in self._deployed_texts.values()
            for policy in policies
        ]
        parts = ids, values, operations, self._declared, self.environment, self._deleted, self.description.gaps, texts
        return key_of(self.root, self.workspace, fingerprint(files), *parts)

    def around(self, path: str) -> ServiceView:
        """Return the service around a policy file: all of it only if the code attaches the file to a scope."""
        read = self.description.read
        return self if not read or os.path.realpath(path) in read else self._unattached

    @cached_property
    def _unattached(self) -> ServiceView:
        gap = Gap("the code doesn't attach this policy, so it may be for another service", NOWHERE)
        description = attrs.evolve(self.description, gaps=[*self.description.gaps, gap])
        return ServiceView(description, self.workspace, self._declared, self.environment, self._deleted)

    # The description

    def resources(self, kind: str) -> Mapping[str, Any]:
        """Return the resources of a kind that the workspace sees, by id in lower case."""
        if kind not in self._by_id:
            seen = (None, self.workspace)
            found = [each for each in self.description.resources(kind) if each.workspace in seen]
            found.sort(key=lambda each: each.workspace is not None)
            self._by_id[kind] = {each.id.lower(): each for each in found}
        return self._by_id[kind]

    def lists(self, kind: str) -> bool:
        """Return whether at least one resource of this kind is described, so that the others can be expected to be."""
        return any(each.is_described for each in self._described(kind))

    def _described(self, kind: str) -> Iterator[Any]:
        """Yield the resources of a kind, without those of an overlay alone and those that represent unknown ones."""
        unknown = {made_up_id(shown(each.name)) for each in self.description.gaps if OPEN in each.name}
        for each in self.resources(kind).values():
            if each.origin.file != self._overlay and not each.is_made_up and each.id not in unknown:
                yield each

    def names(self, kind: str) -> list[str]:
        """Return the names by which policies know the resources of a kind, in order; not those of an overlay alone."""
        return sorted(each.display_name for each in self._described(kind))

    def has(self, kind: str, name: str) -> bool:
        """Return whether a resource of this kind has this name; an API is known by its display name too."""
        if kind == _NAMED_VALUES:
            return name in self.named_values
        if name.lower() in self.resources(kind) or name.lower() in KINDS[kind].built_in:
            return True
        return kind == "apis" and self._api(name) is not None

    def has_id(self, kind: str, name: str) -> bool:
        """Return whether there is a resource with this id: other resources know named values by it as well."""
        return name.lower() in self.resources(kind)

    def _api(self, name: str) -> ApiDescription | None:
        apis, lowered = self.resources("apis"), name.lower()
        named = (each for each in apis.values() if (each.name.known or "").lower() == lowered)
        return apis.get(lowered) or next(named, None)

    @property
    def fragments(self) -> dict[str, Callable[[], Source]]:
        found = self.resources("fragments").values()
        return {each.id: each.policy.read for each in found if each.policy is not None}

    def place_of(self, path: str) -> Place:
        """Return the place of a policy file in the service, as far as all uses of the file agree about it."""
        place, file = place_of(path), os.path.abspath(path)
        if place.root is not None:
            return place
        found = [each for each, policy in self.description.policies() if os.path.abspath(policy.origin.file) == file]
        common = Place(
            *(values.pop() if len(values := set(given)) == 1 else None for given in zip(*found, strict=True))
        )
        return common if found and path.lower().endswith(ENDINGS) else place

    def deployed(self, path: str) -> list[PolicyText]:
        """Return the policies as they are deployed that are from a file."""
        return self._deployed_texts.get(os.path.realpath(path), [])

    @cached_property
    def _deployed_texts(self) -> Mapping[str, list[PolicyText]]:
        return texts_by_file(self.description) if self.description.read else {}

    @cached_property
    def made_up(self) -> frozenset[str]:
        """The named values that represent what isn't known of policies."""
        return frozenset(each.id for each in self.description.named_values if each.is_made_up)

    @cached_property
    def unknown_policies(self) -> Mapping[str, list[PolicyText]]:
        """The policies that aren't known, by the file that sets them."""
        found: dict[str, list[PolicyText]] = {}
        for _, policy in self.description.policies():
            file = policy.origin.file
            is_here = policy.unknown not in ("", NOT_IN_CODE) and os.path.isfile(file)
            if is_here and policy not in found.setdefault(file, []):
                found[file].append(policy)
        return found

    def requires_subscription(self, api: str) -> bool | None:
        """Return whether an API requires a subscription; None where that isn't described."""
        found = self.resources("apis").get(api.lower())
        return found.subscription_required.known if isinstance(found, ApiDescription) else None

    def mcp_kind(self, place: Place) -> str | None:
        """Return `tools` or `existing` for a policy that runs for an MCP server; None for others."""
        servers = [each for each in self.description.apis if each.is_server]
        if place.scope == "api":
            servers = [each for each in servers if each.id == place.api]
        elif place.fragment is not None:
            servers = [each for each in servers if place.fragment in self._included(each)]
        if not servers or (place.scope not in ("api", "global") and place.fragment is None):
            return None
        return "tools" if any(each.has_tools for each in servers) else "existing"

    def _included(self, api: ApiDescription) -> frozenset[str]:
        """Return the fragments that the policy of an API includes, also through others."""
        found: set[str] = set()
        waiting = [] if api.policy is None else [api.policy.read]
        while waiting:
            with suppress(ConfigurationError):
                names = {match[2] for match in _INCLUDE.finditer(waiting.pop()().text)} - found
                found |= names
                waiting += (self.fragments[name] for name in names if name in self.fragments)
        return frozenset(found)

    @cached_property
    def problems(self) -> Mapping[str, list[Problem]]:
        found: dict[str, list[Problem]] = {}
        for each in self.description.problems:
            found.setdefault(each.origin.file, []).append(each)
        return found

    @cached_property
    def references(self) -> Mapping[str, list[EntityReference]]:
        described = (each for kind in KINDS for each in self.description.resources(kind))
        found: dict[str, list[EntityReference]] = {each.origin.file: [] for each in described}
        for reference in self.description.references:
            found.setdefault(reference.origin.file, []).append(reference)
        return found

    @cached_property
    def named_values(self) -> Mapping[str, bool | None]:
        """For each named value by its display name whether it is secret; None where that isn't known."""
        found: dict[str, bool | None] = {}
        for each in self.resources(_NAMED_VALUES).values():
            if isinstance(each, NamedValueDescription):
                is_known = each.is_secret.hole is None and each.origin.file != self._overlay
                is_secret = not each.key_vault.is_missing or bool(each.is_secret.known)
                found[each.display_name] = is_secret if is_known else None
            else:
                found[each.display_name] = None
        return found

    @property
    def known_values(self) -> dict[str, str]:
        """The values of named values in the environment, as far as its overlay gives them."""
        return {
            each.display_name: value
            for each in self.resources(_NAMED_VALUES).values()
            if isinstance(each, NamedValueDescription)
            and each.value.origin.file == self._overlay
            and (value := each.value.known) is not None
        }

    @property
    def lists_named_values(self) -> bool:
        return self.lists(_NAMED_VALUES) or bool(self._deleted.names.get(_NAMED_VALUES))

    @property
    def _overlay(self) -> str | None:
        return None if self.environment is None else self.environment.overlay

    # Missing resources

    def missing(self, kind: str, *names: str, within: str = "") -> MissingReference | None:
        """Return the missing reference if no resource has one of these names; see `checks.references.KnownService`."""
        if kind == OPERATIONS:
            return self._missing_operation(within, names)
        if kind == _AUTHORIZATIONS:
            return self._missing_authorization(within, names)
        if kind not in KINDS or any(self._exists(kind, name) for name in names):
            return None
        name, noun = names[0], KINDS[kind].noun
        deleted = self._deleted.revision if name.lower() in self._deleted.names.get(kind, ()) else ""
        if not deleted and not self.lists(kind):
            return None
        self.lookups += 1
        names_of_kind = tuple(self.names(kind))
        near = tuple(_near(name, names_of_kind))
        if self._is_elsewhere(kind, names):
            return None
        gap = None if deleted else self._gap(kind, names)
        if gap is not None and gap.has_pattern:
            return MissingReference(noun, name, False, reason=f"its name fits, and {gap.text(self.root)}")
        return MissingReference(
            noun, name, gap is None, near, names_of_kind, deleted, "" if gap is None else gap.text(self.root)
        )

    def _missing_operation(self, api: str, names: Sequence[str]) -> MissingReference | None:
        found = self._api(api) if api else None
        if not isinstance(found, ApiDescription):
            return None
        if any(self._operations.has(found, name) is not False for name in names):
            return None
        ids = [f"{found.id}/{name}" for name in names]
        if self.description.is_unread(OPERATIONS, *ids):
            return None
        known = tuple(self._operations.names(found))
        gap = self.description.gap(OPERATIONS, *ids)
        if gap is not None and not gap.kind and not self.description.read:
            gap = None  # an extract has all operations of its APIs, also of one API of a shared service
        reason = "" if gap is None else gap.text(self.root)
        return MissingReference("operation", names[0], gap is None, tuple(_near(names[0], known)), known, reason=reason)

    def _missing_authorization(self, provider: str, names: Sequence[str]) -> MissingReference | None:
        found = self.resources(_AUTHORIZATIONS).values()
        known = tuple(sorted(each.id for each in found if each.within.lower() == provider.lower()))
        lowered = {each.lower() for each in known}
        is_there = any(name.lower() in lowered or self._declared.has(_AUTHORIZATIONS, name) for name in names)
        if not known or is_there:
            return None
        return MissingReference("authorization", names[0], True, tuple(_near(names[0], known)), known)

    def _exists(self, kind: str, name: str) -> bool:
        if name.lower() in KINDS[kind].built_in and name.lower() in self._deleted.names.get(kind, ()):
            return self._declared.has(kind, name)  # Azure made it, and a change deletes it
        return self.has(kind, name) or self._declared.has(kind, name)

    def _is_elsewhere(self, kind: str, names: Sequence[str]) -> bool:
        any_environment = self.environment is None
        return any(self._elsewhere.declares(kind, name, overlays=any_environment) for name in names)

    @cached_property
    def _filters(self) -> Mapping[str, list[str]]:
        return filtered_names(self.root)

    def _gap(self, kind: str, names: Sequence[str]) -> Gap | None:
        """Return why a resource may exist that isn't described; None if it doesn't."""
        filtered = self._filters.get(kind)
        if filtered is not None and is_filtered(filtered, self.resources(kind)):
            return Gap("the folder was extracted with a filter", NOWHERE, kind)
        return self.description.gap(kind, *names) or self._elsewhere.gap(kind)

    def may_have_more(self, *kinds: str) -> bool:
        """Return whether the service may have resources of one of these kinds that aren't described."""
        self.lookups += 1
        gaps = self.description.gaps
        return any(
            any(gap.kind in ("", kind) for gap in gaps) or self._gap(kind, ()) is not None or self._elsewhere.has(kind)
            for kind in kinds
        )

    def is_certainly_missing(self, kind: str, name: str) -> bool:
        """Return whether a reference to a resource of a kind is an error: there is none, here or elsewhere."""
        found = self.missing(kind, name)
        return found is not None and found.is_certain and (bool(found.deleted) or kind not in self.partial_kinds)

    @cached_property
    def partial_kinds(self) -> frozenset[str]:
        """Kinds of which only a part seems to be described: most of the resources that others refer to are missing.

        An extract of some APIs may have all products, with their links to all APIs. One wrong name is an error, many
        aren't there by chance.
        """
        names: dict[str, set[str]] = {}
        for reference in self.description.references:
            if reference.workspace is None:
                names.setdefault(reference.kind, set()).add(reference.name)
        missing = {kind: sum(not self.has(kind, name) for name in own) for kind, own in names.items()}
        return frozenset(kind for kind, count in missing.items() if count >= _MANY and count * 2 > len(names[kind]))


def named_values_for(
    values: Mapping[str, str] | None, service: ServiceView | None, declared: Declared, environment: str | None
) -> Mapping[str, str] | None:
    """Return the named values that a policy may use, those of the configuration first; None where any may exist.

    Without a service that lists its own, `values` are all that there are.
    """
    all_values = {**(service.known_values if service is not None else {}), **(values or {})}
    lists = service is not None and service.lists_named_values
    if values is None and not lists:
        return KnownNamedValues(all_values, lambda _: None) if all_values else None

    def missing(name: str) -> MissingNamedValue | None:
        if declared.has("named-values", name):
            return None
        reference = service.missing("named-values", name) if service is not None and lists else None
        if lists and reference is None:
            return None
        where = "" if environment is None else f" (in the environment '{environment}')"
        if reference is not None and reference.deleted:
            return MissingNamedValue(reference.message, reference.label, reference.help)
        if reference is not None and not reference.is_certain:
            return MissingNamedValue(reference.message, reference.label, reference.help, Severity.WARNING)
        label, advice = ("", "") if reference is None else (reference.label, reference.help)
        return MissingNamedValue(azure_text("named-value-missing", name=name) + where, label, advice)

    return KnownNamedValues(all_values, missing)


def _near(name: str, known: Sequence[str]) -> Iterator[str]:
    lowered = {each.lower(): each for each in reversed(known)}
    yield from (lowered[each] for each in get_close_matches(name.lower()[:64], lowered, 1, _NEAR))
