"""Exceptions that C# code throws. One Python exception is both the raised thing and the C# object that `catch` sees.

    DotnetException                     System.Exception
    └── SystemException                 System.SystemException
        ├── ArgumentException           └ ArgumentNullException, ArgumentOutOfRangeException
        ├── ArithmeticException         └ DivideByZeroException, OverflowException
        ├── FormatException             └ UriFormatException
        └── …

Messages are .NET Core 3.1's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.errors import ApimPolicyError
from apimpolicy.text.source import Source

_Value = TypeVar("_Value")
_STEPS_PER_EXCEPTION = 48
"""Making, throwing and catching one takes as long as so many rounds of a loop."""


class DotnetException(ApimPolicyError):
    """`System.Exception` and, through its subclasses, every exception of .NET.

    `message` is .NET's; `span` is (source, start, end) of the C# code that threw, once known; `policy_stack` names the
    expressions and policies on the way, innermost first.
    """

    type_name = "System.Exception"
    default_message: str | None = None
    span: tuple[Source, int, int] | None = None
    policy_stack: Sequence[str] = ()
    data: Any = None
    chosen: dict[int, int] | None = None
    """The clauses that `try` statements on the way have chosen for it: see `apimpolicy.csharp.emit.exceptions`."""

    def __init_subclass__(cls) -> None:
        """Give a class without a `type_name` of its own that of the namespace `System`."""
        if "type_name" not in vars(cls):
            cls.type_name = f"System.{cls.__name__}"

    def __init__(self, message: str | None = None, inner: DotnetException | None = None) -> None:
        if message is None:
            message = self.default_message or f"Exception of type '{self.type_name}' was thrown."
        self.message = message
        self.inner = inner
        self.args = (message,)
        environment().step(_STEPS_PER_EXCEPTION)

    @property
    def dotnet_type_name(self) -> str:
        return self.type_name

    def __str__(self) -> str:
        return f"{self.type_name}: {self.message}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), {**self.__dict__, "span": None})


def _rebuild(cls: type[DotnetException], state: dict[str, Any]) -> DotnetException:
    exception = cls.__new__(cls, state["message"])
    exception.__dict__.update(state)
    return exception


class SystemException(DotnetException):
    default_message = "System error."


class ArgumentException(SystemException):
    """`parameter` is the name that .NET appends to the message."""

    default_message = "Value does not fall within the expected range."

    def __init__(
        self, message: str | None = None, parameter: str | None = None, inner: DotnetException | None = None
    ) -> None:
        super().__init__(message, inner)
        self.parameter = parameter
        if parameter:
            self.message += f" (Parameter '{parameter}')"


class ArgumentNullException(ArgumentException):
    """Raised with the parameter's name first, as in .NET."""

    def __init__(self, parameter: str | None = None, message: str | None = None) -> None:
        super().__init__(message or "Value cannot be null.", parameter)


def require(value: _Value | None, parameter: str, message: str | None = None) -> _Value:
    """Return an argument that may not be null; raise ArgumentNullException where it is."""
    if value is None:
        raise ArgumentNullException(parameter, message)
    return value


class ArgumentOutOfRangeException(ArgumentException):
    """Raised with the parameter's name first, as in .NET."""

    def __init__(self, parameter: str | None = None, message: str | None = None) -> None:
        super().__init__(message or "Specified argument was out of the range of valid values.", parameter)


def check_range(is_inside: bool, parameter: str | None, message: str | None = None) -> None:
    """Raise ArgumentOutOfRangeException where an argument is outside its range."""
    if not is_inside:
        raise ArgumentOutOfRangeException(parameter, message)


class ArithmeticException(SystemException):
    default_message = "Overflow or underflow in the arithmetic operation."


class DivideByZeroException(ArithmeticException):
    default_message = "Attempted to divide by zero."


class OverflowException(ArithmeticException):
    default_message = "Arithmetic operation resulted in an overflow."


class FormatException(SystemException):
    default_message = "One of the identified items was in an invalid format."


class UriFormatException(FormatException):
    pass


class InvalidCastException(SystemException):
    default_message = "Specified cast is not valid."


class InvalidOperationException(SystemException):
    default_message = "Operation is not valid due to the current state of the object."


class AggregateException(DotnetException):
    """Raised by `Task.Result` and `Task.Wait()`; the message ends with those of the exceptions inside."""

    default_message = "One or more errors occurred."

    def __init__(self, message: str | None = None, inner: DotnetException | None = None) -> None:
        super().__init__(message, inner)
        if inner is not None:
            self.message += f" ({inner.message})"


class ObjectDisposedException(InvalidOperationException):
    pass


class NotSupportedException(SystemException):
    default_message = "Specified method is not supported."


class PlatformNotSupportedException(NotSupportedException):
    default_message = "Operation is not supported on this platform."


class NotImplementedException(SystemException):
    default_message = "The method or operation is not implemented."


class NullReferenceException(SystemException):
    default_message = "Object reference not set to an instance of an object."


class IndexOutOfRangeException(SystemException):
    default_message = "Index was outside the bounds of the array."


class ArrayTypeMismatchException(SystemException):
    default_message = "Attempted to access an element as a type incompatible with the array."


class RankException(SystemException):
    default_message = "Attempted to operate on an array with the incorrect number of dimensions."


class KeyNotFoundException(SystemException):
    type_name = "System.Collections.Generic.KeyNotFoundException"
    default_message = "The given key was not present in the dictionary."


class TimeoutException(SystemException):
    default_message = "The operation has timed out."


class RegexMatchTimeoutException(TimeoutException):
    type_name = "System.Text.RegularExpressions.RegexMatchTimeoutException"


class RegexParseException(ArgumentException):
    type_name = "System.Text.RegularExpressions.RegexParseException"


class TimeZoneNotFoundException(DotnetException):
    pass


class InvalidTimeZoneException(DotnetException):
    pass


class CryptographicException(SystemException):
    type_name = "System.Security.Cryptography.CryptographicException"
    default_message = "Error occurred during a cryptographic operation."


class XmlException(SystemException):
    type_name = "System.Xml.XmlException"


class JsonException(DotnetException):
    type_name = "Newtonsoft.Json.JsonException"


class JsonReaderException(JsonException):
    type_name = "Newtonsoft.Json.JsonReaderException"


class JsonWriterException(JsonException):
    type_name = "Newtonsoft.Json.JsonWriterException"


class JsonSerializationException(JsonException):
    type_name = "Newtonsoft.Json.JsonSerializationException"
