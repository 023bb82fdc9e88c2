"""The values of a root module's variables: variable files, those of an environment, and defaults.

Terraform reads `terraform.tfvars` and `*.auto.tfvars` by itself. A file for an environment is one that its name or its
folder names: `dev.tfvars`, `env/dev.tfvars`, `dev/terraform.tfvars`, `app.dev.tfvars`.

Source: https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from apimpolicy.infrastructure.terraform.json_syntax import read_file

if TYPE_CHECKING:
    from apimpolicy.infrastructure.files import Files
    from apimpolicy.infrastructure.terraform.module import Module
    from apimpolicy.infrastructure.values import Value

ENDINGS = (".tfvars", ".tfvars.json")


def variable_files(files: Files, folder: str, environment: str | None) -> list[str]:
    """Return the variable files of a root module, the later ones counting before the earlier ones."""
    names = files.names(folder, ENDINGS)
    own = [name for name in names if name.startswith("terraform.tfvars")]
    own += [name for name in names if ".auto.tfvars" in name]
    found = [os.path.join(folder, name) for name in own]
    if environment is not None:
        found += _of_environment(files, folder, environment)
    return found


def environments_of(files: Files, folder: str) -> list[str]:
    """Return the names for which there are variable files: `dev` for `env/dev.tfvars`."""
    found: set[str] = set()
    for place in files.below(folder):
        for name in files.names(place, ENDINGS):
            stem = re.sub(r"\.tfvars(\.json)?$", "", name)
            if ".auto" in name or (place == folder and stem == "terraform"):
                continue
            found.add(os.path.basename(place) if stem == "terraform" else stem)
    return sorted(found)


def _of_environment(files: Files, folder: str, environment: str) -> list[str]:
    """Return the files that an environment's name is a part of, in the module's folder, below it, or beside it."""
    wanted = re.compile(rf"(?:^|[^A-Za-z0-9]){re.escape(environment)}(?:[^A-Za-z0-9]|$)", re.IGNORECASE)
    found: list[str] = []
    for place in files.below(folder):
        inside = os.path.relpath(place, folder)
        for name in files.names(place, ENDINGS):
            stem = re.sub(r"\.tfvars(\.json)?$", "", name)
            if ".auto" not in name and (wanted.search(stem) or (stem == "terraform" and wanted.search(inside))):
                found.append(os.path.join(place, name))
    return found


def read_variables(module: Module, paths: list[str]) -> dict[str, Value]:
    """Return the values that variable files give; those that can't be read give none."""
    found: dict[str, Value] = {}
    for path in paths:
        try:
            source = module.files.source(path)
        except LookupError:
            continue
        for name, attribute in read_file(source).attributes.items():
            found[name] = module.value(attribute.value, source, {})
    return found
