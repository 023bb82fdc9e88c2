"""Inverses of members of collections, moments and elements of XML."""

from __future__ import annotations

import datetime
import xml.etree.ElementTree as ElementTree
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from apimpolicy.proposing.inversion.recorded import Markup, Ticks
from apimpolicy.proposing.inversion.values import EPOCH, SECOND, resized, text_of, with_member

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from apimpolicy.proposing.inversion.values import Inverse


def unix(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield 0, Ticks(EPOCH + int(wanted) * SECOND)


def from_unix(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield 0, (wanted - EPOCH) // SECOND


def subtract(operands: Sequence[Any], wanted: Any) -> Inverse:
    one, other = operands[0], operands[1]
    if isinstance(wanted, int) and isinstance(other, int):
        yield 0, Ticks(wanted + other)
    if isinstance(wanted, int) and isinstance(one, int):
        yield 1, Ticks(one - wanted)


def add(operands: Sequence[Any], wanted: Any) -> Inverse:
    for number in (0, 1):
        if isinstance(other := operands[1 - number], int) and isinstance(wanted, int):
            yield number, Ticks(wanted - other)


def first(operands: Sequence[Any], wanted: Any) -> Inverse:
    items = operands[0]
    if isinstance(items, list):
        yield 0, [wanted, *items[1:]] if wanted is not None else []
    elif isinstance(items, str) and isinstance(wanted, str):
        yield 0, wanted + items[1:]
    else:
        yield 0, [wanted]


def last(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield 0, [*operands[0][:-1], wanted] if isinstance(operands[0], list) else [wanted]


def element(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(index := operands[1], int) and index >= 0:
        yield 0, with_member(operands[0], [index], wanted)


def skip(operands: Sequence[Any], wanted: Any) -> Inverse:
    items, count = operands[0], operands[1]
    if isinstance(items, (list, bytes)) and isinstance(wanted, (list, bytes)) and isinstance(count, int):
        yield 0, joined(items, resized(items, count)[:count], wanted)


def take(operands: Sequence[Any], wanted: Any) -> Inverse:
    items, count = operands[0], operands[1]
    if isinstance(items, (list, bytes)) and isinstance(wanted, (list, bytes)) and isinstance(count, int):
        yield 0, joined(items, wanted[:count], items[count:])


def joined(like: Any, one: Any, other: Any) -> Any:
    return bytes([*one, *other]) if isinstance(like, bytes) else [*one, *other]


def count(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        items = operands[0]
        yield 0, resized(items, int(wanted))
        if isinstance(items, str) and "/" in items:
            yield 0, items + "/x" * int(wanted)


def any_item(operands: Sequence[Any], wanted: Any) -> Inverse:
    if len(operands) == 1:
        yield 0, resized(operands[0], 1 if wanted else 0)


def address(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, bytes):
        yield 0, ".".join(map(str, wanted[:4].ljust(4, b"\0")))


def clock_part(seconds: int, around: int) -> Callable[..., Inverse]:
    """Return the inverse of a part of a moment, which repeats after a time."""

    def inverted(operands: Sequence[Any], wanted: Any) -> Inverse:
        moment = operands[0]
        if isinstance(moment, Ticks) and isinstance(wanted, (int, float)) and 0 <= wanted * seconds < around:
            offset = SECOND * seconds * int(wanted)
            yield 0, Ticks(moment - moment % (around * SECOND) + offset)

    return inverted


def time_of_day(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield 0, Ticks(operands[0] - operands[0] % (86_400 * SECOND) + wanted)


def week_day(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(moment := operands[0], Ticks) and isinstance(wanted, int):
        day = 86_400 * SECOND
        yield 0, Ticks(moment + (wanted - (moment // day + 1) % 7) % 7 * day)


def date_part(name: str) -> Callable[..., Inverse]:
    def inverted(operands: Sequence[Any], wanted: Any) -> Inverse:
        try:
            moment = datetime.datetime(1, 1, 1) + datetime.timedelta(microseconds=operands[0] // 10)
            values: dict[str, Any] = {name: int(wanted)}
            changed = moment.replace(**values) - datetime.datetime(1, 1, 1)
        except (TypeError, ValueError, OverflowError):
            return
        yield 0, Ticks(int(changed.total_seconds()) * SECOND)

    return inverted


def child(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield from of_element(operands, wanted, is_attribute=False)


def children(operands: Sequence[Any], wanted: Any) -> Inverse:
    """Yield the element with the first of some children; without a name for them, with all."""
    if not isinstance(wanted, list):
        return
    if len(operands) > 1:
        yield from child(operands, wanted[0] if wanted else None)
        return
    around = ElementTree.fromstring(operands[0] if isinstance(operands[0], Markup) else "<x/>")
    around[:] = [ElementTree.fromstring(each) for each in wanted if isinstance(each, Markup)]
    yield 0, Markup(ElementTree.tostring(around, encoding="unicode"))


def renamed(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(operands[0], Markup) and isinstance(wanted, str):
        tree = ElementTree.fromstring(operands[0])
        tree.tag = wanted
        yield 0, Markup(ElementTree.tostring(tree, encoding="unicode"))


def properties(operands: Sequence[Any], wanted: Any) -> Inverse:
    """Yield the object that has some properties, each an object of one."""
    made: dict[str, Any] = {}
    for each in wanted if isinstance(wanted, list) else ():
        for name, value in (each if isinstance(each, dict) else {"x": each}).items():
            while name in made:
                name += "x"
            made[name] = value
    yield 0, made


def tokens(operands: Sequence[Any], wanted: Any) -> Inverse:
    """Yield what has some children: an object if it is one, else an array."""
    yield from properties(operands, wanted) if isinstance(operands[0], dict) else [(0, wanted)]


def attribute(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield from of_element(operands, wanted, is_attribute=True)


def of_element(operands: Sequence[Any], wanted: Any, *, is_attribute: bool) -> Inverse:
    name = operands[1] if len(operands) > 1 else None
    if not isinstance(name, str):
        return
    try:
        element = ElementTree.fromstring(operands[0] if isinstance(operands[0], Markup) else "<x/>")
        if is_attribute:
            element.attrib.pop(name, None)
            element.attrib |= {} if wanted is None else {name: text_of(wanted)}
        else:
            for each in element.findall(name):
                element.remove(each)
            if wanted is not None:
                is_markup = isinstance(wanted, Markup)
                element.append(ElementTree.fromstring(wanted if is_markup else f"<{name}/>"))
                element[-1].tag = name
                if not is_markup:
                    element[-1].text = text_of(wanted)
        yield 0, Markup(ElementTree.tostring(element, encoding="unicode"))
    except (ElementTree.ParseError, ValueError, TypeError):
        return


def url_part(name: str) -> Callable[..., Inverse]:
    """Return the inverse of a part of a URL."""

    def inverted(operands: Sequence[Any], wanted: Any) -> Inverse:
        url = urlsplit(
            operands[0] if isinstance(operands[0], str) and "://" in operands[0] else "https://contoso.example"
        )
        yield 0, url._replace(**{name: str(wanted).removeprefix("?") if name == "query" else str(wanted)}).geturl()

    return inverted


def total(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield 0, [wanted]
