"""OpenAPI documents as descriptions: three versions, references, and documents that mean harm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy import Api, ConfigurationError, Gateway, LimitExceededError, Operation, Request
from apimpolicy.gateway.engine.openapi import load_openapi

if TYPE_CHECKING:
    from apimpolicy.gateway.context.description import OperationDefinition

ORDERS = Path(__file__).parents[3] / "policies" / "descriptions" / "orders.yaml"
HEAD = {"info": {"title": "T", "version": "1"}}
EMPTY = "<policies><inbound /><backend><base /></backend><outbound /></policies>"


def described(document: Any, identifier: str) -> OperationDefinition:
    return next(each for each in load_openapi(document).operations if each.operation.id == identifier)


def schema_of(version: str, schema: Any) -> Any:
    """What becomes of a schema in a document of this version."""
    holder = {"definitions": {"S": schema}} if version.startswith("2") else {"components": {"schemas": {"S": schema}}}
    key = "swagger" if version.startswith("2") else "openapi"
    found = load_openapi({key: version, **HEAD, "paths": {}, **holder}).definitions
    return (found["definitions"] if version.startswith("2") else found["components"]["schemas"])["S"]


def test_a_document_of_3_0() -> None:
    api = load_openapi(ORDERS)
    assert api.title == "Orders API"
    assert api.service_url == "https://orders.internal/v1"
    assert [f"{each.operation.method} {each.operation.url_template}" for each in api.operations] == [
        "GET /orders",
        "POST /orders",
        "GET /orders/{id}",
        "DELETE /orders/{id}",
        "GET /orders/latest",
        "GET /{*path}",
    ]
    listing = described(ORDERS, "list-orders")
    assert [parameter.name for parameter in listing.parameters_in("query")][:3] == ["top", "tags", "ids"]
    assert [parameter.separator for parameter in listing.parameters_in("query")][1:3] == [None, ","]
    assert [parameter.required for parameter in listing.parameters_in("header")] == [True]
    answer = listing.response_for(200)
    assert answer is not None
    assert [content.media_type for content in answer.contents] == ["application/json", "text/csv"]
    assert answer.contents[0].examples == ([{"id": 1, "note": "first"}], [])
    missing = listing.response_for(404)
    assert missing is not None
    assert missing.status == "4XX"
    assert listing.response_for(500) is None


LIST = {"type": "array", "items": {"type": "string"}}
SWAGGER = {
    "swagger": "2.0",
    **HEAD,
    "host": "old.example",
    "basePath": "/v1",
    "schemes": ["http"],
    "consumes": ["application/json"],
    "produces": ["application/json", "text/xml"],
    "paths": {
        "/a/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "type": "integer"}],
            "put": {
                "operationId": "put-a",
                "parameters": [
                    {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/A"}},
                    {
                        "name": "tags",
                        "in": "query",
                        "type": "array",
                        "items": {"type": "string"},
                        "collectionFormat": "pipes",
                    },
                    {
                        "name": "many",
                        "in": "query",
                        "type": "array",
                        "items": {"type": "integer"},
                        "collectionFormat": "multi",
                    },
                ],
                "responses": {
                    "200": {
                        "description": "",
                        "schema": {"$ref": "#/definitions/A"},
                        "examples": {"application/json": {"n": 1}},
                        "headers": {"X-Total": {"type": "integer"}},
                    },
                    "204": {"description": ""},
                },
            },
            "post": {
                "operationId": "post-a",
                "consumes": ["multipart/form-data"],
                "parameters": [{"name": "file", "in": "formData", "type": "file"}],
                "responses": {"default": {"description": ""}},
            },
        }
    },
    "definitions": {"A": {"type": "object", "properties": {"n": {"type": "integer", "x-nullable": True}}}},
}


def test_a_document_of_2_0() -> None:
    api = load_openapi(SWAGGER)
    assert api.service_url == "http://old.example/v1"
    put = described(SWAGGER, "put-a")
    assert [(content.media_type, content.schema) for content in put.contents] == [
        ("application/json", {"$ref": "#/definitions/A"})
    ]
    assert [(each.name, each.location, each.separator) for each in put.parameters] == [
        ("id", "path", ","),
        ("tags", "query", "|"),
        ("many", "query", None),
    ]
    answer = put.response_for(200)
    assert answer is not None
    assert [(content.media_type, content.examples) for content in answer.contents] == [
        ("application/json", ({"n": 1},)),
        ("text/xml", ()),
    ]
    assert [header.schema for header in answer.headers] == [{"type": "integer"}]
    nothing = put.response_for(204)
    assert nothing is not None
    assert nothing.contents == ()
    assert [content.media_type for content in described(SWAGGER, "post-a").contents] == ["multipart/form-data"]
    assert api.definitions["definitions"]["A"]["properties"]["n"] == {"type": ["integer", "null"]}


@pytest.mark.parametrize(
    ("version", "schema", "expected"),
    [
        ("3.0.3", {"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        (
            "3.0.3",
            {"enum": ["a"], "type": "string", "nullable": True},
            {"enum": ["a", None], "type": ["string", "null"]},
        ),
        ("3.0.3", {"allOf": [{}], "nullable": True}, {"anyOf": [{"allOf": [{}]}, {"type": "null"}]}),
        ("3.0.3", {"minimum": 3, "exclusiveMinimum": True}, {"exclusiveMinimum": 3}),
        ("3.0.3", {"maximum": 3, "exclusiveMaximum": False}, {"maximum": 3}),
        ("3.0.3", {"$ref": "#/components/schemas/S", "description": "x"}, {"$ref": "#/components/schemas/S"}),
        ("3.0.3", {"items": {"nullable": True, "type": "integer"}}, {"items": {"type": ["integer", "null"]}}),
        ("3.0.3", {"discriminator": {"propertyName": "k"}, "x-own": 1, "type": "object"}, {"type": "object"}),
        ("3.0.3", {"type": "integer", "required": True}, {"type": "integer"}),
        ("2.0", {"type": "file"}, {}),
        (
            "3.1.0",
            {"type": ["string", "null"], "exclusiveMinimum": 3},
            {"type": ["string", "null"], "exclusiveMinimum": 3},
        ),
        ("3.1.0", {"$ref": "#/x", "maxLength": 3}, {"$ref": "#/x", "maxLength": 3}),
        ("3.1.0", True, True),
        ("3.1.0", {"properties": {"nullable": {"type": "string"}}}, {"properties": {"nullable": {"type": "string"}}}),
    ],
)
def test_schemas_become_json_schema(version: str, schema: Any, expected: Any) -> None:
    assert schema_of(version, schema) == expected


def nested(depth: int) -> Any:
    schema: Any = {"type": "string"}
    for _ in range(depth):
        schema = {"items": schema}
    return schema


def with_path(item: Any, **more: Any) -> Any:
    return {"openapi": "3.0.0", **HEAD, "paths": {"/a": item}, **more}


def with_schema(schema: Any) -> Any:
    return {"openapi": "3.0.0", **HEAD, "paths": {}, "components": {"schemas": {"S": schema}}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("openapi: 3.0.0\npaths: [", "neither JSON nor YAML"),
        ('{"openapi": "3.0.0",', "is not JSON"),
        ("a: 1\nb: 2", "is not OpenAPI"),
        ("- 1\n- 2", "is not OpenAPI"),
        ('openapi: "4.0"\npaths: {}', "is of OpenAPI 4.0"),
        ("nowhere.yaml", "cannot read the OpenAPI document 'nowhere.yaml'"),
        ("!!python/object/apply:os.system\n- echo", "neither JSON nor YAML"),
        ("openapi: 3.0.0\nx: !!bool maybe", "is not YAML: a value does not match its tag"),
        ("openapi: 3.0.0\nx: !!timestamp maybe", "is not YAML: a value does not match its tag"),
        ("openapi: 3.0.0\nx: &a [1]\ny: [" + "*a," * 3000 + "]", "more than 2000 aliases"),
        ("openapi: 3.0.0\npaths: {}\ncomponents: {schemas: {S: &s {items: *s}}}", "nested too deeply"),
        (b"openapi: 3.0.0\nx: " + b"[" * 5000, "nested too deeply"),
        (b'{"openapi": "3.0.0", "x": ' + b"[" * 200_000, "nested too deeply"),
        (with_path({"$ref": "#/paths/~1a"}), "lead in a circle"),
        (with_path({"get": {"parameters": [{"$ref": "#/components/parameters/p"}]}}), "which is not there"),
        (with_path({"$ref": "other.yaml#/paths/a"}), "only references within the document are followed"),
        (with_schema({"$ref": "http://x.example/s.json"}), "only references within the document are followed"),
        (with_schema({"$ref": "file:///etc/hosts"}), "only references within the document are followed"),
        (with_schema(nested(250)), "nested too deeply or too large"),
        (with_schema({"properties": []}), "'properties' of the wrong kind: '[]'"),
        (with_schema({"items": ["x"]}), "'items' of the wrong kind"),
        (with_schema({"allOf": ["x"]}), "a schema that is not an object but str"),
        (with_schema({"type": 1}), "'type' of the wrong kind: '1'"),
        (with_path([]), "paths./a is an object, not list"),
        (with_path({"get": {"responses": {"200": "ok"}}}), "an answer of GET /a is an object, not str"),
    ],
)
def test_what_is_refused(document: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_openapi(document)
    assert message in str(refused.value)


def test_a_bomb_of_aliases_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apimpolicy.gateway.engine.openapi.MAX_NODES", 20_000)
    lines = ["openapi: 3.0.0", "paths: {}", "components:", "  schemas:", "    A0: &a0 {type: string}"]
    for number in range(1, 30):
        parts = ", ".join([f"*a{number - 1}"] * 9)
        lines.append(f"    A{number}: &a{number} {{allOf: [{parts}]}}")
    with pytest.raises(ConfigurationError, match="nested too deeply or too large"):
        load_openapi("\n".join(lines))


def test_yaml_has_the_values_of_json() -> None:
    document = "openapi: 3.1.0\npaths: {}\ncomponents: {schemas: {S: {enum: [yes, off, 2024-01-01, true, 1.5, ~]}}}\n"
    found = load_openapi(document).definitions["components"]["schemas"]["S"]
    assert found == {"enum": ["yes", "off", "2024-01-01", True, 1.5, None]}


def test_a_text_may_begin_with_true_or_false() -> None:
    found = load_openapi("openapi: 3.0.1\ninfo: {title: trueish, x: falsetto, y: False}\npaths: {}\n")
    assert found.operations == ()


def test_text_in_json() -> None:
    assert described(json.dumps(SWAGGER), "put-a").operation.method == "PUT"


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        ("GET", "/orders", "list-orders"),
        ("GET", "/orders/7", "get-order"),
        ("GET", "/ORDERS/latest", "latest-order"),
        ("GET", "/a/b", "anything"),
        ("POST", "/orders/7", None),
    ],
)
def test_the_gateway_finds_the_operation(method: str, url: str, expected: str | None) -> None:
    result = Gateway(openapi=ORDERS).run(EMPTY, Request(method, url))
    if expected is None:
        assert result.response.status_code == 404
        assert not result.reached_backend
    else:
        assert result.exchange.context.operation.id == expected
        assert result.response.status_code == 200


def test_an_operation_that_is_given_counts() -> None:
    known = Gateway(openapi=ORDERS, operation=Operation("mine", "GET", url_template="/orders")).run(EMPTY, "/orders")
    assert known.exchange.context.operation.id == "mine"
    assert known.exchange.described_operation is not None
    other = Gateway(openapi=ORDERS, operation=Operation("mine", "GET", url_template="/other")).run(EMPTY, "/other")
    assert other.response.status_code == 200
    assert other.exchange.described_operation is None


def test_an_api_that_is_given_has_the_path_and_the_backend() -> None:
    gateway = Gateway(openapi=ORDERS, api=Api("shop", path="shop", service_url="https://shop.internal"))
    result = gateway.run(EMPTY, "/shop/orders/7")
    assert result.exchange.context.operation.id == "get-order"
    assert [request.url for request in result.backend_requests] == ["https://shop.internal/orders/7"]
    assert gateway.run(EMPTY, "/orders/7").response.status_code == 404


def test_templates_with_several_parameters_in_one_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    document = {"openapi": "3.0.0", "paths": {"/" + "{a}-" * 12 + "{b}/end": {"get": {"responses": {}}}}}
    path = "/" + "-" * 400 + "/endx"
    assert Gateway(openapi=document).run(EMPTY, path).response.status_code == 404
    monkeypatch.setattr("apimpolicy.gateway.engine.api_routing.MATCH_SECONDS", 1e-9)
    with pytest.raises(LimitExceededError, match="url_template_seconds"):
        Gateway(openapi=document).run(EMPTY, path)
    monkeypatch.undo()
    document = {"openapi": "3.0.0", "paths": {"/{name}.{kind}": {"get": {"responses": {}}}}}
    result = Gateway(openapi=document).run(EMPTY, "/a.b.json")
    assert result.exchange.context.request.matched_parameters.get_item("name") == "a.b"


def test_a_preflight_is_for_the_method_it_asks_for() -> None:
    cors = (
        "<policies><inbound><cors><allowed-origins><origin>*</origin></allowed-origins><allowed-methods>"
        "<method>*</method></allowed-methods></cors></inbound><backend><base /></backend><outbound /></policies>"
    )
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "DELETE"}
    gateway = Gateway(openapi=ORDERS)
    assert gateway.run(cors, Request("OPTIONS", "/orders/7", headers=headers)).response.status_code == 200
    headers["Access-Control-Request-Method"] = "PUT"
    assert gateway.run(cors, Request("OPTIONS", "/orders/7", headers=headers)).response.status_code == 404
