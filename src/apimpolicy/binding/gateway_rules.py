"""The gateway's own rules for expressions, beyond the C# compiler's; none of them is part of `bind`.

allow_list  APIM0001, APIM0002, APIM0006: which types and members may be used
braces      POL030: bodies of `if`, `else` and loops stand in braces
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.allow_list import check_allow_list
from apimpolicy.binding.braces import check_braces

if TYPE_CHECKING:
    from apimpolicy.binding.bind import BoundExpression
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.syntax.nodes import Node


def check_gateway_rules(bound: BoundExpression, tree: Node) -> list[Diagnostic]:
    """Return what the gateway would refuse in an expression that compiles, in order of the text.

    The codes can be switched off one by one by their names; an expression with compiler errors is only held against
    the rule on braces.
    """
    found = check_braces(tree, bound.excerpt)
    if not bound.diagnostics:
        found += check_allow_list(bound, tree)
    return sorted(found, key=lambda finding: finding.start)
