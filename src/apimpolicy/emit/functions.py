"""Emission of lambdas and local functions, and of bodies."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.binding.lookup import iterator_element
from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol
from apimpolicy.dotnet.types import NamedType
from apimpolicy.dotnet.values import OBJECT, VOID
from apimpolicy.emit import runtime
from apimpolicy.emit.core import attribute, call, constant, load, store, tuple_of
from apimpolicy.emit.values import ValueEmitter
from apimpolicy.emit.variables import (
    REPEATING,
    assigned_in,
    assigns_outer,
    declared_in,
    functions_used_in,
    may_recur,
    used_in,
    walk,
)
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from apimpolicy.emit.jumps import Target


class FunctionEmitter(ValueEmitter):
    """A lambda with a block becomes a nested function before the statement that it stands in."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._targets: list[Target] = []
        self._outputs: list[tuple[LocalSymbol, ...]] = [()]
        self._caught: list[str] = []
        self._rounds = 0
        """How many labels' loops are open in this function: what they hold is entered more than once."""
        self._with_cells: set[LocalFunctionSymbol] = set()
        """Local functions that use the variables of one iteration."""

    # -------------------------------------------------------------------------------------------- function bodies

    def body(self, statement: nodes.Statement) -> list[ast.stmt]:
        """A statement as the body of something in Python: at least `pass`."""
        made = self.statement(statement)
        return made or [ast.Pass()]

    def statement(self, statement: nodes.Statement) -> list[ast.stmt]:
        """One statement, preceded by the functions that its lambdas became."""
        self._hoisted.append([])
        repeats = type(statement) in REPEATING
        self.repeating += repeats
        try:
            made = getattr(self, f"on_{type(statement).__name__}")(statement)
        except NotSimulatedError as error:
            if error.span is None:
                error.span = self.span_of(statement)
            raise
        self.repeating -= repeats
        before = self._hoisted.pop()
        return [self.at(s, statement) if not hasattr(s, "lineno") else s for s in (*before, *made)]

    def returning(self, expression: nodes.Expression) -> list[ast.stmt]:
        """`return expression`, preceded by the functions that its lambdas became."""
        self._hoisted.append([])
        value = self.emit(expression)
        return [*self._hoisted.pop(), self.at(ast.Return(value), expression)]

    def _cells(self, *parts: nodes.Bound | LocalSymbol) -> list[ast.stmt]:
        """Fresh cells for the captured variables of a loop's body: each iteration has its own."""
        symbols: dict[LocalSymbol, None] = {}
        for part in parts:
            symbols.update(dict.fromkeys([part] if isinstance(part, LocalSymbol) else declared_in(part, inside=False)))
        return self._new_cells(symbols)

    def _fresh_cells(self, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
        """Fresh cells for the variables of a block that `goto` may enter again, and for those that have references."""
        return self._new_cells(symbols) if self._rounds else self.cells_of_referenced(symbols)

    def _new_cells(self, symbols: Iterable[LocalSymbol]) -> list[ast.stmt]:
        made: list[ast.stmt] = []
        for symbol in symbols:
            if (symbol.is_captured or symbol.is_referenced) and symbol.kind != "constant":
                self._celled.add(symbol)
                made.append(ast.Assign([store(self.symbol_name(symbol))], call(self.bring(runtime.Cell, "Cell"))))
        return made

    # ----------------------------------------------------------------------------------------------- lambdas

    def emit_lambda(self, node: nodes.Lambda) -> ast.expr:
        names = [self.symbol_name(p) for p in node.parameters]
        arguments = ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])
        for captured in (*self._captured_cells(node), *self._captured_functions(node)):
            arguments.args.append(ast.arg(captured))
            arguments.defaults.append(load(captured))
        burns = [ast.Expr(self.step())] if may_recur(node.body) else []
        statements: list[ast.stmt]
        self.repeating += 1
        if isinstance(node.body, nodes.Expression):
            statements = self.returning(node.body)
            self.repeating -= 1
            statements[:0] = self.cells_of_referenced(declared_in(node.body, inside=False))
            only = statements[0]
            if (
                isinstance(only, ast.Return)
                and only.value is not None
                and not burns
                and not any(parameter.is_referenced for parameter in node.parameters)
                and not assigns_outer(node.body, set(node.parameters))
            ):
                return ast.Lambda(arguments, only.value)
        else:
            statements = self._function_statements(node.body, ())
            self.repeating -= 1
        name = self.fresh("lambda_body")
        cells = self.parameters_in_cells(node.parameters)
        statements = [*self._nonlocals(node, set(node.parameters)), *burns, *cells, *statements]
        self._hoisted[-1].append(self._define(name, arguments, statements, node))
        return load(name)

    def _define(self, name: str, arguments: ast.arguments, statements: list[ast.stmt], node: nodes.Bound) -> ast.stmt:
        made = ast.FunctionDef(name, arguments, statements or [ast.Pass()], [], None, None)
        return self.at(made, node)  # type: ignore[no-any-return]

    def _function_statements(self, block: nodes.Block, outputs: tuple[LocalSymbol, ...]) -> list[ast.stmt]:
        saved = (self._targets, self._rounds, self._caught)
        self._targets, self._rounds, self._caught = [], 0, []
        self._outputs.append(outputs)
        try:
            made = self.body(block)
            if outputs:
                made.append(self._return_outputs(None))
            return made
        finally:
            self._outputs.pop()
            self._targets, self._rounds, self._caught = saved

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
        used = used_in(node) - declared_in(node)
        return [self.symbol_name(s) for s in used if s in self._celled]

    def _captured_functions(self, node: nodes.Bound) -> list[str]:
        """Local functions of a loop's body that a lambda calls: it keeps those of its own iteration."""
        used = functions_used_in(node) if self._with_cells else ()
        return [self.symbol_name(function) for function in used if function in self._with_cells]

    def _nonlocals(self, node: nodes.Bound, own: set[LocalSymbol]) -> list[ast.stmt]:
        """`nonlocal` for variables of an enclosing function that are assigned here."""
        declared = own | declared_in(node)
        assigned = assigned_in(node) - declared
        names = sorted(self.symbol_name(s) for s in assigned if s not in self._celled)
        return [ast.Nonlocal(names)] if names else []

    def on_LocalFunction(self, node: nodes.LocalFunction) -> list[ast.stmt]:  # noqa: N802
        function = node.function
        by_reference = function.returns_reference
        names = [self.symbol_name(s) for s in function.symbols if by_reference or s.mode != "out"]
        arguments = ast.arguments([], [ast.arg(n) for n in names], None, [], [], None, [])
        for captured in self._captured_cells(node):
            self._with_cells.add(function)
            arguments.args.append(ast.arg(captured))
            arguments.defaults.append(load(captured))
        outputs = tuple(s for s in function.symbols if s.mode in ("out", "ref") and not by_reference)
        statements: list[ast.stmt] = self._nonlocals(node.body, set(function.symbols))
        statements.append(ast.Expr(self.step()))
        statements.extend(self.parameters_in_cells(function.symbols))
        if not function.is_simulated:
            types = constant("with these type arguments")
            statements.append(ast.Expr(self.run(runtime.not_simulated, constant("a generic local function"), types)))
        elif function.is_iterator:
            statements.extend(self._iterator(node))
        elif function.is_async:
            statements.extend(self._asynchronous_body(node))
        elif outputs and any(isinstance(s, nodes.Try) and s.finally_body is not None for s in walk(node.body)):
            statements.extend(self._outputs_after_finally(node, outputs))
        else:
            statements.extend(self._function_statements(node.body, outputs))
        return [self._define(self.symbol_name(function), arguments, statements, node)]

    def _asynchronous_body(self, node: nodes.LocalFunction) -> list[ast.stmt]:
        """The body as a function inside, whose result or exception the task holds."""
        inner = self.fresh("body")
        own = set(node.function.symbols)
        changed = sorted(self.symbol_name(s) for s in (assigned_in(node.body) & own) - self._celled)
        body: list[ast.stmt] = [ast.Nonlocal(changed)] if changed else []
        body += [*self._nonlocals(node.body, own), *self._function_statements(node.body, ())]
        none = ast.arguments([], [], None, [], [], None, [])
        made = call(self.asynchronous(load(inner), node.function.returns))
        return [self._define(inner, none, body, node), ast.Return(made)]

    def _iterator(self, node: nodes.LocalFunction) -> list[ast.stmt]:
        """The body as a generator inside, which begins anew, with the arguments of the call, for each enumeration."""
        from apimpolicy.dotnet.collections.enumerators import BoxedEnumerator, Enumerator
        from apimpolicy.dotnet.linq.sequences import Sequence

        function, inner = node.function, self.fresh("iterate")
        names = [self.symbol_name(symbol) for symbol in function.symbols]
        body = self._nonlocals(node.body, set(function.symbols))
        body.append(ast.If(constant(False), [ast.Expr(ast.Yield(None))], []))  # a generator, whatever it holds
        body.extend(self._function_statements(node.body, ()))
        arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
        start: ast.expr = load(inner)
        if any(isinstance(node, (nodes.Try, nodes.Using, nodes.Foreach)) for node in walk(node.body)):
            start = self.run(runtime.ending, start)
            self.ends_iterators = True
        made: ast.expr = self.run(
            Sequence,
            start,
            self.type_constant(iterator_element(function.returns) or OBJECT),
            *map(load, names),
        )
        if ".IEnumerator" in str(function.returns):
            is_generic = isinstance(function.returns, NamedType) and bool(function.returns.arguments)
            made = self.run(Enumerator if is_generic else BoxedEnumerator, made)
        return [self._define(inner, arguments, body, node), ast.Return(made)]

    def on_Yield(self, node: nodes.Yield) -> list[ast.stmt]:  # noqa: N802
        return [ast.Return(None)] if node.value is None else [ast.Expr(ast.Yield(self.emit(node.value)))]

    def _outputs_after_finally(self, node: nodes.LocalFunction, outputs: tuple[LocalSymbol, ...]) -> list[ast.stmt]:
        """The body as a function inside, so that what `finally` does to ref and out parameters counts."""
        inner, result = self.fresh("body"), self.fresh("result")
        changed = sorted(self.symbol_name(s) for s in assigned_in(node.body) & set(outputs) - self._celled)
        body: list[ast.stmt] = [ast.Nonlocal(changed)] if changed else []
        body.extend(self._nonlocals(node.body, set(node.function.symbols)))
        body.extend(self._function_statements(node.body, ()))
        none = ast.arguments([], [], None, [], [], None, [])
        parts = [self._read_symbol(symbol) for symbol in outputs]
        if node.function.returns is not VOID:
            parts.insert(0, load(result))
        return [
            *(
                ast.Assign([store(self.symbol_name(s))], constant(None))
                for s in outputs
                if s.mode == "out" and s not in self._celled
            ),
            self._define(inner, none, body, node),
            ast.Assign([store(result)], call(load(inner))),
            ast.Return(tuple_of(*parts)),
        ]

    def on_Return(self, node: nodes.Return) -> list[ast.stmt]:  # noqa: N802
        value = self.emit(node.value) if node.value is not None else None
        if self._outputs[-1]:
            return [self._return_outputs(value)]
        return [ast.Return(value)]
