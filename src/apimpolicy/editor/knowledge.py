"""The named parts of a project, and the names that refer to them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from apimpolicy.checkout import open_text
from apimpolicy.checks.subject import Subject
from apimpolicy.checks.variables import variable_reads
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.policies.conversions import header_name
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.project.authority import author_of, may_name
from apimpolicy.project.environments import ConfigurationFinder
from apimpolicy.project.layout import folders_of_kinds, fragments_of, place_of, subfolders
from apimpolicy.records import Record
from apimpolicy.text.document import Attribute, Element
from apimpolicy.text.named_values import find_named_values
from apimpolicy.text.secrets import HIDDEN, without_secrets

if TYPE_CHECKING:
    from apimpolicy.editor.analysis import Analysis, OpenPolicy
    from apimpolicy.editor.rpc import Json


# The named parts of a project: fragments, named values, backends, certificates, APIs, operations, with their origin.
# They come from the configuration above a file and from a folder in the layout of APIOps. A file that can't be read is
# skipped here: `check` and `test` report what is wrong with it.

Kind = Literal["variable", "fragment", "backend", "certificate", "named value", "api", "operation", "header"]

if TYPE_CHECKING:
    Elsewhere = Callable[[Kind, str], Iterable["ProjectName"]]


class ProjectName(NamedTuple):
    """A name, a text about it, and the file (with a line from 0 on) that it comes from."""

    name: str
    detail: str
    path: str
    line: int = 0


_TABLES: dict[str, Kind] = {
    "named-values": "named value",
    "fragments": "fragment",
    "backends": "backend",
    "certificates": "certificate",
    "apis": "api",
}
_FOLDERS: dict[str, tuple[Kind, str]] = {
    "named-values": ("named value", "namedValueInformation.json"),
    "backends": ("backend", "backendInformation.json"),
}


class ProjectNames(Record):
    """The names of one project, by kind."""

    names: dict[Kind, dict[str, ProjectName]]
    configuration: str | None
    root: str | None
    elsewhere: Elsewhere = lambda _kind, _path: ()
    """The variables and headers that other files set or send for a file."""

    def all(self, kind: Kind) -> list[ProjectName]:
        return list(self.names.get(kind, {}).values())

    def find(self, kind: Kind, name: str) -> ProjectName | None:
        return self.names.get(kind, {}).get(name)


def knowledge_of(path: str, elsewhere: Elsewhere = lambda _kind, _path: ()) -> ProjectNames:
    names: dict[Kind, dict[str, ProjectName]] = {}
    try:
        configuration = ConfigurationFinder().for_file(path)
    except ConfigurationError:
        configuration = None
    if configuration is not None:
        _read_tables(configuration, names)
    root = place_of(path).root
    if root is not None:
        _read_layout(root, names)
    return ProjectNames(names, configuration, root, elsewhere)


def _read_tables(path: str, names: dict[Kind, dict[str, ProjectName]]) -> None:
    from apimpolicy.project.configuration import read_configuration
    from apimpolicy.project.toml_text import lines_of_keys

    try:
        values = read_configuration(path)
        with open_text(path, encoding="utf-8-sig") as file:
            lines = lines_of_keys(file.read())
    except (ConfigurationError, OSError, UnicodeDecodeError):
        return
    prefix = "tool.apimpolicy." if os.path.basename(path) == "pyproject.toml" else ""
    for table, kind in _TABLES.items():
        entries = values.get(table)
        for name, value in entries.items() if isinstance(entries, dict) else ():
            target, line = path, lines.get(f"{prefix}{table}.{name}", 1) - 1
            if kind == "fragment" and isinstance(value, str) and not value.lstrip().startswith("<"):
                with suppress(ConfigurationError):
                    target, line = may_name(author_of(path), value), 0
            names.setdefault(kind, {})[name] = ProjectName(name, _shown(value), target, line)
            operations = value.get("operations") if kind == "api" and isinstance(value, dict) else None
            for operation in operations if isinstance(operations, dict) else ():
                names.setdefault("operation", {})[operation] = ProjectName(operation, f"of {name}", path, line)


def _shown(value: Any) -> str:
    """Return the text about a value for lists and hovers; secrets stay secret."""
    if isinstance(value, dict):
        if value.get("secret"):
            return HIDDEN
        value = value.get("value") or value.get("url") or value.get("path") or ""
    text = str(value)
    return without_secrets(text)[:200]


def _read_layout(root: str, names: dict[Kind, dict[str, ProjectName]]) -> None:
    for name, path in fragments_of(root).items():
        names.setdefault("fragment", {}).setdefault(name, ProjectName(name, os.path.relpath(path, root), path))
    _read_apis(root, names)
    for resource, (kind, file) in _FOLDERS.items():
        for identifier, directory in subfolders(folders_of_kinds(root).get(resource)):
            path = os.path.join(directory, file)
            properties = _properties(path)
            name = str(properties.get("displayName") or identifier) if kind == "named value" else identifier
            said = HIDDEN if properties.get("secret") else str(properties.get("value") or properties.get("url") or "")
            names.setdefault(kind, {}).setdefault(name, ProjectName(name, said, path))


def _read_apis(root: str, names: dict[Kind, dict[str, ProjectName]]) -> None:
    """Add APIs and their operations, by the folders' names, which are their ids."""
    for api, folder in subfolders(os.path.join(root, "apis")):
        names.setdefault("api", {}).setdefault(api, ProjectName(api, "", os.path.join(folder, "apiInformation.json")))
        for operation, place in subfolders(os.path.join(folder, "operations")):
            known = ProjectName(operation, f"of {api}", os.path.join(place, "policy.xml"))
            names.setdefault("operation", {}).setdefault(operation, known)


def _properties(path: str) -> Json:
    try:
        with open_text(path, encoding="utf-8-sig") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        return {}
    properties = found.get("properties") if isinstance(found, dict) else None
    return properties if isinstance(properties, dict) else {}


# Names that refer to something elsewhere: variables, fragments, backends, certificates, named values


_BY_ATTRIBUTE: tuple[tuple[str, Kind], ...] = (
    ("fragment-id", "fragment"),
    ("backend-id", "backend"),
    ("certificate-id", "certificate"),
)
_HEADER = re.compile(r'\bHeaders\s*(?:\[|\.\s*\w+\s*\()\s*(?:"|&quot;)([\w-]+)')
_VARIABLE = re.compile(r'\bVariables\s*(?:\[|\.\s*\w+\s*(?:<[^"()]{0,80}>)?\s*\()\s*(?:"|&quot;)([^"&\\\r\n]{0,200})')


class Occurrence(NamedTuple):
    """One occurrence of a name in a file. `sets`: a variable or a header gets its value here."""

    kind: Kind
    name: str
    start: int
    end: int
    sets: bool = False

    def is_the_same(self, other: Occurrence) -> bool:
        """Return whether both name one thing, as far as one request knows it."""
        return self.kind == other.kind and self.key == other.key

    @property
    def key(self) -> str:
        """The name for comparisons: those of headers ignore case."""
        return self.name.lower() if self.kind == "header" else self.name


def occurrences(analysis: Analysis) -> list[Occurrence]:
    found: set[Occurrence] = set()
    for policy in analysis.policies:
        for occurrence in of_policy(policy):
            start, end = policy.span(occurrence.start, occurrence.end)
            if analysis.text[start:end] == occurrence.name:
                found.add(occurrence._replace(start=start, end=end))
    return sorted(found, key=lambda occurrence: (occurrence.start, not occurrence.sets))


def occurrence_at(analysis: Analysis, offset: int) -> Occurrence | None:
    return next((found for found in analysis.occurrences if found.start <= offset <= found.end), None)


def of_policy(policy: OpenPolicy) -> Iterator[Occurrence]:
    """Yield the occurrences in one policy, at their offsets in its reading."""
    for element in policy.document.elements():
        for attribute in element.attributes:
            yield from _of_attribute(element, attribute)
    for name, start, end in find_named_values(policy.source.text):
        inner = policy.source.text.find(name, start, end)
        yield Occurrence("named value", name, inner, inner + len(name))
    yield from _reads(policy)


def _of_attribute(element: Element, attribute: Attribute) -> Iterator[Occurrence]:
    value = attribute.value
    text = value.raw
    name = text.strip()
    if value.parts or not name or "{{" in name:
        return
    start = value.start + text.index(name)
    kind = kind_of_attribute(element.name, attribute.name)
    if kind is None and names_header(element, attribute.name):
        kind = "header"
    if kind is not None:
        yield Occurrence(kind, name, start, start + len(name), sets=kind in ("variable", "header"))


def kind_of_attribute(element: str, attribute: str) -> Kind | None:
    if (attribute == "name" and has_trait(element, "sets-variable")) or attribute.endswith("variable-name"):
        return "variable"
    return next((kind for suffix, kind in _BY_ATTRIBUTE if attribute.endswith(suffix)), None)


def names_header(element: Element, attribute: str) -> bool:
    slot = Subject.slot_of(element, attribute)
    return slot is not None and (slot.convert is header_name or attribute.endswith("header-name"))


def _reads(policy: OpenPolicy) -> Iterator[Occurrence]:
    """Yield the headers and variables that expressions read: by their binding, or else by their text."""
    for expression in policy.expressions:
        excerpt = expression.excerpt
        for match in _HEADER.finditer(excerpt.text):
            start = excerpt.locate(match.start(1))
            yield Occurrence("header", match[1], start, start + len(match[1]))
        if "Variables" not in excerpt.text:
            continue
        names = {read.name for read in variable_reads(expression)} if expression.compiled.is_legal else None
        for match in _VARIABLE.finditer(excerpt.text):
            name = match[1]
            if name and (names is None or name in names):
                start = excerpt.locate(match.start(1))
                yield Occurrence("variable", name, start, start + len(name))
