"""One bound expression in, one Python function out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from apimpolicy.binding.nodes import Block
from apimpolicy.dotnet.environment import environment
from apimpolicy.emit.core import STEP, call, store
from apimpolicy.emit.frames import EXCERPT, FILENAME_PREFIX
from apimpolicy.emit.statements import StatementEmitter
from apimpolicy.errors import LimitExceededError, NotSimulatedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.binding import BoundExpression


MAXIMUM_NESTING = 200
"""Levels of nesting that can be emitted whatever the levels are made of; Python's own recursion limit decides."""


def emit(bound: BoundExpression, *, recording: bool = False) -> Callable[..., Any]:
    """The Python function of a bound expression without errors: `f(context)`, or `f(context, record)` when recording.

    Raises NotSimulatedError for what has no Python form, LimitExceededError for code that is nested too deeply.
    """
    emitter = StatementEmitter(bound.excerpt, recording=recording)
    try:
        module = _module(emitter, bound, recording)
        code = compile(module, FILENAME_PREFIX + bound.excerpt.source.path, "exec", dont_inherit=True)
    except RecursionError:
        error = LimitExceededError("nesting", MAXIMUM_NESTING)
        error.span = emitter.span_of(bound.body)
        raise error from None
    except SyntaxError as refusal:
        # Python's compiler has a limit on blocks, which are loops and try statements.
        missing = NotSimulatedError("so much nesting", "more than 20 loops, switches and try statements in one another")
        if "statically nested" not in str(refusal):
            raise
        missing.span = emitter.span_of(bound.body)
        raise missing from None
    namespace = emitter.namespace
    namespace[EXCERPT] = bound.excerpt
    exec(code, namespace)
    return namespace["expression"]  # type: ignore[no-any-return]


def _module(emitter: StatementEmitter, bound: BoundExpression, recording: bool) -> ast.Module:
    body = bound.body
    statements = emitter.body(body) if isinstance(body, Block) else emitter.returning(body)
    if emitter.uses_steps:
        step = ast.Attribute(call(emitter.function(environment)), "step", ast.Load())
        statements.insert(0, ast.Assign([store(STEP)], step))
    names = ["context", "record"] if recording else ["context"]
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    function = ast.FunctionDef("expression", arguments, statements, [], None, None)
    emitter.at(function, body)
    return ast.fix_missing_locations(ast.Module([function], []))
