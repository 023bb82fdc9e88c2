"""JArray and JConstructor: children by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.collections.arrays import INDEX
from apimpolicy.dotnet.collections.generic import get_enumerator
from apimpolicy.dotnet.exceptions import ArgumentException, check_range, require
from apimpolicy.dotnet.json.containers import JContainer, shown
from apimpolicy.dotnet.json.tokens import ARRAY, CONSTRUCTOR, JTOKEN, PROPERTY, J
from apimpolicy.dotnet.registry import dotnet_class, implements_all, member

if TYPE_CHECKING:
    from apimpolicy.dotnet.json.tokens import JToken

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
