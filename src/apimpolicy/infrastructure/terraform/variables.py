"""The values of a root module's variables: variable files, those of an environment, and defaults.

Terraform reads `terraform.tfvars` and `*.auto.tfvars` by itself, and files for an environment where it is told to.

Source: https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from apimpolicy.infrastructure.environments import TERRAFORM, chosen, environment_files
from apimpolicy.infrastructure.terraform.json_syntax import read_file

if TYPE_CHECKING:
    from apimpolicy.infrastructure.files import Files
    from apimpolicy.infrastructure.terraform.module import Module
    from apimpolicy.infrastructure.values import Value


def variable_files(files: Files, folder: str, environment: str | None) -> list[str]:
    """Return the variable files of a root module, the later ones counting before the earlier ones."""
    names = files.names(folder, TERRAFORM)
    own = [name for name in names if name.startswith("terraform.tfvars")]
    own += [name for name in names if ".auto.tfvars" in name]
    found = [os.path.join(folder, name) for name in own]
    if environment is not None:
        known = environment_files(files, folder, TERRAFORM)
        found += known.get(chosen(known, environment) or "", ())
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
