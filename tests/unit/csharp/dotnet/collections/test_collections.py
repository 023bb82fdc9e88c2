"""The generic collections, called as emitted code calls them; the values are those of the conformance rows."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.csharp.dotnet.collections import array_members, interfaces, tuples
from apimpolicy.csharp.dotnet.collections.dictionary import Dictionary
from apimpolicy.csharp.dotnet.collections.lists import List
from apimpolicy.csharp.dotnet.collections.sets import HashSet, Queue, Stack
from apimpolicy.csharp.dotnet.collections.tuples import KeyValuePair
from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.metadata import parse
from apimpolicy.csharp.dotnet.system.string_comparison import StringComparer
from apimpolicy.csharp.dotnet.values import CHAR, DOUBLE, INT, LONG, OBJECT, STRING, Array, Int64, ValueTuple

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = (STRING, INT)
MODIFIED = "Collection was modified; enumeration operation may not execute."
INDEX = "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')"


def names(**values: int) -> Dictionary:
    made = Dictionary(NAMES)
    for key, value in values.items():
        made.add(key, value)
    return made


def numbers(*items: int) -> List:
    return List((INT,), items)


ERRORS: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: names(a=1).get_item("b"), "KeyNotFoundException", "The given key 'b' was not present in the dictionary."),
    (lambda: names(a=1).add("a", 2), "ArgumentException", "An item with the same key has already been added. Key: a"),
    (lambda: names().contains_key(None), "ArgumentNullException", "Value cannot be null. (Parameter 'key')"),
    (lambda: numbers(1).remove_at(5), "ArgumentOutOfRangeException", INDEX),
    (lambda: numbers(1).get_item(-1), "ArgumentOutOfRangeException", INDEX),
    (lambda: Queue((INT,)).dequeue(), "InvalidOperationException", "Queue empty."),
    (lambda: Stack((INT,)).pop(), "InvalidOperationException", "Stack empty."),
    (lambda: interfaces.add(Array(INT, [1]), 2), "NotSupportedException", "Collection was of a fixed size."),
    (
        lambda: names(a=1).keys.add("b"),
        "NotSupportedException",
        "Mutating a key collection derived from a dictionary is not allowed.",
    ),
]


@pytest.mark.parametrize(("action", "kind", "message"), ERRORS)
def test_error(action: Callable[[], Any], kind: str, message: str) -> None:
    with pytest.raises(DotnetException) as caught:
        action()
    assert caught.value.type_name.rpartition(".")[2] == kind
    assert caught.value.message == message


def walk_and(collection: Any, change: Callable[[], Any]) -> None:
    for _ in collection:
        change()


@pytest.mark.parametrize("method", ["add", "set_item"])
def test_dictionary_may_not_grow_while_walked_over(method: str) -> None:
    made = names(a=1, b=2)
    with pytest.raises(DotnetException, match=MODIFIED):
        walk_and(made, lambda: getattr(made, method)("c", 3))


def test_dictionary_may_shrink_while_walked_over() -> None:
    made = names(a=1, b=2, c=3)
    walk_and(made, lambda: made.remove("b"))
    assert [pair.key for pair in made] == ["a", "c"]


def test_list_may_not_change_while_walked_over() -> None:
    made = numbers(1, 2, 3)
    with pytest.raises(DotnetException, match=MODIFIED):
        walk_and(made, lambda: made.remove(2))


def test_freed_slot_is_taken_again() -> None:
    made = names(a=1, b=2, c=3)
    made.remove("b")
    made.add("d", 4)
    assert [pair.key for pair in made] == ["a", "d", "c"]


def test_keys_are_equal_as_in_dotnet() -> None:
    made = Dictionary((OBJECT, INT))
    for number, key in enumerate([1, True, 1.0, Decimal(1), Int64(1), "1"]):
        made.add(key, number)
    assert made.count == 6
    assert made.get_item(True) == 1
    doubles = Dictionary((DOUBLE, INT))
    doubles.add(math.nan, 1)
    assert doubles.contains_key(float("nan"))


def test_comparer() -> None:
    made = Dictionary((STRING, INT), StringComparer(5))
    made.add("Content-Type", 1)
    assert made.get_item("content-type") == 1
    assert made.keys.contains("CONTENT-TYPE")
    assert [pair.key for pair in made] == ["Content-Type"]


def test_dictionary() -> None:
    made = names(a=1, b=2)
    made.set_item("a", 5)
    assert made.try_get_value("a") == (True, 5)
    assert made.try_get_value("z") == (False, 0)
    assert made.remove_and_get("b") == (True, 2)
    assert (list(made.keys), list(made.values), made.count) == (["a"], [5], 1)
    assert made.contains_value(5)
    assert KeyValuePair(NAMES, "a", 1).to_string() == "[a, 1]"
    assert interfaces.contains(made, KeyValuePair(NAMES, "a", 5))


def test_list() -> None:
    made = numbers(1, 2, 3, 2)
    assert made.remove(2)
    assert made.items == [1, 3, 2]
    assert (made.index_of(3), made.index_of(9), made.last_index_of(2)) == (1, -1, 2)
    assert array_members.find((INT,), made, lambda x: x > 5) == 0
    assert array_members.find_index(made, lambda x: x == 2) == 2
    made.sort()
    assert made.items == [1, 2, 3]
    assert (made.binary_search(2), made.binary_search(9)) == (1, ~3)
    assert made.get_range(1, 2).items == [2, 3]
    assert made.remove_all(lambda x: x > 1) == 2
    made.insert(0, 7)
    assert list(made.to_array()) == [7, 1]
    assert str(made.dotnet_type) == "System.Collections.Generic.List<int>"


def test_sets() -> None:
    made = HashSet.from_collection((INT,), [1, 2, 3, 2])
    made.intersect_with([2, 3, 4])
    assert list(made) == [2, 3]
    assert made.is_subset_of([1, 2, 3])
    assert not made.is_proper_subset_of([2, 3])
    assert made.overlaps([3])
    assert made.set_equals([3, 2, 2])
    made.symmetric_except_with([3, 4])
    assert list(made) == [2, 4]
    assert [made.add(2), made.add(5)] == [False, True]


def test_queue_and_stack() -> None:
    queue = Queue((INT,))
    for number in range(100):
        queue.enqueue(number)
    assert [queue.dequeue() for _ in range(90)] == list(range(90))
    assert (queue.count, next(iter(queue)), queue.contains(3)) == (10, 90, False)
    assert list(Stack((INT,), [1, 2, 3])) == [3, 2, 1]


def test_tuples() -> None:
    one = tuples.Tuple(NAMES, ("a", 1))
    assert one == tuples.Tuple(NAMES, ("a", 1))
    assert one.to_string() == "(a, 1)"
    assert (one.item1, one.item2) == ("a", 1)
    assert one.compare_to(tuples.Tuple(NAMES, ("a", 2))) < 0
    assert tuples._text((CHAR, LONG), ("x", 2)) == "(x, 2)"
    boxed = ValueTuple(parse("System.ValueTuple<long, int>"), (1, 2))
    assert tuples._value_equals_boxed((LONG, INT), (1, 2), boxed)
    assert not tuples._value_equals_boxed((INT, INT), (1, 2), boxed)
    assert not tuples._value_equals_boxed((LONG, INT), (1, 3), boxed)
    assert boxed.to_string() == "(1, 2)"
