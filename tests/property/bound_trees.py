"""A bound tree as nested tuples that do not say where it was written, so that two trees can be compared."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol, LocalSymbol
from apimpolicy.csharp.dotnet.signatures import Member, Parameter
from apimpolicy.csharp.dotnet.types import Type

if TYPE_CHECKING:
    from apimpolicy.csharp.binding import BoundExpression


def described(bound: BoundExpression) -> Any:
    """Everything that the binder decided: classes, types, members, conversions, constants, which symbol is which."""
    return _Description().of(bound.body), str(bound.type), bound.static_type


class _Description:
    def __init__(self) -> None:
        self._symbols: dict[int, int] = {}
        self._open: set[int] = set()

    def of(self, value: Any) -> Any:
        if isinstance(value, (LocalSymbol, LocalFunctionSymbol)):
            return self._symbol(value)
        if isinstance(value, Type):
            return "type", type(value).__name__, _without_places(str(value))
        if isinstance(value, Member):
            return "member", str(value.container), value.declaring.name, value.signature
        if isinstance(value, Parameter):
            return "parameter", str(value), value.has_default, repr(value.default)
        if isinstance(value, (list, tuple)):
            return tuple(self.of(item) for item in value)
        if value is None or isinstance(value, (str, int, float, bool, Decimal)):
            return type(value).__name__, _without_places(repr(value))
        if isinstance(value, Bound) or hasattr(type(value), "__slots__"):
            return self._object(value)
        return type(value).__name__, repr(value)

    def _symbol(self, symbol: LocalSymbol | LocalFunctionSymbol) -> Any:
        known = id(symbol) in self._symbols
        number = self._symbols.setdefault(id(symbol), len(self._symbols))
        if known:
            return "symbol", number
        if isinstance(symbol, LocalFunctionSymbol):
            return "function", number, symbol.name, str(symbol.returns), self.of(symbol.parameters)
        name = _without_places(symbol.name)
        return "symbol", number, name, symbol.kind, symbol.mode, _without_places(str(symbol.type)), symbol.is_captured

    def _object(self, value: Any) -> Any:
        if id(value) in self._open:
            return "above", type(value).__name__
        self._open.add(id(value))
        parts = [
            (slot, self.of(getattr(value, slot)))
            for cls in type(value).__mro__
            for slot in getattr(cls, "__slots__", ())
            if slot not in ("syntax", "declared_at", "__weakref__", "__dict__") and hasattr(value, slot)
        ]
        self._open.discard(id(value))
        return type(value).__name__, tuple(parts)


def _without_places(text: str) -> str:
    """The names of a query's hidden variables hold the place of the query."""
    import re

    return re.sub(r"<\d+:", "<", text)
