"""A test file's content as a tree in which every value knows its place, so that mistakes can be shown where they are.

POL501  the file is not YAML, TOML or JSON           POL504  something required is missing
POL502  a key that does not exist here               POL505  a name that nothing in the file or the project has
POL503  a value of another kind than is wanted
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from apimpolicy.diagnostics import Diagnostic
from apimpolicy.errors import ApimPolicyError, DiagnosticError
from apimpolicy.project.toml_table import KIND_NAMES, kind_of
from apimpolicy.testing.format import METHODS, OUTCOMES
from apimpolicy.text.source import Source

if TYPE_CHECKING:
    from apimpolicy.report.columns import Style

NOT_READABLE, UNKNOWN_KEY, WRONG_KIND, MISSING, UNKNOWN_NAME = "POL501", "POL502", "POL503", "POL504", "POL505"

RENAMED = {"identity-providers": "openid-providers", "identity-provider-states": "openid-provider-states"}
"""Earlier names of keys, which test files may go on using."""

MOST_DEPTH = 64
MOST_TREES = 200_000
"""Values of one YAML file, or as many as it has characters: `*alias` multiplies its content."""


class TestFileError(DiagnosticError):
    """A test file cannot be used; `diagnostics` say where and why."""

    __test__ = False


class Mistakes:
    """The mistakes in the parts of a file, so that all of them are shown at once."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Go on after a part with mistakes."""
        try:
            yield
        except TestFileError as error:
            self._found += error.diagnostics

    def __bool__(self) -> bool:
        return bool(self._found)

    def end(self) -> None:
        """Raise TestFileError where there were any."""
        if self._found:
            raise TestFileError(self._found)


def problem_in_words(error: ApimPolicyError, style: Style | None = None) -> str:
    """Return a problem for people, with the place of each finding."""
    if not isinstance(error, DiagnosticError):
        return str(error)
    from apimpolicy.report.columns import PLAIN
    from apimpolicy.report.terminal import render_all

    return render_all(error.diagnostics, style or PLAIN)


_OF_TOML = frozenset("=,{}[]\"' ")


class Tree:
    """A value of a test file: a scalar, a list of trees, or trees by key."""

    __slots__ = ("end", "key_start", "source", "start", "value")

    def __init__(self, source: Source, value: Any, start: int, end: int, key_start: int | None = None) -> None:
        self.source = source
        self.value = value
        self.start = start
        self.end = end
        self.key_start = start if key_start is None else key_start

    @property
    def line(self) -> int:
        """Return the line in which the value (or its key) begins, from 1."""
        return self.source.position(self.key_start).line

    def mistake(
        self, code: str, message: str, *, label: str = "", help: str = "", at_key: bool = False
    ) -> TestFileError:
        """Return an error at this place."""
        start, end = (self.key_start, self._end_of_key()) if at_key else (self.start, self.end)
        end = min(end, self.source.text.find("\n", start) % (len(self.source.text) + 1))
        return TestFileError([Diagnostic(code, message, self.source, start, max(end, start), label=label, help=help)])

    def _end_of_key(self) -> int:
        end = self.key_start
        text = self.source.text
        while end < len(text) and text[end] not in ":=\n ":
            end += 1
        return end

    def expect(self, *kinds: type) -> Any:
        """Return the value, which must be of one of these kinds. Raises TestFileError."""
        if not isinstance(self.value, kinds) or (isinstance(self.value, bool) and bool not in kinds):
            wanted = " or ".join(KIND_NAMES[kind] for kind in kinds)
            raise self.mistake(WRONG_KIND, f"this must be {wanted}, not {kind_of(self.value)}")
        return self.value

    def text(self) -> str:
        """Return the value as text; numbers and truth values are written out. Raises TestFileError."""
        value = self.expect(str, int, float, bool, datetime.datetime)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            return value
        if isinstance(value, datetime.datetime):
            return value.isoformat()
        written = self.source.text[self.start : self.end].strip()
        return written if written and not set(written) & _OF_TOML else str(value)  # a place in TOML begins at the key

    def table(self) -> dict[str, Tree]:
        """Return the trees by key. Raises TestFileError."""
        found: dict[str, Tree] = self.expect(dict)
        return found

    def items(self) -> list[Tree]:
        """Return the trees of a list; a single value counts as a list of one."""
        found: list[Tree] = self.value if isinstance(self.value, list) else [self]
        return found

    def texts(self) -> list[str]:
        return [item.text() for item in self.items()]

    def moment(self) -> datetime.datetime:
        """Return a date with a time; UTC when it names no zone. Raises TestFileError."""
        value = self.value
        if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
            value = datetime.datetime(value.year, value.month, value.day)
        if isinstance(value, str):
            try:
                value = datetime.datetime.fromisoformat(value)
            except ValueError:
                raise self.mistake(WRONG_KIND, f"this must be {KIND_NAMES[datetime.datetime]}") from None
        if not isinstance(value, datetime.datetime):
            raise self.mistake(WRONG_KIND, f"this must be {KIND_NAMES[datetime.datetime]}, not {kind_of(value)}")
        return value if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC)

    def pattern(self) -> re.Pattern[str]:
        """Return a regular expression. Raises TestFileError."""
        try:
            return re.compile(self.text())
        except re.error as error:
            raise self.mistake(WRONG_KIND, f"this is not a regular expression: {error}") from None

    def plain(self) -> Any:
        """Return the value as Python's own: dictionaries, lists, scalars."""
        if isinstance(self.value, dict):
            return {key: tree.plain() for key, tree in self.value.items()}
        if isinstance(self.value, list):
            return [tree.plain() for tree in self.value]
        return self.value

    def known(self, keys: Collection[str], kept: Mistakes | None = None) -> dict[str, Tree]:
        """Return the trees by key, `_` and `-` alike, earlier names as the new ones; every key must be one of these.

        Keys that aren't are added to `kept`; without it, raises TestFileError with all of them.
        """
        trees: dict[str, Tree] = {}
        mistakes = Mistakes() if kept is None else kept
        for key, tree in self.table().items():
            name = key.replace("_", "-")
            name = RENAMED.get(name, name)
            with mistakes.kept():
                if name not in keys:
                    raise tree.mistake(
                        UNKNOWN_KEY,
                        f"unknown key '{key}'",
                        label=_meant(name, keys),
                        help=f"Valid keys: {', '.join(keys)}.",
                        at_key=True,
                    )
                trees[name] = tree
        if kept is None:
            mistakes.end()
        return trees


def read_tree(text: str, path: str) -> Tree:
    """Return the tree of a YAML, TOML or JSON text, by the ending of its path. Raises TestFileError."""
    source = Source(text, path)
    if path.endswith(".toml"):
        return _read_toml(source)
    return _read_yaml(source)


def _read_yaml(source: Source) -> Tree:
    import yaml

    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(source.text)
        node = loader.get_single_node()
        if node is None:
            return Tree(source, {}, 0, 0)
        return _YamlReader(source, loader).tree(node, 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        start = mark.index if mark is not None else 0
        message = f"this is not YAML: {error.problem or error.context}"
        raise TestFileError([Diagnostic(NOT_READABLE, message, source, start, start + 1)]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise TestFileError([Diagnostic(NOT_READABLE, f"this is not YAML: {error}", source, 0, 0)]) from None


class _YamlReader:
    """Trees from YAML's nodes, of which one can be at several places."""

    def __init__(self, source: Source, loader: Any) -> None:
        self._source = source
        self._loader = loader
        self._room = max(MOST_TREES, len(source.text))

    def tree(self, node: Any, depth: int, key_start: int | None = None) -> Tree:
        import yaml

        tree = Tree(self._source, None, node.start_mark.index, node.end_mark.index, key_start)
        self._room -= 1
        if self._room < 0:
            raise tree.mistake(NOT_READABLE, "the aliases of this file expand to too much data")
        if depth > MOST_DEPTH:
            raise tree.mistake(NOT_READABLE, "this is nested too deeply")
        if isinstance(node, yaml.MappingNode):
            tree.value = self._table(node, depth)
        elif isinstance(node, yaml.SequenceNode):
            tree.value = [self.tree(item, depth + 1) for item in node.value]
        else:
            tree.value = self._scalar(node, tree)
        return tree

    def _table(self, node: Any, depth: int) -> dict[str, Tree]:
        import yaml

        table: dict[str, Tree] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if not isinstance(key, str):
                place = Tree(self._source, None, key_node.start_mark.index, key_node.end_mark.index)
                raise place.mistake(WRONG_KIND, "a key must be a text")
            child = self.tree(value_node, depth + 1, key_node.start_mark.index)
            if key in table:
                raise child.mistake(UNKNOWN_KEY, f"'{key}' is given twice", at_key=True)
            table[key] = child
        return table

    def _scalar(self, node: Any, tree: Tree) -> Any:
        """Return a scalar's value. A tag may claim what the text is not, and a number have more digits than Python
        takes.
        """
        try:
            return self._loader.construct_object(node)
        except (ValueError, LookupError, AttributeError, TypeError, OverflowError):
            kind = node.tag.rpartition(":")[2]
            raise tree.mistake(NOT_READABLE, f"this is not what YAML calls '{kind}'") from None


def _read_toml(source: Source) -> Tree:
    from apimpolicy.project.toml_text import TomlError, read_toml

    try:
        found = read_toml(source.text)
    except TomlError as error:
        raise TestFileError([Diagnostic(NOT_READABLE, f"this is not TOML: {error}", source, 0, 0)]) from None
    return _of_toml(source, found, 0, len(source.text))


def _of_toml(source: Source, value: Any, start: int, end: int) -> Tree:
    """TOML's reader keeps no places: a key is looked for behind the one before it."""
    position = start
    if isinstance(value, dict):
        table: dict[str, Tree] = {}
        for key, item in value.items():
            place = _find_key(source.text, key, position, end)
            position = place if place is not None else position
            child = _of_toml(source, item, position, end)
            child.key_start = position
            table[key] = child
        return Tree(source, table, start, _line_end(source.text, start))
    if isinstance(value, list):
        items: list[Tree] = []
        for item in value:
            items.append(_of_toml(source, item, position, end))
            position = max((tree.start for tree in _leaves(items[-1])), default=position)
        return Tree(source, items, start, _line_end(source.text, start))
    return Tree(source, value, start, _line_end(source.text, start))


def _find_key(text: str, key: str, start: int, end: int) -> int | None:
    found = re.compile(rf"(?<![\w-]){re.escape(key)}(?![\w-])").search(text, start, end)
    return None if found is None else found.start()


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _leaves(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree.value, dict):
        for child in tree.value.values():
            yield from _leaves(child)
    elif isinstance(tree.value, list):
        for child in tree.value:
            yield from _leaves(child)
    else:
        yield tree


def _meant(name: str, known: Collection[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name[:64], known, 1, 0.7)
    return f"did you mean '{near[0]}'?" if near else ""


# Operations on the trees of test files: tables on top of others, and rows of `each` in a case

ADDRESSES = frozenset((*METHODS, "url", "mcp"))
"""Keys of a request that say where it goes."""


def merged_trees(below: Tree, above: Tree, key: str) -> Tree:
    """Merge two tables, the upper one's keys first; anything else is the upper one."""
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        return above
    kept = dict(below.value)
    if key == "expect":
        kept = _without_outcomes(kept, above.value)
    if key == "request" and not ADDRESSES.isdisjoint(above.value):
        others = (*METHODS, "url", "method") if "mcp" in above.value else (*METHODS, "url", "method", "mcp")
        kept = {name: part for name, part in kept.items() if name not in others}
    if any(name in above.value for name in ("body", "json", "file", "json-subset", "json_subset")):
        kept = {name: part for name, part in kept.items() if name not in ("body", "json", "file", "json-subset")}
    for name, part in above.value.items():
        twin = name.replace("-", "_") if name.replace("-", "_") in kept else name.replace("_", "-")
        if twin in kept and twin != name:
            del kept[twin]
        kept[name] = merged_trees(kept[name], part, name) if name in kept else part
    return Tree(above.source, kept, above.start, above.end, above.key_start)


def with_mcp(request: Tree | None, message: Tree | None) -> Tree | None:
    """Return a request to an MCP server with this message, which is beside it in the case."""
    if message is None:
        return request
    above = Tree(message.source, {"mcp": message}, message.start, message.end, message.key_start)
    return above if request is None else merged_trees(request, above, "request")


def _without_outcomes(below: dict[str, Tree], above: dict[str, Tree]) -> dict[str, Tree]:
    """Return the expectations of `below` compatible with `above`: of a response, or of an outcome instead."""
    has_outcome = any(key.replace("_", "-") in OUTCOMES for key in above)
    if has_outcome:
        return {}
    return {key: part for key, part in below.items() if not above or key.replace("_", "-") not in OUTCOMES}


_PLACEHOLDER = re.compile(r"\$(?:\{([\w-]+)\}|([\w-]*\w))")


def filled_tree(tree: Tree, values: dict[str, Tree]) -> Tree:
    """Return the tree with `$name` and `${name}` replaced by a row's values; a text that is only one
    becomes the value.
    """
    if isinstance(tree.value, dict):
        table = {_filled_text(key, values): filled_tree(part, values) for key, part in tree.value.items()}
        return Tree(tree.source, table, tree.start, tree.end, tree.key_start)
    if isinstance(tree.value, list):
        items = [filled_tree(part, values) for part in tree.value]
        return Tree(tree.source, items, tree.start, tree.end, tree.key_start)
    if not isinstance(tree.value, str) or "$" not in tree.value:
        return tree
    whole = _PLACEHOLDER.fullmatch(tree.value)
    if whole is not None and (whole[1] or whole[2]) in values:
        found = values[whole[1] or whole[2]]
        return Tree(found.source, found.value, found.start, found.end, tree.key_start)
    return Tree(tree.source, _filled_text(tree.value, values), tree.start, tree.end, tree.key_start)


def _filled_text(text: str, values: dict[str, Tree]) -> str:
    def value_of(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in values:
            return match[0]
        value = values[name]
        if isinstance(value.value, (dict, list)):
            import json

            return json.dumps(value.plain(), ensure_ascii=False, default=str)
        return "null" if value.value is None else str(value.text()).strip("\"'")

    return _PLACEHOLDER.sub(value_of, text)
