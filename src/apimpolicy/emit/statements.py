"""Emission of statements, lambdas and local functions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.binding.conversions import INTEGRAL_RANGES
from apimpolicy.binding.symbols import LocalSymbol
from apimpolicy.dotnet.system.conversions import is_instance
from apimpolicy.dotnet.values import CHAR, INT, STRING
from apimpolicy.emit import frames, runtime
from apimpolicy.emit.core import (
    attribute,
    call,
    constant,
    is_not_none,
    load,
    store,
    tuple_of,
)
from apimpolicy.emit.values import ValueEmitter
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


class _Target:
    """A loop or switch that is being emitted: what `continue` must do first, and the flag that carries it out of a switch."""

    __slots__ = ("before_continue", "flag", "is_switch")

    def __init__(self, is_switch: bool, before_continue: Callable[[], list[ast.stmt]]) -> None:
        self.is_switch = is_switch
        self.before_continue = before_continue
        self.flag: str | None = None


class StatementEmitter(ValueEmitter):
    """Statements become Python statements; a lambda with a block becomes a nested function before its statement."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._targets: list[_Target] = []
        self._outputs: list[tuple[LocalSymbol, ...]] = [()]
        self._loop_depth = 0
        self._caught: list[str] = []
        self._switches: list[tuple[nodes.Switch, str, str]] = []

    # -------------------------------------------------------------------------------------------- function bodies

    def body(self, statement: nodes.Statement) -> list[ast.stmt]:
        """A statement as the body of something in Python: at least `pass`."""
        made = self.statement(statement)
        return made or [ast.Pass()]

    def statement(self, statement: nodes.Statement) -> list[ast.stmt]:
        """One statement, preceded by the functions that its lambdas became."""
        self._hoisted.append([])
        try:
            made = getattr(self, f"on_{type(statement).__name__}")(statement)
        except NotSimulatedError as error:
            if error.span is None:
                error.span = self.span_of(statement)
            raise
        before = self._hoisted.pop()
        return [self.at(s, statement) if not hasattr(s, "lineno") else s for s in (*before, *made)]

    def returning(self, expression: nodes.Expression) -> list[ast.stmt]:
        """`return expression`, preceded by the functions that its lambdas became."""
        self._hoisted.append([])
        value = self.emit(expression)
        return [*self._hoisted.pop(), self.at(ast.Return(value), expression)]

    def on_Block(self, node: nodes.Block) -> list[ast.stmt]:  # noqa: N802
        made: list[ast.stmt] = self._cells(node.locals)
        functions = [s for s in node.statements if isinstance(s, nodes.LocalFunction)]
        for function in functions:
            made.extend(self.statement(function))
        for statement in node.statements:
            if not isinstance(statement, nodes.LocalFunction):
                made.extend(self.statement(statement))
        return made

    def _cells(self, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
        """Fresh cells for the captured variables of a block inside a loop."""
        made: list[ast.stmt] = []
        if self._loop_depth:
            for symbol in symbols:
                if symbol.is_captured and symbol.kind != "constant":
                    self._celled.add(symbol)
                    cell = call(self.bring(runtime.Cell, "Cell"))
                    made.append(ast.Assign([store(self.symbol_name(symbol))], cell))
        return made

    def on_Statements(self, node: nodes.Statements) -> list[ast.stmt]:  # noqa: N802
        return [made for statement in node.statements for made in self.statement(statement)]

    def on_Empty(self, node: nodes.Empty) -> list[ast.stmt]:  # noqa: N802
        return []

    def on_ExpressionStatement(self, node: nodes.ExpressionStatement) -> list[ast.stmt]:  # noqa: N802
        expression = node.expression
        if not self.recording:
            if isinstance(expression, nodes.Assignment) and expression.target is not expression.value:
                name = self._plain_variable(expression.target)
                if name is not None:
                    return [ast.Assign([store(name)], self.emit(expression.value))]
            elif isinstance(expression, nodes.CompoundAssignment):
                name = self._plain_variable(expression.target)
                if name is not None:
                    self.with_placeholder(expression.placeholder, name)
                    return [ast.Assign([store(name)], self.emit(expression.result))]
        return [ast.Expr(self.emit(expression))]

    def _plain_variable(self, target: nodes.Expression) -> str | None:
        """The Python variable that a C# one is, when it can be assigned by a statement of its own."""
        if isinstance(target, nodes.Local) and target.symbol.kind != "context" and target.symbol not in self._celled:
            return self.symbol_name(target.symbol)
        return None

    def on_LocalDeclaration(self, node: nodes.LocalDeclaration) -> list[ast.stmt]:  # noqa: N802
        symbol = node.symbol
        if symbol.kind == "constant":
            return []
        if node.value is None:
            if symbol in self._celled:
                return []
            return [ast.Assign([store(self.symbol_name(symbol))], constant(None))]
        value = self.emit(node.value)
        if symbol in self._celled:
            return [ast.Expr(self.run(runtime.set_cell, load(self.symbol_name(symbol)), value))]
        return [ast.Assign([store(self.symbol_name(symbol))], value)]

    # ----------------------------------------------------------------------------------------------- lambdas

    def emit_lambda(self, node: nodes.Lambda) -> ast.expr:
        names = [self.symbol_name(p) for p in node.parameters]
        arguments = ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])
        for captured in self._captured_cells(node):
            arguments.args.append(ast.arg(captured))
            arguments.defaults.append(load(captured))
        burns = [ast.Expr(self.step())] if _may_recur(node.body) else []
        statements: list[ast.stmt]
        if isinstance(node.body, nodes.Expression):
            statements = self.returning(node.body)
            only = statements[0]
            if (
                isinstance(only, ast.Return)
                and only.value is not None
                and not burns
                and not _assigns_outer(node.body, set(node.parameters))
            ):
                return ast.Lambda(arguments, only.value)
        else:
            statements = self._function_statements(node.body, ())
        name = self.fresh("lambda_body")
        statements = [*self._nonlocals(node, set(node.parameters)), *burns, *statements]
        self._hoisted[-1].append(self._define(name, arguments, statements, node))
        return load(name)

    def _define(self, name: str, arguments: ast.arguments, statements: list[ast.stmt], node: nodes.Bound) -> ast.stmt:
        made = ast.FunctionDef(name, arguments, statements or [ast.Pass()], [], None, None)
        return self.at(made, node)  # type: ignore[no-any-return]

    def _function_statements(self, block: nodes.Block, outputs: tuple[LocalSymbol, ...]) -> list[ast.stmt]:
        saved = (self._targets, self._loop_depth, self._caught)
        self._targets, self._loop_depth, self._caught = [], 0, []
        self._outputs.append(outputs)
        try:
            made = self.body(block)
            if outputs:
                made.append(self._return_outputs(None))
            return made
        finally:
            self._outputs.pop()
            self._targets, self._loop_depth, self._caught = saved

    def _return_outputs(self, value: ast.expr | None) -> ast.stmt:
        parts = [self._read_symbol(symbol) for symbol in self._outputs[-1]]
        if value is not None:
            parts.insert(0, value)
        return ast.Return(tuple_of(*parts))

    def _read_symbol(self, symbol: LocalSymbol) -> ast.expr:
        name = load(self.symbol_name(symbol))
        return attribute(name, "value") if symbol in self._celled else name

    def _captured_cells(self, node: nodes.Bound) -> list[str]:
        """Variables in cells that a lambda uses: it takes the present cells as defaults."""
        if not self._celled:
            return []
        used = {s.symbol for s in _walk(node) if isinstance(s, nodes.Local)}
        used |= {s.symbol for s in _walk(node) if isinstance(s, nodes.OutVariable) and s.symbol is not None}
        return [self.symbol_name(s) for s in used if s in self._celled]

    def _nonlocals(self, node: nodes.Bound, own: set[LocalSymbol]) -> list[ast.stmt]:
        """`nonlocal` for variables of an enclosing function that are assigned here."""
        declared = own | _declared(node)
        assigned = _assigned(node) - declared
        names = sorted(self.symbol_name(s) for s in assigned if s not in self._celled)
        return [ast.Nonlocal(names)] if names else []

    def on_LocalFunction(self, node: nodes.LocalFunction) -> list[ast.stmt]:  # noqa: N802
        function = node.function
        names = [self.symbol_name(s) for s in function.symbols if s.mode != "out"]
        arguments = ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])
        for captured in self._captured_cells(node.body):
            arguments.args.append(ast.arg(captured))
            arguments.defaults.append(load(captured))
        outputs = tuple(s for s in function.symbols if s.mode in ("out", "ref"))
        statements: list[ast.stmt] = self._nonlocals(node.body, set(function.symbols))
        statements.append(ast.Expr(self.step()))
        statements.extend(self._function_statements(node.body, outputs))
        return [self._define(self.symbol_name(function), arguments, statements, node)]

    def on_Return(self, node: nodes.Return) -> list[ast.stmt]:  # noqa: N802
        value = self.emit(node.value) if node.value is not None else None
        if self._outputs[-1]:
            return [self._return_outputs(value)]
        return [ast.Return(value)]

    # ------------------------------------------------------------------------------------------- control flow

    def on_If(self, node: nodes.If) -> list[ast.stmt]:  # noqa: N802
        test = self.emit(node.condition)
        otherwise = self.body(node.otherwise) if node.otherwise is not None else []
        return [ast.If(test, self.body(node.then), otherwise)]

    def _loop_body(
        self, statement: nodes.Statement, before_continue: Callable[[], list[ast.stmt]], *, is_switch: bool = False
    ) -> list[ast.stmt]:
        self._targets.append(_Target(is_switch, before_continue))
        self._loop_depth += 1
        try:
            return self.body(statement)
        finally:
            self._loop_depth -= 1
            self._targets.pop()

    def on_Loop(self, node: nodes.Loop) -> list[ast.stmt]:  # noqa: N802
        before: list[ast.stmt] = self._cells(node.locals)
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

        fresh = self._captured_in(node.condition) if node.condition is not None else []
        step: ast.stmt = ast.Expr(self.step())
        if node.is_do:
            body = self._loop_body(node.body, lambda: self._test_again(node))
            return [*before, ast.While(constant(True), [step, *body, *self._test_again(node)], [])]
        test: ast.expr = constant(True)
        guard: list[ast.stmt] = []
        if node.condition is not None:
            if fresh or _has_block_lambda(node.condition):
                self._loop_depth += 1
                guard = self._cells(fresh)
                self._loop_depth -= 1
                guard.extend(self._break_unless(node.condition))
            else:
                test = self.emit(node.condition)
        body = self._loop_body(node.body, increment)
        return [*before, ast.While(test, [*guard, step, *body, *increment()], [])]

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
            and _is_increment(incrementor)
            and condition.left.symbol not in _assigned(node.body) | _assigned(condition.right)
        ):
            return self._plain_variable(incrementor.target)
        return None

    def _captured_in(self, node: nodes.Bound) -> list[LocalSymbol]:
        """Variables that an expression declares and a lambda captures: each evaluation has its own."""
        return [symbol for symbol in _declared(node) if symbol.is_captured and symbol.kind in ("local", "pattern")]

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
        self._loop_depth += 1
        first: list[ast.stmt] = []
        if node.symbol is not None:
            first = self._cells([node.symbol])
            value = self.emit(node.element)
            first.append(ast.Expr(self.assign_symbol(node.symbol, value)))
        elif node.deconstruction is not None:
            symbols = [t.symbol for t in getattr(node.deconstruction, "targets", ()) if isinstance(t, nodes.Local)]
            first = [*self._cells(symbols), ast.Expr(self.emit(node.deconstruction))]
        self._loop_depth -= 1
        body = self._loop_body(node.body, list)
        step: ast.stmt = ast.Expr(self.step())
        return [ast.For(store(item), self.run(runtime.elements, source), [step, *first, *body], [])]

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
        """First find the section, then run it in a loop of one round, so that `break` and `goto case` are Python's own."""
        value, chosen = self.fresh("value"), self.fresh("section")
        made: list[ast.stmt] = self._cells(node.locals)
        made.append(ast.Assign([store(value)], self.emit(node.value)))
        made.extend(self._choose(node, value, chosen))
        target = _Target(True, list)
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
        default = next(
            (i for i, s in enumerate(node.sections) if any(label.pattern is None for label in s.labels)), -1
        )
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

    # ---------------------------------------------------------------------------------------------- exceptions

    def on_Throw(self, node: nodes.Throw) -> list[ast.stmt]:  # noqa: N802
        if node.exception is None:
            return [ast.Raise(load(self._caught[-1]), None)] if self._caught else [ast.Raise(None, None)]
        return [ast.Expr(self.run(runtime.raise_exception, self.emit(node.exception)))]

    def on_Try(self, node: nodes.Try) -> list[ast.stmt]:  # noqa: N802
        handlers: list[ast.ExceptHandler] = []
        if node.catches:
            raised, caught = self.fresh("raised"), self.fresh("caught")
            self._caught.append(caught)
            clauses: list[ast.stmt] = [ast.Raise(load(caught), None)]
            for clause in reversed(node.catches):
                clauses = self._catch(clause, caught, clauses)
            self._caught.pop()
            translate: ast.stmt = ast.Assign([store(caught)], self.run(frames.as_dotnet, load(raised)))
            handlers.append(ast.ExceptHandler(self.bring(frames.CAUGHT, "caught_types"), raised, [translate, *clauses]))
        finally_body = self.body(node.finally_body) if node.finally_body is not None else []
        if not handlers and not finally_body:
            return self.body(node.body)
        return [ast.Try(self.body(node.body), handlers, [], finally_body)]

    def _catch(self, clause: nodes.Catch, caught: str, otherwise: list[ast.stmt]) -> list[ast.stmt]:
        first: list[ast.stmt] = []
        if clause.symbol is not None:
            first = self._cells([clause.symbol])
            first.append(ast.Expr(self.assign_symbol(clause.symbol, load(caught))))
        test: ast.expr | None = None
        if clause.target is not None and clause.target.name != "System.Exception":
            test = self.run(is_instance, load(caught), self.type_constant(clause.target))
        if clause.filter is not None:
            inner = [*first, *self._filter(clause.filter, self.body(clause.body), otherwise)]
            return inner if test is None else [ast.If(test, inner, otherwise)]
        body = [*first, *self.body(clause.body)]
        return body if test is None else [ast.If(test, body, otherwise)]

    def _filter(self, condition: nodes.Expression, body: list[ast.stmt], otherwise: list[ast.stmt]) -> list[ast.stmt]:
        """`when (…)`: an exception in it counts as false (C# specification, section 13.11)."""
        self._hoisted.append([])
        value = self.emit(condition)
        hoisted = self._hoisted.pop()
        matches, raised = self.fresh("matches"), self.fresh("raised")
        no_match: list[ast.stmt] = [
            ast.Expr(self.run(frames.as_dotnet, load(raised))),
            ast.Assign([store(matches)], constant(False)),
        ]
        handler = ast.ExceptHandler(self.bring(frames.CAUGHT, "caught_types"), raised, no_match)
        test: ast.stmt = ast.Try([ast.Assign([store(matches)], value)], [handler], [], [])
        return [*hoisted, test, ast.If(load(matches), body, otherwise)]

    def on_Using(self, node: nodes.Using) -> list[ast.stmt]:  # noqa: N802
        if node.resource is not None:
            name = self.fresh("resource")
            held: list[ast.stmt] = [ast.Assign([store(name)], self.emit(node.resource))]
            return [*held, self._disposing(load(name), self.body(node.body))]
        return self._using_declarations(list(node.declarations), node.body)

    def _using_declarations(
        self, declarations: list[nodes.LocalDeclaration], statement: nodes.Statement
    ) -> list[ast.stmt]:
        """The second resource is made inside the care for the first."""
        if not declarations:
            return self.body(statement)
        first, *rest = declarations
        made = [*self._cells([first.symbol]), *self.statement(first)]
        body = self._using_declarations(rest, statement)
        return [*made, self._disposing(self._read_symbol(first.symbol), body)]

    def _disposing(self, resource: ast.expr, body: list[ast.stmt]) -> ast.stmt:
        return ast.Try(body, [], [], [ast.Expr(self.run(runtime.dispose, resource))])

    def on_Lock(self, node: nodes.Lock) -> list[ast.stmt]:  # noqa: N802
        return [ast.Expr(self.checked_receiver(node.target)), *self.statement(node.body)]


_TABLE_TYPES = frozenset({STRING, CHAR, *INTEGRAL_RANGES})
"""Types whose constants Python finds in a dictionary exactly when C# finds them equal."""


def _may_recur(node: nodes.Bound) -> bool:
    """Whether a lambda calls delegates or local functions, and so perhaps itself."""
    return any(
        isinstance(current, nodes.DelegateCall)
        or (isinstance(current, nodes.Call) and current.method.name == "Invoke")
        for current in _walk(node)
    )


def _is_increment(node: nodes.CompoundAssignment) -> bool:
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


def _walk(node: nodes.Bound) -> Iterable[nodes.Bound]:
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(current.children())


def _assigned(node: nodes.Bound) -> set[LocalSymbol]:
    """Variables that are assigned anywhere below."""
    found: set[LocalSymbol] = set()
    for current in _walk(node):
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
                target = target.receiver  # noqa: PLW2901
            if isinstance(target, nodes.Local):
                found.add(target.symbol)
    return found


def _declared(node: nodes.Bound) -> set[LocalSymbol]:
    """Variables that are declared anywhere below."""
    found: set[LocalSymbol] = set()
    for current in _walk(node):
        symbol = getattr(current, "symbol", None)
        if isinstance(symbol, LocalSymbol) and not isinstance(current, nodes.Local):
            found.add(symbol)
        if isinstance(current, nodes.Lambda):
            found.update(current.parameters)
        if isinstance(current, nodes.LocalFunction):
            found.update(current.function.symbols)
        if isinstance(current, nodes.Deconstruction):
            found.update(t.symbol for t in current.targets if isinstance(t, nodes.Local) and t.syntax is t.symbol.declared_at)
    return found


def _assigns_outer(node: nodes.Bound, own: set[LocalSymbol]) -> bool:
    return bool(_assigned(node) - own - _declared(node))


def _has_block_lambda(node: nodes.Bound) -> bool:
    return any(
        isinstance(current, nodes.Lambda)
        and (isinstance(current.body, nodes.Block) or _assigns_outer(current.body, set(current.parameters)))
        for current in _walk(node)
    )
