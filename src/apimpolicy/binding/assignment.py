"""Definite assignment (C# specification, section 9.4): no variable is read before every path to it has set it.

A state is an int used as a set of bits, one bit for each variable (one for each element of a tuple variable); a place
that control cannot reach has the state `UNREACHABLE`, in which everything is set. Where paths meet, states are
intersected with `&`. Conditions have two states, one for each outcome. Loops need no second round, since a variable
that is set stays set; only labels do, because `goto` may jump back to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from apimpolicy.binding import nodes
from apimpolicy.binding.assigned_variables import Frame, Variables, tuple_path
from apimpolicy.binding.flow import always_matches, labels_of, never_matches
from apimpolicy.dotnet.values import BOOL

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from apimpolicy.binding.core import BinderCore
    from apimpolicy.binding.nodes import Bound, Expression, Statement
    from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol
    from apimpolicy.syntax.nodes import Node, Token

_Jump: TypeAlias = "tuple[str, Bound | Node | Token | None]"
"""What a jump reaches: `break` or `continue` with the statement, `label` with the labeled one, `return` with its place."""

UNREACHABLE: Final = -1
_MOST_ROUNDS: Final = 8
"""Backward jumps settle in two or three rounds; a text made to need more is judged by what is known by then."""


def check_assignment(binder: BinderCore, body: Expression | Statement) -> None:
    """Report CS0165, CS0170 and CS0177 for a bound body without other errors."""
    walk = AssignmentWalk()
    for _ in range(_MOST_ROUNDS):
        walk.run(body)
        if not walk.labels_changed:
            break
    for place, code, message, help in walk.findings.values():
        binder.report(place, code, message, help=help)


class AssignmentWalk:
    """The walk over one body. Every method takes the state before a node and returns the state after it."""

    def __init__(self) -> None:
        self.variables = Variables()
        self.label_states: dict[_Jump, int] = {}
        self.labels_changed = False
        self._visitors: dict[type[Bound], Callable[..., int]] = {}
        self._start()

    def _start(self) -> None:
        self.findings: dict[Hashable, tuple[Node | Token, str, str, str]] = {}
        self.labels_changed = False
        self.reported = 0
        self.frame: Frame | None = None
        self.functions: dict[LocalFunctionSymbol, Frame] = {}
        self.bodies: dict[LocalFunctionSymbol, nodes.LocalFunction] = {}
        self.jumps: dict[_Jump, int] = {}
        self.targets: list[tuple[str, Statement]] = []
        self.labels: list[dict[str, nodes.Labeled]] = []
        self.returns_to: Frame | None = None

    def run(self, body: Expression | Statement) -> None:
        self._start()
        self.visit(body, 0)

    def visit(self, node: Bound, state: int) -> int:
        visitor = self._visitors.get(type(node))
        if visitor is None:
            visitor = getattr(self, f"after_{type(node).__name__}", self._after_children)
            self._visitors[type(node)] = visitor
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
        """Everything in `mask` must be set here; what a local function reads of outer variables is asked at its calls."""
        missing = mask & ~(state | self.reported)
        if not missing:
            return state
        if self.frame is not None and missing & ~self.frame.own:
            self.frame.reads |= missing & ~self.frame.own
            return state
        self.reported |= missing
        if mask == self.variables.mask(symbol):
            finding = ("CS0165", f"'{symbol.name}' is used before it has a value on every path")
        else:
            finding = ("CS0170", f"a part of '{symbol.name}' is used before it has a value on every path")
        self.findings.setdefault(
            ("read", symbol, finding[0]), (node.syntax, *finding, f"give '{symbol.name}' a value where it is declared")
        )
        return state

    def after_Local(self, node: nodes.Local, state: int) -> int:  # noqa: N802
        if node.is_constant or not self.variables.is_tracked(node.symbol):
            return state
        return self._read(node, node.symbol, self.variables.mask(node.symbol), state)

    def after_TupleElement(self, node: nodes.TupleElement, state: int) -> int:  # noqa: N802
        found = tuple_path(node)
        if found is None or not self.variables.is_tracked(found[0]):
            return self.visit(node.receiver, state)
        return self._read(node, found[0], self.variables.part(*found), state)

    def after_OutVariable(self, node: nodes.OutVariable, state: int) -> int:  # noqa: N802
        return self._declared(node.symbol, state) if node.symbol is not None else state

    def _assign(self, target: Expression | None, state: int) -> int:
        """What an assignment to this target sets."""
        if isinstance(target, nodes.Local):
            return self._set(target.symbol, state)
        if isinstance(target, nodes.OutVariable):
            return self._set(target.symbol, state) if target.symbol is not None else state
        if isinstance(target, nodes.TupleElement):
            found = tuple_path(target)
            return state | self.variables.part(*found) if found is not None else state
        return state

    def _evaluate_target(self, target: Expression, state: int) -> int:
        """The receiver and indexes of a target that is going to be written, not read."""
        if isinstance(target, nodes.Local):
            return state
        if isinstance(target, nodes.TupleElement) and tuple_path(target) is not None:
            return state
        return self.visit(target, state)

    # ----------------------------------------------------------------------------------------- expressions

    def after_Assignment(self, node: nodes.Assignment, state: int) -> int:  # noqa: N802
        if node.target is node.value:  # `_ = value`
            return self.visit(node.value, state)
        state = self._evaluate_target(node.target, state)
        return self._assign(node.target, self.visit(node.value, state))

    def after_CompoundAssignment(self, node: nodes.CompoundAssignment, state: int) -> int:  # noqa: N802
        return self._in_order(state, node.target, node.result)

    def after_Deconstruction(self, node: nodes.Deconstruction, state: int) -> int:  # noqa: N802
        for target in node.targets:
            if isinstance(target, nodes.Local) and target.syntax is target.symbol.declared_at:
                state = self._declared(target.symbol, state)
            elif target is not None:
                state = self._evaluate_target(target, state)
        state = self.visit(node.value, state)
        for target in node.targets:
            state = self._assign(target, state)
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

    def after_Call(self, node: nodes.Call, state: int) -> int:  # noqa: N802
        if node.receiver is not None:
            state = self.visit(node.receiver, state)
        return self._arguments(node.arguments, [p.mode for p in node.method.parameters], state)

    def after_ObjectCreation(self, node: nodes.ObjectCreation, state: int) -> int:  # noqa: N802
        if node.constructor is not None:
            state = self._arguments(node.arguments, [p.mode for p in node.constructor.parameters], state)
        return self._in_order(state, node.initializers)

    def after_Initializer(self, node: nodes.Initializer, state: int) -> int:  # noqa: N802
        return self._in_order(state, node.action, node.nested)

    def after_DelegateCall(self, node: nodes.DelegateCall, state: int) -> int:  # noqa: N802
        function = node.target.function if isinstance(node.target, nodes.MethodGroup) else None
        if function is None:
            state = self.visit(node.target, state)
        modes = node.modes or [""] * len(node.arguments)
        state = self._arguments(node.arguments, modes, state)
        return self._use_function(function, node, state, is_call=True) if function is not None else state

    def after_MethodReference(self, node: nodes.MethodReference, state: int) -> int:  # noqa: N802
        receiver = node.receiver
        if isinstance(receiver, nodes.MethodGroup) and receiver.function is not None:
            return self._use_function(receiver.function, node, state, is_call=False)
        return self.visit(receiver, state) if receiver is not None else state

    def after_IndexerAccess(self, node: nodes.IndexerAccess, state: int) -> int:  # noqa: N802
        return self._in_order(state, node.receiver, node.arguments)

    def after_ArrayAccess(self, node: nodes.ArrayAccess, state: int) -> int:  # noqa: N802
        return self._in_order(state, node.array, node.indexes)

    def after_ArrayCreation(self, node: nodes.ArrayCreation, state: int) -> int:  # noqa: N802
        return self._in_order(state, node.sizes, node.items)

    def after_Binary(self, node: nodes.Binary, state: int) -> int:  # noqa: N802
        return self._in_order(state, node.left, node.right)

    def after_Coalesce(self, node: nodes.Coalesce, state: int) -> int:  # noqa: N802
        state = self.visit(node.left, state)
        return state & self.visit(node.right, state)

    def after_ConditionalAccess(self, node: nodes.ConditionalAccess, state: int) -> int:  # noqa: N802
        state = self.visit(node.receiver, state)
        return state & self.visit(node.access, state)

    def after_ThrowExpression(self, node: nodes.ThrowExpression, state: int) -> int:  # noqa: N802
        self.visit(node.exception, state)
        return UNREACHABLE

    def after_Lambda(self, node: nodes.Lambda, state: int) -> int:  # noqa: N802
        saved = (self.jumps, self.targets, self.labels, self.returns_to)
        self.jumps, self.targets, self.labels, self.returns_to = {}, [], [], None
        inner = state
        for symbol in node.parameters:
            inner = self._set(symbol, self._declared(symbol, inner))
        self.visit(node.body, inner)
        self.jumps, self.targets, self.labels, self.returns_to = saved
        return state

    # -------------------------------------------------------------------------------------- local functions

    def after_LocalFunction(self, node: nodes.LocalFunction, state: int) -> int:  # noqa: N802
        self._frame(node.function)
        return state

    def _frame(self, function: LocalFunctionSymbol) -> Frame | None:
        """What a call of the function means; its body is walked once, from a state in which nothing outside is set."""
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
        leaving = [(jump[1], reached) for jump, reached in self.jumps.items() if jump[0] == "return"]
        self.frame, self.jumps, self.targets, self.labels, self.returns_to = saved
        frame.writes = end
        for _, reached in leaving:
            frame.writes &= reached
        token = node.function.declared_at.children[2]
        for place, reached in [*leaving, (token, end)]:
            self._check_outputs(place, outputs, reached)
        frame.is_finished = True
        return frame

    def _check_outputs(self, place: Node | Token, outputs: Sequence[LocalSymbol], state: int) -> None:
        for symbol in outputs:
            if self.variables.mask(symbol) & ~state:
                self.findings.setdefault(
                    ("out", symbol, place),
                    (place, "CS0177", f"the out parameter '{symbol.name}' must have a value before the function ends", ""),
                )

    def _use_function(
        self, function: LocalFunctionSymbol, node: Expression, state: int, *, is_call: bool
    ) -> int:
        frame = self._frame(function)
        if frame is None:
            return state
        if not frame.is_finished:  # a recursive call: it gives outer variables what the whole function gives them
            return state | ~frame.own
        for symbol in self.variables.symbols(frame.reads & ~(state | self.reported)):
            self._read(node, symbol, self.variables.mask(symbol), state)
        return state | frame.writes if is_call else state

    # ------------------------------------------------------------------------------------------ conditions

    def condition(self, node: Expression, state: int) -> tuple[int, int]:
        """The states when the condition is true and when it is false."""
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

    def after_Logical(self, node: nodes.Logical, state: int) -> int:  # noqa: N802
        if node.is_constant:
            return self._in_order(state, node.left, node.right)
        return self._joined(node, state)

    def after_IsPattern(self, node: nodes.IsPattern, state: int) -> int:  # noqa: N802
        return self._joined(node, state)

    def after_Unary(self, node: nodes.Unary, state: int) -> int:  # noqa: N802
        if node.operator != "!" or node.is_lifted or node.is_constant:
            return self.visit(node.operand, state)
        return self._joined(node, state)

    def after_Conditional(self, node: nodes.Conditional, state: int) -> int:  # noqa: N802
        when_true, when_false = self.condition(node.condition, state)
        return self.visit(node.when_true, when_true) & self.visit(node.when_false, when_false)

    def _pattern(self, pattern: nodes.Pattern, state: int) -> tuple[int, int]:
        """The states after a match and after none."""
        if pattern.value is not None:
            state = self.visit(pattern.value, state)
        if pattern.symbol is not None:
            state = self._declared(pattern.symbol, state)
        matched = state if pattern.symbol is None else self._set(pattern.symbol, state)
        return matched, state

    # ------------------------------------------------------------------------------------------ statements

    def after_Block(self, node: nodes.Block, state: int) -> int:  # noqa: N802
        return self._statements(node.statements, state)

    def _statements(self, statements: Sequence[Statement], state: int) -> int:
        self.labels.append(labels_of(statements))
        for statement in statements:
            if isinstance(statement, nodes.LocalFunction):
                self.bodies[statement.function] = statement
        for statement in statements:
            state = self.visit(statement, state)
        self._settle_labels()
        return state

    def _settle_labels(self) -> None:
        """Remember the states of the jumps to the labels of a block that ends here, for the next round."""
        for label in self.labels.pop().values():
            key = ("label", label)
            known = self.label_states.get(key, UNREACHABLE)
            reached = known & self._arrivals(key)
            if reached != known:
                self.label_states[key] = reached
                self.labels_changed = True

    def after_LocalDeclaration(self, node: nodes.LocalDeclaration, state: int) -> int:  # noqa: N802
        state = self._declared(node.symbol, state)
        return self._set(node.symbol, self.visit(node.value, state)) if node.value is not None else state

    def after_If(self, node: nodes.If, state: int) -> int:  # noqa: N802
        when_true, when_false = self.condition(node.condition, state)
        then = self.visit(node.then, when_true)
        return then & (self.visit(node.otherwise, when_false) if node.otherwise is not None else when_false)

    def _body(self, node: Statement, body: Statement, state: int) -> int:
        """A loop's body; the state where the next round, or the test of `do`, begins."""
        self.targets.append(("loop", node))
        state = self.visit(body, state)
        self.targets.pop()
        return state & self._arrivals(("continue", node))

    def _arrivals(self, key: _Jump) -> int:
        return self.jumps.pop(key, UNREACHABLE)

    def _jump(self, key: _Jump, state: int) -> int:
        self.jumps[key] = self.jumps.get(key, UNREACHABLE) & state
        return UNREACHABLE

    def after_Loop(self, node: nodes.Loop, state: int) -> int:  # noqa: N802
        state = self._in_order(state, node.initializers)
        if node.is_do and node.condition is not None:
            _, after = self.condition(node.condition, self._body(node, node.body, state))
            return after & self._arrivals(("break", node))
        inside, after = (state, UNREACHABLE) if node.condition is None else self.condition(node.condition, state)
        self._in_order(self._body(node, node.body, inside), node.incrementors)
        return after & self._arrivals(("break", node))

    def after_Foreach(self, node: nodes.Foreach, state: int) -> int:  # noqa: N802
        state = self.visit(node.collection, state)
        inside = state
        if node.symbol is not None:
            inside = self._set(node.symbol, self._declared(node.symbol, inside))
        elif node.deconstruction is not None:
            inside = self.visit(node.deconstruction, inside)
        self._body(node, node.body, inside)
        return state & self._arrivals(("break", node))

    def after_Switch(self, node: nodes.Switch, state: int) -> int:  # noqa: N802
        state = self.visit(node.value, state)
        self.targets.append(("switch", node))
        # variables that a section declares belong to the whole block; labels of all sections may be jumped to
        everything = [statement for section in node.sections for statement in section.statements]
        self.labels.append(labels_of(everything))
        after = UNREACHABLE
        takes_all = False
        for section in node.sections:
            inside = UNREACHABLE
            for label in section.labels:
                pattern, matched = label.pattern, state
                if pattern is not None:
                    matched, _ = self._pattern(pattern, state)
                    if never_matches(node.value, pattern):
                        matched = UNREACHABLE
                if label.guard is not None:
                    matched, _ = self.condition(label.guard, matched)
                elif pattern is None or always_matches(node.value, pattern):
                    takes_all = True
                inside &= matched
            for statement in section.statements:
                inside = self.visit(statement, inside)
            after &= inside
        self._settle_labels()
        self.targets.pop()
        if not takes_all:
            after &= state
        return after & self._arrivals(("break", node))

    def after_Break(self, node: nodes.Break, state: int) -> int:  # noqa: N802
        return self._jump(("break", self.targets[-1][1]), state) if self.targets else UNREACHABLE

    def after_Continue(self, node: nodes.Continue, state: int) -> int:  # noqa: N802
        loop = next((target for kind, target in reversed(self.targets) if kind == "loop"), None)
        return self._jump(("continue", loop), state)

    def after_Goto(self, node: nodes.Goto, state: int) -> int:  # noqa: N802
        if node.value is not None:
            state = self.visit(node.value, state)
        if node.label is not None:
            for scope in reversed(self.labels):
                if node.label in scope:
                    return self._jump(("label", scope[node.label]), state)
        return UNREACHABLE

    def after_Labeled(self, node: nodes.Labeled, state: int) -> int:  # noqa: N802
        key = ("label", node)
        state &= self.label_states.get(key, UNREACHABLE) & self.jumps.get(key, UNREACHABLE)
        return self.visit(node.statement, state)

    def after_Return(self, node: nodes.Return, state: int) -> int:  # noqa: N802
        if node.value is not None:
            state = self.visit(node.value, state)
        return UNREACHABLE if self.returns_to is None else self._jump(("return", node.syntax), state)

    def after_Throw(self, node: nodes.Throw, state: int) -> int:  # noqa: N802
        if node.exception is not None:
            self.visit(node.exception, state)
        return UNREACHABLE

    def after_Try(self, node: nodes.Try, state: int) -> int:  # noqa: N802
        outer, self.jumps = self.jumps, {}
        after = self.visit(node.body, state)
        for clause in node.catches:
            inside = state
            if clause.symbol is not None:
                inside = self._set(clause.symbol, self._declared(clause.symbol, inside))
            if clause.filter is not None:
                inside, _ = self.condition(clause.filter, inside)
            after &= self.visit(clause.body, inside)
        inner, self.jumps = self.jumps, outer
        gained = 0
        if node.finally_body is not None:
            # whatever leaves the block, at its end or by a jump, passes through `finally` first
            gained = self.visit(node.finally_body, state)
            after = UNREACHABLE if gained == UNREACHABLE else after | gained
        for key, reached in inner.items():
            self._jump(key, reached | gained)
        return after

    def after_Using(self, node: nodes.Using, state: int) -> int:  # noqa: N802
        return self._in_order(state, node.declarations, node.resource, node.body)

    def after_Lock(self, node: nodes.Lock, state: int) -> int:  # noqa: N802
        return self._in_order(state, node.target, node.body)
