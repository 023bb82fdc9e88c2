"""Literals, parentheses, and `this` and `base`, which a policy expression has not (C# specification, section 12.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding.nodes import Expression, Literal, UnknownText
from apimpolicy.binding.unbound import DEFAULT_TYPE, DefaultLiteral
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import NULL
from apimpolicy.dotnet.values import BOOL, CHAR, STRING
from apimpolicy.syntax import literals, shapes
from apimpolicy.text.source import has_hole

if TYPE_CHECKING:
    from apimpolicy.binding.core import Binder


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
