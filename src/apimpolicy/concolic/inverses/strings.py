"""Strings that are cut, concatenated, and searched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.concolic.inverses import inverse
from apimpolicy.concolic.origins import THROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.concolic.inverses import InverseQuery, Preimages

_FILLER = "x"


@inverse("string.ToString", "object.ToString", "string.Clone", "Newtonsoft.Json.Linq.JToken.ToString")
def itself(query: InverseQuery) -> Preimages:
    yield {0: query.wanted}


@inverse("string.Trim", "string.TrimStart", "string.TrimEnd")
def trimmed(query: InverseQuery) -> Preimages:
    if query.wanted == query.wanted.strip():
        yield {0: query.wanted}


@inverse("string.ToLower", "string.ToLowerInvariant")
def lower(query: InverseQuery) -> Preimages:
    if query.wanted == query.wanted.lower():
        yield {0: query.wanted}


@inverse("string.ToUpper", "string.ToUpperInvariant")
def upper(query: InverseQuery) -> Preimages:
    if query.wanted == query.wanted.upper():
        yield {0: query.wanted}


@inverse("string.Substring")
def substring(query: InverseQuery) -> Preimages:
    text, start = query.now(0), query.was(1)
    end = start + query.was(2) if len(query.operands) > 2 else len(text)
    yield {0: text[:start] + query.wanted + text[end:]}


@inverse(f"{THROWS}string.Substring")
def long_enough(query: InverseQuery) -> Preimages:
    start, count = query.was(1), query.was(2) or 0
    if not query.wanted and start >= 0 and count >= 0:
        yield {0: query.now(0).ljust(start + count, _FILLER)}


@inverse("string.Chars")
def character(query: InverseQuery) -> Preimages:
    text, index = query.now(0), query.was(1)
    yield {0: text[:index] + query.wanted + text[index + 1 :]}


@inverse("string.Replace")
def replaced(query: InverseQuery) -> Preimages:
    old, new = query.was(1), query.was(2) or ""
    if new and new in query.wanted:
        yield {0: query.wanted.replace(new, old)}
    if old not in query.wanted:
        yield {0: query.wanted}


@inverse("string.PadLeft", "string.PadRight")
def padded(query: InverseQuery) -> Preimages:
    character_ = query.was(2) or " "
    ends = query.origin.name.endswith("Right")
    if len(query.wanted) == query.was(1):
        yield {0: query.wanted.rstrip(character_) if ends else query.wanted.lstrip(character_)}
    yield {0: query.wanted}


@inverse("new string")
def repeated(query: InverseQuery) -> Preimages:
    """`new string('=', 2)`."""
    if query.wanted == query.was(0) * len(query.wanted):
        yield {1: len(query.wanted)}


@inverse("string.Split")
def split(query: InverseQuery) -> Preimages:
    given = query.was(1)
    separators = [given] if isinstance(given, str) else list(given)
    text = query.was(0)
    separator = next((each for each in separators if each in text), separators[0])
    yield {0: separator.join(query.wanted)}


@inverse("string.Concat")
def concatenated(query: InverseQuery) -> Preimages:
    if len(query.operands) == 1 or not isinstance(query.was(0), str):
        return
    yield from joined(query, list(range(len(query.operands))), query.wanted)


@inverse("InterpolatedString")
def interpolated(query: InverseQuery) -> Preimages:
    node = query.node
    assert isinstance(node, nodes.InterpolatedString)
    numbers = iter(range(len(query.operands)))
    yield from joined(query, [each if isinstance(each, str) else next(numbers) for each in node.parts], query.wanted)


@inverse("string.Format")
def formatted(query: InverseQuery) -> Preimages:
    pieces = re.split(r"\{(\d+)\}", query.was(0))
    parts: list[int | str] = [int(each) + 1 if index % 2 else each for index, each in enumerate(pieces)]
    yield from joined(query, parts, query.wanted)


def joined(query: InverseQuery, parts: Sequence[int | str], wanted: str) -> Preimages:
    """Yield the parts of a concatenation: one changes and the others stay, or the last takes what is left."""
    texts = [each if isinstance(each, str) else _text(query.was(each)) for each in parts]
    for index, part in enumerate(parts):
        before, after = "".join(texts[:index]), "".join(texts[index + 1 :])
        fits = wanted.startswith(before) and wanted.endswith(after) and len(wanted) >= len(before) + len(after)
        if isinstance(part, int) and fits:
            yield {part: wanted[len(before) : len(wanted) - len(after)]}
    one, last = parts[0], parts[-1]
    if len(parts) == 2 and isinstance(one, int) and isinstance(last, int) and texts[1]:
        kept = wanted.rstrip(texts[1])
        yield {one: kept, last: wanted[len(kept) :]}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


@inverse("string.Contains", "string.StartsWith", "string.EndsWith")
def searched(query: InverseQuery) -> Preimages:
    text, part = query.now(0), query.was(1)
    if not query.wanted:
        yield {0: text.replace(part, "") if part else text}
        yield {0: _FILLER}
        return
    yield {0: part}
    yield {0: part + text if query.origin.name.endswith("StartsWith") else text + part}
    yield {1: text}


@inverse("string.IndexOf", "string.LastIndexOf")
def found_at(query: InverseQuery) -> Preimages:
    text, part = query.now(0), query.was(1)
    if query.wanted < 0:
        yield {0: text.replace(part, "")}
    else:
        yield {0: text[: query.wanted].ljust(query.wanted, _FILLER) + part + text[query.wanted :]}


@inverse(
    *("string.Length", "System.Array.Length", "System.Linq.Enumerable.Count", "System.Collections.Generic.List.Count"),
)
def length(query: InverseQuery) -> Preimages:
    value, wanted = query.now(0), query.wanted
    if isinstance(value, str):
        yield {0: value[:wanted].ljust(wanted, _FILLER)}
    elif isinstance(value, bytes):
        yield {0: value[:wanted].ljust(wanted, b"\1")}
    else:
        yield {0: [*value[:wanted], *[_FILLER] * (wanted - len(value))]}
