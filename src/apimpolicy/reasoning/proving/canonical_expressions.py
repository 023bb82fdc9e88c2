"""Canonical expressions: two expressions with the same form have the same value, errors and effects.

The form is made of the bound tree, in which parentheses are gone and every name is resolved. Locals are numbered, `!`
is pushed inwards (double negation, De Morgan, opposite comparisons), chains of `&&` and `||` are flat, comparisons have
a constant on the right, conditions that are constant choose their branch. Operands are never reordered otherwise: the
first one may throw, or read a body.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from apimpolicy.checks.expressions import ExpressionCheck
from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.nodes import Bound
from apimpolicy.csharp.binding.symbols import LocalSymbol
from apimpolicy.csharp.dotnet.signatures import Member
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.syntax.lexer import tokenize
from apimpolicy.text.source import Excerpt

CONSTANT, VARIABLE, NOT, CODE, VARIABLES = "constant", "variable", "not", "code", "all variables"
TRUE: Hashable = (CONSTANT, "bool", "True")
FALSE: Hashable = (CONSTANT, "bool", "False")
_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_ORDERED = frozenset(("int", "long", "short", "byte", "uint", "ulong", "char", "decimal"))
"""Types whose values are all ordered, so that `!(a < b)` is `a >= b`; a double may be NaN."""
_check = ExpressionCheck()


def canonical(excerpt: Excerpt) -> Any:
    """Return the form of an expression; the tokens of one that isn't legal, or has unknown parts."""
    _, compiled = _check.compile(excerpt)
    if compiled.bound is None or not compiled.is_legal:
        return CODE, _tokens(excerpt)
    try:
        return _Forms().of_body(compiled.bound.body)
    except RecursionError:
        return CODE, _tokens(excerpt)


def _tokens(excerpt: Excerpt) -> str:
    tokens, errors = tokenize(excerpt.text, 1)
    return excerpt.text if errors else "\0".join(map(tokens.spelling, range(len(tokens.kinds))))


def negated(form: Any) -> Any:
    """Return the form of `!condition`."""
    match form:
        case ("constant", "bool", value):
            return FALSE if value == "True" else TRUE
        case ("not", inner):
            return inner
        case ("&&" | "||" as operator, *operands):
            return ("||" if operator == "&&" else "&&", *map(negated, operands))
        case ("comparison", operator, type_, left, right) if operator in ("==", "!=") or type_ in _ORDERED:
            return ("comparison", _OPPOSITES[operator], type_, left, right)
    return NOT, form


class _Forms:
    """The forms of one expression; `numbers` are those of its local variables, in the order in which they are met."""

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}

    def of_body(self, node: Bound) -> Any:
        match node:
            case nodes.Block(statements=(nodes.Return(value=value),)) if value is not None:
                return self.of(value)
        return self.of(node)

    def of(self, node: Bound) -> Any:
        if isinstance(node, nodes.Expression):
            if node.is_constant:  # null is no text, and each number has its own representation
                is_text = node.constant is None or isinstance(node.constant, str)
                return CONSTANT, str(node.type), node.constant if is_text else repr(node.constant)
            if (name := self._variable(node)) is not None:
                return name
        match node:
            case nodes.Unary(operator="!", is_lifted=False, operand=operand):
                return negated(self.of(operand))
            case nodes.Logical():
                return self._logical(node)
            case nodes.Binary(is_lifted=False, method=None) if node.operator in _OPPOSITES:
                return self._comparison(node)
            case nodes.Conditional():
                return self._chosen("?", node, node.condition, node.when_true, node.when_false)
            case nodes.If() if node.otherwise is not None:
                return self._chosen("if", node, node.condition, node.then, node.otherwise)
            case nodes.Local():
                return "local", self._number(node.symbol)
        return self._generic(node)

    def _generic(self, node: Bound) -> Any:
        kind = type(node)
        fields = (field for field in kind._fields if field not in ("syntax", "constant", "conversion", "locals"))
        return kind.kind, *(self._value(getattr(node, field)) for field in fields)

    def _value(self, value: Any) -> Any:
        match value:
            case nodes.Bound():
                return self.of(value)
            case tuple() | list():
                return tuple(map(self._value, value))
            case LocalSymbol():
                return "local", self._number(value)
            case Member():
                return repr(value), str(value.container)
            case Type():
                return str(value)
            case None | bool() | int() | str():
                return value
        return object()  # of something that only this tree has, as a local function: the same as nothing else

    def _number(self, symbol: LocalSymbol) -> Any:
        return self.numbers.setdefault(id(symbol), len(self.numbers)), str(symbol.type), symbol.kind

    # Variables of the policy

    def _variable(self, node: Bound) -> Any:
        """Return the form of an access to one of `context.Variables`, whose name is marked."""
        match node:
            case nodes.IndexerAccess(receiver=receiver, property=member, arguments=(name, *others)):
                receivers: tuple[Bound | None, ...] = (receiver,)
            case nodes.Call(receiver=None, method=member, arguments=(first, name, *others)):
                receivers = (first,)
            case nodes.Call(receiver=receiver, method=member, arguments=(name, *others)) if receiver is not None:
                receivers = (receiver,)
            case nodes.PropertyAccess(property=member) if _is_variables(node):
                return (VARIABLES,)
            case _:
                return None
        found = receivers[0]
        if not isinstance(found, nodes.PropertyAccess) or not _is_variables(found):
            return None
        if not isinstance(name, nodes.Expression) or not name.is_constant or not isinstance(name.constant, str):
            return None
        types = tuple(map(str, node.type_arguments)) if isinstance(node, nodes.Call) else ()
        return "access", repr(member), types, (VARIABLE, name.constant), *map(self.of, others)

    # Conditions

    def _logical(self, node: nodes.Logical) -> Any:
        operands: list[Any] = []
        for side in (node.left, node.right):
            form = self.of(side)
            operands += form[1:] if form[0] == node.operator else [form]
        decisive, neutral = (FALSE, TRUE) if node.operator == "&&" else (TRUE, FALSE)
        kept: list[Any] = []
        for operand in operands:
            if operand == neutral:
                continue
            kept.append(operand)
            if operand == decisive:  # nothing behind it is evaluated
                break
        if not kept:
            return neutral
        return kept[0] if len(kept) == 1 else (node.operator, *kept)

    def _comparison(self, node: nodes.Binary) -> Any:
        left, right, operator = self.of(node.left), self.of(node.right), node.operator
        if left[0] == CONSTANT:
            left, right, operator = right, left, _MIRRORED[operator]
        type_ = str(node.operand_type)
        if type_ == "bool" and right in (TRUE, FALSE) and operator in ("==", "!="):
            return left if (right == TRUE) is (operator == "==") else negated(left)
        return "comparison", operator, type_, left, right

    def _chosen(self, word: str, node: Bound, condition: Bound, then: Bound, otherwise: Bound) -> Any:
        test, one, other = self.of(condition), self.of(then), self.of(otherwise)
        if test in (TRUE, FALSE):
            return one if test == TRUE else other
        if (one, other) == (TRUE, FALSE):
            return test
        if (one, other) == (FALSE, TRUE):
            return negated(test)
        if is_negative(test):
            test, one, other = negated(test), other, one
        return word, test, one, other, str(node.type) if isinstance(node, nodes.Expression) else ""


def is_negative(form: Any) -> bool:
    """Return whether a condition is the one of a form and its opposite that isn't the canonical one."""
    match form:
        case ("not", _):
            return True
        case ("||", *_):
            return True
        case ("comparison", operator, type_, *_):
            return operator == "!=" or (operator in (">=", "<=") and type_ in _ORDERED)
    return False


def _is_variables(node: nodes.PropertyAccess) -> bool:
    return node.property.name == "Variables" and node.property.declaring.name == "IContext"
