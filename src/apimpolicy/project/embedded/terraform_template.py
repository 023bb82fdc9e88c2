"""Files for Terraform's `templatefile`: a policy as a whole, with `${…}` as a placeholder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.project.embedded import is_policy
from apimpolicy.project.embedded.pieces import Pieces
from apimpolicy.project.embedded.terraform import read_template

if TYPE_CHECKING:
    from apimpolicy.text.source import Source


def policies(outer: Source) -> list[Source]:
    """The policy that the file is, if it is one."""
    if not is_policy(outer.text):
        return []
    pieces = Pieces(outer)
    read_template(pieces, 0, len(outer.text), quoted=False)
    return [pieces.source()]
