"""Overlays of environments, and filters of extracts: the YAML files that APIOps reads beside an extracted folder.

    configuration.prod.yaml          what differs in one environment, by kind of resource: a list of names, properties
    configuration.extractor.yaml     which resources were extracted; of the kinds that it names, the folder has a part

Source: https://github.com/Azure/apiops-cli/blob/main/docs/guides/environment-overrides.md and filtering-resources.md
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from typing import Any, NamedTuple

from apimpolicy.checkout import listing
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.project.files import read_bytes
from apimpolicy.project.layout import kind_of_folder, plain
from apimpolicy.project.repository import parents_of
from apimpolicy.text.source import Source

_OVERLAY = re.compile(r"configuration\.(?!extractor\b)(.+)\.ya?ml", re.IGNORECASE)
_FILTER = re.compile(r"configuration\.extractor\b.*\.ya?ml", re.IGNORECASE)
_MOST_BYTES = 1024 * 1024
"""Bytes of an overlay or a filter: pure Python reads 100 KB of YAML in a second."""
TOKEN = re.compile(r"\{#[^#\n]{1,200}#\}")
"""Placeholders that a pipeline replaces in an overlay before it is published: `{#name#}` or `{#[name]#}`."""


class Overlay:
    """Changes of an environment: for a resource its properties; nothing for one that isn't named.

    Names ignore case. `path` is the file.
    """

    def __init__(self, path: str, content: Mapping[str, Any]) -> None:
        self.path = path
        self._content = content
        self._entries: dict[tuple[str, str, str], dict[str, Any]] = {}
        self._take(content, "")
        for name, workspace in _entries_of(content, "workspaces"):
            self._take(workspace, name.lower())

    def _take(self, content: Mapping[str, Any], workspace: str) -> None:
        for section in content:
            kind = kind_of_folder(section)
            if kind is not None and kind.id != "workspaces":
                for name, entry in _entries_of(content, section):
                    self._entries.setdefault((workspace, kind.id, name.lower()), entry)

    def properties(self, kind: str, name: str, workspace: str | None = None) -> dict[str, Any]:
        """Return the properties that override a resource's own."""
        found = self._entries.get(((workspace or "").lower(), kind, name.lower()), {}).get("properties")
        return found if isinstance(found, dict) else {}

    def names(self, kind: str) -> Iterator[str]:
        """Return the names of a kind that the overlay has, in lower case; the service's and all workspaces'."""
        return (name for _, each, name in self._entries if each == kind)

    def resources(self, workspace: str | None = None) -> Iterator[tuple[str, str]]:
        """Return the kinds and names of the service, or of a workspace; names are in lower case."""
        return ((kind, name) for scope, kind, name in self._entries if scope == (workspace or "").lower())

    def line_of(self, name: str) -> int:
        """Return the line of an entry with this name, in whatever letters; 1 if it can't be found."""
        text = read_bytes(self.path, _MOST_BYTES).decode("utf-8", "replace")
        found = re.search(rf"""(?im)^[\s-]*name\s*:\s*["']?{re.escape(name)}["']?\s*(?:#.*)?$""", text)
        return 1 if found is None else text.count("\n", 0, found.end()) + 1

    def named_values(self, workspace: str | None = None) -> Iterator[tuple[str, str | None, str | None]]:
        """Yield named values: id in lower case, display name if given, and value if known.

        Those of a workspace come after those of the service around it.
        """
        for (scope, kind, name), entry in self._entries.items():
            if kind == "named-values" and scope in ("", (workspace or "").lower()):
                properties = entry.get("properties")
                properties = properties if isinstance(properties, dict) else {}
                display, value = properties.get("displayName"), properties.get("value")
                is_known = isinstance(value, (str, int, float)) and not TOKEN.search(str(value))
                yield name, display if isinstance(display, str) else None, str(value) if is_known else None

    def all_named_values(self) -> Iterator[tuple[str, str | None, str | None]]:
        """Yield the named values of the service and all workspaces."""
        for scope in {scope for scope, _, _ in self._entries}:
            yield from self.named_values(scope)

    def policy(self, kind: str = "", name: str = "", operation: str = "", workspace: str | None = None) -> str | None:
        """Return the document that replaces a policy of the service, an API, a product or an operation."""
        scope = (workspace or "").lower()
        entry = self._entries.get((scope, kind, name.lower()), {}) if name else self._content
        if operation:
            entry = dict(_entries_of(entry, "operations")).get(operation, {})
        for _, each in _entries_of(entry, "policies"):
            properties = each.get("properties")
            value = properties.get("value") if isinstance(properties, dict) else None
            if isinstance(value, str):
                return value
        return None


def _entries_of(content: Mapping[str, Any], section: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the entries of a section: name and content; what has another form is left out."""
    listed = content.get(section)
    for entry in listed if isinstance(listed, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("name"), (str, int)):
            yield str(entry["name"]), entry


NO_CHANGES = Overlay("", {})
"""The overlay of a service as it was extracted."""


def overlays_around(root: str) -> dict[str, str]:
    """Return the overlays beside or above a service's folder, by the environment's name: their paths."""
    found: dict[str, str] = {}
    for folder in parents_of(root):
        for name in _names_in(folder):
            if (match := _OVERLAY.fullmatch(name)) is not None:
                found.setdefault(match[1], os.path.join(folder, name))
    return found


def read_overlay(path: str) -> Overlay:
    """Raises ConfigurationError."""
    content = _yaml(path)
    if content is not None and not isinstance(content, dict):
        raise ConfigurationError(f"{path} is not an overlay: it has no sections such as namedValues")
    return Overlay(path, content or {})


def _yaml(path: str) -> Any:
    from apimpolicy.gateway.engine.data_files import parse_json_or_yaml

    return parse_json_or_yaml(read_bytes(path, _MOST_BYTES), path)


def _names_in(folder: str) -> list[str]:
    try:
        return listing(folder)
    except OSError:
        return []


def filtered_names(root: str) -> dict[str, list[str]]:
    """Return the names and patterns of the filters beside or above a folder, by kind of resource, in lower case.

    A kind that no filter names was extracted as a whole.
    """
    by_kind: dict[str, list[str]] = {}
    for folder in parents_of(root):
        for name in _names_in(folder):
            if _FILTER.fullmatch(name) is None:
                continue
            try:
                content = _yaml(os.path.join(folder, name))
            except ConfigurationError:
                continue
            for section, listed in content.items() if isinstance(content, dict) else ():
                # Older filters have `apiNames` and `namedValueNames` for `apis` and `namedValues`.
                plural = re.sub(r"names$", "s", plain(str(section))) if plain(str(section)) != "names" else ""
                kind = kind_of_folder(plural)
                if kind is not None and isinstance(listed, list):
                    names = (next(iter(item), "") if isinstance(item, dict) else item for item in listed)
                    by_kind.setdefault(kind.id, []).extend(str(item).lower() for item in names)
    return by_kind


def is_filtered(names: list[str], existing: Mapping[str, object]) -> bool:
    """Return whether a filter was used for an extract: the extract has one of its names.

    The filter that comes with the tool names `apiName1` and the like.
    """
    return not names or any(fnmatch(each, pattern) for pattern in names for each in existing)


# The policies in an overlay, with their places in the file: `policies: [{name: policy, properties: {value: …}}]`.


class OverlayPolicy(NamedTuple):
    """A document, and the folders of the policy that it replaces; none for the service's policy."""

    folders: tuple[str, ...]
    source: Source


def policies_in(overlay: Source) -> Iterator[OverlayPolicy]:
    """Yield the policies in the text of an overlay, in order; none where it can't be read."""
    import yaml

    try:
        root = yaml.compose(overlay.text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return
    yield from _of_scope(overlay, root, ())
    for name, workspace in _entries(root, "workspaces"):
        yield from _of_scope(overlay, workspace, ("workspaces", name))


def _of_scope(overlay: Source, node: Any, folders: tuple[str, ...]) -> Iterator[OverlayPolicy]:
    yield from _of_resource(overlay, node, folders)
    for section in _pairs(node):
        kind = kind_of_folder(section)
        for name, entry in _entries(node, section) if kind is not None and kind.id in ("apis", "products") else ():
            own = (*folders, section, name)
            yield from _of_resource(overlay, entry, own)
            for operation, inner in _entries(entry, "operations"):
                yield from _of_resource(overlay, inner, (*own, "operations", operation))


def _of_resource(overlay: Source, node: Any, folders: tuple[str, ...]) -> Iterator[OverlayPolicy]:
    for _, entry in _entries(node, "policies"):
        value = _pairs(_pairs(entry).get("properties")).get("value")
        if isinstance(getattr(value, "value", None), str):
            yield OverlayPolicy(folders, _text(overlay, value).source())


def _pairs(node: Any) -> dict[str, Any]:
    """Return the values of a mapping by key; nothing for another node."""
    pairs = getattr(node, "value", None)
    if not isinstance(pairs, list) or getattr(node, "id", "") != "mapping":
        return {}
    return {key.value: value for key, value in pairs if isinstance(key.value, str)}


def _entries(node: Any, section: str) -> Iterator[tuple[str, Any]]:
    """Yield the entries of a section: name and node."""
    listed: Any = _pairs(node).get(section)
    for entry in listed.value if getattr(listed, "id", "") == "sequence" else ():
        name: Any = _pairs(entry).get("name")
        if isinstance(getattr(name, "value", None), str):
            yield name.value, entry


def _text(overlay: Source, node: Any) -> Pieces:
    start, end, text = node.start_mark.index, node.end_mark.index, overlay.text
    pieces = Pieces(overlay)
    if node.style == "|":
        first = text.find("\n", start, end) + 1
        lines = text[first:end].splitlines(keepends=True)
        filled = [line for line in lines if line.strip()]
        indentation = min((len(line) - len(line.lstrip(" ")) for line in filled), default=0)
        for line in lines:
            cut = min(indentation, len(line) - len(line.lstrip(" ")))
            pieces.copy(first + cut, first + len(line))
            first += len(line)
    else:
        quote = 0 if node.style is None else 1
        pieces.copy(start + quote, end - quote)
    if pieces.source().text.strip() != node.value.strip():
        pieces = Pieces(overlay)
        pieces.replace(node.value, start, end)
    return pieces
