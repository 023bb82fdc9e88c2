"""Run-time values in a few words, as in the conformance suite, and code on few lines.

A value comes with its static type: what is plain while its type is known (an enum member is an int, a tuple a Python
tuple) is boxed by it on the way.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from apimpolicy.csharp.dotnet.environment import environment, joined, use_environment, work_through
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.system.objects import TypeObject, to_string
from apimpolicy.csharp.dotnet.types import ArrayType, NamedType, TupleType, Type
from apimpolicy.csharp.dotnet.values import (
    BYTE,
    OBJECT,
    AnonymousObject,
    Array,
    Boxed,
    EnumValue,
    box,
    from_utf16,
    type_of,
)
from apimpolicy.csharp.emit.runtime import as_policy_error
from apimpolicy.errors import LimitExceededError
from apimpolicy.report.columns import clip, printable
from apimpolicy.text.scanner import scan_code
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from apimpolicy.gateway.engine.result import Result

_GROUPINGS = ("System.Linq.IGrouping", "System.Linq.Grouping")
NULL_TYPE = "<null>"
_DISABLE_FORMATTING = 1
MOST_DEPTH = 64
MOST_COLLECTIONS = 10_000
"""In one value, each as often as it is met."""


def runtime_type(value: Any, static: Type = OBJECT) -> str:
    """Return the C# spelling of the type that `GetType()` returns; `<null>` for null."""
    value = box(static, value)
    if value is None:
        return NULL_TYPE
    if isinstance(value, tuple):
        arguments = static.arguments if isinstance(static, NamedType) else ()
        return f"System.ValueTuple<{', '.join(map(str, arguments))}>"
    if isinstance(value, TypeObject):
        return "System.RuntimeType"
    return _spelling(type_of(value))


def _spelling(type_: Type) -> str:
    """As `str`, but a nested type of a generic one has all type arguments at its end: `Dictionary.KeyCollection<…>`."""
    if isinstance(type_, NamedType) and type_.definition.is_nested and type_.arguments:
        return f"{type_.definition.name}<{', '.join(map(_spelling, type_.arguments))}>"
    return str(type_)


class _Walk:
    """The collections that are open around a value: one may hold itself, as `context.Variables` in a variable does."""

    __slots__ = ("_open", "_room")

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._room = MOST_COLLECTIONS

    def enter(self, value: Any) -> bool:
        """Return whether what a collection holds is still to be shown; if so, it is open until `leave`."""
        self._room -= 1
        if self._room < 0 or len(self._open) >= MOST_DEPTH or id(value) in self._open:
            return False
        self._open.add(id(value))
        return True

    def leave(self, value: Any) -> None:
        self._open.discard(id(value))


def text_of(value: Any, static: Type = OBJECT, walk: _Walk | None = None) -> str | None:
    """Return the value as text; None for null."""
    value = box(static, value)
    if value is None:
        return None
    if isinstance(value, str):
        return outside(str(value))
    if isinstance(value, (bool, int, float, Decimal)):
        return to_string(value)
    scalar = _scalar(value)
    return outside(scalar) if scalar is not None else json_of(value, static, walk)


def json_of(value: Any, static: Type = OBJECT, walk: _Walk | None = None) -> str:
    """Return a value inside a collection as JSON text; `"…"` if it is too deep or too large."""
    value = box(static, value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, EnumValue):
        text = to_string(value)
        return text if text[-1:].isdigit() else _quoted(text)
    if isinstance(value, str):
        return _quoted(value)
    scalar = _scalar(value)
    if scalar is not None:
        return scalar if _is_json(value) else _quoted(scalar)
    return _composite(value, static, walk or _Walk())


def outside(text: str) -> str:
    """Return a .NET string as Python text; a lone surrogate, which is no character, stays as it is."""
    if text.isascii():
        return text
    converted = from_utf16(text)
    return converted if "\ufffd" not in converted or "\ufffd" in text else _pairs_joined(text)


def _pairs_joined(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _quoted(text: str) -> str:
    work_through(len(text))
    return json.dumps(outside(str(text)), ensure_ascii=False)


def _is_json(value: Any) -> bool:
    return _type_name(value).startswith("Newtonsoft.Json.Linq.J")


def _type_name(value: Any) -> str:
    type_ = type_of(value)
    return type_.name if isinstance(type_, NamedType) else str(type_)


def _scalar(value: Any) -> str | None:
    """Return the text of a single value, even if it is iterable; None for collections."""
    if isinstance(value, Array):
        return base64.b64encode(bytes(value)).decode() if value.element is BYTE else None
    if isinstance(value, Boxed):
        return to_string(value)
    if isinstance(value, (tuple, AnonymousObject)):
        return None
    name = _type_name(value)
    if name.startswith("Newtonsoft.Json.Linq.J") and hasattr(value, "format"):
        return str(value.format(0))
    if name in ("System.DateTime", "System.DateTimeOffset"):
        return str(value.format("o"))
    if name.startswith("System.Xml.Linq.X") and hasattr(value, "to_string_with"):
        return str(value.to_string_with(_DISABLE_FORMATTING))
    if hasattr(value, "__iter__") and not name.startswith("System.Xml.Linq.X") and name != "IUrl":
        return None
    if name.split("<")[0] in ("System.Tuple", "System.Collections.Generic.KeyValuePair"):
        return None
    return to_string(value)


def _composite(value: Any, static: Type, walk: _Walk) -> str:
    if not walk.enter(value):
        return _quoted("…")
    try:
        return _members(value, static, walk)
    finally:
        walk.leave(value)


def _members(value: Any, static: Type, walk: _Walk) -> str:
    if isinstance(value, AnonymousObject):
        return _json_object(
            zip(value.names, (json_of(item, OBJECT, walk) for item in value.boxed_values()), strict=True)
        )
    if isinstance(value, tuple):
        types = static.arguments if isinstance(static, TupleType) else (OBJECT,) * len(value)
        return _array(json_of(item, type_, walk) for item, type_ in zip(value, types, strict=True))
    arguments = _arguments(value)
    name = _type_name(value).split("<")[0]
    if name == "System.Tuple":
        return _array(json_of(item, type_, walk) for item, type_ in zip(value.items, arguments, strict=True))
    if name == "System.Collections.Generic.KeyValuePair":
        key, item = (
            json_of(part, type_, walk) for part, type_ in zip((value.key, value.value), arguments, strict=True)
        )
        return _json_object((("Key", key), ("Value", item)))
    # The groups of a match have names, and are no pairs.
    if hasattr(value, "contains_key") and all(hasattr(pair, "key") for pair in value):
        key_type, value_type = arguments if len(arguments) == 2 else (OBJECT, OBJECT)
        return _json_object(
            (text_of(pair.key, key_type, walk) or "", json_of(pair.value, value_type, walk)) for pair in value
        )
    items = _array(json_of(item, arguments[-1] if arguments else OBJECT, walk) for item in value)
    if name in _GROUPINGS:
        key_type = arguments[0] if len(arguments) == 2 else OBJECT
        return _json_object((("Key", json_of(value.key, key_type, walk)), ("Items", items)))
    return items


def _arguments(value: Any) -> tuple[Type, ...]:
    type_ = type_of(value)
    if isinstance(type_, ArrayType):
        return (type_.element,)
    return type_.arguments if isinstance(type_, NamedType) else ()


def _array(items: Iterable[str]) -> str:
    return f"[{joined(list(items), ',')}]"


def _json_object(members: Iterable[tuple[str, str]]) -> str:
    return "{" + joined([f"{_quoted(name)}:{value}" for name, value in members], ",") + "}"


# Run-time values in a few words, for people who read a trace or an explanation.
# Strings are quoted and cut, a certificate is `CN=partner (A1B2…)`, collections show their first elements. Nothing
# lazy is walked over: looking at a value must not run the policy's code again.

LONGEST_TEXT = 72
_MOST_ELEMENTS = 4
_DEEPEST = 2

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"})


def show(value: Any, depth: int = 0) -> str:
    """Return the value on one line. It is boxed: an enum member shows its name."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (int, float, Decimal)):
        return _number(value)
    try:
        return certificate(value) if _is_certificate(value) else _object(value, depth)
    except (DotnetException, LimitExceededError):
        # Of a certificate without contents, an object whose ToString throws, or a text that takes too long.
        return type_name(value)


def quoted(text: str) -> str:
    """Return a string as in C#, cut to a readable length.

    >>> quoted('say "hi"')
    '"say \\\\"hi\\\\""'
    """
    text = without_secrets(text)
    cut = from_utf16(text[: LONGEST_TEXT + 1].translate(_ESCAPES))
    shown = clip(cut, LONGEST_TEXT)
    return (
        f'"{shown}"'
        if shown == printable(cut) and len(text) <= LONGEST_TEXT
        else f'"{shown}" ({len(text):,} characters)'
    )


def _is_certificate(value: Any) -> bool:
    return hasattr(type(value), "thumbprint") and hasattr(type(value), "subject")


def certificate(value: Any) -> str:
    """Return a certificate by its subject's common name and the beginning of its thumbprint."""
    subject = printable(value.subject)
    common = next((part for part in subject.split(", ") if part.startswith("CN=")), subject)
    return f"{clip(common or 'a certificate without a subject', 60)} ({value.thumbprint[:4]}…)"


def type_name(value: Any) -> str:
    """Return the type as people write it: without its namespace."""
    return short_type(str(type_of(value)))


def short_type(name: str) -> str:
    """`System.Collections.Generic.List<System.Guid>` as `List<Guid>`."""
    return re.sub(r"(?:\w+\.)+(?=\w)", "", name)


def _number(value: Any) -> str:
    text = to_string(value)
    return f"{type_name(value)}.{text}" if isinstance(value, EnumValue) and text.isidentifier() else text


def _object(value: Any, depth: int) -> str:
    if isinstance(value, Array):
        name = short_type(str(value.element))
        return f"{name}[{len(value)}]" if name == "byte" else _list(value, len(value), depth)
    if isinstance(value, AnonymousObject):
        pairs = zip(value.names, value.boxed_values(), strict=True)
        return f"{{ {', '.join(f'{name} = {show(item, depth + 1)}' for name, item in pairs)} }}"
    if isinstance(value, tuple):
        return f"({', '.join(show(item, depth + 1) for item in value)})"
    name = str(type_of(value))
    if name.startswith("Newtonsoft.Json.Linq.J") and hasattr(value, "format"):
        return clip(str(value.format(0)), LONGEST_TEXT)
    count = getattr(value, "count", None)
    if isinstance(count, int) and not isinstance(count, bool) and hasattr(value, "__iter__"):
        # The groups of a match have names, and are no pairs.
        if hasattr(value, "contains_key") and (not count or hasattr(next(iter(value)), "key")):
            return _dictionary(value, count, depth)
        return _list(value, count, depth)
    if hasattr(value, "to_string") or isinstance(value, BaseException):
        return clip(to_string(value), LONGEST_TEXT)
    return short_type(name)


def _list(value: Iterable[Any], count: int, depth: int) -> str:
    if not count:
        return "[]"
    if depth >= _DEEPEST:
        return f"[{count:,} elements]"
    shown = [show(item, depth + 1) for item, _ in zip(value, range(_MOST_ELEMENTS), strict=False)]
    return f"[{', '.join(shown)}{_more(count)}]"


def _dictionary(value: Iterable[Any], count: int, depth: int) -> str:
    if not count:
        return "{}"
    if depth >= _DEEPEST:
        return f"{{{count:,} entries}}"
    pairs = [
        f"{show(pair.key, depth + 1)}: {show(pair.value, depth + 1)}"
        for pair, _ in zip(value, range(_MOST_ELEMENTS), strict=False)
    ]
    return f"{{{', '.join(pairs)}{_more(count)}}}"


def _more(count: int) -> str:
    return f", … {count - _MOST_ELEMENTS:,} more" if count > _MOST_ELEMENTS else ""


# C# code on as few lines as it takes: comments gone, line breaks and indentation outside of strings folded

_SPACE = re.compile(r"\s+")


def folded(text: str, start: int, end: int) -> str:
    """Return the code from `start` to `end` of an expression on one line.

    >>> folded("@(a //why\\n   == b)", 2, 19)
    'a == b'
    """
    pieces: list[str] = []
    position = start
    for first, last in sorted(scan_code(text, 0, len(text), literals=True).literals):
        if last <= start or first >= end:
            continue
        pieces.append(_SPACE.sub(" ", text[position:first]))
        literal = text[max(first, start) : min(last, end)]
        pieces.append(" " if literal.startswith(("//", "/*")) else literal)
        position = last
    if position < end:
        pieces.append(_SPACE.sub(" ", text[position:end]))
    joined = "".join(pieces).strip()
    # Around a removed comment two spaces may meet, and a line broken before a dot leaves one.
    return re.sub(r" (?=[.,;)\]])|(?<=[(\[]) ", "", re.sub(r" {2,}", " ", joined)) if '"' not in joined else joined


# Render the values of a request after it has ended, within limits of their own.
# A lazy sequence in a variable runs the policy's code when it is walked over. So a report gives all its values
# together the budget of one request, and an exception or a limit is the text of the value that met it, not the end of
# the report.

P = ParamSpec("P")
T = TypeVar("T")


def within_limits(report: Callable[Concatenate[Result, P], T]) -> Callable[Concatenate[Result, P], T]:
    """Make a function that reports about a result render its values within the limits of one request."""

    @wraps(report)
    def held(result: Result, /, *arguments: P.args, **options: P.kwargs) -> T:
        with use_environment(result.exchange.environment.renewed()):
            return report(result, *arguments, **options)

    return held


def value_text(value: Any) -> str | None:
    """Return a value as text, None for null; what happens while it is walked over is the text."""
    try:
        with environment().share():
            return text_of(value)
    except Exception as error:
        found = as_policy_error(error)
        if isinstance(found, DotnetException):
            return f"({found.dotnet_type_name}: {from_utf16(found.message)})"
        return f"(not shown: {found})"
