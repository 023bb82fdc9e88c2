"""Whole trees: `JsonReader` over one and `JsonWriter` into one, comparing and merging."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import JsonReaderException, NullReferenceException, require
from apimpolicy.csharp.dotnet.json import platform, tokens
from apimpolicy.csharp.dotnet.json.containers import JArray, JConstructor, JContainer, content_items, is_multiple
from apimpolicy.csharp.dotnet.json.loading import load
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.reader import (
    COMMENT,
    END_ARRAY,
    END_CONSTRUCTOR,
    END_OBJECT,
    NONE,
    PROPERTY_NAME,
    START_ARRAY,
    START_CONSTRUCTOR,
    START_OBJECT,
    STRING,
)
from apimpolicy.csharp.dotnet.json.scalars import JRaw, JValue
from apimpolicy.csharp.dotnet.json.tokens import JToken, write
from apimpolicy.csharp.dotnet.registry import counts_itself, dotnet_class, implements, implements_all

if TYPE_CHECKING:
    from apimpolicy.csharp.dotnet.values import Array


_Token = TypeVar("_Token", bound=JToken)
_READER = "Newtonsoft.Json.JsonReader"
_BRACKETS = {
    tokens.OBJECT: (START_OBJECT, END_OBJECT),
    tokens.ARRAY: (START_ARRAY, END_ARRAY),
    tokens.CONSTRUCTOR: (START_CONSTRUCTOR, END_CONSTRUCTOR),
}
_AS_STRINGS = (tokens.GUID_TYPE, tokens.URI_TYPE, tokens.TIME_SPAN_TYPE)


@dotnet_class(_READER)
class TreeReader:
    """Goes through a tree token by token; `token` is a name of `JsonToken`, `value` is boxed."""

    __slots__ = ("_events", "_place", "depth", "token", "value")

    def __init__(self, root: JToken) -> None:
        self.token = NONE
        self.value: Any = None
        self.depth = 0
        self._place: JToken | None = None
        self._events = self._walk(root)

    @property
    def path(self) -> str:
        return "" if self._place is None else self._place.path

    @counts_itself
    def read(self) -> bool:
        """Go to the next token; False, and no token, at the end."""
        environment().step()
        self.token, self.value, self._place, self.depth = next(self._events, (NONE, None, None, 0))
        return self.token != NONE

    def skip(self) -> None:
        """Go to the end of the container, or of the property, that the reader is on."""
        if self.token == PROPERTY_NAME:
            self.read()
        depth = self.depth
        if self.token in (START_OBJECT, START_ARRAY, START_CONSTRUCTOR):
            while self.read() and self.depth > depth:
                pass

    def close(self) -> None:
        self._events = iter(())
        self.read()

    def fail(self, message: str) -> NoReturn:
        raise JsonReaderException(f"{message} Path '{self.path}'.")

    @staticmethod
    def _walk(root: JToken) -> Iterator[tuple[str, Any, JToken, int]]:
        # (iterator over children, closing event) per open container or property; a property closes without one.
        stack: list[tuple[Iterator[JToken], tuple[str, JToken] | None]] = [(iter((root,)), None)]
        depth = 0
        while stack:
            for token in stack[-1][0]:
                if isinstance(token, JProperty):
                    yield PROPERTY_NAME, token.name, token, depth
                    stack.append((iter(token.children), None))
                    break
                if isinstance(token, JContainer):
                    opening, closing = _BRACKETS[token.token_type]
                    name = token.name if isinstance(token, JConstructor) else None
                    yield opening, name, token, depth
                    depth += 1
                    stack.append((iter(token.children), (closing, token)))
                    break
                assert isinstance(token, JValue)
                yield *_scalar_event(token), token, depth
            else:
                _, end = stack.pop()
                if end is not None:
                    depth -= 1
                    yield end[0], None, end[1], depth


def _scalar_event(token: JValue) -> tuple[str, Any]:
    kind = token.token_type
    if kind in _AS_STRINGS:
        return STRING, platform.text_of(token.value)
    return tokens.TYPE_NAMES[kind], token.value


@implements(tokens.J + "JToken", "CreateReader")
def create_reader(token: JToken) -> TreeReader:
    return TreeReader(token)


def _started(reader: TreeReader | None, what: str) -> TreeReader:
    reader = require(reader, "reader")
    if reader.token == NONE and not reader.read():
        reader.fail(f"Error reading {what} from JsonReader.")
    return reader


def read_token(reader: TreeReader | None, _settings: None = None) -> JToken:
    """Return the token that the reader is on; the reader stays on its last part."""
    reader = _started(reader, "JToken")
    if reader.token == PROPERTY_NAME:
        return _property(reader)
    return load(reader)


def _property(reader: TreeReader) -> JProperty:
    made = JProperty(reader.value)
    if not reader.read():
        reader.fail("Error reading JProperty from JsonReader.")
    made.value = load(reader)
    return made


def _load_as(cls: type[_Token], name: str, noun: str, reader: TreeReader | None) -> JToken:
    reader = _started(reader, name)
    while reader.token == COMMENT:
        if not reader.read():
            reader.fail(f"Error reading {name} from JsonReader.")
    start = PROPERTY_NAME if name == "JProperty" else _BRACKETS[cls.token_type][0]
    if reader.token != start:
        reader.fail(f"Error reading {name} from JsonReader. Current JsonReader item is not {noun}: {reader.token}.")
    return _property(reader) if name == "JProperty" else load(reader)


@implements(tokens.J + "JRaw", "Create")
def create_raw(reader: TreeReader | None) -> JRaw:
    """Return the text of the token that the reader is on, or of everything when it is before the first."""
    reader = require(reader, "reader")
    if reader.token == NONE and not reader.read():
        return JRaw.of_raw("")
    return JRaw.of_raw(write(read_token(reader), indented=False))


def _register() -> None:
    for method in ("ReadFrom", "Load"):
        implements(tokens.J + "JToken", method)(read_token)
    classes: tuple[tuple[type[JToken], str], ...] = (
        (JObject, "an object"), (JArray, "an array"), (JConstructor, "a constructor"), (JProperty, "a property"),
    )  # fmt: skip
    for cls, noun in classes:
        name = cls.__name__

        def load_one(
            reader: TreeReader | None, _: None = None, cls: type[JToken] = cls, name: str = name, noun: str = noun
        ) -> JToken:
            return _load_as(cls, name, noun, reader)

        implements(tokens.J + name, "Load")(load_one)


_register()


# `JsonWriter` into a tree, as `container.CreateWriter()` returns it, and `WriteTo`, which adds a copy of a token

_WRITER = "Newtonsoft.Json.JsonWriter"


@dotnet_class(_WRITER, members="Close Flush=close")
class TreeWriter:
    """Adds what is written to a container at once; a property takes the place of one with its name."""

    __slots__ = ("_container",)

    def __init__(self, container: JContainer) -> None:
        self._container = container

    def write(self, token: JToken) -> None:
        if isinstance(token, JProperty) and isinstance(self._container, JObject):
            self._container.remove(token.name)
        self._container.add(token.deep_clone())

    def close(self) -> None:
        """Do nothing: everything is in the container already."""


@implements(tokens.J + "JContainer", "CreateWriter")
def create_writer(container: JContainer) -> TreeWriter:
    return TreeWriter(container)


def write_to(token: JToken, writer: TreeWriter | None, converters: Array | None = None) -> None:
    """Converters, which policies cannot make, would have nothing to convert in a tree."""
    if writer is None:
        raise NullReferenceException
    writer.write(token)


for _name in ("JToken", "JArray", "JConstructor", "JObject", "JProperty", "JValue"):
    implements(tokens.J + _name, f"void WriteTo({_WRITER} writer, params Newtonsoft.Json.JsonConverter[] converters)")(
        write_to
    )


# Comparing whole trees


@implements(tokens.J + "JToken", "DeepEquals")
def deep_equals(first: JToken | None, second: JToken | None) -> bool:
    """`JToken.DeepEquals`: the order of properties does not count, that of elements does."""
    pairs = [(first, second)]
    while pairs:
        left, right = pairs.pop()
        if left is right:
            continue
        if left is None or right is None or left.token_type != right.token_type:
            return False
        if isinstance(left, JValue):
            if not left.equals(right):
                return False
            continue
        if not isinstance(left, JContainer) or not isinstance(right, JContainer):
            return False
        environment().step(1 + 6 * len(left.children))
        if len(left.children) != len(right.children):
            return False
        if isinstance(left, (JProperty, JConstructor)) and left.name != right.name:  # type: ignore[attr-defined]
            return False
        if isinstance(left, JObject) and isinstance(right, JObject):
            for item in left.children:
                other = right.find_property(item.name)  # type: ignore[attr-defined]
                if other is None:
                    return False
                pairs.append((item, other))
        else:
            pairs.extend(zip(left.children, right.children, strict=True))
    return True


def deep_hash(token: JToken | None) -> int:
    """Return a hash code that agrees with `deep_equals`."""
    if token is None:
        return 0
    total = 0
    stack = [token]
    while stack:
        current = stack.pop()
        if isinstance(current, JValue):
            total ^= current.get_hash_code()
        elif isinstance(current, JContainer):
            total ^= (current.token_type * 397) ^ len(current.children)
            stack.extend(current.children)
    return total & 0x7FFFFFFF


@dotnet_class(tokens.J + "JTokenEqualityComparer")
class JTokenEqualityComparer:
    """Compares by `DeepEquals`."""

    __slots__ = ()

    def equals(self, first: JToken | None, second: JToken | None) -> bool:
        return deep_equals(first, second)

    def get_hash_code(self, token: JToken | None) -> int:
        return deep_hash(token)


_COMPARER = JTokenEqualityComparer()

implements_all(tokens.J + "JToken", {"EqualityComparer": lambda: _COMPARER})


# `JContainer.Merge`. Azure refuses `JsonMergeSettings`, so that arrays are always appended


@implements(tokens.J + "JContainer", "Merge")
def merge(target: JContainer, content: Any, _settings: None = None) -> None:
    """Merge content into the target; one entry of the worklist per pair of containers."""
    pending = [(target, content)]
    while pending:
        into, source = pending.pop()
        if isinstance(into, JObject):
            if isinstance(source, JObject):
                _merge_object(into, source, pending)
        elif isinstance(into, JProperty):
            value = source.value if isinstance(source, JProperty) else None
            if value is not None and value.token_type != tokens.NULL:
                into.value = value
        elif isinstance(into, JConstructor):
            if isinstance(source, JConstructor):
                into.name = source.name if source.name is not None else into.name
                _append(into, source)
        elif isinstance(into, JArray) and (is_multiple(source) or isinstance(source, JArray)):
            _append(into, source)


def _merge_object(target: JObject, source: JObject, pending: list[Any]) -> None:
    for item in list(source.children):
        assert isinstance(item, JProperty)
        value = item.value
        existing = target.find_property(item.name)
        if existing is None:
            target.add_property(item.name, value)
            continue
        if value is None:
            continue
        current = existing.value
        if isinstance(current, JContainer) and current.token_type == value.token_type:
            pending.append((current, value))
        elif value.token_type != tokens.NULL:
            existing.value = value


def _append(target: JContainer, source: Any) -> None:
    for item in list(source.children) if isinstance(source, JContainer) else list(content_items(source)):
        target.add_object(item)
