# ruff: noqa: E501 - the rows of a table keep their line
"""What sequences from the library are, when a policy asks: `is`, `as`, casts and `GetType()` see the type of their elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = 'JObject.Parse("{\\"a\\": [1, 2]}")'
XML = "XElement.Parse(\"<a x='1'><b/><b/></a>\")"

ROWS = [
    # a value, types that it is, types that it is not
    (
        f'{JSON}["a"].Children()',
        "JEnumerable<JToken>, IEnumerable<JToken>, IJEnumerable<JToken>, IEnumerable<object>",
        "List<JToken>, IEnumerable<JProperty>",
    ),
    (f'{JSON}["a"].Children<JValue>()', "IEnumerable<JValue>, IEnumerable<JToken>", "IEnumerable<JObject>"),
    (
        f"{JSON}.Properties()",
        "IEnumerable<JProperty>, IEnumerable<JToken>",
        "IEnumerable<string>, IEnumerable<JObject>",
    ),
    (f"{JSON}.PropertyValues()", "IEnumerable<JToken>", "IEnumerable<JProperty>"),
    (f'{JSON}.SelectTokens("a")', "IEnumerable<JToken>", "IEnumerable<JArray>"),
    (f"{JSON}.Descendants()", "IEnumerable<JToken>", "IEnumerable<JValue>"),
    (f'{JSON}["a"].Values<int>()', "IEnumerable<int>", "IEnumerable<object>, IEnumerable<long>"),
    (f'{JSON}["a"].Children().Values<string>()', "IEnumerable<string>", "IEnumerable<JToken>"),
    (f"new[] {{ {JSON} }}.Properties()", "IJEnumerable<JProperty>, IEnumerable<JToken>", "IEnumerable<string>"),
    (f'{JSON}["a"].Ancestors()', "IEnumerable<JToken>", "IEnumerable<JContainer>"),
    (f'{JSON}["a"]', "IEnumerable<JToken>, IList<JToken>", "IEnumerable<JValue>"),
    (
        f"{XML}.Elements()",
        "IEnumerable<XElement>, IEnumerable<XNode>, IEnumerable<XObject>",
        "IEnumerable<XAttribute>, List<XElement>",
    ),
    (f'{XML}.Elements("b")', "IEnumerable<XElement>", "IEnumerable<XAttribute>"),
    (f"{XML}.Nodes()", "IEnumerable<XNode>", "IEnumerable<XElement>"),
    (f"{XML}.DescendantNodesAndSelf()", "IEnumerable<XNode>", "IEnumerable<XElement>"),
    (f"{XML}.Attributes()", "IEnumerable<XAttribute>", "IEnumerable<XNode>"),
    (f"{XML}.Elements().Attributes()", "IEnumerable<XAttribute>", "IEnumerable<XElement>"),
    (f"{XML}.Elements().InDocumentOrder()", "IEnumerable<XElement>", "IEnumerable<XAttribute>"),
    (f"{XML}.Elements().Ancestors()", "IEnumerable<XElement>", "IEnumerable<XAttribute>"),
]


def _tests() -> list[tuple[str, str, str]]:
    answers = []
    for value, types, others in ROWS:
        answers += [(value, type_, "True") for type_ in types.split(", ")]
        answers += [(value, type_, "False") for type_ in others.split(", ")]
    return answers


@pytest.mark.parametrize(("value", "type_", "answer"), _tests())
def test_a_type(value: str, type_: str, answer: str, value_of: Callable[[str], str]) -> None:
    assert value_of(f"@{{ object o = {value}; return o is {type_}; }}") == answer


@pytest.mark.parametrize(("value", "types", "others"), ROWS)
def test_a_cast(value: str, types: str, others: str, value_of: Callable[[str], str]) -> None:
    wanted, refused = types.split(", ")[0], others.split(", ")[0]
    assert value_of(f"@{{ object o = {value}; foreach (var x in ({wanted})o) {{ }} return 1; }}") == "1"
    assert value_of(f"@{{ object o = {value}; return ({refused})o == null; }}") == "InvalidCastException"


def test_the_type_of_a_sequence(value_of: Callable[[str], str]) -> None:
    assert value_of(f'@({JSON}["a"].Children().GetType())') == (
        "Newtonsoft.Json.Linq.JEnumerable`1[Newtonsoft.Json.Linq.JToken]"
    )
