"""The parts that a service has more than once, or that nothing uses: shared backends, similar policies and others.

Nothing is analysed here that `check`, `diff` and the description of the service don't know: policies are compared
without layout and comments, uses are the names in attributes that refer to resources. A resource counts as used if
anything may use it; a policy that isn't known, or a computed name, makes the kind undecided.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from apimpolicy.checks.subject import Subject
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.engine.backends import BackendPool
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.discovery import discover
from apimpolicy.project.files import read_data, source_of
from apimpolicy.project.layout import KINDS, Place
from apimpolicy.project.resource_fields import document_of
from apimpolicy.project.service.description import OPERATIONS
from apimpolicy.project.service.operations import KnownOperations
from apimpolicy.report.inventory import DifferingValue, Inventory, InventoryItem, SharedBackend, SimilarPolicies
from apimpolicy.testing.comparing.code_trees import CODE
from apimpolicy.testing.comparing.elements import of_element, of_value
from apimpolicy.text.markup import read
from apimpolicy.text.named_values import find_named_values
from apimpolicy.text.source import is_unknown

if TYPE_CHECKING:
    from apimpolicy.project.service.description import ApiDescription, PolicyText, ServiceDescription
    from apimpolicy.text.document import Element

_LISTED = ("fragments", "named-values", "backends")
_MOST_VALUES = 3
"""Policies that differ in more values than this aren't similar."""
_COMPUTED = re.compile(r"\{\{\s*[${]|\{\{[^}]*\$")
"""A named value in infrastructure code whose name isn't written there."""
_MADE_BY_AZURE = re.compile("Logger-Credentials-|cache-.+-connection-")
"""Named values that Azure makes for a logger or a cache, whose extract has no secret."""
_PLAIN = frozenset(("policies", "fragment", "inbound", "backend", "outbound", "on-error", "base"))
_REVISION = ";rev="


class _Policy(NamedTuple):
    place: Place
    text: PolicyText
    elements: tuple[Element, ...]

    @property
    def item(self) -> InventoryItem:
        origin = self.text.origin
        return InventoryItem(_words(self.place), origin.file, origin.line)


class _Values(NamedTuple):
    """The values in a policy: without layout, and as they are written."""

    compared: tuple[str, ...]
    written: tuple[str, ...]


def inventory_of(service: ServiceDescription, name: str = "", others: Sequence[ServiceDescription] = ()) -> Inventory:
    """Return the inventory of a service as it is written; `others` are those of the same checkout.

    Raises ConfigurationError.
    """
    policies, unknown = _policies(service)
    broken = [each for each in service.problems if each.is_error and os.path.isfile(each.origin.file)]
    unknown += (f"{os.path.relpath(each.origin.file, service.place)}: {each.message}" for each in broken)
    gaps = [each.text(service.place) for each in service.gaps if each not in service.unread_resources()]
    loose = _loose(service, others)
    uses = _Uses(service, policies, loose)
    undecided = dict.fromkeys((*gaps, *unknown, *uses.computed.values()))
    unused = tuple(_unused(service, uses))
    similar = tuple(_similar([each for each in policies if _REVISION not in (each.place.api or "")]))
    return Inventory(
        _shared(service, policies), similar, unused, tuple(_unattached(service, loose)), tuple(undecided), name
    )


def _policies(service: ServiceDescription) -> tuple[list[_Policy], list[str]]:
    """Return the policies that can be read, and a reason for each of the others."""
    policies: list[_Policy] = []
    reasons: list[str] = []
    for place, policy in service.policies():
        try:
            if policy.unknown:
                raise ConfigurationError(policy.unknown)
            policies.append(_Policy(place, policy, tuple(document_of(policy).elements())))
        except ConfigurationError as error:
            reasons.append(f"the policy of {_words(place)} isn't known: {error}")
    return policies, reasons


def _words(place: Place) -> str:
    if place.fragment is not None:
        return f"the fragment '{place.fragment}'"
    if place.scope == "operation":
        return f"the operation '{place.operation}' of the API '{place.api}'"
    if place.scope == "api":
        return f"the API '{place.api}'"
    return "all APIs" if place.scope == "global" else f"a {place.scope}"


class _Uses:
    """The names that policies and descriptions use, in lower case by kind; named values as they are written."""

    def __init__(self, service: ServiceDescription, policies: Sequence[_Policy], loose: Sequence[str]) -> None:
        self.names: dict[str, set[str]] = {kind: set() for kind in _LISTED}
        self.computed: dict[str, str] = {}
        """Why any resource of a kind may be used."""
        for reference in service.references:
            self.names.setdefault(reference.kind, set()).add(reference.name.lower())
        for policy in policies:
            self._add(_words(policy.place), policy.elements)
            self._read(policy.text.read().text)
        for file in loose:
            source, _ = source_of(*read_data(file))
            self._add(os.path.relpath(file, service.place), read(source).elements())
            self._read(source.text)
        backends = self.names["backends"]
        for api in service.apis:
            backends.add((api.backend.known or "").lower())
        for backend in service.backends:
            if isinstance(backend.backend, BackendPool):
                backends.update(member.id.lower() for member in backend.backend.members)
        described = (resource.origin.file for kind in KINDS for resource in service.resources(kind))
        for file in dict.fromkeys((*service.read, *described)):
            if os.path.isfile(file):
                source, _ = source_of(*read_data(file))
                self._read(source.text)
                if service.read and _COMPUTED.search(source.text):
                    self.computed["named-values"] = (
                        f"{os.path.relpath(file, service.place)} computes names of named values"
                    )

    def _add(self, where: str, elements: Iterable[Element]) -> None:
        for kind, name in (each for element in elements for each in references_of(element)):
            if name is None:
                self.computed.setdefault(kind, f"{where} computes the name of a {KINDS[kind].noun}")
            else:
                self.names.setdefault(kind, set()).add(name.lower())

    def _read(self, text: str) -> None:
        self.names["named-values"].update(each.name.lower() for each in find_named_values(text))

    def has(self, kind: str, *names: str) -> bool:
        return kind in self.computed or any(each.lower() in self.names[kind] for each in names)


def references_of(element: Element) -> Iterator[tuple[str, str | None]]:
    """Yield the kind and the name of each resource that an element refers to; None for a computed name."""
    specification = Subject.specification_of(element)
    for slot in specification.attributes if specification is not None else ():
        given = element.get(slot.name) if slot.refers else None
        if slot.refers and given is not None and slot.refers in KINDS:
            is_written = not given.value.parts and not is_unknown(given.value.text) and "{{" not in given.value.text
            yield slot.refers, given.value.text.strip() if is_written else None


def _unused(service: ServiceDescription, uses: _Uses) -> Iterator[InventoryItem]:
    for kind in _LISTED:
        for each in service.resources(kind):
            if kind == "named-values" and _MADE_BY_AZURE.match(each.display_name):
                continue
            if each.is_described and not each.is_made_up and not uses.has(kind, each.id, each.display_name):
                yield InventoryItem(f"the {KINDS[kind].noun} '{each.display_name}'", each.origin.file, each.origin.line)


def _loose(service: ServiceDescription, others: Sequence[ServiceDescription]) -> list[str]:
    """Return the files with policies that no service has. A policy in code is attached where it is written."""
    if not os.path.isdir(service.place):
        return []
    policies = (policy for each in (service, *others) for _, policy in each.policies())
    attached = {os.path.realpath(file) for policy in policies for file in (policy.origin.file, policy.path) if file}
    files = discover([service.place], CheckProjects(CheckOptions()), policies_only=True).files
    return [each for each in files if os.path.realpath(each) not in attached and not each.lower().endswith(CODE)]


def _unattached(service: ServiceDescription, loose: Sequence[str]) -> Iterator[InventoryItem]:
    """Yield policies in files that nothing has, of operations that an API doesn't have, and of products without APIs.

    What is beside a file that can't be read isn't loose: the file may attach it.
    """
    unread = tuple(os.path.join(os.path.dirname(os.path.abspath(each.origin.file)), "") for each in service.problems)
    for file in loose:
        if not os.path.abspath(file).startswith(unread):
            yield InventoryItem(os.path.relpath(file, service.place), file)
    operations = KnownOperations()
    for api in service.apis:
        for each in api.operations:
            is_there = service.is_unread(OPERATIONS, f"{api.id}/{each.id}")
            if each.policy is not None and not is_there and operations.has(api, each.id) is False:
                origin = each.policy.origin
                name = f"the API '{api.id}' has no operation '{each.id}'"
                yield InventoryItem(name, origin.file, origin.line)
    for product in service.products:
        if product.policy is not None and not product.apis:
            origin = product.policy.origin
            yield InventoryItem(f"the product '{product.id}' has no API", origin.file, origin.line)


def _shared(service: ServiceDescription, policies: Sequence[_Policy]) -> tuple[SharedBackend, ...]:
    """Return the backends of several APIs, by their ids and by the addresses of the APIs; revisions don't count."""
    apis: dict[str, dict[str, None]] = {}
    for api in service.apis:
        for backend in _backends_of(api):
            apis.setdefault(backend, {})[api.id.partition(_REVISION)[0]] = None
    for policy in policies:
        if policy.place.api is None:
            continue
        for element in policy.elements:
            for kind, name in references_of(element):
                if kind == "backends" and name:
                    apis.setdefault(f"the backend '{name}'", {})[policy.place.api.partition(_REVISION)[0]] = None
    return tuple(SharedBackend(backend, tuple(ids)) for backend, ids in apis.items() if len(ids) > 1)


def _backends_of(api: ApiDescription) -> Iterator[str]:
    if api.backend.known:
        yield f"the backend '{api.backend.known}'"
    url = api.service_url.known
    if url:
        try:
            address = urlsplit(url.strip())
        except ValueError:
            return
        yield f"{address.scheme}://{address.netloc}".lower() if address.netloc else url


def _similar(policies: Sequence[_Policy]) -> Iterator[SimilarPolicies]:
    """Yield groups of policies, larger ones first; each is compared with the first of a group."""
    groups: dict[tuple[str, ...], list[list[tuple[_Policy, _Values]]]] = {}
    files: set[str] = set()
    for policy in policies:
        file = os.path.realpath(policy.text.path or "")
        is_plain = all(each.name in _PLAIN or has_trait(each.name, "forwards") for each in policy.elements)
        if is_plain or (policy.text.path and file in files):
            continue
        files.add(file)
        shape, values = _form(policy.elements)
        found = groups.setdefault(shape, [])
        near = next((each for each in found if _are_similar(each[0][1], values)), None)
        if near is None:
            found.append([(policy, values)])
        else:
            near.append((policy, values))
    similar = [
        group for shape, found in groups.items() for each in found if len(each) > 1 for group in _split(shape, each)
    ]
    yield from sorted(similar, key=lambda each: -len(each.policies))


def _split(shape: tuple[str, ...], members: list[tuple[_Policy, _Values]]) -> Iterator[SimilarPolicies]:
    """Yield the equal policies of a group, and then one of each kind with the values in which they differ."""
    equal: dict[tuple[str, ...], list[tuple[_Policy, _Values]]] = {}
    for member in members:
        equal.setdefault(member[1].compared, []).append(member)
    for same in equal.values():
        if len(same) > 1:
            yield SimilarPolicies(tuple(policy.item for policy, _ in same))
    if len(equal) > 1:
        firsts = [same[0] for same in equal.values()]
        differences = tuple(
            DifferingValue(where, tuple(values.written[index] for _, values in firsts))
            for index, where in enumerate(shape)
            if len({values.compared[index] for _, values in firsts}) > 1
        )
        yield SimilarPolicies(
            tuple(policy.item for policy, _ in firsts),
            tuple(each._replace(where=each.where.strip()) for each in differences),
        )


def _form(elements: Iterable[Element]) -> tuple[tuple[str, ...], _Values]:
    """Return the names in a policy, each with its depth, and their values."""
    shape: list[str] = []
    compared: list[str] = []
    written: list[str] = []

    def add(name: str, value: str, text: str) -> None:
        shape.append(f"{depth}<{name}>")
        compared.append(value)
        written.append(text)

    for element in elements:
        depth = " " * sum(1 for _ in element.ancestors())
        is_text = next(iter(element.elements()), None) is None
        source = element.source.text[element.content_start : element.content_end].strip() if is_text else ""
        add(element.name, of_element(element)[2].strip() if is_text else "", source)
        for each in sorted(element.attributes, key=lambda attribute: attribute.name):
            add(f"{element.name} {each.name}", of_value(each.value), each.value.text)
    return tuple(shape), _Values(tuple(compared), tuple(written))


def _are_similar(one: _Values, other: _Values) -> bool:
    """Return whether few values differ, and fewer than are the same."""
    pairs = [pair for pair in zip(one.compared, other.compared, strict=True) if any(pair)]
    count = sum(first != second for first, second in pairs)
    return count == 0 or (count <= _MOST_VALUES and count * 2 < len(pairs))
