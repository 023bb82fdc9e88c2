"""`apimpolicy new test`: cases that reach branches, and a file that passes as it is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from apimpolicy.cli import main
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.first_cases import FoundCase, file_of_cases, text_of
from apimpolicy.testing.first_surroundings import CaseSurroundings
from apimpolicy.testing.recorded_traces import recorded_case
from apimpolicy.testing.running import run_case
from apimpolicy.testing.solved_cases import find_cases

RECORDED = Path(__file__).parent / "recorded_traces"


def test_a_recorded_trace_becomes_a_case(tmp_path: Path) -> None:
    """The recorded request and answers, the recorded outcome, and the first step that the simulator takes otherwise."""
    output = tmp_path / "shop.test.yaml"
    policy = str(shutil.copy(RECORDED / "policy.xml", tmp_path))
    made = recorded_case(policy, str(RECORDED / "accepted.json"), str(output))
    output.write_text(made.text)
    (case,) = load_case_file(str(output)).cases
    outcome = run_case(case)
    assert outcome.sentences == []
    assert outcome.results[0].request.headers.get("X-Tenant") == "contoso"
    assert made.difference == ""

    different = recorded_case(policy, str(RECORDED / "unavailable.json"), str(output))
    output.write_text(different.text)
    (case,) = load_case_file(str(output)).cases
    assert run_case(case).sentences == ["expected status 503, got 202", "expected reason 'Never', got 'Later'"]


IDENTITIES = """
<policies>
    <inbound>
        <validate-jwt header-name="Authorization" output-token-variable-name="token">
            <openid-config url="{{login}}/.well-known/openid-configuration" />
            <audiences><audience>orders</audience></audiences>
            <required-claims><claim name="scp" match="any"><value>orders.read</value></claim></required-claims>
        </validate-jwt>
        <validate-azure-ad-token tenant-id="{{tenant-id}}" header-name="X-Token">
            <client-application-ids><application-id>{{client}}</application-id></client-application-ids>
        </validate-azure-ad-token>
        <authentication-managed-identity resource="https://vault.azure.net" client-id="{{identity-client-id}}" />
        <choose>
            <when condition="@(((Jwt)context.Variables["token"]).Claims.GetValueOrDefault("role", "") == "boss")">
                <return-response><set-status code="202" reason="Yes" /></return-response>
            </when>
        </choose>
    </inbound>
</policies>
"""


@pytest.mark.parametrize(
    ("cut", "statuses"), [("validate-azure-ad-token", [401, 202, 200]), ("validate-jwt", [401, 200])]
)
def test_tokens_and_identities_are_there(tmp_path: Path, cut: str, statuses: list[int]) -> None:
    """A provider that publishes what the policy accepts, a token with what it reads, an identity for the backend."""
    policy, output = tmp_path / "orders.xml", tmp_path / "orders.test.yaml"
    text = re.sub(rf"<{cut}.*</{cut}>", "", IDENTITIES, flags=re.DOTALL)
    if cut == "validate-jwt":
        text = re.sub("<choose>.*</choose>", "", text, flags=re.DOTALL).replace(' header-name="X-Token"', "")
    policy.write_text(text)
    made = find_cases(str(policy), str(output))
    assert [case.expect["status"] for case in made.cases] == statuses
    assert made.missing == []
    output.write_text(made.text)
    assert [run_case(case).sentences for case in load_case_file(str(output)).cases] == [[]] * len(statuses)


LIMITED = """<policies><inbound><rate-limit-by-key calls="2" renewal-period="30" counter-key="all" />
    <quota-by-key calls="11" renewal-period="300" counter-key="all" />
    <ip-filter action="{action}"><address> 10.0.0.1 </address>
        <address-range from="10.1.0.0" to="10.1.0.9" /></ip-filter></inbound></policies>"""


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ("forbid", ["a request reaches the backend"]),
        ("allow", ["a request is refused with 403", "a request from the address 10.0.0.1 reaches the backend"]),
    ],
)
def test_limits_and_addresses(action: str, names: list[str], tmp_path: Path) -> None:
    """Of the two limits only the one of few calls has a case."""
    policy, output = tmp_path / "orders.xml", tmp_path / "orders.test.yaml"
    policy.write_text(LIMITED.format(action=action))
    made = find_cases(str(policy), str(output))
    assert [case.name for case in made.cases] == [*names, "call 3 within 30 seconds is refused"]
    assert [step["expect"]["status"] for step in made.cases[-1].steps] == [200, 200, 429, 200]
    output.write_text(made.text)
    outcomes = [run_case(case) for case in load_case_file(str(output)).cases]
    assert [outcome.sentences for outcome in outcomes] == [[]] * (len(names) + 1)


def test_a_limit_that_no_request_meets_has_no_case(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    limit = '<rate-limit-by-key calls="1" renewal-period="9" counter-key="@(context.RequestId.ToString())" />'
    policy.write_text(f"<policies><inbound>{limit}</inbound></policies>")
    assert not any(case.steps for case in find_cases(str(policy), str(tmp_path / "orders.test.yaml")).cases)


CHANGED = """<policies>
    <inbound>
        <set-header name="X-Region" exists-action="override"><value>west</value></set-header>
        <set-header name="X-Id" exists-action="override"><value>@(context.RequestId.ToString())</value></set-header>
        <set-variable name="count" value="@(2 + 3)" />
        <set-variable name="at" value="@(DateTime.UtcNow.ToString("o"))" />
        <rewrite-uri template="/v2" />
        <send-request response-variable-name="answer"><set-url>https://audit.example</set-url>
            <set-method>POST</set-method><set-body>hello</set-body></send-request>
    </inbound>
    <backend><forward-request /></backend>
    <outbound>
        <set-header name="X-Powered-By" exists-action="delete" />
        <set-header name="X-Version" exists-action="override"><value>2</value></set-header>
        <set-body>{"a": [1, true]}</set-body>
    </outbound>
</policies>"""


def test_what_policies_change_is_expected_unless_it_changes_with_time(tmp_path: Path) -> None:
    policy, output = tmp_path / "orders.xml", tmp_path / "orders.test.yaml"
    policy.write_text(CHANGED)
    made = find_cases(str(policy), str(output))
    assert made.cases[0].expect == {
        "status": 200,
        "headers": {"X-Version": "2"},
        "json": {"a": [1, True]},
        "backend-requests": [{"url": "https://contoso.azure-api.net/v2", "headers": {"X-Region": "west"}}],
        "sent-requests": [{"method": "POST", "url": "https://audit.example/", "body": "hello"}],
        "variables": {"count": "5"},
    }
    output.write_text(made.text)
    assert [run_case(case).sentences for case in load_case_file(str(output)).cases] == [[]]


def test_nothing_is_expected_of_headers_and_variables_that_all_change(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    chosen = "<value>@(new Random().Next(1000000).ToString())</value>"
    header = f'<set-header name="X-A" exists-action="override">{chosen}</set-header>'
    variable = '<set-variable name="id" value="@(Guid.NewGuid().ToString())" />'
    policy.write_text(
        f"<policies><inbound>{header}{variable}</inbound><backend><forward-request /></backend>"
        f"<outbound>{header}</outbound></policies>"
    )
    made = find_cases(str(policy), str(tmp_path / "orders.test.yaml"))
    assert made.cases[0].expect == {"status": 200, "backend-requests": [{}]}


def test_a_limit_of_a_subscription_has_one(tmp_path: Path) -> None:
    policy = tmp_path / "orders.xml"
    policy.write_text('<policies><inbound><rate-limit calls="1" renewal-period="9" /></inbound></policies>')
    made = find_cases(str(policy), str(tmp_path / "orders.test.yaml"))
    assert "subscription: {id: partner}" in made.text
    assert [case.name for case in made.cases] == ["a request reaches the backend", "call 2 within 9 seconds is refused"]


def test_what_stands_in_comments_stays_there() -> None:
    text = text_of(
        CaseSurroundings(policy="p.xml"), [], [("Not found:", ["a form that\n  says: more"]), ("Nothing:", [])]
    )
    assert text.endswith("cases:\n\n# Not found:\n#   a form that says: more\n")


def test_a_case_that_the_run_contradicts_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<policies><inbound /><backend /><outbound /><on-error /></policies>", "utf-8")
    around = CaseSurroundings(policy=str(tmp_path / "a.xml"), output=str(tmp_path / "tests" / "a.test.yaml"))
    cases = [
        FoundCase("as it is", {"get": "/"}, {"status": 200}),
        FoundCase("otherwise", {"get": "/"}, {"status": 404}, branches=["when 1"]),
    ]
    made = file_of_cases(around, cases, [], ["when 2"])
    assert [case.name for case in made.cases] == ["as it is"]
    assert made.dropped == ["otherwise"]
    assert made.missing == ["when 2", "when 1"]
    assert "#   otherwise\n" in made.text


def test_files_that_git_ignores_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("seen", "hidden", ".git"):
        (tmp_path / folder).mkdir()
    for folder in ("seen", "hidden"):
        (tmp_path / folder / "a.xml").write_text("<policies><inbound><base /></inbound></policies>", "utf-8")
    (tmp_path / ".gitignore").write_text("/hidden/*.yaml\n", "utf-8")
    assert main(["new", "test", "."]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert "git ignores hidden/a.test.yaml: apimpolicy test runs such files only" in said
