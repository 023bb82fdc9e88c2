"""Arrays: their items, and parts of them that are copied."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from apimpolicy.symbolic.inverses import inverse, one_of
from apimpolicy.symbolic.origins import COPIED, HAS_ITEM, ITEM, THROWS

if TYPE_CHECKING:
    from apimpolicy.symbolic.inverses import Asked, Wish, Wishes

_LINQ = "System.Linq.Enumerable"


def _with(items: Any, start: int, part: Any) -> Any:
    """The same with others in a place."""
    return items[:start] + type(items)(part) + items[start + len(part) :]


def longer(items: Any, size: int) -> Any:
    """The same with more at its end."""
    return items + (b"\1" if isinstance(items, bytes) else ["x"]) * (size - len(items))


def sizes_from(least: int) -> list[int]:
    """Sizes that are worth trying, where that many are needed: what is coded is filled up for some of them."""
    return [least + -least % 3, least, least + 1, least + 2]


@inverse(ITEM, "ArrayAccess", "System.Collections.Generic.List.Item", "System.Array.GetValue")
def item(asked: Asked) -> Wishes:
    items, index = asked.now(0), asked.was(1)
    if not 0 <= index < len(items):
        return
    yield {0: _with(items, index, [asked.wanted])}


@inverse(f"{THROWS}ArrayAccess", f"{THROWS}System.Collections.Generic.List.Item")
def has_item(asked: Asked) -> Wishes:
    items, index = asked.now(0), asked.was(1)
    if asked.wanted or index < len(items):
        return
    yield from one_of(0, (longer(items, size) for size in sizes_from(index + 1)))


@inverse(HAS_ITEM)
def has_more(asked: Asked) -> Wishes:
    """One more, or none from here on; what it is nobody knows: an object, or a text."""
    items, index = asked.now(0), asked.was(1)
    if asked.wanted:
        yield from one_of(0, ([*items, {}], [*items, "x"]))
    else:
        yield {0: items[:index]}


@inverse("ArrayCreation")
def created(asked: Asked) -> Wishes:
    """Of a new array only the size can be chosen."""
    yield {0: len(asked.wanted)}


@inverse(COPIED)
def copied(asked: Asked) -> Wishes:
    """What was copied comes from there, and the rest was there before; an array of another size is another round."""
    was, place, count = asked.was(0), asked.was(3), asked.was(4)
    if len(asked.wanted) != len(was):
        yield {0: asked.wanted}
        return
    rest = _with(asked.wanted, place, was[place : place + count])
    wish: Wish = {1: _with(asked.now(1), asked.was(2), asked.wanted[place : place + count])}
    yield wish if rest == was else {**wish, 0: rest}


@inverse(f"{THROWS}System.Array.Copy")
def can_be_copied(asked: Asked) -> Wishes:
    source, start, count = asked.now(0), asked.was(1), asked.was(4)
    if not asked.wanted and start >= 0 and count >= 0:
        yield from one_of(0, (longer(source, size) for size in sizes_from(start + count)))


@inverse(f"{_LINQ}.Skip")
def skipped(asked: Asked) -> Wishes:
    items, count = asked.now(0), asked.was(1)
    yield {0: items[:count] + asked.wanted}


@inverse(f"{_LINQ}.Take")
def taken(asked: Asked) -> Wishes:
    items, count = asked.now(0), asked.was(1)
    yield {0: asked.wanted + items[count:]}


@inverse(f"{_LINQ}.Reverse")
def reversed_(asked: Asked) -> Wishes:
    yield {0: asked.wanted[::-1]}


@inverse(f"{_LINQ}.First", f"{_LINQ}.FirstOrDefault")
def first(asked: Asked) -> Wishes:
    yield {0: _with(asked.now(0), 0, [asked.wanted])}


@inverse(f"{_LINQ}.Last", f"{_LINQ}.LastOrDefault")
def last(asked: Asked) -> Wishes:
    items = asked.now(0)
    yield {0: _with(items, len(items) - 1, [asked.wanted])}


@inverse(f"{_LINQ}.ToArray", f"{_LINQ}.ToList", f"{_LINQ}.AsEnumerable")
def itself(asked: Asked) -> Wishes:
    yield {0: asked.wanted}


_NUMBERS = {"ToInt16": "<h", "ToUInt16": "<H", "ToInt32": "<i", "ToUInt32": "<I", "ToInt64": "<q", "ToUInt64": "<Q"}
_BITS = "System.BitConverter."


@inverse(*(_BITS + name for name in _NUMBERS))
def number(asked: Asked) -> Wishes:
    part = struct.pack(_NUMBERS[asked.origin.name.removeprefix(_BITS)], asked.wanted)
    yield {0: _with(asked.now(0), asked.was(1), part)}


@inverse(*(THROWS + _BITS + name for name in _NUMBERS))
def long_enough(asked: Asked) -> Wishes:
    size = struct.calcsize(_NUMBERS[asked.origin.name.removeprefix(THROWS + _BITS)])
    if not asked.wanted:
        yield from one_of(0, (longer(asked.now(0), each) for each in sizes_from(asked.was(1) + size)))


@inverse(f"{_BITS}ToString")
def hexadecimal(asked: Asked) -> Wishes:
    if len(asked.operands) == 1:
        yield {0: bytes.fromhex(asked.wanted.replace("-", ""))}
