"""`apimpolicy prove` and `apimpolicy diff` as people and programs see them."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from apimpolicy.cli import main
from apimpolicy.reasoning.scenarios.scenario import Bounds
from apimpolicy.report.outputs.json_schema import output_schema
from apimpolicy.testing.case_files import load_case_file
from apimpolicy.testing.claims.configured import claims_of_services
from apimpolicy.testing.claims.running import out_of_time, prove_file

if TYPE_CHECKING:
    from pathlib import Path

    from apimpolicy.reasoning.terms.term import Term
    from apimpolicy.testing.claims.reading import Claim

POLICY = """<policies><inbound><base />
    <choose>
        <when condition='@(context.Request.Headers.GetValueOrDefault("X-Key", "") != "open")'>
            <return-response><set-status code="403" reason="Forbidden" /></return-response>
        </when>
    </choose>
</inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>
"""
FILE = """policy: orders.xml
cases:
  - name: a plain request is refused
    expect: {status: 403}

# claims follow
claims:
  - name: only requests with the key get through
    if: reaches-backend
    then: '@(context.Request.Headers.GetValueOrDefault("X-Key", "") == "open")'
  - name: nobody is refused
    never: {by: policy}
  - name: the moment is even
    if: reaches-backend
    then: '@(context.Elapsed.Seconds % 2 == 0)'
"""


CLAIM_OF_SERVICE = 'name = "no request is refused"\nnever = {by = "policy"}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "orders.xml").write_text(POLICY, "utf-8")
    (tmp_path / "orders.test.yaml").write_text(FILE, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_claim_is_shown_with_its_verdict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove"]) == 1

    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines() if line.startswith("orders.test.yaml: ")]
    assert [line[-1] for line in lines] == ["proven", "false", "decided"]
    assert "  GET / gets 403 Forbidden\n" in out
    assert "  403 Forbidden, decided by orders.xml:3 choose ▸ when 1\n" in out
    assert "      expect: {holds: nobody is refused}\n" in out
    assert "3 claims: 1 proven, 1 false, 1 not decided, " in out
    assert "assuming" not in out


@pytest.mark.parametrize(
    ("word", "code"), [("only requests", 0), ("nobody is", 1), ("the moment", 3), ("nothing like this", 5)]
)
def test_exit_codes(folder: Path, word: str, code: int) -> None:
    assert main(["prove", "-k", word]) == code


def test_an_invalid_claim_is_reported_at_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for old, new, said in (
        ("if: reaches-backend", "if: reaches-the-backend", "'reaches-the-backend' is not a condition"),
        ("never: {by: policy}", "description: nothing", "a claim says what holds"),
        ("never: {by: policy}", "never: {by: nobody}", "this is one of gateway, policy, backend"),
        ("never: {by: policy}", "never: {status: abc}", "a status is a number such as 403, or a pattern such as 4xx"),
        ("never: {by: policy}", "never: {request: {method: G ET}}", "this is not a valid HTTP method"),
        ("never: {by: policy}", "never: {any: [{reason: {matches: '('}}]}", "this is not a regular expression"),
    ):
        (folder / "orders.test.yaml").write_text(FILE.replace(old, new, 1), "utf-8")
        assert main(["prove"]) == 2
        assert said in capsys.readouterr().out


def test_an_expression_that_does_not_compile(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "orders.test.yaml").write_text(
        FILE.replace("context.Elapsed.Seconds", "context.Elapsed.Sekunden"), "utf-8"
    )

    assert main(["prove", "-k", "moment"]) == 1
    assert "CS1061 error: 'TimeSpan' has no member 'Sekunden'" in capsys.readouterr().out


def test_write_adds_a_case_that_fails_until_the_claim_holds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--write"]) == 1
    text = (folder / "orders.test.yaml").read_text("utf-8")
    assert text.index("nobody is refused: GET /") < text.index("# claims follow")
    assert main(["prove", "--write"]) == 1
    assert (folder / "orders.test.yaml").read_text("utf-8") == text
    capsys.readouterr()

    assert main(["test"]) == 1
    assert "the claim 'nobody is refused' does not hold for this request" in capsys.readouterr().out
    (folder / "orders.xml").write_text(POLICY.replace('!= "open"', '== "never"'), "utf-8")
    assert main(["test", "-k", "nobody"]) == 0


def test_a_token_of_a_provider_that_no_file_declares(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check = '<validate-jwt header-name="Authorization"><openid-config url="https://a.example/keys" /></validate-jwt>'
    (folder / "orders.xml").write_text(POLICY.replace("<choose>", f"{check}<choose>"), "utf-8")
    (folder / "orders.test.yaml").write_text(
        "policy: orders.xml\nclaims: [{name: nobody with a token is refused, never: {status: 403}}]\n", "utf-8"
    )
    assert main(["prove", "--write"]) == 1
    assert "GET / with a valid token gets 403 Forbidden" in capsys.readouterr().out
    assert main(["test"]) == 1
    assert "the claim 'nobody with a token is refused' does not hold" in capsys.readouterr().out


def test_json_fits_its_schema(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--format", "json"]) == 1

    report = json.loads(capsys.readouterr().out)
    jsonschema_rs.validate(output_schema("prove-output"), report)
    assert [claim["status"] for claim in report["claims"]] == ["proven", "false", "undecided"]
    assert report["claims"][1]["summary"] == "GET / gets 403 Forbidden"
    assert report["claims"][1]["request"] == {"method": "GET", "url": "/", "headers": [], "body": None}


def test_junit_and_sarif(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["prove", "--format", "junit"])
    suite = ElementTree.fromstring(capsys.readouterr().out)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")

    main(["prove", "--format", "sarif"])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    places = [
        (result["ruleId"], result["level"], result["locations"][0]["physicalLocation"]["region"]["startLine"])
        for result in run["results"]
    ]
    assert places == [("POL506", "error", 11), ("POL507", "warning", 13)]
    assert all("help" in rule for rule in run["tool"]["driver"]["rules"])

    main(["prove", "--format", "azure"])
    issues = capsys.readouterr().out.splitlines()
    assert [line.partition("columnnumber")[0] for line in issues] == [
        f"##vso[task.logissue type={kind};sourcepath=orders.test.yaml;linenumber={line};"
        for kind, line in (("error", 11), ("warning", 13))
    ]


SERVICE = """
[apis.orders]
path = "orders"
policy = "orders.xml"

[[claims]]
name = "every API wants the key"
if = "reaches-backend"
then = '@(context.Request.Headers.ContainsKey("X-Key"))'

[[claims]]
name = "only the orders are there"
then = '@(context.Api.Id == "orders" && context.Request.Url.Path.ToLower().StartsWith("/orders"))'
"""


def test_claims_of_a_configuration_are_about_every_api(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "orders.test.yaml").unlink()
    (folder / "apimpolicy.toml").write_text(SERVICE, "utf-8")
    assert main(["prove"]) == 0

    (folder / "open.xml").write_text("<policies><inbound><base /></inbound></policies>", "utf-8")
    more = SERVICE.replace("[[claims]]", '[apis.open]\npath = "open"\npolicy = "open.xml"\n\n[[claims]]', 1)
    (folder / "apimpolicy.toml").write_text(more, "utf-8")
    capsys.readouterr()
    assert main(["prove"]) == 1
    out = capsys.readouterr().out
    assert "every API wants the key (any /open/{*rest} without a key)" in out
    assert "GET /open/x reaches the backend and gets 200 OK" in out


def test_bounds_of_a_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "apimpolicy.toml").write_text("[prove]\nhours = 40\n", "utf-8")
    assert main(["prove"]) == 2
    assert "'hours' is not a key of [prove]" in capsys.readouterr().err


# diff

STRICTER = POLICY.replace('!= "open"', '!= "open" || context.Request.Method == "DELETE"')


def test_a_difference_with_the_smallest_request(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "new.xml").write_text(STRICTER, "utf-8")
    assert main(["diff", "orders.xml", "new.xml"]) == 1

    out = capsys.readouterr().out
    assert out.startswith("1 change for callers; everything else is proven the same.\n\nnew.xml:3 condition of <when>")
    assert "  1. was 200 OK from the backend, is now 403 Forbidden\n     DELETE / with the header X-Key: open\n" in out
    assert "     before  200 OK, decided by the backend\n" in out
    assert "     after   403 Forbidden, decided by new.xml:3 choose ▸ when 1\n" in out


@pytest.mark.parametrize(
    ("new", "kinds"),
    [
        pytest.param(POLICY.replace("<choose>", "<choose><!-- same -->"), [], id="a comment"),
        pytest.param(POLICY.replace('"") != "open"', '"x") != "open"'), [], id="another default that is refused too"),
        pytest.param(
            POLICY.replace("</inbound>", '<set-header name="X-A"><value>b</value></set-header></inbound>'),
            ["the backend now gets X-A: b"],
            id="a new header",
        ),
        pytest.param(
            POLICY.replace("Forbidden", "No"), ["was 403 Forbidden, is now 403 No"], id="another reason phrase"
        ),
        pytest.param(
            POLICY.replace(
                "</inbound>",
                '<set-header name=\'X-A\'><value>@(context.Request.Url.Query.GetValueOrDefault("a", ""))</value>'
                "</set-header></inbound>",
            ).replace("POLICY", ""),
            ["the backend now gets X-A:", "was 200 OK from the backend, is now 500 Internal Server Error"],
            id="a header from the query",
        ),
    ],
)
def test_kinds_of_differences(folder: Path, new: str, kinds: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "new.xml").write_text(new, "utf-8")
    code = main(["diff", "orders.xml", "new.xml", "--format", "json"])

    report = json.loads(capsys.readouterr().out)
    jsonschema_rs.validate(output_schema("diff-output"), report)
    (policy,) = report["policies"]
    assert [each["what"] for each in policy["differences"]] == kinds
    assert policy["complete"] is ("Query" not in new), policy["reasons"]
    assert code == (1 if kinds else 0)


def test_values_that_only_some_requests_show(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both versions send the same for the first request; the search finds one for which they do not."""
    value = 'context.Request.Url.Query.GetValueOrDefault("a", "{}")'
    header = f"<set-header name='X-A'><value>@({value})</value></set-header></inbound>"
    for name, default in (("old", "b"), ("new", "c")):
        text = POLICY.replace("</inbound>", header.replace("{}", default))
        (folder / f"{name}.xml").write_text(text, "utf-8")
    assert main(["diff", "old.xml", "new.xml"]) == 1
    assert "the backend gets X-A: c instead of b" in capsys.readouterr().out


def test_folders_revisions_and_markdown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)

    policies = folder / "policies"
    policies.mkdir()
    (policies / "orders.xml").write_text(POLICY, "utf-8")
    (policies / "gone.xml").write_text("<policies><inbound><mock-response /></inbound></policies>", "utf-8")
    git("init")
    git("add", "policies")
    git("commit", "-m", "first")
    (policies / "orders.xml").write_text(STRICTER, "utf-8")
    (policies / "gone.xml").unlink()
    (policies / "new.xml").write_text(POLICY, "utf-8")

    assert main(["diff", "HEAD", "policies", "--format", "markdown"]) == 1
    out = capsys.readouterr().out
    assert out.startswith(
        "**1 change for callers; 1 policy added; 1 policy removed; everything else is proven the same.**"
    )
    assert "Policies added: `policies/new.xml`\n\nPolicies removed: `policies/gone.xml`\n" in out
    assert "| was 200 OK from the backend, is now 403 Forbidden | DELETE / with the header X-Key: open |" in out

    assert main(["diff", "HEAD:policies/orders.xml", "policies/orders.xml", "--format", "github"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("::warning file=policies/orders.xml,line=3,")
    assert "was 200 OK from the backend, is now 403 Forbidden%0A" in out
    assert main(["diff", "HEAD:policies", "HEAD:policies"]) == 0
    assert main(["diff", "HEAD:nothing.xml", "policies/orders.xml"]) == 2
    assert "git has no nothing.xml at HEAD" in capsys.readouterr().err


def test_a_file_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "nowhere.xml", "orders.xml"]) == 2
    assert "there is no file, folder or git revision nowhere.xml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("gateway", "claim", "status"),
    [
        ("{operation: {id: a, method: GET, url-template: /a}}", "never: {status: 404}", 1),
        ("{over-capacity: true}", "never: {status: 429}", 1),
        ("{operation: {id: a, method: GET, url-template: /a}}", "then: {not: {status: 500, by: gateway}}", 0),
    ],
)
def test_requests_about_which_the_gateway_decides_without_a_policy(
    folder: Path, gateway: str, claim: str, status: int
) -> None:
    text = f"policy: orders.xml\ndefaults: {{gateway: {gateway}}}\nclaims:\n  - {claim}\n"
    (folder / "orders.test.yaml").write_text(text, "utf-8")

    assert main(["prove", "--seconds", "2"]) == status


@pytest.mark.parametrize(
    ("inbound", "claim"),
    [
        pytest.param('<set-variable name="a" value="b" />', "then: set-variable", id="a policy that runs"),
        pytest.param("", "never: {any: [mock-response, {status: 404, by: policy}]}", id="any"),
        pytest.param("", "then: {not: {by: gateway}}", id="not"),
        pytest.param(
            '<set-header name="X-A"><value>@(context.Request.Method)</value></set-header>',
            "if: {request: {headers: {X-A: POST}}}\n    then: '@(context.Request.Method == \"POST\")'",
            id="a header that a policy set",
        ),
        pytest.param(
            '<set-variable name="m" value="@(context.Request.Method)" />',
            "if: {variables: {m: PUT}}\n    then: '@(context.Request.Method == \"PUT\")'",
            id="a variable",
        ),
        pytest.param(
            '<return-response><set-status code="@(context.Request.Body == null ? 400 : 200)" reason="x" />'
            '<set-header name="A"><value>b</value></set-header><set-body>no</set-body></return-response>',
            "if: {status: 4xx}\n    then: ['@(context.Request.Body == null)', {headers: {A: b}, body: {contains: o}}]",
            id="what a composed answer has",
        ),
        pytest.param(
            "<choose><when condition='@(context.Request.Method == \"PUT\")'><set-method>POST</set-method></when>"
            "</choose>",
            "then-sent: '@(context.Request.Method != \"PUT\")'",
            id="the method as it was sent",
        ),
        pytest.param(
            "<set-variable name='n' value='@(context.Request.Headers[\"N\"][0])' />",
            "if: {error: {source: set-variable}}\n    then: {status: 500, by: gateway}",
            id="an error of an expression",
        ),
    ],
)
def test_conditions_that_are_proven(folder: Path, inbound: str, claim: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "orders.xml").write_text(POLICY.replace("<base />", f"<base />{inbound}", 1), "utf-8")
    if "{not:" in claim or "any:" in claim or "then: set-variable" in claim or "return-response" in inbound:
        (folder / "orders.xml").write_text(f"<policies><inbound><base />{inbound}</inbound></policies>", "utf-8")
    (folder / "orders.test.yaml").write_text(f"policy: orders.xml\nclaims:\n  - name: it\n    {claim}\n", "utf-8")

    assert main(["prove"]) == 0, capsys.readouterr().out


LIMIT = "<rate-limit-by-key calls='10' renewal-period='60' counter-key='a' />"
HASH = "context.Request.Headers.GetValueOrDefault(&quot;A&quot;, &quot;&quot;).GetHashCode() == 77"
STOPS = "<choose><when condition='@({})'><return-response><set-status code='417' /></return-response></when></choose>"


@pytest.mark.parametrize(
    ("inbound", "reasons"),
    [
        pytest.param(LIMIT + STOPS.format(HASH), ["string.GetHashCode: 77"], id="not that a limit doesn't refuse"),
        pytest.param(
            STOPS.format(f"Convert.FromBase64String(&quot;AA==&quot;).Length == 9 &amp;&amp; {HASH}"),
            ["Convert.FromBase64String", "Array.Length: 9", "string.GetHashCode: 77"],
            id="each once, named as people name it",
        ),
    ],
)
def test_reasons_are_what_a_counterexample_needs(
    folder: Path, inbound: str, reasons: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "orders.xml").write_text(POLICY.replace("<base />", f"<base />{inbound}", 1), "utf-8")
    claim = "policy: orders.xml\nclaims:\n  - {name: it, never: {status: 417, by: policy}}\n"
    (folder / "orders.test.yaml").write_text(claim, "utf-8")

    assert main(["prove", "--format", "json"]) == 3
    (found,) = json.loads(capsys.readouterr().out)["claims"]
    assert [each.partition(" (")[0] for each in found["reasons"]] == reasons


FOUND = """policy: orders.xml
claims:
  - name: nobody gets through
    never: reaches-backend
"""
ALL = (
    'context.Request.Headers.GetValueOrDefault("Authorization", "") == "Bearer a long secret" '
    '&& context.Request.Headers["X-Role"].First() == "user" && context.Request.Headers["X-Role"].Last() == "admin" '
    '&& (string)context.Request.Body.As<JObject>(true)["password"] == "of a caller"'
)


def test_a_found_request_is_whole_and_hides_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = POLICY.replace('context.Request.Headers.GetValueOrDefault("X-Key", "") != "open"', f"!({ALL})")
    (folder / "orders.xml").write_text(policy.replace("&&", "&amp;&amp;").replace("<JObject>", "&lt;JObject>"), "utf-8")
    (folder / "orders.test.yaml").write_text(FOUND, "utf-8")

    assert main(["prove", "--format", "json"]) == 1

    (claim,) = json.loads(capsys.readouterr().out)["claims"]
    headers = [(name, value) for name, value in claim["request"]["headers"] if name != "Content-Type"]
    assert sorted(headers) == [("Authorization", "Bearer a long secret"), ("X-Role", "admin"), ("X-Role", "user")]
    assert json.loads(claim["request"]["body"]) == {"password": "of a caller"}
    assert "***" not in f"{claim['summary']} {claim['explanation']} {claim['case']}"


def test_an_internal_error_is_of_one_claim_alone(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from apimpolicy.testing.claims.formulas import Formulas

    broken = Formulas.broken

    def fails_for_one(formulas: Formulas, claim: Claim) -> Term:
        if claim.name == "only requests with the key get through":
            raise ZeroDivisionError("seeded")
        return broken(formulas, claim)

    monkeypatch.setattr(Formulas, "broken", fails_for_one)

    assert main(["prove", "--debug"]) == 1

    captured = capsys.readouterr().out
    assert "Traceback (most recent call last)" in captured
    assert "3 claims: 0 proven, 1 false, 1 not decided, 1 with errors" in captured


VACUOUS = """policy: <policies><inbound><set-variable name="role" value="x" /><return-response /></inbound></policies>
claims:
  - name: no backend
    if: reaches-backend
    then: '@(context.Request.Method == "GET")'
  - name: nothing sent
    then-sent: '@(context.Request.Method == "GET")'
  - name: a status
    if: [by: policy, status: 404]
    then: {status: 200}
  - name: a variable
    then: '@((string)context.Variables["role"] == "x")'
"""


def test_a_vacuous_claim_is_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "orders.test.yaml").write_text(VACUOUS, "utf-8")

    assert main(["prove"]) == 1

    out = " ".join(capsys.readouterr().out.split())
    reason = "no request reaches the backend: none gets past return-response"
    assert out.count(f"the claim is about no request: {reason}") == 2
    assert "the claim is about no request: no request meets status: 404" in out
    assert "'then' asks the request as it came, in which no policy has set a variable" in out


def test_a_changed_named_value_of_a_service_is_a_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for side, value in (("old", "0"), ("new", "1")):
        api, named = tmp_path / side / "apis" / "orders", tmp_path / side / "named values" / "feature"
        for folder in (api, named):
            folder.mkdir(parents=True)
        (api / "apiInformation.json").write_text('{"properties": {"path": "orders"}}')
        (api / "policy.xml").write_text(
            '<policies><inbound><choose><when condition="@({{feature}} == 1)">'
            '<return-response><set-status code="418" />'
            "</return-response></when></choose></inbound></policies>"
        )
        information = json.dumps({"properties": {"displayName": "feature", "value": value}})
        (named / "namedValueInformation.json").write_text(information)
    monkeypatch.chdir(tmp_path)
    assert main(["diff", "old", "new"]) == 1
    assert "418" in capsys.readouterr().out


def test_a_service_without_an_api(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "main.tf").write_text('resource "azurerm_api_management" "a" { name = "a" }', "utf-8")
    (folder / "orders.test.yaml").unlink()
    assert main(["prove"]) == main(["audit"]) == 2
    assert "there is no API in ." in capsys.readouterr().out
    (folder / "apimpolicy.toml").write_text(f'service = "."\n[[claims]]\n{CLAIM_OF_SERVICE}', "utf-8")
    assert main(["prove", "--format", "json"]) == 2
    (unreadable,) = json.loads(capsys.readouterr().out)["unreadable"]
    assert unreadable["path"] == "apimpolicy.toml"


def test_named_claims_are_decided_of_a_service_without_claims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = tmp_path / "repository" / "artifacts" / "apis" / "orders"
    api.mkdir(parents=True)
    (api / "apiInformation.json").write_text('{"properties": {"path": "orders", "subscriptionRequired": false}}')
    monkeypatch.chdir(tmp_path)

    assert main(["prove", "repository", "--write"]) == 1

    written = capsys.readouterr()
    assert "repository has no claims of its own, so the named claims are decided" in written.err
    assert "artifacts/: authenticated (any /orders/{*rest} without a key)" in written.out
    assert main(["test", "repository"]) == 1  # the case names the claim, which still is false
    assert "authenticated" in capsys.readouterr().out

    shutil.copytree(api.parents[1], tmp_path / "repository" / "older")
    main(["audit", "repository"])
    shown = capsys.readouterr().out
    assert "service artifacts\n" in shown
    assert "service older\n" in shown
    assert main(["run", "repository", "--get", "/orders"]) == 2
    assert "repository has 2 services: name one of artifacts, older" in capsys.readouterr().err


def test_a_named_claim_about_an_absent_header_is_false_of_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = tmp_path / "apis" / "orders"
    api.mkdir(parents=True)
    (api / "apiInformation.json").write_text('{"properties": {"path": "orders", "subscriptionRequired": false}}')
    (api / "policy.xml").write_text(
        '<policies><inbound><return-response><set-header name="Authorization"><value>secret</value></set-header>'
        "</return-response></inbound><backend><base /></backend><outbound /><on-error /></policies>"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["prove"]) == 1
    said = capsys.readouterr().out
    assert "3 proven (2 about no request), 1 false, 0 not decided" in said
    assert "with errors" not in said


def test_claims_for_which_no_time_is_left_are_listed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", "--total-seconds", "60"]) == 1
    capsys.readouterr()
    file = load_case_file("orders.test.yaml")
    reports = out_of_time(file.claims, "this file")
    assert {report.status for report in reports} == {"undecided"}
    assert "--total-seconds" in reports[0].reasons[0]


def test_apis_for_which_no_time_is_left_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("orders", "users"):
        api = tmp_path / "apis" / name
        api.mkdir(parents=True)
        (api / "apiInformation.json").write_text(f'{{"properties": {{"path": "{name}"}}}}')
    monkeypatch.chdir(tmp_path)
    (file,) = claims_of_services(["."], ["authenticated"])
    (report,) = prove_file(*file, Bounds(seconds=1, total_seconds=1e-9))
    assert report.reasons == ("the time was used up before 2 APIs: orders, users; --total-seconds gives more",)
    assert main(["prove", "-k", "authenticated"]) == 1
    assert "authenticated" in capsys.readouterr().out
