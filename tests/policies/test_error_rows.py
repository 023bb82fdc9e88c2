"""Every documented error: `context.LastError`, what on-error sees of it, and the gateway's own answer.

`errors/rows.toml` has a row for each error that the documentation of error handling and of the validation policies
lists. `inbound`, `backend` and `outbound` are policies of one document at `scope` ("api" unless given); `jwt` is the
content of a validate-jwt. `service` sends the request to a whole service, with one API that needs a key. `before` says
how many such requests came already. Expected:

    source, reason, message    of `context.LastError`; `message_ends` where the library's words are not documented
    at                         "scope|section|path|policy id" of it
    rule                       ValidationRule of the first error in the variable `errors`
    status, phrase, headers    of the gateway's own answer; `body` too, by default the usual JSON with the message

Each row runs twice: with an on-error that has only `<base />`, and with one that writes down what it sees.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from test_policy_cases import gateway_of, request_of
from token_cases import with_token

from apimpolicy import Api, Operation, Result
from apimpolicy.context.entities import Subscription
from apimpolicy.dotnet.system import objects
from apimpolicy.engine.service import Service, ServiceApi, ServiceSubscription

FOLDER = Path(__file__).parent / "errors"
ROWS = [pytest.param(row, id=row["name"]) for row in tomllib.loads((FOLDER / "rows.toml").read_text("utf-8"))["row"]]
SECTIONS = ("inbound", "backend", "outbound")
SEEN = """<set-variable name="seen" value="@(string.Join("|", context.LastError.Source, context.LastError.Reason,
    context.LastError.Message, context.LastError.Scope, context.LastError.Section, context.LastError.Path,
    context.LastError.PolicyId, context.Response.StatusCode))" />"""
VALIDATE_JWT = """<validate-jwt id="here" header-name="Authorization" require-scheme="Bearer" {attributes}>
    <openid-config url="https://login.contoso.example/.well-known/openid-configuration" />
    <audiences><audience>orders</audience></audiences>{content}
</validate-jwt>"""
ISSUER = {"issuer": "https://login.contoso.example", "audience": "orders"}
ACTIVITY = "e3e70682-c209-4cac-a29f-6fbed82c07cd"
"""The id of the first request of a gateway with the usual seed."""


def document(row: dict[str, Any], on_error: str) -> str:
    """The policies of a row, with this on-error section."""
    contents = {name: row.get(name, "") for name in SECTIONS}
    if "jwt" in row:
        contents["inbound"] = VALIDATE_JWT.format(content=row["jwt"], attributes=row.get("jwt_attributes", ""))
    is_global = row.get("scope") == "global"
    for name in SECTIONS if not is_global else ():
        if not (name == "backend" and contents[name]):
            contents[name] = "<base />" + contents[name]
    sections = "".join(f"<{name}>{content}</{name}>" for name, content in contents.items())
    return f"<policies>{sections}<on-error>{on_error}</on-error></policies>"


def run(row: dict[str, Any], on_error: str) -> Result:
    scope = row.get("scope", "api")
    policy = document(row, on_error)
    settings = dict(row.get("gateway", {}))
    busy = settings.pop("busy", None)
    if "jwt" in row:
        settings["openid_providers"] = [ISSUER]
    gateway = gateway_of(FOLDER, settings)
    if row.get("service"):
        gateway.service = service(policy, scope)
    if busy is not None:
        gateway.services.state.counters.enter(busy, 1)
    given = {"url": "/orders", **row.get("request", {})}
    if "nested" in given:
        depth = given.pop("nested")
        given["body"] = '{"parent":' * depth + "{}" + "}" * depth

    def send() -> Result:
        request = request_of(with_token(given, gateway, lambda name: pytest.fail(name)))
        return gateway.send(request) if row.get("service") else gateway.run({scope: policy}, request)

    for _ in range(row.get("before", 0)):
        assert send().error is None
    return send()


def service(policy: str, scope: str) -> Service:
    """A service with one API, one operation and one subscription."""
    of_api, of_service = (None, policy) if scope == "global" else (policy, None)
    operation = Operation("get", "GET", url_template="/{id}")
    api = ServiceApi(Api("orders", path="orders"), policy=of_api, operations=[operation])
    partner = ServiceSubscription(Subscription("partner", primary_key="one", secondary_key="two"))
    return Service([api], subscriptions=[partner], policy=of_service)


def expected_body(row: dict[str, Any], message: str) -> str:
    if "body" in row:
        return str(row["body"])
    if row["status"] == 500:
        return f'{{"statusCode":500,"message":"Internal server error","activityId":"{ACTIVITY}"}}'
    return f'{{ "statusCode": {row["status"]}, "message": {json.dumps(message)} }}'


@pytest.mark.parametrize("row", ROWS)
def test_last_error_and_the_default_answer(row: dict[str, Any]) -> None:
    result = run(row, "" if row.get("scope") == "global" else "<base />")
    error, response = result.error, result.response
    assert error is not None
    scope, section, path, policy_id = (part or None for part in row["at"].split("|"))
    seen = (error.source, error.reason, error.scope, error.section, error.path, error.policy_id)
    assert seen == (row["source"], row.get("reason"), scope, section, path, policy_id)
    if "message" in row:
        assert error.message == row["message"]
    else:
        assert error.message.endswith(row["message_ends"])
        assert len(error.message) > len(row["message_ends"])
    assert response.status_code == row["status"]
    if "phrase" in row:
        assert response.reason == row["phrase"]
    assert response.text == expected_body(row, error.message)
    assert dict(response.headers) == {"Content-Type": "application/json", **row.get("headers", {})}
    if "rule" in row:
        assert json.loads(objects.text(result.exchange.variables["errors"]))[0]["ValidationRule"] == row["rule"]


@pytest.mark.parametrize("row", ROWS)
def test_on_error_sees_it(row: dict[str, Any]) -> None:
    result = run(row, SEEN)
    assert result.error is not None
    parts = [row["source"], row.get("reason", ""), result.error.message, *row["at"].split("|"), str(row["status"])]
    assert objects.text(result.exchange.variables["seen"]) == "|".join(parts)
    assert result.response.status_code == row["status"]


def test_every_reason_of_the_documentation_has_a_row() -> None:
    # ClientConnectionFailure is not among them: a simulated caller does not hang up.
    documented = {
        *("OperationNotFound", "SubscriptionKeyNotFound", "SubscriptionKeyInvalid", "BackendConnectionFailure"),
        *("ExpressionValueEvaluationFailure", "RateLimitExceeded", "QuotaExceeded", "CallbackParameterInvalid"),
        *("FailedToParseCallerIP", "CallerIpNotAllowed", "CallerIpBlocked", "HeaderNotFound", "HeaderValueNotAllowed"),
        *("TokenNotPresent", "TokenSignatureInvalid", "TokenAudienceNotAllowed", "TokenIssuerNotAllowed"),
        *("TokenExpired", "TokenSignatureKeyNotFound", "TokenClaimNotFound", "TokenClaimValueNotAllowed"),
        *("JwtInvalid", "Timeout", "Bad request", "Response not allowed"),
    }
    assert {row.values[0].get("reason") for row in ROWS} - {None} == documented
