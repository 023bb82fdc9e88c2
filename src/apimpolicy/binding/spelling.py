"""Spelling of types in messages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from apimpolicy.binding.lookup import IMPLICIT_USINGS

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type


def shown(type_: Type) -> str:
    """Return a type's name as people write it: without the namespaces that need no prefix."""
    return re.sub(r"\b(?:[A-Za-z]\w*\.)+(?=[A-Za-z])", _strip_namespace, str(type_))


def _strip_namespace(match: re.Match[str]) -> str:
    prefix = match.group(0)[:-1]
    if prefix in IMPLICIT_USINGS:
        return ""
    outer, _, last = prefix.rpartition(".")
    return f"{last}." if outer in IMPLICIT_USINGS else match.group(0)
