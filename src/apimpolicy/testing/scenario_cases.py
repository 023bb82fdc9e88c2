"""A found request as a case of a test file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from apimpolicy.concolic.forms.dates import date_time_of
from apimpolicy.concolic.harness import stand_in_url
from apimpolicy.testing.format import METHODS

if TYPE_CHECKING:
    from apimpolicy.concolic.scenario import Scenario, StubResponse


def case_of(scenario: Scenario) -> dict[str, Any]:
    """The keys of a case: the request, and what stands around it."""
    found: dict[str, Any] = {"request": request_of(scenario)}
    if scenario.variables:
        found["variables"] = dict(scenario.variables)
    if gateway := _gateway(scenario):
        found["gateway"] = gateway
    if scenario.now is not None:
        found["now"] = f"{date_time_of(scenario.now):%Y-%m-%dT%H:%M:%SZ}"
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
    if scenario.backends:
        found["backends"] = {each: stand_in_url(each) for each in scenario.backends}
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


def sentence_of(scenario: Scenario) -> str:
    """What the request has, in words."""
    parts: list[str] = []
    if scenario.method != "GET" or scenario.url != "/":
        parts.append(f"{scenario.method} {_short(scenario.url)}")
    parts += [
        f"header {name}: {_short(each)}"
        for name, value in scenario.headers.items()
        for each in ([value] if isinstance(value, str) else value)
    ]
    if scenario.certificate is not None:
        parts.append(f"the certificate {scenario.certificate}")
    if scenario.token is not None:
        name, options = scenario.token
        parts.append(f"{'an expired' if 'expires-in' in options else 'a'} token of {name}")
    if scenario.has_json:
        parts.append(f"the body {_short(json.dumps(scenario.json, ensure_ascii=False))}")
    elif scenario.body is not None:
        parts.append("a body" if scenario.body in ("", "x") else f"the body {_short(scenario.body)}")
    parts += [_variable(name, value) for name, value in scenario.variables.items()]
    parts += [_entity(kind, values) for kind, values in scenario.entities.items()]
    parts += [f"{name} {'fails' if 'error' in given else 'passes'}" for name, given in scenario.doubles.items()]
    parts += [f"{key} in the cache" for key in scenario.cache]
    if scenario.random_numbers:
        parts.append(f"the random numbers {_short(', '.join(map(str, scenario.random_numbers)))}")
    parts += [f"the new GUID {guid}" for guid in scenario.guids[:1]]
    if scenario.section is not None:
        parts.append(f"{scenario.section} alone with a response of {scenario.response.status}")
    if scenario.calls_before:
        parts.append(f"call {scenario.calls_before + 1}")
    if scenario.now is not None:
        parts.append(f"the time {date_time_of(scenario.now):%A %Y-%m-%d %H:%M:%S}")
    if scenario.request_id:
        parts.append(f"the request id {scenario.request_id}")
    parts += answers_in_words(scenario)
    return " and ".join(parts[:4]) + (" and more" if len(parts) > 4 else "") if parts else "a plain request"


def answers_in_words(scenario: Scenario) -> list[str]:
    """What others answer, where it is not 200."""
    return _answers("the backend", scenario.answers) + _answers("a service", scenario.sent_answers)


def _variable(name: str, value: Any) -> str:
    """A variable, with what is easily read: texts, numbers, true and false."""
    if isinstance(value, str) and not value.startswith("@"):
        return f"variable {name}: {_short(value)}" if value else f"an empty variable {name}"
    if isinstance(value, (bool, int, float)):
        return f"variable {name}: {json.dumps(value)}"
    return f"variable {name}"


def _entity(kind: str, values: dict[str, Any] | None) -> str:
    if values is None:
        return f"no {kind}"
    shown = next((str(value) for name, value in values.items() if name not in ("method", "url-template")), "")
    return f"{kind} {_short(shown)}".rstrip()


def _answers(who: str, answers: list[StubResponse]) -> list[str]:
    return [
        f"{who} {'does not answer' if answer.raises is not None else f'answers {answer.status}'}"
        for answer in answers
        if answer.raises is not None or answer.status != 200
    ]


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"
