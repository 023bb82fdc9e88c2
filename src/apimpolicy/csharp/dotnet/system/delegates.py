"""Delegates: their targets, equality and text (`System.Delegate`, `System.MulticastDelegate`).

A delegate of one method is a Python function; `typed` and `of_method` note its type, and the method it was made of, on
it. A lambda that is only passed to a member that wants a delegate has none, since its type is never needed there.
Delegates of a type are equal if they call the same methods on the same targets (ECMA-335, .NET's `MulticastDelegate`).
Two of one lambda are equal when they see the same variables; that the compiler makes one object of them is not shown.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import counts_itself, implements, implements_all
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import Array, reference_equals, type_of, wrap_int32

if TYPE_CHECKING:
    Delegate = Callable[..., Any] | None
    Methods = tuple[Callable[..., Any], ...]


class Multicast:
    """The invocation list of a delegate with more than one method: calls all in order and returns the last result."""

    __slots__ = ("methods",)

    def __init__(self, methods: tuple[Callable[..., Any], ...]) -> None:
        self.methods = methods

    @property
    def dotnet_type(self) -> Type:
        return type_of(self.methods[0])

    def __call__(self, *arguments: Any) -> Any:
        result = None
        for method in self.methods:
            result = method(*arguments)
        return result


def typed(function: FunctionType, type_: Type) -> FunctionType:
    """Return a new function, made for a lambda, as a delegate of this type."""
    function.dotnet_type = type_  # type: ignore[attr-defined]
    return function


def of_method(function: FunctionType, type_: Type, method: object) -> FunctionType:
    """A new function as a delegate of this type that calls a method; its first default is the target, if it has one."""
    function.dotnet_method = method  # type: ignore[attr-defined]
    return typed(function, type_)


def of_function(function: FunctionType, type_: Type) -> FunctionType:
    """Return a local function as a delegate of this type: a function of its own with the same code."""
    parts = (function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    return typed(FunctionType(*parts), type_)


def _methods(delegate: Delegate) -> tuple[Callable[..., Any], ...]:
    if delegate is None:
        return ()
    return delegate.methods if isinstance(delegate, Multicast) else (delegate,)


def _of(methods: tuple[Callable[..., Any], ...]) -> Delegate:
    return Multicast(methods) if len(methods) > 1 else methods[0] if methods else None


def combine(first: Delegate, second: Delegate) -> Delegate:
    """`first + second`; null is nothing."""
    return _of(_joined(_methods(first), _methods(second)))


def _joined(*lists: Methods) -> Methods:
    """Return one invocation list of several, which is paid for as an array is."""
    environment().new_elements(sum(map(len, lists)))
    return tuple(method for methods in lists for method in methods)


@counts_itself
def remove(first: Delegate, second: Delegate) -> Delegate:
    """`first - second`: without the last occurrence of the whole list of `second`, if there is one."""
    source, gone = _methods(first), _methods(second)
    step = environment().step
    for start in range(len(source) - len(gone), -1, -1) if gone else ():
        step()
        if _same_method(source[start], gone[0]) and _same(source[start : start + len(gone)], gone):
            return _of(_joined(source[:start], source[start + len(gone) :]))
    return first


def equals(first: Delegate, second: Delegate) -> bool:
    """`first == second`: the same methods in the same order."""
    return _same(_methods(first), _methods(second))


def _same(first: Methods, second: Methods) -> bool:
    environment().step(len(first) >> 1)
    return len(first) == len(second) and all(map(_same_method, first, second))


def _same_method(first: Callable[..., Any], second: Callable[..., Any]) -> bool:
    if first is second:
        return True
    if not isinstance(first, FunctionType) or not isinstance(second, FunctionType):
        return False
    if type_of(first) is not type_of(second) or _method(first) != _method(second):
        return False
    return _same_parts(first.__defaults__, second.__defaults__) and _same_parts(first.__closure__, second.__closure__)


def _method(function: FunctionType) -> object:
    """Return a function's target: a method of .NET, or its own code."""
    return getattr(function, "dotnet_method", function.__code__)


def _same_parts(first: tuple[Any, ...] | None, second: tuple[Any, ...] | None) -> bool:
    """Return whether targets, or captured variables, are the same objects."""
    if first is None or second is None:
        return first is second
    return len(first) == len(second) and all(map(reference_equals, first, second))


@implements("System.Delegate", "Equals")
@implements("System.MulticastDelegate", "Equals")
def equals_object(delegate: Callable[..., Any], other: Any) -> bool:
    return callable(other) and equals(delegate, other)


@implements("System.Delegate", "GetHashCode")
@implements("System.MulticastDelegate", "GetHashCode")
def get_hash_code(delegate: Callable[..., Any]) -> int:
    parts = [_method(method) if isinstance(method, FunctionType) else id(method) for method in _methods(delegate)]
    return wrap_int32(hash((type_of(delegate), *parts)))


@implements("System.Delegate", "GetInvocationList")
@implements("System.MulticastDelegate", "GetInvocationList")
def get_invocation_list(delegate: Callable[..., Any]) -> Array:
    return Array(named("System.Delegate"), _methods(delegate))


implements_all(
    "System.Delegate",
    {"Clone": lambda delegate: Multicast(delegate.methods) if isinstance(delegate, Multicast) else delegate},
)
