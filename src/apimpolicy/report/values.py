"""Run-time values in a few words, and code on few lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from apimpolicy.dotnet.environment import environment, use_environment
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.values import OBJECT, from_utf16
from apimpolicy.emit.runtime import as_policy_error
from apimpolicy.report.columns import clip, printable
from apimpolicy.report.conformance_values import text_of
from apimpolicy.text.scanner import scan_code
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from apimpolicy.dotnet.types import Type
    from apimpolicy.engine.result import Result


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
    from apimpolicy.dotnet.exceptions import DotnetException
    from apimpolicy.errors import LimitExceededError

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
    from apimpolicy.dotnet.values import from_utf16

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
    from apimpolicy.dotnet.values import type_of

    return short_type(str(type_of(value)))


def short_type(name: str) -> str:
    """`System.Collections.Generic.List<System.Guid>` as `List<Guid>`."""
    import re

    return re.sub(r"(?:\w+\.)+(?=\w)", "", name)


def _number(value: Any) -> str:
    from apimpolicy.dotnet.system.objects import to_string
    from apimpolicy.dotnet.values import EnumValue

    text = to_string(value)
    return f"{type_name(value)}.{text}" if isinstance(value, EnumValue) and text.isidentifier() else text


def _object(value: Any, depth: int) -> str:
    from apimpolicy.dotnet.values import AnonymousObject, Array, type_of

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
        from apimpolicy.dotnet.system.objects import to_string

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


def value_text(value: Any, static: Type = OBJECT) -> str | None:
    """Return a value as text, None for null; what happens while it is walked over is the text."""
    try:
        with environment().share():
            return text_of(value, static)
    except Exception as error:
        found = as_policy_error(error)
        if isinstance(found, DotnetException):
            return f"({found.dotnet_type_name}: {from_utf16(found.message)})"
        return f"(not shown: {found})"
