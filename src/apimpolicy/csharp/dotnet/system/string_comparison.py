"""Comparing strings: Compare, CompareTo, Equals, `==`, and `System.StringComparer`."""

from __future__ import annotations

from typing import Any

from apimpolicy.csharp.dotnet.collections.arrays import INDEX
from apimpolicy.csharp.dotnet.environment import FREE_UNITS, work_through
from apimpolicy.csharp.dotnet.exceptions import ArgumentException, check_range, require
from apimpolicy.csharp.dotnet.registry import counts_itself, dotnet_class, implements, implements_all, member
from apimpolicy.csharp.dotnet.system import collation
from apimpolicy.csharp.dotnet.system.characters import to_upper
from apimpolicy.csharp.dotnet.system.objects import equals, get_hash_code
from apimpolicy.csharp.dotnet.system.string_search import (
    CURRENT_CULTURE,
    ORDINAL,
    ORDINAL_IGNORE_CASE,
    check_comparison,
)
from apimpolicy.csharp.dotnet.values import Char, Equatable

_COMPARED_WITH = 4
"""The logarithm of how many others a text is compared with while it is sorted."""


@counts_itself
def compare_ordinal(a: str | None, b: str | None) -> int:
    """By code units: the difference of the first that differ, else that of the lengths, as .NET Core returns it."""
    if a == b:
        return 0
    if a is None or b is None:
        return -1 if a is None else 1
    work_through(min(len(a), len(b)) << 2)
    for left, right in zip(a, b, strict=False):
        if left != right:
            return ord(left) - ord(right)
    return len(a) - len(b)


@counts_itself
def compare(a: str | None, b: str | None, comparison: int = CURRENT_CULTURE) -> int:
    """`string.Compare`: null comes first. `comparison` is a `StringComparison`."""
    check_comparison(comparison)
    if a is None or b is None:
        return 0 if a is b else -1 if a is None else 1
    if len(a) > FREE_UNITS:
        work_through(len(a) << 2)
    if comparison == ORDINAL:
        return compare_ordinal(a, b)
    if comparison == ORDINAL_IGNORE_CASE:
        return compare_ordinal(to_upper(a), to_upper(b))
    return collation.compare(a, b, bool(comparison & 1))


def equal(a: str | None, b: str | None, comparison: int) -> bool:
    """`string.Equals` with a `StringComparison`."""
    if comparison == ORDINAL_IGNORE_CASE and a is not None and b is not None:
        return len(a) == len(b) and (a == b or to_upper(a) == to_upper(b))
    check_comparison(comparison)
    if comparison == ORDINAL:
        return a == b
    return compare(a, b, comparison) == 0


def _is_string(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Char)


def _parts_in_culture(
    a: str | None, index_a: int, b: str | None, index_b: int, length: int
) -> tuple[str | None, str | None]:
    """At most `length` units of either text; raises ArgumentOutOfRangeException as `CompareInfo.Compare` does."""
    length_a = length if a is None else min(length, len(a) - index_a)
    length_b = length if b is None else min(length, len(b) - index_b)
    for name, number in (("length1", length_a), ("length2", length_b), ("offset1", index_a), ("offset2", index_b)):
        check_range(number >= 0, name, "Positive number required.")
    for name, text, end in (("string1", a, index_a + length_a), ("string2", b, index_b + length_b)):
        check_range(end <= len(text or ""), name, "Offset and length must refer to a position in the string.")
    return a and a[index_a : index_a + length_a], b and b[index_b : index_b + length_b]


@implements("string", "Compare(string, int, string, int, int)", "Compare(string, int, string, int, int, bool)")
def _compare_parts_case(
    a: str | None, index_a: int, b: str | None, index_b: int, length: int, ignore_case: bool = False
) -> int:
    return compare(*_parts_in_culture(a, index_a, b, index_b, length), int(ignore_case))


@implements("string", "Compare(string, int, string, int, int, StringComparison)")
def compare_parts_by(a: str | None, index_a: int, b: str | None, index_b: int, length: int, comparison: int) -> int:
    """Compare at most `length` units; a null is not looked into, so its index and length do not matter."""
    check_comparison(comparison)
    if a is None or b is None:
        return compare(a, b, comparison)
    check_range(length >= 0, "length", "Length cannot be less than zero.")
    for name, text, index in (("indexA", a, index_a), ("indexB", b, index_b)):
        check_range(0 <= index <= len(text), name, INDEX)
    return compare(a[index_a : index_a + length], b[index_b : index_b + length], comparison)


@implements("string", "CompareOrdinal(string, int, string, int, int)")
def _compare_parts_ordinal(a: str | None, index_a: int, b: str | None, index_b: int, length: int) -> int:
    return compare_parts_by(a, index_a, b, index_b, length, ORDINAL)


@implements("string", "CompareTo(object)")
def _compare_to(text: str, other: Any) -> int:
    if other is not None and not _is_string(other):
        raise ArgumentException("Object must be of type String.")
    return compare(text, other)


@dotnet_class("System.StringComparer")
class StringComparer(Equatable):
    """A comparer of strings, also for dictionaries and sorting. `comparison` is a `StringComparison`."""

    __slots__ = ("comparison",)

    def __init__(self, comparison: int) -> None:
        check_comparison(comparison)
        self.comparison = comparison

    @member("Compare(string, string)")
    def compare(self, a: str | None, b: str | None) -> int:
        return compare(a, b, self.comparison)

    def sort_key(self, text: str | None) -> tuple[Any, ...]:
        """Return a key whose order is that of `compare`."""
        if text is None:
            return (False,)
        work_through(len(text) << _COMPARED_WITH)
        if self.comparison in (ORDINAL, ORDINAL_IGNORE_CASE):
            return True, text if self.comparison == ORDINAL else to_upper(text)
        return (True, *collation.sort_key(text, bool(self.comparison & 1)))

    @member("Equals(string, string)")
    def equals_strings(self, a: str | None, b: str | None) -> bool:
        return equal(a, b, self.comparison)

    @member("Compare(object, object)")
    def compare_objects(self, a: Any, b: Any) -> int:
        if (a is None or _is_string(a)) and (b is None or _is_string(b)):
            return compare(a, b, self.comparison)
        raise ArgumentException("At least one object must implement IComparable.")

    @member("Equals(object, object)")
    def equals_objects(self, a: Any, b: Any) -> bool:
        return equal(a, b, self.comparison) if _is_string(a) and _is_string(b) else equals(a, b)

    @member("GetHashCode(string)")
    def get_hash_code_of(self, text: str | None) -> int:
        return get_hash_code(self.key(require(text, "obj")))

    @member("GetHashCode(object)")
    def get_hash_code_of_object(self, value: Any) -> int:
        value = require(value, "obj")
        return self.get_hash_code_of(value) if _is_string(value) else get_hash_code(value)

    def key(self, text: str) -> str:
        """Return a key for dictionaries: equal exactly for strings that this comparer regards as equal."""
        if self.comparison == ORDINAL:
            return text
        if self.comparison == ORDINAL_IGNORE_CASE:
            return to_upper(text)
        return "\0\0".join(collation.sort_key(text, bool(self.comparison & 1)))

    @property
    def identity(self) -> Any:
        return self.comparison

    def get_hash_code(self) -> int:
        return self.comparison


_COMPARERS = tuple(StringComparer(number) for number in range(6))

_NAMES = "CurrentCulture CurrentCultureIgnoreCase InvariantCulture InvariantCultureIgnoreCase Ordinal OrdinalIgnoreCase"
for _number, _name in enumerate(_NAMES.split()):
    implements("System.StringComparer", f"static System.StringComparer {_name} {{ get; }}")(
        lambda comparer=_COMPARERS[_number]: comparer
    )


@implements("System.StringComparer", "FromComparison")
def _from_comparison(comparison: int) -> StringComparer:
    check_comparison(comparison)
    return _COMPARERS[comparison]


implements_all(
    "string",
    {
        "Compare(string, string)": compare,
        "Compare(string, string, StringComparison)": compare,
        "Compare(string, string, bool)": lambda a, b, ignore_case: compare(a, b, int(ignore_case)),
        "Compare(string, string, bool, CultureInfo)": lambda a, b, ignore_case, _: compare(a, b, int(ignore_case)),
        "CompareOrdinal(string, string)": compare_ordinal,
        "CompareTo(string)": compare,
        "Equals": equal,
        "op_Equality": lambda a, b: a == b,
        "Equals(string, string)": lambda a, b: a == b,
        "Equals(string)": lambda a, b: a == b,
        "op_Inequality": lambda a, b: a != b,
        "Equals(object)": lambda text, other: _is_string(other) and text == other,
        "GetHashCode()": get_hash_code,
        "GetHashCode(StringComparison)": lambda text, comparison: StringComparer(comparison).get_hash_code_of(text),
    },
)
