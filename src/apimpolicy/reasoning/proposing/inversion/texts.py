"""Inverses of members of texts, and of codes of them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from apimpolicy.reasoning.proposing.inversion.recorded import UNKNOWN
from apimpolicy.reasoning.proposing.inversion.values import converted, decoded, different, matching, text_of

if TYPE_CHECKING:
    from apimpolicy.reasoning.proposing.inversion.values import Inverse


def starts(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, start = operands[0], operands[1]
    if isinstance(start, str):
        if wanted:
            yield 0, start
            yield 0, start + (text if isinstance(text, str) else "x")
        elif text is not UNKNOWN:
            yield from [(0, text.removeprefix(start))] if isinstance(text, str) and text != start else ()
            if isinstance(text, str) and text.startswith(start):
                yield from ((0, each + text[len(start) :]) for each in otherwise_cased(start))
            yield 0, "x" + str(text)
    if isinstance(text, str) and wanted:
        if isinstance(start, str) and len(text) >= len(start) > 1:
            yield 1, text[: len(start)]
        yield 1, text[:1]


def otherwise_cased(text: str) -> list[str]:
    """Return a text in other cases, which checks may take for the same."""
    return [each for each in dict.fromkeys((text.lower(), text.upper())) if each != text]


def ends(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, end = operands[0], operands[1]
    if isinstance(end, str):
        if wanted:
            yield 0, (text if isinstance(text, str) else "x") + end
            yield 0, end
        elif text is not UNKNOWN:
            yield from [(0, text.removesuffix(end))] if isinstance(text, str) and text != end else ()
            if isinstance(text, str) and text.endswith(end):
                yield from ((0, text.removesuffix(end) + each) for each in otherwise_cased(end))
            yield 0, str(text) + "x"
    if isinstance(text, str) and wanted:
        if isinstance(end, str) and len(text) >= len(end) > 1:
            yield 1, text[-len(end) :]
        yield 1, text[-1:]


def contains(operands: Sequence[Any], wanted: Any) -> Inverse:
    whole, part = operands[0], operands[1]
    if isinstance(whole, (list, dict)):
        if wanted:
            yield from ((1, item) for item in list(whole)[:4])
            if isinstance(whole, list) and part is not UNKNOWN:
                yield 0, [*whole, part]
                yield 0, [part]
        else:
            yield from ((1, other) for other in different(part))
            if isinstance(whole, list):
                yield 0, [item for item in whole if item != part]
        return
    if not isinstance(part, str):
        return
    if not wanted:
        yield 0, re.sub(re.escape(part), "", whole, flags=re.IGNORECASE) if isinstance(whole, str) and part else "x"
        if isinstance(whole, str) and part in whole:
            yield from ((0, whole.replace(part, spelling)) for spelling in otherwise_cased(part))
        yield from ((1, other) for other in different(part))
        return
    if isinstance(whole, str) and whole:
        yield 0, whole + part
        yield 1, whole
        if "/" in part or whole.startswith("/"):
            yield 0, whole.rstrip("/") + "/" + part.strip("/") + ("/" if part.endswith("/") else "")
    yield 0, part
    if part.strip() != part:  # which a header would lose
        yield 0, f"x{part}x"


def equals(operands: Sequence[Any], wanted: Any) -> Inverse:
    one, other = operands[0], operands[1]
    if wanted:
        yield from ((0, other), (1, one))
    else:
        yield from ((0, each) for each in different(other))
        yield from ((1, each) for each in different(one))


def compare(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield from equals(operands, wanted == 0)
    if isinstance(operands[1], str) and wanted < 0:
        yield 0, operands[1][:-1]


def is_empty(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield from ((0, each) for each in (("", None) if wanted else ("x",)))


def index(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, part = operands[0], operands[1]
    if not isinstance(part, str) or not isinstance(wanted, (int, float)):
        yield from contains(operands, isinstance(wanted, (int, float)) and wanted >= 0)
        return
    if wanted < 0:
        yield from contains(operands, False)
    else:
        rest = text.replace(part, "") if isinstance(text, str) else ""
        yield 0, rest[: int(wanted)].ljust(int(wanted), "x") + part + (rest[int(wanted) :] or "x")


def substring(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, start = operands[0], operands[1]
    if isinstance(wanted, str) and isinstance(start, int) and 0 <= start < 1000:
        before = text if isinstance(text, str) else ""
        after = ""
        if len(operands) > 2 and isinstance(operands[2], int) and isinstance(text, str):
            after = text[start + operands[2] :]
        yield 0, before[:start].ljust(start, "x") + wanted + after


def split(operands: Sequence[Any], wanted: Any) -> Inverse:
    separator = operands[1]
    if isinstance(separator, list):
        separator = separator[0] if separator else ","
    if isinstance(wanted, list) and isinstance(separator, str):
        yield 0, separator.join(map(str, wanted))


def join(operands: Sequence[Any], wanted: Any) -> Inverse:
    separator = operands[0]
    if isinstance(wanted, str) and isinstance(separator, str):
        yield 1, wanted.split(separator) if separator else [wanted]


def replace(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, old, new = (*operands[:3], UNKNOWN, UNKNOWN)[:3]
    if isinstance(wanted, str):
        yield 0, wanted
        if isinstance(new, str) and isinstance(old, str) and new and new in wanted:
            yield 0, wanted.replace(new, old)
        if isinstance(text, str) and text == old:
            yield 2, wanted


def to_base64(operands: Sequence[Any], wanted: Any) -> Inverse:
    data = decoded(wanted)
    if data is not None:
        yield 0, data


def from_base64(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, bytes):
        yield 0, base64.b64encode(wanted).decode()


def cased(operands: Sequence[Any], wanted: Any) -> Inverse:
    """Yield texts that are the same in one case; the Kelvin sign is a k in lower case."""
    yield 0, wanted
    if isinstance(wanted, str):
        yield 0, wanted.swapcase()
        if "k" in wanted:
            yield 0, wanted.replace("k", "\u212a")


def get_bytes(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, bytes):
        yield len(operands) - 1, wanted.decode("utf-8", "replace")


def get_string(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, str):
        yield 1, wanted.encode("utf-8", "replace")


def escaped(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, str):
        yield 0, unquote(wanted)


def unescaped(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, str):
        yield 0, wanted
        yield 0, quote(wanted, safe="")


def serialized(operands: Sequence[Any], wanted: Any) -> Inverse:
    try:
        yield 0, json.loads(wanted)
    except (ValueError, TypeError):
        return


def matches(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, pattern = operands[0], operands[1]
    if wanted is False:
        yield from ((0, each) for each in ("", "x", "!", f"{text}!"))
    elif (word := matching(pattern)) is not None:
        yield 0, word


def concat(operands: Sequence[Any], wanted: Any) -> Inverse:
    if not isinstance(wanted, str):
        return
    texts = ["" if each is UNKNOWN or each is None else text_of(each) for each in operands]
    for index, value in enumerate(operands):
        before, after = "".join(texts[:index]), "".join(texts[index + 1 :])
        if wanted.startswith(before) and wanted.endswith(after) and len(before) + len(after) <= len(wanted):
            yield index, converted(wanted[len(before) : len(wanted) - len(after)], value)
    separated = "".join("(.*)" if any(map(str.isalnum, each)) or not each else re.escape(each) for each in texts)
    found = re.fullmatch(separated, wanted, re.DOTALL)
    places = [index for index, each in enumerate(texts) if any(map(str.isalnum, each)) or not each]
    for index, text in zip(places, found.groups() if found is not None else (), strict=False):
        if text != texts[index]:
            yield index, converted(text, operands[index])
    for index, value in enumerate(operands):
        if isinstance(value, str):
            yield index, wanted


def formatted(operands: Sequence[Any], wanted: Any) -> Inverse:
    form = operands[0]
    values = list(operands[1]) if len(operands) == 2 and isinstance(operands[1], list) else list(operands[1:])
    if not isinstance(form, str) or not isinstance(wanted, str):
        return
    parts = re.split(r"\{(\d+)[^}]*\}", form)
    pattern = "".join(re.escape(each) if index % 2 == 0 else "(.*)" for index, each in enumerate(parts))
    if (found := re.fullmatch(pattern, wanted, re.DOTALL)) is not None:
        for place, number in enumerate(parts[1::2]):
            if int(number) < len(values):
                yield int(number) + 1, found[place + 1]


CHARACTERS = {
    "IsDigit": "0",
    "IsNumber": "0",
    "IsLetter": "a",
    "IsLetterOrDigit": "a",
    "IsLower": "a",
    "IsUpper": "A",
    "IsWhiteSpace": " ",
    "IsPunctuation": "-",
}
"""A character of each class."""


def character(name: str) -> Callable[[Sequence[Any], Any], Inverse]:
    def inverse(operands: Sequence[Any], wanted: Any) -> Inverse:
        if len(operands) == 1:
            yield 0, CHARACTERS[name] if wanted else "a" if CHARACTERS[name] != "a" else "-"

    return inverse
