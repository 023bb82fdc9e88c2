"""Expressions that have no type of their own until something converts them: lambdas, `default`, `throw`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.binding.nodes import Block, Expression, Return
from apimpolicy.dotnet.types import SpecialType, Type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.symbols import LocalSymbol, Scope
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.syntax.nodes import Node

LAMBDA_TYPE: Final = SpecialType("lambda expression")
METHOD_GROUP_TYPE: Final = SpecialType("method group")
DEFAULT_TYPE: Final = SpecialType("default")
THROW_TYPE: Final = SpecialType("<throw expression>")
TUPLE_TYPE: Final = SpecialType("tuple without a type")
NAMESPACE_TYPE: Final = SpecialType("namespace")


class BoundBody:
    """A lambda's body, bound for one choice of parameter types."""

    __slots__ = ("body", "diagnostics", "falls_through", "parameters", "return_type", "returns")

    def __init__(
        self,
        parameters: Sequence[LocalSymbol],
        body: Expression | Block,
        returns: Sequence[Return],
        return_type: Type | None,
        diagnostics: Sequence[Diagnostic],
        falls_through: bool,
    ) -> None:
        self.parameters = tuple(parameters)
        self.body = body
        self.returns = tuple(returns)
        self.return_type = return_type
        self.diagnostics = tuple(diagnostics)
        self.falls_through = falls_through


class UnboundLambda(Expression):
    """A lambda or anonymous method before conversion to a delegate type.

    `names` is None for `delegate { … }`, which fits any parameter list; `explicit_types` is None when parameters are
    not typed. `bodies` caches the body per choice of parameter types.
    """

    __slots__ = ("bodies", "body", "explicit_types", "is_async", "modes", "names", "scope")

    def __init__(
        self,
        syntax: Node,
        names: Sequence[str] | None,
        explicit_types: tuple[Type, ...] | None,
        modes: tuple[str, ...],
        body: Node,
        scope: Scope,
        is_async: bool,
    ) -> None:
        super().__init__(syntax, LAMBDA_TYPE)
        self.names = tuple(names) if names is not None else None
        self.explicit_types = explicit_types
        self.modes = modes
        self.body = body
        self.scope = scope
        self.is_async = is_async
        self.bodies: dict[tuple[Type, ...], BoundBody] = {}


class DefaultLiteral(Expression):
    """`default` without a type."""

    __slots__ = ()
