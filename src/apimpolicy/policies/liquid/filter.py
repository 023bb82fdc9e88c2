"""A filter and its parameters.

A filter declares its parameters as .NET does, so that arguments are converted as .NET converts them:

    @liquid_filter("string input", "int length = 50", 'string truncateString = "..."')
    def Truncate(...)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from apimpolicy.dotnet.system import objects
from apimpolicy.dotnet.values import type_of
from apimpolicy.policies.liquid.errors import LiquidError, LiquidSyntaxError
from apimpolicy.policies.liquid.library import library
from apimpolicy.policies.liquid.values import Drop, Hash, Pair, XmlElement, is_convertible, items, plain, without_box

_REQUIRED: Any = object()
_FULL_NAMES = {"string": "System.String", "int": "System.Int32", "IEnumerable": "System.Collections.IEnumerable"}
_DEFAULTS: dict[str, Any] = {"null": None, '""': "", '" "': " ", '"..."': "..."}
FILTERS: dict[str, Filter] = {}
"""Filters whose modules were imported."""


class Filter:
    """A function with its parameters: type, name and default of each."""

    __slots__ = ("function", "name", "parameters")

    def __init__(self, name: str, function: Callable[..., Any], parameters: tuple[str, ...]) -> None:
        self.name = name
        self.function = function
        self.parameters: list[tuple[str, str, Any]] = []
        for parameter in parameters:
            declared, _, default = parameter.partition(" = ")
            type_, _, written = declared.partition(" ")
            value = _REQUIRED if not default else _DEFAULTS[default] if default in _DEFAULTS else int(default)
            self.parameters.append((type_, written, value))

    def call(self, arguments: list[Any]) -> Any:
        """Raises LiquidError, DotnetException."""
        if len(arguments) > len(self.parameters):
            raise LiquidError("Parameter count mismatch.")
        given: list[Any] = []
        for index, (type_, name, default) in enumerate(self.parameters):
            if index < len(arguments):
                given.append(_converted(arguments[index], type_))
            elif default is _REQUIRED:
                raise LiquidSyntaxError(
                    f"Error - Filter '{self.name}' does not have a default value for '{name}' and no value was supplied"
                )
            else:
                given.append(default)
        return self.function(*given)


def liquid_filter(*parameters: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function the filter of its own name, in Pascal case; what begins in lower case is not reached."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        name = "".join(part.title() for part in function.__name__.strip("_").split("_"))
        FILTERS[name] = Filter(name, function, parameters)
        return function

    return register


def _converted(value: Any, type_: str) -> Any:
    """Return an argument as a parameter of that type takes it."""
    if type_ == "object":
        return value
    if value is None:
        return 0 if type_ == "int" else None
    if type_ == "IEnumerable":
        if items(value) is None:
            raise _impossible(value, type_)
        return value
    if isinstance(value, XmlElement):
        value = value.text
    if not is_convertible(value):
        raise _impossible(value, type_)
    if type_ == "string":
        return plain(value)
    return library("System.Convert", "static int ToInt32(object value)")(without_box(value))


def _impossible(value: Any, type_: str) -> LiquidError:
    known = plain(value) if isinstance(value, (Hash, list, range)) else None
    source = known or ("DotLiquid.Drop" if isinstance(value, (Drop, Pair, XmlElement)) else _type_name(value))
    return LiquidError(f"Object of type '{source}' cannot be converted to type '{_FULL_NAMES[type_]}'.")


def _type_name(value: Any) -> str:
    return objects.get_type(value).full_name if type_of(value) is not None else ""
