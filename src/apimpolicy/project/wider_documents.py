"""The documents of the scopes around a policy file: of its service, or of a configuration's tables.

A call reaches an operation through one product or without any, so that there is one sequence of documents for each.
What can't be read is left out: it is reported where it is needed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from apimpolicy.checks.failures import Wider
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.authority import Author, Role, may_name
from apimpolicy.project.service.description import (
    ApiDescription,
    FileLocation,
    OperationDescription,
    PolicyText,
    ProductDescription,
    ServiceDescription,
    Sourced,
    WorkspaceDescription,
)
from apimpolicy.text.source import Source

Paths = tuple[tuple[Wider, ...], ...]
_Documents = list[tuple[str, PolicyText | None]]
MOST_PATHS = 20
GLOBAL = "the global scope"


class Around(NamedTuple):
    """Each sequence of wider documents, nearest first; all other documents that run with a file, None when they are not
    known; and the contents of all."""

    paths: Paths
    others: tuple[Wider, ...] | None
    contents: list[str]


class WiderDocuments:
    """Finds the wider documents of policy files; each file is read once."""

    def __init__(self) -> None:
        self._known: dict[str | Source, tuple[Wider, str] | None] = {}

    def around(
        self,
        path: str,
        service: ServiceDescription | None,
        tables: Mapping[str, Any],
        directory: str,
        *,
        is_complete: Callable[[], bool] = lambda: False,
    ) -> Around:
        """Return the documents around a file. `tables` are those of the configuration above it, in `directory`.

        `is_complete` returns whether the service has only those APIs, products and workspaces that are described.
        """
        described = [one for one in (service, _of_tables(tables, directory)) if one is not None]
        sequences = [documents for description in described for documents in _around(description, path)][:MOST_PATHS]
        read = [[each for title, policy in way if (each := self._read(title, policy)) is not None] for way in sequences]
        others: tuple[Wider, ...] | None = None
        narrower = None if service is None else _narrower(service, path, is_complete)
        needed = [each for way in read for each in way]
        if narrower is not None and all(way and way[-1][0] == GLOBAL for way in sequences):
            inner = [self._read("an operation", policy) for policy in narrower]
            needed += (each for each in inner if each is not None)
            complete = None not in inner and sum(map(len, read)) == sum(map(len, sequences))
            others = tuple(dict.fromkeys(wider for wider, _ in needed)) if complete else None
        contents = list(dict.fromkeys(text for _, text in needed))
        return Around(tuple(dict.fromkeys(tuple(wider for wider, _ in way) for way in read)), others, contents)

    def _read(self, title: str, policy: PolicyText | None) -> tuple[Wider, str] | None:
        key = policy if policy is None else policy.path or policy.source
        if policy is None or key is None:
            return None
        if key not in self._known:
            self._known[key] = None
            try:
                source = policy.read()
            except ConfigurationError:
                return None
            from apimpolicy.text.markup import read

            self._known[key] = Wider(title, lambda: read(source)), source.text
        return self._known[key]


def _around(service: ServiceDescription, path: str) -> Iterator[_Documents]:
    """Yield the sequences of documents around a file: titles and documents, nearest first."""
    file = os.path.abspath(path)

    def is_it(policy: PolicyText | None) -> bool:
        return policy is not None and os.path.abspath(policy.origin.file) == file

    workspaces = {each.id: each.policy for each in service.workspaces}

    def outside(workspace: str | None) -> _Documents:
        return _written(("the workspace", workspaces.get(workspace or "")), (GLOBAL, service.policy))

    if any(map(is_it, workspaces.values())):
        yield outside(None)
    yield from (outside(each.workspace) for each in service.products if is_it(each.policy))
    for api in service.apis:
        is_operation = any(is_it(each.policy) for each in api.operations)
        if not is_operation and not is_it(api.policy):
            continue
        own = _written(("the API", api.policy)) if is_operation else []
        for product in service.products:
            linked = [each.known for each in product.apis if product.workspace == api.workspace]
            if api.id.partition(";rev=")[0] in linked:
                yield [*own, *_written((f"the product '{product.id}'", product.policy)), *outside(api.workspace)]
        yield [*own, *outside(api.workspace)]


def _written(*documents: tuple[str, PolicyText | None]) -> _Documents:
    return [each for each in documents if each[1] is not None]


def _narrower(service: ServiceDescription, path: str, is_complete: Callable[[], bool]) -> list[PolicyText] | None:
    """Return the policies inside the scope of a file, and all others for a wide scope; None where they aren't known."""
    wanted = os.path.abspath(path)
    places = [place for place, policy in service.policies() if os.path.abspath(policy.origin.file) == wanted]
    if not places:
        return None
    if any(place.scope not in ("api", "operation") for place in places):
        # Any API may set variables before its <base />.
        others = [policy for _, policy in service.policies() if os.path.abspath(policy.origin.file) != wanted]
        return others if service.policy is not None and is_complete() else None
    apis = {place.api for place in places if place.scope == "api"}
    return [policy for place, policy in service.policies() if place.scope == "operation" and place.api in apis]


def _of_tables(tables: Mapping[str, Any], directory: str) -> ServiceDescription:
    """Describe the policies in the tables of a configuration: `[apis.orders]`, `[products.starter]`."""

    def policy(table: Mapping[str, Any], key: str = "policy") -> PolicyText | None:
        text = table.get(key)
        if not isinstance(text, str) or text.lstrip().startswith("<"):
            return None
        try:
            file = os.path.abspath(may_name(Author(Role.CHECKOUT, directory), text))
        except ConfigurationError:
            return None
        return PolicyText(FileLocation(file), file) if os.path.isfile(file) else None

    def named(table: Mapping[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
        found = table.get(kind)
        return (
            [(id_, entry) for id_, entry in found.items() if isinstance(entry, dict)] if isinstance(found, dict) else []
        )

    origin = FileLocation(directory)
    found = ServiceDescription(directory, policy=policy(tables, "global-policy"))
    for id_, each in named(tables, "workspaces"):
        found.workspaces.append(WorkspaceDescription(id_, origin, policy=policy(each)))
    for id_, each in named(tables, "products"):
        linked = each.get("apis")
        links = [Sourced(name) for name in (linked if isinstance(linked, list) else ())]
        found.products.append(
            ProductDescription(id_, origin, apis=links, policy=policy(each), workspace=each.get("workspace"))
        )
    for id_, each in named(tables, "apis"):
        operations = [OperationDescription(name, origin, policy=policy(own)) for name, own in named(each, "operations")]
        found.apis.append(
            ApiDescription(id_, origin, policy=policy(each), operations=operations, workspace=each.get("workspace"))
        )
    return found
