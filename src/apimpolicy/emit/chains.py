"""Long chains in pieces: `a.b().c()…`, `a + b + …` of thousands of links.

A chain is as long as the text, and Python's compiler recurses over its links. So a long one is evaluated link by link
into Python variables, `(t1 := a.b()…, t2 := t1.c()…, t2.d()…)[-1]`. That changes nothing: what is innermost in a chain
is what is evaluated first, and without a condition.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.dotnet.values import STRING

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Expression

LINKS = 25
"""Links in one piece."""


def chain_of(expression: Expression) -> list[Expression]:
    """Return the links of the chain that an expression ends, from the outside in, itself first."""
    links = [expression]
    while (inner := innermost(links[-1])) is not None and not inner.is_constant:
        links.append(inner)
    return links


def ends_of_pieces(links: list[Expression], *, recording: bool) -> list[Expression]:
    """Return the links of a long chain after which a piece ends, innermost first; none for a short chain.

    When recording, chains of `+` and `&&` are not flattened.
    """
    ends = [inner for outer, inner in pairwise(links) if not _is_passed_over(outer, inner, recording)]
    return ends[LINKS - 1 :: LINKS][::-1] if len(ends) > LINKS else []


def innermost(expression: Expression) -> Expression | None:
    """Return the part of an expression that is evaluated first, whatever comes of it."""
    if isinstance(expression, nodes.Call):
        if expression.receiver is not None:
            return expression.receiver
        return expression.arguments[0] if expression.method.is_extension and expression.arguments else None
    if isinstance(expression, (nodes.Binary, nodes.Logical, nodes.Coalesce)):
        return expression.left
    if isinstance(expression, (nodes.Convert, nodes.AsType, nodes.IsType, nodes.IsPattern, nodes.Unary)):
        return expression.operand
    if isinstance(expression, (nodes.PropertyAccess, nodes.FieldAccess)):
        return expression.receiver
    if isinstance(
        expression, (nodes.IndexerAccess, nodes.TupleElement, nodes.AnonymousMember, nodes.ConditionalAccess)
    ):
        return expression.receiver
    if isinstance(expression, nodes.ArrayAccess):
        return expression.array
    return expression.condition if isinstance(expression, nodes.Conditional) else None


def _is_passed_over(outer: Expression, inner: Expression, recording: bool) -> bool:
    """Return whether the emitter may take the parts of `inner` without emitting it itself."""
    if recording or isinstance(inner, nodes.Convert):
        return isinstance(inner, nodes.Convert)
    if isinstance(inner, nodes.Logical):
        return isinstance(outer, nodes.Logical)
    return _is_concatenation(inner) and _is_concatenation(outer)


def _is_concatenation(expression: Expression) -> bool:
    return isinstance(expression, nodes.Binary) and expression.operator == "+" and expression.operand_type is STRING
