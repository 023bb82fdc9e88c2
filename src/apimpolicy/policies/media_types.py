"""Classify content types, for policies that treat JSON, XML and other texts differently."""

from __future__ import annotations

import re
from collections.abc import Callable

_REFUSED = re.compile(r"\s*q\s*=\s*0(?:\.0*)?\s*", re.IGNORECASE)
_TEXTS = frozenset(
    {
        "application/javascript",
        "application/x-javascript",
        "application/ecmascript",
        "application/x-www-form-urlencoded",
        "application/graphql",
        "application/yaml",
        "application/x-yaml",
        "application/x-ndjson",
    }
)


def media_type(content_type: str | None) -> str:
    """Return type and subtype, in lower case and without parameters; empty when there is none.

    >>> media_type("Application/JSON; charset=utf-8")
    'application/json'
    """
    return (content_type or "").partition(";")[0].strip().lower()


def is_json(content_type: str | None) -> bool:
    """`application/json`, `text/json` and what ends with `+json`."""
    kind = media_type(content_type)
    return kind in ("application/json", "text/json") or kind.endswith("+json")


def is_xml(content_type: str | None) -> bool:
    """`application/xml`, `text/xml` and what ends with `+xml`."""
    kind = media_type(content_type)
    return kind in ("application/xml", "text/xml") or kind.endswith("+xml")


def is_text(content_type: str | None) -> bool:
    """Return whether a type is JSON, XML, `text/…`, or a textual application type."""
    kind = media_type(content_type)
    return kind.startswith("text/") or kind in _TEXTS or is_json(kind) or is_xml(kind)


def accepts(accept: str | None, wanted: Callable[[str], bool]) -> bool:
    """Return whether an Accept header names such a type, with a quality that is not 0. `*/*` names none.

    >>> accepts("text/html, application/json;q=0.5", is_json), accepts("*/*", is_json), accepts(None, is_json)
    (True, False, False)
    """
    for entry in (accept or "").split(","):
        kind, *parameters = entry.split(";")
        if wanted(kind) and not any(_REFUSED.fullmatch(parameter) for parameter in parameters):
            return True
    return False
