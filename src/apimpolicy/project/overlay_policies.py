"""The policies in an overlay, with their places in the file: `policies: [{name: policy, properties: {value: …}}]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.project.resource_kinds import kind_of_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.text.source import Source


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
    """Return the text of a scalar: line by line for a block, otherwise as a whole."""
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
