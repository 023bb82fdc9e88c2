"""CS0168 and CS0219: local variables that are never read.

A value that is computed counts as a use, since it may be there for its effect; one that is only a constant does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.diagnostics import DiagnosticInfo
from apimpolicy.dotnet.values import STRING
from apimpolicy.syntax import shapes
from apimpolicy.syntax.nodes import Node, Token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.binding.symbols import LocalSymbol
    from apimpolicy.dotnet.types import Type


def unused_variables(every: Sequence[Bound]) -> list[DiagnosticInfo]:
    """Return a warning at the name of each such variable; `every` are the nodes of a bound tree."""
    declared: dict[LocalSymbol, bool] = {}
    used: set[LocalSymbol] = set()
    named: set[str] = set()
    targets: set[int] = set()
    for node in every:
        if isinstance(node, nodes.LocalDeclaration):
            _declare(node, declared, used)
        elif isinstance(node, nodes.Catch) and node.symbol is not None:
            declared.setdefault(node.symbol, False)
        elif (
            isinstance(node, nodes.Assignment)
            and isinstance(node.target, nodes.Local)
            and node.target is not node.value
        ):
            targets.add(id(node.target))
            declared[node.target.symbol] = True
            if _counts_as_use(node.target.symbol.type, node.value):
                used.add(node.target.symbol)
        elif isinstance(node, nodes.Literal) and isinstance(node.syntax, shapes.Invocation):
            named.update(_names_in(node.syntax))
        elif isinstance(node, nodes.Empty) and isinstance(node.syntax, shapes.LocalFunction):
            return []  # a generic function: what it uses is in the tree when it is called
    used.update(node.symbol for node in every if isinstance(node, nodes.Local) and id(node) not in targets)
    found = []
    for symbol, is_written in declared.items():
        token = symbol.declared_at
        if symbol in used or symbol.name in named or symbol.kind != "local" or not isinstance(token, Token):
            continue
        code, message = "CS0168", f"'{symbol.name}' is declared and never used"
        if is_written:
            code, message = "CS0219", f"the value of '{symbol.name}' is never read"
        found.append(DiagnosticInfo(code, message, token.start, token.end))
    return found


def _declare(node: nodes.LocalDeclaration, declared: dict[LocalSymbol, bool], used: set[LocalSymbol]) -> None:
    symbol = node.symbol
    declared[symbol] = declared.get(symbol, False) or node.value is not None
    if symbol.is_reference or (node.value is not None and _counts_as_use(symbol.type, node.value)):
        used.add(symbol)


def _counts_as_use(type_: Type | None, value: Expression) -> bool:
    """Roslyn's `WriteConsideredUse`."""
    if type_ is not None and not type_.is_value_type and type_ is not STRING:
        return not (value.is_constant and value.constant is None)
    if value.is_constant:
        return False
    if isinstance(value, nodes.Convert):
        return value.conversion.kind == "user" or _counts_as_use(None, value.operand)
    return not isinstance(value, (nodes.DefaultValue, nodes.TupleCreation))


def _names_in(syntax: Node) -> list[str]:
    return [token.text for node in syntax.walk() for token in node.children if isinstance(token, Token)]
