"""`System.Tuple<…>`, `System.ValueTuple<…>` and `KeyValuePair<TKey, TValue>`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.collections.comparers import DefaultEqualityComparer, comparison, equal, object_key, text
from apimpolicy.csharp.dotnet.environment import charge_parts, joined
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, NullReferenceException
from apimpolicy.csharp.dotnet.metadata import named
from apimpolicy.csharp.dotnet.registry import counts_itself, dotnet_class, implements, interface_members, member
from apimpolicy.csharp.dotnet.types import Type
from apimpolicy.csharp.dotnet.values import ValueTuple, wrap_int32
from apimpolicy.records import Record

if TYPE_CHECKING:
    Types = tuple[Type, ...]


_SEVEN = range(1, 8)


def _combined(first: int, second: int) -> int:
    return wrap_int32(wrap_int32(first << 5) + first ^ second)


def _hash_code(types: Types, items: tuple[Any, ...]) -> int:
    """`Tuple<…>.GetHashCode()`: pairs of elements combined, as System.Tuple does."""
    charge_parts(len(items))
    codes = [DefaultEqualityComparer(type_).get_hash_code(item) for type_, item in zip(types, items, strict=True)]
    if len(codes) > 4:
        return _combined(_fold(codes[:4]), _fold(codes[4:]))
    return _fold(codes)


def _fold(codes: list[int]) -> int:
    if len(codes) == 4:
        return _combined(_combined(*codes[:2]), _combined(*codes[2:]))
    result = codes[0]
    for code in codes[1:]:
        result = _combined(result, code)
    return result


def _equal(types: Types, a: tuple[Any, ...], b: tuple[Any, ...]) -> bool:
    charge_parts(len(a))
    return all(equal(type_, x, y) for type_, x, y in zip(types, a, b, strict=True))


def _compare(types: Types, a: tuple[Any, ...], b: tuple[Any, ...]) -> int:
    charge_parts(len(a))
    orders = (comparison(type_)(x, y) for type_, x, y in zip(types, a, b, strict=True))
    return next((order for order in orders if order), 0)


@counts_itself
def _text(types: Types, items: tuple[Any, ...]) -> str:
    charge_parts(len(items))
    return f"({joined([text(type_, item) for type_, item in zip(types, items, strict=True)], ', ')})"


class Tuple(Record):
    """A `System.Tuple<…>`; `items` are the elements, the eighth of which is the `Rest`."""

    types: Types
    items: tuple[Any, ...]

    @property
    def dotnet_type(self) -> Type:
        return named("System.Tuple", *self.types)

    def __getattr__(self, name: str) -> Any:
        """`item1` to `item7`, and `rest`."""
        if name == "rest":
            return self.items[7]
        if name.startswith("item") and name[4:].isdigit():
            return self.items[int(name[4:]) - 1]
        raise AttributeError(name)

    def equals(self, other: Any) -> bool:
        return isinstance(other, Tuple) and self.types == other.types and _equal(self.types, self.items, other.items)

    def get_hash_code(self) -> int:
        return _hash_code(self.types, self.items)

    def compare_to(self, other: Any) -> int:
        if other is None:
            return 1
        if not isinstance(other, Tuple) or other.types != self.types:
            raise ArgumentException(f"Argument must be of type {self.dotnet_type}.", "other")
        return _compare(self.types, self.items, other.items)

    def to_string(self) -> str:
        if len(self.items) == 8:
            head = _text(self.types[:7], self.items[:7])
            return f"{head[:-1]}, {self.items[7].to_string()[1:]}"
        return _text(self.types, self.items)

    def __eq__(self, other: object) -> bool:
        return self.equals(other)

    def __hash__(self) -> int:
        charge_parts(len(self.items))
        return hash(tuple(map(object_key, self.items)))


def _create(types: Types, *items: Any) -> Tuple:
    return Tuple(types, items)


def _create_eight(types: Types, *items: Any) -> Tuple:
    rest = Tuple(types[7:], items[7:])
    return Tuple((*types[:7], rest.dotnet_type), (*items[:7], rest))


def _value_equals_boxed(types: Types, value: tuple[Any, ...], other: Any) -> bool:
    return isinstance(other, ValueTuple) and other.dotnet_type.arguments == types and _equal(types, value, other)


def _deconstructed(value: Tuple | None) -> tuple[Any, ...]:
    if value is None:
        raise NullReferenceException
    return value.items


def _register() -> None:
    for arity in (*_SEVEN, 8):
        numbers = range(1, min(arity, 7) + 1)
        names = [f"T{n}" for n in numbers] + ["TRest"] * (arity == 8)
        arguments = ", ".join(names)
        parameters = ", ".join(f"T{n} item{n}" for n in numbers) + ", TRest rest" * (arity == 8)
        name = f"System.Tuple<{arguments}>"
        implements(name, f"new({parameters})", types=True)(_create)
        properties = {f"Item{n}": f"item{n}" for n in numbers} | ({"Rest": "rest"} if arity == 8 else {})
        methods = {
            "bool Equals(object obj)": "equals",
            "int GetHashCode()": "get_hash_code",
            "string ToString()": "to_string",
        }
        interface_members(name, properties | methods)
        value_name = f"System.ValueTuple<{arguments}>"
        implements(value_name, "bool Equals(object obj)", types=True)(_value_equals_boxed)
        implements(value_name, f"bool Equals({value_name} other)", types=True)(_equal)
        implements(value_name, f"int CompareTo({value_name} other)", types=True)(_compare)
        implements(value_name, "int GetHashCode()", types=True)(_hash_code)
        implements(value_name, "string ToString()", types=True)(_text)
        if arity == 8:
            continue
        outputs = ", ".join(f"out T{n} item{n}" for n in numbers)
        deconstruct = f"static void Deconstruct<{arguments}>(this {name} value, {outputs})"
        implements("System.TupleExtensions", deconstruct)(_deconstructed)
        implements("System.Tuple", f"static {name} Create<{arguments}>({parameters})", types=True)(_create)
        implements(value_name, f"new({parameters})")(lambda *items: items)


_register()
_FIRST = ", ".join(f"T{n}" for n in _SEVEN)
_FIRST_PARAMETERS = ", ".join(f"T{n} item{n}" for n in (*_SEVEN, 8))
implements(
    "System.Tuple",
    f"static System.Tuple<{_FIRST}, System.Tuple<T8>> Create<{_FIRST}, T8>({_FIRST_PARAMETERS})",
    types=True,
)(_create_eight)


# `System.Collections.Generic.KeyValuePair<TKey, TValue>`


@dotnet_class("System.Collections.Generic.KeyValuePair<TKey, TValue>")
class KeyValuePair(Record):
    """A key and its value; `types` are the static types of both. Never changed after it was made."""

    types: tuple[Type, ...]
    key: Any
    value: Any

    @staticmethod
    @member("new", types=True)
    def create(types: tuple[Type, ...], key: Any, value: Any) -> KeyValuePair:
        return KeyValuePair(types, key, value)

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.Generic.KeyValuePair", *self.types)

    def deconstruct(self) -> tuple[Any, Any]:
        return self.key, self.value

    @counts_itself
    def to_string(self) -> str:
        charge_parts(2)
        return f"[{joined([text(self.types[0], self.key), text(self.types[1], self.value)], ', ')}]"

    def __eq__(self, other: object) -> bool:
        charge_parts(2)
        return (
            isinstance(other, KeyValuePair)
            and self.types == other.types
            and bool(object_key(self.key) == object_key(other.key))
            and bool(object_key(self.value) == object_key(other.value))
        )

    def __hash__(self) -> int:
        charge_parts(2)
        return hash((object_key(self.key), object_key(self.value)))

    def __repr__(self) -> str:
        return f"KeyValuePair({self.key!r}, {self.value!r})"
