"""Emission of conditions, loops and switches."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from apimpolicy.binding import nodes
from apimpolicy.binding.conversions import INTEGRAL_RANGES
from apimpolicy.dotnet.types import DYNAMIC
from apimpolicy.dotnet.values import CHAR, INT, STRING
from apimpolicy.emit import runtime
from apimpolicy.emit.core import ALLOWANCE, LEFT, attribute, call, constant, load, store
from apimpolicy.emit.frames import goes_on
from apimpolicy.emit.jumps import JumpEmitter, Target, labels_gone_to, section_key
from apimpolicy.emit.variables import (
    assigned_in,
    continues_in_try,
    has_block_lambda,
    has_goto,
    is_increment,
)

if TYPE_CHECKING:
    from collections.abc import Callable


_TABLE_TYPES = frozenset({STRING, CHAR, *INTEGRAL_RANGES})
"""Types whose constants Python finds in a dictionary exactly when C# finds them equal."""


class ControlFlowEmitter(JumpEmitter):
    """C#'s loops and switches are Python's `while`, `for` and `if`."""

    def finally_(self, body: list[ast.stmt], last: list[ast.stmt]) -> ast.Try:
        raise NotImplementedError

    def on_If(self, node: nodes.If) -> list[ast.stmt]:  # noqa: N802
        test = self.emit(node.condition)
        otherwise = self.body(node.otherwise) if node.otherwise is not None else []
        return [ast.If(test, self.body(node.then), otherwise)]

    def _loop(
        self,
        statement: nodes.Statement,
        before_continue: Callable[[], list[ast.stmt]],
        finish: Callable[[list[ast.stmt]], list[ast.stmt]],
        *others: nodes.Bound,
    ) -> list[ast.stmt]:
        """A loop: `finish` makes it from its body, which begins with cells for what each round has of its own."""
        cells = self._cells(statement, *others)
        target = Target(is_loop=True, before_continue=before_continue)
        self._targets.append(target)
        try:
            body = [*cells, *self.body(statement)]
        finally:
            self._targets.pop()
        return self._around(target, finish(body))

    def on_Loop(self, node: nodes.Loop) -> list[ast.stmt]:  # noqa: N802
        before = self._fresh_cells(node.locals)
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

        step = self._burn()
        self._note_counter(node)
        if continues_in_try(node.body):
            return [*before, *self._loop_with_first(node, increment, step)]
        if node.is_do:
            others = [node.condition] if node.condition is not None else []

            def until(body: list[ast.stmt]) -> list[ast.stmt]:
                return [ast.While(constant(True), [step, *body, *self._test_again(node)], [])]

            return [*before, *self._loop(node.body, lambda: self._test_again(node), until, *others)]
        test: ast.expr = constant(True)
        guard: list[ast.stmt] = []
        if node.condition is not None:
            guard = self._cells(node.condition)
            if guard or has_block_lambda(node.condition):
                guard.extend(self._break_unless(node.condition))
            else:
                test = self.emit(node.condition)
        return [
            *before,
            *self._loop(node.body, increment, lambda body: [ast.While(test, [*guard, step, *body, *increment()], [])]),
        ]

    def _loop_with_first(
        self, node: nodes.Loop, increment: Callable[[], list[ast.stmt]], step: ast.stmt
    ) -> list[ast.stmt]:
        """A loop whose `continue` leaves a try statement: increments come after `finally`, in the next round."""
        first = self.fresh("first")
        begins: list[ast.stmt] = [ast.Assign([store(first)], constant(False))]
        start = self._cells(node.condition) if node.condition is not None else []
        guard = self._test_again(node)
        if node.is_do:
            start.extend([ast.If(load(first), begins, guard)] if guard else [])
        else:
            again = increment()
            start = [*([ast.If(load(first), begins, again)] if again else []), *start, *guard]

        def finish(body: list[ast.stmt]) -> list[ast.stmt]:
            return [
                ast.Assign([store(first)], constant(True)),
                ast.While(constant(True), [*start, step, *body], []),
            ]

        return self._loop(node.body, list, finish)

    def _burn(self) -> ast.stmt:
        """One step, for a round of a loop. The body of the expression takes several at once and counts them down."""
        if len(self._outputs) > 1:
            return ast.Expr(self.step())
        self.uses_allowance = True
        count_down: ast.stmt = ast.AugAssign(store(LEFT), ast.Sub(), constant(1))
        take: ast.stmt = ast.Assign([store(LEFT)], call(load(ALLOWANCE)))
        return ast.If(load(LEFT), [count_down], [take])

    def _note_counter(self, node: nodes.Loop) -> None:
        """`for (int i = 0; i < n; i++)`: the variable is never negative."""
        if len(node.initializers) != 1 or len(node.incrementors) != 1:
            return
        first, counter = node.initializers[0], self._counter_of(node, node.incrementors[0])
        value = first.value if isinstance(first, nodes.LocalDeclaration) else None
        if counter is not None and value is not None and value.is_constant and value.constant >= 0:
            self.non_negative.add(counter)

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
        elif node.collection.type is DYNAMIC:
            source = self.run(runtime.dynamic_elements, source)
        first: list[ast.stmt] = []
        target = item
        is_celled = node.symbol is not None and (node.symbol.is_captured or node.symbol.is_referenced)
        if node.symbol is not None and node.element is node.placeholder and not is_celled:
            target = self.symbol_name(node.symbol)
            if _has_no_null(node.collection) and node.symbol not in self.reassigned:
                self.never_null.add(node.symbol)
        elif node.symbol is not None:
            first = self._cells(node.symbol)
            first.append(ast.Expr(self.assign_symbol(node.symbol, self.emit(node.element))))
        elif node.deconstruction is not None:
            first = [*self._cells(node.deconstruction), ast.Expr(self.emit(node.deconstruction))]
        step = self._burn()
        walked = source
        if not self.known_not_null(node.collection):
            walked = self.at(self.run(runtime.elements, source), node.collection)
        if not self.has_iterators:
            return self._loop(node.body, list, lambda body: [ast.For(store(target), walked, [step, *first, *body], [])])
        enumerator = self.fresh("enumerator")

        def disposing(body: list[ast.stmt]) -> list[ast.stmt]:
            loop: ast.stmt = ast.For(store(target), load(enumerator), [step, *first, *body], [])
            ending: ast.stmt = ast.Expr(self.run(runtime.end_enumeration, load(enumerator)))
            end: ast.stmt = ast.If(self.run(goes_on), [ending], [])
            begins = ast.Assign([store(enumerator)], self.run(runtime.enumerator, walked))
            return [begins, self.finally_([loop], [end])]

        return self._loop(node.body, list, disposing)

    def on_Switch(self, node: nodes.Switch) -> list[ast.stmt]:  # noqa: N802
        """Find the section, then run it in a loop of one round, so that `break` and `goto case` are Python's own."""
        value, chosen, where = self.fresh("value"), self.fresh("section"), self.fresh("where")
        made = self._fresh_cells(node.locals)
        for section in node.sections:  # functions are known in all of the switch
            made.extend(self.functions_of(section.statements))
        made.append(ast.Assign([store(value)], self.emit(node.value)))
        made.extend(self._choose(node, value, chosen))
        target = Target()
        target.sections = {}
        everything = [statement for section in node.sections for statement in section.statements]
        named = labels_gone_to(everything)

        def go_to(section: int, piece: int) -> list[ast.stmt]:
            enter: list[ast.stmt] = [ast.Assign([store(where)], constant(piece))] if named else []
            return [ast.Assign([store(chosen)], constant(section)), *enter, ast.Continue()]

        cut: list[list[list[nodes.Statement]]] = []
        for index, section in enumerate(node.sections):
            pieces, entries = self._pieces(section.statements, named)
            cut.append(pieces)
            for name, piece in entries.items():
                target.labels[name] = lambda index=index, piece=piece: go_to(index, piece)  # type: ignore[misc]
            for label in section.labels:
                if label.guard is None and (label.pattern is None or label.pattern.value is not None):
                    key = section_key(label.pattern.value if label.pattern is not None else None)
                    target.sections[key] = lambda index=index: go_to(index, 0)  # type: ignore[misc]
        comes_again = has_goto(node)
        self._targets.append(target)
        self._rounds += comes_again
        sections: list[ast.stmt] = [ast.Expr(self.step())] if comes_again else []
        for index, pieces in enumerate(cut):
            body = self._from_entry(where, pieces) if len(pieces) > 1 else self._in_order(pieces[0])
            test = ast.Compare(load(chosen), [ast.Eq()], [constant(index)])
            sections.append(ast.If(test, body or [ast.Pass()], []))  # C# has no section whose end can be reached
        self._rounds -= comes_again
        self._targets.pop()
        if named:
            made.append(ast.Assign([store(where)], constant(0)))
        return [*made, *self._around(target, [ast.While(constant(True), [*sections, ast.Break()], [])])]

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

    def _plain_variable(self, target: nodes.Expression) -> str | None:
        """The Python variable that a C# one is, when it can be assigned by a statement of its own."""
        if isinstance(target, nodes.Local) and target.symbol.kind != "context" and target.symbol not in self._celled:
            return self.symbol_name(target.symbol)
        return None


def _has_no_null(collection: nodes.Expression) -> bool:
    """Whether the elements of a collection are known not to be null: the parts of a text."""
    return isinstance(collection, nodes.Call) and collection.method.declaring.name == "string"
