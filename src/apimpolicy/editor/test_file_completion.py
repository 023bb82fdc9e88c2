"""Completion and hover in test files, from the tables of the format (`testing.format`)."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from apimpolicy.editor.hover import Hover
from apimpolicy.editor.items import Item
from apimpolicy.editor.test_file_place import places_at
from apimpolicy.errors import DiagnosticError
from apimpolicy.policies.settings import meanings
from apimpolicy.testing import kinds
from apimpolicy.testing.certificates import STANDARD
from apimpolicy.testing.format import FILE
from apimpolicy.testing.tree import Tree, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.editor.test_file_place import FilePlace, Path
    from apimpolicy.testing.format import Keys

_TOP_LEVEL = re.compile(r"^([\w$\-]+)\s*[:=]", re.MULTILINE)
_WORDS = {"bool": "boolean", "int": "integer", "str": "text"}


def complete(text: str, path: str, offset: int) -> list[Item]:
    """Return the keys or values that fit at an offset of a YAML test file; none in test files of other tools."""
    top = [key.replace("_", "-") for key in _TOP_LEVEL.findall(text)]
    if not path.lower().endswith((".yaml", ".yml")) or (top and FILE.keys().isdisjoint(top)):
        return []
    for place in places_at(text, offset):
        items = list(_keys(place) if place.is_key else _values(place))
        if items:
            for item in items:
                item.start, item.end = (place.start, place.end) if place.start < place.end else (offset, offset)
            return items
    return []


def _keys(place: FilePlace) -> Iterator[Item]:
    present = {key.replace("_", "-") for key in place.present}
    for keys in _tables(_kinds_at(place.path)):
        for number, (key, (words, meaning, example)) in enumerate(keys.items()):
            if key not in present:
                insert = key if place.has_colon else f"{key}: "
                yield Item(key, "property", words, _page(key, meaning, example), insert=insert, rank=(number,))


def _values(place: FilePlace) -> Iterator[Item]:
    if place.path[-1:] == ("certificate",):
        yield from (Item(name, "value", "a certificate", rank=(1, n)) for n, name in enumerate(STANDARD))
    for number, kind in enumerate(_kinds_at(place.path)):
        for choice in _choices(kind):
            yield Item(choice, "value", rank=(0, number))


def _choices(kind: str) -> tuple[str, ...]:
    if kind in ("boolean", "boolean or null", "text or boolean"):
        return "true", "false"
    is_other = kind in kinds.KINDS or kind in kinds.TABLES or kind == "gateway" or kind.startswith(("[", "{"))
    return () if is_other else tuple(kind.split(", "))


def hover(text: str, path: str, offset: int) -> Hover | None:
    """Return the documentation of the key at an offset."""
    try:
        tree = read_tree(text, path)
    except DiagnosticError:
        return None
    return _hover_in(tree, ("file",), offset)


def _hover_in(tree: Tree, wanted: tuple[str, ...], offset: int) -> Hover | None:
    children = tree.value.items() if isinstance(tree.value, dict) else ()
    for key, child in children:
        end = child.key_start + len(key) + 2 * (tree.source.text[child.key_start : child.key_start + 1] in ("'", '"'))
        name = key.replace("_", "-")
        if child.key_start <= offset <= end:
            found = next((keys[name] for keys in _tables(wanted) if name in keys), None)
            return Hover(_page(name, *found[1:]), child.key_start, end) if found is not None else None
        if child.key_start <= offset <= child.end:
            return _hover_in(child, _step(wanted, key), offset)
    for item in tree.value if isinstance(tree.value, list) else ():
        if item.start <= offset <= item.end and (found_in := _hover_in(item, _step(wanted, None), offset)) is not None:
            return found_in
    return None


def _page(key: str, meaning: str, example: str) -> str:
    shown = f"\n\n```yaml\n{key}: {example}\n```" if example else ""
    return f"`{key}`: {meaning}{shown}"


# ------------------------------------------------------------------------------------------------ the format by path


def _kinds_at(path: Path) -> tuple[str, ...]:
    """Return the kinds of values that the format has at the end of a path."""
    found: tuple[str, ...] = ("file",)
    for key in path:
        found = _step(found, key)
    return found


def _step(wanted: tuple[str, ...], key: str | None) -> tuple[str, ...]:
    """Return the kinds of the value of a key, or (None) of an item of a list."""
    if key is None:
        return tuple(part for kind in wanted if kind.startswith("[") for part in kinds.alternatives(kind[1:-1]))
    name = key.replace("_", "-")
    found = [part for keys in _tables(wanted) if name in keys for part in kinds.alternatives(keys[name][0])]
    found += [part for kind in wanted if kind.startswith("{") for part in kinds.alternatives(kind[1:-1])]
    return tuple(dict.fromkeys(found))


def _tables(wanted: tuple[str, ...]) -> Iterator[Keys]:
    for kind in wanted:
        if kind == "gateway":
            yield _gateway()
        elif kind in kinds.TABLES:
            yield kinds.TABLES[kind]


@cache
def _gateway() -> Keys:
    """Return the settings of the gateway that a configuration file may have; its reader knows the keys."""
    from apimpolicy.engine.gateway_settings import GatewaySettings
    from apimpolicy.project.configuration import Configuration
    from apimpolicy.project.toml_table import Table

    table = Table("apimpolicy.toml", {})
    Configuration(table)
    means = meanings(GatewaySettings)
    return {
        declared.key: (
            ", ".join(declared.choices) or _WORDS.get(declared.annotation.partition(" | ")[0], "anything"),
            means[name],
            "",
        )
        for name, declared in GatewaySettings.declared.items()
        if declared.key in table.keys
    }
