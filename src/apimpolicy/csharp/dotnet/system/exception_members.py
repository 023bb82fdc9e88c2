"""`System.Exception`: constructors of the exceptions that C# code can make, and what `catch` can read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from apimpolicy.csharp.dotnet import exceptions
from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, DotnetException
from apimpolicy.csharp.dotnet.metadata import look_up, named
from apimpolicy.csharp.dotnet.registry import declines, implements, implements_all, implements_setter
from apimpolicy.csharp.dotnet.system.objects import exception_to_string
from apimpolicy.csharp.dotnet.values import OBJECT

_MESSAGE, _INNER, _PARAMETER = "string message", "System.Exception innerException", "string paramName"
_HRESULTS = {
    "AggregateException": 0x80131500,
    "ApplicationException": 0x80131600,
    "ArgumentException": 0x80070057,
    "ArgumentNullException": 0x80004003,
    "ArgumentOutOfRangeException": 0x80131502,
    "ArithmeticException": 0x80070216,
    "ArrayTypeMismatchException": 0x80131503,
    "Collections.Generic.KeyNotFoundException": 0x80131577,
    "DivideByZeroException": 0x80020012,
    "Exception": 0x80131500,
    "FormatException": 0x80131537,
    "IndexOutOfRangeException": 0x80131508,
    "InvalidCastException": 0x80004002,
    "InvalidOperationException": 0x80131509,
    "NotImplementedException": 0x80004001,
    "NotSupportedException": 0x80131515,
    "NullReferenceException": 0x80004003,
    "ObjectDisposedException": 0x80131622,
    "OverflowException": 0x80131516,
    "RankException": 0x80131517,
    "SystemException": 0x80131501,
    "TimeoutException": 0x80131505,
    "UnauthorizedAccessException": 0x80070005,
    "Xml.XmlException": 0x80131940,
}
"""The numbers of exceptions (System.HResults); others have that of their base class."""


def _hresult(exception: DotnetException) -> int:
    for parent in named(exception.dotnet_type_name).supertypes:
        number = _HRESULTS.get(parent.name.removeprefix("System."))
        if number is not None:
            return number - (1 << 32)
    return _HRESULTS["Exception"] - (1 << 32)


def simple_exceptions() -> list[type[DotnetException]]:
    """The exceptions with the three usual constructors: nothing, a message, a message and the inner exception."""
    found: list[type[DotnetException]] = []
    for value in vars(exceptions).values():
        if (
            not isinstance(value, type)
            or not issubclass(value, DotnetException)
            or issubclass(value, ArgumentException)
        ):
            continue
        if value.type_name.rpartition(".")[0] == "System" and look_up(value.type_name) is not None:
            found.append(value)
    return found


def _make(cls: type[DotnetException]) -> Callable[..., DotnetException]:
    return lambda message=None, inner=None: cls(message, inner)


def _register() -> None:
    for cls in simple_exceptions():
        make = _make(cls)
        for parameters in ("", _MESSAGE, f"{_MESSAGE}, {_INNER}"):
            if any(m.signature == f"new({parameters})" for m in look_up(cls.type_name).members("new")):  # type: ignore[union-attr]
                implements(cls.type_name, f"new({parameters})")(make)


_register()

_ARGUMENT = "System.ArgumentException"
_RANGE = "System.ArgumentOutOfRangeException"


@implements(_ARGUMENT, "new(string)", "new(string, string)")
def _argument(message: str | None, parameter: str | None = None) -> ArgumentException:
    return ArgumentException(message, parameter)


@implements("System.ArgumentNullException", "new(string)")
def _argument_null(parameter: str | None) -> DotnetException:
    return exceptions.ArgumentNullException(parameter)


@implements("System.Exception", "Message")
@implements(_ARGUMENT, "Message")
@implements(_RANGE, "Message")
def _message(exception: DotnetException) -> str:
    return exception.message


_PLACE = re.compile(
    r"(?:Path '(?P<path>.*)', )?line (?P<line>\d+), position (?P<position>\d+)\.$", re.DOTALL | re.IGNORECASE
)
_PATH = re.compile(r"Path '(.*)'(?:, line \d+, position \d+)?\.$", re.DOTALL)


def _number_in(exception: DotnetException, group: str) -> int:
    """Return the line or the position that a reader has put into its message; 0 if there is none."""
    found = _PLACE.search(exception.message)
    return int(found[group]) if found is not None else 0


def _path_in(exception: DotnetException) -> str | None:
    found = _PATH.search(exception.message)
    return found[1] if found is not None else None


_NEWTONSOFT = "Newtonsoft.Json"
for _name in (
    f"{_NEWTONSOFT}.JsonReaderException",
    f"{_NEWTONSOFT}.JsonSerializationException",
    "System.Xml.XmlException",
):
    _members = {
        "LineNumber": lambda exception: _number_in(exception, "line"),
        "LinePosition": lambda exception: _number_in(exception, "position"),
    }
    implements_all(_name, _members | ({"Path": _path_in} if _name.startswith(_NEWTONSOFT) else {}))


@implements("System.Exception", "GetBaseException")
def _base(exception: DotnetException) -> DotnetException:
    while exception.inner is not None:
        exception = exception.inner
    return exception


@implements("System.Exception", "StackTrace")
def _stack_trace(exception: DotnetException) -> str | None:
    """Return the policy's own stack; None for an exception that was not thrown yet."""
    return "\n".join(f"   at {frame}" for frame in exception.policy_stack) or None


def _register_texts() -> None:
    for name, default in (("string HelpLink", None), ("string Source", None), ("int HResult", _hresult)):
        key = "csharp_" + name.rpartition(" ")[2]

        def read(exception: DotnetException, key: str = key, default: Any = default) -> Any:
            found = exception.__dict__.get(key)
            return default(exception) if found is None and default is not None else found

        def write(exception: DotnetException, value: Any, key: str = key) -> None:
            exception.__dict__[key] = value

        implements("System.Exception", f"{name} {{ get; set; }}")(read)
        implements_setter("System.Exception", f"{name} {{ get; set; }}")(write)


_register_texts()

declines("System.Exception", "TargetSite", reason="reflection is not simulated")


@implements("System.Exception", "Data")
def _data(exception: DotnetException) -> Any:
    if exception.data is None:
        exception.data = Dictionary.create((OBJECT, OBJECT))
    return exception.data


implements_all(_ARGUMENT, {"ParamName": lambda exception: exception.parameter})
implements_all(
    "System.Exception", {"InnerException": lambda exception: exception.inner, "ToString": exception_to_string}
)
