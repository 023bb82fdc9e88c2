"""Expectations of a generated case: the effects of the policies on the request and the response.

Only what policies changed is expected, and only what is the same at another time and with other random numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from apimpolicy.csharp.dotnet.system import objects
from apimpolicy.csharp.dotnet.values import from_utf16
from apimpolicy.gateway.policies.effects import (
    BackendSet,
    BodySet,
    Converted,
    CorsChecked,
    Effect,
    HeaderSet,
    MethodSet,
    Padded,
    QuerySet,
    ResponseReturned,
    TextReplaced,
    UrlRewritten,
    VariableSet,
)
from apimpolicy.gateway.policies.registry import has_trait
from apimpolicy.testing.format import METHODS
from apimpolicy.text.secrets import without_secrets

if TYPE_CHECKING:
    from apimpolicy.gateway.context.headers import Headers
    from apimpolicy.gateway.context.records import Request
    from apimpolicy.gateway.engine.result import Result
    from apimpolicy.gateway.engine.trace import TraceEntry
    from apimpolicy.reasoning.scenarios.scenario import Scenario, StubResponse


def case_of(scenario: Scenario) -> dict[str, Any]:
    """Return the keys of a case: the request and its surroundings."""
    found: dict[str, Any] = {"request": request_of(scenario)}
    if scenario.variables:
        found["variables"] = dict(scenario.variables)
    if gateway := _gateway(scenario):
        found["gateway"] = gateway
    if scenario.moment is not None:
        found["now"] = f"{scenario.moment:%Y-%m-%dT%H:%M:%SZ}"
    if scenario.named_values:
        found["named-values"] = dict(scenario.named_values)
    if scenario.doubles:
        found["replace"] = {name: _double(given) for name, given in scenario.doubles.items()}
    if scenario.section is not None:
        found |= {"section": scenario.section, "response": _answer(scenario.response)}
    if scenario.answers:
        found["backend"] = [_answer(answer) for answer in scenario.answers]
    if scenario.sent_answers:
        found["outside"] = [_answer(answer) for answer in scenario.sent_answers]
    return found


def _double(given: dict[str, Any]) -> dict[str, Any] | None:
    kept = {key: value for key, value in given.items() if value}
    return kept if kept or "error" in given else None


def request_of(scenario: Scenario) -> dict[str, Any]:
    """The request as a test file has it."""
    method = scenario.method.lower()
    head = {method: scenario.url} if method in METHODS else {"method": scenario.method, "url": scenario.url}
    made: dict[str, Any] = dict(head)
    if scenario.headers:
        made["headers"] = dict(scenario.headers)
    if scenario.has_json:
        made["json"] = scenario.json
    elif scenario.body is not None:
        made["body"] = scenario.body
    if scenario.certificate is not None:
        made["certificate"] = scenario.certificate
    if scenario.token is not None:
        name, options = scenario.token
        made["token"] = {"from": name, **options} if options else name
    if scenario.address is not None:
        made["ip-address"] = scenario.address
    return made


def _gateway(scenario: Scenario) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for kind, values in scenario.entities.items():
        if values is None:
            settings[kind] = None
            continue
        own = dict(values)
        if kind in ("user", "product", "subscription", "api", "operation"):
            own.setdefault("id", kind)
        if kind == "operation":
            own.setdefault("method", scenario.method)
            own.setdefault("url-template", "/*")
        if kind == "user" and scenario.groups:
            own["groups"] = [
                group if group["id"] != group["name"].lower() else group["name"] for group in scenario.groups
            ]
        settings[kind] = own
    if scenario.cache:
        settings["cache"] = dict(scenario.cache)
    if scenario.random_numbers:
        settings["random-numbers"] = list(scenario.random_numbers)
    if scenario.guids:
        settings["guids"] = list(scenario.guids)
    if scenario.request_id:
        settings["request-ids"] = [scenario.request_id]
    return settings


def _answer(answer: StubResponse) -> dict[str, Any]:
    if answer.raises is not None:
        return {"raises": answer.raises}
    made: dict[str, Any] = {"status": answer.status}
    if answer.reason is not None:
        made["reason"] = answer.reason
    if answer.headers:
        made["headers"] = dict(answer.headers)
    if answer.has_json:
        made["json"] = answer.json
    elif answer.body is not None:
        made["body"] = answer.body
    return made


_LONGEST = 400
"""Characters of a text; longer ones make tests hard to read."""
_GONE: Any = object()
_NEW_URL = (BackendSet, UrlRewritten, QuerySet)
_NEW_BODY = (BodySet, Converted, TextReplaced, ResponseReturned, Padded)


def expectation_of(result: Result, other: Result | None) -> dict[str, Any]:
    """Return the keys of `expect` for a result; `other` is the same request at another time.

    Values with secrets of the configuration are left out.
    """
    found = _expectation(result)
    found = {**_stable(found, _masked(found)), "status": found["status"]}
    return found if other is None else {**_stable(found, _expectation(other)), "status": found["status"]}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _masked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return without_secrets(value) if isinstance(value, str) else value


def _expectation(result: Result) -> dict[str, Any]:
    response = result.response
    expect: dict[str, Any] = {"status": response.status_code}
    if response.status_code >= 400 and response.reason:
        expect["reason"] = response.reason
    if headers := _headers(result, "response", response.headers):
        expect["headers"] = headers
    if _changed(result, _NEW_BODY, "response"):
        expect |= _body(response.text)
    expect["backend-requests"] = _backend_requests(result)
    if result.sent_requests:
        sent = result.sent_requests
        expect["sent-requests"] = [
            {"method": each.method, **_request(each, with_url=True, with_body=True)} for each in sent
        ]
    if variables := dict(_variables(result)):
        expect["variables"] = variables
    return expect


def _backend_requests(result: Result) -> int | list[dict[str, Any]]:
    """Return the number of requests, or what policies changed in them."""
    with_url, with_body = _changed(result, _NEW_URL, "request"), _changed(result, _NEW_BODY, "request")
    with_method = any(isinstance(entry.effect, MethodSet) for entry in _own(result))
    requests = [
        {
            **({"method": request.method} if with_method else {}),
            **_request(request, with_url=with_url, with_body=with_body),
            **({"headers": headers} if (headers := _headers(result, "request", request.headers)) else {}),
        }
        for request in result.backend_requests
    ]
    return requests if any(requests) else len(requests)


def _request(request: Request, *, with_url: bool, with_body: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"url": request.url} if with_url and len(request.url) <= _LONGEST else {}
    return found | (_body(request.text) if with_body else {})


def _body(text: str) -> dict[str, Any]:
    if not 0 < len(text) <= _LONGEST:
        return {}
    try:
        content = json.loads(text)
    except ValueError:
        return {"body": text} if text.isprintable() else {}
    return {"json": content} if isinstance(content, (dict, list)) else {"body": text}


def _headers(result: Result, message: str, headers: Headers) -> dict[str, str | None]:
    """Return the headers that policies set or removed, with their last values."""
    found: dict[str, str | None] = {}
    for entry in _own(result):
        effect = entry.effect
        if isinstance(effect, HeaderSet) and effect.message == message:
            name = effect.name
            if effect.before != effect.after and len(headers.get(name) or "") <= _LONGEST:
                found[name] = headers.get(name)
    grant = "Access-Control-Allow-Origin"
    if message == "response" and grant in headers and any(True for _ in result.trace.effects(CorsChecked)):
        found[grant] = headers[grant]
    return found


def _changed(result: Result, classes: tuple[type[Effect], ...], message: str) -> bool:
    return any(
        isinstance(entry.effect, classes) and getattr(entry.effect, "message", message) == message
        for entry in _own(result)
        if message == "response" or not isinstance(entry.effect, ResponseReturned)
    )


def _own(result: Result) -> Iterator[TraceEntry]:
    """Yield the entries whose effects are on the request and its response, not on a request that a policy sends."""
    for entry in result.trace:
        around: TraceEntry | None = entry
        while around is not None and not has_trait(around.name, "requests"):
            around = around.parent
        if around is None:
            yield entry


def _variables(result: Result) -> Iterator[tuple[str, Any]]:
    names = {effect.name for _, effect in result.trace.effects(VariableSet)}
    for name, value in result.exchange.variables.items():
        if name in names and isinstance(value, (bool, int, str)):
            text = from_utf16(objects.text(value))
            is_truth = text in ("True", "False") and not isinstance(value, str)
            if len(text) <= _LONGEST:
                yield name, text == "True" if is_truth else text


def _stable(one: Any, other: Any) -> Any:
    """Return the parts equal in both; JSON is equal as a whole or not at all."""
    if isinstance(one, dict) and isinstance(other, dict):
        kept = {
            key: value if value == other.get(key, _GONE) else _GONE if key == "json" else _stable(value, other.get(key))
            for key, value in one.items()
        }
        return {key: value for key, value in kept.items() if value is not _GONE and (value != {} or not one[key])}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        kept_items = [_stable(a, b) for a, b in zip(one, other, strict=True)]
        return [{} if item is _GONE else item for item in kept_items]
    return one if one == other else _GONE
