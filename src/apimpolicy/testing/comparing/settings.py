"""Settings that differ around two versions of a policy, besides fragments, wider scopes and named values.

Those three are part of the compared programs. Any other setting can change what the same policy does without a trace in
the policy: they are compared as they are written, files by their content.
"""

from __future__ import annotations

import os
from types import NoneType
from typing import TYPE_CHECKING, Any

from apimpolicy.checkout import walk
from apimpolicy.project.configuration import read_configuration
from apimpolicy.project.files import read_bytes
from apimpolicy.project.named_values import read_text
from apimpolicy.testing.tree import read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apimpolicy.scenarios.harness import Harness
    from apimpolicy.testing.case_files import CaseFile

_COMPARED_OTHERWISE = ("named-values", "fragments", "policy", "policies")
_OF_COMMANDS = ("audit", "check", "claims", "prove", "serve", "cases", "$schema", "config", "environments", "external")
_OF_REQUESTS_TO_A_SERVICE = ("apis", "products", "subscriptions", "workspaces", "version-sets")
"""A policy that is compared runs alone, without the rest of its service."""
_BY_NAME = ("backends", "schemas", "loggers")
"""Tables whose entries policies name."""


def settings_that_differ(old: CaseFile, new: CaseFile, one: Harness, other: Harness) -> list[str]:
    """Return the names of settings that differ and may matter. Raises ConfigurationError, TestFileError."""
    was, now = _settings(old), _settings(new)
    texts = _texts(one) + _texts(other)
    names = [name for name in sorted({*was, *now}) if _differs(name, was.get(name), now.get(name), texts)]
    values = (one.settings.get("named_values") or {}, other.settings.get("named_values") or {})
    changed = [name for name in {**values[0], **values[1]} if values[0].get(name) != values[1].get(name)]
    written = repr((was, now))
    return names + [f"the named value {name}" for name in sorted(changed) if f"{{{{{name}}}}}" in written]


def _differs(name: str, was: Any, now: Any, texts: str) -> bool:
    if was == now:
        return False
    if name.split()[0] not in _BY_NAME or not all(isinstance(each, (dict, NoneType)) for each in (was, now)):
        return True
    one, other = was or {}, now or {}
    changed = [each for each in {**one, **other} if one.get(each) != other.get(each)]
    return 'id="@' in texts or "id='@" in texts or any(each in texts for each in changed)


def _texts(harness: Harness) -> str:
    sources = {id(step.element.source): step.element.source.text for step in harness.program.steps()}
    return "\n".join(sources.values())


def _settings(file: CaseFile) -> dict[str, Any]:
    """Return the gateway settings of the configuration and the test file, by key."""
    found: dict[str, Any] = {}
    if file.config is not None:
        found |= _filled(read_configuration(file.config), file.config)
    if os.path.isfile(file.path):
        given = read_tree(read_text(file.path), file.path).plain()
        defaults = given.pop("defaults", None) or {}
        for name, value in {**given, **(defaults.pop("gateway", None) or {}), **defaults}.items():
            found |= {f"{name} of the test file": each for each in _filled({name: value}, file.path).values()}
    return found


def _filled(values: Mapping[str, Any], path: str) -> dict[str, Any]:
    left_out = (*_COMPARED_OTHERWISE, *_OF_COMMANDS, *_OF_REQUESTS_TO_A_SERVICE)
    folder = os.path.dirname(path)
    return {name: _with_content(value, folder) for name, value in values.items() if name not in left_out}


def _with_content(value: Any, folder: str) -> Any:
    """Return a value, with the content of the files that it names."""
    if isinstance(value, dict):
        return {name: _with_content(each, folder) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_content(each, folder) for each in value]
    if not isinstance(value, str) or "\0" in value or "\n" in value:
        return value
    path = os.path.join(folder, value)
    if value and os.path.isfile(path):
        return value, read_bytes(path)
    return (value, list(_backends(path))) if value and os.path.isdir(path) else value


def _backends(folder: str) -> Iterator[tuple[str, bytes]]:
    """Yield the backends of a service's folder, the only resources that matter to a policy that runs alone."""
    for directory, folders, names in walk(folder):
        folders.sort()
        if os.path.basename(os.path.dirname(directory)) == "backends":
            for name in sorted(names):
                path = os.path.join(directory, name)
                yield os.path.relpath(path, folder), read_bytes(path)
