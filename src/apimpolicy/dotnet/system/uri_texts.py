"""The texts of a `System.Uri`: what is escaped in them, what is shown unescaped, and paths without dot segments.

Source: RFC 3986, RFC 3987 (the characters that need no escape) and .NET Core 3.1, `UriHelper` and `IriHelper`.
"""

from __future__ import annotations

import re

from apimpolicy.dotnet.system.web_text import percent_decode, percent_encode

_UNRESERVED_ESCAPE = re.compile(r"%(?:2[dDeE]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
_KEPT_ESCAPED = re.compile(r"%(?:25|23|2[fF]|3[fFaAbBdD]|40|5[cC]|26|2[bBcC4])|%[01][0-9A-Fa-f]|%7[fF]")
_HIGH_ESCAPES = re.compile("(?:%[89A-Fa-f][0-9A-Fa-f])+")
_NO_IRI_CHARACTER = re.compile(
    "[\x80-\x9f\u200e\u200f\u202a-\u202e\ue000-\uf8ff\ufdd0-\ufdef\ufff0-\uffff]|[\udb80-\udbff][\udc00-\udfff]"
)


def normal_escapes(text: str, safe: str) -> str:
    """Escape what must be; unescape unreserved characters; leave other escapes alone."""
    text = _UNRESERVED_ESCAPE.sub(lambda match: chr(int(match.group()[1:], 16)), text)
    text = re.sub("%(?![0-9A-Fa-f]{2})", "%25", text)
    return percent_encode(text, safe + "-_.~%")


def upper_case_escapes(text: str) -> str:
    """Escaped bytes in upper case, as soon as the text has one character that is not ASCII, escaped or not.

    >>> upper_case_escapes("a%c3%a9%2c"), upper_case_escapes("a%c3%2c")
    ('a%C3%A9%2c', 'a%c3%2c')
    """
    if percent_decode(text).isascii():
        return text
    return _HIGH_ESCAPES.sub(lambda run: run.group().upper(), text)


def readable(text: str) -> str:
    """Without the escapes of characters that are safe to show: `UriFormat.SafeUnescaped`."""

    def decode(match: re.Match[str]) -> str:
        run, kept = match.group(), []
        position = 0
        for escaped in _KEPT_ESCAPED.finditer(run):
            kept.append(_shown(run[position : escaped.start()]))
            kept.append(escaped.group())
            position = escaped.end()
        kept.append(_shown(run[position:]))
        return "".join(kept)

    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", decode, text)


def _shown(run: str) -> str:
    """Return the characters of escapes; bytes that are no UTF-8, and what RFC 3987 does not allow, stay escaped."""
    return _NO_IRI_CHARACTER.sub(lambda match: percent_encode(match.group(), ""), percent_decode(run))


def without_dot_segments(path: str) -> str:
    """Return a rooted path in which `.` and `..` are worked out."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        last = index == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
            if last:
                kept.append("")
        elif segment != ".":
            kept.append(segment)
        elif last:
            kept.append("")
    return "/" + "/".join(kept)
