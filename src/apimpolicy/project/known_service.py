"""The service around a policy, as `check` knows it: what its folder lists, and what is declared elsewhere.

A resource is missing for certain when the folder lists its kind, no filter left others out when it was extracted, and
neither the configuration nor anything else in the repository declares it. Where the folder has only a part of a kind, a
missing one is reported if its name is like another one's.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from apimpolicy.checks.references import Missing
from apimpolicy.project.declared import NOTHING, Declared
from apimpolicy.project.elsewhere import Elsewhere
from apimpolicy.project.overlays import filtered_names, is_filtered
from apimpolicy.project.resource_kinds import KINDS
from apimpolicy.text.named_values import KnownNamedValues, MissingNamedValue

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from apimpolicy.project.inventory import Inventory
    from apimpolicy.project.overlays import Overlay

_OPERATIONS = "operations"
_AUTHORIZATIONS = "authorizations"
_NEAR = 0.7


class Environment(NamedTuple):
    """One environment of a service: its name, and the overlay that changes the folder in it, if there is one."""

    name: str
    overlay: Overlay | None = None


class Deleted(NamedTuple):
    """Resources that a revision still had: names in lower case by kind."""

    revision: str
    names: Mapping[str, frozenset[str]] = {}


class Service:
    """A service's folder in one environment; without one, in any of them."""

    def __init__(
        self,
        inventory: Inventory,
        declared: Declared = NOTHING,
        environment: Environment | None = None,
        deleted: Deleted | None = None,
    ) -> None:
        self.inventory = inventory
        self.root = inventory.root
        self.environment = environment
        self.lookups = 0
        """The number of queries for something outside of the folder: what was found then depends on other files."""
        self._declared = declared
        self._deleted = deleted or Deleted("")
        self._elsewhere = Elsewhere(inventory.root)

    def __repr__(self) -> str:
        return self._key

    @cached_property
    def _key(self) -> str:
        """Everything that an answer depends on, for caches; what is looked up elsewhere is counted in `lookups`."""
        from apimpolicy.project.cache import key_of

        overlay = None if self.environment is None else self.environment.overlay
        changes = () if overlay is None else (overlay.path, *sorted(overlay.named_values(), key=str))
        environment = None if self.environment is None else self.environment.name
        return key_of(self.inventory, self._declared, environment, changes, self._deleted)

    def missing(self, kind: str, *names: str, within: str = "") -> Missing | None:
        """Return what is missing when no resource of a kind has these names; see `checks.references.KnownService`."""
        if kind == _OPERATIONS:
            return self._missing_operation(within, names)
        if kind == _AUTHORIZATIONS:
            return self._missing_authorization(within, names)
        if kind not in KINDS or any(self._has(kind, name) for name in names):
            return None
        name, noun = names[0], KINDS[kind].noun
        deleted = self._deleted.revision if name.lower() in self._deleted.names.get(kind, ()) else ""
        if not deleted and not self.inventory.lists(kind):
            return None
        self.lookups += 1
        known = tuple(self.inventory.names(kind))
        near = tuple(_near(name, known))
        is_certain = bool(deleted) or not self._is_partial(kind)
        if not (is_certain or near):
            return None
        if self._is_elsewhere(kind, names):
            return None
        return Missing(noun, name, is_certain, near, known, deleted)

    def has_id(self, kind: str, name: str) -> bool:
        """Return whether the folder has a resource with this id: information files know named values by it as well."""
        return name.lower() in self.inventory.resources(kind)

    def _missing_operation(self, api: str, names: Sequence[str]) -> Missing | None:
        if not api or any(self.inventory.has_operation(api, name) is not False for name in names):
            return None
        known = tuple(self.inventory.operations(api))
        return Missing("operation", names[0], True, tuple(_near(names[0], known)), known)

    def _missing_authorization(self, provider: str, names: Sequence[str]) -> Missing | None:
        known = tuple(self.inventory.authorizations(provider))
        lowered = {each.lower() for each in known}
        is_there = any(name.lower() in lowered or self._declared.has(_AUTHORIZATIONS, name) for name in names)
        if not known or is_there:
            return None
        return Missing("authorization", names[0], True, tuple(_near(names[0], known)), known)

    def _has(self, kind: str, name: str) -> bool:
        if name.lower() in KINDS[kind].built_in and name.lower() in self._deleted.names.get(kind, ()):
            return self._declared.has(kind, name)  # Azure made it, and a change deletes it
        exists = name in self._named_values if kind == "named-values" else self.inventory.has(kind, name)
        overlay = None if self.environment is None else self.environment.overlay
        return (
            exists
            or self._declared.has(kind, name)
            or (overlay is not None and kind != "named-values" and name.lower() in overlay.names(kind))
        )

    def _is_elsewhere(self, kind: str, names: Sequence[str]) -> bool:
        any_environment = self.environment is None
        return any(self._elsewhere.declares(kind, name, overlays=any_environment) for name in names)

    @cached_property
    def _filters(self) -> Mapping[str, list[str]]:
        return filtered_names(self.root)

    def _is_partial(self, kind: str) -> bool:
        names = self._filters.get(kind)
        return names is not None and is_filtered(names, self.inventory.resources(kind))

    @cached_property
    def _named_values(self) -> Mapping[str, str | None]:
        """The named values of the folder, as the environment changes them; values that only it says, where known."""
        overlay = None if self.environment is None else self.environment.overlay
        found: dict[str, str | None] = dict.fromkeys(self.inventory.display_names.values())
        if overlay is None:
            return found
        ids = self.inventory.display_names
        for resource, display, value in overlay.named_values(self.inventory.workspace):
            old = ids.get(resource)
            if old is not None and display is not None and display != old:
                found.pop(old, None)
            found[display or old or resource] = value
        return found

    @property
    def known_values(self) -> dict[str, str]:
        """The values of named values in the environment, as far as its overlay gives them."""
        return {name: value for name, value in self._named_values.items() if value is not None}

    @property
    def lists_named_values(self) -> bool:
        """Return whether the folder has named values, or had some before a change."""
        return self.inventory.lists("named-values") or bool(self._deleted.names.get("named-values"))


def named_values_for(
    values: Mapping[str, str] | None, service: Service | None, declared: Declared, environment: str | None
) -> Mapping[str, str] | None:
    """The named values that a policy may use, those of the configuration first; None where any may exist.

    Without a service that lists its own, `values` are all that there are.
    """
    known = {**(service.known_values if service is not None else {}), **(values or {})}
    lists = service is not None and service.lists_named_values
    if values is None and not lists:
        return KnownNamedValues(known, lambda _: None) if known else None

    def missing(name: str) -> MissingNamedValue | None:
        if declared.has("named-values", name):
            return None
        found = service.missing("named-values", name) if service is not None and lists else None
        if lists and found is None:
            return None
        where = "" if environment is None else f" (in the environment '{environment}')"
        if found is not None and found.deleted:
            return MissingNamedValue(found.message, found.label, found.help)
        label, advice = ("", "") if found is None else (found.label, found.help)
        return MissingNamedValue(f"Cannot find a property '{name}'{where}", label, advice)

    return KnownNamedValues(known, missing)


def _near(name: str, known: Sequence[str]) -> Iterator[str]:
    from difflib import get_close_matches

    lowered = {each.lower(): each for each in reversed(known)}
    yield from (lowered[each] for each in get_close_matches(name.lower()[:64], lowered, 1, _NEAR))
