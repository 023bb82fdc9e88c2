"""`System.Array` and the array helpers of emitted code."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.csharp.dotnet.casts import cast, is_instance
from apimpolicy.csharp.dotnet.collections import array_members, array_order, arrays, generic
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.metadata import parse
from apimpolicy.csharp.dotnet.values import (
    BYTE,
    CHAR,
    DOUBLE,
    INT,
    LONG,
    OBJECT,
    STRING,
    Array,
    Int64,
    RectangularArray,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULTS = [
    ("int", 0),
    ("bool", False),
    ("char", "\0"),
    ("double", 0.0),
    ("decimal", Decimal(0)),
    ("string", None),
    ("int?", None),
    ("int[]", None),
    ("System.DayOfWeek", 0),
    ("System.ValueTuple<int, string>", (0, None)),
]


@pytest.mark.parametrize(("name", "expected"), DEFAULTS)
def test_default_value(name: str, expected: object) -> None:
    found = arrays.default_value(parse(name))
    assert found == expected
    assert type(found) is type(expected)


def ints(*items: int) -> Array:
    return Array(INT, items)


ERRORS: list[tuple[Callable[[], Any], str]] = [
    (lambda: arrays.array_get(ints(1, 2, 3), 3), "System.IndexOutOfRangeException"),
    (lambda: arrays.array_get(ints(1, 2, 3), -1), "System.IndexOutOfRangeException"),
    (lambda: arrays.array_get(None, 0), "System.NullReferenceException"),
    (lambda: arrays.array_set(None, 0, 0), "System.NullReferenceException"),
    (lambda: arrays.array_set(Array(STRING, ["a"]), 0, 1), "System.ArrayTypeMismatchException"),
    (lambda: arrays.new_array(INT, -1), "System.OverflowException"),
    (lambda: arrays.rectangular_get(RectangularArray(INT, (1, 1), [0]), (0, 1)), "System.IndexOutOfRangeException"),
    (lambda: array_members.copy(ints(1), ints(), 1), "System.ArgumentException"),
    (lambda: array_members.copy(ints(1), Array(STRING, ["a"]), 1), "System.ArrayTypeMismatchException"),
    (lambda: array_members.index_of(None, 1), "System.ArgumentNullException"),
    (lambda: cast("a", INT), "System.InvalidCastException"),
    (lambda: cast(None, INT), "System.NullReferenceException"),
]


@pytest.mark.parametrize(("action", "kind"), ERRORS)
def test_error(action: Callable[[], Any], kind: str) -> None:
    with pytest.raises(DotnetException) as caught:
        action()
    assert caught.value.type_name == kind


def test_rectangular() -> None:
    made = arrays.new_rectangular_array(INT, (2, 3))
    arrays.rectangular_set(made, (1, 2), 7)
    assert arrays.rectangular_get(made, (1, 2)) == 7
    assert (array_members.length(made), array_members.get_length(made, 1), array_members.rank(made)) == (6, 3, 2)


def test_members() -> None:
    target = arrays.new_array(INT, 2)
    array_members.copy_part(ints(1, 2, 3), 1, target, 0, 2)
    assert list(target) == [2, 3]
    assert list(array_members.resize((INT,), ints(1, 2, 3), 5)[0]) == [1, 2, 3, 0, 0]
    assert array_members.index_of(Array(STRING, ["a", "b"]), "b") == 1
    assert array_members.find((INT,), ints(1, 2, 3), lambda x: x > 1) == 2
    assert list(array_members.convert_all((STRING, INT), Array(STRING, ["1", "2"]), int)) == [1, 2]
    assert array_members.index_of_boxed(Array(LONG, [1, 2]), Int64(2)) == 1
    assert array_members.index_of_boxed(Array(LONG, [1, 2]), 2) == -1
    widened = arrays.new_array(DOUBLE, 1)
    array_members.copy(ints(1), widened, 1)
    assert type(widened[0]) is float


def test_order() -> None:
    keys, items = Array(STRING, ["b", "a"]), ints(1, 2)
    array_order.sort_with_items(keys, items)
    assert (list(keys), list(items)) == (["a", "b"], [2, 1])
    numbers = ints(3, 1, 2)
    array_order.sort(numbers)
    array_order.reverse(numbers)
    assert list(numbers) == [3, 2, 1]
    assert array_order.get_value(Array(LONG, [5]), 0) == Int64(5)


def test_boxed_elements() -> None:
    walker = generic.get_boxed_enumerator(Array(CHAR, "ab"))
    assert walker.move_next()
    assert generic.get_boxed_current(walker) == next(arrays.iterate_boxed("a"))


INSTANCES = [
    (Array(STRING), "System.Collections.Generic.IEnumerable<object>", True),
    (Array(STRING), "object[]", True),
    (Array(INT), "object[]", False),
    (Array(BYTE), "System.Collections.Generic.IList<byte>", True),
    (Array(INT), "System.Array", True),
    (Array(INT), "System.Collections.IEnumerable", True),
    ("a", "System.Collections.Generic.IEnumerable<char>", True),
    (1, "long", False),
    (Int64(1), "long?", True),
    (1, "System.IComparable", True),
]


@pytest.mark.parametrize(("value", "name", "expected"), INSTANCES)
def test_is_instance(value: object, name: str, expected: bool) -> None:
    assert is_instance(value, parse(name)) is expected
    assert is_instance(value, OBJECT)
