"""Functions that emitted code calls and that belong to no .NET type."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NoReturn

from apimpolicy.dotnet.environment import environment, stop_evaluation, work_through
from apimpolicy.dotnet.exceptions import (
    ArgumentNullException,
    DotnetException,
    InvalidOperationException,
    NullReferenceException,
)
from apimpolicy.dotnet.system.strings import concat
from apimpolicy.dotnet.types import NamedType, Type
from apimpolicy.dotnet.values import reference_equals, type_of
from apimpolicy.errors import NotSimulatedError


class Cell:
    """A variable that a lambda captured inside a loop: every iteration has its own."""

    __slots__ = ("value",)

    def __init__(self, value: Any = None) -> None:
        self.value = value


def set_cell(cell: Cell, value: Any) -> Any:
    cell.value = value
    return value


def null_reference() -> NoReturn:
    raise NullReferenceException


def enter_lock(value: Any) -> None:
    """`lock (value)`."""
    if value is None:
        raise ArgumentNullException


def raise_exception(exception: DotnetException | None) -> NoReturn:
    """`throw e`; throwing null throws NullReferenceException. An exception that was thrown before begins anew."""
    if exception is None:
        raise NullReferenceException
    exception.span = None
    raise exception.with_traceback(None)


def not_simulated(name: str, reason: str = "") -> NoReturn:
    """Raise NotSimulatedError for a member of .NET that is not simulated."""
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
    """Return the sequence of `foreach`; NullReferenceException for null."""
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
    """Return the enumerator of a `foreach` that has to be disposed of."""
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
    """Return a value tuple with one element changed."""
    return (*values[:index], value, *values[index + 1 :])


def constant_equals(value: Any, constant: Any) -> bool:
    """Return whether a boxed value matches a constant pattern: equal and of the same type, as `object.Equals`."""
    return value is not None and type(value) is type(constant) and bool(value == constant)


def dispose(resource: Any, name: str) -> None:
    """The end of a `using`; null is nothing to dispose of. The name is the registry's for `Dispose`."""
    method = getattr(resource, name, None)
    if method is not None:
        method()
