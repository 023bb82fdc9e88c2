"""A found request as a case of a test file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apimpolicy.testing.format import METHODS

if TYPE_CHECKING:
    from apimpolicy.scenarios.scenario import Scenario, StubResponse


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
    found: dict[str, Any] = {}
    for kind, values in scenario.entities.items():
        if values is None:
            found[kind] = None
            continue
        own = dict(values)
        if kind in ("user", "product", "subscription", "api", "operation"):
            own.setdefault("id", kind)
        if kind == "operation":
            own.setdefault("method", scenario.method)
            own.setdefault("url-template", "/*")
        if kind == "user" and scenario.groups:
            own["groups"] = [each if each["id"] != each["name"].lower() else each["name"] for each in scenario.groups]
        found[kind] = own
    if scenario.cache:
        found["cache"] = dict(scenario.cache)
    if scenario.random_numbers:
        found["random-numbers"] = list(scenario.random_numbers)
    if scenario.guids:
        found["guids"] = list(scenario.guids)
    if scenario.request_id:
        found["request-ids"] = [scenario.request_id]
    return found


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
