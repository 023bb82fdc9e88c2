"""`apimpolicy gate`: each part, the words that fail and allow it, the baseline, the formats and the exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from apimpolicy.cli import gate_run, main
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.configuration import load_configuration
from apimpolicy.project.gate_settings import WORDS, GateSettings, name_baseline
from apimpolicy.project.service import reading
from apimpolicy.report.outputs.json_schema import output_schema

ROOT = Path(__file__).resolve().parents[3]
SCHEMA = jsonschema_rs.validator_for(output_schema("gate-output"))
CORPUS = ROOT.parent / "shared" / "corpus" / "services"
EXTRACTS = ("RobertoBorges+apiops",)

TOKEN = """<policies>
    <inbound>
        <base />
        <validate-jwt header-name="Authorization">
            <openid-config url="https://login.contoso.example/.well-known/openid-configuration" />
            <audiences><audience>orders</audience></audiences>
        </validate-jwt>
    </inbound>
    <backend><base /></backend>
    <outbound><base /></outbound>
    <on-error><base /></on-error>
</policies>
"""
OPEN = TOKEN[: TOKEN.index("        <validate-jwt")] + TOKEN[TOKEN.index("    </inbound>") :]
WARNS = OPEN.replace(
    "<base />\n    </inbound>", "<base />\n    <set-backend-service base-url='http://b.example' /></inbound>"
)
WRONG = OPEN.replace("<base />\n    </inbound>", "<base />\n    <set-heder /></inbound>")
REFUSES = (
    '<policies><inbound><return-response><set-status code="403" reason="No" /></return-response></inbound></policies>'
)
CASE = """policy: refuses.xml
cases:
  - {{name: nobody gets in, request: {{get: /}}, expect: {{status: {}}}}}
"""
CLAIM = """policy: refuses.xml
claims:
  - name: nobody gets in
    never: {{status: {}}}
"""
HAS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_service(folder: Path, *apis: str, policy: str = TOKEN) -> None:
    for api in apis:
        properties = {"displayName": api, "path": api, "subscriptionRequired": False, "serviceUrl": "https://b.example"}
        write(folder, f"apis/{api}/apiInformation.json", json.dumps({"properties": properties}))
        for name in ("get", "list"):
            operation = {"displayName": name, "method": "GET", "urlTemplate": f"/{name}"}
            place = f"apis/{api}/operations/{name}/operationInformation.json"
            write(folder, place, json.dumps({"properties": operation}))
        write(folder, f"apis/{api}/policy.xml", policy)


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


def commit(folder: Path) -> None:
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "base")


class Gate:
    """Runs the command in a folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str]:
        code = main(["gate", *arguments])
        self.out, self.err = self._capsys.readouterr()
        return code, self.out

    def lines(self, *arguments: str) -> dict[str, str]:
        """The line of each part, and the verdict."""
        code, out = self(*arguments)
        parts = dict(line.split(None, 1) for line in out.splitlines()[:5])
        return {**parts, "code": str(code), "gate": out.splitlines()[-1].removeprefix("gate: ")}

    def data(self, *arguments: str) -> dict[str, Any]:
        code, out = self(*arguments, "--format", "json")
        found: dict[str, Any] = json.loads(out)
        SCHEMA.validate(found)
        assert found["exit_code"] == code
        return found


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Gate:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("APIMPOLICY_CACHE_DIR", str(tmp_path.parent / "cache"))
    return Gate(tmp_path, capsys)


NOTHING = {
    "check": "no policies",
    "tests": "no test files",
    "claims": "no claims",
    "audit": "no service with an API",
    "diff": "not compared: no --since",
}
PARTS = [
    # files, options, lines that differ from those of nothing, exit code, verdict
    ({}, [], {}, 5, "failed: there are no policies, test files, claims or APIs"),
    ({"a.xml": OPEN}, [], {"check": "no errors, no warnings"}, 0, "passed"),
    ({"a.xml": WARNS}, [], {"check": "no errors, 1 warning"}, 0, "passed"),
    (
        {"a.xml": WARNS},
        ["--fail", "warnings"],
        {"check": "no errors, 1 warning"},
        1,
        'failed by check; to accept it: --allow warnings, or [gate] allow = ["warnings"];'
        " to fail only for new findings: --write-baseline gate-baseline.json",
    ),
    (
        {"a.xml": WARNS, "apimpolicy.toml": "[check]\nstrict = true\n"},
        [],
        {"check": "1 error, no warnings"},
        1,
        "failed by check; to fail only for new findings: --write-baseline gate-baseline.json",
    ),
    (
        {"a.xml": WRONG},
        [],
        {"check": "1 error, no warnings"},
        1,
        "failed by check; to fail only for new findings: --write-baseline gate-baseline.json",
    ),
    ({"a.xml": WRONG}, ["--allow", "errors"], {"check": "1 error, no warnings"}, 0, "passed; allowed: errors in check"),
    (
        {"refuses.xml": REFUSES, "a.test.yaml": CASE.format(403)},
        [],
        {"check": "no errors, no warnings", "tests": "1 passed"},
        0,
        "passed",
    ),
    (
        {"refuses.xml": REFUSES, "a.test.yaml": CASE.format(200)},
        [],
        {"check": "no errors, no warnings", "tests": "1 failed"},
        1,
        "failed by tests; to fail only for new findings: --write-baseline gate-baseline.json",
    ),
    (
        {"refuses.xml": REFUSES, "a.test.yaml": CASE.format(200)},
        ["--allow", "failures"],
        {"check": "no errors, no warnings", "tests": "1 failed"},
        0,
        "passed; allowed: failures in tests",
    ),
    (
        {"refuses.xml": REFUSES, "a.test.yaml": "policy: refuses.xml\ncasses: []\n"},
        [],
        {"check": "no errors, no warnings", "tests": "no cases, 1 file can't be read"},
        2,
        "failed by tests",
    ),
    (
        {"refuses.xml": REFUSES, "a.test.yaml": CLAIM.format(200)},
        [],
        {"check": "no errors, no warnings", "tests": "no test cases", "claims": "1 proven"},
        0,
        "passed",
    ),
    (
        {"refuses.xml": REFUSES, "a.test.yaml": CLAIM.format(403)},
        [],
        {"check": "no errors, no warnings", "tests": "no test cases", "claims": "1 false"},
        1,
        "failed by claims; to fail only for new findings: --write-baseline gate-baseline.json",
    ),
    (
        {"refuses.xml": REFUSES, "apimpolicy.toml": "[gate]\nallow = ['false']\n", "a.test.yaml": CLAIM.format(403)},
        ["--tests", "."],
        {"check": "no errors, no warnings", "tests": "no test cases", "claims": "1 false"},
        0,
        "passed; allowed: false in claims",
    ),
]


@pytest.mark.parametrize(("files", "options", "lines", "code", "verdict"), PARTS)
def test_each_part_is_a_line(
    files: dict[str, str], options: list[str], lines: dict[str, str], code: int, verdict: str, gate: Gate
) -> None:
    if any("claims" in text for text in files.values()):
        pytest.importorskip("z3")
    for name, text in files.items():
        write(gate.folder, name, text)
    assert gate.lines(*options) == {**NOTHING, **lines, "code": str(code), "gate": verdict}


def test_a_claim_needs_the_solver(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    write(gate.folder, "refuses.xml", REFUSES)
    write(gate.folder, "a.test.yaml", CLAIM.format(200))
    monkeypatch.setattr(gate_run, "find_spec", lambda name: None)
    found = gate.lines()
    assert found["claims"] == "can't run: it needs the solver: pip install 'apimpolicy[prove]'"
    assert (found["code"], found["gate"]) == ("2", "failed by claims")
    assert gate.lines("--allow", "not-run")["code"] == "0"


def test_what_is_not_decided_has_its_own_exit_code(gate: Gate) -> None:
    pytest.importorskip("z3")
    write(gate.folder, "refuses.xml", TOKEN.replace("<base />", "<include-fragment fragment-id='gone' />", 1))
    write(gate.folder, "a.test.yaml", CLAIM.format(599))
    write(gate.folder, "apimpolicy.toml", "[prove]\nseconds = 1\n\n[check]\nignore = ['POL135']\n")
    found = gate.lines()
    assert (found["claims"], found["code"]) == ("1 not decided", "3")
    assert gate.lines("--allow", "undecided")["code"] == "0"


def test_an_audit_fails_for_its_errors(gate: Gate) -> None:
    write_service(gate.folder, "orders", policy=OPEN)
    assert gate.lines()["audit"] == "2 operations of 1 API, no errors, 1 warning"
    write(gate.folder, "apimpolicy.toml", '[audit]\nrequire = "token"\n')
    found = gate.lines()
    assert found["audit"].startswith("2 operations of 1 API, 1 error")
    assert found["code"] == "1"


def test_a_service_that_cannot_be_read_fails(gate: Gate) -> None:
    write_service(gate.folder, "orders")
    write(gate.folder, "apimpolicy.toml", '[audit]\nbaseline = "gone.json"\n')
    found = gate.lines()
    assert found["audit"].startswith("can't run: the baseline gone.json does not exist yet")
    assert (found["code"], found["gate"]) == ("2", "failed by audit")


@pytest.mark.parametrize(
    "information",
    ['{ "properties": { "path": ', "[]", '{"properties": 1}', '{"properties": {"path": "b", "serviceUrl": "[URL]"}}'],
)
def test_a_part_of_the_service_that_cannot_be_read_fails(information: str, gate: Gate) -> None:
    """Its operations are missing from the audit, which can't be an audit without errors."""
    write_service(gate.folder, "orders", "items")
    write(gate.folder, "apis/items/apiInformation.json", information)
    found = gate.lines()
    assert found["audit"].endswith("1 part of the service not audited")
    assert (found["code"], found["gate"].partition(";")[0]) == ("2", "failed by audit")
    assert gate.lines("--allow", "not-run")["code"] == "0"
    assert gate.lines("--write-baseline", "known.json")["code"] == "0"
    assert gate.lines()["code"] == "0"


@HAS_GIT
def test_weaker_access_names_the_change(gate: Gate) -> None:
    pytest.importorskip("z3")
    write_service(gate.folder, "orders", "items")
    commit(gate.folder)
    same = gate.lines("--since", "HEAD")
    assert same["audit"] == "access unchanged, no errors, no warnings"
    assert same["diff"].startswith("nothing changes for callers")
    assert same["code"] == "0"
    write(gate.folder, "apis/orders/policy.xml", OPEN)
    found = gate.lines("--since", "HEAD")
    assert found["audit"].startswith("weaker for 2 operations, no errors")
    assert found["diff"].startswith("1 change for callers")
    assert found["code"] == "1"
    assert found["gate"] == 'failed by audit; to accept it: --allow weaker, or [gate] allow = ["weaker"]'
    place = "(apis/orders/policy.xml:4)"
    assert f"Access is weaker for 2 operations: orders/*: token → anyone {place}" in gate.out
    code, out = gate("--since", "HEAD", "--allow", "weaker")
    assert (code, out.splitlines()[-1]) == (0, "gate: passed; allowed: weaker in audit")
    write(gate.folder, "apimpolicy.toml", '[gate]\nallow = ["weaker"]\nfail = ["changes"]\n')
    assert gate.lines("--since", "HEAD")["gate"].startswith("failed by diff; to accept it: --allow changes")
    assert gate("--since", "HEAD", "--allow", "changes")[0] == 0
    assert gate("--since", "HEAD", "--allow", "changes", "--fail", "weaker")[0] == 1


@HAS_GIT
def test_both_versions_are_audited_alike(gate: Gate) -> None:
    """The only request that reaches the backend has a body, which no rehearsal sends: the solver finds it."""
    pytest.importorskip("z3")
    write_service(gate.folder, "orders", policy=OPEN.replace("    </inbound>", "<set-body>a</set-body></inbound>"))
    commit(gate.folder)
    write(gate.folder, "refuses.xml", REFUSES)
    found = gate.lines("--since", "HEAD")
    assert found["audit"].startswith("access unchanged, no errors")
    assert found["check"].startswith("no errors")


@HAS_GIT
def test_without_the_solver_access_is_compared_and_behavior_is_not(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    write_service(gate.folder, "orders")
    commit(gate.folder)
    write(gate.folder, "apis/orders/policy.xml", OPEN)
    monkeypatch.setattr(gate_run, "find_spec", lambda name: None)
    found = gate.lines("--since", "HEAD")
    assert found["audit"].startswith("weaker for 2 operations")
    assert found["diff"] == "can't run: it needs the solver: pip install 'apimpolicy[prove]'"
    assert found["code"] == "2"


@HAS_GIT
def test_a_folder_that_was_not_there_is_new(gate: Gate) -> None:
    commit(gate.folder)
    write_service(gate.folder / "extracted", "orders")
    write_service(gate.folder / "extracted", "open", policy=OPEN)
    found = gate.lines("extracted", "--since", "HEAD")
    assert found["audit"].startswith("2 operations added that anyone reaches, 2 operations added")
    assert found["diff"] == "not compared: HEAD has no extracted, all of it is new"
    assert found["code"] == "1"


@HAS_GIT
def test_several_services_are_compared_each_with_its_own(gate: Gate) -> None:
    write_service(gate.folder / "one", "orders")
    write_service(gate.folder / "two", "orders", policy=OPEN)
    commit(gate.folder)
    assert gate.lines()["audit"].startswith("2 services, no errors")
    assert gate.lines("--since", "HEAD")["audit"].startswith("access unchanged")
    write(gate.folder, "one/apis/orders/policy.xml", OPEN)
    write_service(gate.folder / "three", "orders")
    assert gate.lines("--since", "HEAD")["audit"].startswith("weaker for 2 operations, 2 operations added")
    shutil.rmtree(gate.folder / "three")
    shutil.rmtree(gate.folder / "two")
    assert gate.lines("--since", "HEAD")["audit"].startswith("weaker for 2 operations, ")


@HAS_GIT
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "nope"], "--since nope: git has no such revision"),
        (["gone"], "there is no folder gone"),
        (["--allow", "wekaer"], "'wekaer' is not one of"),
        (["--allow", "weaker", "--fail", "weaker"], "--fail and --allow both have 'weaker'"),
        (["--baseline", "gone.json"], "the baseline gone.json does not exist yet"),
        (["--report", "report.pdf"], "--report report.pdf: the name must end in .md"),
    ],
)
def test_an_invalid_command_line_runs_nothing(arguments: list[str], message: str, gate: Gate) -> None:
    write(gate.folder, "a.xml", OPEN)
    commit(gate.folder)
    code, out = gate(*arguments)
    assert (code, out) == (2, "")
    assert message in gate.err


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('fail = ["warning"]', "can't have 'warning'; the words are errors, warnings"),
        ('fail = ["weaker"]\nallow = ["weaker"]', "'gate.allow' has 'weaker', which 'fail' has too"),
        ("alow = []", "did you mean 'gate.allow'?"),
    ],
)
def test_mistakes_in_the_table(table: str, message: str, tmp_path: Path) -> None:
    write(tmp_path, "apimpolicy.toml", f"[gate]\n{table}\n")
    with pytest.raises(ConfigurationError, match=r"apimpolicy.toml:[123]: ") as caught:
        load_configuration(str(tmp_path / "apimpolicy.toml"))
    assert message in str(caught.value)


def test_every_word_fails_or_can_be_made_to() -> None:
    for word, row in WORDS.items():
        assert GateSettings().fails(word) is row.fails
        assert GateSettings(fail=(word,)).fails(word)
        assert not GateSettings(allow=(word,)).fails(word)
        assert not GateSettings(fail=(word,)).with_options((), (word,)).fails(word)
        assert GateSettings(allow=(word,)).with_options((word,), ()).fails(word)


CONFIGURATIONS = [
    (None, "apimpolicy.toml", '[gate]\nbaseline = "b.json"\n'),
    ("now = 2026-01-01T00:00:00Z", "apimpolicy.toml", 'now = 2026-01-01T00:00:00Z\n\n[gate]\nbaseline = "b.json"\n'),
    ('[gate]\nallow = ["weaker"]\n', "apimpolicy.toml", '[gate]\nbaseline = "b.json"\nallow = ["weaker"]\n'),
    ('[gate]\nbaseline = "old.json"  # old\n[check]\n', "apimpolicy.toml", '[gate]\nbaseline = "b.json"\n[check]\n'),
    ("[tool.apimpolicy]\n", "pyproject.toml", '[tool.apimpolicy]\n\n[tool.apimpolicy.gate]\nbaseline = "b.json"\n'),
]


@pytest.mark.parametrize(("before", "name", "after"), CONFIGURATIONS)
def test_the_baseline_is_named_in_the_configuration(
    before: str | None, name: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".git").mkdir()
    if before is not None:
        write(tmp_path, name, before)
    monkeypatch.chdir(tmp_path)
    assert Path(name_baseline(".", "b.json")).resolve() == tmp_path / name
    assert (tmp_path / name).read_text("utf-8") == after


def test_a_table_in_one_line_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    write(tmp_path, "apimpolicy.toml", "gate = {allow = []}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=r'write this into its table \[gate\]: baseline = "b.json"'):
        name_baseline(".", "b.json")
    assert (tmp_path / "apimpolicy.toml").read_text("utf-8") == "gate = {allow = []}\n"


def test_a_baseline_is_green_on_the_day_it_is_written(gate: Gate) -> None:
    pytest.importorskip("z3")
    write_service(gate.folder, "orders", policy=OPEN)
    write(gate.folder, "apimpolicy.toml", '[audit]\nrequire = "token"\n')
    write(gate.folder, "wrong.xml", WRONG)
    write(gate.folder, "refuses.xml", REFUSES)
    write(gate.folder, "a.test.yaml", CASE.format(200))
    write(gate.folder, "b.test.yaml", CLAIM.format(403))
    assert gate("--fail", "warnings")[0] == 1
    code, out = gate("--write-baseline", "known.json")
    assert (code, out) == (0, "wrote 4 findings to known.json, which apimpolicy.toml names\n")
    found = gate.lines("--fail", "warnings")
    assert found["code"] == "0"
    assert found["check"] == "no errors, no warnings (1 in the baseline)"
    assert found["tests"] == "1 failed (1 in the baseline)"
    assert found["claims"] == "1 false (1 in the baseline)"
    write(gate.folder, "apis/orders/wrong.xml", WRONG)
    assert gate()[0] == 1
    for name in ("apis/orders/wrong.xml", "wrong.xml"):
        (gate.folder / name).unlink()
    assert gate()[0] == 0
    assert "1 entry of known.json no longer occurs" in gate.err


@pytest.mark.parametrize("name", EXTRACTS)
def test_the_baseline_of_a_public_service_is_green(name: str, gate: Gate) -> None:
    if not (CORPUS / name).is_dir():
        pytest.skip("the public services are not beside this checkout")
    shutil.copytree(CORPUS / name, gate.folder / "service")
    (gate.folder / ".git").mkdir()
    assert gate("--fail", "warnings")[0] != 0
    assert gate("--write-baseline", "known.json")[0] == 0
    assert gate.lines("--fail", "warnings")["gate"] == "passed"


@HAS_GIT
def test_the_formats_agree(gate: Gate) -> None:
    pytest.importorskip("z3")
    write_service(gate.folder, "orders")
    write(gate.folder, "refuses.xml", REFUSES)
    write(gate.folder, "a.test.yaml", CASE.format(403))
    commit(gate.folder)
    write(gate.folder, "apis/orders/policy.xml", OPEN)
    names = [f"report{ending}" for ending in (".md", ".json", ".sarif", ".xml", ".txt")]
    reports = [option for name in names for option in ("--report", f"../{gate.folder.name}-reports/{name}")]
    code, annotations = gate("--since", "HEAD", "--format", "github", *reports)
    assert code == 1
    comment, data, sarif, junit, text = (
        (gate.folder.parent / f"{gate.folder.name}-reports" / name).read_text("utf-8") for name in names
    )
    assert annotations.startswith("::error file=apis/orders/policy.xml,line=4")
    assert "##vso[task.logissue type=error;" in gate("--since", "HEAD", "--format", "azure")[1]
    found = json.loads(data)
    SCHEMA.validate(found)
    assert found["failed_by"] == [{"part": "audit", "word": "weaker", "count": 1}]
    assert [(each["name"], each["status"]) for each in found["parts"]] == [
        ("check", "passed"), ("tests", "passed"), ("claims", "doesn't apply"), ("audit", "failed"), ("diff", "passed")
    ]  # fmt: skip
    errors = [each for each in json.loads(sarif)["runs"][0]["results"] if each["level"] == "error"]
    assert [each["ruleId"] for each in errors] == ["audit"]
    suites = {each.get("name"): each for each in ElementTree.fromstring(junit)}
    assert suites["apimpolicy gate: audit"].get("failures") == "1"
    assert suites["apimpolicy gate: tests"].get("tests") == "1"
    assert suites["apimpolicy gate: claims"].get("skipped") == "1"
    assert comment.startswith("**gate: failed by audit**; to accept it: --allow weaker")
    assert "| audit | failed | weaker for 2 operations" in comment
    assert comment.count("<details>") == comment.count("</details>") > 0
    assert text.splitlines()[-1].startswith("gate: failed by audit")


def test_what_comes_from_files_is_text_in_the_comment(gate: Gate) -> None:
    write(gate.folder, "refuses.xml", REFUSES)
    case = CASE.format(200).replace("nobody gets in", "'</details> @org/team [x](https://e.example) `'")
    write(gate.folder, "a.test.yaml", case)
    _, out = gate("--format", "markdown")
    inside = False
    for line in out.splitlines():
        inside = not inside if line.startswith("```") else inside
        assert inside or "</details>" not in line or line.startswith(("</details>", "- `a.test.yaml:3`"))
    assert "- `a.test.yaml:3` test: `" in out


@HAS_GIT
def test_a_service_is_read_once_for_audit_and_diff(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("z3")
    write_service(gate.folder, "orders")
    commit(gate.folder)
    write(gate.folder, "apis/orders/policy.xml", OPEN)
    counted: dict[str, int] = {}

    def describe(folder: str, *others: Any, own: Callable[..., Any] = reading.describe) -> Any:
        counted[folder] = counted.get(folder, 0) + 1
        return own(folder, *others)

    monkeypatch.setattr(reading, "describe", describe)
    assert gate("--since", "HEAD")[0] == 1
    assert len(counted) == 2, counted
    assert set(counted.values()) == {1}, counted
