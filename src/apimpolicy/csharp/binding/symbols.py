"""Symbols of the names inside an expression, and their scopes (C# specification, section 7.7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from apimpolicy.csharp.binding.nodes import NOT_CONSTANT
from apimpolicy.csharp.dotnet.signatures import Parameter
from apimpolicy.csharp.dotnet.types import Type, TypeParameter
from apimpolicy.csharp.syntax import shapes
from apimpolicy.csharp.syntax.literals import identifier_name
from apimpolicy.csharp.syntax.nodes import Child, Node, Token
from apimpolicy.records import Record
from apimpolicy.text.source import has_hole


class LocalSymbol(Record):
    """A variable. `kind` is local, constant, parameter, foreach, using, range, pattern or global.

    `function` is the lambda or local function (any object, by identity) it is of: a use in another one captures it.
    `is_reference`: it is another name for a variable (a `ref` local, or a `ref` parameter). `is_referenced`: somewhere
    a `ref` is taken of it. `is_readonly_reference`: it is a `ref readonly` local.
    `awaits_type`: it is an `out var` of a call that is being bound.
    """

    name: str
    type: Type
    kind: str
    declared_at: Node | Token | None
    function: object = None
    constant: Any = NOT_CONSTANT
    mode: str = ""
    is_reference: bool = False
    is_captured: bool = False
    is_referenced: bool = False
    is_readonly_reference: bool = False
    awaits_type: bool = False

    @property
    def is_readonly(self) -> bool:
        return self.kind in ("foreach", "using", "constant", "range")

    def __repr__(self) -> str:
        return f"<{self.kind} {self.type} {self.name}>"


class LocalFunctionSymbol(Record):
    """A local function with its signature; an iterator has `yield` in its body.

    `result` is what the body returns: the T of the Task<T> of an async one, else the same as `returns`.

    A generic one has `type_parameters`, and an instance for each choice of type arguments; those whose bodies are still
    to be bound are `waiting`. `defaults` are the default values of parameters that are still to be bound, with their
    scope: a constant of the block may be one, which is known only when its declaration has been.
    """

    name: str
    returns: Type
    result: Type
    parameters: tuple[Parameter, ...]
    declared_at: shapes.LocalFunction
    type_parameters: tuple[TypeParameter, ...]
    symbols: tuple[LocalSymbol, ...]
    defaults: list[tuple[Parameter, Node, Token, Scope]]
    instances: dict[tuple[Type, ...], LocalFunctionSymbol]
    waiting: list[tuple[tuple[Type, ...], LocalFunctionSymbol]]
    is_async: bool
    is_instance: bool
    is_iterator: bool
    is_simulated: bool
    returns_reference: bool
    returns_readonly: bool

    def __init__(
        self,
        name: str,
        returns: Type,
        parameters: tuple[Parameter, ...],
        declared_at: shapes.LocalFunction,
        type_parameters: tuple[TypeParameter, ...] = (),
    ) -> None:
        self.name = name
        self.returns = self.result = returns
        self.parameters = parameters
        self.declared_at = declared_at
        self.type_parameters = type_parameters
        self.symbols = ()
        self.defaults = []
        self.instances = {}
        self.waiting = []
        self.is_async = self.is_instance = self.is_iterator = False
        self.is_simulated = True
        self.returns_reference = self.returns_readonly = False


Symbol = LocalSymbol | LocalFunctionSymbol


class Scope:
    """A declaration space. `function` identifies the lambda or local function that the scope belongs to."""

    __slots__ = (
        "_in_expressions", "_visible", "function", "is_unknown", "later", "names", "order", "parent", "section_of",
        "statements", "types",
    )  # fmt: skip

    def __init__(self, parent: Scope | None, function: object = None) -> None:
        self.parent = parent
        self.function: object = function if function is not None or parent is None else parent.function
        self.names: dict[str, Symbol] = {}
        self._visible: dict[str, Symbol] = {}
        """The names declared here, and those that were found far away: no name means two things in one another."""
        self.order: list[LocalSymbol] = []
        self.types: dict[str, Type] = {}
        """The type parameters of a generic local function, or what they stand for."""
        self.section_of: Scope | None = None
        """The block of the switch that this is a section of: their variables are those of one block."""
        self.statements: Sequence[Child] = ()
        """The statements of the block that the scope is of."""
        self._in_expressions: dict[str, int] | None = None
        self.is_unknown = False
        """True if the block has an unknown part that may declare any name."""
        self.later: dict[str, int] = {}
        """Names that the block declares somewhere, and where: using one before is CS0841."""

    def declare(self, symbol: Symbol) -> None:
        self.is_unknown = self.is_unknown or has_hole(symbol.name)
        self.names[symbol.name] = self._visible[symbol.name] = symbol
        if isinstance(symbol, LocalSymbol):
            self.order.append(symbol)

    def take(self, symbols: Iterable[Symbol]) -> None:
        for symbol in symbols:
            self.names[symbol.name] = self._visible[symbol.name] = symbol

    def find(self, name: str) -> Symbol | None:
        found = self._visible.get(name)
        scope = self.parent
        while found is None and scope is not None:
            found = scope._visible.get(name)
            if found is not None:
                self._visible[name] = found
            scope = scope.parent
        return found

    def outward(self) -> Iterator[Scope]:
        """Yield this scope and those around it, innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def find_type(self, name: str) -> Type | None:
        """Return the nearest type parameter of this name, or its type argument."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.types:
                return scope.types[name]
            scope = scope.parent
        return None

    def has_unknown(self) -> bool:
        return any(scope.is_unknown for scope in self.outward())

    def in_expressions(self) -> Mapping[str, int]:
        """Return the names that the expressions of the block's own statements declare, with their last offsets."""
        if self._in_expressions is None:
            self._in_expressions = {}
            for statement in self.statements:
                for name, start in declared_in(statement):
                    self._in_expressions[name] = max(start, self._in_expressions.get(name, -1))
        return self._in_expressions

    def declares_later(self, name: str) -> bool:
        """Return whether this or an enclosing block declares the name anywhere; it is known in all of it (7.7.1)."""
        return any(name in scope.later or name in scope.in_expressions() for scope in self.outward())

    def declared_later(self, name: str, position: int) -> bool:
        """Return whether an enclosing block declares the name further down; an expression may: `f(x, out int x)`."""
        return any(
            max(scope.later.get(name, -1), scope.in_expressions().get(name, -1)) > position for scope in self.outward()
        )


class Enclosing(Record):
    """The statements around a statement inside its function, innermost last."""

    breakable: tuple[str, ...] = ()
    """Loops and switches by their keyword; a `finally` that jumps cannot leave is among them."""
    labels: tuple[frozenset[str] | None, ...] = ()
    """The labels of the blocks; None for a `finally`."""
    switch_types: tuple[Type, ...] = ()
    """The types of the values of the switches."""
    parts: tuple[str, ...] = ()
    """Parts of try statements: `try` (of one with catch clauses), `catch`, `finally`."""


_WHOLE = frozenset((
    "expression_statement", "goto_case_statement", "local_declaration_statement", "return_statement",
    "throw_statement", "yield_return_statement",
))  # fmt: skip
_FIRST_ONLY = frozenset({"if_statement", "lock_statement", "switch_statement"})
_OWN_SCOPE = frozenset({"anonymous_method", "parenthesized_lambda", "query_expression", "simple_lambda"})


def declared_in(statement: Child) -> Iterator[tuple[str, int]]:
    """Yield the variables that the expressions of the statement declare: names and offsets."""
    while isinstance(statement, shapes.LabeledStatement):
        statement = statement.statement
    if not isinstance(statement, Node) or statement.kind not in _WHOLE | _FIRST_ONLY:
        return
    waiting: list[Child] = [statement.children[0]] if statement.kind in _FIRST_ONLY else list(statement.children)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Node) or node.kind in _OWN_SCOPE:
            continue
        if isinstance(node, (shapes.DeclarationPattern, shapes.DeclarationExpression)):
            yield from _named(node.name if isinstance(node, shapes.DeclarationPattern) else node.designation)
        elif isinstance(node, shapes.ParenthesizedDesignation):
            for child in node.designations:
                yield from _named(child)
        waiting.extend(node.children)


def _named(token: Child) -> Iterator[tuple[str, int]]:
    if isinstance(token, Token) and token.text != "_":
        yield identifier_name(token.text), token.start
