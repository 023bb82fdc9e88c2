"""Names, constants and positions: what all parts of the emitter share."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from apimpolicy.binding.nodes import Bound, Expression, Placeholder
from apimpolicy.emit import runtime
from apimpolicy.emit.chains import chain_of, ends_of_pieces
from apimpolicy.emit.frames import file_of
from apimpolicy.errors import NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from apimpolicy.binding.symbols import LocalFunctionSymbol, LocalSymbol
    from apimpolicy.dotnet.types import Type
    from apimpolicy.emit.frames import Span
    from apimpolicy.text.source import Excerpt

_LOAD, _STORE = ast.Load(), ast.Store()
STEP = "step"
"""The variable of emitted code that holds `environment().step`; no C# variable has a name without a number."""
ALLOWANCE, LEFT = "allowance", "left"
"""`environment().allowance`, and how many steps are left of the last one."""
HANDLERS = "handlers"
"""The `try` statements that run now: see `apimpolicy.emit.two_passes`."""
RECORDER, ONCE, RECORD = "recorder", "once", "record"
"""What recording code says: see `apimpolicy.emit.recording`."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def constant(value: Any) -> ast.Constant:
    return ast.Constant(value)


def load(name: str) -> ast.Name:
    return ast.Name(name, _LOAD)


def store(name: str) -> ast.Name:
    return ast.Name(name, _STORE)


def attribute(value: ast.expr, name: str) -> ast.Attribute:
    return ast.Attribute(value, name, _LOAD)


def call(function: ast.expr, *arguments: ast.expr) -> ast.Call:
    return ast.Call(function, list(arguments), [])


def conditional(test: ast.expr, body: ast.expr, orelse: ast.expr) -> ast.IfExp:
    return ast.IfExp(test, body, orelse)


def tuple_of(*elements: ast.expr) -> ast.Tuple:
    return ast.Tuple(list(elements), _LOAD)


def last_of(*elements: ast.expr) -> ast.expr:
    """Evaluate all in order, give the last."""
    return ast.Subscript(tuple_of(*elements), constant(len(elements) - 1), _LOAD)


def is_none(value: ast.expr) -> ast.expr:
    if isinstance(value, ast.Constant):  # Python warns of a literal beside `is`
        return constant(value.value is None)
    return ast.Compare(value, [ast.Is()], [constant(None)])


def is_not_none(value: ast.expr) -> ast.expr:
    if isinstance(value, ast.Constant):
        return constant(value.value is not None)
    return ast.Compare(value, [ast.IsNot()], [constant(None)])


def walrus(name: str, value: ast.expr) -> ast.NamedExpr:
    return ast.NamedExpr(store(name), value)


class EmitterCore:
    """One emitter emits one expression."""

    def __init__(self, excerpt: Excerpt, *, recording: bool) -> None:
        self.excerpt = excerpt
        self.recording = recording
        self.namespace: dict[str, Any] = {"__builtins__": {}}
        self.is_deep = False
        """Whether the syntax tree has many levels: then chains are looked at for their length."""
        self.uses_steps = False
        self.uses_allowance = False
        self.never_null: set[LocalSymbol] = set()
        """Variables that are set once, to a value that cannot be null."""
        self.non_negative: set[str] = set()
        """Python variables that count up from zero or more."""
        self.reassigned: AbstractSet[LocalSymbol] = frozenset()
        """Variables that are assigned somewhere after their declaration."""
        self._links: dict[Expression, str | None] = {}
        """The links of the chains that are being emitted, with the Python variable of those that have one."""
        self.has_two_passes = False
        """Whether filters of exceptions and `finally` blocks meet, so that it shows which run first."""
        self.has_iterators = False
        """Whether the expression has functions with `yield`: only then does the end of a `foreach` matter."""
        self.ends_iterators = False
        """Whether one of these has something to do when it is left early."""
        self.repeats = False
        """Whether something in the expression may run more than once: a loop, a jump, a function."""
        self.repeating = 0
        """How many things are open that run what they hold more than once: loops and functions."""
        self._recorded_once: set[Expression] = set()
        """What was emitted with its recording: some assignments read their target twice."""
        self._interned: dict[tuple[type, object], str] = {}
        self._counter = 0
        self._symbols: dict[LocalSymbol | LocalFunctionSymbol, str] = {}
        self._celled: set[LocalSymbol] = set()
        self._placeholders: dict[Placeholder, Callable[[], ast.expr]] = {}
        self._not_null: set[Placeholder] = set()
        self._hoisted: list[list[ast.stmt]] = [[]]
        """Statements that must come before the one that is being emitted: the bodies of lambdas."""
        self._kept: list[Any] = []

    # --------------------------------------------------------------------------------------------- names

    def fresh(self, hint: str = "t") -> str:
        """A new Python name."""
        self._counter += 1
        return f"{hint}_{self._counter}"

    def bring(self, value: Any, hint: str) -> ast.Name:
        """A name in the emitted code's namespace for an object; the same object has the same name."""
        key = (type(value), value if isinstance(value, (str, tuple)) else id(value))
        name = self._interned.get(key)
        if name is None:
            name = self.fresh(hint if _PLAIN.fullmatch(hint) else "value")
            self._interned[key] = name
            self._kept.append(value)
            self.namespace[name] = value
        return load(name)

    def function(self, target: Callable[..., Any]) -> ast.Name:
        """A function that emitted code may call."""
        return self.bring(target, getattr(target, "__name__", "function"))

    def run(self, target: Callable[..., Any], *arguments: ast.expr) -> ast.Call:
        """A call of one of our own functions."""
        return call(self.function(target), *arguments)

    def type_constant(self, type_: Type) -> ast.expr:
        return self.bring(type_, "type")

    def types_constant(self, types: tuple[Type, ...]) -> ast.expr:
        """The tuple of type arguments that an implementation asked for."""
        return self.bring(types, "types")

    def step(self) -> ast.Call:
        """One step of the policy: every loop and every recursion makes some."""
        self.uses_steps = True
        return call(load(STEP))

    def set_once(self, symbol: LocalSymbol, value: Expression | None) -> None:
        """A declaration: a variable that nothing else sets is never null when its value is not."""
        if (
            symbol not in self.reassigned
            and not symbol.is_referenced
            and value is not None
            and self.known_not_null(value)
        ):
            self.never_null.add(symbol)

    def symbol_name(self, symbol: LocalSymbol | LocalFunctionSymbol) -> str:
        """The Python variable of a C# variable; unique, so that scopes need no care."""
        name = self._symbols.get(symbol)
        if name is None:
            hint = symbol.name if _PLAIN.fullmatch(symbol.name) else "variable"
            name = self._symbols[symbol] = self.fresh(hint)
        return name

    # ------------------------------------------------------------------------------------------ positions

    def span_of(self, bound: Bound) -> Span:
        """(source, start, end) of a bound node, in the file itself."""
        syntax, source = bound.syntax, self.excerpt.source
        start = self.excerpt.locate(syntax.start)
        end = self.excerpt.locate(max(syntax.end - 1, syntax.start)) + 1
        return file_of(source), *source.original_span(start, max(start, end))

    def at(self, node: Any, bound: Bound) -> Any:
        """Give a Python node the position of a bound one."""
        syntax = bound.syntax
        source = self.excerpt.source
        start = self.excerpt.locate(syntax.start)
        end = self.excerpt.locate(max(syntax.end - 1, syntax.start)) + 1
        line, column = source.position(start)
        end_line, end_column = source.position(end)
        node.lineno, node.col_offset = line, self._utf8(line, column)
        if (end_line, end_column) < (line, column):
            end_line, end_column = line, column
        node.end_lineno, node.end_col_offset = end_line, self._utf8(end_line, end_column)
        return node

    def _utf8(self, line: int, column: int) -> int:
        text = self.excerpt.source.line(line)
        return column - 1 if text.isascii() else len(text[: column - 1].encode("utf-8", "replace"))

    # ------------------------------------------------------------------------------------------- dispatch

    def emit(self, expression: Expression) -> ast.expr:
        """The Python expression for a bound one; recorded when a recorder is wanted."""
        if not self.is_deep:
            return self._emit_recorded(expression)
        if expression in self._links:
            held = self._links[expression]
            return self.at(load(held), expression) if held is not None else self._emit_recorded(expression)
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
        if self.recording and not isinstance(expression, Placeholder) and is_recorded(expression):
            repeats = self.repeating or expression in self._recorded_once
            self._recorded_once.add(expression)
            return self.at(call(load(RECORD if repeats else ONCE), self.bring(expression, "node"), made), expression)  # type: ignore[no-any-return]
        return made

    def emit_plain(self, expression: Expression) -> ast.expr:
        raise NotImplementedError

    def emit_lambda_body(self, *arguments: Any) -> Any:
        raise NotImplementedError

    def with_placeholder(self, placeholder: Placeholder, name: str, *, not_null: bool = False) -> None:
        """From here on the placeholder is read from a Python variable."""
        self._placeholders[placeholder] = lambda: load(name)
        if not_null:
            self._not_null.add(placeholder)

    def known_not_null(self, expression: Expression) -> bool:
        """Whether a value can be proved not to be null without running."""
        from apimpolicy.binding import nodes

        if isinstance(
            expression,
            (
                nodes.InterpolatedString,
                nodes.ObjectCreation,
                nodes.ArrayCreation,
                nodes.AnonymousCreation,
                nodes.TupleCreation,
                nodes.Lambda,
                nodes.TypeOf,
            ),
        ):
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
        return expression.symbol.kind == "context" or expression.symbol in self.never_null

    def checked_receiver(self, expression: Expression) -> ast.expr:
        """A receiver that is passed to a function: NullReferenceException when it is null."""
        value = self.emit(expression)
        if self.known_not_null(expression):
            return value
        name = self.fresh()
        return conditional(is_not_none(walrus(name, value)), load(name), self.run(runtime.null_reference))


def is_recorded(expression: Expression) -> bool:
    """Which sub-expressions people want to see the value of."""
    from apimpolicy.binding import nodes

    return not expression.is_constant and not isinstance(
        expression,
        (
            nodes.TypeReference,
            nodes.NamespaceReference,
            nodes.MethodGroup,
            nodes.Lambda,
            nodes.OutVariable,
            nodes.DefaultValue,
        ),
    )
