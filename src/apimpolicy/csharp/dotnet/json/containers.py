"""JContainer: a token with children, and what may be added to one. JArray and JConstructor: children by position."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import INDEX
from apimpolicy.csharp.dotnet.collections.generic import get_enumerator
from apimpolicy.csharp.dotnet.collections.trees import of_type, position_of
from apimpolicy.csharp.dotnet.environment import environment, work_through
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, InvalidOperationException, check_range, require
from apimpolicy.csharp.dotnet.json.platform import text_of
from apimpolicy.csharp.dotnet.json.tokens import (
    ARRAY,
    CONSTRUCTOR,
    JTOKEN,
    NULL,
    OBJECT,
    PROPERTY,
    TOKENS,
    J,
    JEnumerable,
    JToken,
    is_value,
)
from apimpolicy.csharp.dotnet.registry import bound, dotnet_class, implements_all, member
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import BYTE, Array, box

STEPS_PER_CHILD = 24

_VALUE = f"static U Value<U>(this System.Collections.Generic.IEnumerable<{JTOKEN}> value)"
_NO_TYPES: tuple[Type, ...] = ()


def is_multiple(content: Any) -> bool:
    """Return whether content to add is a sequence of things to add rather than one thing."""
    if isinstance(content, (str, int, JToken)) or content is None:
        return False
    return hasattr(content, "__iter__") and not (isinstance(content, Array) and content.element is BYTE)


def content_items(content: Any) -> Iterator[Any]:
    element = element_type(content)
    for item in content:
        yield item if element is None else box(element, item)


def element_type(content: Any) -> Any:
    """Return the static element type of an array or collection, or None when it is not known."""
    if isinstance(content, Array):
        return content.element
    type_ = getattr(content, "dotnet_type", None)
    arguments = getattr(type_, "arguments", _NO_TYPES)
    return arguments[-1] if len(arguments) == 1 else None


def as_token(content: Any) -> JToken:
    """Return a token for boxed content: itself, or a JValue. Raises ArgumentException when it is no JSON value."""
    if isinstance(content, JToken):
        return content
    made: JToken = bound("Newtonsoft.Json.Linq.JValue", "new(object value)")(content)
    return made


@dotnet_class(J + "JContainer", members="Children=child_tokens Add=add_object RemoveAll=clear")
class JContainer(JToken):
    """A token with children. `version` counts changes, so that enumeration notices them."""

    __slots__ = ("children", "unread", "version")

    is_read_only = False
    is_unread = False
    """Whether the children are still the plain values in `unread`."""
    unread: Any
    """The source of children that are made when they are first read (`quick_reader`)."""

    def __init__(self) -> None:
        # What JToken's constructor does, without the call: policies build many small trees.
        self.parent = None
        self.place = self.version = 0
        self.children: list[JToken] = []

    @property
    def has_values(self) -> bool:  # type: ignore[override]
        return bool(self.children)

    @property
    def first(self) -> JToken | None:
        return self.children[0] if self.children else None

    @property
    def last(self) -> JToken | None:
        return self.children[-1] if self.children else None

    @property
    def count(self) -> int:
        return len(self.children)

    def __iter__(self) -> Iterator[JToken]:
        version = self.version
        for child in self.children:
            yield child
            if version != self.version:
                raise InvalidOperationException("Collection was modified; enumeration operation may not execute.")

    def child_tokens(self) -> JEnumerable:
        return JEnumerable(self.__iter__)

    @member("Values", types=True)
    def values_as(self, types: tuple[Any, ...]) -> JEnumerable:
        convert = bound(J + "Extensions", _VALUE)
        return JEnumerable(lambda: (convert(types, child) for child in JContainer.__iter__(self)), of_type(types[-1]))

    def descendants(self) -> JEnumerable:
        return JEnumerable(lambda: self._below(with_self=False), TOKENS)

    def descendants_and_self(self) -> JEnumerable:
        return JEnumerable(lambda: self._below(with_self=True), TOKENS)

    def _below(self, *, with_self: bool) -> Iterator[JToken]:
        if with_self:
            yield self
        stack = [iter(self)]
        while stack:
            for token in stack[-1]:
                yield token
                if isinstance(token, JContainer):
                    stack.append(iter(token))
                    break
            else:
                stack.pop()

    def index_of(self, item: JToken | None) -> int:
        """Return the position of this very token among the children, or -1."""
        if item is None or item.parent is not self:
            return -1
        item.place = max(position_of(self.children, item, item.place), 0)
        return item.place

    def contains(self, item: JToken | None) -> bool:
        return self.index_of(item) >= 0

    def add_object(self, content: Any) -> None:
        self.add_content(len(self.children), content)

    def add(self, item: Any) -> None:
        self.add_content(len(self.children), item)

    def add_first(self, content: Any) -> None:
        self.add_content(0, content)

    def add_content(self, index: int, content: Any) -> int:
        """Add content, the elements of sequences one after the other; returns the position behind it."""
        if isinstance(content, JToken):
            environment().step()
            before = len(self.children)
            self.insert_child(index, content)
            return index + len(self.children) - before
        stack = [iter((content,))]
        while stack:
            for item in stack[-1]:
                environment().step()
                if is_multiple(item):
                    if len(stack) > 200:
                        raise ArgumentException("Content is nested too deeply.")
                    stack.append(content_items(item))
                    break
                before = len(self.children)
                self.insert_child(index, as_token(item))
                index += len(self.children) - before
            else:
                stack.pop()
        return index

    def deep_clone(self) -> JToken:
        result = self.bare_copy()
        if not self.children:
            return result
        stack: list[tuple[JContainer, Any]] = [(self, result)]
        while stack:
            source, target = stack.pop()
            copies = target.children
            environment().step(1 + 6 * len(source.children))
            for child in source.children:
                copied = child.bare_copy()
                copied.parent = target
                copies.append(copied)
                if child.token_type == PROPERTY and target.token_type == OBJECT:
                    target.has_own(copied)
                if child.has_values:
                    stack.append((child, copied))  # type: ignore[arg-type]
        return result

    def owned(self, item: JToken | None) -> JToken:
        """Return the token to insert: a copy if it has a parent or would contain itself; JSON null for null."""
        if item is None:
            return as_token(None)
        if item.parent is not None or item is self:
            return item.deep_clone()
        return item.deep_clone() if self.parent is not None and item.has_values and self.root is item else item

    def check_child(self, item: JToken, existing: JToken | None) -> None:
        if item.token_type == PROPERTY:
            raise ArgumentException(f"Can not add {item.dotnet_type_name} to {self.dotnet_type_name}.")

    def take(self, item: JToken) -> None:
        """Put a token that belongs here behind the others: one without a parent, not made of this container."""
        item.parent = self
        environment().step(STEPS_PER_CHILD)
        self.children.append(item)
        self.version += 1

    def insert_child(self, index: int, item: JToken | None) -> None:
        children = self.children
        check_range(index <= len(children) and index >= 0, "index", "Index must be within the bounds of the List.")
        item = self.owned(item)
        self.check_child(item, None)
        item.parent = self
        environment().step(STEPS_PER_CHILD)
        if index == len(children):
            children.append(item)
        else:
            work_through(len(self.children) - index >> 5)
            self.children.insert(index, item)
        self.version += 1

    def set_child(self, index: int, item: JToken | None) -> None:
        existing = self.children[self._check_index(index)]
        if _is_unchanged(existing, item):
            return
        item = self.owned(item)
        self.check_child(item, existing)
        item.parent = self
        existing.parent = None
        self.children[index] = item
        self.version += 1

    def remove_child_at(self, index: int) -> None:
        self.children[self._check_index(index)].parent = None
        work_through(len(self.children) - index >> 5)
        del self.children[index]
        self.version += 1

    def remove_child(self, item: JToken | None) -> bool:
        index = self.index_of(item)
        if index < 0:
            return False
        self.remove_child_at(index)
        return True

    def _check_index(self, index: int) -> int:
        check_range(index >= 0, "index", "Index is less than 0.")
        check_range(index < len(self.children), "index", "Index is equal to or greater than Count.")
        return index

    def clear(self) -> None:
        for child in self.children:
            child.parent = None
        self.children.clear()
        self.version += 1

    def replace_all(self, content: Any) -> None:
        self.clear()
        self.add_object(content)

    def copy_to(self, array: Array | None, index: int) -> None:
        array = require(array, "array")
        check_range(index >= 0, "arrayIndex", "arrayIndex is less than 0.")
        if index >= len(array) and index != 0:
            raise ArgumentException("arrayIndex is equal to or greater than the length of array.")
        if len(self.children) > len(array) - index:
            raise ArgumentException(
                "The number of elements in the source JObject is greater than the available space from arrayIndex to "
                "the end of the destination array."
            )
        array[index : index + len(self.children)] = self.children


def _is_unchanged(current: JToken, new: JToken | None) -> bool:
    if not is_value(current):
        return False
    if new is None:
        return current.token_type == NULL
    return current.equals(new)


def shown(key: Any) -> str:
    """Return a key as Newtonsoft's messages show it."""
    if key is None:
        return "{null}"
    if type(key) is str:
        return f'"{key}"'

    return text_of(key)


_ITEM = f"{JTOKEN} Item[object key] {{ get; set; }}"


class _Indexed(JContainer):
    """Base of JArray and JConstructor: children by position."""

    __slots__ = ()

    key_kind = "Int32 array index"

    @member(_ITEM)
    def get_item(self, key: Any) -> JToken | None:
        if type(key) is int:
            return self.get_at(key)
        key = require(key, "key")
        raise ArgumentException(
            f"Accessed {self.short_name} values with invalid key value: {shown(key)}. {self.key_kind} expected."
        )

    @member(_ITEM, setter=True)
    def set_item(self, key: Any, value: JToken | None) -> None:
        if type(key) is int:
            self.set_child(key, value)
            return
        key = require(key, "key")
        raise ArgumentException(
            f"Set {self.short_name} values with invalid key value: {shown(key)}. {self.key_kind} expected."
        )

    def get_at(self, index: int) -> JToken:
        check_range(0 <= index < len(self.children), "index", INDEX)
        return self.children[index]


@dotnet_class(
    J + "JArray",
    members={
        "Type": "token_type",
        "IsReadOnly": "is_read_only",
        "void Clear()": "clear",
        f"int IndexOf({JTOKEN} item)": "index_of",
        f"bool Contains({JTOKEN} item)": "contains",
        f"void CopyTo({JTOKEN}[] array, int arrayIndex)": "copy_to",
    },
)
class JArray(_Indexed):
    """Tokens by position."""

    __slots__ = ()

    token_type = ARRAY
    get_object = member(_ITEM)(lambda self, key: self.get_item(key))
    set_object = member(_ITEM, setter=True)(lambda self, key, value: self.set_item(key, value))

    @staticmethod
    @member("new(object)", "new(object[])")
    def create(content: Any) -> JArray:
        made = JArray()
        made.add_object(content)
        return made

    def bare_copy(self) -> JArray:
        return JArray()

    @staticmethod
    @member("new(JArray)")
    def copy(other: JArray | None) -> JToken:
        return require(other, "other").deep_clone()

    @member("Item[int]")
    def get_index(self, index: int) -> JToken:
        return self.get_at(index)

    @member("Item[int]", setter=True)
    def set_index(self, index: int, value: JToken | None) -> None:
        self.set_child(index, value)

    def add(self, item: JToken | None) -> None:
        has_parent = item is not None and item.parent is not None  # then it is copied, as `owned` says
        item = item.deep_clone() if has_parent else self.owned(item)  # type: ignore[union-attr]
        if item.token_type == PROPERTY:
            self.check_child(item, None)
        self.take(item)

    def insert(self, index: int, item: JToken | None) -> None:
        self.insert_child(index, item)

    def remove_at(self, index: int) -> None:
        self.remove_child_at(index)

    def remove(self, item: JToken | None) -> bool:
        return self.remove_child(item)

    def get_enumerator(self) -> Any:
        return get_enumerator(self)


@dotnet_class(J + "JConstructor", members="Type=token_type")
class JConstructor(_Indexed):
    """`new Date(0)`: a JavaScript constructor call."""

    __slots__ = ("name",)

    token_type = CONSTRUCTOR
    key_kind = "Argument position index"
    get_object = member(_ITEM)(lambda self, key: self.get_item(key))
    set_object = member(_ITEM, setter=True)(lambda self, key, value: self.set_item(key, value))

    def __init__(self, name: str | None = None) -> None:
        super().__init__()
        self.name = name

    @staticmethod
    @member("new(string)")
    def of_name(name: str | None) -> JConstructor:
        name = require(name, "name")
        if not name:
            raise ArgumentException("Constructor name cannot be empty.", "name")
        return JConstructor(name)

    @staticmethod
    @member("new(string, object)", "new(string, object[])")
    def create(name: str | None, content: Any) -> JConstructor:
        made = JConstructor.of_name(name)
        made.add_object(content)
        return made

    def bare_copy(self) -> JConstructor:
        return JConstructor(self.name)

    @staticmethod
    @member("new(JConstructor)")
    def copy(other: JConstructor | None) -> JToken:
        return require(other, "other").deep_clone()


implements_all(J + "JConstructor", {"new()": JConstructor})
implements_all(J + "JArray", {"new()": JArray})
