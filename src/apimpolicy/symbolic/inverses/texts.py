"""Texts that are cut, put together, and searched."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from apimpolicy.binding import nodes
from apimpolicy.symbolic.inverses import inverse
from apimpolicy.symbolic.origins import THROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.symbolic.inverses import Asked, Wishes

_FILLER = "x"


@inverse("string.ToString", "object.ToString", "string.Clone", "Newtonsoft.Json.Linq.JToken.ToString")
def itself(asked: Asked) -> Wishes:
    yield {0: asked.wanted}


@inverse("string.Trim", "string.TrimStart", "string.TrimEnd")
def trimmed(asked: Asked) -> Wishes:
    if asked.wanted == asked.wanted.strip():
        yield {0: asked.wanted}


@inverse("string.ToLower", "string.ToLowerInvariant")
def lower(asked: Asked) -> Wishes:
    if asked.wanted == asked.wanted.lower():
        yield {0: asked.wanted}


@inverse("string.ToUpper", "string.ToUpperInvariant")
def upper(asked: Asked) -> Wishes:
    if asked.wanted == asked.wanted.upper():
        yield {0: asked.wanted}


@inverse("string.Substring")
def substring(asked: Asked) -> Wishes:
    text, start = asked.now(0), asked.was(1)
    end = start + asked.was(2) if len(asked.operands) > 2 else len(text)
    yield {0: text[:start] + asked.wanted + text[end:]}


@inverse(f"{THROWS}string.Substring")
def long_enough(asked: Asked) -> Wishes:
    start, count = asked.was(1), asked.was(2) or 0
    if not asked.wanted and start >= 0 and count >= 0:
        yield {0: asked.now(0).ljust(start + count, _FILLER)}


@inverse("string.Chars")
def character(asked: Asked) -> Wishes:
    text, index = asked.now(0), asked.was(1)
    yield {0: text[:index] + asked.wanted + text[index + 1 :]}


@inverse("string.Replace")
def replaced(asked: Asked) -> Wishes:
    old, new = asked.was(1), asked.was(2) or ""
    if new and new in asked.wanted:
        yield {0: asked.wanted.replace(new, old)}
    if old not in asked.wanted:
        yield {0: asked.wanted}


@inverse("string.PadLeft", "string.PadRight")
def padded(asked: Asked) -> Wishes:
    character_ = asked.was(2) or " "
    ends = asked.origin.name.endswith("Right")
    if len(asked.wanted) == asked.was(1):
        yield {0: asked.wanted.rstrip(character_) if ends else asked.wanted.lstrip(character_)}
    yield {0: asked.wanted}


@inverse("new string")
def repeated(asked: Asked) -> Wishes:
    """`new string('=', 2)`."""
    if asked.wanted == asked.was(0) * len(asked.wanted):
        yield {1: len(asked.wanted)}


@inverse("string.Split")
def split(asked: Asked) -> Wishes:
    given = asked.was(1)
    separators = [given] if isinstance(given, str) else list(given)
    text = asked.was(0)
    separator = next((each for each in separators if each in text), separators[0])
    yield {0: separator.join(asked.wanted)}


@inverse("string.Concat")
def concatenated(asked: Asked) -> Wishes:
    if len(asked.operands) == 1 or not isinstance(asked.was(0), str):
        return
    yield from joined(asked, list(range(len(asked.operands))), asked.wanted)


@inverse("InterpolatedString")
def interpolated(asked: Asked) -> Wishes:
    node = asked.node
    assert isinstance(node, nodes.InterpolatedString)
    numbers = iter(range(len(asked.operands)))
    yield from joined(asked, [each if isinstance(each, str) else next(numbers) for each in node.parts], asked.wanted)


@inverse("string.Format")
def formatted(asked: Asked) -> Wishes:
    pieces = re.split(r"\{(\d+)\}", asked.was(0))
    parts: list[int | str] = [int(each) + 1 if index % 2 else each for index, each in enumerate(pieces)]
    yield from joined(asked, parts, asked.wanted)


def joined(asked: Asked, parts: Sequence[int | str], wanted: str) -> Wishes:
    """Texts one after another: one of them changes, the others stay; or the last takes what it was made of."""
    texts = [each if isinstance(each, str) else _text(asked.was(each)) for each in parts]
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
def searched(asked: Asked) -> Wishes:
    text, part = asked.now(0), asked.was(1)
    if not asked.wanted:
        yield {0: text.replace(part, "") if part else text}
        yield {0: _FILLER}
        return
    yield {0: part}
    yield {0: part + text if asked.origin.name.endswith("StartsWith") else text + part}
    yield {1: text}


@inverse("string.IndexOf", "string.LastIndexOf")
def found_at(asked: Asked) -> Wishes:
    text, part = asked.now(0), asked.was(1)
    if asked.wanted < 0:
        yield {0: text.replace(part, "")}
    else:
        yield {0: text[: asked.wanted].ljust(asked.wanted, _FILLER) + part + text[asked.wanted :]}


@inverse(
    *("string.Length", "System.Array.Length", "System.Linq.Enumerable.Count", "System.Collections.Generic.List.Count"),
)
def length(asked: Asked) -> Wishes:
    value, wanted = asked.now(0), asked.wanted
    if isinstance(value, str):
        yield {0: value[:wanted].ljust(wanted, _FILLER)}
    elif isinstance(value, bytes):
        yield {0: value[:wanted].ljust(wanted, b"\1")}
    else:
        yield {0: [*value[:wanted], *[_FILLER] * (wanted - len(value))]}
