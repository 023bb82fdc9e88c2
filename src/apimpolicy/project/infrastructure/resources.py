"""Resources of an API Management service in the form that Azure Resource Manager has them, from whatever language.

`azurerm_api_management_api_operation` and a nested Bicep resource both become a `Resource` of the type
`apis/operations` with two names, and properties as Azure spells them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from apimpolicy.project.infrastructure.values import MARKED, Unknown, Value, ValueTooLarge, hole, joined, leaves
from apimpolicy.records import Record
from apimpolicy.text.source import OPEN, Source

PROVIDER = "microsoft.apimanagement/service"


class Resource(Record):
    """A resource below a service, or the service itself (whose type is empty)."""

    type: str
    """The type below the service, in lower case: `apis/operations/policies`."""
    names: Sequence[Value]
    """The names of the resource and of those that it is in, the outermost first; not the service's."""
    properties: Mapping[str, Value]
    source: Source
    start: int
    address: str
    """The name of the resource in the code, for messages."""
    doubts: frozenset[str] = frozenset()
    """The conditions and collections that aren't known, on which depends whether, or how often, it is deployed."""
    places: Mapping[str, tuple[Source, int]] = {}
    """Places of properties, by name, as far as they are known."""
    is_update: bool = False
    """True when the properties are added to those of another resource with the same type and names."""
    service: Value = None
    """The name of the service that the resource is in; None where the code names none."""
    is_assumed: bool = False
    """True if a module makes it that isn't read, and whose usual arguments are known."""


class Note(NamedTuple):
    """A message about code that isn't known or can't be read, with its place.

    `module` is a module from a registry: `combined` makes one note of all of them. `hides` says that code that isn't
    read may deploy resources, `texts` are those that it is given: ids and names of what its resources belong to.
    `is_assumed`: it is assumed to deploy what it usually does.
    """

    message: str
    source: Source | None = None
    start: int = 0
    help: str = ""
    module: str = ""
    hides: bool = False
    texts: frozenset[str] = frozenset()
    is_assumed: bool = False


class Reading(Record):
    """The resources and notes of one deployment: a root module of Terraform, or a template.

    `place` is the real path of the module's folder or of the template. `unread` are the notes about code that may
    deploy other resources. `files` are those that were read for these, and `left_out` yields the resources that other
    values of parameters would deploy.
    """

    place: str
    language: str
    """`Terraform` or `Bicep`, which includes ARM templates."""
    resources: list[Resource]
    notes: list[Note]
    unread: list[Note]
    files: frozenset[str] = frozenset()
    left_out: Callable[[], Iterator[Resource]] = lambda: iter(())


class UnknownProperties(dict[str, Value]):
    """The properties of a resource of which nothing is known: each may be set."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def get(self, key: str, default: Value = None) -> Value:
        return Unknown(f"{self.text}.{key}")

    def __getitem__(self, key: str) -> Value:
        return self.get(key)


def properties_of(value: Value) -> dict[str, Value]:
    """Return the properties that a resource is given as a value."""
    if isinstance(value, dict):
        return dict(value)
    return UnknownProperties(value.text) if isinstance(value, Unknown) else {}


def texts_in(values: Iterable[Value]) -> frozenset[str]:
    """Return the texts inside of values, those with unknown parts included."""
    found: set[str] = set()
    for value in values:
        try:
            found |= {each for each in leaves(value) if isinstance(each, str) and each}
        except ValueTooLarge:
            continue
    return frozenset(found)


_OF_SERVICE = re.compile(r"\b(?:apim?|api[-_ ]?m(?:anagement|gmt))\b|apim", re.IGNORECASE)
_PART = re.compile(r"/service/|<(?:policies|fragment|inbound)\b", re.IGNORECASE)


class Relevance:
    """Tells which modules that aren't read are about the service of some resources."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources

    @cached_property
    def _names(self) -> frozenset[str]:
        return texts_in(name for each in self._resources for name in (each.service, *each.names)) - {""}

    @cached_property
    def _unknown(self) -> str:
        resources = self._resources
        values = (value for each in resources for value in (each.service, *each.names, *each.properties.values()))
        doubts = (doubt for each in resources for doubt in each.doubts)
        return "\n".join((*_unknown_texts(values), *doubts))

    def of(self, note: Note, prefix: str = "") -> bool:
        """Return whether a module is called so, gets a part of the service, or is used by it.

        `prefix` is what stands before the module's name in expressions.
        """
        if not note.module or _OF_SERVICE.search(note.module) or any(map(_PART.search, note.texts)):
            return True
        return not note.texts.isdisjoint(self._names) or f"{prefix}{note.module.partition(' ')[0]}." in self._unknown


def _unknown_texts(values: Iterable[Value]) -> Iterator[str]:
    """Yield the unknown values inside of values, and the unknown parts of texts."""
    for value in values:
        try:
            for each in leaves(value):
                if isinstance(each, Unknown):
                    yield f"{each.text}."
                elif isinstance(each, str) and OPEN in each:
                    yield from (found[0] for found in MARKED.finditer(each))
        except ValueTooLarge:
            continue


def combined(notes: Sequence[Note], advice: str) -> list[Note]:
    """Return notes without repetitions, and one note for all modules from registries."""
    found = list(dict.fromkeys(each for each in notes if not each.module))
    modules = [each for each in notes if each.module]
    if modules:
        message = (
            f"modules from a registry or Git aren't read, so what they deploy and return is unknown: {_names(modules)}"
        )
        found.append(Note(message, modules[0].source, modules[0].start, advice))
    return found


def updated(resources: Sequence[Resource]) -> list[Resource]:
    """Return resources with the properties that updates change; updates of resources elsewhere have no effect."""
    found = {(each.type, *map(str, each.names)): each for each in resources if not each.is_update}
    for each in resources:
        changed = found.get((each.type, *map(str, each.names)))
        if each.is_update and changed is not None:
            changed.properties = _merged(changed.properties, each.properties)
    return [each for each in resources if not each.is_update]


def _merged(old: Value, new: Value) -> Value:
    if not isinstance(old, dict) or not isinstance(new, dict) or isinstance(new, UnknownProperties):
        return new
    return {**old, **{key: _merged(old.get(key), each) for key, each in new.items()}}


def notes_of_guesses(resources: Sequence[Resource]) -> list[Note]:
    """Return the note about resources of which it isn't known how many there are."""
    guesses = [each for each in resources if each.doubts and not each.type.endswith("diagnostics")]
    if not guesses:
        return []
    names = ", ".join(each.address for each in guesses[:4]) + (" …" if len(guesses) > 4 else "")
    message = f"it isn't known whether, or how often, these are deployed; one of each is assumed: {names}"
    return [Note(message, guesses[0].source, guesses[0].start)]


def _names(modules: Sequence[Note]) -> str:
    names = list(dict.fromkeys(each.module for each in modules))
    return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")


def segments(id_: Value) -> list[Value]:
    """Return the segments of a resource's id; unknown values in it are kept whole."""
    if isinstance(id_, Unknown):
        return [id_]
    text = str(id_)
    if OPEN not in text:
        return [each for each in text.split("/") if each]
    kept = [found[0] for found in MARKED.finditer(text)]
    found: list[Value] = []
    for each in MARKED.sub(OPEN, text).split("/"):
        while OPEN in each and kept:
            each = each.replace(OPEN, kept.pop(0).replace(OPEN, "\0"), 1)
        each = each.replace("\0", OPEN)
        if each:
            found.append(Unknown(each) if MARKED.fullmatch(each) else each)
    return found


def names_in(id_: Value, kinds: Sequence[str]) -> list[Value]:
    """Return the names that the id of a resource has for these kinds, as far as it has them from the end.

    >>> names_in("/subscriptions/x/service/y/apis/orders/operations/get", ["apis", "operations"])
    ['orders', 'get']
    """
    parts = segments(id_)
    found: list[Value] = []
    for kind in reversed(kinds):
        if len(parts) < 2 or str(parts[-2]).lower() != kind:
            break
        found.insert(0, parts[-1])
        parts = parts[:-2]
    return found


def service_in(id_: Value) -> Value:
    """Return the name of the service in the id of a resource in it; the id, if it isn't known, and None without one.

    >>> service_in("/subscriptions/x/service/contoso/apis/orders")
    'contoso'
    """
    if isinstance(id_, Unknown):
        return id_
    parts = segments(id_)
    names = (after for kind, after in pairwise(parts) if str(kind).lower() == "service")
    return next(names, parts[0] if parts and isinstance(parts[0], Unknown) else None)


def id_below(parent: Value, kind: str, name: Value) -> Value:
    return joined([_as_text(parent), f"/{kind}/", _as_text(name)])


def _as_text(value: Value) -> str:
    return hole(value) if isinstance(value, Unknown) else str(value) if not isinstance(value, str) else value
