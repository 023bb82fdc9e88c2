"""Files that are templates of a policy: Terraform's (`${…}`, `%{ if }`), or Jinja's and Helm's (`{{ … }}`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.infrastructure.terraform.parser import parse_template
from apimpolicy.project.embedded import is_policy
from apimpolicy.project.embedded.shapes import read_shapes
from apimpolicy.project.embedded.texts import Texts

if TYPE_CHECKING:
    from apimpolicy.project.embedded.pieces import Pieces
    from apimpolicy.text.source import Source


def policies(outer: Source) -> list[Pieces]:
    if not is_policy(outer.text):
        return []
    if "{%" in outer.text or "{{-" in outer.text:
        return [read_shapes(outer)]
    return [Texts(outer, percent=True).template(parse_template(outer).parts)]
