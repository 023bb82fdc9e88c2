"""`context.Variables` as Python sees it: names are Python texts, values are boxed .NET values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING

from apimpolicy.dotnet.values import LONG, box, from_utf16, to_utf16
from apimpolicy.errors import ConfigurationError

if TYPE_CHECKING:
    from apimpolicy.dotnet.collections.dictionary import Dictionary
    from apimpolicy.engine.exchange import Exchange


class Variables(MutableMapping[str, object]):
    """A view of the dictionary that expressions see."""

    __slots__ = ("_dictionary",)

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary

    def __getitem__(self, name: str) -> object:
        found, value = self._dictionary.try_get_value(to_utf16(name))
        if not found:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: object) -> None:
        self._dictionary.set_item(to_utf16(name), value)

    def __delitem__(self, name: str) -> None:
        if not self._dictionary.remove(to_utf16(name)):
            raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter([from_utf16(pair.key) for pair in self._dictionary])

    def __len__(self) -> int:
        return len(self._dictionary)

    def to_dict(self) -> dict[str, object]:
        """Return names and values as they are now."""
        return {from_utf16(name): value for name, value in self._dictionary.entries()}


def variable_value(value: object) -> object:
    """Return a Python value as a variable: text, bool, int (a long when it is large), double; JSON becomes a JToken.

    Values that are .NET values already stay what they are. Raises ConfigurationError.
    """
    if value is None or isinstance(value, (bool, float)):
        return value
    if isinstance(value, str):
        return to_utf16(value)
    if isinstance(value, int):
        return value if -(2**31) <= value < 2**31 or type(value) is not int else box(LONG, value)
    if isinstance(value, (dict, list)):
        from json import dumps

        from apimpolicy.context.bodies import parse_json

        return parse_json("JToken", to_utf16(dumps(value, ensure_ascii=False)))
    if type(value).__module__.startswith("apimpolicy."):
        return value
    raise ConfigurationError(f"a variable is a text, a number, true, false or JSON, not {type(value).__name__}")


def set_variables(exchange: Exchange, given: Mapping[str, object]) -> None:
    """Set variables of a request to what was given from outside. Raises as `value_of` does."""
    for name, value in given.items():
        exchange.variables[name] = value_of(exchange, name, value)


def value_of(exchange: Exchange, name: str, given: object) -> object:
    """Return the .NET value of an external value: see `variable_value`; a text that is an expression is evaluated.

    Raises ConfigurationError when it throws, PolicySyntaxError and PolicyTypeError when it does not compile.
    """
    if not (isinstance(given, str) and given.startswith(("@(", "@{"))):
        return variable_value(given)
    from apimpolicy.dotnet.exceptions import DotnetException
    from apimpolicy.emit.expression import compile_expression

    expression = compile_expression(given)
    try:
        return box(expression.type, expression.evaluate(exchange.context))
    except DotnetException as error:
        raise ConfigurationError(f"the expression given for '{name}' throws: {from_utf16(error.message)}") from None
