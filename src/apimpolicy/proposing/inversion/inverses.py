"""Inverses of members: the values of operands with which a call has a wanted result, other operands being the same.

`operands` are the plain values of the receiver, if any, and of the arguments; UNKNOWN is one that was not evaluated. An
inverse yields the number of an operand and another value of it; whether the call then has the result, a run shows.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
import xml.etree.ElementTree as ElementTree
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from apimpolicy.languages.emptiness import shortest_word
from apimpolicy.languages.language import TooLarge
from apimpolicy.languages.patterns import language_of
from apimpolicy.proposing.inversion.recorded import UNKNOWN, Markup, Ticks
from apimpolicy.scenarios.assignments import token_text
from apimpolicy.semantics.unknowns import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Inverse = Iterator[tuple[int, Any]]

SECOND = 10_000_000
_EPOCH = 621_355_968_000_000_000
_SPANS = {
    "Days": 86_400 * SECOND,
    "Hours": 3600 * SECOND,
    "Minutes": 60 * SECOND,
    "Seconds": SECOND,
    "Milliseconds": SECOND // 1000,
    "Ticks": 1,
}
_OF_SPANS = ("Add", "From", "Total")
_SAME = frozenset(
    (
        *("ToLower", "ToUpper", "ToLowerInvariant", "ToUpperInvariant", "Trim", "TrimStart", "TrimEnd", "ToString"),
        *("ToArray", "ToList", "AsEnumerable", "Cast", "OfType", "ToObject", "FromObject", "ToUniversalTime", "Copy"),
        *(
            "ToLocalTime",
            "Distinct",
            "op_Explicit",
            "op_Implicit",
            "Value",
            "DeepClone",
            "Normalize",
            "Clone",
            "Values",
        ),
        *(
            "Children",
            "ToCharArray",
            "AsReadOnly",
            "Abs",
            "Floor",
            "Ceiling",
            "Round",
            *("ConvertTime", "ConvertTimeFromUtc", "ConvertTimeToUtc", "ConvertTimeBySystemTimeZoneId"),
            "GetValueOrDefault",
        ),
    )
)
"""Members whose result may be the operand itself."""
_PARSED = frozenset(("Parse", "TryParse", "ParseExact", "DeserializeObject", "Load"))
_TEXTS_OF_TYPES = {"ToInt32", "ToInt64", "ToInt16", "ToDouble", "ToDecimal", "ToBoolean", "ToDateTime", "ToUInt32"}


def inverse(name: str, operands: Sequence[Any], wanted: Any) -> Inverse:
    """Yield operands with which a member has a wanted result."""
    try:
        yield from _inverse(name, operands, wanted) if operands else ()
    except (TypeError, ValueError, ArithmeticError, AttributeError, LookupError):  # values that no such call has
        return


def _inverse(name: str, operands: Sequence[Any], wanted: Any) -> Inverse:
    made = _TABLE.get(name)
    if made is not None:
        yield from made(operands, wanted)
    elif name in _SAME:
        is_text = isinstance(operands[0], Markup) and not isinstance(wanted, Markup) and wanted is not None
        yield 0, _with_text(operands[0], wanted) if is_text else wanted
    elif name in _PARSED or name in _TEXTS_OF_TYPES:
        yield 0, text_of(wanted)
    elif isinstance(wanted, (int, float)):
        kind, span = next(
            ((kind, _SPANS[name[len(kind) :]]) for kind in _OF_SPANS if name[len(kind) :] in _SPANS), ("", 0)
        )
        match kind:
            case "Add":
                yield 0, Ticks(int(wanted - operands[1] * span))
                yield 1, (wanted - operands[0]) // span
            case "From":
                yield 0, wanted // span
            case "Total":
                yield 0, Ticks(int(wanted * span))


def _with_text(element: Markup, wanted: Any) -> Markup:
    """Return an element with another text."""
    try:
        tree = ElementTree.fromstring(element)
    except ElementTree.ParseError:
        tree = ElementTree.Element("x")
    for each in list(tree):
        tree.remove(each)
    tree.text = text_of(wanted)
    return Markup(ElementTree.tostring(tree, encoding="unicode"))


def text_of(value: Any) -> Any:
    """Return the text of a value, as a policy may read it."""
    if isinstance(value, Ticks):
        seconds = (value - _EPOCH) // SECOND
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
    """Return values that differ from one."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, Ticks):
        return [Ticks(value + 86_400 * SECOND)]
    if isinstance(value, (int, float)):
        return [value + 1, value - 1]
    if isinstance(value, str):
        return [value + "x", "x"] if value else ["x"]
    if isinstance(value, bytes):
        return [bytes([(value[0] + 1) % 256]) + value[1:]] if value else [b"x"]
    if isinstance(value, list):
        return [[], [*value, "x"]]
    if isinstance(value, dict):
        return [{}, {**value, "x": "x"}]
    return ["x"]


def resized(value: Any, size: int) -> Any:
    """Return a value of another length."""
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
        return wanted
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
    """Return the path of SelectToken."""
    parts = re.findall(r"\[(\d+)\]|\['([^']*)'\]|([^.\[\]$?@()*]+)", text)
    return [int(index) if index else name or other for index, name, other in parts]


def matching(pattern: Any) -> str | None:
    """Return a text that matches a pattern."""
    try:
        return shortest_word([language_of(pattern)]) if isinstance(pattern, str) else None
    except (Unsupported, TooLarge, ValueError):
        return None


def decoded(text: Any) -> bytes | None:
    """Return what a text is the Base64 code of."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return None


def _starts(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, start = operands[0], operands[1]
    if isinstance(start, str):
        if wanted:
            yield 0, start
            yield 0, start + (text if isinstance(text, str) else "x")
        elif text is not UNKNOWN:
            yield 0, "x" + str(text)
    if isinstance(text, str) and wanted:
        yield 1, text[:1]


def _ends(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, end = operands[0], operands[1]
    if isinstance(end, str):
        if wanted:
            yield 0, (text if isinstance(text, str) else "x") + end
            yield 0, end
        elif text is not UNKNOWN:
            yield 0, str(text) + "x"
    if isinstance(text, str) and wanted:
        yield 1, text[-1:]


def _contains(operands: Sequence[Any], wanted: Any) -> Inverse:
    whole, part = operands[0], operands[1]
    if isinstance(whole, (list, dict)):
        if wanted:
            yield from ((1, each) for each in list(whole)[:4])
            if isinstance(whole, list) and part is not UNKNOWN:
                yield 0, [*whole, part]
                yield 0, [part]
        else:
            yield from ((1, each) for each in different(part))
            if isinstance(whole, list):
                yield 0, [each for each in whole if each != part]
        return
    if not isinstance(part, str):
        return
    if not wanted:
        yield 0, re.sub(re.escape(part), "", whole, flags=re.IGNORECASE) if isinstance(whole, str) and part else "x"
        yield from ((1, each) for each in different(part))
        return
    if isinstance(whole, str) and whole:
        yield 0, whole + part
        yield 1, whole
        if "/" in part or whole.startswith("/"):
            yield 0, whole.rstrip("/") + "/" + part.strip("/") + ("/" if part.endswith("/") else "")
    yield 0, part


def _equals(operands: Sequence[Any], wanted: Any) -> Inverse:
    one, other = operands[0], operands[1]
    if wanted:
        yield from ((0, other), (1, one))
    else:
        yield from ((0, each) for each in different(other))
        yield from ((1, each) for each in different(one))


def _compare(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield from _equals(operands, wanted == 0)
    if isinstance(operands[1], str) and wanted < 0:
        yield 0, operands[1][:-1]


def _is_empty(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield from ((0, each) for each in (("", None) if wanted else ("x",)))


def _index(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, part = operands[0], operands[1]
    if not isinstance(part, str) or not isinstance(wanted, (int, float)):
        yield from _contains(operands, isinstance(wanted, (int, float)) and wanted >= 0)
        return
    if wanted < 0:
        yield from _contains(operands, False)
    else:
        rest = text.replace(part, "") if isinstance(text, str) else ""
        yield 0, rest[: int(wanted)].ljust(int(wanted), "x") + part + (rest[int(wanted) :] or "x")


def _substring(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, start = operands[0], operands[1]
    if isinstance(wanted, str) and isinstance(start, int) and 0 <= start < 1000:
        before = text if isinstance(text, str) else ""
        after = ""
        if len(operands) > 2 and isinstance(operands[2], int) and isinstance(text, str):
            wanted = wanted[: operands[2]].ljust(operands[2], "x") if operands[2] >= 0 else wanted
            after = text[start + operands[2] :]
        yield 0, before[:start].ljust(start, "x") + wanted + after


def _split(operands: Sequence[Any], wanted: Any) -> Inverse:
    separator = operands[1]
    if isinstance(separator, list):
        separator = separator[0] if separator else ","
    if isinstance(wanted, list) and isinstance(separator, str):
        yield 0, separator.join(map(str, wanted))


def _join(operands: Sequence[Any], wanted: Any) -> Inverse:
    separator = operands[0]
    if isinstance(wanted, str) and isinstance(separator, str):
        yield 1, wanted.split(separator) if separator else [wanted]


def _replace(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, old, new = (*operands[:3], UNKNOWN, UNKNOWN)[:3]
    if isinstance(wanted, str):
        yield 0, wanted
        if isinstance(new, str) and isinstance(old, str) and new and new in wanted:
            yield 0, wanted.replace(new, old)
        if isinstance(text, str) and text == old:
            yield 2, wanted


def _to_base64(operands: Sequence[Any], wanted: Any) -> Inverse:
    data = decoded(wanted)
    if data is not None:
        yield 0, data


def _from_base64(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, bytes):
        yield 0, base64.b64encode(wanted).decode()


def _get_bytes(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, bytes):
        yield len(operands) - 1, wanted.decode("utf-8", "replace")


def _get_string(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, str):
        yield 1, wanted.encode("utf-8", "replace")


def _escaped(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, str):
        yield 0, unquote(wanted)


def _unescaped(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, str):
        yield 0, wanted
        yield 0, quote(wanted, safe="")


def _serialized(operands: Sequence[Any], wanted: Any) -> Inverse:
    try:
        yield 0, json.loads(wanted)
    except (ValueError, TypeError):
        return


def _unix(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield 0, Ticks(_EPOCH + int(wanted) * SECOND)


def _from_unix(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield 0, (wanted - _EPOCH) // SECOND


def _subtract(operands: Sequence[Any], wanted: Any) -> Inverse:
    one, other = operands[0], operands[1]
    if isinstance(wanted, int) and isinstance(other, int):
        yield 0, Ticks(wanted + other)
    if isinstance(wanted, int) and isinstance(one, int):
        yield 1, Ticks(one - wanted)


def _add(operands: Sequence[Any], wanted: Any) -> Inverse:
    for number in (0, 1):
        if isinstance(other := operands[1 - number], int) and isinstance(wanted, int):
            yield number, Ticks(wanted - other)


def _matches(operands: Sequence[Any], wanted: Any) -> Inverse:
    text, pattern = operands[0], operands[1]
    if wanted is False:
        yield from ((0, each) for each in ("", "x", "!", f"{text}!"))
    elif (word := matching(pattern)) is not None:
        yield 0, word


def _first(operands: Sequence[Any], wanted: Any) -> Inverse:
    items = operands[0]
    if isinstance(items, list):
        yield 0, [wanted, *items[1:]] if wanted is not None else []
    elif isinstance(items, str) and isinstance(wanted, str):
        yield 0, wanted + items[1:]
    else:
        yield 0, [wanted]


def _last(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield 0, [*operands[0][:-1], wanted] if isinstance(operands[0], list) else [wanted]


def _element(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(index := operands[1], int) and index >= 0:
        yield 0, with_member(operands[0], [index], wanted)


def _skip(operands: Sequence[Any], wanted: Any) -> Inverse:
    items, count = operands[0], operands[1]
    if isinstance(items, (list, bytes)) and isinstance(wanted, (list, bytes)) and isinstance(count, int):
        yield 0, _joined(items, resized(items, count)[:count], wanted)


def _take(operands: Sequence[Any], wanted: Any) -> Inverse:
    items, count = operands[0], operands[1]
    if isinstance(items, (list, bytes)) and isinstance(wanted, (list, bytes)) and isinstance(count, int):
        yield 0, _joined(items, wanted[:count], items[count:])


def _joined(like: Any, one: Any, other: Any) -> Any:
    return bytes([*one, *other]) if isinstance(like, bytes) else [*one, *other]


def _count(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, (int, float)) and not isinstance(wanted, bool):
        items = operands[0]
        yield 0, resized(items, int(wanted))
        if isinstance(items, str) and "/" in items:
            yield 0, items + "/x" * int(wanted)


def _any(operands: Sequence[Any], wanted: Any) -> Inverse:
    if len(operands) == 1:
        yield 0, resized(operands[0], 1 if wanted else 0)


def _address(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(wanted, bytes):
        yield 0, ".".join(map(str, wanted[:4].ljust(4, b"\0")))


def _clock_part(seconds: int, around: int) -> Callable[..., Inverse]:
    """Return the inverse of a part of a moment, which repeats after a time."""

    def inverted(operands: Sequence[Any], wanted: Any) -> Inverse:
        moment = operands[0]
        if isinstance(moment, Ticks) and isinstance(wanted, (int, float)) and 0 <= wanted * seconds < around:
            offset = SECOND * seconds * int(wanted)
            yield 0, Ticks(moment - moment % (around * SECOND) + offset)

    return inverted


def _week_day(operands: Sequence[Any], wanted: Any) -> Inverse:
    if isinstance(moment := operands[0], Ticks) and isinstance(wanted, int):
        day = 86_400 * SECOND
        yield 0, Ticks(moment + (wanted - (moment // day + 1) % 7) % 7 * day)


def _date_part(name: str) -> Callable[..., Inverse]:
    def inverted(operands: Sequence[Any], wanted: Any) -> Inverse:
        try:
            moment = datetime.datetime(1, 1, 1) + datetime.timedelta(microseconds=operands[0] // 10)
            values: dict[str, Any] = {name: int(wanted)}
            changed = moment.replace(**values) - datetime.datetime(1, 1, 1)
        except (TypeError, ValueError, OverflowError):
            return
        yield 0, Ticks(int(changed.total_seconds()) * SECOND)

    return inverted


def _child(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield from _of_element(operands, wanted, is_attribute=False)


def _children(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield from _child(operands, wanted[0] if isinstance(wanted, list) and wanted else None)


def _attribute(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield from _of_element(operands, wanted, is_attribute=True)


def _of_element(operands: Sequence[Any], wanted: Any, *, is_attribute: bool) -> Inverse:
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


def _sum(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield 0, [wanted]


def _concat(operands: Sequence[Any], wanted: Any) -> Inverse:
    """Yield each part of a text with the others as they are."""
    if not isinstance(wanted, str):
        return
    texts = ["" if each is UNKNOWN or each is None else text_of(each) for each in operands]
    for index, value in enumerate(operands):
        before, after = "".join(texts[:index]), "".join(texts[index + 1 :])
        if wanted.startswith(before) and wanted.endswith(after) and len(before) + len(after) <= len(wanted):
            yield index, converted(wanted[len(before) : len(wanted) - len(after)], value)
    for index, value in enumerate(operands):
        if isinstance(value, str):
            yield index, wanted


def converted(text: str, like: Any) -> Any:
    """Return a text as a value of the type of another one."""
    if isinstance(like, (int, float)) and not isinstance(like, (bool, Ticks)):
        try:
            return int(text)
        except ValueError:
            return text
    return text


def _format(operands: Sequence[Any], wanted: Any) -> Inverse:
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


_TABLE = {
    "StartsWith": _starts,
    "EndsWith": _ends,
    "Contains": _contains,
    "Equals": _equals,
    "SequenceEqual": _equals,
    "DeepEquals": _equals,
    "FixedTimeEquals": _equals,
    "op_Equality": _equals,
    "op_Inequality": lambda operands, wanted: _equals(operands, not wanted),
    "Compare": _compare,
    "CompareTo": _compare,
    "CompareOrdinal": _compare,
    "IsNullOrEmpty": _is_empty,
    "IsNullOrWhiteSpace": _is_empty,
    "IndexOf": _index,
    "LastIndexOf": _index,
    "Substring": _substring,
    "Remove": lambda operands, wanted: [(0, wanted)],
    "Split": _split,
    "Join": _join,
    "Replace": _replace,
    "Concat": _concat,
    "Format": _format,
    "ToBase64String": _to_base64,
    "FromBase64String": _from_base64,
    "GetBytes": _get_bytes,
    "GetString": _get_string,
    "UrlEncode": _escaped,
    "EscapeDataString": _escaped,
    "HtmlEncode": _escaped,
    "UrlDecode": _unescaped,
    "UnescapeDataString": _unescaped,
    "HtmlDecode": _unescaped,
    "SerializeObject": _serialized,
    "ToUnixTimeSeconds": _unix,
    "FromUnixTimeSeconds": _from_unix,
    "Subtract": _subtract,
    "op_Subtraction": _subtract,
    "Add": _add,
    "op_Addition": _add,
    "IsMatch": _matches,
    "First": _first,
    "FirstOrDefault": _first,
    "Single": _first,
    "SingleOrDefault": _first,
    "Last": _last,
    "LastOrDefault": _last,
    "ElementAt": _element,
    "ElementAtOrDefault": _element,
    "get_Item": _element,
    "Skip": _skip,
    "Take": _take,
    "Count": _count,
    "Length": _count,
    "LongLength": _count,
    "LongCount": _count,
    "Any": _any,
    "HasValues": _any,
    "AsBasic": lambda operands, wanted: [(0, "" if wanted is None else "Basic eDp4")],
    "TryParseBasic": lambda operands, wanted: [(0, "Basic eDp4" if wanted else "")],
    "AsJwt": lambda operands, wanted: [(0, "" if wanted is None else token_text({}))],
    "TryParseJwt": lambda operands, wanted: [(0, token_text({}) if wanted else "")],
    "Element": _child,
    "Elements": lambda operands, wanted: _child(operands, wanted[0] if isinstance(wanted, list) and wanted else None),
    "Descendants": lambda operands, wanted: _child(
        operands, wanted[0] if isinstance(wanted, list) and wanted else None
    ),
    "Attribute": _attribute,
    "GetAddressBytes": _address,
    "Second": _clock_part(1, 60),
    "Minute": _clock_part(60, 3600),
    "Hour": _clock_part(3600, 86_400),
    "TimeOfDay": lambda operands, wanted: [(0, Ticks(operands[0] - operands[0] % (86_400 * SECOND) + wanted))],
    "DayOfWeek": _week_day,
    "Day": _date_part("day"),
    "Month": _date_part("month"),
    "Year": _date_part("year"),
    "Date": lambda operands, wanted: [(0, wanted)],
    "Sum": _sum,
    "Max": _sum,
    "Min": _sum,
}
