"""The documents of the scopes around a policy file: of a folder as APIOps extracts it, or of a configuration's tables.

A call reaches an operation through one product or without any, so that there is one sequence of documents for each.
What can't be read is left out: it is reported where it is needed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checks.wider import Wider
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import read_data, source_of
from apimpolicy.project.layout import place_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Ways = tuple[tuple[Wider, ...], ...]
MOST_WAYS = 20
GLOBAL = "the global scope"
_LARGEST_LIST = 1_000_000
"""Bytes of a file that lists the APIs of a product."""


class Around(NamedTuple):
    """Each sequence of wider documents, nearest first; all other documents that run with a file, None when they are not
    known; and the contents of all."""

    ways: Ways
    others: tuple[Wider, ...] | None
    contents: list[bytes]


class WiderDocuments:
    """Finds the wider documents of policy files; each file is read once."""

    def __init__(self) -> None:
        self._known: dict[str, Wider | None] = {}
        self._contents: dict[str, bytes] = {}

    def around(self, path: str, tables: Mapping[str, Any], directory: str) -> Around:
        """Return what is around a file. `tables` are those of the configuration above it, `directory` is its folder."""
        found = [*_of_layout(path), *_of_tables(path, tables, directory)][:MOST_WAYS]
        ways = [tuple(known for title, file in way if (known := self._wider(title, file)) is not None) for way in found]
        others: tuple[Wider, ...] | None = None
        files = dict.fromkeys(file for way in found for _, file in way)
        narrower = _narrower(path)
        if narrower is not None and found and all(way and way[-1][0] == GLOBAL for way in found):
            files |= dict.fromkeys(narrower)
            read = [self._wider("an operation", file) for file in files]
            others = tuple(each for each in read if each is not None) if None not in read else None
        contents = [self._contents[file] for file in files if file in self._contents]
        return Around(tuple(dict.fromkeys(ways)), others, contents)

    def _wider(self, title: str, path: str) -> Wider | None:
        if path not in self._known:
            self._known[path] = None
            try:
                data, name = read_data(path)
            except ConfigurationError:
                return None
            from apimpolicy.text.markup import read

            self._contents[path] = data
            self._known[path] = Wider(title, lambda: read(source_of(data, name)[0]))
        return self._known[path]


_Way = list[tuple[str, str]]


def _narrower(path: str) -> list[str] | None:
    """Return the policies inside the scope of a file in APIOps' layout; None where that is not known."""
    place = place_of(path)
    if place.scope == "operation":
        return []
    if place.scope != "api":
        return None  # any API may set variables before its <base />
    folder = os.path.join(os.path.dirname(os.path.abspath(path)), "operations")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    policies = (os.path.join(folder, name, "policy.xml") for name in names)
    return [file for file in policies if os.path.isfile(file)]


def _of_layout(path: str) -> Iterator[_Way]:
    """Yield the sequences that a folder of APIOps' layout has: titles and paths."""
    place = place_of(path)
    if place.scope in (None, "global") or place.root is None:
        return
    folder = os.path.dirname(os.path.abspath(path))
    way: _Way = []
    if place.scope == "operation":
        folder = os.path.dirname(os.path.dirname(folder))
        way = _policy("the API", folder)
    around = _policy(GLOBAL, place.root)
    level = os.path.dirname(os.path.dirname(folder))
    if place.scope != "workspace" and level != place.root:
        around = [*_policy("the workspace", level), *around]
    if place.scope in ("api", "operation"):
        for product in _products_with(level, os.path.basename(folder)):
            yield [*way, *_policy(f"the product '{os.path.basename(product)}'", product), *around]
    yield [*way, *around]


def _policy(title: str, folder: str) -> _Way:
    path = os.path.join(folder, "policy.xml")
    return [(title, path)] if os.path.isfile(path) else []


def _products_with(level: str, api: str) -> Iterator[str]:
    """Yield the folders of the products that have an API; its revisions are the same API."""
    products = os.path.join(level, "products")
    wanted = api.partition(";rev=")[0]
    for name in sorted(os.listdir(products)) if os.path.isdir(products) else ():
        folder = os.path.join(products, name)
        if os.path.isdir(os.path.join(folder, "apis", wanted)) or wanted in _listed(os.path.join(folder, "apis.json")):
            yield folder


def _listed(path: str) -> set[str]:
    """Return the names in a list of objects or of texts; nothing when the file is something else."""
    if not os.path.isfile(path):
        return set()
    import json

    try:
        if os.path.getsize(path) > _LARGEST_LIST:
            return set()
        with open(path, encoding="utf-8-sig") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        return set()
    items = found if isinstance(found, list) else []
    names = (item.get("name") if isinstance(item, dict) else item for item in items)
    return {name for name in names if isinstance(name, str)}


def _of_tables(path: str, tables: Mapping[str, Any], directory: str) -> Iterator[_Way]:
    """Yield the sequences that the tables of a configuration have: `[apis.orders]`, `[products.starter]`."""
    wanted = os.path.abspath(path)

    def policy(title: str, table: object, key: str = "policy") -> _Way:
        text = table.get(key) if isinstance(table, dict) else None
        if not isinstance(text, str) or text.lstrip().startswith("<"):
            return []
        file = os.path.abspath(os.path.join(directory, text))
        return [(title, file)] if os.path.isfile(file) else []

    def is_it(table: object) -> bool:
        return any(file == wanted for _, file in policy("", table))

    outermost = policy(GLOBAL, tables, "global-policy")
    workspaces, products = _tables(tables, "workspaces"), _tables(tables, "products")

    def around(table: object) -> _Way:
        name = table.get("workspace") if isinstance(table, dict) else None
        inside = policy("the workspace", workspaces.get(name)) if isinstance(name, str) else []
        return [*inside, *outermost]

    for table in workspaces.values():
        if is_it(table):
            yield outermost
    for table in products.values():
        if is_it(table):
            yield around(table)
    for api, table in _tables(tables, "apis").items():
        operations = _tables(table, "operations").values()
        way = policy("the API", table) if any(map(is_it, operations)) else []
        if not way and not is_it(table):
            continue
        for name, product in products.items():
            linked = product.get("apis")
            if isinstance(linked, list) and api in linked:
                yield [*way, *policy(f"the product '{name}'", product), *around(table)]
        yield [*way, *around(table)]


def _tables(table: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    found = table.get(name)
    return {key: value for key, value in found.items() if isinstance(value, dict)} if isinstance(found, dict) else {}
