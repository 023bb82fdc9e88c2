"""What names stand for inside an expression, and the scopes they live in (C# specification, section 7.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding.nodes import NOT_CONSTANT

if TYPE_CHECKING:
    from apimpolicy.dotnet.signatures import Parameter
    from apimpolicy.dotnet.types import Type
    from apimpolicy.syntax.nodes import Node, Token


class LocalSymbol:
    """A variable. `kind` is local, constant, parameter, foreach, using, range, pattern or context.

    `function` is the lambda or local function (any object, by identity) it is of: a use in another one captures it.
    """

    __slots__ = ("constant", "declared_at", "function", "is_captured", "kind", "mode", "name", "type")

    def __init__(
        self,
        name: str,
        type_: Type,
        kind: str,
        syntax: Node | Token | None,
        function: object = None,
        constant: Any = NOT_CONSTANT,
        mode: str = "",
    ) -> None:
        self.name = name
        self.type = type_
        self.kind = kind
        self.declared_at = syntax
        self.function = function
        self.constant = constant
        self.mode = mode
        self.is_captured = False

    @property
    def is_readonly(self) -> bool:
        return self.kind in ("foreach", "using", "constant", "range")

    def __repr__(self) -> str:
        return f"<{self.kind} {self.type} {self.name}>"


class LocalFunctionSymbol:
    """A local function with its signature."""

    __slots__ = ("declared_at", "name", "parameters", "returns", "symbols")

    def __init__(self, name: str, returns: Type, parameters: tuple[Parameter, ...], syntax: Node) -> None:
        self.name = name
        self.returns = returns
        self.parameters = parameters
        self.declared_at = syntax
        self.symbols: tuple[LocalSymbol, ...] = ()


Symbol = LocalSymbol | LocalFunctionSymbol


class Scope:
    """A declaration space. `function` identifies the lambda or local function that the scope belongs to."""

    __slots__ = ("function", "later", "names", "order", "parent")

    def __init__(self, parent: Scope | None, function: object = None) -> None:
        self.parent = parent
        self.function: object = function if function is not None or parent is None else parent.function
        self.names: dict[str, Symbol] = {}
        self.order: list[LocalSymbol] = []
        self.later: dict[str, int] = {}
        """Names that the block declares somewhere, and where: using one before is CS0841."""

    def declare(self, symbol: Symbol) -> None:
        self.names[symbol.name] = symbol
        if isinstance(symbol, LocalSymbol):
            self.order.append(symbol)

    def find(self, name: str) -> Symbol | None:
        """The nearest symbol of this name."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name)
            if found is not None:
                return found
            scope = scope.parent
        return None

    def declared_later(self, name: str, position: int) -> bool:
        """Whether an enclosing block of the same function declares the name further down."""
        scope: Scope | None = self
        while scope is not None:
            if scope.later.get(name, -1) > position:
                return True
            scope = scope.parent
        return False
