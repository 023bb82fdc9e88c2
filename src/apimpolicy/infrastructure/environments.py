"""Files with values for one environment, by the environment's name: what `--environment` offers and accepts.

A file or its folder names the environment: `dev.tfvars`, `env/dev.tfvars`, `env/dev/terraform.tfvars`,
`main.dev.bicepparam`, `dev/main.bicepparam`, `parameters.dev.json`. They lie below the code, or beside and above it in
a folder such as `env`. The folder of the code itself is no environment.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from apimpolicy.infrastructure.files import Files

TERRAFORM = (".tfvars", ".tfvars.json")
BICEP = (".bicepparam", ".json")
_ALL = (*TERRAFORM, *BICEP)
_CODE = (".tf", ".tofu", ".tf.json", ".bicep")
_FOLDERS = ("", "environments", "environment", "envs", "env", "vars", "tfvars", "variables", "config", "parameters")
_OF_FOLDERS = frozenset((*_FOLDERS, "configs", "params", "bicep", "terraform", "infra", "infrastructure", "arm", "iac"))
"""Names of folders that aren't those of environments."""
_GENERIC = "terraform|variables|vars|tfvars|values|parameters|params?|deploymentparameters|azuredeploy|deploy|main|auto"
_PART = re.compile(_GENERIC, re.IGNORECASE)
_ENDS = re.compile(rf"^(?:{_GENERIC})[-_]|[-_](?:{_GENERIC})$", re.IGNORECASE)
_NOT = re.compile(r"(?:^|[^a-z])(?:backend|examples?|samples?|template)(?:[^a-z]|$)", re.IGNORECASE)
"""Words in names of files that have other values, such as where Terraform keeps its state."""


def environment_files(files: Files, folder: str, endings: tuple[str, ...] = _ALL) -> dict[str, list[str]]:
    """Return the files with values for an environment, by its name: those below a folder, else the nearest above it."""
    below = (each for each in files.below(folder) if f"{os.sep}." not in each[len(folder) :])
    found = _by_environment(files, below, endings)
    above = folder
    while above != files.repository and os.path.dirname(above) != above:
        above = os.path.dirname(above)
        if not (above + os.sep).startswith(files.repository.rstrip(os.sep) + os.sep):
            break
        for name, paths in _by_environment(files, (os.path.join(above, each) for each in _FOLDERS), endings).items():
            found.setdefault(name, paths)
    return found


def chosen(names: Iterable[str], environment: str | None) -> str | None:
    """Return the name that an environment has among others: that name, or the only one that has it as a word."""
    known = list(names)
    if environment is None or environment in known:
        return environment
    word = re.compile(rf"(?:^|[^A-Za-z0-9]){re.escape(environment)}(?:[^A-Za-z0-9]|$)", re.IGNORECASE)
    found = [name for name in known if word.search(name)]
    return found[0] if len(found) == 1 else None


def environment_of(files: Files, path: str) -> str:
    """Return the environment that a file or its folder names; empty without one."""
    folder, file = os.path.split(path)
    if _NOT.search(file):
        return ""
    stem = re.sub(r"\.(?:tfvars(?:\.json)?|bicepparam|json)$", "", file, flags=re.IGNORECASE)
    has_code = bool(files.names(folder, _CODE))
    if has_code and stem.endswith(".auto"):  # Terraform reads it always
        return ""
    template = _template(files, folder, file)
    parts = (_ENDS.sub("", part) for part in stem.removeprefix(template).strip(".-_").split("."))
    name = ".".join(part for part in parts if part and _PART.fullmatch(part) is None)
    if name or has_code:
        return name
    parent = os.path.basename(folder)
    return "" if parent.lower() in _OF_FOLDERS else parent


def _by_environment(files: Files, folders: Iterable[str], endings: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in candidates(files, folders, endings):
        if name := environment_of(files, path):
            found.setdefault(name, []).append(path)
    return found


def candidates(files: Files, folders: Iterable[str], endings: tuple[str, ...]) -> Iterator[str]:
    """Yield the files of folders that have values for Terraform, or for Bicep and ARM templates."""
    for folder in folders:
        for name in files.names(folder, endings):
            path = os.path.join(folder, name)
            if not name.endswith(".json") or name.endswith(".tfvars.json"):
                yield path
                continue
            try:
                begin = files.source(path).text[:4096]
            except LookupError:
                continue
            is_named = "param" in path[len(files.repository) :].lower() and '"parameters"' in begin
            if is_named or "deploymentParameters.json" in begin:
                yield path


def _template(files: Files, folder: str, name: str) -> str:
    """Return the name of the template whose name a file of parameters begins with, such as `main.dev.bicepparam`."""
    for place in (folder, *([] if folder == files.root else [os.path.dirname(folder)])):
        for each in files.names(place, (".bicep",)):
            stem = each.removesuffix(".bicep")
            if re.match(rf"{re.escape(stem)}[.\-_]", name, re.IGNORECASE):
                return stem
    return ""
