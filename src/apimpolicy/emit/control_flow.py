"""Emission of conditions, loops, jumps and switches."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.binding.conversions import INTEGRAL_RANGES
from apimpolicy.dotnet.values import CHAR, INT, STRING
from apimpolicy.emit import runtime
from apimpolicy.emit.core import attribute, call, constant, load, store
from apimpolicy.emit.functions import FunctionEmitter, Target
from apimpolicy.emit.variables import (
    assigned_in,
    continues_in_try,
    has_block_lambda,
    is_increment,
)
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Callable


_TABLE_TYPES = frozenset({STRING, CHAR, *INTEGRAL_RANGES})
"""Types whose constants Python finds in a dictionary exactly when C# finds them equal."""


class ControlFlowEmitter(FunctionEmitter):
    """C#'s loops and switches are Python's `while`, `for` and `if`."""

    def on_If(self, node: nodes.If) -> list[ast.stmt]:  # noqa: N802
        test = self.emit(node.condition)
        otherwise = self.body(node.otherwise) if node.otherwise is not None else []
        return [ast.If(test, self.body(node.then), otherwise)]

    def _loop_body(
        self, statement: nodes.Statement, before_continue: Callable[[], list[ast.stmt]], *others: nodes.Bound
    ) -> list[ast.stmt]:
        cells = self._cells(statement, *others)
        self._targets.append(Target(False, before_continue))
        try:
            return [*cells, *self.body(statement)]
        finally:
            self._targets.pop()

    def on_Loop(self, node: nodes.Loop) -> list[ast.stmt]:  # noqa: N802
        before: list[ast.stmt] = []
        for initializer in node.initializers:
            before.extend(self.statement(initializer))

        def increment() -> list[ast.stmt]:
            made: list[ast.stmt] = []
            for incrementor in node.incrementors:
                counter = self._counter_of(node, incrementor)
                if counter is not None:
                    made.append(self.at(ast.AugAssign(store(counter), ast.Add(), constant(1)), incrementor))
                    continue
                made.extend(self.statement(nodes.ExpressionStatement(incrementor.syntax, incrementor)))
            return made

        step: ast.stmt = ast.Expr(self.step())
        if continues_in_try(node.body):
            return [*before, *self._loop_with_first(node, increment, step)]
        if node.is_do:
            others = [node.condition] if node.condition is not None else []
            body = self._loop_body(node.body, lambda: self._test_again(node), *others)
            return [*before, ast.While(constant(True), [step, *body, *self._test_again(node)], [])]
        test: ast.expr = constant(True)
        guard: list[ast.stmt] = []
        if node.condition is not None:
            guard = self._cells(node.condition)
            if guard or has_block_lambda(node.condition):
                guard.extend(self._break_unless(node.condition))
            else:
                test = self.emit(node.condition)
        body = self._loop_body(node.body, increment)
        return [*before, ast.While(test, [*guard, step, *body, *increment()], [])]

    def _loop_with_first(
        self, node: nodes.Loop, increment: Callable[[], list[ast.stmt]], step: ast.stmt
    ) -> list[ast.stmt]:
        """A loop whose `continue` leaves a try statement: increments come after `finally`, in the next round."""
        first = self.fresh("first")
        begins: list[ast.stmt] = [ast.Assign([store(first)], constant(False))]
        guard = self._test_again(node)
        others = [node.condition] if node.condition is not None else []
        cells = self._cells(node.body, *others)
        body = self._loop_body(node.body, list)
        if node.is_do:
            start: list[ast.stmt] = [ast.If(load(first), begins, guard)] if guard else []
        else:
            again = increment()
            start = [*([ast.If(load(first), begins, again)] if again else []), *cells, *guard]
        return [
            ast.Assign([store(first)], constant(True)),
            ast.While(constant(True), [*start, step, *body], []),
        ]

    def _counter_of(self, node: nodes.Loop, incrementor: nodes.Expression) -> str | None:
        """The variable of `for (…; i < n; i++)` when nothing else changes it: it cannot leave its range then."""
        condition = node.condition
        if (
            not self.recording
            and isinstance(incrementor, nodes.CompoundAssignment)
            and isinstance(incrementor.target, nodes.Local)
            and isinstance(condition, nodes.Binary)
            and condition.operator == "<"
            and condition.operand_type is INT
            and isinstance(condition.left, nodes.Local)
            and condition.left.symbol is incrementor.target.symbol
            and not condition.left.symbol.is_captured
            and is_increment(incrementor)
            and condition.left.symbol not in assigned_in(node.body) | assigned_in(condition.right)
        ):
            return self._plain_variable(incrementor.target)
        return None

    def _break_unless(self, condition: nodes.Expression) -> list[ast.stmt]:
        self._hoisted.append([])
        test = self.emit(condition)
        hoisted = self._hoisted.pop()
        return [*hoisted, ast.If(ast.UnaryOp(ast.Not(), test), [ast.Break()], [])]

    def _test_again(self, node: nodes.Loop) -> list[ast.stmt]:
        return self._break_unless(node.condition) if node.condition is not None else []

    def on_Foreach(self, node: nodes.Foreach) -> list[ast.stmt]:  # noqa: N802
        item = self.fresh("item")
        self.with_placeholder(node.placeholder, item)
        source: ast.expr = self.emit(node.collection)
        if str(node.collection.type) == "Newtonsoft.Json.Linq.JObject":
            source = call(attribute(source, "key_value_pairs"))
        first: list[ast.stmt] = []
        target = item
        if node.symbol is not None and node.element is node.placeholder and not node.symbol.is_captured:
            target = self.symbol_name(node.symbol)
        elif node.symbol is not None:
            first = self._cells(node.symbol)
            first.append(ast.Expr(self.assign_symbol(node.symbol, self.emit(node.element))))
        elif node.deconstruction is not None:
            first = [*self._cells(node.deconstruction), ast.Expr(self.emit(node.deconstruction))]
        body = self._loop_body(node.body, list)
        step: ast.stmt = ast.Expr(self.step())
        walked = self.at(self.run(runtime.elements, source), node.collection)
        return [ast.For(store(target), walked, [step, *first, *body], [])]

    def on_Break(self, node: nodes.Break) -> list[ast.stmt]:  # noqa: N802
        return [ast.Break()]

    def on_Continue(self, node: nodes.Continue) -> list[ast.stmt]:  # noqa: N802
        made: list[ast.stmt] = []
        for target in reversed(self._targets):
            if not target.is_switch:
                if made:
                    return [*made, ast.Break()]
                return [*target.before_continue(), ast.Continue()]
            if target.flag is None:
                target.flag = self.fresh("continues")
            made.append(ast.Assign([store(target.flag)], constant(True)))
        return [ast.Continue()]

    def on_Switch(self, node: nodes.Switch) -> list[ast.stmt]:  # noqa: N802
        """Find the section, then run it in a loop of one round, so that `break` and `goto case` are Python's own."""
        value, chosen = self.fresh("value"), self.fresh("section")
        made: list[ast.stmt] = [ast.Assign([store(value)], self.emit(node.value))]
        made.extend(self._choose(node, value, chosen))
        target = Target(True, list)
        self._targets.append(target)
        self._switches.append((node, value, chosen))
        sections: list[ast.stmt] = []
        for index, section in enumerate(node.sections):
            body = [s for statement in section.statements for s in self.statement(statement)]
            test = ast.Compare(load(chosen), [ast.Eq()], [constant(index)])
            sections.append(ast.If(test, body or [ast.Pass()], []))  # C# has no section whose end can be reached
        self._switches.pop()
        self._targets.pop()
        if target.flag is not None:
            made.append(ast.Assign([store(target.flag)], constant(False)))
        made.append(ast.While(constant(True), [*sections, ast.Break()], []))
        if target.flag is not None:
            after = self.on_Continue(nodes.Continue(node.syntax))
            made.append(ast.If(load(target.flag), after, []))
        return made

    def _choose(self, node: nodes.Switch, value: str, chosen: str) -> list[ast.stmt]:
        """`section = (test and 1 or test and 2 or … or default) - 1`, or a table when all labels are constants."""
        default = next((i for i, s in enumerate(node.sections) if any(label.pattern is None for label in s.labels)), -1)
        labels = [
            (index, label.pattern, label.guard)
            for index, section in enumerate(node.sections)
            for label in section.labels
            if label.pattern is not None
        ]
        if node.value.type in _TABLE_TYPES and all(p.value is not None and guard is None for _, p, guard in labels):
            table = {p.value.constant: index for index, p, _ in reversed(labels) if p.value is not None}
            found = call(self.bring(table.get, "section_of"), load(value), constant(default))
            return [ast.Assign([store(chosen)], found)]
        choices: list[ast.expr] = []
        for index, pattern, guard in labels:
            tests = [self.matches(value, node.value.type, pattern), *([self.emit(guard)] if guard is not None else [])]
            choices.append(ast.BoolOp(ast.And(), [*tests, constant(index + 1)]))
        choice: ast.expr = ast.BoolOp(ast.Or(), [*choices, constant(default + 1)]) if choices else constant(default + 1)
        return [ast.Assign([store(chosen)], ast.BinOp(choice, ast.Sub(), constant(1)))]

    def on_Goto(self, node: nodes.Goto) -> list[ast.stmt]:  # noqa: N802
        if node.label is not None or not self._switches:
            raise NotSimulatedError("goto", "jumps to a label")
        if not self._targets[-1].is_switch:
            raise NotSimulatedError("goto case", "out of a loop")
        switch, _, chosen = self._switches[-1]
        for index, section in enumerate(switch.sections):
            for label in section.labels:
                is_default = label.pattern is None and node.value is None
                constant_label = label.pattern.value if label.pattern is not None else None
                if is_default or (
                    node.value is not None
                    and constant_label is not None
                    and constant_label.constant == node.value.constant
                ):
                    return [ast.Assign([store(chosen)], constant(index)), ast.Continue()]
        raise NotSimulatedError("goto case", "the label was not found")

    def on_Yield(self, node: nodes.Yield) -> list[ast.stmt]:  # noqa: N802
        raise NotSimulatedError("yield", "iterators in local functions")

    def on_Labeled(self, node: nodes.Labeled) -> list[ast.stmt]:  # noqa: N802
        return self.statement(node.statement)

    def _plain_variable(self, target: nodes.Expression) -> str | None:
        """The Python variable that a C# one is, when it can be assigned by a statement of its own."""
        if isinstance(target, nodes.Local) and target.symbol.kind != "context" and target.symbol not in self._celled:
            return self.symbol_name(target.symbol)
        return None
