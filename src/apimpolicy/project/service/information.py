"""The properties in an information file of an extract, as fields with their places."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from apimpolicy.diagnostics import Severity
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.environments import merged
from apimpolicy.project.files import read_bytes
from apimpolicy.project.layout import kind_of_folder
from apimpolicy.project.service.description import NOWHERE, EntityReference, FileLocation, Hole, Problem, Sourced
from apimpolicy.project.service.fields import Fields
from apimpolicy.text.named_values import find_named_values
from apimpolicy.text.source import decode

PLACEHOLDER = re.compile(r"\{#[^#\n]{1,200}#\}|#\{[^{}\n]{1,200}\}#?|\$\(\w[^()\n]{0,200}\)|\$\{[^{}\n]{1,200}\}")
"""Placeholders that a pipeline replaces before it deploys: `{#name#}`, `#{name}#`, `$(name)`, `${name}`."""
_NAMES = {str: "a text", bool: "true or false", int: "a whole number", list: "a list", dict: "an object"}


class JsonFile:
    """A JSON file with the places of its values. Raises ConfigurationError when it can't be read."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.source, _ = decode(read_bytes(path), path)
        self._places: dict[Path, int] | None = None
        try:
            self.content: Any = json.loads(self.source.text)
        except ValueError as error:
            origin = FileLocation(path, getattr(error, "lineno", 1), getattr(error, "colno", 1))
            raise BrokenFileError(f"is not valid JSON: {getattr(error, 'msg', error)}", origin) from None
        except RecursionError:
            raise BrokenFileError("is not valid JSON: it is nested too deeply", FileLocation(path)) from None

    def origin(self, *path: str | int, text: str = "") -> FileLocation:
        """Return the place of a value, or of a text in it; that of the value around it where it isn't written."""
        if self._places is None:
            self._places = places_of(self.source.text)
        while path:
            offset = self._places.get(path)
            if offset is not None:
                return FileLocation(self.path, *self.source.position(max(self.source.text.find(text, offset), offset)))
            path = path[:-1]
        return FileLocation(self.path)


class BrokenFileError(ConfigurationError):
    """A file that can't be read, with the place."""

    def __init__(self, sentence: str, origin: FileLocation) -> None:
        super().__init__(f"{origin.file}: {sentence}")
        self.sentence = sentence
        self.origin = origin


class Properties(Fields):
    """The properties of a resource in its file, with the changes of an environment.

    A value of the wrong kind is a problem of `part`.
    """

    def __init__(
        self,
        file: JsonFile,
        values: Mapping[str, Any],
        path: Path,
        problems: list[Problem],
        part: str,
        changed: str = "",
        changes: Mapping[str, Any] | None = None,
        workspace: str | None = None,
    ) -> None:
        super().__init__(values if not changes else merged(values, changes), FileLocation(file.path))
        self.file = file
        self.workspace = workspace
        self._path = path
        self._problems = problems
        self._part = part
        self._changed = changed
        self.changes: Mapping[str, Any] = changes or {}

    def place(self, key: str, *path: int) -> FileLocation:
        """Return the place of a value: in the file, or in the overlay that changes it."""
        if key in self.changes:
            return FileLocation(self._changed)
        return self.file.origin(*self._path, key, *path)

    def problem(self, message: str, part: str = "") -> None:
        self._problems.append(Problem(message, self.origin, part or self._part, severity=Severity.WARNING))

    def text(self, key: str) -> Sourced[str]:
        """Return a text; one with a placeholder is a hole."""
        found = self.field(key, str)
        if found.known is not None and PLACEHOLDER.search(found.known):
            return Sourced(Hole(found.known), found.origin)
        return found

    def plain_text(self, key: str) -> Sourced[str]:
        return self.field(key, str)

    def texts(self, key: str) -> Sourced[tuple[str, ...]]:
        found = self.field(key, list)
        if found.known is None:
            return Sourced(found.hole, found.origin)
        return Sourced(tuple(each for each in found.known if isinstance(each, str)), found.origin)

    def last_name(self, key: str) -> Sourced[str]:
        found = self.text(key)
        if found.is_missing:
            return found
        name = found.text().rstrip("/").rpartition("/")[2]
        return Sourced(name if found.hole is None else Hole(name), found.origin)

    def scope(self, key: str) -> Sourced[str]:
        return self.text(key)

    def within(self, block: str) -> Properties:
        found = self.field(block, dict)
        values = found.value if isinstance(found.value, dict) else {}
        own = self.changes.get(block)
        changes = own if isinstance(own, dict) else None
        return Properties(self.file, values, (*self._path, block), self._problems, self._part, self._changed, changes)

    def hole(self, key: str, value: Any, kind: type) -> Hole:
        written = json.dumps(value, ensure_ascii=False)[:60]
        if not (isinstance(value, str) and PLACEHOLDER.search(value)):
            message = f"'{key}' must be {_NAMES[kind]}, not {written}"
            self._problems.append(Problem(message, self.place(key), self._part))
        return Hole(written)


def properties_of(
    path: str,
    part: str,
    problems: list[Problem],
    overlay: str = "",
    changes: Mapping[str, Any] | None = None,
    workspace: str | None = None,
) -> Properties | None:
    """Return the properties in a file; None, and add a problem, if it can't be read."""
    try:
        file = JsonFile(path)
        if not isinstance(file.content, dict):
            raise BrokenFileError("must be a JSON object with 'properties'", FileLocation(path))
    except ConfigurationError as error:
        problems.append(unreadable(error, path, part))
        return None
    values = file.content.get("properties", {} if file.content else None)
    if not isinstance(values, dict):
        problems.append(Problem("the file has no object 'properties'", FileLocation(path), part))
    known = values if isinstance(values, dict) else {}
    return Properties(file, known, ("properties",), problems, part, overlay, changes, workspace)


def unreadable(error: ConfigurationError, path: str, part: str) -> Problem:
    if isinstance(error, BrokenFileError):
        return Problem(f"the file {error.sentence}", error.origin, part)
    return Problem(str(error).removeprefix(f"{path}: "), FileLocation(path), part)


def names_in(path: str, part: str, problems: list[Problem]) -> Iterator[Sourced[str]]:
    """Yield the names in a file such as `apis.json`: a list of names, or of objects with a name."""
    try:
        file = JsonFile(path)
    except ConfigurationError as error:
        problems.append(unreadable(error, path, part))
        return
    listed = file.content if isinstance(file.content, list) else [None]
    for index, item in enumerate(listed):
        is_object = isinstance(item, dict)
        name = item.get("name") if is_object else item
        origin = (
            (file.origin(index, "name") if is_object else file.origin(index)) if listed is file.content else NOWHERE
        )
        if isinstance(name, str):
            yield Sourced(name, origin)
        else:
            origin = origin if origin is not NOWHERE else FileLocation(path)
            problems.append(Problem("the file must be a list of objects with a 'name'", origin, part))


def problem_at_key(error: ConfigurationError, found: Properties, part: str) -> Problem:
    """Return the finding for an error that begins with the file and names a key: `'properties.url' is missing`."""
    message = str(error).removeprefix(f"{found.file.path}: ")
    named = re.search(r"'properties\.([^']+)'", message)
    keys = [] if named is None else re.findall(r"\w+", named[1])
    path = [int(key) if key.isdecimal() else key for key in keys]
    return Problem(message, found.file.origin("properties", *path), part)


# Places of the keys of a JSON text: the offset of each value, by its path
# places_of('{"properties": {"path": "orders"}}')             {("properties",): 15, ("properties", "path"): 24}
# A path has keys and, in lists, numbers. The text may be broken: places end where it does.

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],:]|[^\s{}\[\],:"]+')

Path = tuple[str | int, ...]


def places_of(text: str) -> dict[Path, int]:
    """Return the offsets of all values but the outermost."""
    places: dict[Path, int] = {}
    open_paths: list[Path] = []
    counts: list[int] = []
    path: Path = ()
    key: str | int | None = None
    is_key = False
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "{[":
            here = path if key is None else (*path, key)
            if key is not None:
                places.setdefault(here, token.start())
            open_paths.append(path)
            path, is_key, key = here, sign == "{", 0 if sign == "[" else None
            counts.append(0 if sign == "[" else -1)
        elif sign in "}]":
            if not open_paths:
                break
            path, key = open_paths.pop(), None
            counts.pop()
        elif sign == ",":
            if counts and counts[-1] >= 0:
                counts[-1] += 1
                key = counts[-1]
            is_key = bool(counts) and counts[-1] < 0
        elif sign == ":":
            is_key = False
        elif is_key:
            key = sign[1:-1]
        elif key is not None:
            places.setdefault((*path, key), token.start())
    return places


# References in the information files of an extract: the logger of a diagnostic, a pool's backends, named values.
#
# Sources of what Azure refuses: https://github.com/Azure/apiops/issues/797 (backends of a pool), issues/328 (loggers),
# issues/163 (named values of a logger).

UNKNOWN = re.compile(r"\{#|#\{|\{\{|\$\(|\$\{|[\[\]<>]|__")
"""A placeholder of a pipeline in an id."""
_LAST = re.compile(r"/([A-Za-z]+)/([^/]+)/?$")
_IDS = ("loggerId", "apiVersionSetId", "pool", "credentials")
_IDS_AT = {"pool": "id", "credentials": "certificateIds"}
"""Keys below these that have ids."""
_DEEPEST = 10
_MADE_BY_AZURE = "Logger-Credentials-"
"""The beginning of named values that Azure makes for a logger's credentials, and makes again for a new service."""


def references_in(found: Properties, kind: str, workspace: str | None) -> Iterator[EntityReference]:
    """Yield the references in the properties of a resource of a kind, as far as no environment changes them."""
    for key in ("scope", *_IDS) if kind == "subscriptions" else _IDS:
        if key in found.values and key not in found.changes:
            for path, text in _texts(found.values[key], ("properties", key)):
                last = _LAST.search(text) if key not in _IDS_AT or _IDS_AT[key] in path else None
                if last is not None and not UNKNOWN.search(last[2]) and (target := kind_of_folder(last[1])) is not None:
                    yield EntityReference(target.id, last[2], found.file.origin(*path, text=last[2]), workspace)
                for name, _, _ in find_named_values(text) if key == "credentials" else ():
                    is_certain = kind == "loggers" and not name.startswith(_MADE_BY_AZURE)
                    origin = found.file.origin(*path, text=name)
                    yield EntityReference("named-values", name, origin, workspace, is_certain)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, (dict, list)) and len(path) < _DEEPEST:
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(inner, (*path, key))
