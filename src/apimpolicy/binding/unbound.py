"""Expressions that have no type of their own until something converts them: lambdas, `default`, `throw`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.binding.nodes import Block, Expression, Return
from apimpolicy.dotnet.types import SpecialType, Type
from apimpolicy.records import Record

if TYPE_CHECKING:
    from apimpolicy.binding.symbols import LocalSymbol, Scope
    from apimpolicy.diagnostics import Diagnostic
    from apimpolicy.syntax.nodes import Node

LAMBDA_TYPE: Final = SpecialType("lambda expression")
METHOD_GROUP_TYPE: Final = SpecialType("method group")
DEFAULT_TYPE: Final = SpecialType("default")
THROW_TYPE: Final = SpecialType("<throw expression>")
TUPLE_TYPE: Final = SpecialType("tuple without a type")
NAMESPACE_TYPE: Final = SpecialType("namespace")


class BoundBody(Record):
    """A lambda's body, bound for one choice of parameter types."""

    parameters: tuple[LocalSymbol, ...]
    body: Expression | Block
    returns: tuple[Return, ...]
    return_type: Type | None
    diagnostics: tuple[Diagnostic, ...]
    falls_through: bool


class UnboundLambda(Expression):
    """A lambda or anonymous method before conversion to a delegate type.

    `names` is None for `delegate { … }`, which fits any parameter list; `explicit_types` is None when parameters are
    not typed. `bodies` caches the body per choice of parameter types.
    """

    names: tuple[str, ...] | None
    explicit_types: tuple[Type, ...] | None
    modes: tuple[str, ...]
    body: Node
    scope: Scope
    is_async: bool
    bodies: dict[tuple[Type, ...], BoundBody]


class DefaultLiteral(Expression):
    """`default` without a type."""
