"""Policies inside other files: Terraform, Bicep, ARM templates, Markdown; every position is one of the outer file.

What a template puts in later (`${…}`, `parameters('…')`) counts as a named value that is not known: it may be anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import source_of
from apimpolicy.project.root_element import begins_like_a_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.text.source import Source

ENDINGS = {
    ".tf": "terraform",
    ".tofu": "terraform",
    ".hcl": "terraform",
    ".tpl": "terraform_template",
    ".tftpl": "terraform_template",
    ".bicep": "bicep",
    ".json": "arm",
    ".md": "markdown",
    ".markdown": "markdown",
}
"""Endings of files that may hold policies, and the module here that finds them."""


def reader_for(path: str) -> Callable[[Source], list[Source]] | None:
    """The function that finds the policies in a file with this name, if it is such a file."""
    from importlib import import_module

    lowered = path.lower()
    for ending, module in ENDINGS.items():
        if lowered.endswith(ending):
            read: Callable[[Source], list[Source]] = import_module(f"{__name__}.{module}").policies
            return read
    return None


def is_policy(text: str) -> bool:
    """Whether a text begins like a policy document, a fragment, or a section of one."""
    return begins_like_a_policy(text[:4096].encode("utf-8", "replace"))


def policies_of(data: bytes, path: str) -> tuple[list[Source], list[Diagnostic]]:
    """The policies in the bytes of a file: the file itself, or those that it holds (Terraform, Bicep, ARM, Markdown).

    Raises ConfigurationError for a file that can hold policies and has none.
    """
    source, findings = source_of(data, path)
    reader = reader_for(path)
    if reader is None or findings:
        return [source], findings
    found = reader(source)
    if not found:
        raise ConfigurationError(
            f"{path} holds no policy: nothing in it begins with <policies>, <fragment> or a section"
        )
    return found, findings
