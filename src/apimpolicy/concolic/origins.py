"""Provenance of values without a term: the operation and its operands, which a search inverts (`backward`).

No proof rests on it: a value without a term stays unsupported, whatever its origin.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.binding.operators import OPERATOR_METHODS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.concolic.values import ConcolicValue

THROWS = "throws "
"""The beginning of the name of an origin that is about whether something throws."""
OUTPUT = "out "
"""The beginning of the name of an origin that is what a call has set a variable to."""
SETS = "sets "
"""The beginning of the name of an origin that is an object with another value of a property."""
ITEM, HAS_ITEM = "item", "has item"
"""The names of the origins of an item of a list, and of whether there is one, each of the list and its place."""
IS_AMONG = "is among"
"""The name of the origin of whether a value is one of others: the value, and the others."""
COPIED = "copied"
"""The name of the origin of an array that got a part of another one: what it was, the other, from which place of that,
to which place, and how many."""
_numbers = count()


class Origin:
    """The operation that produced a value, and its operands; `value` is the result, where that matters.

    `number` is larger than those of the operands.
    """

    __slots__ = ("leads", "name", "node", "number", "operands", "value")

    def __init__(self, name: str, node: nodes.Bound, operands: Sequence[ConcolicValue], value: Any = None) -> None:
        self.name = name
        self.node = node
        self.operands = tuple(operands)
        self.number = next(_numbers)
        self.value = value
        self.leads: bool | None = None
        """True if the value traces back to inputs; None until known."""

    def __repr__(self) -> str:
        return f"Origin({self.name!r}, {list(self.operands)})"


def origin_of(node: nodes.Bound, operands: Sequence[ConcolicValue], value: Any = None) -> Origin:
    """Return the origin of the value of a node."""
    return Origin(name_of(node), node, operands, value)


def name_of(node: nodes.Bound) -> str:
    """Return the operation of a node: a member (`System.Convert.FromBase64String`), an operator, or the node's kind."""
    if isinstance(node, nodes.Call):
        return _member(node.method)
    if isinstance(node, (nodes.PropertyAccess, nodes.IndexerAccess)):
        return _member(node.property)
    if isinstance(node, nodes.FieldAccess):
        return _member(node.field)
    if isinstance(node, nodes.ObjectCreation):
        return f"new {node.type if node.constructor is None else node.constructor.declaring.name}"
    if isinstance(node, nodes.Binary):
        return node.operator
    if isinstance(node, nodes.Unary):
        return f"unary {node.operator}"
    return type(node).__name__


_OPERATORS = {method: operator for operator, method in OPERATOR_METHODS.items()}


def _member(member: Any) -> str:
    return _OPERATORS.get(member.name) or f"{member.declaring.name}.{member.name}"
