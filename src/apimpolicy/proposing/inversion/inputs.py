"""Values as inputs of requests: texts, JSON, tokens, templates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.proposing.inversion.recorded import Null, Ticks, Token
from apimpolicy.proposing.inversion.values import text_of
from apimpolicy.scenarios.assignments import JWT, LIST, NULL, NUMBER, OBJECT, TEXT, TRUTH
from apimpolicy.scenarios.scenario import PASSES

if TYPE_CHECKING:
    from apimpolicy.scenarios.assignments import Assignment, Key

_MOST_TEXT = 6000
_TEMPLATE = re.compile(r"\{[{%][^}]*?\bbody((?:\.[A-Za-z_][\w-]*)+)")


def input_text(value: Any) -> str:
    """Return the text of a value as an input; that of several texts has commas."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")[:_MOST_TEXT]
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return str(",".join(value))[:_MOST_TEXT]
    return str(text_of(value))[:_MOST_TEXT]


def with_token(key: Key) -> Assignment:
    """Return what makes a token part of a request."""
    made: Assignment = {(*key, "there"): True}
    match key[0]:
        case "token":
            return {key: "good"}
        case "header":
            return {**made, (*key, "jwt"): True}
        case "double":
            made[key[:2]] = PASSES
    return {**made, (*key, "kind"): JWT}


def put(made: Assignment, key: Key, value: Any) -> None:
    """Add a value of any kind to a request."""
    match value:
        case None | Null():
            made[*key, "kind"] = NULL
        case bool():
            made |= {(*key, "kind"): TRUTH, (*key, "truth"): value}
        case Token():
            made[*key, "kind"] = JWT
        case Ticks() | bytes():
            made |= {(*key, "kind"): TEXT, (*key, "text"): input_text(value)}
        case int() | float():
            made |= {(*key, "kind"): NUMBER, (*key, "number"): value}
        case dict():
            made[*key, "kind"] = OBJECT
            for name, each in value.items():
                made[*key, f".{name}", "there"] = True
                put(made, (*key, f".{name}"), each)
        case list():
            made |= {(*key, "kind"): LIST, (*key, "length"): len(value)}
            for index, each in enumerate(value):
                put(made, (*key, f"[{index}]"), each)
        case _:
            made |= {(*key, "kind"): TEXT, (*key, "text"): input_text(value)}


def of_template(text: str) -> dict[str, Any]:
    """Return JSON with the names that a Liquid template reads from a body."""
    content: dict[str, Any] = {}
    for place in _TEMPLATE.finditer(text):
        *around, last = place[1][1:].split(".")
        inner = content
        for name in around:
            below = inner.setdefault(name, {})
            inner = below if isinstance(below, dict) else {}
        inner.setdefault(last, "x")
    return content


def whole(text: str, least: int, part: str) -> str:
    """Return an address or a host with so many parts for a text that may be its beginning or its end."""
    parts = text.strip(".").split(".") if text.strip(".") else []
    missing = [part] * (least - len(parts)) or [part][: text.startswith(".")]
    return ".".join([*missing, *parts] if text.startswith(".") else [*parts, *missing])
