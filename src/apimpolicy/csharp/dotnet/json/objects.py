"""JObject and JProperty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from apimpolicy.csharp.dotnet.collections.generic import get_enumerator
from apimpolicy.csharp.dotnet.collections.tuples import KeyValuePair
from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, ArgumentOutOfRangeException, JsonException, require
from apimpolicy.csharp.dotnet.json.containers import STEPS_PER_CHILD, JContainer, as_token, is_multiple, shown
from apimpolicy.csharp.dotnet.json.platform import function
from apimpolicy.csharp.dotnet.json.scalars import PLAIN_TYPES, JValue
from apimpolicy.csharp.dotnet.json.tokens import COMMENT, JTOKEN, OBJECT, PROPERTY, J, JEnumerable, JToken
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import bound, counts_itself, dotnet_class, implements_all, member
from apimpolicy.csharp.dotnet.values import OBJECT as OBJECT_TYPE
from apimpolicy.csharp.dotnet.values import STRING, Array

_NO_VALUES = (PROPERTY, COMMENT)
"""Types of tokens that a property cannot hold, or does not."""
_PAIR = f"System.Collections.Generic.KeyValuePair<string, {JTOKEN}>"


@dotnet_class(J + "JProperty", members="Type=token_type")
class JProperty(JContainer):
    """A name with one value; `value` is None only while the property is being built."""

    __slots__ = ("name",)

    token_type = PROPERTY

    def __init__(self, name: str | None, value: JToken | None = None) -> None:
        """Make a property, if there is a value with this token, which has no parent; the caller pays for it."""
        name = require(name, "name")
        self.parent = None
        self.name = name
        self.place = 0
        if value is None:
            self.children = []
            self.version = 0
        else:
            self.children = [value]
            self.version = 1
            value.parent = self

    @staticmethod
    @member("new(string, object)", "new(string, object[])")
    def create(name: str | None, content: Any) -> JProperty:
        plain = PLAIN_TYPES.get(type(content))
        if plain is not None:
            environment().step(STEPS_PER_CHILD)
            return JProperty(name, JValue(content, plain))
        made = JProperty(name)
        if is_multiple(content):
            content = bound(J + "JArray", "new(object content)")(content)
        made.fill(as_token(content))
        return made

    def bare_copy(self) -> JProperty:
        return JProperty(self.name)

    @staticmethod
    @member("new(JProperty)")
    def copy(other: JProperty | None) -> JToken:
        return require(other, "other").deep_clone()

    def fill(self, value: JToken | None) -> None:
        if value is not None and value.parent is None and value.token_type not in _NO_VALUES:
            self.take(value)
        else:
            self.value = value

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


@dotnet_class(J + "JObject", members="Type=token_type Add=add_property")
class JObject(JContainer):
    """Properties in order, found by name. Iteration yields the properties, C#'s foreach `key_value_pairs`."""

    __slots__ = ("_by_name",)

    token_type = OBJECT

    def __init__(self) -> None:
        self.parent = None
        self.place = self.version = 0
        self.children = []
        self._by_name: dict[str, JProperty] = {}

    @staticmethod
    @member("new(object)", "new(object[])")
    @counts_itself
    def create(content: Any) -> JObject:
        made = JObject()
        if isinstance(content, Array) and content.element is OBJECT_TYPE:
            by_name, children = made._by_name, made.children
            for index, item in enumerate(content):
                if type(item) is not JProperty:
                    made.add_object(Array(OBJECT_TYPE, content[index:]))
                    break
                if item.parent is None and item.name not in by_name:
                    item.parent = made
                    children.append(item)
                    by_name[item.name] = item
                else:
                    made.insert_child(len(children), item)
            made.version = len(children)
            environment().step((STEPS_PER_CHILD + 1) * len(children))
        else:
            made.add_object(content)
        return made

    @staticmethod
    def of_properties(items: list[Any], unpaid: int) -> JObject:
        """Make an object of new properties with different names; `unpaid` of them have not cost any steps yet."""
        made = JObject()
        made.children = items
        by_name = made._by_name
        for item in items:
            item.parent = made
            by_name[item.name] = item
        made.version = len(items)
        environment().step(STEPS_PER_CHILD * unpaid + (STEPS_PER_CHILD + 1) * len(items))
        return made

    def add_own(self, item: JProperty) -> None:
        """Add a property behind the others; a copy when it has a parent already. Raises ArgumentException."""
        if item.parent is None and item.name not in self._by_name and self.root is not item:
            self.take(item)
            self._by_name[item.name] = item
        else:
            self.insert_child(len(self.children), item)

    def bare_copy(self) -> JObject:
        return JObject()

    @staticmethod
    @member("new(JObject)")
    def copy(other: JObject | None) -> JToken:
        return require(other, "other").deep_clone()

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
        """Return a property without a value, at the end; or the one that has this name already, emptied."""
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

    def has_own(self, item: JProperty) -> None:
        """Find a property that was put among the children by its name."""
        self._by_name[item.name] = item

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

    @member("Item[string]")
    def get_by_name(self, name: str | None) -> JToken | None:
        found = self._by_name.get(require(name, "propertyName"))
        return found.value if found is not None else None

    @member("Item[string]", setter=True)
    def set_by_name(self, name: str | None, value: JToken | None) -> None:
        name = require(name, "propertyName")
        found = self._by_name.get(name)
        if found is not None:
            found.value = value
        else:
            self.add_property(name, value)

    @member("Item[object]")
    def get_item(self, key: Any) -> JToken | None:
        if type(key) is str:
            found = self._by_name.get(key)
            return None if found is None or not found.children else found.children[0]
        key = require(key, "key")
        raise ArgumentException(
            f"Accessed JObject values with invalid key value: {shown(key)}. Object property name expected."
        )

    @member("Item[object]", setter=True)
    def set_item(self, key: Any, value: JToken | None) -> None:
        key = require(key, "key")
        if type(key) is not str:
            raise ArgumentException(
                f"Set JObject values with invalid key value: {shown(key)}. Object property name expected."
            )
        self.set_by_name(key, value)

    def add_property(self, name: str | None, value: JToken | None) -> None:
        if type(value) is JValue and value.parent is None and value.token_type != COMMENT and name not in self._by_name:
            made = JProperty(name, value)
            made.parent = self
            self.children.append(made)
            self._by_name[made.name] = made
            self.version += 1
            environment().step(2 * STEPS_PER_CHILD)
            return
        made = JProperty(name)
        made.fill(value)
        self.add_own(made)

    def add(self, item: Any, *value: JToken | None) -> None:
        """`IDictionary.Add(key, value)` or `ICollection<JToken>.Add(item)`."""
        if value:
            self.add_property(item, value[0])
        else:
            self.add_object(item)

    @member("Property(string)")
    def find_property(self, name: str | None) -> JProperty | None:
        return None if name is None else self._by_name.get(name)

    @member("Property(string, StringComparison)")
    def find_property_comparing(self, name: str | None, comparison: int) -> JProperty | None:
        exact = self.find_property(name)
        if exact is not None or name is None or comparison == 4:
            return exact

        equal = function("string", "static bool Equals(string a, string b, System.StringComparison comparisonType)")
        return next((p for p in self._by_name.values() if equal(p.name, name, comparison)), None)

    @member("GetValue(string)")
    def get_value(self, name: str | None) -> JToken | None:
        found = self.find_property(name)
        return found.value if found is not None else None

    @member("GetValue(string, StringComparison)")
    def get_value_comparing(self, name: str | None, comparison: int) -> JToken | None:
        found = self.find_property_comparing(name, comparison)
        return found.value if found is not None else None

    @member("TryGetValue(string, out JToken)")
    def try_get_value(self, name: str | None) -> tuple[bool, JToken | None]:
        found = self.find_property(name)
        return (False, None) if found is None else (True, found.value)

    @member("TryGetValue(string, StringComparison, out JToken)")
    def try_get_value_comparing(self, name: str | None, comparison: int) -> tuple[bool, JToken | None]:
        found = self.find_property_comparing(name, comparison)
        return (False, None) if found is None else (True, found.value)

    def contains_key(self, name: str | None) -> bool:
        return require(name, "propertyName") in self._by_name

    def remove(self, name: Any) -> bool:
        found = self.find_property(name) if name is None or isinstance(name, str) else name
        return found is not None and self.remove_child(found)

    # Sequences

    def properties(self) -> JEnumerable:
        return JEnumerable(self.__iter__, f"System.Collections.Generic.IEnumerable<{J}JProperty>")

    def property_values(self) -> JEnumerable:
        return JEnumerable(self._values)

    def _values(self) -> Iterator[Any]:
        return (p.value for p in self)  # type: ignore[attr-defined]

    @property
    def keys(self) -> JEnumerable:
        return JEnumerable(lambda: iter(list(self._by_name)), "System.Collections.Generic.ICollection<string>")

    @property
    def values(self) -> JEnumerable:
        return JEnumerable(self._values, f"System.Collections.Generic.ICollection<{JTOKEN}>")

    def key_value_pairs(self) -> JEnumerable:
        """Return the elements of a `foreach` over a JObject: `KeyValuePair<string, JToken>`."""
        return JEnumerable(self._pairs, f"System.Collections.Generic.IEnumerable<{_PAIR}>")

    def _pairs(self) -> Iterator[Any]:
        types = (STRING, named(JTOKEN))
        for item in self:
            yield KeyValuePair(types, item.name, item.value)  # type: ignore[attr-defined]

    def get_enumerator(self) -> Any:
        return get_enumerator(self.key_value_pairs())


implements_all(J + "JObject", {"new()": JObject})
