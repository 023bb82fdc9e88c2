"""Base classes of bound nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from apimpolicy.records import Record, keyword

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Node, Token


class _NotConstant:
    def __repr__(self) -> str:
        return "NOT_CONSTANT"


NOT_CONSTANT: Final = _NotConstant()


_NO_NODES: Final = ("syntax", "type", "constant")
_below: dict[type, tuple[str, ...]] = {}
"""The fields of each class of bound nodes that may hold others."""


class Bound(Record):
    """Any bound node. Fields are declared in order of evaluation."""

    kind = "bound"
    """The name of the class as functions have it (`field_access`): by it, the function for a node is found."""

    syntax: Node | Token

    def __init_subclass__(cls) -> None:
        if "kind" not in cls.__dict__:
            cls.kind = "".join("_" + letter.lower() if letter.isupper() else letter for letter in cls.__name__)[1:]

    def children(self) -> list[Bound]:
        """Return the bound nodes directly below this one, in order of evaluation."""
        cls = type(self)
        fields = _below.get(cls)
        if fields is None:
            fields = _below[cls] = tuple(field for field in cls._fields if field not in _NO_NODES)
        below: list[Bound] = []
        for field in fields:
            value = getattr(self, field)
            if isinstance(value, Bound):
                below.append(value)
            elif isinstance(value, (tuple, list)):
                below.extend([item for item in value if isinstance(item, Bound)])
        return below


class Expression(Bound):
    """A bound expression. `constant` is its value when the compiler knows it, else NOT_CONSTANT."""

    type: Type
    constant: Any = keyword(default=NOT_CONSTANT, kw_only=True)

    @property
    def is_constant(self) -> bool:
        return self.constant is not NOT_CONSTANT


class Placeholder(Expression):
    """A value that the surrounding node computed: the receiver of `?.`, the object under initialisation."""
