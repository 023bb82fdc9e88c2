"""Filters of lists, texts and dates. Texts are .NET strings.

A filter declares its parameters as .NET does, so that arguments are converted as .NET converts them:

    @liquid_filter("string input", "int length = 50", 'string truncateString = "..."')
    def Truncate(...)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cmp_to_key, lru_cache
from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, DotnetException
from apimpolicy.csharp.dotnet.regex.expressions import Regex
from apimpolicy.csharp.dotnet.system import objects
from apimpolicy.csharp.dotnet.system.date_exact import parse_datetime
from apimpolicy.csharp.dotnet.system.datetimes import DateTime, now
from apimpolicy.csharp.dotnet.values import type_of
from apimpolicy.gateway.policies.liquid.markup import LiquidError, LiquidSyntaxError
from apimpolicy.gateway.policies.liquid.values import (
    Hash,
    LiquidDrop,
    Pair,
    XmlElement,
    compare_values,
    is_convertible,
    items,
    joined,
    library,
    member,
    plain,
    to_int32,
    without_box,
)

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
                given.append(_argument(arguments[index], type_))
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


def _argument(value: Any, type_: str) -> Any:
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
    return to_int32(without_box(value))


def _impossible(value: Any, type_: str) -> LiquidError:
    known = plain(value) if isinstance(value, (Hash, list, range)) else None
    source = known or ("DotLiquid.Drop" if isinstance(value, (LiquidDrop, Pair, XmlElement)) else _full_name_of(value))
    return LiquidError(f"Object of type '{source}' cannot be converted to type '{_FULL_NAMES[type_]}'.")


def _full_name_of(value: Any) -> str:
    return objects.get_type(value).full_name if type_of(value) is not None else ""


def _flattened(value: Any) -> list[Any]:
    """Return the items, those of lists inside in their place."""
    step = environment().step
    found: list[Any] = []
    waiting = [value]
    while waiting:
        step()
        item = waiting.pop()
        inside = None if item is not value and not isinstance(item, (list, range)) else items(item)
        if inside is None or (item is value and isinstance(item, str)):
            found.append(item)
        else:
            waiting.extend(reversed(inside))
    environment().check_elements(len(found))
    return found


@liquid_filter("object input")
def size(value: Any) -> int:
    """Return the number of characters or items; 0 for other values."""
    if isinstance(value, str):
        return len(value)
    found = items(value)
    return 0 if found is None else len(found)


@liquid_filter("IEnumerable array")
def first(values: Any) -> Any:
    found = items(values)
    return found[0] if found else None


@liquid_filter("IEnumerable array")
def last(values: Any) -> Any:
    found = items(values)
    return found[-1] if found else None


@liquid_filter("IEnumerable input", 'string glue = " "')
def join(values: Any, glue: str | None) -> str | None:
    return None if values is None else joined(items(values) or (), glue or "")


@liquid_filter("object input", "int start", "int len = 1")
def _slice(value: Any, start: int, count: int) -> Any:
    """Return a part of a text or of a list; negative starts count from the end."""
    if not isinstance(value, (str, list, range)):
        return value
    whole = plain(value) if isinstance(value, str) else value
    if start < 0:
        start += len(whole)
        if start < 0:
            count, start = max(0, count + start), 0
    if start > len(whole):
        return None
    if count < 0:
        raise LiquidError("Length cannot be less than zero. (Parameter 'length')")
    return whole[start : start + count]


@liquid_filter("object input", "string property = null")
def sort(value: Any, name: str | None) -> Any:
    """Sort ascending, texts without case; by a property if one is named that some items have."""
    if value is None:
        return None
    found = _flattened(value)
    if not found:
        return found
    if name:
        if not any(_has(item, name) for item in found):
            return found
        return sorted(found, key=cmp_to_key(lambda a, b: _order(_property(a, name), _property(b, name))))
    return sorted(found, key=cmp_to_key(_order))


def _has(item: Any, name: str) -> bool:
    return isinstance(item, (Hash, XmlElement)) and item.find(name)[0]


def _property(item: Any, name: str) -> Any:
    return member(item, name, bracketed=True)


def _order(left: Any, right: Any) -> int:
    environment().step()
    if left is None or right is None:
        return int(left is not None) - int(right is not None)
    if isinstance(left, str) and isinstance(right, str):
        first_, second = plain(left).upper(), plain(right).upper()
        return int(first_ > second) - int(first_ < second)
    if type(left) is not type(right):
        raise ArgumentException("Object must be of type Int32.")
    return compare_values(left, right) or 0


@liquid_filter("IEnumerable input", "string property")
def _map(values: Any, name: str | None) -> Any:
    """Return one property of each item."""
    found = items(values)
    environment().step(len(found or ()))
    return None if found is None else [_property(item, name or "") for item in found]


@liquid_filter("object input")
def uniq(value: Any) -> Any:
    """Return each value once, where it came first."""
    if value is None:
        return None
    seen: set[Any] = set()
    unique: list[Any] = []
    for item in _flattened(value):
        key = (type(item).__name__, without_box(item) if isinstance(item, (str, int, float)) else id(item))
        if key not in seen:
            seen.add(key)
            unique.append(item)
    return unique


@liquid_filter("object input")
def compact(value: Any) -> Any:
    return None if value is None else [item for item in _flattened(value) if item is not None]


_LINE_END = re.compile(r"\r?\n")
_HTML = "(?si)<script.*?</script>|<!--.*?-->|<style.*?</style>"
_HTML_TAG = "(?s)<.*?>"
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|['’](?=[^\W_]))*")


def _is_blank(text: str | None) -> bool:
    return text is None or not text.strip()


def _register(name: str, type_name: str, signature: str) -> None:
    """Register a filter that is a member of .NET; null stays null."""

    def apply(text: str | None) -> Any:
        return None if text is None else library(type_name, signature)(text)

    apply.__name__ = name
    liquid_filter("string input")(apply)


for _name, _type_name, _signature in (
    ("downcase", "string", "string ToLower()"),
    ("upcase", "string", "string ToUpper()"),
    ("escape", "System.Net.WebUtility", "static string HtmlEncode(string value)"),
    ("h", "System.Net.WebUtility", "static string HtmlEncode(string value)"),
    ("url_encode", "System.Net.WebUtility", "static string UrlEncode(string value)"),
    ("url_decode", "System.Net.WebUtility", "static string UrlDecode(string encodedValue)"),
    ("strip", "string", "string Trim()"),
    ("lstrip", "string", "string TrimStart()"),
    ("rstrip", "string", "string TrimEnd()"),
):
    _register(_name, _type_name, _signature)


@liquid_filter("string input")
def capitalize(text: str | None) -> str | None:
    """`TextInfo.ToTitleCase`: each word with a capital, except words that are all capitals already."""
    if text is None:
        return None
    return _WORD.sub(lambda word: word[0] if word[0].isupper() else word[0][:1].upper() + word[0][1:].lower(), text)


@liquid_filter("string input", "int length = 50", 'string truncateString = "..."')
def truncate(text: str | None, length: int, end: str | None) -> str | None:
    if not text or len(text) <= length:
        return text
    end = end or ""
    return text[: max(length - len(end), 0)] + end


@liquid_filter("string input", "int words = 15", 'string truncateString = "..."')
def truncate_words(text: str | None, words: int, end: str | None) -> str | None:
    if not text:
        return text
    parts = text.split(" ")
    return " ".join(parts[: max(words, 0)]) + (end or "") if len(parts) > max(words, 0) else text


@liquid_filter("string input", "string pattern")
def split(text: str | None, separator: str | None) -> list[Any]:
    if text is None or _is_blank(text):
        return [text]
    environment().new_elements(len(text) if not separator else text.count(separator) + 1)
    return [part for part in text.split(separator) if part] if separator else list(text)


@liquid_filter("string input")
def strip_html(text: str | None) -> str | None:
    return None if text is None else _regex(_HTML_TAG).replace(_regex(_HTML).replace(text, ""), "")


@liquid_filter("string input")
def strip_newlines(text: str | None) -> str | None:
    return None if text is None else _LINE_END.sub("", text)


@liquid_filter("string input")
def newline_to_br(text: str | None) -> str | None:
    if text is None:
        return None
    environment().new_string(len(text) + 6 * text.count("\n"))
    return _LINE_END.sub(lambda end: "<br />" + end[0], text)


@liquid_filter("string input", "string string", 'string replacement = ""')
def replace(text: str | None, pattern: str | None, replacement: str | None) -> str | None:
    """`Regex.Replace`: what is searched is a regular expression, as in DotLiquid 2.0."""
    if not text or not pattern:
        return text
    return _regex(pattern).replace(text, replacement or "")


@liquid_filter("string input", "string string", 'string replacement = ""')
def replace_first(text: str | None, pattern: str | None, replacement: str | None) -> str | None:
    if not text or not pattern:
        return text
    return _regex(pattern).replace_by(text, lambda _: replacement or "", 1)


@lru_cache(maxsize=256)
def _regex(pattern: str) -> Regex:
    return Regex.create(pattern)


@liquid_filter("string input", "string string")
def remove(text: str | None, part: str | None) -> str | None:
    return text if text is None or _is_blank(text) or not part else text.replace(part, "")


@liquid_filter("string input", "string string")
def remove_first(text: str | None, pattern: str | None) -> str | None:
    return text if _is_blank(text) else replace_first(text, pattern, "")


@liquid_filter("string input", "string string")
def append(text: str | None, other: str | None) -> str | None:
    return None if text is None else _concatenated(text, other or "")


@liquid_filter("string input", "string string")
def prepend(text: str | None, other: str | None) -> str | None:
    return None if text is None else _concatenated(other or "", text)


def _concatenated(first: str, second: str) -> str:
    environment().new_string(len(first) + len(second))
    return first + second


@liquid_filter("string input", "string defaultValue")
def default(text: str | None, other: str | None) -> str | None:
    return other if _is_blank(text) else text


@liquid_filter("object input", "string format")
def date(value: Any, format_: str | None) -> Any:
    """Return a date, or a text that .NET reads as one, in a .NET format; other texts stay as they are."""
    if value is None:
        return None
    if isinstance(value, DateTime):
        return value.to_string() if format_ is None or _is_blank(format_) else value.format(format_)
    if not is_convertible(value) and not isinstance(value, XmlElement):
        return value
    text = plain(value)
    if text.lower() in ("now", "today"):
        moment = now()
        return moment.to_string() if format_ is None or _is_blank(format_) else moment.format(format_)
    try:
        moment = parse_datetime(text)
    except DotnetException:
        return text
    return text if format_ is None or _is_blank(format_) else moment.format(format_)
