"""Runs the cases in the folders beside this file.

A folder holds a policy (`policy.xml`, or one file per scope: `global.xml` … `operation.xml`; `fragment-*.xml` are
fragments) and `cases.toml`: `[gateway]` for all of them, and a list of `[[case]]` with `name`, `request`, further
`gateway` settings, and `expect`:

    status, reason, body, headers, no_headers     of the response
    backend                                       the forwarded requests: "METHOD url", in order
    sent_headers, not_sent_headers, sent_body     of the first forwarded request
    variables                                     as text, in C#'s spelling
    error                                         attributes of context.LastError
    effects                                       "path: effect's text", entries that must be in the trace, in order
    not_simulated, refused                        texts in the exception; refused lists codes of diagnostics
"""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path
from typing import Any

import pytest

from apimpolicy import (
    Api,
    DiagnosticError,
    FixedClock,
    Gateway,
    NotSimulatedError,
    Operation,
    Request,
    Response,
    Result,
)
from apimpolicy.dotnet.system import objects

HERE = Path(__file__).parent
CASES = [
    pytest.param(folder.parent, data.get("gateway", {}), case, id=f"{folder.parent.name}: {case['name']}")
    for folder in sorted(HERE.glob("*/cases.toml"))
    for data in [tomllib.loads(folder.read_text(encoding="utf-8"))]
    for case in data["case"]
]


def policy_of(folder: Path) -> Any:
    if (folder / "policy.xml").exists():
        return folder / "policy.xml"
    return {file.stem: file for file in folder.glob("*.xml") if not file.stem.startswith("fragment-")}


def gateway_of(folder: Path, settings: dict[str, Any]) -> Gateway:
    settings = dict(settings)
    clock = FixedClock(settings.pop("now", datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)))
    answer = settings.pop("backend", {})
    for name, kind in (("api", Api), ("operation", Operation)):
        if name in settings:
            settings[name] = kind(**settings[name])
    fragments = {file.stem.removeprefix("fragment-"): file for file in folder.glob("fragment-*.xml")}

    def backend(request: Request) -> Response:
        clock.advance(answer.get("takes", 0))
        if "raises" in answer:
            raise {"timeout": TimeoutError, "refused": ConnectionRefusedError}[answer["raises"]]
        status, headers = answer.get("status", 200), answer.get("headers", {})
        return Response(status, headers=headers, body=answer.get("body", ""))

    return Gateway(now=clock, backend=backend, fragments=fragments, **settings)


def check(result: Result, expect: dict[str, Any]) -> None:
    response = result.response
    seen = {"status": response.status_code, "reason": response.reason, "body": response.text}
    for key, value in seen.items():
        if key in expect:
            assert value == expect[key], key
    for name, value in expect.get("headers", {}).items():
        assert response.headers.get(name) == value, name
    for name in expect.get("no_headers", []):
        assert name not in response.headers
    if "backend" in expect:
        assert [f"{request.method} {request.url}" for request in result.backend_requests] == expect["backend"]
    for name, value in expect.get("sent_headers", {}).items():
        assert result.backend_requests[0].headers.get(name) == value, name
    for name in expect.get("not_sent_headers", []):
        assert name not in result.backend_requests[0].headers
    if "sent_body" in expect:
        assert result.backend_requests[0].text == expect["sent_body"]
    for name, value in expect.get("variables", {}).items():
        assert objects.text(result.variables[name]) == value, name
    if "error" in expect:
        assert {key: getattr(result.error, key) for key in expect["error"]} == expect["error"]
    elif not expect.get("any_error"):
        assert result.error is None
    effects = iter([f"{entry.path}: {entry.effect.text}" for entry in result.trace if entry.effect is not None])
    for effect in expect.get("effects", []):
        assert effect in effects, effect


@pytest.mark.parametrize(("folder", "settings", "case"), CASES)
def test_case(folder: Path, settings: dict[str, Any], case: dict[str, Any]) -> None:
    expect = case.get("expect", {})
    gateway = gateway_of(folder, {**settings, **case.get("gateway", {})})
    request = Request(**{"method": "GET", "url": "https://contoso.example/orders", **case.get("request", {})})
    if "not_simulated" in expect:
        with pytest.raises(NotSimulatedError) as raised:
            gateway.run(policy_of(folder), request)
        assert expect["not_simulated"] in str(raised.value)
        return
    if "refused" in expect:
        with pytest.raises(DiagnosticError) as refused:
            gateway.run(policy_of(folder), request)
        assert [finding.code for finding in refused.value.diagnostics] == expect["refused"]
        return
    check(gateway.run(policy_of(folder), request), expect)
