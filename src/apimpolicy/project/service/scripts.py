"""Resources of a service that commands create: those of scripts, and of scripts inside of infrastructure code."""

from __future__ import annotations

import re
from collections.abc import Iterator

from apimpolicy.project.layout import kind_named
from apimpolicy.project.service.description import FileLocation, Gap

_COMMAND = re.compile(
    r"\b(?:az\s+apim\s+([\w-]+)\s+(?:create|import)|(?:New|Set)-AzApiManagement(\w+)"
    r"|az\s+rest\b[^\n]{0,400}?service/[^\n]{0,200}?/(namedValues|backends|apis|products|policyFragments)/)",
    re.IGNORECASE,
)
"""A command inside of code, as a deployment script or a provisioner runs it."""
_AZ = re.compile(r"az\s")
"""What the commands of Azure's command line begin with; a file without it needs no slower search."""
_WORDS = {"nv": "named-values", "api": "apis", "product": "products", "backend": "backends"}
"""Kinds by the words of Azure's command line."""


def gaps_of_commands(path: str, text: str) -> Iterator[Gap]:
    """Yield the kinds of resources that commands inside of code create, which the code doesn't describe."""
    lowered = text.lower()
    if "-azapimanagement" not in lowered and _AZ.search(lowered) is None:
        return
    found: set[str] = set()
    for match in _COMMAND.finditer(text):
        gap = gap_of_command(match, path, match[1] or match[3] or f"{match[2]}s")
        if gap is not None and gap.kind not in found:
            found.add(gap.kind)
            yield gap


def gap_of_command(match: re.Match[str], path: str, kind: str) -> Gap | None:
    """Return what a command creates; `kind` is the word that it has for it."""
    known = kind_named(_WORDS.get(kind.lower(), kind))
    if known is None:
        return None
    line = match.string.count("\n", 0, match.start()) + 1
    return Gap(f"a script creates {known.noun}s", FileLocation(path, line), known.id)
