"""Names of other languages, and of newer versions of .NET, with what a policy expression has instead.

`foreign_names.txt` lists them. It is read when an expression has an unknown name.
"""

from __future__ import annotations

import os
from typing import Final


def _read() -> dict[str, dict[str, str]]:
    """Return the sections of the file; a name without " : " has an empty text."""
    sections: dict[str, dict[str, str]] = {}
    with open(os.path.join(os.path.dirname(__file__), "foreign_names.txt"), encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("["):
                section = sections[line[1:-1]] = {}
            elif line and not line.startswith("#"):
                names, _, meant = line.partition(" : ")
                section.update(dict.fromkeys(names.split(), meant))
    return sections


_sections: Final = _read()
NAMES: Final = _sections.pop("names")
TYPE_WORDS: Final = _sections.pop("type words")
TYPES: Final = _sections.pop("types")
NAMESPACES: Final = _sections.pop("namespaces")
OPERATORS: Final = _sections.pop("operators")
ARRAY_MEMBERS: Final = _sections.pop("array members")
SYNONYMS: Final = {name: meant.split() for name, meant in _sections.pop("synonyms").items()}
MEMBERS: Final = {
    (owner, name): meant.replace("{type}", owner.rpartition(".")[2])
    for section, members in _sections.items()
    for owner in section.split()
    for name, meant in members.items()
}
