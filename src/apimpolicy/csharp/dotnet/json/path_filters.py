"""The selections of the parts of a JSONPath, on the live tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

from apimpolicy.csharp.dotnet.environment import environment
from apimpolicy.csharp.dotnet.exceptions import JsonException
from apimpolicy.csharp.dotnet.json import platform
from apimpolicy.csharp.dotnet.json.containers import JArray, JConstructor, JContainer
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.scalars import JValue, compare_values
from apimpolicy.csharp.dotnet.json.tokens import DATE, FLOAT, INTEGER, STRING_TYPE, JToken, format_date, format_value

if TYPE_CHECKING:
    Filter: TypeAlias = Callable[[JToken, Iterable[JToken], bool], Iterator[JToken]]


def evaluate(steps: list[Filter], root: JToken, token: JToken, must_match: bool) -> Iterator[JToken]:
    """Return the tokens that a path selects, starting at `token`."""
    current: Iterable[JToken] = (token,)
    for step in steps:
        current = step(root, current, must_match)
    return iter(current)


def root_filter(root: JToken, tokens: Iterable[JToken], must_match: bool) -> Iterator[JToken]:
    return iter((root,))


def field(name: str | None, scan: bool) -> Filter:
    """`.name`, or every value for None; with `scan`, `..name`."""
    return _scan(None if name is None else (name,)) if scan else _field(name)


def _field(name: str | None) -> Filter:
    def select(root: JToken, tokens: Iterable[JToken], must_match: bool) -> Iterator[JToken]:
        for token in tokens:
            environment().step()
            if not isinstance(token, JObject):
                if must_match:
                    raise JsonException(f"Property '{name or '*'}' not valid on {token.short_name}.")
            elif name is None:
                for item in token:
                    yield item.value  # type: ignore[attr-defined]
            else:
                value = token.get_by_name(name)
                if value is not None:
                    yield value
                elif must_match:
                    raise JsonException(f"Property '{name}' does not exist on JObject.")

    return select


def fields(names: list[str], scan: bool) -> Filter:
    """`['a','b']`; with `scan`, `..['a','b']`."""
    if scan:
        return _scan(tuple(names))

    def select(root: JToken, tokens: Iterable[JToken], must_match: bool) -> Iterator[JToken]:
        for token in tokens:
            if isinstance(token, JObject):
                for name in names:
                    value = token.get_by_name(name)
                    if value is not None:
                        yield value
                    # Newtonsoft 12 complains even when the property was there.
                    if must_match:
                        raise JsonException(f"Property '{name}' does not exist on JObject.")
            elif must_match:
                quoted = ", ".join(f"'{name}'" for name in names)
                raise JsonException(f"Properties {quoted} not valid on {token.short_name}.")

    return select


def _scan(names: tuple[str, ...] | None) -> Filter:
    def select(root: JToken, tokens: Iterable[JToken], must_match: bool) -> Iterator[JToken]:
        for token in tokens:
            if names is None:
                yield token
            if not isinstance(token, JContainer):
                continue
            for below in token.descendants():
                environment().step()
                if isinstance(below, JProperty):
                    if names is not None and below.name in names and below.value is not None:
                        yield below.value
                elif names is None:
                    yield below

    return select


def _at(token: JToken, position: int, must_match: bool) -> JToken | None:
    if isinstance(token, (JArray, JConstructor)):
        if position >= len(token.children):
            if must_match:
                raise JsonException(f"Index {position} outside the bounds of {token.short_name}.")
            return None
        return token.get_at(position)
    if must_match:
        raise JsonException(f"Index {position} not valid on {token.short_name}.")
    return None


def index(position: int | None) -> Filter:
    """`[3]`, or `[*]` for None."""
    if position is not None:
        return indexes([position])

    def select(root: JToken, tokens: Iterable[JToken], must_match: bool) -> Iterator[JToken]:
        for token in tokens:
            if isinstance(token, (JArray, JConstructor)):
                yield from token
            elif must_match:
                raise JsonException(f"Index * not valid on {token.short_name}.")

    return select


def indexes(positions: list[int]) -> Filter:
    """`[0,2]`."""

    def select(root: JToken, tokens: Iterable[JToken], must_match: bool) -> Iterator[JToken]:
        for token in tokens:
            for position in positions:
                found = _at(token, position, must_match)
                if found is not None:
                    yield found

    return select


def slice_of(start: int | None, end: int | None, step: int | None) -> Filter:
    """`[start:end:step]`."""

    def select(root: JToken, tokens: Iterable[JToken], must_match: bool) -> Iterator[JToken]:
        if step == 0:
            raise JsonException("Step cannot be zero.")
        for token in tokens:
            if isinstance(token, JArray):
                chosen = token.children[slice(start, end, step)]
                yield from chosen
                if must_match and not chosen:
                    shown = [str(bound) if bound is not None else "*" for bound in (start, end)]
                    raise JsonException(f"Array slice of {shown[0]} to {shown[1]} returned no results.")
            elif must_match:
                raise JsonException(f"Array slice is not valid on {token.short_name}.")

    return select


class Query:
    """A condition inside `[?( )]`."""

    __slots__ = ()

    def matches(self, root: JToken, token: JToken) -> bool:
        raise NotImplementedError


class Composite(Query):
    """Conditions joined by `&` or `|`."""

    __slots__ = ("conditions", "operator")

    def __init__(self, operator: str) -> None:
        self.operator = operator
        self.conditions: list[Query] = []

    def matches(self, root: JToken, token: JToken) -> bool:
        results = (condition.matches(root, token) for condition in self.conditions)
        return all(results) if self.operator == "&" else any(results)


class FilterComparison(Query):
    """`left operator right`, where a side is a path or a literal; `exists` has no right side."""

    __slots__ = ("left", "operator", "right")

    def __init__(self, left: list[Filter] | JValue, operator: str, right: list[Filter] | JValue | None) -> None:
        self.left = left
        self.operator = operator
        self.right = right

    @staticmethod
    def _side(side: list[Filter] | JValue | None, root: JToken, token: JToken) -> Iterator[JToken]:
        if isinstance(side, list):
            return evaluate(side, root, token, False)
        return iter(() if side is None else (side,))

    def matches(self, root: JToken, token: JToken) -> bool:
        environment().step()
        left = self._side(self.left, root, token)
        if self.operator == "exists":
            return next(left, None) is not None
        right = None
        for value in left:
            if right is None:
                right = list(self._side(self.right, root, token))
            if any(_holds(value, self.operator, other) for other in right):
                return True
        return False


def _holds(left: JToken, operator: str, right: JToken) -> bool:
    if not isinstance(left, JValue) or not isinstance(right, JValue):
        return operator in ("!=", "<>")
    if operator == "=~":
        return _matches_regex(left, right)
    if operator == "==":
        return _equal(left, right)
    if operator in ("!=", "<>"):
        return not _equal(left, right)
    if operator in ("===", "!=="):
        return _identical(left, right) == (operator == "===")
    order = left.compare_to(right)
    return {">": order > 0, ">=": order >= 0, "<": order < 0, "<=": order <= 0}[operator]


def _identical(left: JValue, right: JValue) -> bool:
    if {left.token_type, right.token_type} == {INTEGER, FLOAT}:
        return compare_values(left.token_type, left.value, right.value) == 0
    return left.equals(right)


def _equal(left: JValue, right: JValue) -> bool:
    """Equality that also compares dates, GUIDs and the like with their text."""
    if _identical(left, right):
        return True
    if right.token_type != STRING_TYPE or left.value is None or isinstance(left.value, (bool, int, float, str)):
        return False

    if left.token_type == DATE:
        return bool(format_date(left.value) == right.value)
    if left.token_type == FLOAT:
        return False
    return bool(format_value(left.token_type, left.value)[1:-1] == right.value)


def _matches_regex(value: JValue, pattern: JValue) -> bool:
    if value.token_type != STRING_TYPE or not isinstance(pattern.value, str):
        return False
    expression, _, letters = pattern.value[1:].rpartition("/")
    options = sum({"i": 1, "m": 2, "s": 16, "x": 4}.get(letter, 0) for letter in set(letters))
    is_match = platform.function(
        "System.Text.RegularExpressions.Regex",
        "static bool IsMatch(string input, string pattern, System.Text.RegularExpressions.RegexOptions options)",
    )
    return bool(is_match(value.value, expression, options))


def query(condition: Query, scan: bool) -> Filter:
    """`[?(condition)]`: the children that satisfy it; with `scan`, everything below that does."""

    def select(root: JToken, tokens: Iterable[JToken], must_match: bool) -> Iterator[JToken]:
        for token in tokens:
            below: Any = token
            if scan:
                below = token.descendants_and_self() if isinstance(token, JContainer) else (token,)
            for candidate in below:
                if condition.matches(root, candidate):
                    yield candidate

    return select
