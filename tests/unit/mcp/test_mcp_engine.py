"""Corners of the endpoint that no observation is about."""

from __future__ import annotations

import json

import pytest

from apimpolicy import Api, Gateway, NotSimulatedError, Operation, Request, Response, SubscriptionKeyParameterNames
from apimpolicy.gateway.context.description import Content, OperationDefinition
from apimpolicy.gateway.engine.mcp.protocol import input_of, to_json
from apimpolicy.gateway.engine.mcp.servers import McpServer, McpTool
from apimpolicy.gateway.engine.service import Service, ServiceApi, VersionSet
from apimpolicy.report.run_results import render, result_to_json

TOOLS = McpServer([McpTool("get", "orders", "get")])
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "get", "arguments": {"id": "1"}}}


def service(policy: str | None = None, **options: object) -> Service:
    get = Operation("get", "GET", url_template="/{id}")
    orders = Api("orders", path="orders", service_url="https://orders.example", version=options.pop("version", None))
    return Service(
        [
            ServiceApi(orders, operations=[get], **options),
            ServiceApi(Api("mcp", path="tools", kind="mcp"), mcp=TOOLS, policy=policy),
        ]
    )


def test_without_a_backend_nothing_is_invented() -> None:
    result = Gateway(service=service()).send(Request.post("/tools/mcp", json=CALL))
    assert result.response.status_code == 502
    assert result.mcp is not None
    assert result.mcp.inner is not None
    assert result.mcp.inner.response.reason == "no backend was given for GET https://orders.example/1"
    assert result.mcp.undecided == [result.mcp.inner.response.reason]


@pytest.mark.parametrize("isolated", [False, True])
def test_a_call_in_a_process_of_its_own(isolated: bool) -> None:
    gateway = Gateway(service=service(), backend=Response(200, body="one"), isolated=isolated)
    result = gateway.send(Request.post("/tools/mcp", json=CALL))
    assert result.mcp is not None
    assert result.mcp.result == {"content": [{"type": "text", "text": "one"}]}


@pytest.mark.parametrize(
    ("versions", "url", "headers"),
    [
        (VersionSet("segment"), "https://contoso.azure-api.net/orders/v2/1", None),
        (VersionSet("query", "v"), "https://contoso.azure-api.net/orders/1?v=v2", None),
        (VersionSet("header", "X-V"), "https://contoso.azure-api.net/orders/1", "v2"),
    ],
)
def test_the_version_of_the_api_is_named(versions: VersionSet, url: str, headers: str | None) -> None:
    given = service(version="v2", version_set=versions)
    result = Gateway(service=given, backend=Response(200, body="x")).send(Request.post("/tools/mcp", json=CALL))
    assert result.mcp is not None
    assert result.mcp.inner is not None
    assert result.mcp.inner.request.url == url
    assert result.mcp.inner.request.headers.get("X-V") == headers


def test_policies_that_do_not_forward_leave_the_response_open() -> None:
    policy = "<policies><inbound><base /></inbound><backend /></policies>"
    result = Gateway(service=service(policy)).send(Request.post("/tools/mcp", json=CALL))
    assert result.mcp is not None
    assert result.mcp.undecided


def test_a_body_that_a_policy_used_up_is_gone() -> None:
    policy = (
        '<policies><inbound><base /><set-variable name="b" value="@(context.Request.Body.As&lt;string&gt;())" />'
        "</inbound></policies>"
    )
    result = Gateway(service=service(policy)).send(Request.post("/tools/mcp", json=CALL))
    assert result.mcp is not None
    assert "preserveContent" in result.mcp.undecided[0]


@pytest.mark.parametrize("path", ["/tools/sse", "/tools/messages"])
def test_the_older_transport_fails_by_name(path: str) -> None:
    with pytest.raises(NotSimulatedError, match="the transport"):
        Gateway(service=service()).send(Request.post(path, json=CALL))


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ({"jsonrpc": "2.0", "method": "notifications/initialized"}, 202),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping"}, 200),
        ({"jsonrpc": "2.0", "id": 1, "method": "prompts/list"}, 200),
        ([CALL], 200),
        ("text", 200),
    ],
)
def test_other_messages_are_answered_and_not_decided(message: object, status: int) -> None:
    result = Gateway(service=service()).send(Request.post("/tools/mcp", json=message))
    assert result.response.status_code == status
    assert result.mcp is not None
    assert bool(result.mcp.undecided) != (status == 202)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "without the argument 'id'"),
        ({"id": "1", "more": 1}, "with the argument 'more'"),
        ({"id": [1]}, "how the argument 'id' is written"),
    ],
)
def test_arguments_that_no_source_is_about(arguments: dict[str, object], reason: str) -> None:
    message = {**CALL, "params": {"name": "get", "arguments": arguments}}
    result = Gateway(service=service()).send(Request.post("/tools/mcp", json=message))
    assert result.mcp is not None
    assert result.mcp.inner is None
    assert reason in result.mcp.undecided[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('a"b', '"a\\u0022b"'),
        ("a\\u0060", '"a\\\\u0060"'),
        ("\u00e9\n<&>", '"\\u00E9\\n\\u003C\\u0026\\u003E"'),
        ({"a": [1, True, None]}, '{"a":[1,true,null]}'),
    ],
)
def test_json_as_dotnet_writes_it(value: object, text: str) -> None:
    """System.Text.Json of .NET 8, for the characters that its default encoder escapes."""

    assert to_json(value) == text


def test_secrets_of_the_request_inside_are_hidden() -> None:
    key = SubscriptionKeyParameterNames(header="x-orders-key", query="k")
    get = Operation("get", "GET", url_template="/{id}")
    policy = (
        '<policies><inbound><base /><set-header name="x-orders-key" exists-action="override"><value>@("opensesame" + '
        "1 + 23456)</value></set-header></inbound><backend><base /></backend></policies>"
    )
    given = Service(
        [
            ServiceApi(
                Api("orders", path="orders", service_url="https://o.example", subscription_key_parameter_names=key),
                operations=[get],
            ),
            ServiceApi(Api("mcp", path="tools", kind="mcp"), mcp=TOOLS, policy=policy),
        ]
    )
    result = Gateway(service=given, backend=Response(200, body="x")).send(Request.post("/tools/mcp", json=CALL))
    assert result.backend_requests[0].headers["x-orders-key"] == "opensesame123456"
    assert "opensesame123456" not in render(result, with_values=True)
    assert "opensesame123456" not in result_to_json(result)


def test_a_definition_that_contains_itself_often_is_cut_off() -> None:
    node = {"$ref": "#/components/schemas/Node"}
    schemas = {"Node": {"type": "object", "properties": {f"p{number}": node for number in range(30)}}}
    operation = OperationDefinition(
        Operation("a", "POST", url_template="/"), contents=(Content("application/json", node),)
    )
    found = input_of(operation, {"components": {"schemas": schemas}})
    assert len(json.dumps(found.schema)) < 1_000_000


@pytest.mark.parametrize(
    ("policy", "request_", "status"),
    [
        ("<return-response><set-status code='403' /></return-response>", Request.post("/tools/mcp", json=CALL), 403),
        (
            "<cors><allowed-origins><origin>*</origin></allowed-origins></cors>",
            Request(
                "OPTIONS", "/tools/mcp", headers={"Origin": "https://a.b", "Access-Control-Request-Method": "POST"}
            ),
            200,
        ),
    ],
)
def test_what_policies_respond_is_decided(policy: str, request_: Request, status: int) -> None:
    result = Gateway(service=service(f"<policies><inbound>{policy}</inbound></policies>")).send(request_)
    assert result.response.status_code == status
    assert result.mcp is not None
    assert not result.mcp.undecided


def test_a_response_that_outbound_replaces_has_no_result() -> None:
    policy = (
        "<policies><inbound><base /></inbound><backend><base /></backend><outbound><return-response>"
        "<set-status code='503' /></return-response></outbound></policies>"
    )
    gateway = Gateway(service=service(policy), backend=Response(200, body="one"))
    result = gateway.send(Request.post("/tools/mcp", json=CALL))
    assert result.response.status_code == 503
    assert result.mcp is not None
    assert (result.mcp.result, result.mcp.is_error) == (None, None)
    assert result.mcp.inner is not None
