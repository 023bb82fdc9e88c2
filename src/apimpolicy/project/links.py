"""References in the information files of a service: APIs of a product, the logger of a diagnostic, a pool's backends.

    products/starter/apis.json                                      [{"name": "orders"}]
    products/starter/apis/orders/productApiInformation.json         the folder's name is the reference
    diagnostics/azuremonitor/diagnosticInformation.json             "loggerId": "/subscriptions/…/loggers/azuremonitor"

Sources of what Azure refuses: https://github.com/Azure/apiops/issues/797 (backends of a pool), issues/328 (loggers),
issues/163 (named values of a logger), pull/756 (APIs of a product).
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.project.inventory import json_of, text_of
from apimpolicy.project.resource_kinds import kind_of_folder
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

_LINKED = ("apis", "groups", "products", "tags")
"""Kinds that have a folder, or a list, below resources of another kind for the links with them."""
_UNKNOWN = re.compile(r"\{#|#\{|\{\{|\$\(|\$\{|[\[\]<>]|__")
"""A placeholder of a pipeline in an id."""
_LAST = re.compile(r"/([A-Za-z]+)/([^/]+)/?$")
_MANY = 3
_DEEPEST = 8
_MADE_BY_AZURE = "Logger-Credentials-"
"""The beginning of named values that Azure makes for a logger's credentials, and makes again for a new service."""


class Link(NamedTuple):
    """A reference: the kind and the name of the resource, and its place in the file.

    `is_certain` says that Azure refuses the file without the resource.
    """

    kind: str
    name: str
    start: int
    end: int
    is_certain: bool = True


class _File:
    """The text of an information file, in which values are found again."""

    def __init__(self, path: str) -> None:
        self.text = text_of(path) or ""
        self._from = 0

    def link(self, kind: str, value: str, name: str, *, is_certain: bool = True) -> Link:
        """A reference by a value of the file, which is looked for behind the one before."""
        for written in (json.dumps(value)[1:-1], value):
            start = self.text.find(written, self._from)
            start = self.text.find(written) if start < 0 else start
            if start >= 0:
                self._from = start + 1
                inner = start + written.rfind(name)
                return Link(kind, name, inner, inner + len(name), is_certain)
        return Link(kind, name, 0, min(1, len(self.text)), is_certain)


def links_in(path: str, root: str, replaced: Container[str] = ()) -> Iterator[Link]:
    """The references in an information file, or of the folder that contains it; `root` is the service's folder.

    Properties with a name in `replaced` are left out.
    """
    parts = os.path.relpath(path, root).split(os.sep)
    if len(parts) > 2 and parts[0].lower() == "workspaces":
        parts = parts[2:]
    kinds = [kind.id if (kind := kind_of_folder(part)) is not None else "" for part in parts[:-1:2]]
    if len(parts) == 3 and parts[2].lower().endswith(".json") and not parts[2].endswith("Information.json"):
        yield from _listed(path, parts[2][: -len(".json")], kinds[0])
    elif len(parts) == 5 and kinds[1] in _LINKED and kinds[1] != kinds[0]:
        yield Link(kinds[1], parts[3], 0, 0)
    elif len(parts) in (3, 5):
        content = json_of(path)
        properties = content.get("properties") if isinstance(content, dict) else None
        kept = {key: value for key, value in (properties or {}).items() if key not in replaced}
        yield from _of_properties(_File(path), kinds[-1], kept)


def cut_kinds(links: Iterable[Link], has: Callable[[str, str], bool]) -> frozenset[str]:
    """The kinds of which a folder seems to have only a part: most of the resources that others are linked with aren't.

    An extract of some APIs may have all products, with their links to all APIs. One wrong name is a mistake, many are
    no accident.
    """
    names: dict[str, set[str]] = {}
    for link in links:
        names.setdefault(link.kind, set()).add(link.name)
    missing = {kind: sum(not has(kind, name) for name in own) for kind, own in names.items()}
    return frozenset(kind for kind, count in missing.items() if count >= _MANY and count * 2 > len(names[kind]))


def _listed(path: str, name: str, owner: str) -> Iterator[Link]:
    """The names in `apis.json` and the like."""
    kind = kind_of_folder(name)
    listed = json_of(path)
    if kind is None or kind.id not in _LINKED or kind.id == owner or not isinstance(listed, list):
        return
    file = _File(path)
    for entry in listed:
        value = entry.get("name") if isinstance(entry, dict) else entry
        if isinstance(value, str) and not _UNKNOWN.search(value):
            yield file.link(kind.id, value, value)


def _of_properties(file: _File, kind: str, properties: Mapping[str, Any]) -> Iterator[Link]:
    pool = properties.get("pool")
    services = pool.get("services") if isinstance(pool, dict) else None
    credentials = properties.get("credentials")
    credentials = credentials if isinstance(credentials, dict) else {}
    certificates = credentials.get("certificateIds")
    ids = [
        *([properties.get("scope")] if kind == "subscriptions" else ()),
        properties.get("loggerId"),
        properties.get("apiVersionSetId"),
        *(
            service.get("id")
            for service in (services if isinstance(services, list) else ())
            if isinstance(service, dict)
        ),
        *(certificates if isinstance(certificates, list) else ()),
    ]
    for value in ids:
        yield from _of_id(file, value)
    if kind in ("loggers", "backends"):
        for text in _texts(credentials):
            for found in find_named_values(text):
                is_certain = kind == "loggers" and not found.name.startswith(_MADE_BY_AZURE)
                yield file.link("named-values", text, found.name, is_certain=is_certain)


def _of_id(file: _File, value: Any) -> Iterator[Link]:
    """The resource that an id of Azure's ends with."""
    last = _LAST.search(value) if isinstance(value, str) else None
    if last is not None and not _UNKNOWN.search(last[2]) and (kind := kind_of_folder(last[1])) is not None:
        yield file.link(kind.id, value, last[2])


def _texts(value: Any, depth: int = _DEEPEST) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)) and depth:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner, depth - 1)
