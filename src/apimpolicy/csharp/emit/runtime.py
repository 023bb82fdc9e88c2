"""Functions that emitted code calls and that belong to no .NET type; Python's exceptions as C#'s, with their place.

`None.attribute` is a NullReferenceException: emitted code does not check receivers of attributes, so the happy path
costs nothing. The place of an error comes from the positions that the emitted code carries.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

from apimpolicy.csharp.dotnet.environment import environment, stop_evaluation, work_through
from apimpolicy.csharp.dotnet.exceptions import (
    ArgumentNullException,
    DotnetException,
    InvalidOperationException,
    NullReferenceException,
)
from apimpolicy.csharp.dotnet.system.strings import concat
from apimpolicy.csharp.dotnet.types import NamedType, Type
from apimpolicy.csharp.dotnet.values import reference_equals, type_of
from apimpolicy.errors import ApimPolicyError, InternalError, LimitExceededError, NotSimulatedError
from apimpolicy.records import Record
from apimpolicy.text.source import Excerpt, Source

if TYPE_CHECKING:
    Span = tuple[Source, int, int]


class Cell(Record):
    """A variable that a lambda captured inside a loop: every iteration has its own."""

    value: Any = None


def set_cell(cell: Cell, value: Any) -> Any:
    cell.value = value
    return value


def null_reference() -> NoReturn:
    raise NullReferenceException


def enter_lock(value: Any) -> None:
    if value is None:
        raise ArgumentNullException


def raise_exception(exception: DotnetException | None) -> NoReturn:
    """`throw e`; throwing null throws NullReferenceException. An exception that was thrown before begins anew."""
    if exception is None:
        raise NullReferenceException
    exception.span = None
    raise exception.with_traceback(None)


def not_simulated(name: str, reason: str = "") -> NoReturn:
    raise NotSimulatedError(name, reason)


def nullable_value(value: Any) -> Any:
    """`(T)nullable`, `nullable.Value`."""
    if value is None:
        raise InvalidOperationException("Nullable object must have a value.")
    return value


def set_attribute(target: Any, name: str, value: Any) -> Any:
    """Set a property, and return the value; the name comes from the registry, never from the policy."""
    if target is None:
        raise NullReferenceException
    setattr(target, name, value)
    return value


def worked_through(text: str) -> bool:
    """Steps for one pass over a text; true, so that it can stand in a condition."""
    work_through(len(text))
    return True


def elements(value: Any) -> Any:
    if value is None:
        raise NullReferenceException
    return value


def same_object(value: Any, again: Any) -> bool:
    """Return whether two readings of one place found one object, which may have changed between them."""
    if value is None or not type_of(value).is_value_type:
        return reference_equals(value, again)
    return value is again or (type_of(value) is type_of(again) and bool(value == again))


def both_empty(one: Any, other: Any) -> bool:
    """Return whether a new text is another one: the empty text is one object."""
    return isinstance(one, str) and one == "" == other


def same_part(one: Any, other: Any) -> bool:
    """Return whether a part of a text is another one. Python has one object for each letter, .NET makes a new one."""
    return reference_equals(one, other) and not (isinstance(one, str) and len(one) == 1)


def one_text(*texts: str) -> str:
    """Return texts in one, which is the only one that isn't empty if there is such."""
    parts = [text for text in texts if text]
    return parts[0] if len(parts) == 1 else concat(*texts)


def enumerator(sequence: Any) -> Any:
    return iter(sequence)


def end_enumeration(enumerator: Any) -> None:
    """End a `foreach`: an iterator that was left early runs its `finally` clauses."""
    close = getattr(enumerator, "close", None)
    if close is not None:
        close()


class Ending:
    """An enumeration of an iterator that has something to do at its end: releasing it early ends it.

    .NET's operators end what they enumerate; here the last one that holds it does. What the end throws is thrown when
    the expression ends, since nothing can be thrown from there. Once its evaluation is over nothing of it runs,
    whenever Python releases it.
    """

    __slots__ = ("_environment", "_generator")

    def __init__(self, generator: Generator[Any]) -> None:
        self._generator = generator
        self._environment = environment()

    def __iter__(self) -> Ending:
        return self

    def __next__(self) -> Any:
        return next(self._generator)

    def close(self) -> None:
        here = environment()
        if here is not self._environment:
            return
        here.being_ended += 1
        try:
            self._generator.close()
        finally:
            here.being_ended -= 1

    def __del__(self) -> None:
        try:
            self.close()
        except DotnetException as error:
            here = environment()
            if here.thrown_late is None:
                here.thrown_late = error
        except Exception:
            stop_evaluation()


def ending(start: Callable[..., Generator[Any]]) -> Callable[..., Ending]:
    """Wrap the start of an iterator so that each enumeration is ended."""
    return lambda *arguments: Ending(start(*arguments))


def and_lifted(left: bool | None, right: bool | None) -> bool | None:
    """`bool? & bool?` (C# specification, section 12.13.5)."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def or_lifted(left: bool | None, right: bool | None) -> bool | None:
    """`bool? | bool?`."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def unset_tuple(type_: Type) -> tuple[Any, ...] | None:
    """Return a value tuple without values, whose elements are set one by one."""
    if not isinstance(type_, NamedType) or not type_.definition.is_tuple:
        return None
    return tuple(unset_tuple(element) for element in type_.arguments)


def replace_element(values: tuple[Any, ...], index: int, value: Any) -> tuple[Any, ...]:
    return (*values[:index], value, *values[index + 1 :])


def constant_equals(value: Any, constant: Any) -> bool:
    """Return whether a boxed value matches a constant pattern: equal and of the same type, as `object.Equals`."""
    return value is not None and type(value) is type(constant) and bool(value == constant)


def dispose(resource: Any, name: str) -> None:
    """The end of a `using`; null is nothing to dispose of. The name is the registry's for `Dispose`."""
    method = getattr(resource, name, None)
    if method is not None:
        method()


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
    policy_error: ApimPolicyError
    if isinstance(error, ApimPolicyError):
        policy_error = error
    elif isinstance(error, CAUGHT):
        try:
            policy_error = as_dotnet(error)
        except LimitExceededError as limit:
            policy_error = limit
        except AttributeError:
            policy_error = _internal(error)
    elif isinstance(error, MemoryError):
        policy_error = out_of_memory()
    else:
        policy_error = _internal(error)
    if (
        isinstance(policy_error, (DotnetException, NotSimulatedError, LimitExceededError, InternalError))
        and policy_error.span is None
    ):
        policy_error.span = span_of(error.__traceback__)
    return policy_error


def out_of_memory() -> LimitExceededError:
    """The system gave no more memory: a limit like others, that of the process."""
    from apimpolicy.csharp.dotnet.process_limits import MEMORY

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
    starts = source.line_starts
    start = starts[min(line, len(starts)) - 1]
    text = source.line(min(line, len(starts)))
    if text.isascii():
        return start + column
    return start + len(text.encode("utf-8", "replace")[:column].decode("utf-8", "ignore"))
