"""What all bound nodes have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Node, Token


class _NotConstant:
    def __repr__(self) -> str:
        return "NOT_CONSTANT"


NOT_CONSTANT: Final = _NotConstant()


_slots: dict[type, tuple[str, ...]] = {}
"""The slots of each class of bound nodes that may hold others, its own first."""
_NO_NODES = ("syntax", "type", "constant")


class Bound:
    """Any bound node."""

    __slots__ = ("syntax",)

    syntax: Node | Token

    def children(self) -> list[Bound]:
        """The bound nodes directly below this one, in order of evaluation."""
        cls = type(self)
        slots = _slots.get(cls)
        if slots is None:
            every = (slot for base in cls.__mro__ for slot in getattr(base, "__slots__", ()))
            slots = _slots[cls] = tuple(slot for slot in every if slot not in _NO_NODES)
        below: list[Bound] = []
        for slot in slots:
            value = getattr(self, slot, None)
            if isinstance(value, Bound):
                below.append(value)
            elif isinstance(value, (tuple, list)):
                below.extend([item for item in value if isinstance(item, Bound)])
        return below


class Expression(Bound):
    """A bound expression. `constant` is its value when the compiler knows it, else NOT_CONSTANT."""

    __slots__ = ("constant", "type")

    def __init__(self, syntax: Node | Token, type_: Type, constant: Any = NOT_CONSTANT) -> None:
        self.syntax = syntax
        self.type = type_
        self.constant = constant

    @property
    def is_constant(self) -> bool:
        return self.constant is not NOT_CONSTANT


class Placeholder(Expression):
    """A value that the surrounding node computed: the receiver of `?.`, the object under initialisation."""

    __slots__ = ()
