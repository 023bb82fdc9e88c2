"""What code does with variables: which it declares, assigns, captures; and other questions about a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.binding.symbols import LocalSymbol
from apimpolicy.dotnet.values import INT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def may_recur(node: nodes.Bound) -> bool:
    """Whether a lambda calls delegates or local functions, and so perhaps itself."""
    return any(
        isinstance(current, nodes.DelegateCall) or (isinstance(current, nodes.Call) and current.method.name == "Invoke")
        for current in walk(node)
    )


def continues_in_try(node: nodes.Bound) -> bool:
    """Whether there may be a `continue` in a try statement that has something to do afterwards."""
    found = set(map(type, walk(node, inside=False)))
    return nodes.Continue in found and not found.isdisjoint((nodes.Try, nodes.Using))


def is_increment(node: nodes.CompoundAssignment) -> bool:
    """`i++`, `++i`, `i += 1` of an int."""
    result = node.result
    return (
        isinstance(result, nodes.Binary)
        and result.operator == "+"
        and result.left is node.placeholder
        and result.operand_type is INT
        and result.right.is_constant
        and result.right.constant == 1
    )


def walk(node: nodes.Bound, *, inside: bool = True) -> Iterable[nodes.Bound]:
    """All nodes from this one down; `inside` lambdas and local functions too."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        if inside or not isinstance(current, (nodes.Lambda, nodes.LocalFunction)):
            waiting.extend(current.children())


def assigned_in(node: nodes.Bound) -> set[LocalSymbol]:
    """Variables that are assigned anywhere below."""
    found: set[LocalSymbol] = set()
    for current in walk(node):
        targets: Sequence[Any] = ()
        if isinstance(current, (nodes.Assignment, nodes.CompoundAssignment)):
            targets = (current.target,)
        elif isinstance(current, nodes.Deconstruction):
            targets = current.targets
        elif isinstance(current, (nodes.Call, nodes.DelegateCall)):
            modes = [p.mode for p in current.method.parameters] if isinstance(current, nodes.Call) else current.modes
            targets = [a for a, mode in zip(current.arguments, modes, strict=False) if mode in ("ref", "out")]
        for target in targets:
            while isinstance(target, nodes.TupleElement):
                target = target.receiver
            if isinstance(target, nodes.Local):
                found.add(target.symbol)
    return found


def declared_in(node: nodes.Bound, *, inside: bool = True) -> set[LocalSymbol]:
    """Variables that are declared anywhere below; `inside` lambdas and local functions too."""
    found: set[LocalSymbol] = set()
    for current in walk(node, inside=inside):
        symbol = getattr(current, "symbol", None)
        if isinstance(symbol, LocalSymbol) and not isinstance(current, nodes.Local):
            found.add(symbol)
        if isinstance(current, nodes.Lambda) and inside:
            found.update(current.parameters)
        if isinstance(current, nodes.LocalFunction) and inside:
            found.update(current.function.symbols)
        if isinstance(current, nodes.Deconstruction):
            found.update(
                t.symbol for t in current.targets if isinstance(t, nodes.Local) and t.syntax is t.symbol.declared_at
            )
    return found


def assigns_outer(node: nodes.Bound, own: set[LocalSymbol]) -> bool:
    return bool(assigned_in(node) - own - declared_in(node))


def has_block_lambda(node: nodes.Bound) -> bool:
    return any(
        isinstance(current, nodes.Lambda)
        and (isinstance(current.body, nodes.Block) or assigns_outer(current.body, set(current.parameters)))
        for current in walk(node)
    )
