"""Recursion: code that may call itself runs in a thread with a large stack.

.NET's stack has room for thousands of calls, Python's usual limit for a few hundred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from apimpolicy.binding import nodes

if TYPE_CHECKING:
    from apimpolicy.binding.nodes import Bound
    from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol

    _Function: TypeAlias = LocalFunctionSymbol | LocalSymbol


def may_recurse(body: Bound) -> bool:
    """Return whether a local function, or a lambda through the variable that holds it, may reach itself."""
    mentioned: dict[_Function, set[_Function]] = {}
    waiting: list[tuple[Bound, _Function | None]] = [(body, None)]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, nodes.LocalFunction):
            inside = node.function
            mentioned.setdefault(inside, set())
        held = _held(node)
        if held is not None:
            symbol, function = held
            mentioned.setdefault(symbol, set())
            waiting.append((function, symbol))
            continue
        if inside is not None:
            mentioned[inside].update(_mentions(node))
        waiting.extend((child, inside) for child in node.children())
    return any(_reaches(function, mentioned) for function in mentioned)


def _held(node: Bound) -> tuple[LocalSymbol, Bound] | None:
    """Return the variable that a lambda is given to, and the lambda."""
    if isinstance(node, nodes.LocalDeclaration) and isinstance(node.value, nodes.Lambda):
        return node.symbol, node.value
    if (
        isinstance(node, nodes.Assignment)
        and isinstance(node.target, nodes.Local)
        and isinstance(node.value, nodes.Lambda)
    ):
        return node.target.symbol, node.value
    return None


def _mentions(node: Bound) -> list[_Function]:
    if isinstance(node, nodes.Local):
        return [node.symbol]
    if isinstance(node, nodes.MethodGroup) and node.function is not None:
        return [node.function]
    return []


def _reaches(function: _Function, mentioned: dict[_Function, set[_Function]]) -> bool:
    seen: set[_Function] = set()
    waiting = list(mentioned[function])
    while waiting:
        current = waiting.pop()
        if current is function:
            return True
        if current not in seen:
            seen.add(current)
            waiting.extend(mentioned.get(current, ()))
    return False
