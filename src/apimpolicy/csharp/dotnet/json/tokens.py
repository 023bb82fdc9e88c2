"""JToken: what every token has; the kinds of tokens (`JTokenType`), lazy sequences of them, and trees to text.

Children know their parent; a token that already has one is copied when it is added elsewhere, as in Newtonsoft. Every
walk over a tree is a loop, so depth costs no stack. Text is as Newtonsoft's JsonTextWriter writes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from json import JSONEncoder
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from apimpolicy.csharp.dotnet.casts import is_instance
from apimpolicy.csharp.dotnet.collections.trees import NodeSequence, Sibling
from apimpolicy.csharp.dotnet.environment import FREE_UNITS, environment, work_through
from apimpolicy.csharp.dotnet.exceptions import InvalidOperationException
from apimpolicy.csharp.dotnet.json import platform
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import bound, dotnet_class, implements, interface_members, member
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import Array, type_of

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.json.containers import JContainer
    from apimpolicy.csharp.dotnet.json.scalars import JValue


J = "Newtonsoft.Json.Linq."
JTOKEN = J + "JToken"
TOKENS = f"System.Collections.Generic.IEnumerable<{JTOKEN}>"

(NONE, OBJECT, ARRAY, CONSTRUCTOR, PROPERTY, COMMENT, INTEGER, FLOAT, STRING_TYPE, BOOLEAN, NULL, UNDEFINED, DATE, RAW,
 BYTES, GUID_TYPE, URI_TYPE, TIME_SPAN_TYPE) = range(18)  # fmt: skip
"""`JTokenType`."""

TYPE_NAMES = (
    "None", "Object", "Array", "Constructor", "Property", "Comment", "Integer", "Float", "String", "Boolean", "Null",
    "Undefined", "Date", "Raw", "Bytes", "Guid", "Uri", "TimeSpan",
)  # fmt: skip

CONTAINERS = frozenset((OBJECT, ARRAY, CONSTRUCTOR, PROPERTY))


def is_value(token: JToken) -> TypeGuard[JValue]:
    return token.token_type not in CONTAINERS


# Lazy sequences of tokens: enumerated afresh each time, as .NET's iterators are.

J_ENUMERABLE: Final = "Newtonsoft.Json.Linq.JEnumerable<Newtonsoft.Json.Linq.JToken>"


class JEnumerable(NodeSequence):
    """`JEnumerable<T>`, and whatever else JSON returns as `IEnumerable<T>`."""

    __slots__ = ()

    dotnet_type_name = "Newtonsoft.Json.Linq.JEnumerable<T>"

    def __init__(self, start: Callable[[], Iterator[Any]], type_: Type | str = J_ENUMERABLE) -> None:
        super().__init__(start, type_)

    def get_item(self, key: Any) -> JEnumerable:
        """`this[key]`: the values under a key in every token of the sequence."""
        return item_of_each(self, key)


_VALUES = (
    "static Newtonsoft.Json.Linq.IJEnumerable<Newtonsoft.Json.Linq.JToken> "
    "Values(this System.Collections.Generic.IEnumerable<Newtonsoft.Json.Linq.JToken> source, object key)"
)

interface_members("Newtonsoft.Json.Linq.JEnumerable<T>", "Item=get_item")


@implements("Newtonsoft.Json.Linq.IJEnumerable<T>", "Item")
def item_of_each(source: Any, key: Any) -> JEnumerable:
    under: JEnumerable = bound("Newtonsoft.Json.Linq.Extensions", _VALUES)(source, key)
    return under


def j_enumerable_of(element: Type) -> Type:
    """`JEnumerable<element>`."""
    return named("Newtonsoft.Json.Linq.JEnumerable", element)


# Escapes in JSON text and in paths

_SPECIAL = frozenset(". '/\"[]()\t\n\r\f\b\\\u0085\u2028\u2029")
_LINE_ENDS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_NEVER_PLAIN = re.compile("[\x85\u2028\u2029]")


def quoted(text: str) -> str:
    """Return a JSON string.

    >>> quoted('a"b')
    '"a\\\\"b"'
    """
    if len(text) > FREE_UNITS:
        work_through(len(text) << 1)
    made = encode_basestring(text)  # it keeps these three, which Newtonsoft escapes
    return made if text.isascii() else _NEVER_PLAIN.sub(lambda match: _LINE_ENDS[match.group()], made)


def path_name(name: str, *, is_first: bool) -> str:
    """Return a step of a path: `.name`, or `['a name']`."""
    if _SPECIAL.isdisjoint(name):
        return name if is_first else "." + name
    inside = quoted(name)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"['{inside}']"


# Trees to text, as Newtonsoft's JsonTextWriter: two blanks, `: `, `\n`

_LOOK_EVERY = 127
"""Pieces; none is longer than a string may be."""
_STEPS_PER_PIECE = 6
"""Steps for a value with its name, its indentation and what follows it."""
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-3, 1e15
"""Positive numbers between these are written by Python as by .NET."""


_PLAIN_ENCODER = JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_WRITTEN_OTHERWISE = re.compile(r'[0-9]T[0-9]|"\\?/|[0-9]e|[0-9]{15}\.|Infinity|\\u|[\x7f-\x9f\u2028\u2029]')
"""Dates, large and small numbers, and characters that Newtonsoft writes in another way than Python, or might."""


def _plain_text(values: dict[str, Any] | None) -> str | None:
    """Return the text of an object that nothing has looked at; None where Newtonsoft may write it in another way."""
    if values is None:  # another thread has looked at it meanwhile
        return None
    try:
        text = _PLAIN_ENCODER.encode(values)
    except RecursionError:
        return None
    return text if _WRITTEN_OTHERWISE.search(text) is None else None


def format_number(value: float | Decimal) -> str:
    """Return a number with a fraction: always with a point or an exponent; NaN and infinities in quotes."""
    if type(value) is float and _SMALLEST_PLAIN <= value < _LARGEST_PLAIN:
        return repr(value)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return '"NaN"' if value != value else '"Infinity"' if value > 0 else '"-Infinity"'
    text = platform.text_of(value)
    if "." in text or (isinstance(value, float) and "E" in text):
        return text
    return text + ".0"


def format_date(value: Any) -> str:
    """ISO 8601 with the fraction's trailing zeros cut: `2024-02-29T13:14:15.5Z`."""
    import datetime

    ticks = platform.ticks_of(value)
    seconds, fraction = divmod(ticks, 10_000_000)
    text = (datetime.datetime(1, 1, 1) + datetime.timedelta(seconds=seconds)).isoformat()
    if fraction:
        text += f".{fraction:07d}".rstrip("0")
    if type_of(value) is platform.DATE_TIME_OFFSET:
        return text + _format_offset(platform.offset_minutes(value))
    kind = platform.kind_of(value)
    # The simulated gateway's local time is UTC.
    return text + {platform.UTC: "Z", platform.LOCAL: "+00:00"}.get(kind, "")


def _format_offset(minutes: int) -> str:
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours:02d}:{rest:02d}"


def format_value(token_type: int, value: Any) -> str:
    if token_type == STRING_TYPE and type(value) is str:
        return quoted(value)
    if token_type == UNDEFINED:
        return "undefined"
    if token_type == RAW:
        return platform.text_of(value)
    if token_type == COMMENT:
        return f"/*{platform.text_of(value)}*/"
    if value is None or token_type == NULL:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(str(value))
    if isinstance(value, (float, Decimal)):
        return format_number(value)
    if isinstance(value, int):
        return str(int(value))
    if token_type == DATE:
        return f'"{format_date(value)}"'
    if token_type == BYTES:
        import base64

        return f'"{base64.b64encode(bytes(value)).decode()}"'
    if type_of(value) is platform.URI:
        text = platform.function("System.Uri", "string OriginalString { get; }")(value)
        return quoted(text)
    return quoted(platform.text_of(value))


def write(token: JToken, *, indented: bool) -> str:
    """Return the text of a token and everything below it."""
    here = environment()
    colon = ": " if indented else ":"
    parts: list[str] = []
    append = parts.append
    length, next_look = 0, _LOOK_EVERY
    between = ""
    children: Iterator[Any] = iter((token,))
    around: list[tuple[Iterator[Any], str]] = []  # the containers that are open, with the text that closes each
    while True:
        for child in children:
            piece, kind = between, child.token_type
            between = f",\n{'  ' * len(around)}" if indented else ","
            if kind == PROPERTY and child.children:
                piece += quoted(child.name) + colon
                child = child.children[0]
                kind = child.token_type
            if kind not in CONTAINERS:
                piece += format_value(kind, child.value)
            elif child.is_unread and not indented and (text := _plain_text(child.unread)) is not None:
                piece += text
                here.step(_STEPS_PER_PIECE * text.count(","))
            elif child.children:
                opening, closing = _brackets(child)
                around.append((children, f"\n{'  ' * len(around)}{closing}" if indented else closing))
                between = f"\n{'  ' * len(around)}" if indented else ""
                children = iter(child.children)
                append(piece + opening)
                break
            else:
                piece += "".join(_brackets(child))
            append(piece)
            length += len(piece)
            if len(parts) > next_look:
                next_look = len(parts) + _LOOK_EVERY
                here.check_length(length)
                here.step(_STEPS_PER_PIECE * _LOOK_EVERY)
        else:
            if not around:
                break
            children, closing = around.pop()
            append(closing)
            between = f",\n{'  ' * len(around)}" if indented else ","
    text = "".join(parts)
    here.new_string(len(text))
    return text


def _brackets(container: Any) -> tuple[str, str]:
    if container.token_type == OBJECT:
        return "{", "}"
    return (f"new {container.name}(", ")") if container.token_type == CONSTRUCTOR else ("[", "]")


@dotnet_class(JTOKEN, members="Type=token_type Remove=detach")
class JToken(Sibling):
    """A node of a JSON tree. `token_type` is a `JTokenType` number.

    `annotations` is there once something was annotated. `place` is where it last was among its siblings.
    """

    __slots__ = ("annotations", "parent", "place")

    dotnet_type_name: str
    token_type: int = NONE
    has_values = False

    def __init__(self) -> None:
        self.parent: JContainer | None = None
        self.place = 0

    def __repr__(self) -> str:
        return f"<{self.short_name} {write(self, indented=False)}>"

    @property
    def short_name(self) -> str:
        """The .NET type's name without its namespace."""
        return self.dotnet_type_name.rpartition(".")[2]

    @property
    def root(self) -> JToken:
        token: JToken = self
        while token.parent is not None:
            token = token.parent
        return token

    @property
    def path(self) -> str:
        parts: list[str] = []
        previous: JToken | None = None
        token: JToken | None = self
        while token is not None:
            if token.token_type == PROPERTY:
                parts.append(path_name(token.name, is_first=token.parent is None or token.parent.parent is None))  # type: ignore[attr-defined]
            elif previous is not None and token.token_type in (ARRAY, CONSTRUCTOR):
                parts.append(f"[{token.index_of(previous)}]")  # type: ignore[attr-defined]
            previous = token
            token = token.parent
        return "".join(reversed(parts)) if self.parent is not None else ""

    @property
    def first(self) -> JToken | None:
        raise self._no_children()

    @property
    def last(self) -> JToken | None:
        raise self._no_children()

    def _no_children(self) -> InvalidOperationException:
        return InvalidOperationException(f"Cannot access child value on {self.dotnet_type_name}.")

    def __iter__(self) -> Iterator[JToken]:
        return iter(())

    @member("Item")
    def get_item(self, key: Any) -> JToken | None:
        raise self._no_children()

    @member("Item", setter=True)
    def set_item(self, key: Any, value: JToken | None) -> None:
        raise InvalidOperationException(f"Cannot set child value on {self.dotnet_type_name}.")

    @member("Children()")
    def child_tokens(self) -> JEnumerable:
        return JEnumerable(self.__iter__)

    @member("Children<T>()", types=True)
    def children_of(self, types: tuple[Any, ...]) -> JEnumerable:
        wanted = types[-1]
        return JEnumerable(lambda: (child for child in self if is_instance(child, wanted)), j_enumerable_of(wanted))

    @member("Values", types=True)
    def values_as(self, types: tuple[Any, ...]) -> JEnumerable:
        raise self._no_children()

    def deep_clone(self) -> JToken:
        """Return a copy of the whole tree, without a parent."""
        return self.bare_copy()

    def bare_copy(self) -> JToken:
        raise NotImplementedError

    @member("ToString()")
    def to_string(self) -> str:
        return write(self, indented=True)

    @member("ToString(Formatting, JsonConverter[])")
    def format(self, formatting: int, converters: Array | None = None) -> str:
        return write(self, indented=formatting == 1)

    def detach(self) -> None:
        self._parent().remove_child(self)

    def replace(self, value: JToken | None) -> None:
        parent = self._parent()
        parent.set_child(parent.index_of(self), value)

    def add_after_self(self, content: Any) -> None:
        parent = self._parent()
        parent.add_content(parent.index_of(self) + 1, content)

    def add_before_self(self, content: Any) -> None:
        parent = self._parent()
        parent.add_content(parent.index_of(self), content)

    def _parent(self) -> JContainer:
        if self.parent is None:
            raise InvalidOperationException("The parent is missing.")
        return self.parent

    def ancestors(self) -> JEnumerable:
        return JEnumerable(lambda: self._upwards(self.parent), TOKENS)

    def ancestors_and_self(self) -> JEnumerable:
        return JEnumerable(lambda: self._upwards(self), TOKENS)

    @staticmethod
    def _upwards(token: JToken | None) -> Iterator[JToken]:
        while token is not None:
            yield token
            token = token.parent

    def after_self(self) -> JEnumerable:
        return JEnumerable(lambda: self.siblings(after=True), TOKENS)

    def before_self(self) -> JEnumerable:
        return JEnumerable(lambda: self.siblings(after=False), TOKENS)
