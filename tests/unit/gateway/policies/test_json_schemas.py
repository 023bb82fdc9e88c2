"""JSON against JSON Schema: one row for each sentence, and where it points."""

from __future__ import annotations

import json
from typing import Any

import pytest

from apimpolicy.csharp.dotnet.exceptions import DotnetException
from apimpolicy.errors import ConfigurationError
from apimpolicy.gateway.context.description import ApiDefinition
from apimpolicy.gateway.policies.json_documents import read_json
from apimpolicy.gateway.policies.json_schemas import (
    JsonSchema,
    SchemaNotFoundError,
    UnverifiableError,
    case_folded,
    closed,
    opened,
)
from apimpolicy.gateway.policies.sample_bodies import SampleMaker

EQUAL = "Integer 2 equals {0} value of 2 and exclusive {0} is true."


def texts(schema: Any, text: str, **options: Any) -> list[str]:
    document = read_json(text, folds_names=options.get("folds_names", False))
    return [violation.text for violation in JsonSchema(schema, {}, **options).violations(document)]


@pytest.mark.parametrize(
    ("schema", "text", "sentence", "place"),
    [
        ({"type": "string"}, "1", "Invalid type. Expected String but got Integer.", (1, 1)),
        ({"type": ["null", "string"]}, "1.5", "Invalid type. Expected String, Null but got Number.", (1, 3)),
        ({"type": "integer"}, "true", "Invalid type. Expected Integer but got Boolean.", (1, 4)),
        ({"type": "array"}, "{}", "Invalid type. Expected Array but got Object.", (1, 1)),
        ({"required": ["a", "b"]}, "{\n}", "Required properties are missing from object: a, b.", (2, 1)),
        (
            {"properties": {"a": {}}, "additionalProperties": False},
            '{"a": 1, "z": 2}',
            "Property 'z' has not been defined and the schema does not allow additional properties.",
            (1, 13),
        ),
        ({"enum": ["a", 1]}, '"b"', 'Value "b" is not defined in enum.', (1, 3)),
        ({"const": 1}, "2", "Value 2 does not match const.", (1, 1)),
        ({"minimum": 2}, "1", "Integer 1 is less than minimum value of 2.", (1, 1)),
        ({"maximum": 2}, "2.5", "Float 2.5 exceeds maximum value of 2.", (1, 3)),
        ({"exclusiveMinimum": 2}, "2", "Integer 2 equals minimum value of 2 and exclusive minimum is true.", (1, 1)),
        ({"exclusiveMinimum": 2}, "1", "Integer 1 is less than minimum value of 2.", (1, 1)),
        ({"exclusiveMaximum": 2}, "2", "Integer 2 equals maximum value of 2 and exclusive maximum is true.", (1, 1)),
        ({"exclusiveMaximum": 2}, "3", "Integer 3 exceeds maximum value of 2.", (1, 1)),
        ({"multipleOf": 2}, "3", "Integer 3 is not a multiple of 2.", (1, 1)),
        ({"minLength": 2}, '"a"', "String 'a' is less than minimum length of 2.", (1, 3)),
        ({"maxLength": 2}, '"abc"', "String 'abc' exceeds maximum length of 2.", (1, 5)),
        ({"pattern": "^a(?!b)"}, '"ab"', "String 'ab' does not match regex pattern '^a(?!b)'.", (1, 4)),
        ({"format": "date-time"}, '"x"', "String 'x' does not validate against format 'date-time'.", (1, 3)),
        ({"minItems": 2}, "[1]", "Array item count 1 is less than minimum count of 2.", (1, 3)),
        ({"maxItems": 1}, "[1, 2]", "Array item count 2 exceeds maximum count of 1.", (1, 6)),
        ({"uniqueItems": True}, "[1, 1]", "Non-unique array item.", (1, 6)),
        ({"contains": {"const": 3}}, "[1]", "No items match contains.", (1, 3)),
        ({"minProperties": 1}, "{}", "Object property count 0 is less than minimum count of 1.", (1, 2)),
        ({"maxProperties": 0}, '{"a":1}', "Object property count 1 exceeds maximum count of 0.", (1, 7)),
        ({"anyOf": [{"type": "string"}]}, "1", "JSON does not match any schemas from 'anyOf'.", (1, 1)),
        ({"oneOf": [{"type": "string"}]}, "1", "JSON is valid against no schemas from 'oneOf'.", (1, 1)),
        ({"oneOf": [{}, {}]}, "1", "JSON is valid against more than one schema from 'oneOf'.", (1, 1)),
        ({"not": {}}, "1", "JSON is valid against schema from 'not'.", (1, 1)),
        ({"properties": {"a": False}}, '{"a": 1}', "Schema always fails validation.", (1, 7)),
        ({"items": {"type": "integer"}}, '[1,\n 2, "x"]', "Invalid type. Expected Integer but got String.", (2, 7)),
        ({"format": "no such format"}, '"x"', None, (0, 0)),
        ({"type": "integer"}, "1.0", None, (0, 0)),
        ({"type": "integer"}, "123456789012345678901234567890", None, (0, 0)),
    ],
)
def test_sentences(schema: Any, text: str, sentence: str | None, place: tuple[int, int]) -> None:
    found = [(violation.message, violation.place) for violation in JsonSchema(schema, {}).violations(read_json(text))]
    assert found == ([] if sentence is None else [(sentence, place)])


def test_errors_stand_in_the_order_of_the_text() -> None:
    schema = {"required": ["z"], "properties": {"a": {"type": "string"}, "b": {"maximum": 1}}}
    assert [text[:7] for text in texts(schema, '{"b": 2, "a": 1}')] == ["Integer", "Invalid", "Require"]


@pytest.mark.parametrize("text", ["{", "", "[1", '{"a" 1}', "1 2", "[" * 600, "nul"])
def test_what_is_not_json_is_an_exception_of_the_reader(text: str) -> None:
    with pytest.raises(DotnetException):
        read_json(text)


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ({"type": "strin"}, ConfigurationError),
        ({"pattern": "("}, ConfigurationError),
        ({"pattern": "((a{1,1000}){1,1000}){1,1000}"}, ConfigurationError),
        ({"$ref": "#/nowhere"}, SchemaNotFoundError),
        ({"$ref": "http://example.com/s"}, SchemaNotFoundError),
        ({"$ref": "file:///etc/hosts"}, SchemaNotFoundError),
    ],
)
def test_what_is_no_schema(schema: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        texts(schema, "{}")


def test_backtracking_is_bounded() -> None:
    with pytest.raises(UnverifiableError):
        texts({"pattern": r"^(a|aa)+\1?$"}, json.dumps("a" * 100 + "!"))


def chain(length: int) -> Any:
    """A schema each of whose steps has two ways to the next one."""
    steps = {f"t{n}": {"anyOf": [{"$ref": f"#/$defs/t{n + 1}"}, {"$ref": f"#/$defs/t{n + 1}"}]} for n in range(length)}
    return {"$defs": {**steps, f"t{length}": {"type": "string"}}, "$ref": "#/$defs/t0"}


TREE = {
    "$defs": {"t": {"anyOf": [{"items": {"$ref": "#/$defs/t"}}, {"items": {"$ref": "#/$defs/t"}}]}},
    "$ref": "#/$defs/t",
}


@pytest.mark.parametrize(
    ("schema", "text"),
    [(chain(60), '"a"'), (TREE, "[" * 60 + "]" * 60), (chain(14), "1"), (TREE, "[" * 400 + "]" * 400)],
)
def test_alternatives_without_end(schema: Any, text: str) -> None:
    with pytest.raises(UnverifiableError, match="branch too often"):
        texts(schema, text)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (chain(5), '"a"'),
        (TREE, "[" * 5 + "]" * 5),
        ({"items": {"oneOf": [{"type": "integer"}, {"type": "string"}]}}, json.dumps([1] * 30_000)),
        ({"allOf": [{"$ref": "#/allOf/1"}, {"properties": {"a": {"$ref": "#"}}}]}, '{"a": {"a": {"a": {}}}}'),
    ],
)
def test_alternatives_within_reason(schema: Any, text: str) -> None:
    assert texts(schema, text) == []


def test_many_errors_end() -> None:
    assert len(texts({"items": {"type": "string"}}, json.dumps([1] * 5000))) == 100


def test_deep_values_against_a_schema_within_itself() -> None:
    text = "[" * 500 + "]" * 500
    assert texts({"$defs": {"t": {"type": "array", "items": {"$ref": "#/$defs/t"}}}, "$ref": "#/$defs/t"}, text) == []


def test_variants() -> None:
    schema = {
        "properties": {"A": {"additionalProperties": False, "properties": {"required": {"type": "string"}}}},
        "required": ["A"],
        "enum": [{"additionalProperties": False}],
    }
    assert opened(schema)["properties"]["A"] == {"properties": {"required": {"type": "string"}}}
    assert opened(schema)["enum"] == schema["enum"]
    written: dict[str, str] = {}
    folded = case_folded(schema, written)
    assert list(folded["properties"]) == ["a"]
    assert folded["required"] == ["a"]
    assert written["a"] == "A"
    made = closed({"allOf": [{"properties": {"a": {}}}], "items": {"type": "object", "additionalProperties": True}})
    assert made == {
        "allOf": [{"properties": {"a": {}}}],
        "items": {"type": "object", "unevaluatedProperties": False},
        "unevaluatedProperties": False,
    }


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "uuid"}, "00000000-0000-0000-0000-000000000000"),
        ({"type": "string", "minLength": 8}, "stringgg"),
        ({"type": ["null", "integer"], "minimum": 5}, 5),
        ({"type": "number", "exclusiveMinimum": 5}, 6),
        ({"type": "boolean"}, True),
        ({"enum": ["b", "a"]}, "b"),
        ({"type": "string", "example": "x"}, "x"),
        ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [0, 0]),
        (
            {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"properties": {"b": {"const": 1}}}]},
            {"a": 0, "b": 1},
        ),
        ({"oneOf": [{"type": "null"}, {"type": "integer"}]}, 0),
        ({"$ref": "#/loop"}, {"inner": {}}),
        ({"$ref": "#/nowhere"}, {}),
    ],
)
def test_samples(schema: Any, expected: Any) -> None:
    definitions = {"loop": {"type": "object", "properties": {"inner": {"$ref": "#/loop"}}}}
    assert SampleMaker(ApiDefinition(definitions=definitions)).sample(schema) == expected


def test_a_sample_of_a_wide_schema_ends() -> None:
    schema: Any = {"type": "integer"}
    for _ in range(30):
        schema = {"type": "object", "properties": dict.fromkeys("abcd", schema)}
    assert isinstance(SampleMaker(ApiDefinition()).sample(schema), dict)
