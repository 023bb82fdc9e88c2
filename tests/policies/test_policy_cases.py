"""Runs the cases in the folders beside this file that the product's test files cannot say yet.

The others are `cases.test.yaml`, run by the product's own runner. A folder holds a policy (`policy.xml`, or one file
per scope: `global.xml` … `operation.xml`; `fragment-*.xml` are fragments) and `cases.toml`: `[gateway]` for all of its
cases, and a list of `[[case]]` with `name`, `request`, further `gateway` settings, and `expect`:

    status, reason, body, headers, no_headers     of the response
    backend                                       the forwarded requests: "METHOD url", in order
    sent                                          the same of what policies sent of their own
    sent_requests                                 tables of `text` and `headers` of what policies sent of their own
    certificate                                   name of the certificate that the backend saw
    elapsed                                       seconds that went by on the gateway's clock
    sent_headers, not_sent_headers, sent_body     of the first forwarded request
    variables                                     as text, in C#'s spelling
    error                                         attributes of context.LastError
    message                                       what the message of context.LastError contains
    effects                                       "path: effect's text", entries that must be in the trace, in order
    not_simulated, misconfigured, refused         texts in the exception; refused lists codes of diagnostics
    warned                                        codes of the warnings about the document, which has only one

`[service]` has the tables of a configuration that describe a service (`service = "."` for a folder as APIOps extracts
it); requests are then sent to it. `backends` are those of a configuration, too.

What else was recorded (events, messages, metrics) is in `recorded_calls`, tokens and identities are in `token_cases`,
descriptions of the API and GraphQL resolvers in `description_cases`.

A request with `body_length` has that many characters as its body; with `gzip` its body is sent compressed.

A case with several requests to one gateway has `step`s instead, each with `request`, `expect`, and `advance`, the
seconds that go by before. `backend` and `outside` are a response, with `takes` (seconds), `raises`, or `answers`, a
list of them. Certificates are those of `Certificates`, by name; policies know `{{partner-thumbprint}}`.
"""

from __future__ import annotations

import datetime
import functools
import gzip
import tomllib
from pathlib import Path
from typing import Any

import pytest
from description_cases import check_errors, check_resolution, description_settings, run_resolver
from recorded_calls import check_recorded, integration_settings
from token_cases import check_identities, identity_settings, prepare_issuers, with_token

from apimpolicy import (
    Api,
    Certificate,
    ConfigurationError,
    DiagnosticError,
    FixedClock,
    Gateway,
    NotSimulatedError,
    Operation,
    Request,
    Response,
    Result,
)
from apimpolicy.context.entities import Product, Subscription, User
from apimpolicy.dotnet.system import objects
from apimpolicy.engine.document import load_policy
from apimpolicy.project.backend_tables import backends_of
from apimpolicy.project.service_tables import ServiceTables
from apimpolicy.project.toml_table import Table
from apimpolicy.testing.authority import TestAuthority, self_signed

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


EXPECTATIONS = {
    *("status", "reason", "body", "headers", "no_headers", "backend", "sent", "sent_requests", "certificate"),
    *("sent_headers", "not_sent_headers", "sent_body", "variables", "error", "message", "any_error", "effects"),
    *("not_simulated", "misconfigured", "refused", "errors", "no_errors", "result", "sql", "cosmos"),
    *("events", "messages", "publications", "bindings", "metrics", "invocations", "judged"),
    *("asked", "identity_requests", "connections", "warned", "elapsed"),
}
"""Everything that a case can expect; a word that is none of them would be looked at by nobody."""

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
ENTITIES = {"api": Api, "operation": Operation, "product": Product, "subscription": Subscription, "user": User}


class Certificates:
    """Everybody's certificates; all but the impostor's and the other authority's come from one authority."""

    def __init__(self) -> None:
        authority = TestAuthority("CN=Contoso Test CA, O=Contoso")
        self.authority = authority.certificate
        self.other_authority = TestAuthority("Contoso Test CA").certificate
        self.partner = authority.client(
            "CN=partner, O=Contoso", serial_number=0x1234, dns_names=["partner.example", "p.example"]
        )
        self.expired = authority.client("expired", not_after="2025-12-31")
        self.early = authority.client("early", not_before="2026-02-01")
        self.revoked = authority.client("revoked")
        self.gateway = authority.client("gateway")
        self.rsa = authority.client("rsa", rsa=True)
        self.impostor = self_signed("partner")
        authority.revoke(self.revoked)
        self.list = authority.crl()

    def by_name(self, name: str) -> Certificate:
        found: Certificate = getattr(self, name)
        return found


@functools.cache
def certificates() -> Certificates:
    return Certificates()


def certificate_settings(settings: dict[str, Any]) -> None:
    """Put certificates where their names are."""
    if not {"certificates", "trusted_roots", "negotiate_client_certificate", "revocation_lists"} & settings.keys():
        return
    known = certificates()
    settings["certificates"] = {key: known.by_name(name) for key, name in settings.get("certificates", {}).items()}
    settings["trusted_roots"] = [known.by_name(name) for name in settings.get("trusted_roots", ["authority"])]
    settings["revocation_lists"] = [known.list] if settings.get("revocation_lists") else []
    if settings.pop("unreachable", False):
        settings["unreachable_revocation_lists"] = [known.authority]
    values = {f"{name}-thumbprint": getattr(known, name).thumbprint for name in ("authority", "partner", "gateway")}
    settings["named_values"] = values | settings.get("named_values", {})


class Double:
    """A service that answers as a table says."""

    def __init__(self, clock: FixedClock, answer: dict[str, Any]) -> None:
        self.clock = clock
        self.answers = answer.get("answers", [answer])
        self.count = 0

    def __call__(self, request: Request) -> Response:
        answer = self.answers[min(self.count, len(self.answers) - 1)]
        self.count += 1
        self.clock.advance(answer.get("takes", 0))
        if "raises" in answer:
            raise {"timeout": TimeoutError, "refused": ConnectionRefusedError}[answer["raises"]]
        status, headers = answer.get("status", 200), answer.get("headers", {})
        content = {"json": answer["json"]} if "json" in answer else {"body": answer.get("body", "")}
        return Response(status, headers=headers, **content)


def gateway_of(folder: Path, settings: dict[str, Any]) -> Gateway:
    settings = dict(settings)
    clock = FixedClock(settings.pop("now", START))
    backend = Double(clock, settings.pop("backend", {}))
    outside = settings.pop("outside", None)
    for name, kind in ENTITIES.items():
        if name in settings:
            settings[name] = kind(**settings[name])
    if "backends" in settings:
        settings["backends"] = backends_of(Table("cases.toml", settings["backends"], "backends"))
    if "service" in settings:
        parts = ServiceTables(Table(str(folder / "cases.toml"), settings["service"])).parts()
        settings["service"] = parts.service()
        for name in ("named_values", "backends"):
            settings[name] = getattr(parts, name) | settings.get(name, {})
    certificate_settings(settings)
    description_settings(folder, settings)
    identity_settings(settings)
    integration_settings(settings, lambda answer: Double(clock, answer))
    fragments = {file.stem.removeprefix("fragment-"): file for file in folder.glob("fragment-*.xml")}
    fragments |= settings.pop("fragments", {})
    return Gateway(
        now=clock,
        backend=backend,
        outside=None if outside is None else Double(clock, outside),
        fragments=fragments,
        **settings,
    )


def run(gateway: Gateway, policy: Any, request: Request) -> Result:
    return gateway.run(policy, request) if gateway.service is None else gateway.send(request)


def request_of(given: dict[str, Any]) -> Request:
    given = {"method": "GET", "url": "https://contoso.example/orders", **given}
    if "body_length" in given:
        given["body"] = "x" * given.pop("body_length")
    if given.pop("gzip", False):
        given["body"] = gzip.compress(given["body"].encode(), mtime=0)
        given["headers"] = {**given["headers"], "Content-Encoding": "gzip"}
    if "certificate" in given:
        given["certificate"] = certificates().by_name(given["certificate"])
    return Request(**given)


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
    if "sent" in expect:
        assert [f"{request.method} {request.url}" for request in result.sent_requests] == expect["sent"]
    sent = result.sent_requests if "sent_requests" in expect else ()
    for request, wanted in zip(sent, expect.get("sent_requests", ()), strict=True):
        assert request.text == wanted.get("text", request.text)
        assert {name: request.headers.get(name, "") for name in wanted.get("headers", ())} == wanted.get("headers", {})
    if "certificate" in expect:
        assert result.backend_requests[0].certificate is certificates().by_name(expect["certificate"])
    for name, value in expect.get("sent_headers", {}).items():
        assert result.backend_requests[0].headers.get(name) == value, name
    for name in expect.get("not_sent_headers", []):
        assert name not in result.backend_requests[0].headers
    if "sent_body" in expect:
        assert result.backend_requests[0].text == expect["sent_body"]
    for name, value in expect.get("variables", {}).items():
        assert objects.text(result.exchange.variables[name]) == value, name
    if "message" in expect:
        assert result.error is not None
        assert expect["message"] in result.error.message, result.error.message
    if "error" in expect:
        assert {key: getattr(result.error, key) for key in expect["error"]} == expect["error"]
    elif "message" not in expect and not expect.get("any_error"):
        assert result.error is None
    effects = iter([f"{entry.path}: {entry.effect.text}" for entry in result.trace if entry.effect is not None])
    for effect in expect.get("effects", []):
        assert effect in effects, effect


@pytest.mark.parametrize(("folder", "settings", "case"), CASES)
def test_case(folder: Path, settings: dict[str, Any], case: dict[str, Any]) -> None:
    run_case(folder, policy_of(folder), {**settings, **case.get("gateway", {})}, case)


def with_markup(policy: Any, settings: dict[str, Any]) -> Any:
    """The policy with those named values put in that are markup, which a gateway would take for text."""
    values = settings.get("named_values", {})
    markup = {name: values.pop(name) for name, value in list(values.items()) if value.lstrip().startswith("<")}
    if not markup:
        return policy

    def filled(path: Path) -> str:
        text = path.read_text("utf-8")
        for name, value in markup.items():
            text = text.replace(f"{{{{{name}}}}}", value)
        return text

    return {scope: filled(path) for scope, path in policy.items()} if isinstance(policy, dict) else filled(policy)


def run_case(folder: Path, policy: Any, settings: dict[str, Any], case: dict[str, Any]) -> Result | None:
    """Run a policy as a case says, and compare; files that the settings name are in `folder`.

    The result of the last step; None when there is none.
    """
    expect = case.get("expect", {})
    for step in (case, *case.get("step", ())):
        assert step.get("expect", {}).keys() <= EXPECTATIONS
    assert not (expect and "step" in case), "what a case with steps expects stands in the steps"
    settings = {**settings, **({"named_values": dict(settings["named_values"])} if "named_values" in settings else {})}
    policy = with_markup(policy, settings)
    gateway = gateway_of(folder, settings)
    request = request_of(with_token(case.get("request", {}), gateway, certificates().by_name))

    def attempt() -> None:
        if "resolve" in case:
            run_resolver(gateway, policy, case)
        else:
            run(gateway, policy, request)

    if "resolve" in case and not expect.keys() & {"not_simulated", "misconfigured", "refused"}:
        check_resolution(gateway, run_resolver(gateway, policy, case), expect)
        return None
    if "not_simulated" in expect:
        with pytest.raises(NotSimulatedError) as raised:
            attempt()
        assert expect["not_simulated"] in str(raised.value)
        return None
    if "misconfigured" in expect:
        with pytest.raises(ConfigurationError) as misconfigured:
            attempt()
        assert expect["misconfigured"] in str(misconfigured.value)
        return None
    if "refused" in expect:
        with pytest.raises(DiagnosticError) as refused:
            attempt()
        assert [finding.code for finding in refused.value.diagnostics] == expect["refused"]
        return None
    if "warned" in expect:
        document = load_policy(policy, named_values=gateway.named_values)
        assert [finding.code for finding in document.diagnostics] == expect["warned"]
    result: Result | None = None
    for step in case.get("step", [case]):
        clock = gateway.clock
        assert isinstance(clock, FixedClock)
        clock.advance(step.get("advance", 0))
        prepare_issuers(step, gateway)
        before = clock.now()
        given = with_token(step.get("request", {}), gateway, certificates().by_name)
        result = run(gateway, policy, request_of(given))
        check(result, step.get("expect", {}))
        check_errors(result.exchange.variables, step.get("expect", {}))
        check_recorded(gateway, result, step.get("expect", {}))
        check_identities(gateway, step.get("expect", {}))
        if "elapsed" in step.get("expect", {}):
            assert (clock.now() - before).total_seconds() == pytest.approx(step["expect"]["elapsed"])
    return result
