"""Test files: what passes and fails, the sentences of failures, and mistakes with their places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from apimpolicy.errors import DiagnosticError
from apimpolicy.testing import schema
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.running import CaseOutcome, run_case
from apimpolicy.testing.tree import MOST_TREES, Tree, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = Path(__file__).parent / "files"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    """Write a test file beside the policies; its path."""
    for policy in FILES.glob("*.xml"):
        (tmp_path / policy.name).write_text(policy.read_text())

    def write(text: str, name: str = "a.test.yaml") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def outcomes(path: str) -> list[CaseOutcome]:
    return [run_case(case) for case in load_case_file(path).cases]


CERTIFICATES = """
policy: orders.xml
defaults:
  gateway: {negotiate-client-certificate: true, certificates: {partner: partner}}
  request: {get: /orders}
cases:
  - name: the partner
    request: {certificate: partner}
    expect: {status: 200, backend-requests: 1}
  - name: $certificate
    each: [{certificate: expired}, {certificate: revoked}, {certificate: self-signed}, {certificate: other-partner}]
    request: {certificate: $certificate}
    expect: {status: 403, reason: Invalid client certificate, backend-requests: 0, branch: choose ▸ when 1}
  - name: not asked
    gateway: {negotiate_client_certificate: false}
    request: {certificate: partner}
    expect: {status: 4xx, explanation: "'Negotiate client certificate' is off"}
"""


def test_certificates_by_name(write: Callable[..., str]) -> None:
    found = outcomes(write(CERTIFICATES))
    assert [(outcome.case.name, outcome.status) for outcome in found] == [
        ("the partner", "passed"),
        ("expired", "passed"),
        ("revoked", "passed"),
        ("self-signed", "passed"),
        ("other-partner", "passed"),
        ("not asked", "passed"),
    ]


UPLOADED = """
policy: uploaded.xml
cases:
  - name: an uploaded certificate is trusted, although no caller shows one
    gateway: {certificates: {partner: partner}}
    request: {get: /}
    expect: {status: 200, variables: {verified: "True"}}
  - name: a revoked one is not
    gateway: {certificates: {partner: revoked}}
    request: {get: /}
    expect: {status: 200, variables: {verified: "False"}}
  - name: nor any without its authority
    gateway: {certificates: {partner: stranger}}
    request: {get: /}
    expect: {status: 200, variables: {verified: "False"}}
"""


def test_the_authority_vouches_for_uploaded_certificates(write: Callable[..., str]) -> None:
    verify = """@(context.Deployment.Certificates["partner"].Verify().ToString())"""
    policy = f"<policies><inbound><set-variable name='verified' value='{verify}' /></inbound></policies>"
    write(policy, "uploaded.xml")
    found = outcomes(write(UPLOADED))
    assert [outcome.sentences or outcome.problem for outcome in found] == ["", "", ""]


LIMITS = """
policy: limit.xml
defaults:
  request: {get: /orders, ip-address: 10.0.0.1}
  outside: {when: {method: POST, url: "*/token"}, json: {access_token: abc}}
cases:
  - name: one call a minute
    steps:
      - expect:
          status: 200
          variables: {access: abc, user: nobody}
          sent-requests: [{method: POST, body: {contains: grant_type}}]
      - expect:
          status: 429
          headers: {Retry-After: "60"}
          error: {source: rate-limit-by-key, reason: RateLimitExceeded}
      - {advance: 60, expect: {status: 200}}
  - name: tried again
    backend: [{status: 503}, {status: 200, json: {orders: [1, 2]}}]
    expect: {status: 200, backend-requests: 2, json-subset: {orders: [1]}, branch: otherwise}
  - name: a variable from a wider scope, and a service that is down
    variables: {user: anna}
    outside: {raises: refused}
    expect:
      variables: {access: none}
      backend-requests: [{headers: {X-User: anna, X-Other: null}, url: {matches: "/orders$"}}]
      error: false
  - name: left out
    skip: not yet
    expect: {status: 500}
"""


def test_limits_services_and_variables(write: Callable[..., str]) -> None:
    found = outcomes(write(LIMITS))
    assert [outcome.sentences or outcome.problem for outcome in found] == ["", "", "", "not yet"]
    assert [outcome.status for outcome in found] == ["passed", "passed", "passed", "skipped"]


def test_the_same_in_toml_and_json(write: Callable[..., str]) -> None:
    toml = """
        policy = "orders.xml"
        [[cases]]
        name = "nobody"
        request = {get = "/orders"}
        expect = {status = 403}
    """
    assert outcomes(write(toml, "a.test.toml"))[0].status == "passed"
    case = {"name": "nobody", "request": {"get": "/orders"}, "expect": {"status": 403}}
    assert outcomes(write(json.dumps({"policy": "orders.xml", "cases": [case]}), "a.test.json"))[0].status == "passed"


# What is expected (of a response 200 "OK", {"orders": [1]}, X: a), and the sentences.
FAILURES = [
    ("status: 403", ["expected status 403, got 200"]),
    ("status: [201, 4xx]", ["expected status 201 or 4xx, got 200"]),
    ("reason: Fine", ["expected reason 'Fine', got 'OK'"]),
    ("headers: {X: b}", ["expected header X 'b', got 'a'"]),
    ("headers: {X: null}", ["expected the response to have no header X, got 'a'"]),
    ("headers: {Y: b}", ["expected the response to have the header Y, it has none"]),
    ("headers: {X: {matches: '^b'}}", ["expected header X to match '^b', got 'a'"]),
    ("body: {contains: [orders, customers]}", ["expected body to contain 'customers', got '{\"orders\": [1]}'"]),
    ("body: {not-contains: orders}", ["expected body not to contain 'orders', got '{\"orders\": [1]}'"]),
    ("json: {orders: []}", ["expected body.orders [], got [1]"]),
    ("json: {}", ["expected body to have only nothing, it has 'orders' too"]),
    ("json-subset: {orders: [2], count: 1}", [
        "expected body.orders[0] 2, got 1",
        "expected body to have 'count', it has 'orders'",
    ]),
    ("json: {orders: [true]}", ["expected body.orders[0] true, got 1"]),
    ("backend-requests: 0", [
        "expected 0 requests to a backend, got 1: GET https://contoso.azure-api.net/a"
    ]),
    ("backend-requests: [{method: POST, certificate: partner}]", [
        "expected the request's method 'POST', got 'GET'",
        "expected the request to carry the certificate partner, got none",
    ]),
    ("sent-requests: true", ["expected some requests sent by policies, got 0"]),
    ("variables: {n: 2, t: x, o: {a: 2}, gone: 1}", [
        "expected the variable 'n' to be '2', got '1'",
        "expected variable o.a 2, got 1",
        "expected the variable 'gone', it was not set; set were n, t, o",
    ]),
    ("error: {reason: X}", ["expected an error, there was none"]),
    ("branch: when 2", ["expected the branch when 2, taken were: choose ▸ when 1"]),
    ("explanation: nonsense", ["expected the explanation to say 'nonsense'"]),
    ("error: true", ["expected an error, there was none"]),
    ("elapsed: 2.5", ["expected the request to take 2.5 seconds, it took 0"]),
    ("warned-at-save: [POL108]", ["expected the warnings POL108 about the documents, there are none"]),
    ("refused-at-save: CS1525", ["expected the document to be refused, got 200 OK"]),
    ("misconfigured: logger", ["expected the gateway to be set up wrongly, got 200 OK"]),
    ("not-simulated: trace", ["expected the request to reach what is not simulated, got 200 OK"]),
    ("recorded: {messages: [{queue: orders}], events: {log: []}}", ["expected 1 messages, got 0: none"]),
    ("recorded: {invocations: 1}", [
        "expected 1 request forwarded to Dapr services, got 0"
    ]),
]  # fmt: skip
SMALL = """
<policies>
    <inbound>
        <set-variable name="n" value="@(1)" />
        <set-variable name="t" value="x" />
        <set-variable name="o" value="@(new JObject(new JProperty("a", 1)))" />
        <choose><when condition="@(true)"><set-method>GET</set-method></when></choose>
    </inbound>
</policies>
"""


@pytest.mark.parametrize(("expect", "sentences"), FAILURES)
def test_failures_are_sentences(write: Callable[..., str], tmp_path: Path, expect: str, sentences: list[str]) -> None:
    (tmp_path / "small.xml").write_text(SMALL)
    text = "policy: small.xml\ncases:\n  - backend: {headers: {X: a}, json: {orders: [1]}}\n"
    text += f"    request: {{get: /a}}\n    expect: {{{expect}}}\n"
    (outcome,) = outcomes(write(text))
    assert outcome.sentences == sentences
    assert outcome.status == "failed"
    assert outcome.line == 5
    assert outcome.explanation().startswith("200 OK, decided by the backend")


def test_a_policy_that_is_refused_is_an_error(write: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text(
        "<policies><inbound><set-variable name='a' value='@(1 +)' /></inbound></policies>"
    )
    (outcome,) = outcomes(write("policy: bad.xml\ncases: [{expect: {status: 200}}]"))
    assert outcome.status == "error"
    assert "CS1525" in outcome.problem


# The policies of inbound, what is expected of them, and the sentences.
UNEXPECTED = [
    ("<set-method>@(1 +)</set-method>", "refused-at-save: POL104", "with POL104, its errors are"),
    (
        "<authentication-managed-identity resource='r' />",
        "misconfigured: logger",
        "expected the gateway to be set up wrongly with 'logger', the message is \"the gateway has no managed identity",
    ),
    ("<log-to-eventhub logger-id='log'>a</log-to-eventhub>", "recorded: {events: {log: [{body: b}]}}", "'b', got 'a'"),
    (
        "<emit-metric name='calls' value='2' />",
        "recorded: {metrics: [{name: call, value: 3}]}",
        "expected metrics [1] name 'call', got 'calls'; expected metrics [1] value 3, got 2",
    ),
]


@pytest.mark.parametrize(("policies", "expect", "sentence"), UNEXPECTED)
def test_what_else_differs_is_said(write: Callable[..., str], policies: str, expect: str, sentence: str) -> None:
    document = f"<policies><inbound>{policies}</inbound></policies>"
    (outcome,) = outcomes(write(f'policy: "{document}"\ncases:\n  - expect: {{{expect}}}'))
    assert outcome.status == "failed"
    assert sentence in "; ".join(outcome.sentences)


# The file, the place of the mistake, and what is said.
P = "policy: orders.xml\n"
MISTAKES = [
    ("polcy: orders.xml\ncases: []", (1, 1), "unknown key 'polcy' (did you mean 'policy'?)"),
    (P.strip(), (1, 1), "'cases' is missing here"),
    ("policy: nothing.xml\ncases: []", (1, 9), "there is no file"),
    (P + "cases: {a: 1}", (2, 8), "this must be a list, not a table"),
    (P + "cases:\n  - name: x", (3, 5), "'expect' is missing here"),
    (P + "cases:\n  - expect: {staus: 200}", (3, 14), "unknown key 'staus' (did you mean 'status'?)"),
    (P + "cases:\n  - expect: {status: forbidden}", (3, 22), "a status is a number"),
    (P + "cases:\n  - request: {get: /a, post: /b}\n    expect: {}", (3, 14), "one method with its URL"),
    (P + "cases:\n  - request: {get: /a, body: a, json: 1}\n    expect: {}", (3, 33), "there is 'body' already"),
    (P + "cases:\n  - backend: {raises: never}\n    expect: {}", (3, 23), "this is one of timeout, refused"),
    (P + "cases:\n  - now: soon\n    expect: {}", (3, 10), "this must be a date"),
    (P + "cases:\n  - expect: {misconfigured: a, status: 200}", (3, 32), "there is no response, and no 'status'"),
    (P + "cases:\n  - outside: {answers: [{status: 200}]}\n    expect: {}", (3, 15), "'answers' belongs to a 'when'"),
    (P + "cases:\n  - outside: {when: {url: a}, status: 1, answers: []}", (3, 39), "a status is a number"),
    (P + "cases:\n  - outside: {when: {url: a}, body: b, answers: []}\n    expect: {}", (3, 31), "'body' belongs to"),
    (P + "cases:\n  - named-values: {a: {thumb: partner}}\n    expect: {}", (3, 24), "unknown key 'thumb'"),
    (P + "identity-providers: {a: {url: b}}\ncases: []", (2, 25), "a provider has an 'issuer', or a 'tenant'"),
    (P + "cases: [\n", (3, 1), "this is not YAML"),
    (P + "policy: orders.xml\ncases: []", (2, 1), "'policy' is given twice"),
    (P + "cases: !!bool maybe", (2, 8), "this is not what YAML calls 'bool'"),
    (P + "cases: !!timestamp maybe", (2, 8), "this is not what YAML calls 'timestamp'"),
    (P + "cases: " + "9" * 5000, (2, 8), "this is not what YAML calls 'int'"),
    ("x: [&a [b], " + "*a, " * 20 + "*a]", (1, 1), "unknown key 'x'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "place", "message"), MISTAKES)
def test_mistakes_in_a_file_have_places(
    write: Callable[..., str], text: str, place: tuple[int, int], message: str
) -> None:
    with pytest.raises(DiagnosticError) as raised:
        load_case_file(write(text))
    (finding,) = raised.value.diagnostics
    assert message in str(finding)
    assert finding.position == place


def test_all_mistakes_of_a_file_are_found(write: Callable[..., str]) -> None:
    text = """policy: nothing.xml
polcy: orders.xml
cases:
  - requst: {get: 1}
    request: {get: /a, headers: 4}
    expect: {status: [x], backend-requests: x, bodyy: 3}
  - each: [{a: 1}]
    expecct: {}
  - expect: {reason: [1]}
"""
    with pytest.raises(DiagnosticError) as raised:
        load_case_file(write(text))
    found = {(finding.position.line, finding.position.column) for finding in raised.value.diagnostics}
    assert found == {(1, 9), (2, 1), (4, 5), (5, 33), (6, 23), (6, 45), (6, 48), (8, 5), (9, 22)}


def test_aliases_stand_for_as_much_as_a_large_file_holds_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Tree] = []
    monkeypatch.setattr(Tree, "__init__", _noted(Tree.__init__, made))
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 8)}]" for i in range(1, 12))]
    with pytest.raises(DiagnosticError, match="the aliases of this file expand to too much data"):
        read_tree("\n".join(lines), "a.test.yaml")
    assert len(made) <= MOST_TREES + 1


def test_a_file_without_aliases_may_be_as_large_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apimpolicy.testing.tree.MOST_TREES", 10)
    assert len(read_tree("a: [" + "b," * 500 + "]", "a.test.yaml").table()["a"].items()) == 500


def _noted(make: Callable[..., None], made: list[Tree]) -> Callable[..., None]:
    def noted(self: Tree, *values: object) -> None:
        made.append(self)
        make(self, *values)

    return noted


def test_an_unknown_certificate_is_said_where_it_stands(write: Callable[..., str]) -> None:
    text = "policy: orders.xml\ncases:\n  - gateway: {negotiate-client-certificate: true}\n"
    (outcome,) = outcomes(write(text + "    request: {get: /a, certificate: nobody}\n    expect: {}"))
    assert "4:37: POL505 error: there is no certificate 'nobody'" in outcome.problem.replace("a.test.yaml:", "")


def test_the_schema_takes_these_files() -> None:
    import jsonschema_rs
    import yaml

    validator = jsonschema_rs.validator_for(schema.schema())
    for text in (CERTIFICATES, LIMITS):
        errors = [error.message for error in validator.iter_errors(json.loads(json.dumps(yaml.safe_load(text))))]
        assert errors == []
    assert not validator.is_valid({"cases": [{"expect": {"staus": 1}}]})


def test_effects_come_in_the_order_that_is_expected(write: Callable[..., str]) -> None:
    policy = "<policies><inbound><set-method>PUT</set-method><set-variable name='a' value='1'/></inbound></policies>"
    text = f'policy: "{policy}"\ncases:\n  - expect: {{effects: ["set-method[1]: PUT", "set-variable[1]: a = 1"]}}\n'
    text += '  - expect: {effects: ["set-variable[1]: a = 1", "set-method[1]: PUT"]}\n'
    good, bad = outcomes(write(text))
    assert good.is_good, good
    assert not bad.is_good


INCLUDES = """<policies><inbound><include-fragment fragment-id="mark" /></inbound>
<backend><forward-request /></backend><outbound /></policies>"""
MARK = '<fragment><set-header name="X-A" exists-action="override"><value>1</value></set-header></fragment>'


@pytest.mark.parametrize("configuration", [None, "apimpolicy.toml", "policies/apimpolicy.toml"])
def test_paths_are_meant_from_the_test_file(tmp_path: Path, configuration: str | None) -> None:
    """A configuration in a folder above doesn't change that; what it says itself is meant from where it is."""
    policies = tmp_path / "policies"
    (policies / "fragments").mkdir(parents=True)
    (policies / "orders.xml").write_text(INCLUDES)
    (policies / "fragments" / "mark.xml").write_text(MARK)
    (policies / "order.json").write_text("{}")
    (policies / "orders.test.yaml").write_text(
        "policy: orders.xml\n"
        "defaults:\n"
        "  gateway: {fragments: {mark: fragments/mark.xml}, schemas: {order: order.json}}\n"
        "cases: [{request: {get: /a}, expect: {status: 200}}]\n"
    )
    if configuration is not None:
        (tmp_path / configuration).write_text("negotiate-client-certificate = true\n")
    (outcome,) = outcomes(str(policies / "orders.test.yaml"))
    assert outcome.is_good, (outcome.problem, outcome.sentences)


@pytest.mark.parametrize(
    ("wanted", "sentences"),
    [
        ("{status: 5xx, body: no, headers: {X: a}}", []),
        ("{status: [200, 4xx], reason: OK}", [
            "variable r: expected status 200 or 4xx, got 503",
            "variable r: expected reason 'OK', got 'Service Unavailable'",
        ]),
        ("{body: {contains: yes}}", ["variable r: expected body to contain 'yes', got 'no'"]),
    ],
)  # fmt: skip
def test_a_response_in_a_variable(write: Callable[..., str], wanted: str, sentences: list[str]) -> None:
    sends = "<send-request response-variable-name='r'><set-url>https://a.example</set-url></send-request>"
    text = f'policy: "<policies><inbound>{sends}</inbound></policies>"\n'
    text += "cases: [{outside: {status: 503, headers: {X: a}, body: 'no'}, expect: {variables: {r: "
    (outcome,) = outcomes(write(text + wanted.replace("body: no", "body: 'no'").replace("yes", "'yes'") + "}}}]\n"))
    assert outcome.sentences == sentences
