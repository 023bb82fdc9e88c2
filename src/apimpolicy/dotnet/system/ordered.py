"""Types that are equal and ordered by one number: TimeSpan, DateTime and DateTimeOffset."""

from __future__ import annotations

from typing import Any, Self

from apimpolicy.dotnet.exceptions import ArgumentException
from apimpolicy.dotnet.registry import implements_all
from apimpolicy.dotnet.values import wrap_int32


class Ordered:
    """`order` is the number that counts."""

    __slots__ = ()

    dotnet_type_name: str
    order: int

    def compare_to(self, other: Any) -> int:
        if other is None:
            return 1
        if type(other) is not type(self):
            raise ArgumentException(f"Object must be of type {type(self).__name__}.")
        return (self.order > other.order) - (self.order < other.order)

    def equals(self, other: Any) -> bool:
        return type(other) is type(self) and bool(other.order == self.order)

    def get_hash_code(self) -> int:
        return wrap_int32(self.order ^ (self.order >> 32))

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __lt__(self, other: Self) -> bool:
        return self.order < other.order

    def __hash__(self) -> int:
        return hash(self.order)


def implement_order(cls: type[Ordered]) -> None:
    """Register the operators of a type, and the static forms of Equals and Compare."""
    name = cls.__name__
    implements_all(
        cls.dotnet_type_name,
        {
            "Compare": cls.compare_to,
            f"Equals({name}, {name})": lambda a, b: a.order == b.order,
            "op_Equality": lambda a, b: a.order == b.order,
            "op_Inequality": lambda a, b: a.order != b.order,
            "op_LessThan": lambda a, b: a.order < b.order,
            "op_LessThanOrEqual": lambda a, b: a.order <= b.order,
            "op_GreaterThan": lambda a, b: a.order > b.order,
            "op_GreaterThanOrEqual": lambda a, b: a.order >= b.order,
        },
    )
