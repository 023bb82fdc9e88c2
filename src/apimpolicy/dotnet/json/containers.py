"""JObject, JArray, JProperty and JConstructor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.dotnet.exceptions import (
    ArgumentException,
    ArgumentNullException,
    ArgumentOutOfRangeException,
    JsonException,
)
from apimpolicy.dotnet.json.sequences import JEnumerable
from apimpolicy.dotnet.json.tokens import (
    ARRAY,
    COMMENT,
    CONSTRUCTOR,
    J,
    JTOKEN,
    OBJECT,
    PROPERTY,
    JContainer,
    JToken,
    as_token,
    is_multiple,
)
from apimpolicy.dotnet.registry import dotnet_class, member

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.dotnet.values import Array

_ITEM = f"{JTOKEN} Item[object key] {{ get; set; }}"


def _shown(key: Any) -> str:
    """How Newtonsoft shows a key in messages."""
    if key is None:
        return "{null}"
    if type(key) is str:
        return f'"{key}"'
    from apimpolicy.dotnet.json.platform import text_of

    return text_of(key)


@dotnet_class(J + "JProperty", attributes={"Name": "name", "Value": "value", "Type": "token_type"})
class JProperty(JContainer):
    """A name with one value; `value` is None only while the property is being built."""

    __slots__ = ("name",)

    token_type = PROPERTY

    def __init__(self, name: str | None) -> None:
        super().__init__()
        if name is None:
            raise ArgumentNullException("name")
        self.name = name

    @staticmethod
    @member("new(string name, object content)")
    @member("new(string name, params object[] content)")
    def create(name: str | None, content: Any) -> JProperty:
        made = JProperty(name)
        value: JToken = as_token(content) if not is_multiple(content) else JArray()
        if is_multiple(content):
            value.add_object(content)  # type: ignore[attr-defined]
        made.value = value
        return made

    @staticmethod
    @member(f"new({J}JProperty other)")
    def copy(other: JProperty | None) -> JToken:
        if other is None:
            raise ArgumentNullException("other")
        return other.deep_clone()

    @property
    def value(self) -> JToken | None:
        return self.children[0] if self.children else None

    @value.setter
    def value(self, new: JToken | None) -> None:
        if self.children:
            self.set_child(0, new)
        else:
            super().insert_child(0, new)

    def insert_child(self, index: int, item: JToken | None) -> None:
        if item is not None and item.token_type == COMMENT:
            return
        if self.children:
            raise JsonException(f"{J}JProperty cannot have multiple values.")
        super().insert_child(0, item)

    def set_child(self, index: int, item: JToken | None) -> None:
        if index != 0:
            raise ArgumentOutOfRangeException
        super().set_child(index, item)

    def remove_child_at(self, index: int) -> None:
        raise self._fixed()

    def remove_child(self, item: JToken | None) -> bool:
        raise self._fixed()

    def clear(self) -> None:
        raise self._fixed()

    @staticmethod
    def _fixed() -> JsonException:
        return JsonException(f"Cannot add or remove items from {J}JProperty.")


@dotnet_class(J + "JObject", attributes={"Type": "token_type"})
class JObject(JContainer):
    """Properties in order, found by name. Iteration gives the properties, `key_value_pairs` what C#'s foreach gives."""

    __slots__ = ("_by_name",)

    token_type = OBJECT

    def __init__(self) -> None:
        super().__init__()
        self._by_name: dict[str, JProperty] = {}

    @staticmethod
    @member("new()")
    def empty() -> JObject:
        return JObject()

    @staticmethod
    @member("new(object content)")
    @member("new(params object[] content)")
    def create(content: Any) -> JObject:
        made = JObject()
        made.add_object(content)
        return made

    @staticmethod
    @member(f"new({J}JObject other)")
    def copy(other: JObject | None) -> JToken:
        if other is None:
            raise ArgumentNullException("other")
        return other.deep_clone()

    # Children

    def check_child(self, item: JToken, existing: JToken | None) -> None:
        if not isinstance(item, JProperty):
            raise ArgumentException(f"Can not add {item.dotnet_type_name} to {self.dotnet_type_name}.")
        if isinstance(existing, JProperty) and existing.name == item.name:
            return
        if item.name in self._by_name:
            raise ArgumentException(
                f"Can not add property {item.name} to {self.dotnet_type_name}. "
                "Property with the same name already exists on object."
            )

    def insert_child(self, index: int, item: JToken | None) -> None:
        if item is not None and item.token_type == COMMENT:
            return
        super().insert_child(index, item)
        added = self.children[index]
        assert isinstance(added, JProperty)
        self._by_name[added.name] = added

    def property_to_fill(self, name: str) -> JProperty:
        """A property without a value, at the end; or the one that has this name already, emptied."""
        found = self._by_name.get(name)
        if found is not None:
            for child in found.children:
                child.parent = None
            found.children.clear()
            return found
        made = self._by_name[name] = JProperty(name)
        made.parent = self
        self.children.append(made)
        return made

    def set_child(self, index: int, item: JToken | None) -> None:
        existing = self.children[index] if 0 <= index < len(self.children) else None
        super().set_child(index, item)
        if isinstance(existing, JProperty):
            self._by_name.pop(existing.name, None)
            current = self.children[index]
            assert isinstance(current, JProperty)
            self._by_name[current.name] = current

    def remove_child_at(self, index: int) -> None:
        removed = self.children[index] if 0 <= index < len(self.children) else None
        super().remove_child_at(index)
        if isinstance(removed, JProperty):
            del self._by_name[removed.name]

    def clear(self) -> None:
        super().clear()
        self._by_name.clear()

    # By name

    @member(f"{JTOKEN} Item[string propertyName] {{ get; set; }}")
    def get_by_name(self, name: str | None) -> JToken | None:
        if name is None:
            raise ArgumentNullException("propertyName")
        found = self._by_name.get(name)
        return found.value if found is not None else None

    @member(f"{JTOKEN} Item[string propertyName] {{ get; set; }}", setter=True)
    def set_by_name(self, name: str | None, value: JToken | None) -> None:
        if name is None:
            raise ArgumentNullException("propertyName")
        found = self._by_name.get(name)
        if found is not None:
            found.value = value
        else:
            self.add_property(name, value)

    @member(_ITEM)
    def get_item(self, key: Any) -> JToken | None:
        if key is None:
            raise ArgumentNullException("key")
        if type(key) is not str:
            raise ArgumentException(
                f"Accessed JObject values with invalid key value: {_shown(key)}. Object property name expected."
            )
        return self.get_by_name(key)

    @member(_ITEM, setter=True)
    def set_item(self, key: Any, value: JToken | None) -> None:
        if key is None:
            raise ArgumentNullException("key")
        if type(key) is not str:
            raise ArgumentException(
                f"Set JObject values with invalid key value: {_shown(key)}. Object property name expected."
            )
        self.set_by_name(key, value)

    @member(f"void Add(string propertyName, {JTOKEN} value)")
    def add_property(self, name: str | None, value: JToken | None) -> None:
        made = JProperty(name)
        made.value = value
        self.insert_child(len(self.children), made)

    def add(self, item: Any, *value: JToken | None) -> None:
        """`IDictionary.Add(key, value)` or `ICollection<JToken>.Add(item)`."""
        if value:
            self.add_property(item, value[0])
        else:
            self.add_object(item)

    @member(f"{J}JProperty Property(string name)")
    def find_property(self, name: str | None) -> JProperty | None:
        return None if name is None else self._by_name.get(name)

    @member(f"{J}JProperty Property(string name, System.StringComparison comparison)")
    def find_property_comparing(self, name: str | None, comparison: int) -> JProperty | None:
        exact = self.find_property(name)
        if exact is not None or name is None or comparison == 4:
            return exact
        from apimpolicy.dotnet.json.platform import function

        equal = function("string", "static bool Equals(string a, string b, System.StringComparison comparisonType)")
        return next((p for p in self._by_name.values() if equal(p.name, name, comparison)), None)

    @member(f"{JTOKEN} GetValue(string propertyName)")
    def get_value(self, name: str | None) -> JToken | None:
        found = self.find_property(name)
        return found.value if found is not None else None

    @member(f"{JTOKEN} GetValue(string propertyName, System.StringComparison comparison)")
    def get_value_comparing(self, name: str | None, comparison: int) -> JToken | None:
        found = self.find_property_comparing(name, comparison)
        return found.value if found is not None else None

    @member(f"bool TryGetValue(string propertyName, out {JTOKEN} value)")
    def try_get_value(self, name: str | None) -> tuple[bool, JToken | None]:
        found = self.find_property(name)
        return (False, None) if found is None else (True, found.value)

    @member(f"bool TryGetValue(string propertyName, System.StringComparison comparison, out {JTOKEN} value)")
    def try_get_value_comparing(self, name: str | None, comparison: int) -> tuple[bool, JToken | None]:
        found = self.find_property_comparing(name, comparison)
        return (False, None) if found is None else (True, found.value)

    @member("bool ContainsKey(string propertyName)")
    def contains_key(self, name: str | None) -> bool:
        if name is None:
            raise ArgumentNullException("propertyName")
        return name in self._by_name

    @member("bool Remove(string propertyName)")
    def remove(self, name: Any) -> bool:
        found = self.find_property(name) if name is None or isinstance(name, str) else name
        return found is not None and self.remove_child(found)

    # Sequences

    @member(f"System.Collections.Generic.IEnumerable<{J}JProperty> Properties()")
    def properties(self) -> JEnumerable:
        return JEnumerable(self.__iter__)

    @member(f"{J}JEnumerable<{JTOKEN}> PropertyValues()")
    def property_values(self) -> JEnumerable:
        return JEnumerable(lambda: (p.value for p in self))  # type: ignore[attr-defined]

    @property
    def keys(self) -> JEnumerable:  # type: ignore[override]
        return JEnumerable(lambda: iter(list(self._by_name)))

    @property
    def values(self) -> JEnumerable:  # type: ignore[override]
        return self.property_values()

    def key_value_pairs(self) -> JEnumerable:
        """What `foreach` over a JObject gives: `KeyValuePair<string, JToken>`."""
        return JEnumerable(self._pairs)

    def _pairs(self) -> Iterator[Any]:
        from apimpolicy.dotnet.collections.pairs import KeyValuePair
        from apimpolicy.dotnet.metadata import named
        from apimpolicy.dotnet.values import STRING

        types = (STRING, named(JTOKEN))
        for item in self:
            yield KeyValuePair(types, item.name, item.value)  # type: ignore[attr-defined]

    @member(
        f"System.Collections.Generic.IEnumerator<System.Collections.Generic.KeyValuePair<string, {JTOKEN}>> GetEnumerator()"
    )
    def get_enumerator(self) -> Any:
        from apimpolicy.dotnet.collections.enumerators import get_enumerator

        return get_enumerator(self.key_value_pairs())


class _Indexed(JContainer):
    """What JArray and JConstructor share: children by position."""

    __slots__ = ()

    key_kind = "Int32 array index"

    @member(_ITEM)
    def get_item(self, key: Any) -> JToken | None:
        if type(key) is int:
            return self.get_at(key)
        if key is None:
            raise ArgumentNullException("key")
        raise ArgumentException(
            f"Accessed {self.short_name} values with invalid key value: {_shown(key)}. {self.key_kind} expected."
        )

    @member(_ITEM, setter=True)
    def set_item(self, key: Any, value: JToken | None) -> None:
        if type(key) is int:
            self.set_child(key, value)
            return
        if key is None:
            raise ArgumentNullException("key")
        raise ArgumentException(
            f"Set {self.short_name} values with invalid key value: {_shown(key)}. {self.key_kind} expected."
        )

    def get_at(self, index: int) -> JToken:
        if not 0 <= index < len(self.children):
            raise ArgumentOutOfRangeException(
                "index", "Index was out of range. Must be non-negative and less than the size of the collection."
            )
        return self.children[index]


@dotnet_class(J + "JArray", attributes={"Type": "token_type", "IsReadOnly": "is_read_only"})
class JArray(_Indexed):
    """Tokens by position."""

    __slots__ = ()

    token_type = ARRAY
    get_object = member(_ITEM)(lambda self, key: self.get_item(key))
    set_object = member(_ITEM, setter=True)(lambda self, key, value: self.set_item(key, value))

    @staticmethod
    @member("new()")
    def empty() -> JArray:
        return JArray()

    @staticmethod
    @member("new(object content)")
    @member("new(params object[] content)")
    def create(content: Any) -> JArray:
        made = JArray()
        made.add_object(content)
        return made

    @staticmethod
    @member(f"new({J}JArray other)")
    def copy(other: JArray | None) -> JToken:
        if other is None:
            raise ArgumentNullException("other")
        return other.deep_clone()

    @member(f"{JTOKEN} Item[int index] {{ get; set; }}")
    def get_index(self, index: int) -> JToken:
        return self.get_at(index)

    @member(f"{JTOKEN} Item[int index] {{ get; set; }}", setter=True)
    def set_index(self, index: int, value: JToken | None) -> None:
        self.set_child(index, value)

    @member(f"void Add({JTOKEN} item)")
    def add(self, item: JToken | None) -> None:
        self.insert_child(len(self.children), item)

    @member(f"void Insert(int index, {JTOKEN} item)")
    def insert(self, index: int, item: JToken | None) -> None:
        self.insert_child(index, item)

    @member("void RemoveAt(int index)")
    def remove_at(self, index: int) -> None:
        self.remove_child_at(index)

    @member(f"bool Remove({JTOKEN} item)")
    def remove(self, item: JToken | None) -> bool:
        return self.remove_child(item)

    @member("void Clear()")
    def clear(self) -> None:
        super().clear()

    @member(f"int IndexOf({JTOKEN} item)")
    def index_of(self, item: JToken | None) -> int:
        return super().index_of(item)

    @member(f"bool Contains({JTOKEN} item)")
    def contains(self, item: JToken | None) -> bool:
        return super().contains(item)

    @member(f"void CopyTo({JTOKEN}[] array, int arrayIndex)")
    def copy_to(self, array: Array | None, index: int) -> None:
        super().copy_to(array, index)

    @member(f"System.Collections.Generic.IEnumerator<{JTOKEN}> GetEnumerator()")
    def get_enumerator(self) -> Any:
        from apimpolicy.dotnet.collections.enumerators import get_enumerator

        return get_enumerator(self)


@dotnet_class(J + "JConstructor", attributes={"Name": "name", "Type": "token_type"})
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
    @member("new()")
    def empty() -> JConstructor:
        return JConstructor()

    @staticmethod
    @member("new(string name)")
    def of_name(name: str | None) -> JConstructor:
        if name is None:
            raise ArgumentNullException("name")
        if not name:
            raise ArgumentException("Constructor name cannot be empty.", "name")
        return JConstructor(name)

    @staticmethod
    @member("new(string name, object content)")
    @member("new(string name, params object[] content)")
    def create(name: str | None, content: Any) -> JConstructor:
        made = JConstructor.of_name(name)
        made.add_object(content)
        return made

    @staticmethod
    @member(f"new({J}JConstructor other)")
    def copy(other: JConstructor | None) -> JToken:
        if other is None:
            raise ArgumentNullException("other")
        return other.deep_clone()
