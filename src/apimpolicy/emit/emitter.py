"""One bound expression in, one Python function out."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from apimpolicy.binding.nodes import Block
from apimpolicy.emit.frames import FILENAME_PREFIX
from apimpolicy.emit.statements import StatementEmitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.binding import BoundExpression


def emit(bound: BoundExpression, *, recording: bool = False) -> Callable[..., Any]:
    """The Python function of a bound expression without errors: `f(context)`, or `f(context, record)` when recording."""
    emitter = StatementEmitter(bound.excerpt, recording=recording)
    body = bound.body
    if isinstance(body, Block):
        statements = emitter.body(body)
    else:
        emitter._hoisted.append([])
        value = emitter.emit(body)
        statements = [*emitter._hoisted.pop(), ast.Return(value)]
    names = ["context", "record"] if recording else ["context"]
    arguments = ast.arguments([], [ast.arg(name) for name in names], None, [], [], None, [])
    function = ast.FunctionDef("expression", arguments, statements, [], None, None)
    emitter.at(function, body)
    module = ast.fix_missing_locations(ast.Module([function], []))
    code = compile(module, FILENAME_PREFIX + bound.excerpt.source.path, "exec", dont_inherit=True)
    namespace = emitter.namespace
    exec(code, namespace)
    return namespace["expression"]  # type: ignore[no-any-return]
