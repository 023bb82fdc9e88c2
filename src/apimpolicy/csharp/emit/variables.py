"""Find the variables that code declares, assigns and captures, and other facts about a tree.

These facts are queried for every loop and lambda, also nested ones. So the facts of each are cached for the time of one
emission (`remembering`), and each node is visited once, however deeply it is nested.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol, LocalSymbol
from apimpolicy.csharp.dotnet.values import INT
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import assign, load

if TYPE_CHECKING:
    import ast

    from apimpolicy.csharp.emit.core import Emitter


class Facts:
    """Facts about the code below a node: all of it, or (`…_here`) outside of lambdas and local functions."""

    __slots__ = (
        *("assigned", "calls", "declared", "declared_here", "functions", "has_block_lambda", "kinds_here", "used"),
    )

    def __init__(self) -> None:
        self.assigned: set[LocalSymbol] = set()
        self.declared: set[LocalSymbol] = set()
        self.declared_here: set[LocalSymbol] = set()
        self.used: set[LocalSymbol] = set()
        """Variables that are read or written."""
        self.functions: set[LocalFunctionSymbol] = set()
        """Local functions that are named."""
        self.kinds_here: set[type] = set()
        self.calls = False
        """True if delegates or local functions are called."""
        self.has_block_lambda = False
        """True if a lambda cannot be a Python lambda."""

    def assigned_outside(self, own: Iterable[LocalSymbol] = ()) -> set[LocalSymbol]:
        """Return the variables that are assigned, and are declared neither below nor among `own`."""
        return self.assigned - self.declared - set(own)

    def add(self, other: Facts, *, is_function: bool) -> None:
        """Take in what is known of a part, which may be a function of its own."""
        self.assigned |= other.assigned
        self.declared |= other.declared
        self.used |= other.used
        self.functions |= other.functions
        self.calls |= other.calls
        self.has_block_lambda |= other.has_block_lambda
        if not is_function:
            self.declared_here |= other.declared_here
            self.kinds_here |= other.kinds_here


_known: ContextVar[dict[nodes.Bound, Facts] | None] = ContextVar("apimpolicy.csharp.emit.facts", default=None)

_FUNCTIONS = (nodes.Lambda, nodes.LocalFunction)
REPEATING = frozenset({*_FUNCTIONS, nodes.Loop, nodes.Foreach, nodes.Goto})
"""Nodes that may run code more than once."""
_REMEMBERED = (*_FUNCTIONS, nodes.Block, nodes.Loop, nodes.Foreach, nodes.Switch)


@contextmanager
def remembering() -> Iterator[None]:
    """One emission: the bound tree does not change while it lasts."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def facts(node: nodes.Bound) -> Facts:
    known = _known.get()
    found = known.get(node) if known is not None else None
    if found is None:
        found = Facts()
        waiting: list[nodes.Bound] = [node]
        while waiting:
            current = waiting.pop()
            if current is not node and isinstance(current, _REMEMBERED):
                is_function = isinstance(current, _FUNCTIONS)
                found.add(facts(current), is_function=is_function)
                if is_function:
                    _look_at_function(current, found)
                continue
            _look_at(current, found)
            waiting.extend(current.children())
        if known is not None:
            known[node] = found
    return found


def _look_at_function(node: nodes.Bound, found: Facts) -> None:
    """Add what a lambda or local function means for the code around it."""
    found.kinds_here.add(type(node))
    symbol = getattr(node, "symbol", None)
    if isinstance(symbol, LocalSymbol):
        found.declared_here.add(symbol)


def _look_at(node: nodes.Bound, found: Facts) -> None:
    found.kinds_here.add(type(node))
    targets: Sequence[Any] = ()
    if isinstance(node, nodes.Local):
        found.used.add(node.symbol)
        return
    symbol = getattr(node, "symbol", None)
    if isinstance(symbol, LocalSymbol):
        found.declared.add(symbol)
        found.declared_here.add(symbol)
        if isinstance(node, nodes.OutVariable):
            found.used.add(symbol)
    if isinstance(node, (nodes.Assignment, nodes.CompoundAssignment)):
        targets = (node.target,)
    elif isinstance(node, nodes.Deconstruction):
        targets = node.targets
        declared = [t.symbol for t in targets if isinstance(t, nodes.Local) and t.syntax is t.symbol.declared_at]
        found.declared.update(declared)
        found.declared_here.update(declared)
    elif isinstance(node, (nodes.Call, nodes.DelegateCall)):
        modes: Sequence[str]
        if isinstance(node, nodes.Call):
            found.calls |= node.method.name == "Invoke"
            modes = [parameter.mode for parameter in node.method.parameters]
        else:
            found.calls = True
            modes = node.modes
        targets = [a for a, mode in zip(node.arguments, modes, strict=False) if mode in ("ref", "out")]
    elif isinstance(node, nodes.MethodGroup) and node.function is not None:
        found.functions.add(node.function)
    elif isinstance(node, nodes.Lambda):
        found.declared.update(node.parameters)
        if isinstance(node.body, nodes.Block) or facts(node.body).assigned_outside(node.parameters):
            found.has_block_lambda = True
    elif isinstance(node, nodes.LocalFunction):
        found.declared.update(node.function.symbols)
    for target in targets:
        while isinstance(target, nodes.TupleElement):
            target = target.receiver
        if isinstance(target, nodes.Local):
            found.assigned.add(target.symbol)


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


def declared_here(node: nodes.Bound) -> AbstractSet[LocalSymbol]:
    """Return the variables that are declared below, outside of lambdas and local functions."""
    return frozenset() if isinstance(node, _FUNCTIONS) else facts(node).declared_here


# Variables in cells: those that a `ref` is taken of, and those of one round of a loop that a lambda captures.


def prepare_references(emitter: Emitter, body: nodes.Bound) -> None:
    """Find the variables that live in cells wherever they are declared, or that hold references."""
    for symbol in facts(body).declared:
        if symbol.is_referenced or _holds_reference(symbol):
            emitter.celled.add(symbol)


def cells_of_referenced(emitter: Emitter, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
    """Cells for the variables of an expression that a `ref` is taken of."""
    return [_in_cell(emitter, symbol) for symbol in symbols if symbol.is_referenced and not _holds_reference(symbol)]


def parameters_in_cells(emitter: Emitter, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
    """At the start of a function: parameters move into cells when a `ref` is taken of them."""
    made: list[ast.stmt] = []
    for symbol in symbols:
        if symbol.is_referenced and not _holds_reference(symbol):
            value = [] if symbol.mode == "out" else [load(emitter.symbol_name(symbol))]
            made.append(_in_cell(emitter, symbol, *value))
    return made


def cells_of_round(emitter: Emitter, *parts: nodes.Bound | LocalSymbol) -> list[ast.stmt]:
    """Fresh cells for the captured variables of a loop's body: each round has its own."""
    symbols: dict[LocalSymbol, None] = {}
    for part in parts:
        symbols.update(dict.fromkeys([part] if isinstance(part, LocalSymbol) else declared_here(part)))
    return _new_cells(emitter, symbols)


def cells_of_block(emitter: Emitter, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
    """Fresh cells for the variables of a block that `goto` may enter again, and for those that have references."""
    return _new_cells(emitter, symbols) if emitter.here.rounds else cells_of_referenced(emitter, symbols)


def _new_cells(emitter: Emitter, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
    made: list[ast.stmt] = []
    for symbol in symbols:
        if (symbol.is_captured or symbol.is_referenced) and symbol.kind != "constant":
            emitter.celled.add(symbol)
            made.append(_in_cell(emitter, symbol))
    return made


def _in_cell(emitter: Emitter, symbol: LocalSymbol, *value: ast.expr) -> ast.stmt:
    return assign(emitter.symbol_name(symbol), emitter.run(runtime.Cell, *value))


def _holds_reference(symbol: LocalSymbol) -> bool:
    """Return whether a variable holds a reference: a ref local, or a ref parameter of a function that returns one."""
    if symbol.mode in ("ref", "out"):
        function: LocalFunctionSymbol | Any = symbol.function
        return bool(getattr(function, "returns_reference", False))
    return symbol.is_reference
