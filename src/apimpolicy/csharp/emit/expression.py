"""Compiled expressions: one bound expression in, one Python function out.

They are what the engine evaluates and what `from apimpolicy import compile_expression` gives.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache, partial
from types import CodeType
from typing import TYPE_CHECKING, Any, TypeAlias

from apimpolicy.csharp.binding import BoundExpression, bind, nodes
from apimpolicy.csharp.binding.nodes import Block, Bound, Catch, Foreach, Goto, Loop, Try, Using, Yield
from apimpolicy.csharp.binding.symbols import LocalFunctionSymbol, LocalSymbol
from apimpolicy.csharp.dotnet.environment import Environment, environment, has_environment, use_environment
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.emit import variables
from apimpolicy.csharp.emit.building import assign, attribute, constant, function_def, parameters
from apimpolicy.csharp.emit.core import ALLOWANCE, HANDLERS, LEFT, RECORDER, STEP, Emitter
from apimpolicy.csharp.emit.runtime import EXCERPT, FILENAME_PREFIX, as_policy_error, ends_at_memory
from apimpolicy.csharp.host import CONTEXT, GlobalObject
from apimpolicy.csharp.syntax.depth import MAXIMUM_DEPTH, ORDINARY_DEPTH, with_room
from apimpolicy.csharp.syntax.parser import parse
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.errors import LimitExceededError, PolicySyntaxError, PolicyTypeError
from apimpolicy.text.source import OPEN, Excerpt, has_hole

if TYPE_CHECKING:
    from apimpolicy.csharp.emit.recording import Recorder

    _Function: TypeAlias = LocalFunctionSymbol | LocalSymbol


class CompiledExpression:
    """A legal policy expression; `type` is its static type.

    Python code is made on the first evaluation; checking alone never makes any.
    """

    __slots__ = ("_is_recursive", "_plain", "_recording", "_static_type", "bound", "excerpt", "type")

    def __init__(self, bound: BoundExpression) -> None:
        self.bound = bound
        self.excerpt = bound.excerpt
        self._plain: Callable[..., Any] | None = None
        self._recording: Callable[..., Any] | None = None
        self._static_type: str | None = None
        self._is_recursive = False
        self.type: Type = bound.type

    @property
    def static_type(self) -> str:
        """The static type in C# spelling, e.g. `bool` or `Newtonsoft.Json.Linq.JObject`."""
        if self._static_type is None:
            self._static_type = self.bound.static_type
        return self._static_type

    @property
    def is_block(self) -> bool:
        return isinstance(self.bound.body, Block)

    def evaluate(self, context: Any, *, recorder: Recorder | None = None) -> Any:
        """Return the value for a context, as a plain Python value of the static type (`csharp.dotnet.values`).

        Runs in the current environment (see `apimpolicy.csharp.dotnet.environment`), or in a fresh default one.
        Raises DotnetException for what C# would throw, NotSimulatedError for what is not simulated,
        LimitExceededError when a limit of the current environment is exceeded, and InternalError for an error of the
        library; each with `.span`. A lazy sequence is not enumerated here: see `emit.runtime.as_policy_error`.
        """
        if not has_environment():
            with use_environment(Environment()):
                return self.evaluate(context, recorder=recorder)
        try:
            if recorder is not None:
                if self._recording is None:
                    self._recording = self._emit(recording=True)
                if self._is_recursive:
                    return with_room(ORDINARY_DEPTH + 1, self._recording, context, recorder)
                return self._recording(context, recorder)
            if self._plain is None:
                self._plain = self._emit(recording=False)
            if self._is_recursive:
                return with_room(ORDINARY_DEPTH + 1, self._plain, context)
            return self._plain(context)
        except Exception as error:
            policy_error = as_policy_error(error)
            if policy_error is error:
                raise
            raise policy_error from policy_error.__cause__

    def _emit(self, *, recording: bool) -> Callable[..., Any]:

        self._is_recursive = self.is_block and may_recurse(self.bound.body)
        return emit(self.bound, recording=recording)

    def __repr__(self) -> str:
        return f"<CompiledExpression {self.static_type}: {self.excerpt.text!r}>"


@ends_at_memory
def compile_expression(code: str | Excerpt, given: GlobalObject = CONTEXT) -> CompiledExpression:
    """Parse and bind a policy expression, `@( … )` or `@{ … }`; `given` is the object that it can name.

    Raises PolicySyntaxError or PolicyTypeError, with `.diagnostics`. Expressions given as text are cached.
    """
    return _compile_text(code, given) if isinstance(code, str) else _compile(code, given)


def check_expression(excerpt: Excerpt) -> list[Diagnostic]:
    """Return the compiler's diagnostics of an expression; empty when it is legal."""
    try:
        return _bound(excerpt, CONTEXT).diagnostics
    except PolicySyntaxError as error:
        return list(error.diagnostics)


def _bound(excerpt: Excerpt, given: GlobalObject) -> BoundExpression:
    """Parse and bind. Raises PolicySyntaxError, also when the code is nested too deeply or has a hole in it."""
    if has_hole(excerpt.text):
        start = excerpt.text.index(OPEN)
        message = "a part of the expression is not known, so that it cannot run"
        raise PolicySyntaxError([Diagnostic.within(excerpt, start, start + 1, "CS1056", message)])
    tree = parse(excerpt)
    try:
        return bind(tree, excerpt, given=given)
    except RecursionError:
        message = "the expression is nested too deeply"
        found = Diagnostic.within(
            excerpt, tree.start, tree.end, "CS8078", message, help="Split it into several statements."
        )
        raise PolicySyntaxError([found]) from None


def _compile(excerpt: Excerpt, given: GlobalObject) -> CompiledExpression:
    bound = _bound(excerpt, given)
    if any(found.severity is Severity.ERROR for found in bound.diagnostics):
        raise PolicyTypeError(bound.diagnostics)
    return CompiledExpression(bound)


@lru_cache(maxsize=1024)
def _compile_text(code: str, given: GlobalObject) -> CompiledExpression:
    return _compile(Excerpt.of(code), given)


DEEP_FUNCTIONS = 20
"""Functions in one another whose calls need no more room than usual."""


def emit(bound: BoundExpression, *, recording: bool = False) -> Callable[..., Any]:
    """The Python function of a bound expression without errors: `f(context)`, or `f(context, recorder)` when recording.

    Raises NotSimulatedError for what has no Python form, LimitExceededError for code that is nested too deeply.
    """
    return with_room(bound.levels, _emit, bound, recording)


def _emit(bound: BoundExpression, recording: bool) -> Callable[..., Any]:
    emitter = Emitter(bound.excerpt, recording=recording)
    emitter.is_deep = bound.levels > ORDINARY_DEPTH
    filename = FILENAME_PREFIX + bound.excerpt.source.path
    try:
        with variables.remembering():
            function = _function(emitter, bound, recording)
        code = _compiled(emitter, function, filename)
        is_deep = emitter.is_deep and _has_deep_functions(function)
    except RecursionError:
        error = LimitExceededError("nesting", MAXIMUM_DEPTH)
        error.span = emitter.span_of(bound.body)
        raise error from None
    namespace = emitter.namespace
    namespace[EXCERPT] = bound.excerpt
    exec(code, namespace)
    made = namespace["expression"]
    if emitter.ends_iterators:
        made = partial(_call_to_the_end, made)
    return partial(_call_deep, bound.levels, made) if is_deep else made


def _call_deep(levels: int, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function with room for lambdas in lambdas, which call each other as deep as they are nested."""
    here = environment()
    here.change_thread()
    try:
        return with_room(levels, function, *arguments)
    finally:
        here.change_thread()


def _call_to_the_end(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function, and raise what the end of an iterator threw meanwhile."""
    value = function(*arguments)
    here = environment()
    if here.thrown_late is not None:
        error, here.thrown_late = here.thrown_late, None
        raise error
    return value


def _compiled(emitter: Emitter, function: ast.FunctionDef, filename: str) -> CodeType:
    try:
        return compile(_module(function), filename, "exec", dont_inherit=True)
    except SyntaxError as refusal:
        if "statically nested" not in str(refusal):
            raise
    from apimpolicy.csharp.emit.outlining import outlined

    return compile(_module(outlined(function, emitter.fresh)), filename, "exec", dont_inherit=True)


def _module(function: ast.FunctionDef) -> ast.Module:
    return ast.fix_missing_locations(ast.Module([function], []))


def _has_deep_functions(function: ast.FunctionDef) -> bool:
    level: list[ast.AST] = [function]
    for _ in range(DEEP_FUNCTIONS):
        following: list[ast.AST] = []
        waiting = list(level)
        while waiting:
            for child in ast.iter_child_nodes(waiting.pop()):
                (following if isinstance(child, (ast.FunctionDef, ast.Lambda)) else waiting).append(child)
        if not following:
            return False
        level = following
    return True


def _has_two_passes(parts: list[Bound], kinds: set[type[Bound]]) -> bool:
    if not any(isinstance(part, Catch) and part.filter is not None for part in parts):
        return False
    has_finally = any(isinstance(part, Try) and part.finally_body is not None for part in parts)
    return has_finally or Using in kinds or {Yield, Foreach} <= kinds


def _function(emitter: Emitter, bound: BoundExpression, recording: bool) -> ast.FunctionDef:
    body = bound.body
    parts = list(body.walk())
    kinds = {type(node) for node in parts}
    emitter.has_iterators = Yield in kinds
    emitter.has_two_passes = _has_two_passes(parts, kinds)
    emitter.repeats = not kinds.isdisjoint(variables.REPEATING)
    emitter.repeating = int(Goto in kinds)
    variables.prepare_references(emitter, body)
    emitter.reassigned = variables.facts(body).assigned
    if isinstance(body, Block):
        statements = emitter.body(body)
    else:
        cells = variables.cells_of_referenced(emitter, variables.declared_here(body))
        statements = [*cells, *emitter.returning(body)]
    statements = [*_preparations(emitter), *statements]
    names = ["context"]
    if recording:
        from apimpolicy.csharp.emit.recording import with_recorder

        names.append(RECORDER)
        has_loops = not emitter.is_deep and not kinds.isdisjoint((Loop, Foreach))
        statements = with_recorder(statements, emitter, has_loops=has_loops)
    return emitter.at(function_def("expression", parameters(names), statements), body)


def _preparations(emitter: Emitter) -> list[ast.stmt]:
    """Return the function's first statements, which set the variables that the other statements need."""
    made: list[ast.stmt] = []
    if emitter.has_two_passes:
        from apimpolicy.csharp.emit.exceptions import Handlers

        made.append(assign(HANDLERS, emitter.run(Handlers)))
    if emitter.uses_steps:
        made.append(assign(STEP, attribute(emitter.run(environment), "step")))
    if emitter.uses_allowance:
        allowance = attribute(emitter.run(environment), "allowance")
        made += [assign(ALLOWANCE, allowance), assign(LEFT, constant(0))]
    return made


# Recursion: code that may call itself runs in a thread with a large stack.
# .NET's stack has room for thousands of calls, Python's usual limit for a few hundred.


def may_recurse(body: Bound) -> bool:
    """Return whether a local function, or a lambda through the variable that holds it, may reach itself."""
    mentioned: dict[_Function, set[_Function]] = {}
    waiting: list[tuple[Bound, _Function | None]] = [(body, None)]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, nodes.LocalFunction):
            inside = node.function
            mentioned.setdefault(inside, set())
        held = _held(node)
        if held is not None:
            symbol, function = held
            mentioned.setdefault(symbol, set())
            waiting.append((function, symbol))
            continue
        if inside is not None:
            mentioned[inside].update(_mentions(node))
        waiting.extend((child, inside) for child in node.children())
    return any(_reaches(function, mentioned) for function in mentioned)


def _held(node: Bound) -> tuple[LocalSymbol, Bound] | None:
    """Return the variable that a lambda is given to, and the lambda."""
    if isinstance(node, nodes.LocalDeclaration) and isinstance(node.value, nodes.Lambda):
        return node.symbol, node.value
    if (
        isinstance(node, nodes.Assignment)
        and isinstance(node.target, nodes.Local)
        and isinstance(node.value, nodes.Lambda)
    ):
        return node.target.symbol, node.value
    return None


def _mentions(node: Bound) -> list[_Function]:
    if isinstance(node, nodes.Local):
        return [node.symbol]
    if isinstance(node, nodes.MethodGroup) and node.function is not None:
        return [node.function]
    return []


def _reaches(function: _Function, mentioned: dict[_Function, set[_Function]]) -> bool:
    seen: set[_Function] = set()
    waiting = list(mentioned[function])
    while waiting:
        current = waiting.pop()
        if current is function:
            return True
        if current not in seen:
            seen.add(current)
            waiting.extend(mentioned.get(current, ()))
    return False
