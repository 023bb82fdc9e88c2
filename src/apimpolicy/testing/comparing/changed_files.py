"""What differs in the files of two folders, less what a comparison has shown or proven to be layout.

A file's identity is its real path. Each changed part of a file must be accounted for: it is in a policy that was
compared, at the place of a setting that is shown, in the folder of a resource that was added or removed, or in text for
people. A file of a kind that nothing reads needs no account. Everything else is the rest (`remainder`), and while there
is any, nothing is said to be the same.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from apimpolicy.checkout import open_bytes, walk
from apimpolicy.errors import ApimPolicyError
from apimpolicy.project.environments import CONFIGURATION
from apimpolicy.project.files import MAXIMUM_BYTES, MEDIA, cells_of_code, have_same_content, is_report
from apimpolicy.project.layout import SKIPPED_DIRECTORIES
from apimpolicy.project.repository import Gitignores
from apimpolicy.report.difference_data import CHANGED
from apimpolicy.report.remainder import Remainder
from apimpolicy.testing.comparing.code_trees import CODE, CODE_AS_DATA, ReachedStatements, read_code, statements_of
from apimpolicy.testing.tree import Tree, read_tree

if TYPE_CHECKING:
    from apimpolicy.report.difference_data import SettingChange
    from apimpolicy.text.source import Source

_FOR_PEOPLE = (
    *MEDIA,
    *(".md", ".markdown", ".rst", ".adoc", ".drawio", ".puml", ".mmd"),
    *(".gitignore", ".gitattributes", ".gitkeep", ".editorconfig", ".dockerignore", ".prettierrc", ".http", ".rest"),
)
_OF_TESTS = (".test.yaml", ".test.yml", ".test.json", ".test.toml")
"""Test files run through both versions, and are no part of a service."""
_OF_OTHER_RUNNERS = {
    re.compile(r"^test_.*\.py$|_test\.py$"): re.compile(rb"^\s*(?:async )?def test|^class Test", re.MULTILINE),
    re.compile(r"_test\.go$"): re.compile(rb"^func Test", re.MULTILINE),
    re.compile(r"\.(?:test|spec)\.[jt]sx?$"): re.compile(rb"^\s*(?:describe|it|test)[.(]", re.MULTILINE),
    re.compile(r"\.tests\.ps1$"): re.compile(rb"^\s*Describe\b", re.MULTILINE | re.IGNORECASE),
    re.compile(r"\.tftest\.hcl$"): re.compile(rb"^run\s", re.MULTILINE),
}
"""Names of tests, and what they contain: a program with such a name that has no test may deploy a test environment."""
_PROGRAMS = (
    *(".cs", ".csproj", ".sln", ".java", ".kt", ".go", ".py", ".rb", ".rs", ".ts", ".tsx", ".js", ".jsx", ".mjs"),
    *(".css", ".scss", ".html", ".htm", ".vue", ".sql", ".kql", ".ipynb", ".lock", ".gradle", ".kts", ".props"),
    *(".postman_collection.json", ".postman_environment.json"),
)
_NAMES_FOR_PEOPLE = frozenset(("license", "notice", "codeowners", "authors", "contributors", ".ds_store"))
_OF_PROGRAMS = frozenset(
    (
        *("package.json", "package-lock.json", "dockerfile", "makefile", "go.mod", "go.sum", "requirements.txt"),
        *("pom.xml", "host.json", "local.settings.json", "tsconfig.json", "nuget.config", ".eslintrc.json"),
        *("pytest.ini", "tox.ini", "setup.cfg", "gradlew", "gradlew.bat", "gradle.properties", "pnpm-lock.yaml"),
        *("docker-compose.yml", "docker-compose.yaml", "dependabot.yml", "dependabot.yaml", "renovate.json"),
        *("sonar-project.properties", "appsettings.json", "appsettings.development.json"),
    )
)
_OF_SPRING = re.compile(
    r"(?:^|/)src/(?:main|test|\w+Test)/resources/(?:application|bootstrap|logback)[\w-]*\.(?:ya?ml|properties|xml)$"
)
"""Settings of a program in Java: its other resources can be documents that a deployment imports."""
_OF_BUILDS = re.compile(
    rb"""\A(?:\s|<\?[^>]*>|<!--(?:(?!-->).)*-->|<!(?!--)[^>]*>)*<(?:suppressions|ruleset|module|FindBugsFilter)[\s>]""",
    re.S,
)
"""XML of tools that check programs in Java: their root."""
_OF_DEVELOPERS = frozenset((".devcontainer", ".vscode"))
"""Folders with settings of editors, and containers to work in."""
_ABOUT_POLICIES = re.compile(rb"api.?management|apim\b|<policies|<fragment|<inbound|policy\.xml", re.IGNORECASE)
_DOCUMENTATION = frozenset(
    ("description", "summary", "title", "contact", "license", "termsOfService", "termsOfServiceUrl", "externalDocs")
)
"""Keys of JSON and YAML whose values are text for people, in extracts and in OpenAPI documents."""
_OPENAPI = re.compile(r"""^\W*(?:openapi|swagger)["']?\s*:""", re.MULTILINE)
"""An OpenAPI document, whose version is that of the document: Azure doesn't import it."""
_OF_COMMANDS = frozenset(("audit", "check", "claims", "gate", "prove", "serve", "cases", "$schema"))
"""Keys of a configuration that no gateway has."""
_CHART = "/Chart.yaml"
"""The end of the file that makes a folder a Helm chart: it deploys to Kubernetes, and never to API Management."""
_STRUCTURED = (".json", ".yaml", ".yml", ".toml")
_MOST_LINES = 20_000


class Accounts:
    """What a comparison has accounted for so far."""

    def __init__(self) -> None:
        self.files: set[str] = set()
        self.lines: dict[str, set[int]] = {}
        self.folders: set[str] = set()
        self.operations: set[str] = set()

    def add_policy(self, source: Source, *, is_whole: bool) -> None:
        """Account for a policy that was compared: for its file, or for the lines that it has in a file."""
        path = os.path.realpath(source.path)
        if is_whole:
            self.files.add(path)
            return
        first, last = source.position(0).line, source.position(len(source.text)).line
        self.lines.setdefault(path, set()).update(range(first, last + 1))

    def add_setting(self, change: SettingChange) -> None:
        """Account for a setting that is shown, and for the files of a resource that came or went."""
        if not change.real_file:
            return
        self.lines.setdefault(change.real_file, set()).add(change.line)
        folder, name = os.path.split(change.real_file)
        if change.what != CHANGED and not change.subject and name.endswith("Information.json"):
            self.folders.add(os.path.join(folder, ""))
        if change.subject.startswith("operation "):
            self.operations.add(change.subject.removeprefix("operation ").lower())

    def has(self, path: str) -> bool:
        """Return whether the whole file is accounted for."""
        return path in self.files or any(path.startswith(folder) for folder in self.folders)


class _Part(NamedTuple):
    """A changed part of a file: its lines on both sides, and where it is in a structured file."""

    old: range
    new: range
    places: frozenset[tuple[int, int]] = frozenset()
    """The side and the line of each key around it."""
    operation: str = ""

    @property
    def line(self) -> int:
        """Return the line of the new version, or else of the old one; 0 where it isn't known."""
        known = [line for side in (1, 0) for at, line in sorted(self.places, reverse=True) if at == side]
        return known[0] if known else self.new.start or self.old.start


def remainder(
    old: str, new: str, accounts: Accounts, moved: Mapping[str, str] = MappingProxyType({}), place: str = os.curdir
) -> Remainder:
    """Return what differs in the files below two folders and isn't accounted for, by names of files.

    `moved` are the new places of folders in the old one, and `place` is what is shown before names.
    """
    files = [dict(_files(folder)) for folder in (old, new)]
    code = _Code(entry for side in files for entry in side.items())
    names = {name: _moved(name, moved) for name in files[0]}
    taken = Counter(names.values())
    files[0] = {names[name] if taken[names[name]] == 1 else name: path for name, path in files[0].items()}
    charts = tuple(f"{name.removesuffix(_CHART)}/" for name in {**files[0], **files[1]} if name.endswith(_CHART))
    differing: dict[object, str] = {}
    accounted: set[object] = set()
    for name in sorted({*files[0], *files[1]}):
        paths = [side.get(name) for side in files]
        contents = [None if path is None else _content(path) for path in paths]
        is_alike = contents[0] == contents[1] and None not in contents
        if is_alike and (not _is_cut(contents[0]) or have_same_content(*filter(None, paths))):
            continue
        is_of_chart = name.startswith(charts) and not _is_about_policies(contents)
        line = None if is_of_chart else _first_open(name, paths, contents, accounts, code)
        shown_name = posixpath.normpath(posixpath.join(place, name))
        differing[name] = f"{shown_name}:{line}" if line else shown_name
        if line is None:
            accounted.add(name)
    return Remainder(differing, accounted)


def _moved(name: str, folders: Mapping[str, str]) -> str:
    for before, after in folders.items():
        if before == "." or name.startswith(f"{before}/"):
            inside = name if before == "." else name.removeprefix(f"{before}/")
            return inside if after == "." else f"{after}/{inside}"
    return name


def _files(folder: str) -> Iterator[tuple[str, str]]:
    ignored = Gitignores(folder)
    for directory, folders, names in walk(folder):
        ignored.enter(directory)
        folders[:] = [
            each
            for each in folders
            if each not in SKIPPED_DIRECTORIES and not ignored.leaves_out(os.path.join(directory, each), True)
        ]
        for name in names:
            path = os.path.join(directory, name)
            if not (
                name.startswith(".") or ignored.leaves_out(path, False)
            ):  # a hidden file is no reader's, and secret
                yield os.path.relpath(path, folder).replace(os.sep, "/"), path


def _content(path: str) -> bytes | None:
    """Return the bytes of a file, with the line ends that git may have changed; None where it can't be read.

    Of a file that is too large for every reader, the beginning.
    """
    try:
        with open_bytes(path) as file:
            data = file.read(MAXIMUM_BYTES + 1)
    except OSError:
        return None
    return data if _is_cut(data) else data.replace(b"\r\n", b"\n")


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8-sig", "surrogateescape")


def _is_cut(content: bytes | None) -> bool:
    return content is not None and len(content) > MAXIMUM_BYTES


class _Code:
    """All code of both versions, read when a changed statement may be of no use to the service."""

    def __init__(self, files: Iterable[tuple[str, str]]) -> None:
        self._files = [(name, path) for name, path in files if path.lower().endswith((*CODE, *CODE_AS_DATA))]

    @cached_property
    def reached(self) -> ReachedStatements | None:
        """None where a file can't be read, or not whole: it may mention anything."""
        contents = [_content(path) for _, path in self._files]
        if None in contents or any(map(_is_cut, contents)):
            return None
        return ReachedStatements(
            (name, _text(content)) for (name, _), content in zip(self._files, contents, strict=True)
        )

    def reaches(self, name: str, path: tuple[str, ...], statements: Iterable[Tree | None]) -> bool:
        """Return whether the service can depend on a statement in one of its versions."""
        known = [each for each in statements if each is not None]
        return self.reached is None or any(self.reached.has(name, path, each) for each in known)


def _first_open(
    name: str, paths: list[str | None], contents: list[bytes | None], accounts: Accounts, code: _Code
) -> int | None:
    """Return the first line of a changed file that isn't accounted for, 0 for all of it; None where there is none."""
    if is_of_no_reader(name, contents):
        return None
    real = [None if path is None else os.path.realpath(path) for path in paths]
    known = [path for path in real if path is not None]
    if all(accounts.has(path) for path in known) or (len(known) == 1 and accounts.lines.get(known[0])):
        return None
    is_code = name.lower().endswith(CODE)
    if any(map(_is_cut, contents)) or (None in contents and os.path.basename(name) != CONFIGURATION and not is_code):
        return 0
    lines = [accounts.lines.get(path or "", set()) for path in real]
    texts = [_text(content) for content in contents]
    if name.endswith(".ipynb") and (cells := cells_of_code(texts[0])) is not None and cells == cells_of_code(texts[1]):
        return None
    parts = _parts(name, texts[0], texts[1], code)
    return next((part.line for part in parts if not _is_shown(part, lines, accounts)), None)


def is_of_no_reader(name: str, contents: Sequence[bytes | None]) -> bool:
    """Return whether a file is of a kind that neither a reader of services nor a deployment looks at."""
    base = os.path.basename(name).lower()
    if base.endswith((*_FOR_PEOPLE, *_OF_TESTS)) or base.partition(".")[0] in _NAMES_FOR_PEOPLE:
        return True
    test = next((test for names, test in _OF_OTHER_RUNNERS.items() if names.search(base) is not None), None)
    if test is not None and all(each is None or test.search(each) is not None for each in contents):
        return True
    if any(content is not None and is_report(name, content.decode("utf-8", "replace")) for content in contents):
        return True
    is_of_program = base.endswith(_PROGRAMS) or base in _OF_PROGRAMS or _OF_SPRING.search(name) is not None
    if base.endswith(".xml"):
        is_of_program |= all(each is None or _OF_BUILDS.match(each) is not None for each in contents)
    if is_of_program or not _OF_DEVELOPERS.isdisjoint(name.split("/")):
        return not _is_about_policies(contents)
    return False


def _is_about_policies(contents: Iterable[bytes | None]) -> bool:
    return any(content is not None and _ABOUT_POLICIES.search(content) for content in contents)


def _is_shown(part: _Part, lines: list[set[int]], accounts: Accounts) -> bool:
    if part.operation and part.operation in accounts.operations:
        return True
    if any(line in lines[side] for side, line in part.places):
        return True
    if part.places and not part.old and not part.new:
        return False
    if not part.old or not part.new or len(part.old) != len(part.new):
        return any(line in lines[0] for line in part.old) or any(line in lines[1] for line in part.new)
    return all(
        one in lines[0] or other in lines[1] for one, other in zip(part.old, part.new, strict=True)
    )  # line by line, so that a line beside one that is shown doesn't vanish


def _parts(name: str, old: str, new: str, code: _Code) -> Iterator[_Part]:
    if name.lower().endswith(CODE):
        statements = [tree for text in (old, new) if (tree := read_code(text, name)) is not None]
        if len(statements) == 2:
            sides = [dict(statements_of(each)) for each in statements]
            for path in dict.fromkeys((*sides[0], *sides[1])):
                pair = sides[0].get(path), sides[1].get(path)
                parts = list(_changed_leaves(*pair, path, frozenset(), False))
                if parts and code.reaches(name, path, pair):
                    yield from parts
            return
    elif name.lower().endswith(_STRUCTURED):
        try:
            trees = [read_tree(text, name) for text in (old, new)]
        except ApimPolicyError:
            trees = []
        if trees:
            is_configuration = os.path.basename(name) in ("apimpolicy.toml", "pyproject.toml")
            yield from _changed_leaves(trees[0], trees[1], (), frozenset(), is_configuration)
            return
    yield from _changed_lines(old.split("\n"), new.split("\n"))


def _changed_leaves(
    old: Tree | None, new: Tree | None, path: tuple[str, ...], places: frozenset[tuple[int, int]], is_settings: bool
) -> Iterator[_Part]:
    """Yield the values that differ, without text for people, and without keys of commands in a configuration."""
    if path and (_is_for_people(path, old or new) or (is_settings and path[0] in _OF_COMMANDS)):
        return
    is_container = old is not None and new is not None and isinstance(old.value, dict) and isinstance(new.value, dict)
    if len(path) > 1 or (path and not is_container):
        places |= {(side, tree.line) for side, tree in enumerate((old, new)) if tree is not None}
    if old is not None and new is not None and is_container:
        for key in dict.fromkeys((*old.value, *new.value)):
            yield from _changed_leaves(old.value.get(key), new.value.get(key), (*path, key), places, is_settings)
    elif _plain(old) != _plain(new):
        operation = f"{path[2]} {path[1]}" if len(path) > 2 and path[0] == "paths" else ""
        if old is not None and new is not None and isinstance(new.value, tuple):  # an expression in code
            yield from _changed_inside(old, new, places)
        else:
            yield _Part(range(0), range(0), places, operation.lower())


def _is_for_people(path: tuple[str, ...], tree: Tree | None) -> bool:
    """Return whether a value is documentation; a local or a variable's value of such a name is not."""
    if path == ("info", "version"):
        return tree is not None and _OPENAPI.search(tree.source.text) is not None
    if path[-1] not in _DOCUMENTATION:
        return False
    is_code = tree is not None and tree.source.path.lower().endswith(CODE)
    return not (is_code and (len(path) == 1 or path[0].startswith("locals")))


def _plain(tree: Tree | None) -> Any:
    if tree is None:
        return None
    if isinstance(tree.value, dict):
        return {key: _plain(each) for key, each in tree.value.items() if key not in _DOCUMENTATION}
    return [_plain(each) for each in tree.value] if isinstance(tree.value, list) else (type(tree.value), tree.value)


def _changed_inside(old: Tree, new: Tree, places: frozenset[tuple[int, int]]) -> Iterator[_Part]:
    """Yield the changed lines of an expression. The place of a text accounts for its first line only."""
    texts = [each.source.text[each.start : each.end].split("\n") for each in (old, new)]
    if len(texts[0]) == len(texts[1]) == 1:
        yield _Part(range(0), range(0), places)
        return
    if new.value[:1] == ("TemplateExpression",):
        places -= {(0, old.line), (1, new.line)}
    for part in _changed_lines(*texts):
        yield _Part(_moved_by(part.old, old.line - 1), _moved_by(part.new, new.line - 1), places)


def _moved_by(lines: range, number: int) -> range:
    return range(lines.start + number, lines.stop + number)


def _changed_lines(old: list[str], new: list[str]) -> Iterator[_Part]:
    if max(len(old), len(new)) > _MOST_LINES:
        yield _Part(range(1, len(old) + 1), range(1, len(new) + 1))
        return
    for what, first, last, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        changed = [line for line in (*old[first:last], *new[start:end]) if line]
        if what != "equal" and changed:
            yield _Part(range(first + 1, last + 1), range(start + 1, end + 1))
