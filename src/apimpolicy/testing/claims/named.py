"""Named claims, such as `authenticated`: data that is expanded to ordinary claims.

claims: [authenticated, no-key-to-backend]
"""

from __future__ import annotations

import functools
from difflib import get_close_matches
from importlib import resources
from typing import TYPE_CHECKING

from apimpolicy.testing.tree import UNKNOWN_NAME, read_tree

if TYPE_CHECKING:
    from apimpolicy.testing.tree import Tree

_SOURCE = "named.yaml"
_PLACE = "<named claim>"
_RENAMED = {"no-secret-in-response": "no-credential-header-in-response"}
"""Claims with a name that promised more than they say; the old one is still valid."""


@functools.cache
def library() -> dict[str, Tree]:
    """Return the claims by name: tables with `means`, a sentence, and `claim`."""
    text = resources.files("apimpolicy.testing.claims").joinpath(_SOURCE).read_text("utf-8")
    return read_tree(text, _PLACE).table()


def claim_of(name: Tree) -> Tree:
    """Return the claim of a name. Raises TestFileError for an unknown name."""
    found = library().get(_RENAMED.get(name.text(), name.text()))
    if found is not None:
        return found.table()["claim"]
    near = get_close_matches(name.text(), library(), 1)
    raise name.mistake(
        UNKNOWN_NAME,
        f"there is no named claim '{name.text()}'",
        label=f"did you mean '{near[0]}'?" if near else "",
        help=f"The named claims are {', '.join(library())}. Other claims are tables.",
    )
