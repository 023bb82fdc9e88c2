"""Inverses of members: the values of operands with which a call has a wanted result, other operands being the same.

`operands` are the plain values of the receiver, if any, and of the arguments; UNKNOWN is one that was not evaluated. An
inverse yields the number of an operand and another value of it; whether the call then has the result, a run shows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from apimpolicy.proposing.inversion import objects, texts
from apimpolicy.proposing.inversion.recorded import Markup, Ticks
from apimpolicy.proposing.inversion.values import SECOND, converted, text_of, with_text
from apimpolicy.scenarios.assignments import token_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from apimpolicy.proposing.inversion.values import Inverse


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
    """Yield operands with which a member has a wanted result."""
    try:
        yield from _inverse(name, operands, wanted) if operands else ()
    except _NO_SUCH_VALUES:
        return


def _inverse(name: str, operands: Sequence[Any], wanted: Any) -> Inverse:
    made = _TABLE.get(name)
    if made is not None:
        yield from made(operands, wanted)
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
    "Equals": texts.equals,
    "SequenceEqual": texts.equals,
    "DeepEquals": texts.equals,
    "FixedTimeEquals": texts.equals,
    "op_Equality": texts.equals,
    "op_Inequality": lambda operands, wanted: texts.equals(operands, not wanted),
    "Compare": texts.compare,
    "CompareTo": texts.compare,
    "CompareOrdinal": texts.compare,
    "IsNullOrEmpty": texts.is_empty,
    "IsNullOrWhiteSpace": texts.is_empty,
    "IndexOf": texts.index,
    "LastIndexOf": texts.index,
    "Substring": texts.substring,
    "ToLower": texts.cased,
    "ToLowerInvariant": texts.cased,
    "ToUpper": texts.cased,
    "ToUpperInvariant": texts.cased,
    "Remove": lambda operands, wanted: [(0, wanted)],
    "Split": texts.split,
    "Join": texts.join,
    "Replace": texts.replace,
    "Concat": texts.concat,
    "Format": texts.formatted,
    "ToBase64String": texts.to_base64,
    "FromBase64String": texts.from_base64,
    "GetBytes": texts.get_bytes,
    "GetString": texts.get_string,
    "UrlEncode": texts.escaped,
    "EscapeDataString": texts.escaped,
    "HtmlEncode": texts.escaped,
    "UrlDecode": texts.unescaped,
    "UnescapeDataString": texts.unescaped,
    "HtmlDecode": texts.unescaped,
    "SerializeObject": texts.serialized,
    "ToUnixTimeSeconds": objects.unix,
    "FromUnixTimeSeconds": objects.from_unix,
    "Subtract": objects.subtract,
    "op_Subtraction": objects.subtract,
    "Add": objects.add,
    "op_Addition": objects.add,
    "IsMatch": texts.matches,
    "First": objects.first,
    "FirstOrDefault": objects.first,
    "Single": objects.first,
    "SingleOrDefault": objects.first,
    "Last": objects.last,
    "LastOrDefault": objects.last,
    "ElementAt": objects.element,
    "ElementAtOrDefault": objects.element,
    "get_Item": objects.element,
    "Skip": objects.skip,
    "Take": objects.take,
    "Count": objects.count,
    "Length": objects.count,
    "LongLength": objects.count,
    "LongCount": objects.count,
    "Any": objects.any_item,
    "HasValues": objects.any_item,
    "AsBasic": lambda operands, wanted: [(0, "" if wanted is None else "Basic eDp4")],
    "TryParseBasic": lambda operands, wanted: [(0, "Basic eDp4" if wanted else "")],
    "AsJwt": lambda operands, wanted: [(0, "" if wanted is None else token_text({}))],
    "TryParseJwt": lambda operands, wanted: [(0, token_text({}) if wanted else "")],
    "Element": objects.child,
    "Elements": objects.children,
    "Descendants": objects.children,
    "Name": objects.renamed,
    "Children": objects.tokens,
    "Properties": objects.properties,
    "Attribute": objects.attribute,
    "GetAddressBytes": objects.address,
    "Second": objects.clock_part(1, 60),
    "Minute": objects.clock_part(60, 3600),
    "Hour": objects.clock_part(3600, 86_400),
    "TimeOfDay": objects.time_of_day,
    "DayOfWeek": objects.week_day,
    "Day": objects.date_part("day"),
    "Month": objects.date_part("month"),
    "Year": objects.date_part("year"),
    "Date": lambda operands, wanted: [(0, wanted)],
    "AbsolutePath": objects.url_part("path"),
    "LocalPath": objects.url_part("path"),
    "PathAndQuery": objects.url_part("path"),
    "Host": objects.url_part("netloc"),
    "DnsSafeHost": objects.url_part("netloc"),
    "Authority": objects.url_part("netloc"),
    "Scheme": objects.url_part("scheme"),
    "Query": objects.url_part("query"),
    "AbsoluteUri": lambda operands, wanted: [(0, wanted)],
    "OriginalString": lambda operands, wanted: [(0, wanted)],
    "Sum": objects.total,
    "Max": objects.total,
    "Min": objects.total,
}
