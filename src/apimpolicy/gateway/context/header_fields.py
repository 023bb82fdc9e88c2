"""Header fields inside the gateway: what policies change, and what C# sees as IReadOnlyDictionary<string, string[]>.

The parameters of a query have the same form: names that ignore case, each with several values, in the order they came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from apimpolicy.csharp.dotnet.collections.dictionary import KeyCollection, ValueCollection, key_not_found
from apimpolicy.csharp.dotnet.collections.tuples import KeyValuePair
from apimpolicy.csharp.dotnet.exceptions import require
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.types import Type, array_of
from apimpolicy.csharp.dotnet.values import STRING, Array, from_utf16, string_array, to_utf16
from apimpolicy.gateway.context.headers import Headers


class HeaderCollection:
    """The headers of a message inside the gateway, or the parameters of a query.

    Policies call `set`, `append`, `delete` and `get_all`; C# sees an IReadOnlyDictionary<string, string[]> whose keys
    ignore case. What C# reads is a copy. A list of values never changes, so that messages can share it.
    """

    __slots__ = ("_fields",)

    definition_name = "System.Collections.Generic.Dictionary"
    is_read_only = True

    def __init__(self, fields: Iterable[tuple[str, Iterable[str]]] = ()) -> None:
        self._fields: dict[str, tuple[str, list[str]]] = {}
        for name, values in fields:
            self.append(name, values)

    @classmethod
    def of(cls, headers: Headers) -> HeaderCollection:
        made = object.__new__(cls)
        made._fields = _converted(headers.by_key(), to_utf16)
        return made

    def to_headers(self) -> Headers:
        return Headers.made_of(_converted(self._fields, from_utf16))

    def get_all(self, name: str) -> list[str]:
        """Return the values under a name; empty when it is not there."""
        found = self._fields.get(name.lower())
        return list(found[1]) if found else []

    def joined(self, name: str, separator: str = ",") -> str | None:
        """Return all values of a name in one string, None when it is not there."""
        found = self._fields.get(name.lower())
        return None if found is None else separator.join(found[1])

    def set(self, name: str, values: str | Iterable[str]) -> None:
        """Replace all values by one or several; the place in the order stays."""
        self._fields[name.lower()] = (name, [values] if isinstance(values, str) else list(values))

    def put_first(self, name: str, value: str) -> None:
        """Add a name that is not there yet, in front of the others."""
        self._fields = {name.lower(): (name, [value]), **self._fields}

    def append(self, name: str, values: str | Iterable[str]) -> None:
        """Add a value, or several, behind those that are there."""
        added = [values] if isinstance(values, str) else values
        key = name.lower()
        first, there = self._fields.get(key, (name, ()))
        self._fields[key] = (first, [*there, *added])

    def delete(self, name: str) -> bool:
        """Take a name out; whether it was there."""
        return self._fields.pop(name.lower(), None) is not None

    def fields(self) -> list[tuple[str, list[str]]]:
        """Return every name, as first written, with its values."""
        return [(name, list(values)) for name, values in self._fields.values()]

    def copy(self) -> HeaderCollection:
        made = HeaderCollection()
        made._fields = self._fields.copy()
        return made

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._fields

    def __len__(self) -> int:
        return len(self._fields)

    # From here on the names that make it an IReadOnlyDictionary<string, string[]>.

    @property
    def types(self) -> tuple[Type, ...]:
        return _TYPES

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.Generic.IReadOnlyDictionary", *_TYPES)

    @property
    def count(self) -> int:
        return len(self._fields)

    @property
    def keys(self) -> KeyCollection:
        return KeyCollection(self)

    @property
    def values(self) -> ValueCollection:
        return ValueCollection(self)

    def contains_key(self, key: str | None) -> bool:
        return _folded(key) in self._fields

    def try_get_value(self, key: str | None) -> tuple[bool, Array | None]:
        found = self._fields.get(_folded(key))
        return (False, None) if found is None else (True, string_array(found[1]))

    def get_item(self, key: str | None) -> Array:
        found = self._fields.get(_folded(key))
        if found is None:
            raise key_not_found(STRING, key)
        return string_array(found[1])

    def __iter__(self) -> Iterator[KeyValuePair]:
        for name, values in list(self._fields.values()):
            yield KeyValuePair(_TYPES, name, string_array(values))


def _converted(
    fields: dict[str, tuple[str, list[str]]], convert: Callable[[str], str]
) -> dict[str, tuple[str, list[str]]]:
    """Return a copy between Python's texts and .NET's; names without a value are left out."""
    for name, values in fields.values():
        if not (values and name.isascii() and "".join(values).isascii()):
            return {
                convert(key): (convert(name), [convert(value) for value in values])
                for key, (name, values) in fields.items()
                if values
            }
    return fields.copy()


_TYPES: tuple[Type, ...] = (STRING, array_of(STRING))


def _folded(key: str | None) -> str:
    key = require(key, "key")
    return key.lower()
