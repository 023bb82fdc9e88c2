"""The validation of message parameters: reading one that is missing or of another kind raises an RpcError.

Names have one meaning in the whole protocol, so that their kinds are checked wherever they occur.
"""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any, Final, NoReturn

from apimpolicy.editor.rpc import INVALID_PARAMS, Json, RpcError

if TYPE_CHECKING:
    from collections.abc import Callable

_TEXTS: Final = ("uri", "text", "newName", "query", "command", "rootUri", "languageId")
_NUMBERS: Final = ("line", "character", "version", "tabSize")
_OBJECTS: Final = (
    *("textDocument", "position", "range", "start", "end", "context", "options", "event", "capabilities"),
)
_LISTS: Final = (
    *("contentChanges", "positions", "arguments", "changes"),
    *("workspaceFolders", "added", "removed", "diagnostics", "only"),
)
_KINDS: Final[dict[str, type]] = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(_NUMBERS, int),
    **dict.fromkeys(_OBJECTS, dict),
    **dict.fromkeys(_LISTS, list),
}
_ITEMS: Final[dict[str, type]] = {
    **dict.fromkeys((name for name in _LISTS if name not in ("arguments", "only")), dict),
    "only": str,
}
_WORDS: Final = {str: "a text", int: "a number from 0", dict: "an object", list: "a list"}
_OPTIONAL: Final = (
    *("version", "rootUri", "workspaceFolders", "context", "capabilities", "only", "range", "arguments", "changes"),
)
"""Names whose value may be null, which means that they are absent."""


class Parameters(Json):
    """An object of a message. Raises RpcError for a missing name."""

    def __missing__(self, name: str) -> NoReturn:
        raise RpcError(INVALID_PARAMS, f"the parameter '{name}' is missing")


def parameters(given: Any) -> Parameters:
    """Return the parameters of a message, checked. Raises RpcError."""
    if given is None:
        return Parameters()
    if not isinstance(given, dict):
        raise RpcError(INVALID_PARAMS, "the parameters must be an object")
    there = ((name, value) for name, value in given.items() if value is not None or name not in _OPTIONAL)
    return Parameters((name, _checked(name, value)) for name, value in there)


def _checked(name: str, value: Any) -> Any:
    kind = _KINDS.get(name)
    if kind is None:
        return value
    if type(value) is not kind or (isinstance(value, int) and value < 0 and name != "version"):
        raise RpcError(INVALID_PARAMS, f"the parameter '{name}' must be {_WORDS[kind]}")
    if name == "capabilities":  # names mean other things there
        return value
    if isinstance(value, list) and (item := _ITEMS.get(name)) is not None:
        if not all(isinstance(each, item) for each in value):
            raise RpcError(INVALID_PARAMS, f"each item of '{name}' must be {_WORDS[item]}")
        return [parameters(each) if item is dict else each for each in value]
    return parameters(value) if isinstance(value, dict) else value


def call(command: Callable[..., Any], first: Any, arguments: list[Any]) -> Any:
    """Call a command with its first argument and those of a client. Raises RpcError for wrong ones."""
    try:
        bound = signature(command).bind(first, *arguments)
    except TypeError as error:
        raise RpcError(INVALID_PARAMS, f"the command has other arguments: {error}") from None
    for name, parameter in list(signature(command).parameters.items())[1:]:
        value = bound.arguments.get(name)
        if value is not None:
            _check_argument(name, str(parameter.annotation), value)
    return command(first, *arguments)


def _check_argument(name: str, annotation: str, value: Any) -> None:
    if annotation.startswith("Json"):
        if not isinstance(value, dict):
            raise RpcError(INVALID_PARAMS, f"the argument '{name}' must be an object")
        return
    if (annotation == "list[str]") != isinstance(value, list):
        raise RpcError(INVALID_PARAMS, f"the argument '{name}' is of another kind")
    texts = value if isinstance(value, (tuple, list)) else [value]
    if not all(isinstance(each, str) for each in texts):
        raise RpcError(INVALID_PARAMS, f"the argument '{name}' must be text")
