"""Delegates that call more than one method: `f + g`, `f - g` and `f == g` (C# specification, chapter 20).

A delegate of one method is a Python callable. Two made of the same method are equal when they are the same object:
so it is for variables and for local functions; each conversion of a method of .NET makes an object of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Delegate = Callable[..., Any] | None


class Multicast:
    """The invocation list of a delegate with more than one method: calls all in order, gives what the last gives."""

    __slots__ = ("methods",)

    def __init__(self, methods: tuple[Callable[..., Any], ...]) -> None:
        self.methods = methods

    def __call__(self, *arguments: Any) -> Any:
        result = None
        for method in self.methods:
            result = method(*arguments)
        return result

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Multicast) and self.methods == other.methods

    def __hash__(self) -> int:
        return hash(self.methods)


def _methods(delegate: Delegate) -> tuple[Callable[..., Any], ...]:
    if delegate is None:
        return ()
    return delegate.methods if isinstance(delegate, Multicast) else (delegate,)


def _of(methods: tuple[Callable[..., Any], ...]) -> Delegate:
    return Multicast(methods) if len(methods) > 1 else methods[0] if methods else None


def combine(first: Delegate, second: Delegate) -> Delegate:
    """`first + second`; null is nothing."""
    return _of((*_methods(first), *_methods(second)))


def remove(first: Delegate, second: Delegate) -> Delegate:
    """`first - second`: without the last occurrence of the whole list of `second`, if there is one."""
    source, gone = _methods(first), _methods(second)
    for start in range(len(source) - len(gone), -1, -1):
        if gone and source[start : start + len(gone)] == gone:
            return _of((*source[:start], *source[start + len(gone) :]))
    return first


def equals(first: Delegate, second: Delegate) -> bool:
    """`first == second`: the same methods in the same order."""
    return _methods(first) == _methods(second)
