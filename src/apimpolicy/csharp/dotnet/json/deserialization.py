"""Trees and text to objects: `ToObject<T>` and `JsonConvert.DeserializeObject<T>`.

Simple values are read by `simple_values`; here are the tokens, the sequences and the objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from apimpolicy.csharp.dotnet.casts import is_instance
from apimpolicy.csharp.dotnet.collections.arrays import default_value
from apimpolicy.csharp.dotnet.collections.tuples import KeyValuePair, Tuple
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import (
    InvalidCastException,
    JsonReaderException,
    JsonSerializationException,
    require,
)
from apimpolicy.csharp.dotnet.json import loading, platform
from apimpolicy.csharp.dotnet.json.casts import CASTS, change_type
from apimpolicy.csharp.dotnet.json.containers import JArray
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.reader import COMMENT, TextReader
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.json.simple_values import READ_BY_TYPE, TextSource, TreeSource, scalar, to_enum
from apimpolicy.csharp.dotnet.json.tokens import COMMENT as COMMENT_TOKEN
from apimpolicy.csharp.dotnet.json.tokens import JTOKEN, NULL, J, JToken
from apimpolicy.csharp.dotnet.registry import implements
from apimpolicy.csharp.dotnet.types import AnonymousType, ArrayType, NamedType, Type
from apimpolicy.csharp.dotnet.values import BOXES, OBJECT, AnonymousObject, Array, RectangularArray, box
from apimpolicy.errors import NotSimulatedError

_GENERIC = "System.Collections.Generic."
_LISTS = {
    _GENERIC + name for name in ("List", "IList", "ICollection", "IEnumerable", "IReadOnlyList", "IReadOnlyCollection")
}
_SETS = {_GENERIC + "HashSet", _GENERIC + "ISet"}
_DICTIONARIES = {_GENERIC + name for name in ("Dictionary", "IDictionary", "IReadOnlyDictionary")}
_OTHER_SEQUENCES = {_GENERIC + name for name in ("Queue", "Stack")}
_PAIR, _TUPLE = _GENERIC + "KeyValuePair", "System.Tuple"
_ITEMS = 7
"""Elements of a tuple type; those of a longer one are in a tuple of their own, its `Rest`, which is not simulated."""
MAXIMUM_DEPTH = 128


def _token_as(token: JToken, type_: Type) -> Any:
    """Return a token as one of the token types; raises InvalidCastException when it is another."""
    if token.token_type == NULL and str(type_) not in (JTOKEN, J + "JValue"):
        return None
    if not is_instance(token, type_):
        raise InvalidCastException(f"Unable to cast object of type '{token.dotnet_type_name}' to type '{type_}'.")
    return token


@implements(JTOKEN, "ToObject<T>()", types=True)
def to_object(types: tuple[Type, ...], token: JToken) -> Any:
    """Primitive types through the explicit conversions, everything else through the deserializer."""
    type_ = types[-1]
    cast = CASTS.get(str(type_))
    if cast is not None and str(type_) != "byte[]":
        return cast(token)
    target = type_.underlying or type_
    if isinstance(target, NamedType) and target.kind == "enum":
        return to_enum(token, target, is_nullable=target is not type_)
    return _convert(token, type_, TreeSource(), 0)


@implements(JTOKEN, "ToObject(Type)")
def to_object_of(token: JToken, type_object: Any) -> Any:
    type_object = require(type_object, "objectType")
    return box(type_object.type, to_object((type_object.type,), token))


def _convert(token: JToken, type_: Type, source: TreeSource, depth: int) -> Any:
    environment().step()
    if depth > MAXIMUM_DEPTH:
        raise JsonReaderException(source.located(token, f"The reader's MaxDepth of {MAXIMUM_DEPTH} has been exceeded."))
    if str(type_).startswith(J):
        source.put_repeated_names_last(token)
        return _token_as(token.deep_clone() if token.parent is not None else token, type_)
    if isinstance(token, JValue):
        return scalar(token, type_, source)
    if type_ is OBJECT:
        source.put_repeated_names_last(token)
        return token.deep_clone()
    name = str(type_.underlying or type_)
    if name in READ_BY_TYPE and depth:
        if isinstance(source, TextSource):
            raise source.unexpected(token)
        opened = "StartArray" if isinstance(token, JArray) else "StartObject"
        message = f"Error reading {READ_BY_TYPE[name]}. Unexpected token: {opened}."
        raise JsonReaderException(source.located(token, message))
    if isinstance(source, TextSource) and name in READ_BY_TYPE:
        raise source.unexpected(token)
    if isinstance(token, JArray):
        return _sequence(token, type_, source, depth)
    if isinstance(token, JObject):
        return _object(token, type_, source, depth)
    raise NotSimulatedError(f"JSON deserialization of {token.dotnet_type_name} to {type_}")


def _boxed(type_: Type, value: Any) -> Any:
    """Return an element as stored in a collection: boxed only when the element type is `object`."""
    return value if type_ in BOXES or type_ is not OBJECT else box(type_, value)


def _rectangle(token: JArray, type_: ArrayType, source: TreeSource, depth: int) -> RectangularArray:
    """Return an array of several dimensions, from arrays in arrays of equal lengths."""
    lengths: list[int] = []
    level: list[JToken] = [token]
    for _ in range(type_.rank):
        counts = {len(child.children) if isinstance(child, JArray) else -1 for child in level}
        if len(counts) != 1 or -1 in counts:
            what = "Cannot deserialize non-cubical array as multidimensional array."
            raise JsonSerializationException(source.located(token, what))
        lengths.append(counts.pop())
        level = [item for child in level for item in child.children]  # type: ignore[attr-defined]
        if not level:
            lengths += [0] * (type_.rank - len(lengths))
            break
    items = [_convert(item, type_.element, source, depth + type_.rank) for item in level]
    return RectangularArray(type_.element, tuple(lengths), items)


def _values(token: JArray) -> list[JToken]:
    """Return the elements that are values: comments are kept in trees alone."""
    return [child for child in token.children if child.token_type != COMMENT_TOKEN]


def _sequence(token: JArray, type_: Type, source: TreeSource, depth: int) -> Any:
    if isinstance(type_, ArrayType) and type_.rank > 1:
        return _rectangle(token, type_, source, depth)
    if isinstance(type_, ArrayType):
        element = type_.element
        return Array(element, [_convert(child, element, source, depth + 1) for child in _values(token)])
    if isinstance(type_, NamedType) and len(type_.arguments) == 1:
        element = type_.arguments[0]
        name = type_.name
        items = [_boxed(element, _convert(child, element, source, depth + 1)) for child in _values(token)]
        if name in _LISTS:
            collection = platform.construct_generic(_GENERIC + "List", element)
        elif name in _SETS:
            collection = platform.construct_generic(_GENERIC + "HashSet", element)
        elif name in _OTHER_SEQUENCES:
            raise NotSimulatedError(f"JSON deserialization to {type_}")
        else:
            raise _wrong_shape(token, type_, "array", source)
        for item in items:
            collection.add(item)
        return collection
    raise _wrong_shape(token, type_, "array", source)


def _wrong_shape(token: JToken, type_: Type, what: str, source: TreeSource) -> JsonSerializationException:
    name = platform.reflection_name(type_)
    if what == "array":
        message = (
            f"Cannot deserialize the current JSON array (e.g. [1,2,3]) into type '{name}' because the type requires a "
            "JSON {0} to deserialize correctly.\nTo fix this error either change the JSON to a JSON {0} or change the "
            "deserialized type to an array or a type that implements a collection interface (e.g. ICollection, IList) "
            "like List<T> that can be deserialized from a JSON array. JsonArrayAttribute can also be added to the type "
            "to force it to deserialize from a JSON array.\n"
        )
        shape = (
            "primitive value (e.g. string, number, boolean, null)"
            if str(type_) in CASTS
            else 'object (e.g. {"name":"value"})'
        )
        return JsonSerializationException(
            source.located(token, message.replace("{0}", shape)).replace("\n Path", "\nPath")
        )
    message = (
        'Cannot deserialize the current JSON object (e.g. {"name":"value"}) into type \'' + name + "' because the type "
        "requires a JSON {0} to deserialize correctly.\nTo fix this error either change the JSON to a JSON {0} or "
        "change the deserialized type so that it is a normal .NET type (e.g. not a primitive type like integer, not a "
        "collection type like an array or List<T>) that can be deserialized from a JSON object. JsonObjectAttribute "
        "can also be added to the type to force it to deserialize from a JSON object.\n"
    )
    shape = "primitive value (e.g. string, number, boolean, null)" if str(type_) in CASTS else "array (e.g. [1,2,3])"
    first = next(iter(getattr(token, "children", ())), token)  # the reader has gone on to the first name
    return JsonSerializationException(source.located(first, message.replace("{0}", shape)).replace("\n Path", "\nPath"))


def _members_of(type_: Type) -> Sequence[tuple[str, Type]]:
    """Return the members that an object of JSON sets, with their types; none for a type that isn't made of members."""
    if isinstance(type_, AnonymousType):
        return type_.members
    target = type_.underlying or type_
    if not isinstance(target, NamedType):
        return ()
    if target.name == _PAIR:
        return list(zip(("Key", "Value"), target.arguments, strict=True))
    if (target.definition.is_tuple or target.name == _TUPLE) and len(target.arguments) <= _ITEMS:
        return [(f"Item{number}", item) for number, item in enumerate(target.arguments, 1)]
    return ()


def _made_of(type_: Type, values: tuple[Any, ...]) -> Any:
    """Return the plain value of a type that `_members_of` knows."""
    if isinstance(type_, AnonymousType):
        return AnonymousObject(type_, tuple(name for name, _ in type_.members), values)
    target = type_.underlying or type_
    assert isinstance(target, NamedType)
    if target.name == _PAIR:
        return KeyValuePair(target.arguments, *values)
    if target.name == _TUPLE:
        return Tuple(target.arguments, values)
    return values


def _object(token: JObject, type_: Type, source: TreeSource, depth: int) -> Any:
    members = _members_of(type_)
    if members:
        by_name = {child.name.lower(): child.value for child in token.children if isinstance(child, JProperty)}
        values: list[Any] = []
        for name, member_type in members:
            value = by_name.get(name.lower())
            values.append(
                default_value(member_type) if value is None else _convert(value, member_type, source, depth + 1)
            )
        return _made_of(type_, tuple(values))
    if isinstance(type_, NamedType) and len(type_.arguments) == 2 and type_.name in _DICTIONARIES:
        key_type, item_type = type_.arguments
        dictionary = platform.construct_generic(_GENERIC + "Dictionary", key_type, item_type)
        for child in token.children:
            assert isinstance(child, JProperty)
            assert child.value is not None
            key = change_type(child.name, key_type)
            dictionary.set_item(key, _boxed(item_type, _convert(child.value, item_type, source, depth + 1)))
        return dictionary
    if (
        isinstance(type_, ArrayType)
        or str(type_) in CASTS
        or (isinstance(type_, NamedType) and type_.name in _LISTS | _SETS)
    ):
        raise _wrong_shape(token, type_, "object", source)
    raise NotSimulatedError(f"JSON deserialization to {type_}")


def read_text(text: str) -> tuple[JToken | None, TextSource]:
    """Return the tree of a text, with what its scalars looked like; None for a text without a value."""
    reader = TextReader(text)
    source = TextSource(reader)
    while reader.read():
        if reader.token != COMMENT:
            root = loading.load(reader, keeps_comments=True, note=source.note)
            loading.finish(reader)
            return root, source
    return None, source


def from_text(text: str, type_: Type) -> Any:
    """`DeserializeObject<T>`; returns the plain value, boxed for `object`."""
    root, source = read_text(text)
    if root is None:
        return default_value(type_) if not type_.is_value_type or type_.underlying is not None else _no_content(type_)
    return _convert(root, type_, source, 0)


def _no_content(type_: Type) -> Any:
    raise JsonSerializationException(
        f"No JSON content found and type '{platform.reflection_name(type_)}' is not nullable. "
        "Path '', line 0, position 0."
    )
