"""Definite assignment in expressions (C# specification, section 9.4.4): conditions, calls, lambdas, local functions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Final, TypeAlias

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.flow import always_matches
from apimpolicy.csharp.binding.nodes import Bound, Expression, Local, Statement, TupleElement
from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol, LocalSymbol
from apimpolicy.csharp.dotnet.types import TupleType, Type
from apimpolicy.csharp.dotnet.values import BOOL
from apimpolicy.csharp.syntax.nodes import Node, Token


class Variables:
    """Hands out bits: one to a variable, one to each element of a tuple variable (section 9.2.1), nested ones too.

    The first bit belongs to none: only a state that control cannot reach has it.
    """

    def __init__(self) -> None:
        self._first_bits: dict[LocalSymbol, tuple[int, int]] = {}
        self._owners: list[LocalSymbol | None] = [None]

    def mask(self, symbol: LocalSymbol) -> int:
        first, width = self._place(symbol)
        return ((1 << width) - 1) << first

    def part(self, symbol: LocalSymbol, path: tuple[int, ...]) -> int:
        """Return the bits of an element: `path` holds the indexes that lead to it."""
        first, _ = self._place(symbol)
        type_: Type = symbol.type
        for index in path:
            if not isinstance(type_, TupleType):
                break
            first += sum(map(_width, type_.arguments[:index]))
            type_ = type_.arguments[index]
        return ((1 << _width(type_)) - 1) << first

    def _place(self, symbol: LocalSymbol) -> tuple[int, int]:
        place = self._first_bits.get(symbol)
        if place is None:
            width = _width(symbol.type)
            place = self._first_bits[symbol] = (len(self._owners), width)
            self._owners.extend([symbol] * width)
        return place

    def symbols(self, mask: int) -> Iterator[LocalSymbol]:
        """Yield the variables that have a bit in the mask, in the order in which they were met."""
        last: LocalSymbol | None = None
        while mask:
            lowest = mask & -mask
            mask ^= lowest
            owner = self._owners[lowest.bit_length() - 1]
            if owner is not None and owner is not last:
                last = owner
                yield owner

    @staticmethod
    def is_tracked(symbol: LocalSymbol) -> bool:
        """Parameters have a value from the start, except `out` ones."""
        return symbol.kind in ("local", "pattern", "foreach", "using") or symbol.mode == "out"


class Frame:
    """A local function under analysis, and afterwards what a call of it means.

    `own` are the variables declared inside; `reads` are outer ones that must be set before a call; `writes` are set
    after it.
    """

    __slots__ = ("is_finished", "own", "reads", "writes")

    def __init__(self) -> None:
        self.own = 0
        self.reads = 0
        self.writes = 0
        self.is_finished = False


def tuple_path(node: TupleElement) -> tuple[LocalSymbol, tuple[int, ...]] | None:
    """Return variable and indexes of `variable.Item1.Item2`; None if the dots follow another expression."""
    path: list[int] = []
    current: Expression = node
    while isinstance(current, TupleElement):
        path.append(current.index)
        current = current.receiver
    return (current.symbol, tuple(reversed(path))) if isinstance(current, Local) else None


def _width(type_: Type) -> int:
    return sum(map(_width, type_.arguments)) if isinstance(type_, TupleType) else 1


Jump: TypeAlias = "tuple[str, Bound | None]"
"""Target of a jump: `break` or `continue` of a statement, `label` with the labeled one, `return` with itself."""

UNREACHABLE: Final = -1
ALL_SET: Final = UNREACHABLE & ~1
"""The state in which every variable is set, where control can be: a call always returns, as far as the rules know."""


class ExpressionWalk:
    """The walk over one body. Every method takes the state before a node and returns the state after it."""

    def __init__(self) -> None:
        self.variables = Variables()
        self.label_states: dict[Jump, int] = {}
        self.labels_changed = False
        self.start()

    def start(self) -> None:
        self.findings: dict[Hashable, tuple[Node | Token, str, str, str]] = {}
        self.labels_changed = False
        self.reported = 0
        self.frame: Frame | None = None
        self.functions: dict[LocalFunctionSymbol, Frame] = {}
        self.bodies: dict[LocalFunctionSymbol, nodes.LocalFunction] = {}
        self.jumps: dict[Jump, int] = {}
        self.targets: list[tuple[str, Statement]] = []
        self.labels: list[dict[str, nodes.Labeled]] = []
        self.returns_to: Frame | None = None
        self.return_places: dict[Jump, Node | Token] = {}

    def visit(self, node: Bound, state: int) -> int:
        visitor: Callable[..., int] = getattr(self, f"after_{node.kind}", self._after_children)
        return visitor(node, state)

    def _after_children(self, node: Bound, state: int) -> int:
        for child in node.children():
            state = self.visit(child, state)
        return state

    def _in_order(self, state: int, *parts: Bound | Sequence[Bound] | None) -> int:
        for part in parts:
            if isinstance(part, nodes.Bound):
                state = self.visit(part, state)
            elif part is not None:
                for item in part:
                    state = self.visit(item, state)
        return state

    # ------------------------------------------------------------------------------------------- variables

    def _declared(self, symbol: LocalSymbol, state: int) -> int:
        """A declaration makes a variable unset, also when a loop comes by again."""
        mask = self.variables.mask(symbol)
        if self.frame is not None:
            self.frame.own |= mask
        return state if state == UNREACHABLE else state & ~mask

    def _set(self, symbol: LocalSymbol, state: int) -> int:
        return state | self.variables.mask(symbol)

    def _read(self, node: Expression, symbol: LocalSymbol, mask: int, state: int) -> int:
        """All of `mask` must be set here; what a local function reads of outer variables is checked at its calls."""
        missing = mask & ~(state | self.reported)
        if not missing:
            return state
        if self.frame is not None and missing & ~self.frame.own:
            self.frame.reads |= missing & ~self.frame.own
            return state
        self.reported |= missing
        if mask == self.variables.mask(symbol):
            code = "CS0269" if symbol.mode == "out" else "CS0165"
            finding = (code, f"'{symbol.name}' is used before it has a value on every path")
        else:
            finding = ("CS0170", f"a part of '{symbol.name}' is used before it has a value on every path")
        help = f"give '{symbol.name}' a value where it is declared"
        if symbol.kind == "pattern":
            help = f"use '{symbol.name}' only where 'is' was true"
        self.findings.setdefault(("read", symbol, finding[0]), (node.syntax, *finding, help))
        return state

    def after_local(self, node: nodes.Local, state: int) -> int:
        if node.is_constant or not self.variables.is_tracked(node.symbol):
            return state
        return self._read(node, node.symbol, self.variables.mask(node.symbol), state)

    def after_tuple_element(self, node: nodes.TupleElement, state: int) -> int:
        found = tuple_path(node)
        if found is None or not self.variables.is_tracked(found[0]):
            return self.visit(node.receiver, state)
        return self._read(node, found[0], self.variables.part(*found), state)

    def after_out_variable(self, node: nodes.OutVariable, state: int) -> int:
        return self._declared(node.symbol, state) if node.symbol is not None else state

    def _assign(self, target: Expression | None, state: int) -> int:
        """Return the state after assigning to `target`."""
        if isinstance(target, nodes.Local):
            return self._set(target.symbol, state)
        if isinstance(target, nodes.OutVariable):
            return self._set(target.symbol, state) if target.symbol is not None else state
        if isinstance(target, nodes.TupleElement):
            found = tuple_path(target)
            return state | self.variables.part(*found) if found is not None else state
        return state

    def _evaluate_target(self, target: Expression, state: int) -> int:
        """Return the receiver and indexes of a target that is going to be written, not read."""
        if isinstance(target, nodes.Local):
            return state
        if isinstance(target, nodes.TupleElement) and tuple_path(target) is not None:
            return state
        return self.visit(target, state)

    # ----------------------------------------------------------------------------------------- expressions

    def after_assignment(self, node: nodes.Assignment, state: int) -> int:
        if node.target is node.value:  # `_ = value`
            return self.visit(node.value, state)
        state = self._evaluate_target(node.target, state)
        return self._assign(node.target, self.visit(node.value, state))

    def after_deconstruction(self, node: nodes.Deconstruction, state: int) -> int:
        for target in node.targets:
            if isinstance(target, nodes.Local) and target.syntax is target.symbol.declared_at:
                state = self._declared(target.symbol, state)
            elif target is not None and not isinstance(target, nodes.Deconstruction):
                state = self._evaluate_target(target, state)
        state = self.visit(node.value, state)
        for target in node.targets:
            is_nested = isinstance(target, nodes.Deconstruction)
            state = self.visit(target, state) if target is not None and is_nested else self._assign(target, state)
        return state

    def _arguments(self, arguments: Sequence[Expression], modes: Sequence[str], state: int) -> int:
        written = []
        for argument, mode in zip(arguments, modes, strict=False):
            if mode == "out":
                state = self._evaluate_target(argument, state)
                written.append(argument)
            else:
                state = self.visit(argument, state)
        for argument in written:
            state = self._assign(argument, state)
        return state

    def after_call(self, node: nodes.Call, state: int) -> int:
        if node.receiver is not None:
            state = self.visit(node.receiver, state)
        return self._arguments(node.arguments, [p.mode for p in node.method.parameters], state)

    def after_object_creation(self, node: nodes.ObjectCreation, state: int) -> int:
        if node.constructor is not None:
            state = self._arguments(node.arguments, [p.mode for p in node.constructor.parameters], state)
        return self._in_order(state, node.initializers)

    def after_delegate_call(self, node: nodes.DelegateCall, state: int) -> int:
        function = node.target.function if isinstance(node.target, nodes.MethodGroup) else None
        if function is None:
            state = self.visit(node.target, state)
        modes = node.modes or [""] * len(node.arguments)
        state = self._arguments(node.arguments, modes, state)
        return self._use_function(function, node, state, is_call=True) if function is not None else state

    def after_method_reference(self, node: nodes.MethodReference, state: int) -> int:
        receiver = node.receiver
        if isinstance(receiver, nodes.MethodGroup) and receiver.function is not None:
            return self._use_function(receiver.function, node, state, is_call=False)
        return self.visit(receiver, state) if receiver is not None else state

    def after_coalesce(self, node: nodes.Coalesce, state: int) -> int:
        state = self.visit(node.left, state)
        return state & self.visit(node.right, state)

    def after_conditional_access(self, node: nodes.ConditionalAccess, state: int) -> int:
        state = self.visit(node.receiver, state)
        return state & self.visit(node.access, state)

    def after_throw_expression(self, node: nodes.ThrowExpression, state: int) -> int:
        self.visit(node.exception, state)
        return UNREACHABLE

    def after_lambda(self, node: nodes.Lambda, state: int) -> int:
        saved = (self.jumps, self.targets, self.labels, self.returns_to)
        self.jumps, self.targets, self.labels, self.returns_to = {}, [], [], None
        inner = state
        for symbol in node.parameters:
            inner = self._set(symbol, self._declared(symbol, inner))
        self.visit(node.body, inner)
        self.jumps, self.targets, self.labels, self.returns_to = saved
        return state

    # -------------------------------------------------------------------------------------- local functions

    def after_local_function(self, node: nodes.LocalFunction, state: int) -> int:
        self._frame(node.function)
        return state

    def _frame(self, function: LocalFunctionSymbol) -> Frame | None:
        """Return the reads and writes of a function call; the body is walked once, with no outer variable set."""
        frame = self.functions.get(function)
        node = self.bodies.get(function)
        if frame is not None or node is None:
            return frame
        frame = self.functions[function] = Frame()
        saved = (self.frame, self.jumps, self.targets, self.labels, self.returns_to)
        self.frame, self.jumps, self.targets, self.labels, self.returns_to = frame, {}, [], [], frame
        state = 0
        outputs = [symbol for symbol in function.symbols if symbol.mode == "out"]
        for symbol in function.symbols:
            state = self._declared(symbol, state)
            if symbol.mode != "out":
                state = self._set(symbol, state)
        end = self.visit(node.body, state)
        leaving = [(self.return_places[jump], reached) for jump, reached in self.jumps.items() if jump[0] == "return"]
        self.frame, self.jumps, self.targets, self.labels, self.returns_to = saved
        frame.writes = end
        for _, reached in leaving:
            frame.writes &= reached
        token = node.function.declared_at.name
        for place, reached in [*leaving, (token, end)]:
            self._check_outputs(place, outputs, reached)
        frame.is_finished = True
        return frame

    def _check_outputs(self, place: Node | Token, outputs: Sequence[LocalSymbol], state: int) -> None:
        for symbol in outputs:
            if self.variables.mask(symbol) & ~state:
                self.findings.setdefault(
                    ("out", symbol, place),
                    (
                        place,
                        "CS0177",
                        f"the out parameter '{symbol.name}' must have a value before the function ends",
                        "",
                    ),
                )

    def _use_function(self, function: LocalFunctionSymbol, node: Expression, state: int, *, is_call: bool) -> int:
        frame = self._frame(function)
        if frame is None:
            return state
        if not frame.is_finished:  # a recursive call: it gives outer variables what the whole function gives them
            return state | (ALL_SET & ~frame.own)
        for symbol in self.variables.symbols(frame.reads & ~(state | self.reported)):
            self._read(node, symbol, self.variables.mask(symbol), state)
        return state | (ALL_SET & frame.writes) if is_call else state

    # ------------------------------------------------------------------------------------------ conditions

    def condition(self, node: Expression, state: int) -> tuple[int, int]:
        """Return the states when the condition is true and when it is false."""
        if node.is_constant:
            after = self.visit(node, state)
            return (after, UNREACHABLE) if node.constant else (UNREACHABLE, after)
        if isinstance(node, nodes.Unary) and node.operator == "!" and not node.is_lifted:
            when_true, when_false = self.condition(node.operand, state)
            return when_false, when_true
        if isinstance(node, nodes.Logical):
            left_true, left_false = self.condition(node.left, state)
            if node.operator == "&&":
                right_true, right_false = self.condition(node.right, left_true)
                return right_true, left_false & right_false
            right_true, right_false = self.condition(node.right, left_false)
            return left_true & right_true, right_false
        if isinstance(node, nodes.Conditional) and node.type is BOOL:
            when_true, when_false = self.condition(node.condition, state)
            first, second = self.condition(node.when_true, when_true), self.condition(node.when_false, when_false)
            return first[0] & second[0], first[1] & second[1]
        if isinstance(node, nodes.IsPattern):
            matched, state = self._pattern(node.pattern, self.visit(node.operand, state))
            return matched, UNREACHABLE if always_matches(node.operand, node.pattern) else state
        if isinstance(node, nodes.Convert) and node.type is BOOL and node.operand.type is BOOL:
            return self.condition(node.operand, state)
        after = self.visit(node, state)
        return after, after

    def _joined(self, node: Expression, state: int) -> int:
        when_true, when_false = self.condition(node, state)
        return when_true & when_false

    def after_logical(self, node: nodes.Logical, state: int) -> int:
        if node.is_constant:
            return self._in_order(state, node.left, node.right)
        return self._joined(node, state)

    def after_is_pattern(self, node: nodes.IsPattern, state: int) -> int:
        return self._joined(node, state)

    def after_unary(self, node: nodes.Unary, state: int) -> int:
        if node.operator != "!" or node.is_lifted or node.is_constant:
            return self.visit(node.operand, state)
        return self._joined(node, state)

    def after_conditional(self, node: nodes.Conditional, state: int) -> int:
        when_true, when_false = self.condition(node.condition, state)
        return self.visit(node.when_true, when_true) & self.visit(node.when_false, when_false)

    def _pattern(self, pattern: nodes.Pattern, state: int) -> tuple[int, int]:
        """Return the states after a match and after none."""
        if pattern.value is not None:
            state = self.visit(pattern.value, state)
        if pattern.symbol is not None:
            state = self._declared(pattern.symbol, state)
        matched = state if pattern.symbol is None else self._set(pattern.symbol, state)
        return matched, state
