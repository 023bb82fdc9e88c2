"""Trees that Python's decoder read are those of the exact reader, whatever the text."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apimpolicy.csharp.dotnet.environment import Environment, use_environment
from apimpolicy.csharp.dotnet.exceptions import JsonReaderException
from apimpolicy.csharp.dotnet.json.loading import _exact, quick_tree
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.scalars import JValue
from apimpolicy.csharp.dotnet.json.tokens import write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from apimpolicy.csharp.dotnet.json.tokens import JToken

PLAIN = (
    '{"a": 1, "b": [true, false, null, -0, 1.5, 1e3, 1E-400, 1e400], "c": {"d": {}, "e": []}}',
    '["2024-01-02T03:04:05Z", "2024-01-02T03:04:05", "2024-13-02T03:04:05Z", "2024-01-02T24:00:00", "/Date(0)/", "/x"]',
    '["2024-01-02T03:04:05+01:00", "2024-01-02T03:04:05.1234567z", "2024-01-02t03:04:05Z", "0000-01-01T00:00:00"]',
    "[9223372036854775807, 9223372036854775808, -9223372036854775808, -9223372036854775809, 123456789012345678901]",
    '["\\u00e4\\n\\t\\/\\"", "\\u0000", "ä", "\U0001f600", ""]',
    '{"a": 1, "b": 2, "a": {"x": 1, "x": 2}}',
    '[{"a": {"b": 1.0, "c": -0.0, "d": 1e15, "e": 1e-5, "f": 999999999999999.9, "g": "\x7f\u2028"}}, {"t": "10T10"}]',
    '{"[": "[", "{": {"]": "{[\\"["}, "}": []}',
    ' \r\n\t{ "x" : { "x" : 1 } , "y z" : "\\\\" } \n',
)
UNUSUAL = (
    "{'a': 1}",
    "{a: 1}",
    '{"a": 1,}',
    "[1,]",
    "[,1]",
    "[01, 0x1F, .5, 1.]",
    "[NaN, Infinity, -Infinity, undefined]",
    "[1] // comment",
    "/* c */ [1]",
    '["\\ud83d\\ude00", "\\ud83d", "\\ude00x"]',
    '["a\nb"]',
    "[1] 2",
    "[" * 600 + "]" * 600,
    '{"a": ' * 512 + "1" + "}" * 512,
    "[" + "1" * 400 + "]",
    "\ufeff[1]",
    "[1",
    '{"a" 1}',
    "",
)
ALPHABET = "{}[],:\"\\ \n0123456789eE.+-truefalsn/TZu'a\0"


def shape(token: JToken | None) -> Any:
    """Everything that a tree is made of."""
    if isinstance(token, JProperty):
        assert token.value is not None
        assert token.value.parent is token
        return token.name, shape(token.value)
    if isinstance(token, JValue):
        value = token.value
        return (
            token.token_type,
            type(value).__name__,
            repr(getattr(value, "ticks", value)),
            getattr(value, "kind", None),
        )
    if token is None:
        return None
    assert all(child.parent is token for child in token.children)  # type: ignore[attr-defined]
    children = [shape(child) for child in token.children]  # type: ignore[attr-defined]
    if isinstance(token, JObject):
        assert list(token._by_name.values()) == token.children
    return type(token).__name__, children


def check(text: str) -> bool:
    """Compare both readers; whether the quick one read the text."""
    with use_environment(Environment()):
        quick = quick_tree(text)
    if quick is None:
        return False
    with use_environment(Environment()):
        exact = _exact(text, "JToken")
        assert write(quick, indented=False) == write(exact, indented=False)
    assert shape(quick) == shape(exact)
    return True


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_is_read_by_both(text: str) -> None:
    assert check(text)


@pytest.mark.parametrize("text", UNUSUAL)
def test_unusual_text_is_left_to_the_exact_reader(text: str) -> None:
    assert not check(text) or len(text) > 1000


def test_the_cost_is_the_same() -> None:
    costs = []
    for read in (quick_tree, lambda text: _exact(text, "JToken")):
        environment = Environment()
        with use_environment(environment):
            read('{"a": [1, {"b": 2}, []], "c": "x"}')
            costs.append(environment.steps_left)
    assert costs[0] == costs[1]


def mutations(count: int) -> Iterator[str]:
    chance = random.Random(43)
    for _ in range(count):
        text = list(chance.choice(PLAIN))
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(text))
            text[place : place + chance.randint(0, 2)] = chance.choices(ALPHABET, k=chance.randint(0, 2))
        yield "".join(text)


def test_mutated_text_gives_the_same_tree_or_none() -> None:
    assert sum(map(check, mutations(3000))) > 300


def test_bodies_of_the_corpus() -> None:
    folder = Path(__file__).parents[6] / "shared" / "corpus"
    paths = sorted(folder.glob("services/**/*.json"))[:200]
    if not paths:
        pytest.skip("the shared material is not here")
    for path in paths:
        text = path.read_text(encoding="utf-8-sig")
        try:
            json.loads(text)
        except ValueError:
            continue
        check(text)


def test_errors_are_those_of_the_exact_reader() -> None:
    with use_environment(Environment()), pytest.raises(JsonReaderException, match="line 1, position 5"):
        _exact('{"a" 1}', "JToken")


_LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF), max_size=6)
_VALUES = st.recursive(
    _LEAVES | _TEXTS | st.datetimes().map(lambda moment: moment.isoformat()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(_TEXTS, _VALUES, max_size=4))
def test_objects_that_nothing_looked_at_are_written_as_all_others(values: dict[str, Any]) -> None:
    check(json.dumps(values, ensure_ascii=False))


@given(st.lists(st.sampled_from(["[", "]", "{", "}", '"', '\\"', '"]"', '"["', ",", "1", '"a":']), max_size=400))
def test_brackets_in_texts_change_no_depth(parts: list[str]) -> None:
    check("".join(parts))


@pytest.mark.parametrize("inside", ['"]"', '"\\"]"'])
def test_texts_do_not_close_what_is_open(inside: str) -> None:
    for depth in (511, 512, 513):
        text = f"[{inside}," * (depth - 1) + "[1]" + "]" * (depth - 1)
        with use_environment(Environment()):
            assert (quick_tree(text) is not None) == (depth < 512)
