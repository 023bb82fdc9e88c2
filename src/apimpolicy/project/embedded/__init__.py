"""Policies as files have them: a whole file, a template, a text in Terraform, Bicep, an ARM template, Markdown or code.

What a template puts in later (`${…}`, `parameters('…')`, `#{…}#`) is a hole (`text.source`). Every position is one of
the file itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from apimpolicy.errors import ConfigurationError
from apimpolicy.project.files import ROOTS, begins_like_a_policy, source_of

if TYPE_CHECKING:
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.project.embedded.pieces import Pieces
    from apimpolicy.text.source import Source

ENDINGS = {
    ".tf": "templates.terraform",
    ".tofu": "templates.terraform",
    ".hcl": "templates.terraform",
    ".tfvars": "templates.terraform",
    ".tpl": "templates.template",
    ".tftpl": "templates.template",
    ".tmpl": "templates.template",
    ".template": "templates.template",
    ".j2": "templates.template",
    ".jinja": "templates.template",
    ".jinja2": "templates.template",
    ".bicep": "templates.bicep",
    ".json": "templates.arm",
    ".md": "templates.markdown",
    ".markdown": "templates.markdown",
    ".ps1": "powershell.policies",
    ".psm1": "powershell.policies",
    ".py": "python_code.policies",
    ".cs": "csharp.policies",
    ".csx": "csharp.policies",
}
"""Endings of files that may hold policies, and the module here with its function that finds them."""

MARKDOWN = tuple(ending for ending, function in ENDINGS.items() if function == "templates.markdown")
"""Endings of pages, in which snippets are explained."""

CODE = tuple(ending for ending, function in ENDINGS.items() if not function.startswith("templates."))
"""Endings of program code, of which the strings are read."""

_CLOSED = rf"</(?:{'|'.join(root.decode() for root in sorted(ROOTS))})\s*>\s*\Z|\A[^<]*<[^<>]*/>\s*\Z"

_SIGNS = ("{", "#", "%", "$", "__", "<<", "«", "@@", "~", "[[", "YOUR")
"""Texts of which one is in a file with placeholders; files without any are skipped."""


def reader_for(path: str) -> Callable[[Source], list[Pieces]] | None:
    from importlib import import_module

    lowered = path.lower()
    for ending, function in ENDINGS.items():
        if lowered.endswith(ending):
            module, name = function.split(".")
            read: Callable[[Source], list[Pieces]] = getattr(import_module(f"{__name__}.{module}"), name)
            return read
    return None


def is_policy(text: str) -> bool:
    return begins_like_a_policy(text[:4096].encode("utf-8", "replace"))


def is_whole(text: str) -> bool:
    return re.compile(_CLOSED).search(text) is not None


def policies_of(
    data: bytes, path: str, placeholders: Sequence[str] = (), values: Mapping[str, str] | None = None
) -> tuple[list[list[Source]], list[Diagnostic]]:
    """Return the policies in the bytes of a file, each in as many readings as its template has (`Pieces.readings`).

    `placeholders` are words and patterns such as `#{…}#` that something replaces before the policy is saved; `values`
    are texts for placeholders by name. Raises ConfigurationError for a file that can hold policies and has none.
    """
    source, findings = source_of(data, path)
    reader = reader_for(path)
    if reader is None or (findings and not source.text):  # too large
        if findings:
            return [], findings
        if not placeholders and not any(sign in source.text for sign in _SIGNS):
            return [[source]], []
        from apimpolicy.project.embedded.shapes import readings

        return [readings(source, placeholders, values)], []
    policies = reader(source)
    faults = [pieces.fault for pieces in policies if pieces.fault is not None]
    if not policies:
        raise ConfigurationError(
            f"{path} holds no policy: nothing in it begins with <policies>, <fragment> or a section"
        )
    from apimpolicy.project.embedded.shapes import filled

    whole = [filled(pieces, placeholders, values).readings() for pieces in policies if pieces.fault is None]
    if findings and any("\ufffd" in reading.text for readings in whole for reading in readings):
        return [], findings  # elsewhere in the file, the bytes mean nothing to the gateway
    return whole, faults
