"""Arrays: their items, and parts of them that are copied."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from apimpolicy.concolic.inverses import inverse, one_of
from apimpolicy.concolic.origins import COPIED, HAS_ITEM, ITEM, THROWS

if TYPE_CHECKING:
    from apimpolicy.concolic.inverses import InverseQuery, Preimage, Preimages

_LINQ = "System.Linq.Enumerable"


def _with(items: Any, start: int, part: Any) -> Any:
    """Return a list with items replaced."""
    return items[:start] + type(items)(part) + items[start + len(part) :]


def longer(items: Any, size: int) -> Any:
    """Return a list with items appended."""
    return items + (b"\1" if isinstance(items, bytes) else ["x"]) * (size - len(items))


def sizes_from(least: int) -> list[int]:
    """Yield sizes worth trying when that many are needed, since some encodings need padding."""
    return [least + -least % 3, least, least + 1, least + 2]


@inverse(ITEM, "ArrayAccess", "System.Collections.Generic.List.Item", "System.Array.GetValue")
def item(query: InverseQuery) -> Preimages:
    items, index = query.now(0), query.was(1)
    if not 0 <= index < len(items):
        return
    yield {0: _with(items, index, [query.wanted])}


@inverse(f"{THROWS}ArrayAccess", f"{THROWS}System.Collections.Generic.List.Item")
def has_item(query: InverseQuery) -> Preimages:
    items, index = query.now(0), query.was(1)
    if query.wanted or index < len(items):
        return
    yield from one_of(0, (longer(items, size) for size in sizes_from(index + 1)))


@inverse(HAS_ITEM)
def has_more(query: InverseQuery) -> Preimages:
    """Yield a list with one more item, or cut here; the item is an object or a string."""
    items, index = query.now(0), query.was(1)
    if query.wanted:
        yield from one_of(0, ([*items, {}], [*items, "x"]))
    else:
        yield {0: items[:index]}


@inverse("ArrayCreation")
def created(query: InverseQuery) -> Preimages:
    """Yield the size of a new array, the only thing that can be chosen."""
    yield {0: len(query.wanted)}


@inverse(COPIED)
def copied(query: InverseQuery) -> Preimages:
    """Yield source and target of a copy; an array of another size is another round."""
    was, place, count = query.was(0), query.was(3), query.was(4)
    if len(query.wanted) != len(was):
        yield {0: query.wanted}
        return
    rest = _with(query.wanted, place, was[place : place + count])
    wish: Preimage = {1: _with(query.now(1), query.was(2), query.wanted[place : place + count])}
    yield wish if rest == was else {**wish, 0: rest}


@inverse(f"{THROWS}System.Array.Copy")
def can_be_copied(query: InverseQuery) -> Preimages:
    source, start, count = query.now(0), query.was(1), query.was(4)
    if not query.wanted and start >= 0 and count >= 0:
        yield from one_of(0, (longer(source, size) for size in sizes_from(start + count)))


@inverse(f"{_LINQ}.Skip")
def skipped(query: InverseQuery) -> Preimages:
    items, count = query.now(0), query.was(1)
    yield {0: items[:count] + query.wanted}


@inverse(f"{_LINQ}.Take")
def taken(query: InverseQuery) -> Preimages:
    items, count = query.now(0), query.was(1)
    yield {0: query.wanted + items[count:]}


@inverse(f"{_LINQ}.Reverse")
def reversed_(query: InverseQuery) -> Preimages:
    yield {0: query.wanted[::-1]}


@inverse(f"{_LINQ}.First", f"{_LINQ}.FirstOrDefault")
def first(query: InverseQuery) -> Preimages:
    yield {0: _with(query.now(0), 0, [query.wanted])}


@inverse(f"{_LINQ}.Last", f"{_LINQ}.LastOrDefault")
def last(query: InverseQuery) -> Preimages:
    items = query.now(0)
    yield {0: _with(items, len(items) - 1, [query.wanted])}


@inverse(f"{_LINQ}.ToArray", f"{_LINQ}.ToList", f"{_LINQ}.AsEnumerable")
def itself(query: InverseQuery) -> Preimages:
    yield {0: query.wanted}


_NUMBERS = {"ToInt16": "<h", "ToUInt16": "<H", "ToInt32": "<i", "ToUInt32": "<I", "ToInt64": "<q", "ToUInt64": "<Q"}
_BITS = "System.BitConverter."


@inverse(*(_BITS + name for name in _NUMBERS))
def number(query: InverseQuery) -> Preimages:
    part = struct.pack(_NUMBERS[query.origin.name.removeprefix(_BITS)], query.wanted)
    yield {0: _with(query.now(0), query.was(1), part)}


@inverse(*(THROWS + _BITS + name for name in _NUMBERS))
def long_enough(query: InverseQuery) -> Preimages:
    size = struct.calcsize(_NUMBERS[query.origin.name.removeprefix(THROWS + _BITS)])
    if not query.wanted:
        yield from one_of(0, (longer(query.now(0), each) for each in sizes_from(query.was(1) + size)))


@inverse(f"{_BITS}ToString")
def hexadecimal(query: InverseQuery) -> Preimages:
    if len(query.operands) == 1:
        yield {0: bytes.fromhex(query.wanted.replace("-", ""))}
