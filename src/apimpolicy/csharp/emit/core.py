"""The emitter: the state that all parts share, dispatch by kinds of nodes, names, constants and positions.

The function for a kind of bound node is found by its name: `emit_<kind>` makes a Python expression, `statement_<kind>`
a list of Python statements. A part is imported when the first node of its kinds is emitted.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Hashable
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Final, TypeVar

from apimpolicy.csharp.binding import nodes
from apimpolicy.csharp.emit import runtime
from apimpolicy.csharp.emit.building import attribute, call, conditional, constant, is_not_none, last_of, load, walrus
from apimpolicy.csharp.emit.runtime import file_of
from apimpolicy.csharp.emit.variables import REPEATING
from apimpolicy.dispatch import Functions
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from apimpolicy.csharp.binding.nodes import Bound, Expression, Placeholder, Statement
    from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol, LocalSymbol
    from apimpolicy.csharp.dotnet.types import Type
    from apimpolicy.csharp.emit.runtime import Span
    from apimpolicy.csharp.emit.statements import JumpTarget
    from apimpolicy.text.source import Excerpt


EXPRESSIONS: Final[dict[str, Callable[[Emitter, Any], ast.expr]]] = Functions(
    "csharp.emit",
    "emit_",
    {
        "calls": "local placeholder field_access property_access tuple_element tuple_rest anonymous_member "
        "indexer_access array_access call delegate_call deconstruct_call",
        "operators": "unary binary logical conditional coalesce conditional_access throw_expression",
        "texts": "interpolated_string",
        "conversions": "convert is_type as_type is_pattern type_of",
        "assignments": "assignment compound_assignment deconstruction reference dereference redirection",
        "functions": "lambda method_group method_reference",
        "creation": "object_creation array_creation anonymous_creation tuple_creation default_value",
    },
)

STATEMENTS: Final[dict[str, Callable[[Emitter, Any], list[ast.stmt]]]] = Functions(
    "csharp.emit",
    "statement_",
    {
        "statements": "empty expression_statement local_declaration if return block statements labeled break "
        "continue goto switch",
        "loops": "loop foreach",
        "exceptions": "throw try using lock",
        "functions": "local_function yield",
    },
)


_Located = TypeVar("_Located", bound=ast.AST)

STEP = "step"
"""The variable of emitted code that holds `environment().step`; no C# variable has a name without a number."""
ALLOWANCE, LEFT = "allowance", "left"
"""`environment().allowance`, and how many steps are left of the last one."""
HANDLERS = "handlers"
"""The `try` statements that run now: see `apimpolicy.csharp.emit.exceptions`."""
RECORDER, ONCE, RECORD = "recorder", "once", "record"
"""Names in recording code: see `apimpolicy.csharp.emit.recording`."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class OpenFunction:
    """The function whose statements are being emitted: the expression's own, a lambda's or a local function's."""

    __slots__ = ("caught", "is_inner", "outputs", "rounds", "targets")

    def __init__(self, outputs: tuple[LocalSymbol, ...] = (), *, is_inner: bool = False) -> None:
        self.is_inner = is_inner
        self.outputs = outputs
        """Parameters whose values are returned after the result."""
        self.targets: list[JumpTarget] = []
        """The loops that are open, the innermost last."""
        self.rounds = 0
        """The number of open loops of labels: their body is entered more than once."""
        self.caught: list[str] = []
        """The Python variables of the exceptions that are caught here, the innermost last."""


class Emitter:
    """One emitter emits one expression; it is not reused."""

    def __init__(self, excerpt: Excerpt, *, recording: bool) -> None:
        self.excerpt = excerpt
        self.recording = recording
        self.namespace: dict[str, Any] = {"__builtins__": {}}

        # What is known of the whole expression.
        self.is_deep = False
        """True if the syntax tree has many levels: then the length of chains is checked."""
        self.has_two_passes = False
        """True if exception filters and `finally` blocks meet, so that their order is observable."""
        self.has_iterators = False
        """True if there are functions with `yield`: only then does the end of a `foreach` matter."""
        self.repeats = False
        """True if something in the expression may run more than once: a loop, a jump, a function."""
        self.initial: dict[LocalSymbol, Expression] = {}
        """The values of variables that only their declaration sets."""
        self.reassigned: AbstractSet[LocalSymbol] = frozenset()
        """Variables that are assigned somewhere after their declaration."""

        # What the emitted code turned out to need.
        self.uses_steps = False
        self.uses_allowance = False
        self.ends_iterators = False
        """True if an iterator has code to run when it is left early."""

        # Variables and values.
        self.celled: set[LocalSymbol] = set()
        """Variables that live in cells: see `apimpolicy.csharp.emit.variables`."""
        self.with_cells: set[LocalFunctionSymbol] = set()
        """Local functions that use the variables of one iteration."""
        self.never_null: set[LocalSymbol] = set()
        """Variables that are set once, to a value that cannot be null."""
        self.non_negative: set[str] = set()
        """Python variables that count up from zero or more."""
        self.passed: set[Expression] = set()
        """Lambdas and methods that are passed to members that want delegates: their type is never needed."""
        self.wrapped: tuple[ast.expr, ast.expr, Type] | None = None
        """The last result that was brought into its range: as emitted, before that, and its type."""

        # The place that is being emitted.
        self.here = OpenFunction()
        self.repeating = 0
        """The number of open constructs whose body runs more than once: loops and functions."""
        self._hoisted: list[list[ast.stmt]] = [[]]
        """Statements that must come before the one that is being emitted: the bodies of lambdas."""
        self._links: dict[Expression, str | None] = {}
        """The links of the chains that are being emitted, with the Python variable of those that have one."""

        self._counter = 0
        self._interned: dict[Hashable, str] = {}
        self._kept: list[Any] = []
        self._symbols: dict[LocalSymbol | LocalFunctionSymbol, str] = {}
        self._placeholders: dict[Placeholder, str] = {}
        self._not_null: set[Placeholder] = set()
        self._recorded_once: set[Expression] = set()
        """Expressions emitted with recording: some assignments read their target twice."""

    # ------------------------------------------------------------------------------------------- dispatch

    def emit(self, expression: Expression) -> ast.expr:
        """Return the Python expression for a bound one; recorded when a recorder is wanted."""
        if not self.is_deep:
            return self._emit_recorded(expression)
        if expression in self._links:
            held = self._links[expression]
            return self.at(load(held), expression) if held is not None else self._emit_recorded(expression)
        return self._emit_chain(expression)

    def _emit_chain(self, expression: Expression) -> ast.expr:
        """Emit a possible end of a long chain, in pieces."""
        from apimpolicy.csharp.emit.outlining import chain_of, ends_of_pieces

        links = chain_of(expression)
        self._links.update(dict.fromkeys(links))
        steps: list[ast.expr] = []
        for end in ends_of_pieces(links, recording=self.recording):
            name = self.fresh()
            steps.append(walrus(name, self._emit_recorded(end)))
            self._links[end] = name
        made = self._emit_recorded(expression)
        for link in links:
            del self._links[link]
        return last_of(*steps, made) if steps else made

    def _emit_recorded(self, expression: Expression) -> ast.expr:
        try:
            made = self.emit_plain(expression)
        except NotSimulatedError as error:
            if error.span is None:
                error.span = self.span_of(expression)
            raise
        if not self.recording or expression.is_constant or isinstance(expression, _NOT_RECORDED):
            return made
        repeats = self.repeating or expression in self._recorded_once
        self._recorded_once.add(expression)
        return self.at(call(load(RECORD if repeats else ONCE), self.bring(expression, "node"), made), expression)

    def emit_plain(self, expression: Expression) -> ast.expr:
        if expression.is_constant:
            made = self.literal(expression.constant)
        else:
            made = EXPRESSIONS[expression.kind](self, expression)
        return self.at(made, expression)

    def statement(self, statement: Statement) -> list[ast.stmt]:
        """Return one statement, preceded by the functions that its lambdas became."""
        self._hoisted.append([])
        repeats = type(statement) in REPEATING
        self.repeating += repeats
        try:
            made = STATEMENTS[statement.kind](self, statement)
        except NotSimulatedError as error:
            if error.span is None:
                error.span = self.span_of(statement)
            raise
        self.repeating -= repeats
        before = self._hoisted.pop()
        return [self.at(s, statement) if not hasattr(s, "lineno") else s for s in (*before, *made)]

    def body(self, statement: Statement) -> list[ast.stmt]:
        """Return a statement as the body of something in Python: at least `pass`."""
        return self.statement(statement) or [ast.Pass()]

    def hoisting(self, expression: Expression) -> tuple[list[ast.stmt], ast.expr]:
        """Return the functions that the lambdas of an expression became, and the Python expression."""
        self._hoisted.append([])
        made = self.emit(expression)
        return self._hoisted.pop(), made

    def hoist(self, function: ast.stmt) -> None:
        self._hoisted[-1].append(function)

    def returning(self, expression: Expression) -> list[ast.stmt]:
        before, value = self.hoisting(expression)
        return [*before, self.at(ast.Return(value), expression)]

    # --------------------------------------------------------------------------------------------- names

    def fresh(self, hint: str = "t") -> str:
        self._counter += 1
        return f"{hint}_{self._counter}"

    def bring(self, value: Any, hint: str) -> ast.Name:
        """Return a name in the emitted code's namespace for an object; the same object has the same name."""
        key = (type(value), value if isinstance(value, (str, tuple)) else id(value))
        name = self._interned.get(key)
        if name is None:
            name = self.fresh(hint if _PLAIN.fullmatch(hint) else "value")
            self._interned[key] = name
            self._kept.append(value)
            self.namespace[name] = value
        return load(name)

    def function(self, target: Callable[..., Any]) -> ast.Name:
        return self.bring(target, getattr(target, "__name__", "function"))

    def run(self, target: Callable[..., Any], *arguments: ast.expr) -> ast.Call:
        return call(self.function(target), *arguments)

    def literal(self, value: Any) -> ast.expr:
        """Return a constant; what Python has no literal for comes from the namespace."""
        if value is None or isinstance(value, (bool, int, str)):
            return constant(value)
        if isinstance(value, float) and value == value and abs(value) != float("inf"):
            return constant(value)
        return self.bring(value, "constant")

    def type_constant(self, type_: Type) -> ast.expr:
        return self.bring(type_.nameless, "type")

    def types_constant(self, types: tuple[Type, ...]) -> ast.expr:
        """Return the tuple of type arguments that an implementation requested."""
        return self.bring(tuple([type_.nameless for type_ in types]), "types")

    def step(self) -> ast.Call:
        self.uses_steps = True
        return call(load(STEP))

    # ----------------------------------------------------------------------------------------- variables

    def symbol_name(self, symbol: LocalSymbol | LocalFunctionSymbol) -> str:
        """Return the Python variable of a C# variable; unique, so that scopes need no care."""
        name = self._symbols.get(symbol)
        if name is None:
            hint = symbol.name if _PLAIN.fullmatch(symbol.name) else "variable"
            name = self._symbols[symbol] = self.fresh(hint)
        return name

    def read(self, symbol: LocalSymbol) -> ast.expr:
        if symbol.kind == "global":
            return load("context")
        name = load(self.symbol_name(symbol))
        return attribute(name, "value") if symbol in self.celled else name

    def assign(self, symbol: LocalSymbol, value: ast.expr) -> ast.expr:
        """Store into a variable, as an expression whose value is the stored one."""
        name = "context" if symbol.kind == "global" else self.symbol_name(symbol)
        if symbol in self.celled:
            return self.run(runtime.set_cell, load(name), value)
        return walrus(name, value)

    def plain_variable(self, target: Expression) -> str | None:
        """Return the Python variable that a C# one is, when it can be assigned by a statement of its own."""
        if isinstance(target, nodes.Local) and target.symbol.kind != "global" and target.symbol not in self.celled:
            return self.symbol_name(target.symbol)
        return None

    def with_placeholder(self, placeholder: Placeholder, name: str, *, not_null: bool = False) -> None:
        """Read a placeholder from a Python variable from here on."""
        self._placeholders[placeholder] = name
        if not_null:
            self._not_null.add(placeholder)

    def read_placeholder(self, placeholder: Placeholder) -> ast.expr:
        return load(self._placeholders[placeholder])

    # ---------------------------------------------------------------------------------------------- null

    def known_not_null(self, expression: Expression) -> bool:
        """Return whether a value can be proved not to be null without running."""
        if isinstance(expression, _NEVER_NULL):
            return True
        if expression.is_constant:
            return expression.constant is not None
        if expression.type.is_value_type and expression.type.underlying is None:
            return True
        if isinstance(expression, nodes.Placeholder):
            return expression in self._not_null
        if isinstance(expression, nodes.Binary) and expression.operator == "+" and str(expression.type) == "string":
            return True
        if isinstance(expression, nodes.Call) and expression.method.declaring.name == "string":
            return str(expression.method.returns) in ("string", "string[]")  # no method of System.String returns null
        if not isinstance(expression, nodes.Local):
            return False
        return expression.symbol.kind == "global" or expression.symbol in self.never_null

    def or_null_reference(self, name: str, value: ast.expr | None = None) -> ast.expr:
        """Return a Python variable (which gets the value here), or NullReferenceException when it is null."""
        tested = load(name) if value is None else walrus(name, value)
        return conditional(is_not_none(tested), load(name), self.run(runtime.null_reference))

    def checked_receiver(self, expression: Expression) -> ast.expr:
        """Return a receiver that is passed to a function: NullReferenceException when it is null."""
        value = self.emit(expression)
        return value if self.known_not_null(expression) else self.or_null_reference(self.fresh(), value)

    # ------------------------------------------------------------------------------------------ positions

    def span_of(self, bound: Bound) -> Span:
        """(source, start, end) of a bound node, in the file itself."""
        syntax, source = bound.syntax, self.excerpt.source
        start = self.excerpt.locate(syntax.start)
        end = self.excerpt.locate(max(syntax.end - 1, syntax.start)) + 1
        return file_of(source), *source.original_span(start, max(start, end))

    def at(self, node: _Located, bound: Bound) -> _Located:
        syntax = bound.syntax
        source = self.excerpt.source
        start = self.excerpt.locate(syntax.start)
        end = self.excerpt.locate(max(syntax.end - 1, syntax.start)) + 1
        line, column = source.position(start)
        end_line, end_column = source.position(end)
        if (end_line, end_column) < (line, column):
            end_line, end_column = line, column
        located: Any = node
        located.lineno, located.col_offset = line, self._utf8(line, column)
        located.end_lineno, located.end_col_offset = end_line, self._utf8(end_line, end_column)
        return node

    def _utf8(self, line: int, column: int) -> int:
        text = self.excerpt.source.line(line)
        return column - 1 if text.isascii() else len(text[: column - 1].encode("utf-8", "replace"))


_NEVER_NULL = (
    nodes.InterpolatedString,
    nodes.ObjectCreation,
    nodes.ArrayCreation,
    nodes.AnonymousCreation,
    nodes.TupleCreation,
    nodes.Lambda,
    nodes.TypeOf,
)
_NOT_RECORDED = (
    nodes.Placeholder,
    nodes.TypeReference,
    nodes.NamespaceReference,
    nodes.MethodGroup,
    nodes.Lambda,
    nodes.OutVariable,
    nodes.DefaultValue,
)
