"""Filters of texts and dates. Texts are .NET strings."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from apimpolicy.dotnet.environment import environment
from apimpolicy.dotnet.exceptions import DotnetException
from apimpolicy.dotnet.regex.expressions import Regex
from apimpolicy.dotnet.system.date_exact import parse_datetime
from apimpolicy.dotnet.system.datetimes import DateTime, now
from apimpolicy.policies.liquid.filter import liquid_filter
from apimpolicy.policies.liquid.library import library
from apimpolicy.policies.liquid.values import XmlElement, is_convertible, plain

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
    return None if text is None else _joined(text, other or "")


@liquid_filter("string input", "string string")
def prepend(text: str | None, other: str | None) -> str | None:
    return None if text is None else _joined(other or "", text)


def _joined(first: str, second: str) -> str:
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
