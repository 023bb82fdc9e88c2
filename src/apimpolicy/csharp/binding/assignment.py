"""Definite assignment (C# specification, section 9.4): no variable is read before every path to it has set it.

A state is an int used as a set of bits, one bit for each variable (one for each element of a tuple variable); a place
that control cannot reach has the state `UNREACHABLE`, in which everything is set. Where paths meet, states are
intersected with `&`. Conditions have two states, one for each outcome. Loops need no second round, since a variable
that is set stays set; only labels do, because `goto` may jump back to them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.binding.assignment_in_expressions import UNREACHABLE, ExpressionWalk, Jump
from apimpolicy.csharp.binding.flow import always_matches, labels_of, never_matches
from apimpolicy.diagnostics import DiagnosticInfo

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.bind import BoundExpression
    from apimpolicy.csharp.binding.core import Binder
    from apimpolicy.csharp.binding.nodes import Bound, Expression, Statement
    from apimpolicy.csharp.syntax.nodes import Node, Token


MOST_ROUNDS: Final = 8
"""Backward jumps settle in two or three rounds; a text made to need more is judged by what is known by then."""


def check_assignment(binder: Binder, body: Expression | Statement, until: int | None = None) -> None:
    """Report CS0165, CS0170 and CS0177 for a bound body, in code with errors those before the first one at `until`."""
    walk = AssignmentWalk()
    for _ in range(MOST_ROUNDS):
        walk.run(body)
        if not walk.labels_changed:
            break
    for place, code, message, help in walk.findings.values():
        if until is None or binder.excerpt.locate(place.start) < until:
            binder.report(place, code, message, help=help)


class AssignmentWalk(ExpressionWalk):
    """The walk over one body: statements on top of expressions."""

    def run(self, body: Expression | Statement) -> None:
        self.start()
        self.visit(body, 0)

    def after_block(self, node: nodes.Block, state: int) -> int:
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

    def after_local_declaration(self, node: nodes.LocalDeclaration, state: int) -> int:
        state = self._declared(node.symbol, state)
        return self._set(node.symbol, self.visit(node.value, state)) if node.value is not None else state

    def after_if(self, node: nodes.If, state: int) -> int:
        when_true, when_false = self.condition(node.condition, state)
        then = self.visit(node.then, when_true)
        return then & (self.visit(node.otherwise, when_false) if node.otherwise is not None else when_false)

    def _body(self, node: Statement, body: Statement, state: int) -> int:
        """Visit a loop's body, and return what is assigned where the next round, or the test of `do`, begins."""
        self.targets.append(("loop", node))
        state = self.visit(body, state)
        self.targets.pop()
        return state & self._arrivals(("continue", node))

    def _arrivals(self, key: Jump) -> int:
        return self.jumps.pop(key, UNREACHABLE)

    def _jump(self, key: Jump, state: int) -> int:
        self.jumps[key] = self.jumps.get(key, UNREACHABLE) & state
        return UNREACHABLE

    def after_loop(self, node: nodes.Loop, state: int) -> int:
        state = self._in_order(state, node.initializers)
        if node.is_do and node.condition is not None:
            _, after = self.condition(node.condition, self._body(node, node.body, state))
            return after & self._arrivals(("break", node))
        inside, after = (state, UNREACHABLE) if node.condition is None else self.condition(node.condition, state)
        self._in_order(self._body(node, node.body, inside), node.incrementors)
        return after & self._arrivals(("break", node))

    def after_foreach(self, node: nodes.Foreach, state: int) -> int:
        state = self.visit(node.collection, state)
        inside = state
        if node.symbol is not None:
            inside = self._set(node.symbol, self._declared(node.symbol, inside))
        elif node.deconstruction is not None:
            inside = self.visit(node.deconstruction, inside)
        self._body(node, node.body, inside)
        return state & self._arrivals(("break", node))

    def after_switch(self, node: nodes.Switch, state: int) -> int:
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

    def after_break(self, node: nodes.Break, state: int) -> int:
        return self._jump(("break", self.targets[-1][1]), state) if self.targets else UNREACHABLE

    def after_continue(self, node: nodes.Continue, state: int) -> int:
        loop = next((target for kind, target in reversed(self.targets) if kind == "loop"), None)
        return self._jump(("continue", loop), state)

    def after_goto(self, node: nodes.Goto, state: int) -> int:
        if node.value is not None:
            state = self.visit(node.value, state)
        if node.label is not None:
            for scope in reversed(self.labels):
                if node.label in scope:
                    return self._jump(("label", scope[node.label]), state)
        return UNREACHABLE

    def after_labeled(self, node: nodes.Labeled, state: int) -> int:
        key = ("label", node)
        state &= self.label_states.get(key, UNREACHABLE) & self.jumps.get(key, UNREACHABLE)
        return self.visit(node.statement, state)

    def after_return(self, node: nodes.Return, state: int) -> int:
        if node.value is not None:
            state = self.visit(node.value, state)
        if self.returns_to is not None:
            self.return_places["return", node] = node.syntax
            return self._jump(("return", node), state)
        return UNREACHABLE

    def after_yield(self, node: nodes.Yield, state: int) -> int:
        return self.visit(node.value, state) if node.value is not None else UNREACHABLE

    def after_throw(self, node: nodes.Throw, state: int) -> int:
        if node.exception is not None:
            self.visit(node.exception, state)
        return UNREACHABLE

    def after_try(self, node: nodes.Try, state: int) -> int:
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


# CS0162: statements that control never reaches (C# specification, section 13.2), each run of them once.

_QUIET: Final = (nodes.Block, nodes.Empty, nodes.Labeled, nodes.LocalFunction, nodes.Throw)
"""Statements that the compiler says nothing about; what is in them counts for itself."""
_FIRST_TOKEN: Final = re.compile(r"@?\w+|.", re.DOTALL)


def unreachable_code(bound: BoundExpression) -> list[DiagnosticInfo]:
    """Return a warning at the first token of each run of statements that cannot be reached."""
    walk = _ReachabilityWalk()
    for _ in range(MOST_ROUNDS):
        walk.run(bound.body)
        if not walk.labels_changed:
            break
    made, help = [], "remove it, or the code that ends the flow before it"
    for place in walk.dead:
        token = _FIRST_TOKEN.match(bound.excerpt.text, place)
        end = token.end() if token is not None else place + 1
        made.append(DiagnosticInfo("CS0162", "this code is never reached", place, end, help=help))
    return made


class _ReachabilityWalk(AssignmentWalk):
    """The walk of definite assignment knows what is reached: nothing else has the state UNREACHABLE."""

    def start(self) -> None:
        super().start()
        self.dead: list[int] = []
        self._written: dict[int, Node | Token] = {}
        """The whole statement of a declaration, whose own syntax is the variable's."""
        self._incrementors: set[int] = set()
        self._said = False

    def visit(self, node: Bound, state: int) -> int:
        is_incrementor = id(node) in self._incrementors
        if is_incrementor or (isinstance(node, nodes.Statement) and not isinstance(node, _QUIET)):
            if state != UNREACHABLE:
                self._said = False
            elif not self._said:
                self._said = True
                self.dead.append(self._written.get(id(node), node.syntax).start)
        return super().visit(node, state)

    def after_block(self, node: nodes.Block, state: int) -> int:
        children = getattr(node.syntax, "children", ())
        self._written.update(zip(map(id, node.statements), children, strict=False))
        return super().after_block(node, state)

    def after_loop(self, node: nodes.Loop, state: int) -> int:
        self._incrementors.update(map(id, node.incrementors[:1]))
        return super().after_loop(node, state)

    def after_switch(self, node: nodes.Switch, state: int) -> int:
        for section in node.sections:
            children = getattr(section.syntax, "children", ())[1:]
            self._written.update(zip(map(id, section.statements), children, strict=False))
        return super().after_switch(node, state)
