"""References in the information files of an extract: the logger of a diagnostic, a pool's backends, named values.

Sources of what Azure refuses: https://github.com/Azure/apiops/issues/797 (backends of a pool), issues/328 (loggers),
issues/163 (named values of a logger).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.project.resource_kinds import kind_of_folder
from apimpolicy.project.service.description import Reference
from apimpolicy.text.named_values import find_named_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.project.service.information import Path, Properties

UNKNOWN = re.compile(r"\{#|#\{|\{\{|\$\(|\$\{|[\[\]<>]|__")
"""A placeholder of a pipeline in an id."""
_LAST = re.compile(r"/([A-Za-z]+)/([^/]+)/?$")
_IDS = ("loggerId", "apiVersionSetId", "pool", "credentials")
_IDS_AT = {"pool": "id", "credentials": "certificateIds"}
"""Keys below these that have ids."""
_DEEPEST = 10
_MADE_BY_AZURE = "Logger-Credentials-"
"""The beginning of named values that Azure makes for a logger's credentials, and makes again for a new service."""


def references_in(found: Properties, kind: str, workspace: str | None) -> Iterator[Reference]:
    """Yield the references in the properties of a resource of a kind, as far as no environment changes them."""
    for key in ("scope", *_IDS) if kind == "subscriptions" else _IDS:
        if key in found.values and key not in found.changes:
            for path, text in _texts(found.values[key], ("properties", key)):
                last = _LAST.search(text) if key not in _IDS_AT or _IDS_AT[key] in path else None
                if last is not None and not UNKNOWN.search(last[2]) and (target := kind_of_folder(last[1])) is not None:
                    yield Reference(target.id, last[2], found.file.origin(*path, text=last[2]), workspace)
                for name, _, _ in find_named_values(text) if key == "credentials" else ():
                    is_certain = kind == "loggers" and not name.startswith(_MADE_BY_AZURE)
                    origin = found.file.origin(*path, text=name)
                    yield Reference("named-values", name, origin, workspace, is_certain)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, (dict, list)) and len(path) < _DEEPEST:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(inner, (*path, key))
