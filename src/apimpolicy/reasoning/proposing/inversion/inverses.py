"""Inverses of members: the values of operands with which a call has a wanted result, other operands being the same.

`operands` are the plain values of the receiver, if any, and of the arguments; UNKNOWN is one that was not evaluated. An
inverse yields the number of an operand and another value of it; whether the call then has the result, a run shows.
"""

from __future__ import annotations

import datetime
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from apimpolicy.reasoning.proposing.inversion import texts
from apimpolicy.reasoning.proposing.inversion.recorded import Markup, Ticks
from apimpolicy.reasoning.proposing.inversion.values import (
    EPOCH,
    SECOND,
    converted,
    resized,
    text_of,
    with_member,
    with_text,
)
from apimpolicy.reasoning.scenarios.assignments import token_text

if TYPE_CHECKING:
    from apimpolicy.reasoning.proposing.inversion.values import Inverse


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
    def inverted(operands: Sequence[Any], wanted: Any) -> Inverse:
        url = urlsplit(
            operands[0] if isinstance(operands[0], str) and "://" in operands[0] else "https://contoso.example"
        )
        yield 0, url._replace(**{name: str(wanted).removeprefix("?") if name == "query" else str(wanted)}).geturl()

    return inverted


def total(operands: Sequence[Any], wanted: Any) -> Inverse:
    yield 0, [wanted]


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
        *("LocalName", "Abs", "AsEnumerable", "AsReadOnly", "Cast", "Ceiling", "Clone", "ConvertTime"),
        *("ConvertTimeBySystemTimeZoneId", "ConvertTimeFromUtc", "ConvertTimeToUtc", "Copy", "DeepClone"),
        *("Distinct", "Floor", "FromObject", "GetValueOrDefault", "Normalize", "OfType", "Round", "ToArray"),
        *("ToCharArray", "ToList", "ToLocalTime", "ToObject", "ToString"),
        *("ToUniversalTime", "Trim", "TrimEnd", "TrimStart", "Value", "Values"),
        *("op_Explicit", "op_Implicit"),
    )
)
"""Members whose result may be the operand itself."""
_NO_SUCH_VALUES = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, SyntaxError)
"""Errors that inverses raise for values that no call has."""
_PARSED = frozenset(("Parse", "TryParse", "ParseExact", "DeserializeObject", "Load"))
_TEXTS_OF_TYPES = {"ToInt32", "ToInt64", "ToInt16", "ToDouble", "ToDecimal", "ToBoolean", "ToDateTime", "ToUInt32"}


def inverse(name: str, operands: Sequence[Any], wanted: Any) -> Inverse:
    try:
        yield from _inverse(name, operands, wanted) if operands else ()
    except _NO_SUCH_VALUES:
        return


def _inverse(name: str, operands: Sequence[Any], wanted: Any) -> Inverse:
    invert = _TABLE.get(name)
    if invert is not None:
        yield from invert(operands, wanted)
    elif name in _SAME:
        is_text = isinstance(operands[0], Markup) and not isinstance(wanted, Markup) and wanted is not None
        is_json = isinstance(operands[0], (dict, list)) and isinstance(wanted, str)
        if is_text:
            yield 0, with_text(operands[0], wanted)
        elif is_json:
            yield 0, _json_with(operands[0], wanted)
        else:
            yield 0, converted(wanted, operands[0])
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


def _json_with(current: Any, wanted: str) -> Any:
    """Return what a text is the JSON of, or else JSON that has the text in it."""
    try:
        return json.loads(wanted)
    except ValueError:
        return {**current, "x": wanted} if isinstance(current, dict) else [*current, wanted]


_TABLE = {
    **{name: texts.character(name) for name in texts.CHARACTERS},
    "StartsWith": texts.starts,
    "EndsWith": texts.ends,
    "Contains": texts.contains,
    "op_Inequality": lambda operands, wanted: texts.equals(operands, not wanted),
    "Substring": texts.substring,
    "Split": texts.split,
    "Join": texts.join,
    "Replace": texts.replace,
    "Concat": texts.concat,
    "Format": texts.formatted,
    "ToBase64String": texts.to_base64,
    "FromBase64String": texts.from_base64,
    "GetBytes": texts.get_bytes,
    "GetString": texts.get_string,
    "SerializeObject": texts.serialized,
    "ToUnixTimeSeconds": unix,
    "FromUnixTimeSeconds": from_unix,
    "IsMatch": texts.matches,
    "Skip": skip,
    "Take": take,
    "AsBasic": lambda operands, wanted: [(0, "" if wanted is None else "Basic eDp4")],
    "TryParseBasic": lambda operands, wanted: [(0, "Basic eDp4" if wanted else "")],
    "AsJwt": lambda operands, wanted: [(0, "" if wanted is None else token_text({}))],
    "TryParseJwt": lambda operands, wanted: [(0, token_text({}) if wanted else "")],
    "Element": child,
    "Name": renamed,
    "Children": tokens,
    "Properties": properties,
    "Attribute": attribute,
    "GetAddressBytes": address,
    "Second": clock_part(1, 60),
    "Minute": clock_part(60, 3600),
    "Hour": clock_part(3600, 86_400),
    "TimeOfDay": time_of_day,
    "DayOfWeek": week_day,
    "Day": date_part("day"),
    "Month": date_part("month"),
    "Year": date_part("year"),
    "Scheme": url_part("scheme"),
    "Query": url_part("query"),
    **dict.fromkeys(("Equals", "SequenceEqual", "DeepEquals", "FixedTimeEquals", "op_Equality"), texts.equals),
    **dict.fromkeys(("Compare", "CompareTo", "CompareOrdinal"), texts.compare),
    **dict.fromkeys(("IsNullOrEmpty", "IsNullOrWhiteSpace"), texts.is_empty),
    **dict.fromkeys(("IndexOf", "LastIndexOf"), texts.index),
    **dict.fromkeys(("ToLower", "ToLowerInvariant", "ToUpper", "ToUpperInvariant"), texts.cased),
    **dict.fromkeys(("Remove", "Date", "AbsoluteUri", "OriginalString"), lambda operands, wanted: [(0, wanted)]),
    **dict.fromkeys(("UrlEncode", "EscapeDataString", "HtmlEncode"), texts.escaped),
    **dict.fromkeys(("UrlDecode", "UnescapeDataString", "HtmlDecode"), texts.unescaped),
    **dict.fromkeys(("Subtract", "op_Subtraction"), subtract),
    **dict.fromkeys(("Add", "op_Addition"), add),
    **dict.fromkeys(("First", "FirstOrDefault", "Single", "SingleOrDefault"), first),
    **dict.fromkeys(("Last", "LastOrDefault"), last),
    **dict.fromkeys(("ElementAt", "ElementAtOrDefault", "get_Item"), element),
    **dict.fromkeys(("Count", "Length", "LongLength", "LongCount"), count),
    **dict.fromkeys(("Any", "HasValues"), any_item),
    **dict.fromkeys(("Elements", "Descendants"), children),
    **dict.fromkeys(("AbsolutePath", "LocalPath", "PathAndQuery"), url_part("path")),
    **dict.fromkeys(("Host", "DnsSafeHost", "Authority"), url_part("netloc")),
    **dict.fromkeys(("Sum", "Max", "Min"), total),
}
