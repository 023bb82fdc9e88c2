"""Test files in an editor: the place of the caret, completion, hover and diagnostics."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.editor.hover import Hover
from apimpolicy.editor.ranking import Item
from apimpolicy.errors import DiagnosticError
from apimpolicy.gateway.policies.settings import meanings
from apimpolicy.records import Record
from apimpolicy.testing import kinds
from apimpolicy.testing.case_files import load_case_tree
from apimpolicy.testing.certificates import STANDARD
from apimpolicy.testing.format import FILE, Keys
from apimpolicy.testing.test_file_search import is_content_about_policies
from apimpolicy.testing.tree import TestFileError, Tree, read_tree
from apimpolicy.text.source import mark

# Find the position of the caret in a test file: the path of keys, also while the file is not valid YAML.
# PyYAML reads the text with a mark at the caret, once as a key and once as a value; the events up to the mark are
# enough,
# so that nothing after the caret matters.

Path = tuple[str | None, ...]
"""Keys from the top of the file on; None is an item of a list."""

_CARET: Final = mark(999_997)
_BEFORE: Final = re.compile(r"[\w$.\-]*\Z")
_AFTER: Final = re.compile(r"[\w$.\-]*")
_COLON: Final = re.compile(r"[\"']?[ \t]*:")


class CasePlace(Record):
    """A place for a key or a value. `present`: the other keys of its table; `start` and `end`: what is replaced."""

    path: Path
    is_key: bool
    present: frozenset[str]
    start: int
    end: int
    has_colon: bool = False


def places_at(text: str, offset: int) -> Iterator[CasePlace]:
    """Yield the places that the caret may be in: a key of a table, and a value."""
    before, rest_of_name = _BEFORE.search(text, 0, offset), _AFTER.match(text, offset)
    assert before is not None  # it matches the empty text
    assert rest_of_name is not None
    start, end = before.start(), rest_of_name.end()
    if _is_comment(text, start):
        return
    colon = _COLON.match(text, end) is not None
    line_end = text.find("\n", end)
    rest = "" if line_end < 0 else text[line_end:]
    written = (f"{_CARET}:{rest}", _CARET) if not colon else (f"{_CARET}{text[end:]}",)
    for after in written:
        found = _find(text[:start] + after)
        if found is not None:
            path, is_key, present = found
            yield CasePlace(path, is_key, present, start, end, colon)


def _is_comment(text: str, offset: int) -> bool:
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return re.search(r"(?:\A|\s)#", re.sub(r"'[^']*'|\"[^\"]*\"", "", line)) is not None


class _Level:
    """A table or a list that is being read. `key` is the key whose value comes next, None where a key comes next."""

    def __init__(self, is_table: bool) -> None:
        self.is_table = is_table
        self.key: str | None = None
        self.keys: list[str] = []
        self.holds_caret = False


def _find(text: str) -> tuple[Path, bool, frozenset[str]] | None:
    import yaml

    levels: list[_Level] = []
    at_caret: tuple[Path, bool] | None = None
    present: list[str] = []
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.CollectionStartEvent):
                levels.append(_Level(isinstance(event, yaml.MappingStartEvent)))
            elif isinstance(event, yaml.CollectionEndEvent):
                if levels.pop().holds_caret:
                    break
                _pass_value(levels)
            elif isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
                value = event.value if isinstance(event, yaml.ScalarEvent) else ""
                is_key = bool(levels) and levels[-1].is_table and levels[-1].key is None
                if value == _CARET:
                    path = tuple(level.key for level in (levels[:-1] if is_key else levels))
                    at_caret = path, is_key
                    if not is_key:
                        break
                    levels[-1].holds_caret = True
                    present = levels[-1].keys
                if is_key:
                    levels[-1].key = value
                    levels[-1].keys.append(value)
                else:
                    _pass_value(levels)
    except yaml.YAMLError:
        pass
    return None if at_caret is None else (*at_caret, frozenset(present) - {_CARET})


def _pass_value(levels: list[_Level]) -> None:
    if levels:
        levels[-1].key = None


# Completion and hover in test files, from the tables of the format (`testing.format`)

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


def _keys(place: CasePlace) -> Iterator[Item]:
    present = {key.replace("_", "-") for key in place.present}
    for keys in _tables(_kinds_at(place.path)):
        for number, (key, (words, meaning, example)) in enumerate(keys.items()):
            if key not in present:
                insert = key if place.has_colon else f"{key}: "
                yield Item(key, "property", words, _page(key, meaning, example), insert=insert, rank=(number,))


def _values(place: CasePlace) -> Iterator[Item]:
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
        return tuple(part for kind in wanted if kind.startswith("[") for part in kinds.alternatives(kinds.inner(kind)))
    name = key.replace("_", "-")
    found = [part for keys in _tables(wanted) if name in keys for part in kinds.alternatives(keys[name][0])]
    found += [part for kind in wanted if kind.startswith("{") for part in kinds.alternatives(kinds.inner(kind))]
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
    from apimpolicy.gateway.engine.gateway_settings import GatewaySettings
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


# Diagnostics of test files: every key and value that the format does not have, then what reading the file reports


def diagnostics(text: str, path: str) -> list[Diagnostic]:
    """Return the errors of a test file; none for the test files of other tools."""
    if not is_content_about_policies(text.encode("utf-8", "replace"), path):
        return []
    try:
        tree = read_tree(text, path)
        found = list(_in_value(tree, "file", is_template=False))
        if not found:
            load_case_tree(tree, path)
    except DiagnosticError as error:
        return list(error.diagnostics)
    return found


def _in_value(tree: Tree, words: str, *, is_template: bool) -> Iterator[Diagnostic]:
    """Check one value. `is_template`: rows of `each` replace `$name` in it, so that a text may become anything."""
    if is_template and isinstance(tree.value, str) and "$" in tree.value:
        return
    kind = next((each for each in kinds.alternatives(words) if kinds.takes(each, tree.value)), "")
    if kind in kinds.TABLES:
        yield from _in_table(tree, kinds.TABLES[kind], is_template or "each" in tree.table())
    elif kind.startswith(("[", "{")):
        inner: Any = tree.value.values() if kind.startswith("{") else tree.items()
        for item in inner:
            yield from _in_value(item, kinds.inner(kind), is_template=is_template)
    else:
        try:
            kinds.check(tree, words)
        except TestFileError as error:
            yield from error.diagnostics


def _in_table(tree: Tree, keys: Keys, is_template: bool) -> Iterator[Diagnostic]:
    for key, value in tree.table().items():
        try:
            (name,) = Tree(tree.source, {key: value}, tree.start, tree.end).known(keys)
        except TestFileError as error:
            yield from error.diagnostics
        else:
            yield from _in_value(value, keys[name][0], is_template=is_template)
