"""Plain values: others than one, of another length or with another member; their texts, and inputs that have them."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from apimpolicy.reasoning.languages.language import TooLarge, shortest_word
from apimpolicy.reasoning.languages.patterns import language_of
from apimpolicy.reasoning.proposing.inversion.recorded import Markup, Null, Ticks, TokenText
from apimpolicy.reasoning.scenarios.assignments import JWT, LIST, NULL, NUMBER, OBJECT, TEXT, TRUTH, Assignment, Key
from apimpolicy.reasoning.scenarios.scenario import PASSES
from apimpolicy.reasoning.semantics.unknowns import Unsupported

if TYPE_CHECKING:
    Inverse = Iterator[tuple[int, Any]]


SECOND = 10_000_000
EPOCH = 621_355_968_000_000_000


def with_text(element: Markup, wanted: Any) -> Markup:
    try:
        tree = ElementTree.fromstring(element)
    except ElementTree.ParseError:
        tree = ElementTree.Element("x")
    for each in list(tree):
        tree.remove(each)
    tree.text = text_of(wanted)
    return Markup(ElementTree.tostring(tree, encoding="unicode"))


def text_of(value: Any) -> Any:
    if isinstance(value, Ticks):
        seconds = (value - EPOCH) // SECOND
        try:
            return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
        except (OverflowError, OSError, ValueError):
            return "0001-01-01T00:00:00Z"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and value == int(value):
        value = int(value)
    return str(value)


def different(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, Ticks):
        return [Ticks(value + 86_400 * SECOND)]
    if isinstance(value, (int, float)):
        return [value + 1, value - 1]
    if isinstance(value, str):
        alike = [value.swapcase(), value.replace("s", "\u017f").replace("k", "\u212a")]  # to careless comparisons
        return [value + "x", "x", *(each for each in alike if each != value)]
    if isinstance(value, bytes):
        return [bytes([(value[0] + 1) % 256]) + value[1:]] if value else [b"x"]
    if isinstance(value, list):
        return [[], [*value, "x"]]
    if isinstance(value, dict):
        return [{}, {**value, "x": "x"}]
    return ["x"]


def resized(value: Any, size: int) -> Any:
    size = max(0, min(size, 5000))
    if isinstance(value, str):
        return value[:size] + "x" * (size - len(value))
    if isinstance(value, bytes):
        return value[:size] + b"x" * (size - len(value))
    if isinstance(value, dict):
        names = [*list(value)[:size], *(f"x{number}" for number in range(size - len(value)))]
        return {name: value.get(name, "x") for name in names}
    items = value if isinstance(value, list) else []
    last = items[-1] if items else "x"
    return [*items[:size], *[last] * min(size - len(items), 60)]


def with_member(container: Any, path: Sequence[Any], wanted: Any) -> Any:
    """Return JSON with another value at a path; None removes a property."""
    if not path:
        return None if isinstance(wanted, Null) else wanted
    first, *rest = path
    if isinstance(first, int):
        items = list(container) if isinstance(container, (list, str)) else []
        if not 0 <= first < 100:
            return items
        items += ["x"] * (first + 1 - len(items))
        items[first] = with_member(items[first], rest, wanted)
        return items
    made = dict(container) if isinstance(container, dict) else {}
    if wanted is None and not rest:
        made.pop(first, None)
    else:
        made[first] = with_member(made.get(first), rest, wanted)
    return made


def path_of(text: str) -> list[Any]:
    parts = re.findall(r"\[(\d+)\]|\['([^']*)'\]|([^.\[\]$?@()*]+)", text)
    return [int(index) if index else name or other for index, name, other in parts]


def matching(pattern: Any) -> str | None:
    try:
        return shortest_word([language_of(pattern)]) if isinstance(pattern, str) else None
    except (Unsupported, TooLarge, ValueError):
        return None


def decoded(text: Any) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return None


def converted(text: Any, like: Any) -> Any:
    if isinstance(text, str) and isinstance(like, (int, float)) and not isinstance(like, (bool, Ticks)):
        try:
            return int(text)
        except ValueError:
            return text
    return text


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


def put(assignment: Assignment, key: Key, value: Any) -> None:
    match value:
        case None | Null():
            assignment[*key, "kind"] = NULL
        case bool():
            assignment |= {(*key, "kind"): TRUTH, (*key, "truth"): value}
        case TokenText():
            assignment[*key, "kind"] = JWT
        case Ticks() | bytes():
            assignment |= {(*key, "kind"): TEXT, (*key, "text"): input_text(value)}
        case int() | float():
            assignment |= {(*key, "kind"): NUMBER, (*key, "number"): value}
        case dict():
            assignment[*key, "kind"] = OBJECT
            for name, member in value.items():
                assignment[*key, f".{name}", "there"] = True
                put(assignment, (*key, f".{name}"), member)
        case list():
            assignment |= {(*key, "kind"): LIST, (*key, "length"): len(value)}
            for index, item in enumerate(value):
                put(assignment, (*key, f"[{index}]"), item)
        case _:
            assignment |= {(*key, "kind"): TEXT, (*key, "text"): input_text(value)}


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
