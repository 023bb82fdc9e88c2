"""`System.Threading.Tasks.Task`: what a member whose name ends in `Async` gives.

Policies cannot `await`, but they can ask a task for its result. Nothing runs in the background here: every task is
finished when it is made, with a result or with an exception. `Result` and `Wait()` throw that exception inside of an
AggregateException, `GetAwaiter().GetResult()` throws it as it is. The only CancellationToken is the one that never
cancels.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import AggregateException, DotnetException
from apimpolicy.dotnet.metadata import named
from apimpolicy.dotnet.registry import dotnet_class, implements, interface_members, member

if TYPE_CHECKING:
    from collections.abc import Callable

    from apimpolicy.dotnet.types import Type

TASK = "System.Threading.Tasks.Task"
TOKEN = "System.Threading.CancellationToken"
_AWAITER = "System.Runtime.CompilerServices.TaskAwaiter"
_RAN_TO_COMPLETION, _FAULTED = 5, 7
"""`TaskStatus`."""
_UNTYPED: tuple[Type, ...] = ()


@dotnet_class(
    TASK,
    attributes={
        "Exception": "exception",
        "IsCanceled": "is_canceled",
        "IsCompleted": "is_completed",
        "IsCompletedSuccessfully": "is_successful",
        "IsFaulted": "is_faulted",
        "Status": "status",
    },
)
class Task:
    """A finished task; `types` is empty for a task without a result."""

    __slots__ = ("_result", "_thrown", "types")

    is_completed = True
    is_canceled = False

    def __init__(self, types: tuple[Type, ...], result: Any = None, thrown: DotnetException | None = None) -> None:
        self.types = types
        self._result = result
        self._thrown = thrown

    @property
    def dotnet_type(self) -> Type:
        return named(TASK, *self.types)

    @property
    def is_faulted(self) -> bool:
        return self._thrown is not None

    @property
    def is_successful(self) -> bool:
        return self._thrown is None

    @property
    def status(self) -> int:
        return _RAN_TO_COMPLETION if self._thrown is None else _FAULTED

    @property
    def exception(self) -> DotnetException | None:
        return None if self._thrown is None else AggregateException(inner=self._thrown)

    @property
    def result(self) -> Any:
        """Raises AggregateException around what the task's work has thrown."""
        if self._thrown is not None:
            raise AggregateException(inner=self._thrown)
        return self._result

    @member("void Wait()")
    def wait(self) -> None:
        _ = self.result

    @member("bool Wait(int millisecondsTimeout)")
    @member("bool Wait(System.TimeSpan timeout)")
    def wait_for(self, _timeout: Any) -> bool:
        """True: there is nothing to wait for."""
        self.wait()
        return True

    @member(f"{_AWAITER} GetAwaiter()")
    def get_awaiter(self) -> Task:
        return self

    def get_result(self) -> Any:
        """Raises what the task's work has thrown."""
        if self._thrown is not None:
            raise self._thrown
        return self._result

    @member("void Dispose()")
    def dispose(self) -> None:
        """Nothing is held."""

    @staticmethod
    @member(f"static {TASK}<TResult> FromResult<TResult>(TResult result)", types=True)
    def from_result(types: tuple[Type, ...], result: Any) -> Task:
        return Task(types, result)


@implements(TASK, f"static {TASK} CompletedTask {{ get; }}")
def completed() -> Task:
    return Task(_UNTYPED)


interface_members(f"{TASK}<TResult>", {"Result": "result", f"{_AWAITER}<TResult> GetAwaiter()": "get_awaiter"})
interface_members(_AWAITER, {"IsCompleted": "is_completed", "void GetResult()": "get_result"})
interface_members(f"{_AWAITER}<TResult>", {"IsCompleted": "is_completed", "TResult GetResult()": "get_result"})


@dotnet_class(TOKEN, attributes={"IsCancellationRequested": "never", "CanBeCanceled": "never"})
class CancellationToken:
    """The token that never cancels."""

    __slots__ = ()

    never = False


_NONE = CancellationToken()


@implements(TOKEN, f"static {TOKEN} None {{ get; }}")
def no_cancellation() -> CancellationToken:
    return _NONE


def finished(function: Callable[..., Any], *types: Type) -> Callable[..., Task]:
    """A member that does its work before it gives its task: what goes wrong is thrown by the call itself.

    For members whose last parameter is a CancellationToken, which `function` does not get, use `asynchronous`.
    """

    @functools.wraps(function)
    def run(*arguments: Any) -> Task:
        return Task(types, function(*arguments))

    return run


def asynchronous(function: Callable[..., Any], *types: Type) -> Callable[..., Task]:
    """A C# `async` method: what goes wrong in it is in the task, whose result has the type given.

    `function` gets the arguments without a CancellationToken.
    """

    @functools.wraps(function)
    def run(*arguments: Any) -> Task:
        try:
            return Task(types, function(*(a for a in arguments if a is not _NONE)))
        except DotnetException as error:
            return Task(types, thrown=error)

    return run
