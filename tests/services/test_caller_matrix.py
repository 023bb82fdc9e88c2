"""Which callers get what: each row is an operation of one service, and its answers by caller."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest
from tests.services.test_deployments import CHECKED, OPEN, terraform

from apimpolicy.cli import main
from apimpolicy.gateway.engine.token_issuers import shared_keys
from apimpolicy.project.audit_run import audit_path
from apimpolicy.project.service.leniency import lenient
from apimpolicy.report.caller_matrix import CALLERS, NOT_LOOKED_AT, Matrix, MatrixCell, MatrixRow, matrix_text
from apimpolicy.testing.caller_answers import CallerAnswers
from apimpolicy.testing.first_surroundings import CaseSurroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMAS = Path(__file__).resolve().parents[2] / "src" / "apimpolicy" / "schemas"
SCHEMA = jsonschema_rs.validator_for((SCHEMAS / "apimpolicy-audit-output.schema.json").read_text("utf-8"))
PROVIDER = "https://login.contoso.example/.well-known/openid-configuration"
OPENID = f'<openid-config url="{PROVIDER}" />'
AUDIENCE = f"{OPENID}<audiences><audience>orders</audience></audiences>"
REFUSED = '<return-response><set-status code="403" reason="Forbidden" /></return-response>'


def policy(inbound: str) -> str:
    sections = "".join(f"<{name}><base /></{name}>" for name in ("backend", "outbound", "on-error"))
    return f"<policies><inbound><base />{inbound}</inbound>{sections}</policies>"


def jwt(content: str) -> str:
    return f'<validate-jwt header-name="Authorization" output-token-variable-name="token">{content}</validate-jwt>'


def unless(condition: str) -> str:
    return f'<choose><when condition="@({condition})">{REFUSED}</when></choose>'


def api(path: str, *, needs_key: bool, **more: object) -> str:
    url = f"https://{path}.internal"
    properties = {"path": path, "displayName": path, "subscriptionRequired": needs_key, "serviceUrl": url, **more}
    return json.dumps({"properties": properties})


def operations(*names: str) -> str:
    paths = (
        f"  /{name}:\n    get: {{operationId: {name}, responses: {{'200': {{description: OK}}}}}}" for name in names
    )
    return "\n".join(("openapi: 3.0.1", "info: {title: A, version: '1'}", "paths:", *paths))


def tool(name: str, operation: str) -> dict[str, str]:
    resource = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/contoso"
    return {"name": name, "operationId": f"{resource}/apis/orders/operations/{operation}"}


ROLES = '.Claims.GetValueOrDefault("roles", "").Split(",").Contains("admin")'
KEYED = {
    "plain": "",
    "roles": unless(f'!((Jwt)context.Variables["token"]){ROLES}'),
    "writers": jwt(
        f"{OPENID}<required-claims><claim name='roles' match='any'><value>writer</value></claim></required-claims>"
    ),
    "computed": jwt(
        f"{OPENID}<required-claims><claim name='roles'><value>@(context.Operation.Id)</value></claim></required-claims>"
    ),
}
UNKEYED = {
    "open": "",
    "partner": '<validate-client-certificate validate-revocation="false" />'
    '<ip-filter action="allow"><address>203.0.113.7</address></ip-filter>',
    "forbidden": '<ip-filter action="forbid"><address>203.0.113.9</address></ip-filter>',
    "header": '<check-header name="X-Probe" failed-check-httpcode="418" failed-check-error-message="no"'
    ' ignore-case="true"><value>yes</value></check-header>',
    "bound": jwt(f"{OPENID}<audiences><audience>a</audience></audiences>")
    + unless("context.Request.Certificate == null || !context.Request.Certificate.Verify()"),
    "pinned": unless(
        "context.Request.Certificate == null || "
        'context.Request.Certificate.Thumbprint != "0123456789ABCDEF0123456789ABCDEF01234567"'
    ),
    "flagged": unless('"{{check}}" == "on" && !context.Request.Headers.ContainsKey("X-A")'),
    "included": '<include-fragment fragment-id="missing" />',
    "asked": '<send-request mode="new" response-variable-name="asked"><set-url>https://who.internal</set-url>'
    '<set-method>GET</set-method><set-header name="Authorization" exists-action="override"><value>'
    '@(context.Request.Headers.GetValueOrDefault("Authorization", ""))</value></set-header></send-request>'
    + unless('((IResponse)context.Variables["asked"]).Headers.GetValueOrDefault("allow", "") != "yes"'),
    "closed": REFUSED,
}
FILES = {
    "apis/orders/apiInformation.json": api("orders", needs_key=True),
    "apis/orders/specification.yaml": operations(*KEYED),
    "apis/orders/policy.xml": policy(
        jwt(f"{AUDIENCE}<issuers><issuer>https://login.contoso.example</issuer></issuers>")
    ),
    **{f"apis/orders/operations/{name}/policy.xml": policy(text) for name, text in KEYED.items() if text},
    "apis/items/apiInformation.json": api("items", needs_key=False),
    "apis/items/specification.yaml": operations(*UNKEYED),
    **{f"apis/items/operations/{name}/policy.xml": policy(text) for name, text in UNKEYED.items() if text},
    "apis/stock/apiInformation.json": api("stock", needs_key=True),
    "apis/stock/specification.yaml": operations("list"),
    "products/gold/productInformation.json": '{"properties": {"displayName": "Gold", "subscriptionRequired": true}}',
    "products/gold/apis.json": '[{"name": "stock"}]',
    "products/iron/productInformation.json": '{"properties": {"displayName": "Iron", "subscriptionRequired": true}}',
    "products/iron/apis.json": '[{"name": "stock"}]',
    "products/iron/policy.xml": policy(unless('!context.Request.Headers.ContainsKey("X-Iron")')),
    "apis/graph/apiInformation.json": api("graph", needs_key=True, type="graphql"),
    "apis/agents/apiInformation.json": api(
        "agents", needs_key=True, type="mcp", mcpTools=[tool("plain", "plain"), tool("gone", "gone")]
    ),
    "apis/agents/policy.xml": policy(jwt(AUDIENCE)),
}
TOKENS = "no-token 401, expired-token 401, other-issuer 401, other-audience 401"
KEY_AND_TOKEN = f"everything 200, nothing 401, no-key 401, {TOKENS}"
CERTIFICATES = "no-certificate {0}, other-certificate {0}"
ROWS = {
    "orders GET /plain": KEY_AND_TOKEN,
    "orders GET /roles": f"{KEY_AND_TOKEN}, no-claims 403",
    "orders GET /writers": f"{KEY_AND_TOKEN}, no-claims 401",
    "orders GET /computed": f"{KEY_AND_TOKEN}, no-claims 401",
    "items GET /open": "everything 200, nothing 200",
    "items GET /partner": f"everything 200, nothing 401, {CERTIFICATES.format(401)}, other-address 403",
    "items GET /forbidden": "everything 200, nothing 200, other-address 403",
    "items GET /header": "everything 200, nothing 418, no-headers 418",
    "items GET /bound": f"everything 200, nothing 401, {TOKENS}, {CERTIFICATES.format(403)}",
    "items GET /pinned": f"everything: no caller, nothing 403, {CERTIFICATES.format(': no caller')}".replace(" :", ":"),
    "items GET /flagged": "everything: named value 'check', nothing: named value 'check'",
    "items GET /included": "everything: fragment 'missing', nothing: fragment 'missing'",
    "items GET /asked": "everything 200, nothing: another service decides",
    "items GET /closed": "everything: no caller, nothing 403",
    "stock GET /list (product gold)": "everything 200, nothing 401, no-key 401",
    "stock GET /list (product iron)": "everything 200, nothing 401, no-key 401, no-headers 403",
    "graph every request": "everything: GraphQL, nothing 401, no-key 401",
    "agents tool plain": f"everything ?/401, nothing 401, no-key 401, {TOKENS}",
    "agents tool gone": ", ".join(f"{name}: gone" for name in CALLERS),
}
"""What each caller gets, or a part of the reason why that isn't known; the operation looks at nothing else."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("matrix") / "extracted"
    for name, text in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text, "utf-8")
    return made


@pytest.fixture(scope="module")
def answers(folder: Path) -> Iterator[tuple[CallerAnswers, Matrix]]:
    with lenient(), shared_keys():
        around = CaseSurroundings(service=str(folder), output=str(folder.parent / "callers.test.yaml"))
        made = CallerAnswers(audit_path(str(folder)).audit, around)
        yield made, made.matrix()


@pytest.mark.parametrize("name", ROWS)
def test_answers(name: str, answers: tuple[CallerAnswers, Matrix]) -> None:
    (row,) = (each for each in answers[1].rows if f"{each.api} {each.label}" == name)
    cells = {caller: cell for caller, cell in zip(CALLERS, row.cells, strict=True) if cell.reason != NOT_LOOKED_AT}
    expected = dict(part.replace(":", " :").split(" ", 1) for part in ROWS[name].split(", "))
    assert {caller: cell.reason or cell.shown for caller, cell in cells.items() if caller not in expected} == {}
    for caller, wanted in expected.items():
        cell = cells[caller]
        if wanted.startswith(":"):
            assert wanted.removeprefix(":").strip() in cell.reason
            assert cell.status is None
        else:
            assert (caller, cell.shown, cell.reason) == (caller, wanted, "")


def test_every_operation_has_each_caller(answers: tuple[CallerAnswers, Matrix]) -> None:
    rows = answers[1].rows
    assert {f"{row.api} {row.label}" for row in rows} == ROWS.keys()
    assert all(len(row.cells) == len(CALLERS) for row in rows)
    assert all(cell.reason or cell.shown for row in rows for cell in row.cells)


def test_the_matrix_agrees_with_the_audit(folder: Path, answers: tuple[CallerAnswers, Matrix]) -> None:
    """Where all paths to the backend need a proof, no caller without one reaches it."""
    with lenient():
        audit = audit_path(str(folder)).audit
    rows = {(row.api, row.id): dict(zip(CALLERS, row.cells, strict=True)) for row in answers[1].rows}
    lacking = {"subscription key": "no-key", "token": "no-token", "certificate": "no-certificate"}
    for operation in audit.operations:
        cells, access = rows[operation.api.id, operation.id], operation.access
        assert access.is_open or not access.is_decided or not cells["nothing"].reaches_backend
        for proof, caller in lacking.items():
            if access.paths and all(proof in path.proofs for path in access.paths):
                assert not cells[caller].reaches_backend
                assert cells[caller].reason != NOT_LOOKED_AT


def test_the_command(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The file that it writes passes, and has a case for each answer."""
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("COLUMNS", "80")
    command = ["audit", "extracted", "--matrix"]
    code = main([*command, "--write", "callers.test.yaml", "--html", "audit.html"])
    out, err = capsys.readouterr()
    text = out[out.index("\nWhich callers get what\n") :]
    assert max(map(len, text.splitlines())) <= 80
    assert main([*command, "--format", "json"]) == code
    report = json.loads(capsys.readouterr().out)
    SCHEMA.validate(report)
    (matrix,) = report["matrix"]
    count = sum("reason" not in cell for each in matrix["operations"] for cell in each["cells"])
    assert f"wrote callers.test.yaml: {count} test cases" in err
    assert main(["test", "callers.test.yaml"]) == 0
    assert f"{count} passed" in capsys.readouterr().out
    assert main([*command, "--format", "markdown"]) == code
    assert "| orders | GET /plain | 200 | 401 | 401 | 401 |" in capsys.readouterr().out
    page = Path("audit.html").read_text("utf-8")
    assert "<td>orders</td><td>GET /plain</td><td>200</td><td>401</td>" in page
    assert main([*command, "--write", "callers.test.yaml"]) == 2


@pytest.mark.parametrize(
    ("caller", "arguments"),
    [
        ("everything", ["--token", "login", "--claim", "roles=admin"]),
        ("no-claims", ["--token", "login"]),
        ("no-token", []),
    ],
)
def test_run_has_the_same_answer(
    caller: str,
    arguments: list[str],
    folder: Path,
    answers: tuple[CallerAnswers, Matrix],
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = ["--header", "Ocp-Apim-Subscription-Key: key"]
    assert main(["run", str(folder), "--get", "/orders/roles", *key, *arguments, "--format", "json"]) == 0
    status = json.loads(capsys.readouterr().out)["response"]["status_code"]
    (row,) = (each for each in answers[1].rows if each.id == "roles")
    assert dict(zip(CALLERS, row.cells, strict=True))[caller].status == status


def test_a_bounded_matrix_says_what_it_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answers: tuple[CallerAnswers, Matrix]
) -> None:
    monkeypatch.setattr("apimpolicy.testing.caller_answers.MOST_OPERATIONS", 2)
    with lenient(), shared_keys():
        made = CallerAnswers(audit_path(str(folder)).audit, CaseSurroundings(service=str(folder), output="a.test.yaml"))
    matrix = made.matrix()
    assert len(matrix.rows) == 2
    assert matrix_text([matrix]).endswith(f"left out: {len(ROWS) - 3} operations after the first 2")


def test_names_wider_than_the_page_have_a_line_of_their_own() -> None:
    cell = MatrixCell(200)
    lines = matrix_text([Matrix((MatrixRow("a", "b", f"GET /{'x' * 90}", "", (cell,) * len(CALLERS)),))]).splitlines()
    assert lines[-2].strip() == f"GET /{'x' * 90}"
    assert lines[-1].split() == ["200"] * len(CALLERS)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--matrix", "--format", "sarif"], "--matrix is for --format text, json and markdown"),
        (["--matrix", "--since", "HEAD"], "--matrix is for --format text, json and markdown"),
        (["--write", "callers.test.yaml"], "--write goes with --matrix"),
    ],
)
def test_options_that_have_no_matrix(
    options: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", str(folder), *options]) == 2
    assert said in capsys.readouterr().err


def test_the_file_of_one_of_several_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, document in (("prod", "open.xml"), ("psn", "checked.xml")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(terraform(f'"apim-{name}"', document))
        for file, text in (("open.xml", OPEN), ("checked.xml", CHECKED)):
            (tmp_path / name / file).write_text(text)
    monkeypatch.chdir(tmp_path)
    assert main(["audit", ".", "--matrix"]) == 0
    assert capsys.readouterr().out.count("Which callers get what in ") == 2
    assert main(["audit", ".", "--matrix", "--write", "callers.test.yaml"]) == 2
    assert "choose with --service prod or psn" in capsys.readouterr().err
    assert main(["audit", ".", "--matrix", "--service", "psn", "--write", "callers.test.yaml"]) == 0
    assert main(["test", "callers.test.yaml"]) == 0


@pytest.mark.parametrize("broken", ["<policies><inbound>", OPEN.replace("<base />", "<set-heder />", 1)])
def test_a_policy_that_cannot_run_leaves_the_others(broken: str, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "extracted")
    (tmp_path / "extracted" / "apis" / "orders" / "operations" / "roles" / "policy.xml").write_text(broken)
    service = str(tmp_path / "extracted")
    with lenient(), shared_keys():
        rows = CallerAnswers(audit_path(service).audit, CaseSurroundings(service=service, output="a.test.yaml"))
    reasons = {row.id: {cell.reason[:11] for cell in row.cells} for row in rows.matrix().rows}
    assert reasons.pop("roles") == {"not decided"}
    assert reasons
    assert {"not decided"} not in reasons.values()
