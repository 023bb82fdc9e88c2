"""Python's exceptions as C#'s, with their place in the policy.

`None.attribute` is a NullReferenceException: emitted code does not check receivers of attributes, so the happy path
costs nothing. The place of an error comes from the positions that the emitted code carries.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from apimpolicy.dotnet.environment import environment, stop_evaluation
from apimpolicy.dotnet.exceptions import DotnetException, NullReferenceException
from apimpolicy.errors import ApimPolicyError, InternalError, LimitExceededError, NotSimulatedError

if TYPE_CHECKING:
    from types import TracebackType

    from apimpolicy.text.source import Excerpt, Source

    Span = tuple[Source, int, int]

P = ParamSpec("P")
T = TypeVar("T")
FILENAME_PREFIX = "<policy> "
"""Emitted code objects have a file name that begins with this."""
EXCERPT = "excerpt"
"""The name under which the globals of emitted code hold its excerpt; no C# variable has a name without a number."""
MAX_RECURSION = 10_000
"""About so many calls fit; .NET's stack of a megabyte has room for as many of a small function."""
CAUGHT = (DotnetException, AttributeError, RecursionError)
"""Exceptions a `catch` examines; all others pass through it."""


def as_dotnet(error: BaseException) -> DotnetException:
    """Return the C# exception of a Python one; anything else (an internal error, a limit) is raised again."""
    if isinstance(error, DotnetException):
        return error
    if isinstance(error, AttributeError) and error.obj is None and error.name is not None and _is_emitted(error):
        return NullReferenceException().with_traceback(error.__traceback__)
    if isinstance(error, RecursionError):
        raise LimitExceededError("recursion", MAX_RECURSION).with_traceback(error.__traceback__) from None
    raise error


def runs_endings() -> bool:
    """Return whether `finally`, or the end of a resource or iterator, runs: not after a limit or an internal error."""
    error = sys.exc_info()[1]
    if isinstance(error, GeneratorExit) and not environment().being_ended:
        return False
    if error is None or isinstance(error, (DotnetException, AttributeError, GeneratorExit)):
        return not environment().is_over
    stop_evaluation()
    return False


def as_policy_error(error: Exception) -> ApimPolicyError:
    """Return the exception of the library for one in an evaluation, with its place in the policy."""
    found: ApimPolicyError
    if isinstance(error, ApimPolicyError):
        found = error
    elif isinstance(error, CAUGHT):
        try:
            found = as_dotnet(error)
        except LimitExceededError as limit:
            found = limit
        except AttributeError:
            found = _internal(error)
    elif isinstance(error, MemoryError):
        found = out_of_memory()
    else:
        found = _internal(error)
    if (
        isinstance(found, (DotnetException, NotSimulatedError, LimitExceededError, InternalError))
        and found.span is None
    ):
        found.span = span_of(error.__traceback__)
    return found


def out_of_memory() -> LimitExceededError:
    """The system gave no more memory: a limit like others, that of the process."""
    from apimpolicy.dotnet.process_limits import MEMORY

    return LimitExceededError("memory", MEMORY)


def ends_at_memory(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function raise LimitExceededError where the system gives no more memory."""

    @wraps(function)
    def held(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return function(*arguments, **options)
        except MemoryError:
            raise out_of_memory() from None

    return held


def _internal(error: Exception) -> InternalError:
    found = InternalError(f"{type(error).__name__}: {error}")
    found.__cause__ = error
    return found


def _is_emitted(error: BaseException) -> bool:
    """Return whether the innermost frame is emitted code; elsewhere an AttributeError is a fault of the library."""
    traceback = error.__traceback__
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_code.co_filename.startswith(FILENAME_PREFIX)


def span_of(traceback: TracebackType | None) -> Span | None:
    """(source, start, end) of the innermost emitted code on a traceback; offsets are those of the file itself."""
    innermost: TracebackType | None = None
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename.startswith(FILENAME_PREFIX):
            innermost = traceback
        traceback = traceback.tb_next
    if innermost is None:
        return None
    frame: Any = innermost.tb_frame
    excerpt: Excerpt | None = frame.f_globals.get(EXCERPT)
    if excerpt is None:
        return None
    for index, place in enumerate(frame.f_code.co_positions()):
        if index == innermost.tb_lasti // 2:
            line, end_line, column, end_column = place
            if line is None or end_line is None or column is None or end_column is None:
                return None
            source = file_of(excerpt.source)
            return source, _offset(source, line, column), _offset(source, end_line, end_column)
    return None


def file_of(source: Source) -> Source:
    """Return the file itself, when a source was made from it by replacing named values."""
    while source.origin is not None:
        source = source.origin
    return source


def _offset(source: Source, line: int, column: int) -> int:
    """Return the offset of a line and a UTF-8 column."""
    starts = source.line_starts
    start = starts[min(line, len(starts)) - 1]
    text = source.line(min(line, len(starts)))
    if text.isascii():
        return start + column
    return start + len(text.encode("utf-8", "replace")[:column].decode("utf-8", "ignore"))
