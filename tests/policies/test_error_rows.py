"""Every documented error: `context.LastError`, what on-error sees of it, and the gateway's own answer.

`errors/scenarios.yaml` has a row for each error that the documentation of error handling and of the validation policies
lists. `inbound`, `backend` and `outbound` are policies of one document at `scope` ("api" unless given); `jwt` is the
content of a validate-jwt. `case` has keys of a case of a test file. `service` sends the request to a whole service,
with one API that needs a key. `before` says how many such requests came already; `busy` is the key of a
limit-concurrency that is in use, `body-length` how many characters the body has, `nested` how deep its JSON is.
Expected:

    source, reason, message    of `context.LastError`; `message-ends` where the library's words are not documented
    at                         "scope|section|path|policy id" of it
    rule                       ValidationRule of the first error in the variable `errors`
    status, phrase, headers    of the gateway's own answer; `body` too, by default the usual JSON with the message

Each row runs twice: with an on-error that has only `<base />`, and with one that writes down what it sees.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from scenarios import Scenarios

from apimpolicy.csharp.dotnet.system import objects
from apimpolicy.testing.gateways import gateway_of, request_of

if TYPE_CHECKING:
    from apimpolicy import Result

ROWS = Scenarios(Path(__file__).parent / "errors")
EACH = pytest.mark.parametrize("row", [pytest.param(row, id=row["name"]) for row in ROWS.all])
SECTIONS = ("inbound", "backend", "outbound")
SEEN = """<set-variable name="seen" value="@(string.Join("|", context.LastError.Source, context.LastError.Reason,
    context.LastError.Message, context.LastError.Scope, context.LastError.Section, context.LastError.Path,
    context.LastError.PolicyId, context.Response.StatusCode))" />"""
VALIDATE_JWT = """<validate-jwt id="here" header-name="Authorization" require-scheme="Bearer" {attributes}>
    <openid-config url="https://login.contoso.example/.well-known/openid-configuration" />
    <audiences><audience>orders</audience></audiences>{content}
</validate-jwt>"""
ACTIVITY = "e3e70682-c209-4cac-a29f-6fbed82c07cd"
"""The id of the first request of a gateway with the usual seed."""


def document(row: dict[str, Any], on_error: str) -> str:
    """The policies of a row, with this on-error section."""
    contents = {name: row.get(name, "") for name in SECTIONS}
    if "jwt" in row:
        contents["inbound"] = VALIDATE_JWT.format(content=row["jwt"], attributes=row.get("jwt-attributes", ""))
    is_global = row.get("scope") == "global"
    for name in SECTIONS if not is_global else ():
        if not (name == "backend" and contents[name]):
            contents[name] = "<base />" + contents[name]
    sections = "".join(f"<{name}>{content}</{name}>" for name, content in contents.items())
    return f"<policies>{sections}<on-error>{on_error}</on-error></policies>"


def run(row: dict[str, Any], on_error: str) -> Result:
    scope = row.get("scope", "api")
    policy = document(row, on_error)
    given = {**row.get("case", {}), "expect": {}}
    if "body-length" in row:
        given["request"]["body"] = "x" * row["body-length"]
    if "nested" in row:
        given["request"]["body"] = '{"parent":' * row["nested"] + "{}" + "}" * row["nested"]
    if "jwt" not in row:
        given["identity-providers"] = {"login": None}
    if row.get("service"):
        given["gateway"] = service(policy, scope)
    case = ROWS.case(given, {} if row.get("service") else {scope: policy})
    made = gateway_of(case)
    if "busy" in row:
        made.gateway.services.state.counters.enter(row["busy"], 1)

    def send() -> Result:
        request = request_of(case.steps[0].request, case, made.identities)
        return made.gateway.send(request) if row.get("service") else made.gateway.run({scope: policy}, request)

    for _ in range(row.get("before", 0)):
        assert send().error is None
    return send()


def service(policy: str, scope: str) -> dict[str, Any]:
    """A service with one API, one operation and one subscription."""
    api: dict[str, Any] = {"path": "orders", "operations": {"get": {"method": "GET", "url-template": "/{id}"}}}
    partner = {"partner": {"primary-key": "one", "secondary-key": "two"}}
    if scope == "global":
        return {"apis": {"orders": api}, "subscriptions": partner, "global-policy": policy}
    return {"apis": {"orders": {**api, "policy": policy}}, "subscriptions": partner}


def expected_body(row: dict[str, Any], message: str) -> str:
    if "body" in row:
        return str(row["body"])
    if row["status"] == 500:
        return f'{{ "statusCode": 500, "message": "Internal server error", "activityId": "{ACTIVITY}" }}'
    return f'{{ "statusCode": {row["status"]}, "message": {json.dumps(message)} }}'


@EACH
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
        assert error.message.endswith(row["message-ends"])
        assert len(error.message) > len(row["message-ends"])
    assert response.status_code == row["status"]
    if "phrase" in row:
        assert response.reason == row["phrase"]
    assert response.text == expected_body(row, error.message)
    assert dict(response.headers) == {"Content-Type": "application/json", **row.get("headers", {})}
    if "rule" in row:
        assert json.loads(objects.text(result.exchange.variables["errors"]))[0]["ValidationRule"] == row["rule"]


@EACH
def test_on_error_sees_it(row: dict[str, Any]) -> None:
    result = run(row, SEEN)
    assert result.error is not None
    scope, section, path, policy_id = row["at"].split("|")
    shown = path if "\\" in path else ""  # a policy on the top level has no LastError.Path
    parts = [row["source"], row.get("reason", ""), result.error.message, scope, section, shown, policy_id]
    parts.append(str(row["status"]))
    assert objects.text(result.exchange.variables["seen"]) == "|".join(parts)
    assert result.response.status_code == row["status"]


def test_every_reason_of_the_documentation_has_a_row() -> None:
    # ClientConnectionFailure is not among them: a simulated caller does not hang up.
    documented = {
        *("OperationNotFound", "SubscriptionKeyNotFound", "SubscriptionKeyInvalid", "BackendConnectionFailure"),
        *("ExpressionValueEvaluationFailure", "RateLimitExceeded", "QuotaExceeded", "CallbackParameterInvalid"),
        *("FailedToParseCallerIP", "CallerIpNotAllowed", "CallerIpBlocked", "HeaderNotFound", "HeaderValueNotAllowed"),
        *("TokenNotPresent", "TokenSignatureInvalid", "TokenAudienceNotAllowed", "TokenIssuerNotAllowed"),
        *("TokenExpired", "TokenSignatureKeyNotFound", "TokenClaimNotFound"),
        *(
            "JwtInvalid",
            "TokenInvalidSignature",
            "TokenClaimValueMismatch",
            "Invalid JWT.",
            "Timeout",
            "Bad request",
            "Response not allowed",
        ),
    }
    seen = {"TokenInvalidSignature", "TokenClaimValueMismatch", "Invalid JWT."}
    assert {row.get("reason") for row in ROWS.all} - {None} == documented | seen
