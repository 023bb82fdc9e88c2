"""Values that a run compared, and the inputs that may make them equal."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from apimpolicy.binding import nodes
from apimpolicy.dotnet.system.datetimes import DateTime
from apimpolicy.dotnet.system.offsets import DateTimeOffset
from apimpolicy.scenarios.assignments import BASE64

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from apimpolicy.binding.nodes import Bound, Expression
    from apimpolicy.engine.result import Result
    from apimpolicy.scenarios.assignments import Assignment, Key

_COMPARED = ("==", "!=", "<", ">", "<=", ">=")
_MEMBERS = ("Equals", "Contains", "StartsWith", "EndsWith", "IndexOf", "ContainsKey", "TryGetValue", "SequenceEqual")
_PREFIXES = ("Compare", "op_Equality", "op_Inequality", "op_LessThan", "op_GreaterThan")
_MOST_LENGTH = 2000
_LEAST_COMPUTED = 8
_LISTED = ("certificate", "token", "method", "address")
"""Inputs that have listed values."""
_TICKS, _EPOCH = 10_000_000, 621_355_968_000_000_000
Pair = tuple[str, str]


def compared(result: Result, elements: Collection[int] | None) -> list[Pair]:
    """Return the pairs of values, as texts, that expressions compared in a run, latest first.

    Those of some elements count, by identity; of all elements if `elements` is None.
    """
    return [(one, other) for one, other in _all_pairs(result, elements) if one != other]


def equal_values(result: Result) -> set[str]:
    """Return the values that a run computed, and found to be equal to others."""
    pairs = _all_pairs(result, None)
    return {one for pair in pairs for one in pair if pair[0].lower() == pair[1].lower() and len(one) >= _LEAST_COMPUTED}


def _all_pairs(result: Result, elements: Collection[int] | None) -> list[Pair]:
    found: dict[Pair, None] = {}
    for entry in reversed(list(result.trace)):
        if elements is not None and id(entry.element) not in elements:
            continue
        for evaluation in entry.evaluations:
            if evaluation.recorder is None:
                continue
            values: dict[int, list[Any]] = {}
            known = evaluation.recorder.entries
            for node, value in known:
                values.setdefault(id(node), []).append(value)
            for node, _ in reversed(known):
                for compared_nodes in (_operands(node), _collections(node)):
                    operands = [_values(each, values) for each in compared_nodes]
                    for one, other in _pairs(operands):
                        found[one, other] = None
    return list(found)


def _operands(node: Bound) -> list[Expression]:
    if isinstance(node, nodes.Binary) and node.operator in _COMPARED:
        return [node.left, node.right]
    if isinstance(node, nodes.Call) and (node.method.name in _MEMBERS or node.method.name.startswith(_PREFIXES)):
        return [*([] if node.receiver is None else [node.receiver]), *node.arguments]
    return []


def _collections(node: Bound) -> list[Expression]:
    """Return the arrays or texts that are compared item by item."""
    if not isinstance(node, nodes.Binary) or node.operator not in (*_COMPARED, "^"):
        return []
    found: list[Expression] = []
    for side in (node.left, node.right):
        while isinstance(side, nodes.Convert):
            side = side.operand
        if isinstance(side, nodes.ArrayAccess):
            found.append(side.array)
        elif isinstance(side, nodes.IndexerAccess):
            found.append(side.receiver)
    return found if len(found) > 1 else []


def _values(node: Expression, values: dict[int, list[Any]]) -> list[str]:
    if node.is_constant:
        return list(texts_of(node.constant))
    known = values.get(id(node))
    if known is None and isinstance(node, (nodes.Convert, nodes.AsType)):
        return _values(node.operand, values)
    return [text for value in (known or [])[-8:] for text in texts_of(value)]


def _pairs(operands: list[list[str]]) -> Iterator[Pair]:
    for index, one in enumerate(operands):
        for another in operands[index + 1 :]:
            for first in one:
                yield from ((first, second) for second in another)


def texts_of(value: Any) -> Iterator[str]:
    """Yield the texts by which a request can have a value."""
    if isinstance(value, bool) or value is None:
        return
    if isinstance(value, (DateTime, DateTimeOffset)):
        ticks = value.ticks
        for seconds in (0, 1, -1):
            moment = (ticks - _EPOCH) // _TICKS + seconds
            yield from (_iso(moment), str(moment))
        return
    if isinstance(value, str):
        if len(value) < _MOST_LENGTH:
            yield str(value)
    elif isinstance(value, (int, float)):
        yield str(int(value)) if isinstance(value, int) or value == int(value) else str(value)
    elif isinstance(value, (bytes, bytearray)):
        yield base64.b64encode(bytes(value)).decode()
        yield bytes(value).hex()
    elif isinstance(value, (list, tuple)) and len(value) >= _LEAST_COMPUTED and all(map(_is_byte, value)):
        yield from texts_of(bytes(value))
    elif isinstance(value, (list, tuple)):
        for each in value[:8]:
            yield from texts_of(each)
    else:
        inner = getattr(value, "value", None)
        if isinstance(inner, (str, int, float)):
            yield from texts_of(inner)


def _is_byte(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value < 256


def _iso(seconds: int) -> str:
    import datetime

    try:
        moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, OSError, ValueError):
        return "0001-01-01T00:00:00Z"
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def matching(assignment: Assignment, pairs: list[Pair]) -> Iterator[Assignment]:
    """Yield requests in which an input that has the one value of a pair has the other instead."""
    for pair in pairs:
        for one, other in (pair, pair[::-1]):
            for key, value in assignment.items():
                if key[0] in _LISTED:
                    continue
                if BASE64 in key and isinstance(value, str) and base64.b64encode(value.encode()).decode() == one:
                    size = key.index(BASE64)
                    yield {
                        **{each: known for each, known in assignment.items() if key[:size] != each[:size]},
                        **_whole(assignment, key[:size]),
                        key[:size]: other,
                    }
                elif isinstance(value, str) and key[-1] not in ("kind",):
                    for made in _replaced(value, one, other):
                        yield {**assignment, key: made}
                elif not isinstance(value, (str, bool)) and key[-1] not in ("kind", "length"):
                    changes = (0, 1, -1) if one == str(value) and _is_number(other) else ()
                    yield from ({**assignment, key: int(float(other)) + change} for change in changes)


def _whole(assignment: Assignment, key: Key) -> Assignment:
    """Return what makes a text part of a request that was a code of another one."""
    return {
        each: known for each, known in assignment.items() if each[: len(key)] == key and each[len(key) :] == ("there",)
    }


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < 1e15
    except ValueError:
        return False


def _replaced(value: str, one: str, other: str) -> Iterator[str]:
    """Yield texts in which one value is replaced with the other, in the codings in which it is found."""
    if not one:
        yield value + other
        for place in re.finditer(r"[=:,; /]", value):
            yield value[: place.end()] + other + value[place.end() :]
        return
    if value == one:
        yield other
        if _is_number(other) and _is_number(one):
            yield from (str(int(float(other)) + change) for change in (1, -1))
        yield other + "x"
    elif one in value:
        for each in _near(other):
            yield re.sub(rf"(?<![A-Za-z0-9]){re.escape(one)}(?![A-Za-z0-9])", lambda _, each=each: each, value)  # type: ignore[misc]
        yield value.replace(one, other)
    elif value.lower() == one.lower():
        yield other
    decoded = unquote(value)
    if decoded != value and one in decoded:
        yield quote(decoded.replace(one, other), safe="")
    plain = _decoded(value)
    if plain is not None and one in plain:
        yield base64.b64encode(plain.replace(one, other).encode("utf-8", "replace")).decode()
    elif _decoded(other) is None and (value in ("x", "") or one in ("x", "")):
        yield base64.b64encode(other.encode("utf-8", "replace")).decode()


def _near(text: str) -> list[str]:
    """Return a text, and where it is a number the numbers next to it."""
    return [text, *(str(int(float(text)) + change) for change in (1, -1))] if _is_number(text) else [text]


def _decoded(text: str) -> str | None:
    if len(text) < 4 or len(text) % 4:
        return None
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
