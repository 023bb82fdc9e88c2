"""Text and readers to trees: `Parse`."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import InvalidOperationException, require
from apimpolicy.csharp.dotnet.json import reader as tokens
from apimpolicy.csharp.dotnet.json.containers import JArray, JConstructor, JContainer
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.platform import BigInteger, find_date
from apimpolicy.csharp.dotnet.json.reader import MAXIMUM_DEPTH, TextReader
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.json.tokens import BOOLEAN, BYTES, DATE, FLOAT, INTEGER, STRING_TYPE, J, JToken
from apimpolicy.csharp.dotnet.registry import implements
from apimpolicy.csharp.dotnet.values import Int64

# Plain JSON text to trees with Python's decoder, which is written in C. It reads the JSON of RFC 8259 only. For
# anything else (comments, other quotes, special numbers, halves of surrogate pairs, errors) it gives no tree, and the
# exact reader takes over, whose trees and messages are Newtonsoft's. A name that occurs twice keeps its first place and
# its last value, as in Newtonsoft's `Load`.

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONG_NUMBER, _SAMPLE, _DIGITS = re.compile("[0-9]{380}"), 95, re.compile("[0-9]{3}")
"""The exact reader refuses such numbers. The search is slow; three digits in a row must be in a sample of the text."""
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
_SHORTEST_DATE, _LONGEST_DATE = 19, 40
_SET_CHILDREN: Any = JContainer.__dict__["children"].__set__
_SET_NAMES: Any = JObject.__dict__["_by_name"].__set__
_reading = threading.Lock()


class _UnusualError(ValueError):
    """Raised for JSON that the exact reader must read."""


def quick_tree(text: str) -> JObject | JArray | None:
    """Return the tree of a text; None if the exact reader must read it.

    What is inside an object becomes tokens when something looks at it: most policies read few of them.
    """
    has_long_number = _DIGITS.search(text[::_SAMPLE]) is not None and _LONG_NUMBER.search(text) is not None
    if has_long_number or _SURROGATE.search(text) is not None or not _is_flat(text):
        return None
    try:
        found = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    environment().step(_count_tokens(text))
    if type(found) is dict:
        return _object(found)
    return _array(found) if type(found) is list else None


def _refuse(_: str) -> Any:
    raise _UnusualError


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _is_flat(text: str) -> bool:
    """Return whether brackets nest less deeply than the reader allows."""
    if text.count("[") + text.count("{") < MAXIMUM_DEPTH:
        return True
    # Texts may have brackets; where none is escaped, every second part between quotation marks is a text.
    outside = "".join(text.split('"')[::2]) if "\\" not in text else _TEXT.sub("", text)
    brackets = outside.encode("utf-8", "surrogatepass").translate(None, _NO_BRACKETS)
    for _ in range(MAXIMUM_DEPTH):
        shorter = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(shorter) == len(brackets):
            return not brackets
        brackets = shorter
    return False


def _count_tokens(text: str) -> int:
    """Return how many tokens the exact reader would meet: containers, names and values."""
    containers = text.count("{") + text.count("[")
    return text.count(":") + text.count(",") + 2 * containers - text.count("{}") - text.count("[]")


class _UnreadObject(JObject):
    """An object whose properties are made when something looks at them; then it is one like all others."""

    __slots__ = ()

    is_unread = True
    children = property(lambda self: _read_object(self).children)
    _by_name = property(lambda self: _read_object(self)._by_name)


def _object(values: dict[str, Any]) -> JObject:
    made: Any = _UnreadObject.__new__(_UnreadObject)
    made.parent, made.unread = None, values
    made.place = made.version = 0
    return made  # type: ignore[no-any-return]


def _read_object(made: Any) -> JObject:
    with _reading:  # another thread may look at it too
        if type(made) is JObject:
            return made
        by_name: dict[str, JProperty] = {}
        children: list[JToken] = []
        new, new_value = JProperty.__new__, JValue.__new__  # what constructors do, without the calls
        for name, value in made.unread.items():
            kind = type(value)
            own: Any
            if kind is str and len(value) < _SHORTEST_DATE and value[:1] != "/":
                own = new_value(JValue)
                own._value, own.token_type, own.place = value, STRING_TYPE, 0
            elif kind is int and -(2**63) <= value < 2**63:
                own = new_value(JValue)
                own._value, own.token_type, own.place = Int64(value), INTEGER, 0
            else:
                own = _token(value)
            item = own.parent = by_name[name] = new(JProperty)
            item.name, item.parent, item.children = name, made, [own]
            item.place, item.version = 0, 1
            children.append(item)
        made.unread = None
        _SET_CHILDREN(made, children)
        _SET_NAMES(made, by_name)
        made.__class__ = JObject
    return made  # type: ignore[no-any-return]


def _array(values: list[Any]) -> JArray:
    root = JArray()
    waiting = [(root, values)]
    while waiting:
        made, values = waiting.pop()
        for value in values:
            item: Any = value
            if type(value) is list:
                item = JArray()
                waiting.append((item, value))
            else:
                item = _token(value)
            item.parent = made
            made.children.append(item)
    return root


def _token(value: Any) -> JToken:
    kind = type(value)
    if kind is dict:
        return _object(value)
    if kind is str:
        is_long = _SHORTEST_DATE <= len(value) <= _LONGEST_DATE and value[10] == "T"
        date = find_date(value) if is_long or value[:1] == "/" else None
        return JValue(value, STRING_TYPE) if date is None else JValue(date, DATE)
    if kind is int:
        return JValue(Int64(value) if -(2**63) <= value < 2**63 else BigInteger(value), INTEGER)
    if kind is float:
        return JValue(value, FLOAT)
    if kind is bool:
        return JValue(value, BOOLEAN)
    return JValue.null() if value is None else _array(value)


# Readers to trees: `Parse`. Azure refuses `JsonLoadSettings`, so that they are always null

_SCALARS = {
    tokens.INTEGER: INTEGER,
    tokens.FLOAT: FLOAT,
    tokens.STRING: STRING_TYPE,
    tokens.BOOLEAN: BOOLEAN,
    tokens.DATE: DATE,
    tokens.BYTES: BYTES,
}


def _scalar(reader: TextReader) -> JValue | None:
    kind = _SCALARS.get(reader.token)
    if kind is not None:
        return JValue(reader.value, kind)
    if reader.token == tokens.NULL:
        return JValue.null()
    return JValue.undefined() if reader.token == tokens.UNDEFINED else None


def _container(reader: TextReader) -> JContainer | None:
    if reader.token == tokens.START_OBJECT:
        return JObject()
    if reader.token == tokens.START_ARRAY:
        return JArray()
    return JConstructor(reader.value) if reader.token == tokens.START_CONSTRUCTOR else None


def load(reader: TextReader, *, keeps_comments: bool = False, note: Callable[[JToken], None] | None = None) -> JToken:
    """Return the tree that starts at the reader's token; the reader is left on its last token.

    `note` is called with each scalar while the reader is just behind it, and with each container where it opens.
    """
    made: JToken | None = _container(reader)
    if isinstance(made, JContainer):
        if note is not None:
            note(made)
        _fill(made, reader, keeps_comments, note)
        return made
    made = _scalar(reader)
    if made is not None and note is not None:
        note(made)
    if made is None and reader.token == tokens.COMMENT:
        made = JValue.of_comment(reader.value)
    if made is None:
        reader.fail(f"Error reading JToken from JsonReader. Unexpected token: {reader.token}.")
    return made


def _fill(root: JContainer, reader: TextReader, keeps_comments: bool, note: Callable[[JToken], None] | None) -> None:
    depth = reader.depth
    parent: JContainer = root
    if not reader.read():
        reader.fail(f"Error reading {root.short_name} from JsonReader.")
    burn = environment().step
    while True:
        burn()
        if isinstance(parent, JProperty) and parent.children:
            assert parent.parent is not None
            parent = parent.parent
        token = reader.token
        if token == tokens.PROPERTY_NAME:
            assert isinstance(parent, JObject)
            parent = parent.property_to_fill(reader.value)
            if note is not None:
                note(parent)
        elif token in (tokens.END_OBJECT, tokens.END_ARRAY, tokens.END_CONSTRUCTOR):
            if parent is root:
                return
            assert parent.parent is not None
            parent = parent.parent
        elif token == tokens.COMMENT:
            if keeps_comments and not isinstance(parent, (JObject, JProperty)):
                parent.add(JValue.of_comment(reader.value))
        else:
            child: JToken | None = _scalar(reader) or _container(reader)
            if child is None:
                raise InvalidOperationException(f"The JsonReader should not be on a token of type {token}.")
            child.parent = parent
            parent.children.append(child)
            if note is not None:
                note(child)
            if isinstance(child, JContainer):
                parent = child
        if not reader.read():
            break
    if reader.depth >= depth:
        reader.fail(f"Unexpected end of content while loading {root.short_name}.")


def _opened(text: str | None, what: str) -> TextReader:
    reader = TextReader(require(text, "s"))
    found = reader.read()
    while found and what != "JToken" and reader.token == tokens.COMMENT:
        found = reader.read()
    if not found:
        reader.fail(f"Error reading {what} from JsonReader.")
    return reader


def finish(reader: TextReader) -> None:
    """Any content but a comment after the tree is an error of the reader."""
    while reader.read():
        pass


def parse(text: str | None, _settings: None = None) -> JToken:
    """`JToken.Parse`. Raises JsonReaderException for what is not JSON, ArgumentNullException for null."""
    root = quick_tree(require(text, "s"))
    return _exact(text, "JToken") if root is None else root


def _exact(text: str | None, what: str) -> JToken:
    """Return the tree of a text that is not plain JSON; raises JsonReaderException."""
    reader = _opened(text, what)
    wanted = {"JObject": (tokens.START_OBJECT, "an object"), "JArray": (tokens.START_ARRAY, "an array")}.get(what)
    if wanted is not None and reader.token != wanted[0]:
        message = f"Error reading {what} from JsonReader. Current JsonReader item is not {wanted[1]}: {reader.token}."
        reader.fail(message)
    root = load(reader)
    finish(reader)
    return root


def parse_object(text: str | None, _settings: None = None) -> JObject:
    """`JObject.Parse`; raises JsonReaderException when the text is no object."""
    root: JToken | None = quick_tree(require(text, "s"))
    if not isinstance(root, JObject):
        root = _exact(text, "JObject")
    assert isinstance(root, JObject)
    return root


def parse_array(text: str | None, _settings: None = None) -> JArray:
    """`JArray.Parse`; raises JsonReaderException when the text is no array."""
    root: JToken | None = quick_tree(require(text, "s"))
    if not isinstance(root, JArray):
        root = _exact(text, "JArray")
    assert isinstance(root, JArray)
    return root


def _register() -> None:
    parsers: dict[str, Callable[..., Any]] = {"JToken": parse, "JObject": parse_object, "JArray": parse_array}
    for name, function in parsers.items():
        implements(J + name, "Parse")(function)


_register()
