"""The binder's entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from apimpolicy.binding import advice
from apimpolicy.binding.conversions import constant_fits, standard_implicit
from apimpolicy.binding.core import Binder
from apimpolicy.binding.functions import falls_through
from apimpolicy.binding.literals import DefaultLiteral
from apimpolicy.binding.nodes import Bad, Block, Expression, MethodGroup, Return
from apimpolicy.binding.reports import name_token, shown
from apimpolicy.binding.symbols import LocalSymbol
from apimpolicy.binding.type_relations import is_ref_struct
from apimpolicy.diagnostics import Diagnostic
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.types import ERROR, NULL, SpecialType, Type
from apimpolicy.dotnet.values import OBJECT, VOID
from apimpolicy.records import Record
from apimpolicy.syntax import shapes
from apimpolicy.syntax.depth import depth, with_room

if TYPE_CHECKING:
    from apimpolicy.syntax.nodes import Node
    from apimpolicy.text.source import Excerpt


class BoundExpression(Record):
    """A policy expression after binding.

    `body` is an Expression for `@( … )` and a Block for `@{ … }`; `type` is the static type (for a block, the best
    common type of what it returns, `object` when there is none); `return_types` are the distinct types of the return
    statements in order. `diagnostics` is empty when the expression is legal. `levels` says how deep the tree is, as
    `syntax.depth.with_room` needs it. `has_unknown`: a part of the code is unknown, so that it cannot run.
    """

    excerpt: Excerpt
    body: Expression | Block
    type: Type
    return_types: tuple[Type, ...]
    diagnostics: list[Diagnostic]
    context: LocalSymbol
    levels: int = 0
    has_unknown: bool = False

    @property
    def static_type(self) -> str:
        """The static type in C# spelling; for a block its distinct return types joined by ` | `."""
        if isinstance(self.body, Block):
            return " | ".join(dict.fromkeys(with_room(self.levels, str, type_) for type_ in self.return_types))
        return with_room(self.levels, str, self.type)


def bind(tree: Node, excerpt: Excerpt, make: Callable[[Excerpt], Binder] = Binder) -> BoundExpression:
    """Bind a parsed policy expression; never raises for faults of the expression, they become diagnostics.

    `make` makes the binder: pass your own to observe the binding.
    """
    context = LocalSymbol("context", named("IContext"), "context", None)
    levels = depth(tree)
    try:
        bound = with_room(levels, _bind, tree, excerpt, context, make)
    except RecursionError:
        message, help = "the expression is nested too deeply to be compiled", "split it into several statements"
        finding = Diagnostic.within(excerpt, tree.start, tree.end, "CS8078", message, help=help)
        bound = BoundExpression(excerpt, Bad(tree, ERROR), ERROR, (), [finding], context)
    bound.levels = levels
    return bound


def _bind(tree: Node, excerpt: Excerpt, context: LocalSymbol, make: Callable[[Excerpt], Binder]) -> BoundExpression:
    binder = make(excerpt)
    binder.scope.declare(context)
    if isinstance(tree, shapes.ExpressionBody):
        bound = _bind_expression(binder, tree, excerpt, context)
    elif isinstance(tree, shapes.BlockBody):
        bound = _bind_block(binder, tree, excerpt, context)
    else:
        raise AssertionError("the grammar has no such root")
    bound.has_unknown = binder.has_unknown
    return bound


def _bind_expression(
    binder: Binder, tree: shapes.ExpressionBody, excerpt: Excerpt, context: LocalSymbol
) -> BoundExpression:
    with binder.in_scope():
        body = binder.bind_value(tree.expression)
    if isinstance(body, DefaultLiteral):
        body = binder.default_value(body.syntax, OBJECT)
    if isinstance(body, MethodGroup):
        message = f"'{body.name}' is a method; did you forget the parentheses?"
        body = binder.failure(name_token(body), "CS0428", message, help=advice.for_method(body))
    elif is_ref_struct(body.type):
        body = binder.failure(body.syntax, "CS0029", f"'{shown(body.type)}' cannot be converted to 'object'")
    elif body.type is VOID:
        message = "this call returns nothing (void), but a policy expression must have a value"
        body = binder.failure(body.syntax, "CS0029", message)
    elif isinstance(body.type, SpecialType) and body.type not in (NULL, ERROR):
        body = binder.failure(tree.expression, "CS1660", f"a policy can't use a {body.type} as a value")
    if not binder.diagnostics and binder.has_variables and not binder.has_unknown:
        _check_assignment(binder, body)
    return BoundExpression(excerpt, body, body.type, (), _in_order(binder.diagnostics), context)


def _bind_block(binder: Binder, tree: shapes.BlockBody, excerpt: Excerpt, context: LocalSymbol) -> BoundExpression:
    returns: list[Return] = []
    binder.returns = returns
    block_node: Node = tree.block
    block = binder.bind_block(block_node)
    for statement in returns:
        if statement.value is not None and is_ref_struct(statement.value.type):
            message = f"'{shown(statement.value.type)}' cannot be converted to 'object'"
            binder.report(statement.value.syntax, "CS0029", message)
        if statement.value is not None and statement.value.type is VOID:
            message = "this call returns nothing (void), but a value must be returned"
            binder.report(statement.value.syntax, "CS0029", message)
        if statement.value is None and not binder.diagnostics:
            message = "a value must be returned"
            binder.report(statement.syntax, "CS0126", message, help="a policy expression needs a result")
    is_iterator = any(diagnostic.code == "CS1624" for diagnostic in binder.diagnostics)
    if not is_iterator and falls_through(binder, block):
        message = "not every path through this block returns a value"
        binder.report_at(1, 2, "CS0161", message, help="end the block with 'return …;'")
    values = [statement.value for statement in returns if statement.value is not None]
    types = tuple(dict.fromkeys(OBJECT if isinstance(v, DefaultLiteral) else v.type for v in values))
    result = _result_type(values) if values else OBJECT
    if result is None or (isinstance(result, SpecialType) and result is not ERROR):
        result = OBJECT
    if not binder.diagnostics:
        for statement in returns:
            value = statement.value
            if value is not None and value.type is not result and not isinstance(value, Bad):
                statement.value = binder.convert(value, result)
    if not binder.diagnostics and not binder.has_unknown:
        _check_assignment(binder, block)
    return BoundExpression(excerpt, block, result, types, _in_order(binder.diagnostics), context)


def _result_type(values: Sequence[Expression]) -> Type | None:
    """The type to which all returned values convert without code that runs; a gateway takes each value as it is."""
    types = list(dict.fromkeys(v.type for v in values if not isinstance(v.type, SpecialType)))
    if any(v.type is ERROR for v in values):
        return ERROR
    for candidate in types:
        if all(_fits(value, candidate) for value in values):
            return candidate
    return None


def _fits(value: Expression, target: Type) -> bool:
    if isinstance(value.type, SpecialType) or standard_implicit(value.type, target) is not None:
        return True
    return value.is_constant and constant_fits(value.constant, value.type, target)


def _check_assignment(binder: Binder, body: Expression | Block) -> None:
    from apimpolicy.binding.assignment import check_assignment  # most expressions declare no variables

    check_assignment(binder, body)


def _in_order(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    """Document order, as the compiler prints them; each place and code once."""
    seen: set[tuple[str, int]] = set()
    ordered = []
    for diagnostic in sorted(diagnostics, key=lambda d: d.start):
        key = (diagnostic.code, diagnostic.start)
        if key not in seen:
            seen.add(key)
            ordered.append(diagnostic)
    return ordered
