"""Literals, parentheses, and `this` and `base`, which a policy expression has not (C# specification, section 12.8).

Lambdas, `default` and `throw` have no type of their own until something converts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from apimpolicy.csharp.binding.nodes import Block, Expression, Literal, Return, UnknownText
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.types import NULL, SpecialType, Type
from apimpolicy.csharp.dotnet.values import BOOL, CHAR, STRING
from apimpolicy.csharp.syntax import literals, shapes
from apimpolicy.records import Record
from apimpolicy.text.source import has_hole

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.binding.symbols import LocalSymbol, Scope
    from apimpolicy.csharp.syntax.nodes import Node
    from apimpolicy.diagnostics import Diagnostic


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


def _bind_literal(
    binder: Binder,
    node: shapes.IntegerLiteral
    | shapes.RealLiteral
    | shapes.CharacterLiteral
    | shapes.StringLiteral
    | shapes.VerbatimStringLiteral,
) -> Expression:
    text = node.literal.text
    if isinstance(node, (shapes.StringLiteral, shapes.VerbatimStringLiteral)) and has_hole(text):
        return UnknownText(node, STRING)
    if isinstance(node, shapes.StringLiteral):
        return Literal(node, STRING, literals.string_value(text))
    if isinstance(node, shapes.VerbatimStringLiteral):
        return Literal(node, STRING, literals.verbatim_string_value(text))
    if isinstance(node, shapes.CharacterLiteral):
        return Literal(node, CHAR, literals.character_value(text))
    value, type_ = (
        literals.integer_value(text) if isinstance(node, shapes.IntegerLiteral) else literals.real_value(text)
    )
    return Literal(node, named(type_), value)


bind_integer_literal = bind_real_literal = bind_character_literal = _bind_literal
bind_string_literal = bind_verbatim_string_literal = _bind_literal


def bind_true_literal(binder: Binder, node: shapes.TrueLiteral) -> Expression:
    return Literal(node, BOOL, True)


def bind_false_literal(binder: Binder, node: shapes.FalseLiteral) -> Expression:
    return Literal(node, BOOL, False)


def bind_null_literal(binder: Binder, node: shapes.NullLiteral) -> Expression:
    return Literal(node, NULL, None)


def bind_default_literal(binder: Binder, node: shapes.DefaultLiteral) -> Expression:
    return DefaultLiteral(node, DEFAULT_TYPE)


def bind_parenthesized(binder: Binder, node: shapes.Parenthesized) -> Expression:
    return binder.bind(node.expression)


def bind_this_expression(binder: Binder, node: shapes.ThisExpression) -> Expression:
    return binder.failure(node, "CS0026", "'this' can't be used in a policy expression", help="use 'context'")


def bind_base_expression(binder: Binder, node: shapes.BaseExpression) -> Expression:
    return binder.failure(node, "CS1511", "'base' can't be used in a policy expression")
