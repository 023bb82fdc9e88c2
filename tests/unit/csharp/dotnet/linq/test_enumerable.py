"""`Enumerable`, called as emitted code calls it; the expected values are those of the conformance rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apimpolicy.csharp.dotnet.collections.lists import List
from apimpolicy.csharp.dotnet.collections.tuples import KeyValuePair
from apimpolicy.csharp.dotnet.environment import Environment, Limits, use_environment
from apimpolicy.csharp.dotnet.exceptions import DotnetException, InvalidOperationException
from apimpolicy.csharp.dotnet.linq.sequences import LONG_RUN, MAXIMUM_DEPTH
from apimpolicy.csharp.dotnet.metadata import look_up, parse
from apimpolicy.csharp.dotnet.registry import find_implementation
from apimpolicy.csharp.dotnet.system.string_comparison import StringComparer
from apimpolicy.csharp.dotnet.values import DOUBLE, INT, LONG, OBJECT, STRING, Array, Int64
from apimpolicy.errors import LimitExceededError, NotSimulatedError

NULLABLE_INT = parse("int?")
IGNORE_CASE = StringComparer(5)


def call(name: str, types: tuple[Any, ...], *arguments: Any, kinds: str = "") -> Any:
    """Call the first overload with this many parameters whose signature contains `kinds`."""
    definition = look_up("System.Linq.Enumerable")
    assert definition is not None
    for member in definition.members(name):
        if len(member.parameters) == len(arguments) and kinds in member.signature:
            found = find_implementation(definition, member.signature)
            assert found is not None
            return found.target(types, *arguments)
    raise LookupError(name)


def ints(*items: int) -> Array:
    return Array(INT, items)


def strings(*items: Any) -> Array:
    return Array(STRING, items)


def seen(value: Any) -> Any:
    return (
        [seen(item) for item in value] if hasattr(value, "__iter__") and not isinstance(value, (str, tuple)) else value
    )


def even(x: int) -> bool:
    return x % 2 == 0


ROWS = [
    ("Any", (INT,), (ints(1),), True),
    ("Any", (INT,), (ints(),), False),
    ("Any", (INT,), (ints(1, 2), even), True),
    ("All", (INT,), (ints(), even), True),
    ("All", (INT,), (ints(2, 3), even), False),
    ("Count", (INT,), (ints(1, 2, 4), even), 2),
    ("LongCount", (INT,), (ints(1, 2, 4),), 3),
    ("Where", (INT,), (ints(1, 2, 3, 4), even), [2, 4]),
    ("Select", (INT, INT), (ints(1, 2), lambda x: x * 3), [3, 6]),
    ("SelectMany", (STRING, parse("char")), (strings("ab", "c"), lambda s: s), ["a", "b", "c"]),
    ("Take", (INT,), (ints(1, 2, 3), -1), []),
    ("Take", (INT,), (ints(1, 2, 3), 2), [1, 2]),
    ("Skip", (INT,), (ints(1, 2, 3), 2), [3]),
    ("Skip", (INT,), (ints(1, 2, 3), -5), [1, 2, 3]),
    ("TakeWhile", (INT,), (ints(1, 2, 3, 1), lambda x: x < 3), [1, 2]),
    ("SkipWhile", (INT,), (ints(1, 2, 3, 1), lambda x: x < 3), [3, 1]),
    ("TakeLast", (INT,), (ints(1, 2, 3), 2), [2, 3]),
    ("SkipLast", (INT,), (ints(1, 2, 3), 2), [1]),
    ("Reverse", (INT,), (ints(1, 2, 3),), [3, 2, 1]),
    ("Concat", (INT,), (ints(1, 2), ints(2, 3)), [1, 2, 2, 3]),
    ("Union", (INT,), (ints(1, 2), ints(2, 3)), [1, 2, 3]),
    ("Intersect", (INT,), (ints(1, 2, 2), ints(2, 3)), [2]),
    ("Except", (INT,), (ints(1, 1, 2), ints(2, 3)), [1]),
    ("Distinct", (STRING,), (strings("a", "A", "b"), IGNORE_CASE), ["a", "b"]),
    (
        "Distinct",
        (OBJECT,),
        (Array(OBJECT, [1, True, 1.0, Decimal(1), Int64(1), 1]),),
        [1, True, 1.0, Decimal(1), Int64(1)],
    ),
    ("Append", (INT,), (ints(1), 2), [1, 2]),
    ("Prepend", (INT,), (ints(1), 2), [2, 1]),
    ("Zip", (INT, STRING), (ints(1, 2, 3), strings("a", "b")), [(1, "a"), (2, "b")]),
    ("DefaultIfEmpty", (INT,), (ints(),), [0]),
    ("DefaultIfEmpty", (STRING,), (strings(), "x"), ["x"]),
    ("Range", (), (3, 2), [3, 4]),
    ("Repeat", (STRING,), ("x", 2), ["x", "x"]),
    ("First", (INT,), (ints(1, 2),), 1),
    ("FirstOrDefault", (INT,), (ints(),), 0),
    ("FirstOrDefault", (STRING,), (strings(),), None),
    ("Last", (INT,), (ints(1, 2, 4, 5), even), 4),
    ("SingleOrDefault", (INT,), (ints(),), 0),
    ("ElementAt", (INT,), (ints(1, 2, 3), 1), 2),
    ("ElementAtOrDefault", (INT,), (ints(1), 9), 0),
    ("Contains", (STRING,), (strings("a"), "A", IGNORE_CASE), True),
    ("Contains", (OBJECT,), (Array(OBJECT, [1]), True), False),
    ("SequenceEqual", (INT,), (ints(1, 2), List((INT,), [1, 2])), True),
    ("SequenceEqual", (INT,), (ints(1, 2), ints(1)), False),
    ("Aggregate", (INT,), (ints(1, 2, 3), lambda a, b: a + b), 6),
    ("Aggregate", (INT, STRING), (ints(1, 2), "", lambda a, b: a + str(b)), "12"),
    ("Max", (STRING,), (strings("a", "c", None, "b"),), "c"),
    ("OrderBy", (INT, INT), (ints(3, 1, 2), lambda x: x), [1, 2, 3]),
    ("OrderByDescending", (INT, INT), (ints(3, 1, 2), lambda x: x), [3, 2, 1]),
    ("OrderBy", (STRING, INT), (strings("bb", "a", "cc", "d"), len), ["a", "d", "bb", "cc"]),
    ("OrderBy", (STRING, STRING), (strings("b", None, "B", "a"), lambda s: s), [None, "a", "b", "B"]),
    ("OfType", (INT,), (Array(OBJECT, [1, "a", Int64(2), None, 3]),), [1, 3]),
    ("Cast", (OBJECT,), (Array(LONG, [1, 2]),), [Int64(1), Int64(2)]),
]


@pytest.mark.parametrize(("name", "types", "arguments", "expected"), ROWS)
def test_value(name: str, types: Any, arguments: Any, expected: Any) -> None:
    result = call(name, types, *arguments, kinds="<T" if name == "Max" else "")
    found = seen(result)
    assert found == expected
    if isinstance(found, list):
        assert [type(item) for item in found] == [type(item) for item in expected]
        assert seen(result) == expected, "a second enumeration gives the same"


SUMS = [
    ("Sum", "double>", Array(DOUBLE, [1.5, 2.5]), 4.0),
    ("Sum", "decimal>", [Decimal("1.5"), Decimal("2.5")], Decimal("4.0")),
    ("Sum", "int?>", [1, None, 3], 4),
    ("Sum", "int?>", [None], 0),
    ("Average", "<int>", ints(1, 2), 1.5),
    ("Average", "<int?>", [None], None),
    ("Average", "<decimal>", [Decimal(1), Decimal(2)], Decimal("1.5")),
    ("Max", "<int>", ints(3, 1, 2), 3),
    ("Min", "<int?>", [None], None),
    ("Max", "<double>", [1.5, float("nan")], 1.5),
]


@pytest.mark.parametrize(("name", "kinds", "source", "expected"), SUMS)
def test_number(name: str, kinds: str, source: Any, expected: Any) -> None:
    found = call(name, (), source, kinds=kinds)
    assert found == expected
    assert str(found) == str(expected)


def test_nan_is_the_minimum() -> None:
    assert str(call("Min", (), [1.5, float("nan")], kinds="<double>")) == "nan"


INDEX = "Index was out of range. Must be non-negative and less than the size of the collection. (Parameter 'index')"
ERRORS = [
    ("First", (INT,), (ints(),), "Sequence contains no elements"),
    ("First", (INT,), (ints(1), even), "Sequence contains no matching element"),
    ("Single", (INT,), (ints(1, 2),), "Sequence contains more than one element"),
    ("SingleOrDefault", (INT,), (ints(2, 4), even), "Sequence contains more than one matching element"),
    ("Aggregate", (INT,), (ints(), lambda a, b: a), "Sequence contains no elements"),
    ("ElementAt", (INT,), (ints(1), 9), INDEX),
    ("Range", (), (0, -1), "Specified argument was out of the range of valid values. (Parameter 'count')"),
    ("Select", (INT, INT), (ints(), None), "Value cannot be null. (Parameter 'selector')"),
    ("Where", (INT,), (None, even), "Value cannot be null. (Parameter 'source')"),
    (
        "ToDictionary",
        (STRING, STRING),
        (strings("a", "a"), lambda s: s),
        "An item with the same key has already been added. Key: a",
    ),
]


@pytest.mark.parametrize(("name", "types", "arguments", "message"), ERRORS)
def test_error(name: str, types: Any, arguments: Any, message: str) -> None:
    with pytest.raises(DotnetException) as caught:
        call(name, types, *arguments)
    assert caught.value.message == message


def test_sum_overflows() -> None:
    with pytest.raises(DotnetException, match="OverflowException"):
        call("Sum", (), ints(2147483647, 1), kinds="<int>")
    assert call("Sum", (INT,), ints(2147483647, 1), lambda x: x, kinds="TSource, long>") == 2147483648


def test_order_of_what_has_none() -> None:
    ordered = call("OrderBy", (OBJECT, OBJECT), Array(OBJECT, [1, "a"]), lambda x: x)
    with pytest.raises(InvalidOperationException) as caught:
        list(ordered)
    assert caught.value.message == "Failed to compare two elements in the array."
    assert caught.value.inner is not None
    assert caught.value.inner.type_name == "System.ArgumentException"


def test_then_by() -> None:
    ordered = call("OrderBy", (STRING, INT), strings("bb", "a", "cc", "d"), len)
    assert list(call("ThenByDescending", (STRING, STRING), ordered, lambda s: s)) == ["d", "a", "cc", "bb"]


def test_grouping() -> None:
    words = strings("apple", "avocado", "bean")
    groups = list(call("GroupBy", (STRING, parse("char")), words, lambda s: s[0]))
    assert [(group.key, list(group)) for group in groups] == [("a", ["apple", "avocado"]), ("b", ["bean"])]
    assert str(groups[0].dotnet_type) == "System.Linq.IGrouping<char, string>"
    lookup = call("ToLookup", (INT, parse("bool")), ints(1, 2, 3, 4), even)
    assert list(lookup.get_item(True)) == [2, 4]
    assert list(call("ToLookup", (INT, INT), ints(1), lambda x: x).get_item(7)) == []


def test_join_leaves_out_null_keys() -> None:
    joined = call(
        "Join", (STRING,) * 4, strings("a", None), strings("a", None), lambda s: s, lambda s: s, lambda a, b: a + b
    )
    assert list(joined) == ["aa"]


def test_deferred_and_live() -> None:
    numbers = List((INT,), [1])
    query = call("Where", (INT,), numbers, lambda x: x > 0)
    numbers.add(2)
    assert call("Count", (INT,), query) == 2


def test_result_types() -> None:
    assert str(call("ToList", (STRING,), strings("a")).dotnet_type) == "System.Collections.Generic.List<string>"
    assert call("ToArray", (INT,), ints(1)).element is INT
    made = call("ToDictionary", (STRING, STRING, INT), strings("a"), lambda s: s, len, kinds="elementSelector")
    assert [(type(pair), pair.key, pair.value) for pair in made] == [(KeyValuePair, "a", 1)]


def test_steps_are_limited() -> None:
    with use_environment(Environment(limits=Limits(steps=100))), pytest.raises(LimitExceededError):
        call("Count", (INT,), call("Range", (), 0, 2147483647))


def test_long_chains_do_not_recurse() -> None:
    chain = ints(0)
    for number in range(3000):
        chain = call("Append", (INT,), chain, number)
    assert call("Count", (INT,), chain) == 3001


def test_deep_queries_are_refused_by_name() -> None:
    query = ints(1)
    for _ in range(MAXIMUM_DEPTH):
        query = call("Distinct", (INT,), query)
    assert list(query) == [1]
    with pytest.raises(NotSimulatedError):
        call("Distinct", (INT,), query)


def skipping_and_taking(query: Any) -> Any:
    query = call("Where", (INT,), query, lambda x: x > 0, kinds="Func<TSource, bool>")
    query = call("Where", (INT,), query, lambda x, index: index < 9, kinds="int, bool")
    query = call("Select", (INT, INT), query, lambda x: x + 1, kinds="Func<TSource, TResult>")
    query = call("Select", (INT, INT), query, lambda x, index: x * 10 + index, kinds="int, TResult")
    query = call("SkipWhile", (INT,), query, lambda x: x < 30, kinds="Func<TSource, bool>")
    query = call("TakeWhile", (INT,), query, lambda x, index: index < 6, kinds="int, bool")
    return call("Take", (INT,), call("Skip", (INT,), query, 1), 3)


@pytest.mark.parametrize("before", [0, LONG_RUN - 8, LONG_RUN - 1, LONG_RUN, 5000])
def test_long_runs_give_what_short_ones_give(before: int) -> None:
    query: Any = ints(*range(20))
    for _ in range(before):
        query = call("Where", (INT,), query, lambda x: True, kinds="Func<TSource, bool>")
    query = skipping_and_taking(query)
    assert list(query) == list(query) == [42, 53, 64]


@pytest.mark.parametrize(("count", "given", "asked"), [(2, [0, 1], 2), (0, [], 0), (5, [0, 1, 2], 3)])
def test_a_long_run_asks_for_no_more_than_it_gives(count: int, given: list[int], asked: int) -> None:
    looked_at: list[int] = []

    def look(item: int) -> int:
        looked_at.append(item)
        return item

    query = call("Select", (INT, INT), ints(0, 1, 2), look, kinds="Func<TSource, TResult>")
    for _ in range(MAXIMUM_DEPTH * 2):
        query = call("Take", (INT,), query, count)
    assert list(query) == given
    assert len(looked_at) == asked
