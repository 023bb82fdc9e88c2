"""Compiled expressions: what the engine evaluates and what `from apimpolicy import compile_expression` gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import BoundExpression, bind
from apimpolicy.binding.nodes import Block
from apimpolicy.diagnostics import Diagnostic, Severity
from apimpolicy.dotnet.environment import Environment, has_environment, use_environment
from apimpolicy.emit.frames import as_policy_error, ends_at_memory
from apimpolicy.errors import PolicySyntaxError, PolicyTypeError
from apimpolicy.syntax.depth import ORDINARY_DEPTH, with_room
from apimpolicy.syntax.parser import parse
from apimpolicy.text.source import OPEN, Excerpt, has_hole

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type
    from apimpolicy.emit.recorder import Recorder


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
        """Return the value for a context, as a plain Python value of the static type (see `apimpolicy.dotnet.values`).

        Runs in the current environment (see `apimpolicy.dotnet.environment`), or in a fresh default one.
        Raises DotnetException for what C# would throw, NotSimulatedError for what is not simulated,
        LimitExceededError when a limit of the current environment is exceeded, and InternalError for an error of the
        library; each with `.span`. A lazy sequence is not enumerated here: see `emit.frames.as_policy_error`.
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
            found = as_policy_error(error)
            if found is error:
                raise
            raise found from found.__cause__

    def _emit(self, *, recording: bool) -> Callable[..., Any]:
        from apimpolicy.emit.emitter import emit, may_recurse

        self._is_recursive = self.is_block and may_recurse(self.bound.body)
        return emit(self.bound, recording=recording)

    def __repr__(self) -> str:
        return f"<CompiledExpression {self.static_type}: {self.excerpt.text!r}>"


@ends_at_memory
def compile_expression(code: str | Excerpt) -> CompiledExpression:
    """Parse and bind a policy expression, `@( … )` or `@{ … }`.

    Raises PolicySyntaxError or PolicyTypeError, with `.diagnostics`. Expressions given as text are cached.
    """
    return _compile_text(code) if isinstance(code, str) else _compile(code)


def check_expression(excerpt: Excerpt) -> list[Diagnostic]:
    """Return the compiler's diagnostics of an expression; empty when it is legal."""
    try:
        return _bound(excerpt).diagnostics
    except PolicySyntaxError as error:
        return list(error.diagnostics)


def _bound(excerpt: Excerpt) -> BoundExpression:
    """Parse and bind. Raises PolicySyntaxError, also when the code is nested too deeply or has a hole in it."""
    if has_hole(excerpt.text):
        start = excerpt.text.index(OPEN)
        message = "a part of the expression is not known, so that it cannot run"
        raise PolicySyntaxError([Diagnostic.within(excerpt, start, start + 1, "CS1056", message)])
    tree = parse(excerpt)
    try:
        return bind(tree, excerpt)
    except RecursionError:
        message = "the expression is nested too deeply"
        found = Diagnostic.within(
            excerpt, tree.start, tree.end, "CS8078", message, help="Split it into several statements."
        )
        raise PolicySyntaxError([found]) from None


def _compile(excerpt: Excerpt) -> CompiledExpression:
    bound = _bound(excerpt)
    if any(found.severity is Severity.ERROR for found in bound.diagnostics):
        raise PolicyTypeError(bound.diagnostics)
    return CompiledExpression(bound)


@lru_cache(maxsize=1024)
def _compile_text(code: str) -> CompiledExpression:
    return _compile(Excerpt.of(code))
