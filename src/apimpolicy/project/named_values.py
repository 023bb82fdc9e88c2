"""Named values and values of placeholders from a file: JSON, TOML or Terraform's `.tfvars`, names and texts."""

from __future__ import annotations

import os
import re
from typing import Any

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import read_bytes
from apimpolicy.text.secrets import keep_secret


def load_named_values(path: str) -> dict[str, str]:
    """Load the named values in a file. Raises ConfigurationError.

    In TOML they may stand at the top or in a table `named-values`.
    """
    text = read_text(path)
    if path.lower().endswith(".toml"):
        content: object = parse_toml(text, path)
        if isinstance(content, dict) and isinstance(content.get("named-values"), dict):
            content = content["named-values"]
    else:
        import json

        try:
            content = json.loads(text)
        except ValueError as error:
            raise ConfigurationError(f"{path} is not valid JSON: {error}") from None
        except RecursionError:
            raise ConfigurationError(f"{path} is not valid JSON: it is nested too deeply") from None
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} holds no object of names and values")
    return checked_named_values(content, path)


_VARIABLE = r"(?m)^[ \t]*([\w-]+)[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|(-?[\d.]+|true|false))"


def load_values(path: str) -> dict[str, str]:
    """Load the values for placeholders of templates in a file. Raises ConfigurationError.

    Of a `.tfvars` file texts, numbers and truth values count; lists and objects do not stand in a policy as they are.
    """
    if not path.lower().endswith(".tfvars"):
        return load_named_values(path)
    found = re.finditer(_VARIABLE, read_text(path))
    return {m[1]: re.sub(r"\\(.)", r"\1", m[2]) if m[2] is not None else m[3] for m in found}


def checked_named_values(found: dict[str, object], path: str) -> dict[str, str]:
    """Return named values as texts; numbers and truth values are written out. Raises ConfigurationError.

    A secret one is written `{ value = "…", secret = true }`, and is shown nowhere from then on.
    """
    values: dict[str, str] = {}
    for name, value in found.items():
        if isinstance(value, dict):
            value = _of_table(name, value, path)
        if isinstance(value, bool):
            values[name] = "true" if value else "false"
        elif isinstance(value, (str, int, float)):
            values[name] = str(value)
        else:
            raise ConfigurationError(f"{path}: the named value '{name}' must be a text")
    return values


def _of_table(name: str, table: dict[str, object], path: str) -> object:
    value, is_secret = table.get("value"), table.get("secret", False)
    if set(table) - {"value", "secret"} or not isinstance(value, str) or not isinstance(is_secret, bool):
        raise ConfigurationError(f"{path}: the named value '{name}' is a text, or {{ value = \"…\", secret = true }}")
    if is_secret:
        keep_secret([value])
    return value


def read_text(path: str) -> str:
    """Read a file as UTF-8 text. Raises ConfigurationError."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not UTF-8: byte {error.object[error.start]:#04x} at {error.start}"
        ) from None


def written_configuration(path: str) -> dict[str, Any]:
    """Read the keys and values of a configuration file; of a pyproject.toml its table. Raises ConfigurationError."""
    values = parse_toml(read_text(path), path)
    if os.path.basename(path) == "pyproject.toml":
        tool = values.get("tool")
        found = tool.get("apimpolicy") if isinstance(tool, dict) else None
        return found if isinstance(found, dict) else {}
    return values


def parse_toml(text: str, path: str) -> dict[str, object]:
    """TOML as a dictionary. Raises ConfigurationError."""
    from apimpolicy.project.toml_text import TomlError, read_toml

    try:
        return read_toml(text)
    except TomlError as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from None
