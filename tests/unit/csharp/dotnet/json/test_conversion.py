"""SerializeObject, FromObject and DeserializeObject."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.json import serialization
from apimpolicy.csharp.dotnet.json.deserialization import from_text
from apimpolicy.csharp.dotnet.json.tokens import J
from apimpolicy.csharp.dotnet.json.xml_writing import serialize_node
from apimpolicy.csharp.dotnet.metadata import parse as parse_type
from apimpolicy.csharp.dotnet.registry import bound
from apimpolicy.csharp.dotnet.types import anonymous_type
from apimpolicy.csharp.dotnet.values import (
    BYTE,
    CHAR,
    DECIMAL,
    DOUBLE,
    INT,
    STRING,
    AnonymousObject,
    Array,
    Char,
    Single,
    ValueTuple,
    to_single,
)
from apimpolicy.csharp.dotnet.xml.reader import parse_element

_FROM_OBJECT = f"static {J}{{}} FromObject(object o)"
_SHAPE = anonymous_type((("a", INT), ("b", STRING), ("c", parse_type("int[]")), ("g", CHAR)))

SERIALIZED: list[tuple[Any, str]] = [
    ("a\"b\\c\n\té</>&'\u2028\u0001", '"a\\"b\\\\c\\n\\té</>&\'\\u2028\\u0001"'),
    (Array(DOUBLE, [1.0, 1.5, 1e20, 1e-7, 0.1 + 0.2]), "[1.0,1.5,1E+20,1E-07,0.30000000000000004]"),
    (Array(DECIMAL, [Decimal(1), Decimal("1.50")]), "[1.0,1.50]"),
    (float("nan"), '"NaN"'),
    (1e15, "1000000000000000.0"),
    (-0.0, "-0.0"),
    (Single(to_single(1 / 3)), "0.33333334"),
    (None, "null"),
    (True, "true"),
    (Char("c"), '"c"'),
    (Array(BYTE, [1, 2, 3]), '"AQID"'),
    (ValueTuple(parse_type("System.ValueTuple<int, string>"), (1, "x")), '{"Item1":1,"Item2":"x"}'),
    (
        AnonymousObject(_SHAPE, ("a", "b", "c", "g"), (1, None, Array(INT, [1, 2]), "c")),
        '{"a":1,"b":null,"c":[1,2],"g":"c"}',
    ),
]

LIST, DICTIONARY = "System.Collections.Generic.List", "System.Collections.Generic.Dictionary"
READ = [
    ('"5"', "int", "5"),
    ("5", "string", '"5"'),
    ("null", "int?", "null"),
    ("5", "object", "5"),
    ("", "string", "null"),
    ("[1,2]", f"{LIST}<long>", "[1,2]"),
    ("[1,2]", "string[]", '["1","2"]'),
    (
        '{"a":1.50,"b":"x","c":true,"d":null}',
        f"{DICTIONARY}<string, string>",
        '{"a":"1.50","b":"x","c":"true","d":null}',
    ),
    ('{"a":1,"b":[1],"c":{"d":2}}', f"{DICTIONARY}<string, object>", '{"a":1,"b":[1],"c":{"d":2}}'),
]
REFUSED = [
    ("[1.5]", f"{LIST}<int>", "Input string '1.5' is not a valid integer. Path '[0]', line 1, position 4."),
    ('[1,"x"]', "int[]", "Could not convert string to integer: x. Path '[1]', line 1, position 6."),
    ("null", "int", "Error converting value {null} to type 'System.Int32'. Path '', line 1, position 4."),
    (
        '{"a":1}',
        "Newtonsoft.Json.Linq.JArray",
        "Unable to cast object of type 'Newtonsoft.Json.Linq.JObject' to type 'Newtonsoft.Json.Linq.JArray'.",
    ),
]


@pytest.mark.parametrize(("value", "text"), SERIALIZED)
def test_serialize(value: Any, text: str) -> None:
    assert serialization.serialize(value) == text


def test_anonymous_objects_print() -> None:
    assert (
        AnonymousObject(_SHAPE, ("a", "b", "c", "g"), (1, "x", None, "c")).to_string()
        == "{ a = 1, b = x, c = , g = c }"
    )


@pytest.mark.parametrize(("text", "type_name", "again"), READ)
def test_deserialize(text: str, type_name: str, again: str) -> None:
    assert serialization.serialize(from_text(text, parse_type(type_name))) == again


@pytest.mark.parametrize(("text", "type_name", "message"), REFUSED)
def test_deserialize_refuses(text: str, type_name: str, message: str) -> None:
    with pytest.raises(DotnetException) as caught:
        from_text(text, parse_type(type_name))
    assert caught.value.message == message


def test_from_object_refuses() -> None:
    with pytest.raises(DotnetException, match="Object serialized to Integer"):
        bound(J + "JObject", _FROM_OBJECT.format("JObject"))(5)
    with pytest.raises(DotnetException, match="Parameter 'o'"):
        bound(J + "JToken", _FROM_OBJECT.format("JToken"))(None)


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ('<a x="1"><b>t</b><b>u</b><c /></a>', '{"a":{"@x":"1","b":["t","u"],"c":null}}'),
        ('<p:a xmlns:p="urn:x"><p:b>1</p:b></p:a>', '{"p:a":{"@xmlns:p":"urn:x","p:b":"1"}}'),
        ('<a b="1">t<c></c></a>', '{"a":{"@b":"1","#text":"t","c":""}}'),
    ],
)
def test_xml_to_json(xml: str, text: str) -> None:
    assert serialize_node(parse_element(xml)) == text
