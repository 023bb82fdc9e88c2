"""Variables that can only be read: `ref readonly` locals and returns (C# 7.2), and `in` parameters.

Each has codes of its own for assigning it and for taking a `ref` to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Expression


class ReadOnly(Record):
    """The reason why a variable is read-only, with the codes for assigning, passing and returning it by reference."""

    what: str
    assigned: str
    referenced: str
    returned: str


def read_only(target: Expression) -> ReadOnly | None:
    """Return why a variable is read-only, or None; a part of a structure is read-only with the whole."""
    is_part = False
    while isinstance(target, nodes.TupleElement) or (
        isinstance(target, nodes.FieldAccess) and target.receiver is not None and target.receiver.type.is_value_type
    ):
        if target.receiver is None:
            return None
        is_part, target = True, target.receiver
    if isinstance(target, nodes.Local):
        if target.symbol.is_readonly_reference:
            return ReadOnly(f"'{target.symbol.name}' is a ref readonly variable", "CS0131", "CS1510", "CS8156")
        if target.symbol.mode == "in":
            return _without_field(f"'{target.symbol.name}' is an in parameter", is_part=is_part)
    if isinstance(target, nodes.Dereference):
        return _of_reference(target.reference, is_part=is_part)
    return None


def _without_field(what: str, *, is_part: bool) -> ReadOnly:
    if is_part:
        return ReadOnly(what, "CS8332", "CS8330", "CS8334")
    return ReadOnly(what, "CS8331", "CS8329", "CS8333")


def _of_reference(reference: Expression, *, is_part: bool) -> ReadOnly | None:
    if isinstance(reference, nodes.Reference):
        return read_only(reference.target)
    if isinstance(reference, nodes.Conditional):
        return _of_reference(reference.when_true, is_part=is_part) or _of_reference(
            reference.when_false, is_part=is_part
        )
    if isinstance(reference, nodes.DelegateCall) and isinstance(reference.target, nodes.MethodGroup):
        function = reference.target.function
        if function is not None and function.returns_readonly:
            return _without_field(f"'{function.name}' returns a ref readonly", is_part=is_part)
    return None


def mark_referenced(target: Expression) -> None:
    """Remember that something else than its name may change a variable."""
    while isinstance(target, nodes.TupleElement):
        target = target.receiver
    if isinstance(target, nodes.Local):
        target.symbol.is_referenced = True
