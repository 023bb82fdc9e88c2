"""A table of a TOML file, read key by key: every mistake is a sentence that names file, line and key."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from apimpolicy.checkout import open_text
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.authority import FileKind, author_of, may_name

_T = TypeVar("_T")

KIND_NAMES: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "a table",
    datetime.datetime: "a date with a time, such as 2026-01-01T00:00:00Z",
    type(None): "nothing",
}
"""The names of types of values in messages, also about test files."""

_LONGEST_SHOWN = 80
"""Characters of a key or a value in a message."""
_MOST_KEYS = 8
"""Keys that a message lists."""


class Table:
    """One table; `key` is its full name in the file. Call `finish` after reading all keys."""

    __slots__ = ("_asked", "_values", "directory", "file", "key")

    def __init__(self, file: str, values: dict[str, Any], key: str = "") -> None:
        self.file = file
        self.directory = os.path.dirname(file)
        self.key = key
        self._values = values
        self._asked: dict[str, None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def take(self, name: str, kind: type[_T]) -> _T | None:
        """Return the value of a key, or None without one. Raises ConfigurationError when it is of another kind."""
        self._asked[name] = None
        value = self._values.get(name)
        if value is None:
            return None
        return self.checked(value, kind, name)

    def checked(self, value: Any, kind: type[_T], name: str) -> _T:
        """Return the value, if it is of this kind. Raises ConfigurationError."""
        if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
            raise self.mistake(f"must be {KIND_NAMES[kind]}, not {kind_of(value)}", name)
        return value

    def choice(self, name: str, values: Sequence[str]) -> str | None:
        """Return one of a few texts, or None. Raises ConfigurationError with the nearest."""
        value = self.take(name, str)
        if value is not None and value not in values:
            from difflib import get_close_matches

            value = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
            near = get_close_matches(value, values, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"it must be one of {', '.join(values)}"
            raise self.mistake(f"cannot be '{value}'; {hint}", name)
        return value

    def number(self, name: str) -> float | None:
        """Return a number, whole or not, or None. Raises ConfigurationError."""
        value = self.take(name, object)
        if value is None:
            return None
        return float(self.checked(value, float, name) if not isinstance(value, int) else self.checked(value, int, name))

    def named_tables(self, name: str) -> list[tuple[str, Table]]:
        """Return the tables of a table whose keys are names given by the user. Raises ConfigurationError."""
        table = self.table(name)
        if table is None:
            return []
        return [
            (key, Table(self.file, table.checked(value, dict, key), table.full(key))) for key, value in table.items()
        ]

    def tables(self, name: str) -> list[Table]:
        """Return a list of tables. Raises ConfigurationError."""
        items = self.take(name, list) or []
        return [self.within(item, f"{name}[{index}]") for index, item in enumerate(items)]

    def within(self, value: Any, name: str) -> Table:
        return Table(self.file, self.checked(value, dict, name), self.full(name))

    def table(self, name: str) -> Table | None:
        values = self.take(name, dict)
        return None if values is None else Table(self.file, values, self.full(name))

    def with_values(self, values: dict[str, Any]) -> Table:
        """Return the table with these values for missing keys; keys that were read stay marked as read."""
        found = Table(self.file, values | self._values, self.key)
        found._asked = self._asked
        return found

    def texts(self, name: str) -> list[str] | None:
        """Return a list of texts, or None; a single text counts as a list of one."""
        self._asked[name] = None
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return [value]
        items = self.checked(value, list, name)
        return [self.checked(item, str, f"{name}[{index}]") for index, item in enumerate(items)]

    def items(self) -> list[tuple[str, Any]]:
        """Return all keys and values, for a table whose keys are names given by the user."""
        return list(self._values.items())

    @property
    def values(self) -> Mapping[str, Any]:
        return self._values

    @property
    def keys(self) -> list[str]:
        """The keys that were read: those that the table may have."""
        return list(self._asked)

    def path(self, relative: str, *kinds: FileKind, may_be_hidden: bool = False) -> str:
        """Return a path that is relative to the file, of a file that is used as one of these kinds.

        Raises ConfigurationError for one that the file may not name.
        """
        try:
            return may_name(author_of(self.file), relative, *kinds, may_be_hidden=may_be_hidden)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.file}: {error}") from None

    def full(self, name: str) -> str:
        return f"{self.key}.{name}" if self.key else name

    def mistake(self, sentence: str, name: str = "") -> ConfigurationError:
        """Return an error with file, line and key."""
        key = self.full(name) if name else self.key
        shown = key if len(key) <= _LONGEST_SHOWN else f"{key[:_LONGEST_SHOWN]}…"
        return ConfigurationError(f"{self.file}{_line(self.file, key)}: '{shown}' {sentence}")

    def finish(self, further: Iterable[str] = ()) -> None:
        """Raise ConfigurationError for the first key that was not read, and that is not one of `further`."""
        self._asked.update(dict.fromkeys(further))
        for name in self._values:
            if name not in self._asked:
                raise self.mistake(f"is not a setting; {self._hint(name[:_LONGEST_SHOWN])}", name)

    def _hint(self, name: str) -> str:
        from difflib import get_close_matches

        name = name.replace("_", "-").lower()
        if near := get_close_matches(name, self._asked, 1):
            return f"did you mean '{self.full(near[0])}'?"
        keys = list(self._asked)
        if len(keys) > _MOST_KEYS:
            keys = [*get_close_matches(name, keys, _MOST_KEYS, 0), f"and {len(keys) - _MOST_KEYS} more"]
        return f"the keys here are {', '.join(keys)}"


def _line(path: str, key: str) -> str:
    """`:12` for the line of a key in a file; empty when the key is not found."""
    from apimpolicy.project.toml_text import line_of_key

    try:
        with open_text(path, encoding="utf-8-sig") as file:
            text = file.read()
    except (OSError, ValueError):
        return ""
    line = line_of_key(text, f"tool.apimpolicy.{key}" if os.path.basename(path) == "pyproject.toml" else key)
    return f":{line}" if line else ""


def kind_of(value: object) -> str:
    for kind in (bool, type(None), str, int, float, list, dict, datetime.datetime):
        if isinstance(value, kind):
            return KIND_NAMES[kind].partition(",")[0]
    return f"a {type(value).__name__}"
