"""The JSON files that APIOps extracts for each thing of a service: `{"properties": {…}}`, read key by key.

Azure writes more keys than anybody reads, so unknown ones are no mistake; one of the wrong kind is, and says where.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.environments import merged
from apimpolicy.project.named_values import read_text
from apimpolicy.project.toml_table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.IGNORECASE)
_UNITS = (86_400, 3600, 60, 1)


def read_json(path: str) -> Any:
    """A JSON file. Raises ConfigurationError."""
    try:
        return json.loads(read_text(path))
    except ValueError as error:
        raise ConfigurationError(f"{path} is not valid JSON: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{path} is not valid JSON: it is nested too deeply") from None


def read_properties(path: str, changes: Mapping[str, Any] | None = None) -> Table:
    """The properties in an information file, with the changes of an environment; None counts as not given.

    Raises ConfigurationError.
    """
    found = read_json(path)
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path} holds no object")
    properties = Table(path, without_nulls(found)).take("properties", dict) or {}
    return Table(path, merged(properties, without_nulls(changes or {})), "properties")


def without_nulls(value: Any) -> Any:
    """A JSON value without the keys whose value is null."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    return value


def folders(root: str, *names: str) -> list[tuple[str, str]]:
    """The folders below the first of these names that is there: name and path, in order."""
    for name in names:
        kind = os.path.join(root, name)
        if os.path.isdir(kind):
            inside = ((each, os.path.join(kind, each)) for each in sorted(os.listdir(kind)))
            return [(each, path) for each, path in inside if os.path.isdir(path)]
    return []


def file_in(folder: str, *names: str) -> str | None:
    """The path of the first of these files that is in a folder."""
    return next((path for name in names if os.path.isfile(path := os.path.join(folder, name))), None)


def seconds(table: Table, name: str) -> float | None:
    """An ISO 8601 duration in seconds, `PT1M`; None when it is not given. Raises ConfigurationError."""
    text = table.take(name, str)
    if text is None:
        return None
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise table.mistake(f"is a duration such as PT1M, not '{text}'", name)
    return sum(float(part) * unit for part, unit in zip(found.groups(), _UNITS, strict=True) if part)


def whole(table: Table, name: str) -> int | None:
    """A whole number, which Azure also takes as a text. Raises ConfigurationError."""
    value = table.take(name, object)
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return None if value is None else table.checked(value, int, name)
