"""Equality and order of values as .NET's default comparers have them, and as the comparers that C# code passes.

Python would take 1, 1.0 and True for one key, .NET takes them for three; NaN equals itself in .NET's `Equals`. So a
collection stores values under keys made by `equality_key`, which is None where Python's own equality is already right.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.environment import charge_parts
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, DotnetException, InvalidOperationException
from apimpolicy.csharp.dotnet.metadata import FULL_NAMES, named
from apimpolicy.csharp.dotnet.registry import implements, interface_members
from apimpolicy.csharp.dotnet.system.arithmetic import compare_plain
from apimpolicy.csharp.dotnet.system.objects import get_hash_code, to_string
from apimpolicy.csharp.dotnet.types import NamedType, Type, TypeParameter
from apimpolicy.csharp.dotnet.values import DOUBLE, FLOAT, OBJECT, STRING, ValueTuple, box, type_of
from apimpolicy.records import Record

if TYPE_CHECKING:
    Key = Callable[[Any], Any]
    Comparison = Callable[[Any, Any], int]

_LOOSE = {bool, int, float, Decimal}
"""The Python types whose equal values may be different in .NET."""
_NAN = "NaN"


def object_key(value: Any) -> Any:
    """Return a hashable stand-in for a boxed or reference value: equal exactly when `object.Equals` says so."""
    cls = type(value)
    if cls in _LOOSE or isinstance(value, float):
        return cls, (value if value == value else _NAN)
    if cls is tuple:
        return tuple(map(object_key, value))
    return value


def _float_key(value: Any) -> Any:
    return value if value == value else _NAN


@functools.lru_cache(maxsize=512)
def default_key(type_: Type) -> Key | None:
    """Return the key function of a static type's default equality, or None where Python's equality serves."""
    if type_ is DOUBLE or type_ is FLOAT:
        return _float_key
    if isinstance(type_, NamedType):
        if type_.underlying is not None:
            return default_key(type_.underlying)
        if type_.definition.is_tuple:
            return object_key if any(default_key(element) for element in type_.arguments) else None
        if type_ is OBJECT or type_.kind == "interface" or type_.name in ("System.ValueType", "System.Enum"):
            return object_key
        return None
    return object_key if isinstance(type_, TypeParameter) else None


class _ComparerKey(Record):
    """A value under a comparer of C# code."""

    comparer: Any
    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ComparerKey) and bool(self.comparer.equals(self.value, other.value))

    def __hash__(self) -> int:
        return int(self.comparer.get_hash_code(self.value))


def equality_key(type_: Type, comparer: Any = None) -> Key | None:
    """The key function of a collection of this element (or key) type with this `IEqualityComparer<T>` or null."""
    if comparer is None or isinstance(comparer, DefaultEqualityComparer):
        return default_key(type_)
    own = getattr(comparer, "key", None)
    if own is not None:
        return lambda value: None if value is None else own(value)
    return lambda value: None if value is None else _ComparerKey(comparer, value)


def equal(type_: Type, a: Any, b: Any) -> bool:
    """`EqualityComparer<T>.Default.Equals` for values of one static type."""
    key = default_key(type_)
    return bool(a == b) if key is None else bool(key(a) == key(b))


def default_compare(a: Any, b: Any) -> int:
    """`Comparer<object>.Default.Compare`: negative, zero or positive; values are boxed or references.

    Raises ArgumentException when the values have no common order.
    """
    if a is b:
        return 0
    if a is None:
        return -1
    if b is None:
        return 1
    cls = type(a)
    if cls is type(b):
        if cls is str:
            return compare_strings(a, b)
        if cls in _LOOSE or isinstance(a, (int, float, str)):
            return compare_plain(a, b)
        if cls is ValueTuple and a.dotnet_type is b.dotnet_type:
            charge_parts(len(a))
            pairs = zip(a.boxed_items(), b.boxed_items(), strict=True)
            return next((order for x, y in pairs if (order := default_compare(x, y))), 0)
    for value, other, sign in ((a, b, 1), (b, a, -1)):
        compare = getattr(value, "compare_to_object", None) or getattr(value, "compare_to", None)
        if compare is not None:
            return sign * int(compare(other))
    if cls in _LOOSE or isinstance(a, (int, float, str)):
        name = getattr(type_of(a), "definition", None)
        simple = getattr(name, "name", "object")
        raise ArgumentException(f"Object must be of type {FULL_NAMES.get(simple, simple).removeprefix('System.')}.")
    raise ArgumentException("At least one object must implement IComparable.")


def compare_strings(a: str | None, b: str | None) -> int:
    """`Comparer<string>.Default`: the current culture's (here: the invariant culture's) order."""
    if a is None or b is None:
        return (a is not None) - (b is not None)
    from apimpolicy.csharp.dotnet.system.collation import compare

    return compare(a, b)


def _nullable(compare: Comparison) -> Comparison:
    def compare_nullable(a: Any, b: Any) -> int:
        return compare(a, b) if a is not None and b is not None else (a is not None) - (b is not None)

    return compare_nullable


@functools.lru_cache(maxsize=512)
def comparison(type_: Type) -> Comparison:
    """`Comparer<T>.Default.Compare` for values of a static type."""
    if type_ is STRING:
        return compare_strings
    if isinstance(type_, NamedType):
        if type_.underlying is not None:
            return _nullable(comparison(type_.underlying))
        if is_plainly_ordered(type_):
            return compare_plain
        if type_.definition.is_tuple:
            parts = [comparison(element) for element in type_.arguments]
            return lambda a, b: next((order for f, x, y in zip(parts, a, b, strict=True) if (order := f(x, y))), 0)
    return default_compare


_ORDERED = frozenset(FULL_NAMES) - {"object", "string", "void"}


def is_plainly_ordered(type_: Type) -> bool:
    """Return whether Python's `<` on values of this static type is .NET's order, NaN aside."""
    return isinstance(type_, NamedType) and (type_.name in _ORDERED or type_.kind == "enum")


def _string_key(text: str | None) -> tuple[Any, ...]:
    """Return a key whose order is that of `compare_strings`."""
    from apimpolicy.csharp.dotnet.system.collation import sort_key

    return (False,) if text is None else (True, *sort_key(text))


def comparison_of(type_: Type, comparer: Any = None) -> Comparison:
    """Return the order of an `IComparer<T>`, or the default one when it is null."""
    if comparer is None or isinstance(comparer, DefaultComparer):
        return comparison(type_)
    return comparer.compare  # type: ignore[no-any-return]


def sort_key(type_: Type, comparer: Any = None) -> Key | None:
    """Return a key for Python's `sorted`, None when the values are their own keys."""
    if comparer is None or isinstance(comparer, DefaultComparer):
        if type_ is DOUBLE or type_ is FLOAT:
            return lambda value: (value == value, value if value == value else 0.0)
        if is_plainly_ordered(type_):
            return None
        if type_ is STRING:
            return _string_key
    elif type_ is STRING and hasattr(comparer, "sort_key"):
        return comparer.sort_key  # type: ignore[no-any-return]
    return functools.cmp_to_key(comparison_of(type_, comparer))


def sort(values: list[Any], key: Key | None, *, reverse: bool = False) -> None:
    """Sort stably in place; a comparison that fails raises InvalidOperationException around its exception."""
    try:
        values.sort(key=key, reverse=reverse)
    except DotnetException as exception:
        raise InvalidOperationException("Failed to compare two elements in the array.", exception) from exception


class DefaultComparer:
    """`Comparer<T>.Default` as an object."""

    __slots__ = ("_compare", "types")

    def __init__(self, type_: Type) -> None:
        self.types = (type_,)
        self._compare = comparison(type_)

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.Generic.IComparer", *self.types)

    def compare(self, x: Any, y: Any) -> int:
        return self._compare(x, y)


class DefaultEqualityComparer:
    """`EqualityComparer<T>.Default` as an object."""

    __slots__ = ("types",)

    def __init__(self, type_: Type) -> None:
        self.types = (type_,)

    @property
    def dotnet_type(self) -> Type:
        return named("System.Collections.Generic.IEqualityComparer", *self.types)

    def equals(self, x: Any, y: Any) -> bool:
        return equal(self.types[0], x, y)

    def get_hash_code(self, value: Any) -> int:
        if value is None:
            return 0
        return int(get_hash_code(box(self.types[0], value)))


def text(type_: Type, value: Any) -> str:
    """`ToString()` of a value of a static type; empty for null."""
    if value is None:
        return ""
    if type(value) is str:
        return value
    return str(to_string(box(type_, value)) or "")


interface_members("System.Collections.Generic.IComparer<T>", "Compare")
interface_members("System.Collections.IComparer", "Compare")


interface_members("System.Collections.Generic.Comparer<T>", "Compare")


implements("System.Collections.Generic.Comparer<T>", "Default", types=True)(lambda types: DefaultComparer(types[0]))
implements("System.Collections.Generic.EqualityComparer<T>", "Default", types=True)(
    lambda types: DefaultEqualityComparer(types[0])
)


@implements("System.Collections.Generic.EqualityComparer<T>", "Equals")
@implements("System.Collections.Generic.IEqualityComparer<T>", "Equals")
@implements("System.Collections.IEqualityComparer", "Equals")
def comparer_equals(comparer: Any, x: Any, y: Any) -> bool:
    key = equality_key(OBJECT, comparer)
    if key is None or isinstance(comparer, DefaultEqualityComparer):
        return bool(comparer.equals(x, y))
    return bool(key(x) == key(y))


@implements("System.Collections.Generic.IEqualityComparer<T>", "GetHashCode")
@implements("System.Collections.IEqualityComparer", "GetHashCode")
def comparer_hash_code(comparer: Any, value: Any) -> int:
    own = getattr(comparer, "get_hash_code_of", None)
    return int(comparer.get_hash_code(value) if own is None else own(value))
