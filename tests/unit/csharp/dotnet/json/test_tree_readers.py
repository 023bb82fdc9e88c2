"""JsonReader and JsonWriter over trees: Load, ReadFrom, CreateReader, CreateWriter, WriteTo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.csharp.dotnet.json import reader as tokens
from apimpolicy.csharp.dotnet.json.containers import JArray
from apimpolicy.csharp.dotnet.json.loading import parse
from apimpolicy.csharp.dotnet.json.objects import JObject, JProperty
from apimpolicy.csharp.dotnet.json.scalars import JRaw, JValue
from apimpolicy.csharp.dotnet.json.tokens import J, write
from apimpolicy.csharp.dotnet.json.tree_streams import (
    TreeReader,
    create_raw,
    create_reader,
    create_writer,
    read_token,
    write_to,
)
from apimpolicy.csharp.dotnet.registry import bound
from apimpolicy.csharp.dotnet.values import Int64

if TYPE_CHECKING:
    from collections.abc import Callable

TREES = [
    '{"a":1,"b":[1,2.5,"x",null,true,{}],"c":{"d":[]}}', "[]", "{}", "1", "null", '"x"', "[undefined]",
    "new Date(1,[2])", "[/*c*/1]", '["2024-01-02T03:04:05Z"]',
]  # fmt: skip


def load(name: str, reader: TreeReader | None) -> Any:
    return bound(J + name, f"static {J}{name} Load(Newtonsoft.Json.JsonReader reader)")(reader)


@pytest.mark.parametrize("text", TREES)
def test_what_is_read_equals_what_was_there(text: str) -> None:
    token = parse(text)
    again = read_token(create_reader(token))
    assert again is not token
    assert write(again, indented=False) == write(token, indented=False)


def test_tokens_one_by_one() -> None:
    reader = create_reader(parse('{"a":[1,{}],"b":2}'))
    seen = []
    while reader.read():
        seen.append((reader.token, reader.value, reader.depth, reader.path))
    assert seen == [
        (tokens.START_OBJECT, None, 0, ""), (tokens.PROPERTY_NAME, "a", 1, "a"), (tokens.START_ARRAY, None, 1, "a"),
        (tokens.INTEGER, Int64(1), 2, "a[0]"), (tokens.START_OBJECT, None, 2, "a[1]"),
        (tokens.END_OBJECT, None, 2, "a[1]"),
        (tokens.END_ARRAY, None, 1, "a"), (tokens.PROPERTY_NAME, "b", 1, "b"), (tokens.INTEGER, Int64(2), 1, "b"),
        (tokens.END_OBJECT, None, 0, ""),
    ]  # fmt: skip
    assert not reader.read()


def test_skip_goes_over_a_value() -> None:
    reader = create_reader(parse('{"a":[1,{}],"b":2}'))
    reader.read()
    reader.read()
    reader.skip()
    assert (reader.token, reader.read(), reader.value) == (tokens.END_ARRAY, True, "b")


def test_properties_and_raw_text() -> None:
    assert write(load("JProperty", create_reader(JProperty.create("p", parse("[1]")))), indented=False) == '"p":[1]'
    assert write(create_raw(create_reader(parse("[1, {}]"))), indented=False) == "[1,{}]"


def test_deep_trees_cost_no_stack() -> None:
    text = "[" * 500 + "]" * 500
    assert write(read_token(create_reader(parse(text))), indented=False) == text


def test_writing_into_containers() -> None:
    array, source = JArray(), parse('{"x":[1]}')
    write_to(source, create_writer(array))
    write_to(JValue.of_long(5), create_writer(array))
    assert write(array, indented=False) == '[{"x":[1]},5]'
    assert array.children[0] is not source
    made = JObject()
    for number in (1, 2):
        write_to(JProperty.create("p", JValue.of_long(number)), create_writer(made))
    assert write(made, indented=False) == '{"p":2}'


READING = "Newtonsoft.Json.JsonReaderException"
NULL = "System.ArgumentNullException"
REFUSED: list[tuple[Callable[[], Any], str, str]] = [
    (lambda: read_token(None), NULL, "Value cannot be null. (Parameter 'reader')"),
    (lambda: load("JObject", None), NULL, "Value cannot be null. (Parameter 'reader')"),
    (lambda: create_raw(None), NULL, "Value cannot be null. (Parameter 'reader')"),
    (lambda: load("JObject", create_reader(JArray())), READING,
     "Error reading JObject from JsonReader. Current JsonReader item is not an object: StartArray. Path ''."),
    (lambda: load("JArray", create_reader(JObject())), READING,
     "Error reading JArray from JsonReader. Current JsonReader item is not an array: StartObject. Path ''."),
    (lambda: load("JConstructor", create_reader(JValue.null())), READING,
     "Error reading JConstructor from JsonReader. Current JsonReader item is not a constructor: Null. Path ''."),
    (lambda: load("JProperty", create_reader(JArray())), READING,
     "Error reading JProperty from JsonReader. Current JsonReader item is not a property: StartArray. Path ''."),
    (lambda: read_token(create_reader(JRaw.of_raw("1"))), READING,
     "Error reading JToken from JsonReader. Unexpected token: Raw. Path ''."),
    (lambda: write_to(JArray(), None), "System.NullReferenceException",
     "Object reference not set to an instance of an object."),
]  # fmt: skip


@pytest.mark.parametrize(("action", "type_name", "message"), REFUSED)
def test_refused(action: Callable[[], Any], type_name: str, message: str) -> None:
    with pytest.raises(DotnetException) as caught:
        action()
    assert (caught.value.type_name, caught.value.message) == (type_name, message)
