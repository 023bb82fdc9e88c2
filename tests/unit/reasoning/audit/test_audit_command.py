"""`apimpolicy audit` on a small service: the report, the gate, formats, comments, the baseline, and changes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from apimpolicy.checks.pages import audit_codes
from apimpolicy.cli import main
from apimpolicy.gateway.policies.registry import names, specification_of
from apimpolicy.gateway.policies.traits import ACCESS
from apimpolicy.project.audit_settings import Requirement
from apimpolicy.report.outputs.json_schema import output_schema

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "how-to" / "audit.md"
SCHEMA = jsonschema_rs.validator_for(output_schema("audit-output"))
GATE = '[audit]\nrequire = "{}"\n'
EXCEPT = '[[audit.except]]\napis = ["crm"]\noperations = ["GET /status"]\nreason = "r"\nowner = "o"\nuntil = {}\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The service of the guide, without its configuration."""
    parts = GUIDE.read_text("utf-8").split('title="')[1:]
    for part in parts:
        name, _, rest = part.partition('"\n')
        path = tmp_path / name
        if not path.exists() and not name.endswith(".toml"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(rest.partition("```")[0], "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "extracted"


def audit(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = main(["audit", "extracted", *options])
    return code, capsys.readouterr().out


def report(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(audit(capsys, "--format", "json", *options)[1])
    SCHEMA.validate(found)
    return found


def codes(found: dict[str, Any]) -> list[str]:
    return [each["code"] for each in found["findings"]]


def test_the_report(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = audit(capsys)
    assert code == 1
    assert "anyone reaches the backend with our credentials" in out
    assert "AUD003 error  crm GET /status: two sibling operations need token, this one nothing" in out
    assert "inbound has no <base />  apis/crm/operations/status/policy.xml:2" in out
    assert "POST /chat/completions, 200 from the backend" in out
    assert max(map(len, out.splitlines())) <= 120


GATES = [
    ("", 1, ["AUD001", "AUD003"]),
    (GATE.format("anyone"), 1, ["AUD001", "AUD003"]),
    (GATE.format("token") + EXCEPT.format("2099-01-01"), 1, ["AUD001"]),
    (GATE.format("token") + EXCEPT.format("2020-01-01"), 1, ["AUD001", "AUD003", "AUD013"]),
    ('[audit]\nignore = ["AUD001", "weaker-than-siblings"]\n', 0, []),
    (GATE.format("certificate") + 'ignore = ["AUD0"]\n', 1, ["AUD012", "AUD012", "AUD012"]),
]


@pytest.mark.parametrize(("settings", "code", "expected"), GATES)
def test_the_gate(
    folder: Path, capsys: pytest.CaptureFixture[str], settings: str, code: int, expected: list[str]
) -> None:
    (folder / "apimpolicy.toml").write_text(settings, "utf-8")
    assert codes(report(capsys)) == expected
    assert audit(capsys)[0] == code


@pytest.mark.parametrize(
    ("text", "enough", "too_little"),
    [
        ("token or certificate", {"token"}, {"subscription key"}),
        ("key and (token or address)", {"subscription key", "address"}, {"token"}),
        ("custom check", {"custom check"}, set()),
        ("own check", {"custom check"}, set()),
        ("token", {"token"}, {"weak token"}),
        ("weak token", {"token"}, {"subscription key"}),
        ("weak token or key", {"weak token"}, {"address"}),
        ("anyone", set(), None),
    ],
)
def test_requirements(text: str, enough: set[str], too_little: set[str] | None) -> None:
    requirement = Requirement(text)
    assert requirement.allows(frozenset(enough))
    assert too_little is None or not requirement.allows(frozenset(too_little))


@pytest.mark.parametrize("text", ["", "tokens", "token or", "(token", "token certificate", "token) or key", "1"])
def test_an_invalid_requirement_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Requirement(text)


def test_formats(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sarif = json.loads(audit(capsys, "--format", "sarif")[1])
    (first, *_) = sarif["runs"][0]["results"]
    assert first["partialFingerprints"]
    assert first["codeFlows"]
    assert first["relatedLocations"]
    (suite,) = ElementTree.fromstring(audit(capsys, "--format", "junit")[1])
    assert (suite.get("tests"), suite.get("failures")) == ("5", "3")
    assert "##vso[task.logissue type=error;" in audit(capsys, "--format", "azure")[1]
    assert "| anyone reaches the backend with our credentials | 2 |" in audit(capsys, "--format", "markdown")[1]


def test_a_fingerprint_survives_moved_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = [each["fingerprint"] for each in report(capsys)["findings"]]
    policy = folder / "apis" / "chat" / "policy.xml"
    policy.write_text(policy.read_text("utf-8").replace("<base />", "\n\n<base />"), "utf-8")
    assert [each["fingerprint"] for each in report(capsys)["findings"]] == before


def test_the_page(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = folder / "apis" / "chat" / "policy.xml"
    policy.write_text(policy.read_text("utf-8").replace("cognitiveservices", "&lt;b>"), "utf-8")
    audit(capsys, "--html", "audit.html")
    page = Path("audit.html").read_text("utf-8")
    assert "<b>.azure.com" not in page
    assert "&lt;b&gt;.azure.com" in page
    assert page.count("not decidable at the gateway") == 4
    assert "<script" not in page
    assert "`" not in page
    assert 'reference/codes/#aud001"><b>AUD001</b></a>' in page
    assert '<span class="cell unlimited" data-label="limited by"' in page


def test_the_page_says_what_it_is_about(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=folder.parent, check=True)
    (folder.parent / "apimpolicy.toml").write_text("[environments.prod]\n", "utf-8")
    audit(capsys, "--html", "audit.html", "--environment", "prod")
    page = Path("audit.html").read_text("utf-8")
    assert re.search(r"<p>\S+ · environment prod · commit [0-9a-f]{7,} · \d{4}-\d\d-\d\d</p>", page)


def test_a_comment_suppresses(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = folder / "apis" / "chat" / "policy.xml"
    comment = "<!-- apimpolicy: ignore AUD001: a demo --><authentication-managed"
    policy.write_text(policy.read_text("utf-8").replace("<authentication-managed", comment), "utf-8")
    assert codes(report(capsys)) == ["AUD003"]
    assert main(["check", str(policy), "--select", "POL041"]) == 0


def test_a_baseline(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(capsys, "--write-baseline", "known.json")[0] == 0
    assert audit(capsys, "--baseline", "known.json")[0] == 0


def test_a_baseline_that_the_configuration_names_is_written_whole_each_time(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "apimpolicy.toml").write_text('[audit]\nbaseline = "known.json"\n', "utf-8")
    written: list[str] = []
    for _ in range(2):
        assert audit(capsys, "--write-baseline", str(folder / "known.json"))[0] == 0
        written.append((folder / "known.json").read_text("utf-8"))
        assert report(capsys)["findings"] == []
    assert written[0] == written[1]


def test_changes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=folder.parent, check=True)
    policy = folder / "apis" / "crm" / "policy.xml"
    policy.write_text(policy.read_text("utf-8").replace("validate-azure-ad-token", "trace-nothing"), "utf-8")
    status = folder / "apis" / "crm" / "operations" / "status" / "policy.xml"
    status.write_text(
        status.read_text("utf-8").replace(
            "<inbound>", "<inbound><ip-filter action='allow'><address>192.0.2.1</address></ip-filter>"
        ),
        "utf-8",
    )
    policy.unlink()
    code, out = audit(capsys, "--since", "HEAD")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()] == ["weaker", "stronger", "audit:"]
    for form, said in (
        ("json", '"weaker": true'),
        ("markdown", "| weaker |"),
        ("sarif", '"level": "error"'),
        ("junit", 'failures="2"'),
        ("github", "::error"),
        ("azure", "##vso[task.logissue type=error"),
    ):
        written = folder / f"changes.{form}"
        assert audit(capsys, "--since", "HEAD", "--format", form, "--output-file", str(written))[0] == 1
        assert said in written.read_text("utf-8"), form


def test_what_is_accepted_besides(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=folder.parent, check=True)
    policy = folder / "apis" / "crm" / "policy.xml"
    text = policy.read_text("utf-8")
    audience = re.search("<audience>.*?</audience>|<application-id>.*?</application-id>", text)
    assert audience is not None
    other = re.sub(">[^<>]*<", ">another-one<", audience[0])
    policy.write_text(text.replace(audience[0], audience[0] + other), "utf-8")
    shutil.copytree(folder / "apis" / "crm", folder / "apis" / "added")
    information = folder / "apis" / "added" / "apiInformation.json"
    information.write_text(re.sub('"path": *"', "\\g<0>added", information.read_text("utf-8")), "utf-8")
    code, out = audit(capsys, "--since", "HEAD")
    lines = out.splitlines()
    assert code == 1
    assert lines[0].startswith("weaker    crm ")
    assert "another-one" in lines[1]
    assert [line.split()[0] for line in lines[2:]].count("added") == 1, "an added API is one line, and not stronger"
    assert "stronger" not in out


def test_what_was_wrong_before_has_no_temporary_path(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    information = folder / "apis" / "crm" / "apiInformation.json"
    written = information.read_text("utf-8")
    information.write_text("{", "utf-8")
    (folder / "README.md").write_text("Extracted by APIOps.", "utf-8")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=folder.parent, check=True)
    information.write_text(written, "utf-8")
    assert main(["audit", "extracted", "--since", "HEAD"]) in (0, 1)
    shown = capsys.readouterr()
    assert "apimpolicy-" not in shown.out + shown.err
    assert "apiInformation.json" not in shown.err
    for each in ("crm", "chat"):
        subprocess.run(["git", "rm", "-qr", "--cached", f"extracted/apis/{each}"], cwd=folder.parent, check=True)
    message = ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "b"]
    subprocess.run(["git", *message], cwd=folder.parent, check=True)
    assert main(["audit", "extracted", "--since", "HEAD"]) == 2
    assert "\napimpolicy: at HEAD: there is no API in extracted" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["extracted", "{here}/extracted", "../{name}/extracted"])
def test_paths_are_from_here(path: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each file has one name in reports for programs, however the folder was named."""
    path = path.format(here=folder.parent, name=folder.parent.name)
    main(["audit", path, "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    main(["audit", path, "--format", "sarif"])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    places = [
        each["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"] for each in result["locations"]
    ]
    places += [place["path"] for each in found["operations"] for place in each["places"]]
    places += [place["path"] for each in found["findings"] for place in each["evidence"]]
    assert {each.partition("/")[0] for each in places} == {"extracted", "<global policy>"}


def test_every_word_of_access_is_declared_and_handled() -> None:
    from apimpolicy.reasoning.audit.policies import HANDLERS

    declared = {found.access for name in names() if (found := specification_of(name)) is not None} - {""}
    assert declared == set(ACCESS) == set(HANDLERS)


def test_every_code_has_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    for code, found in audit_codes().items():
        assert main(["rule", found.name]) == 0
        assert capsys.readouterr().out.startswith(f"{code}  {found.name}: ")


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_broken_subscription_is_that_of_check(
    folder: Path, capsys: pytest.CaptureFixture[str], is_whole: bool
) -> None:
    texts = {"subscriptions/lost/subscriptionInformation.json": '{"properties": {"scope": "/products/lost"}}'}
    if is_whole:  # otherwise the folder may be a part of a service
        texts["policy.xml"] = "<policies><inbound /><backend><forward-request /></backend></policies>"
        texts["loggers/main/loggerInformation.json"] = '{"properties": {"loggerType": "azureMonitor"}}'
        texts["diagnostics/main/diagnosticInformation.json"] = '{"properties": {"loggerId": "/loggers/main"}}'
        texts["products/other/productInformation.json"] = '{"properties": {"displayName": "Other"}}'
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    main(["check", "extracted", "--format", "json"])
    checked = json.loads(capsys.readouterr().out)["diagnostics"]
    expected = [each["severity"] for each in checked if each["code"] == "POL162"]
    found = report(capsys)["findings"]
    assert [each["severity"] for each in found if each["code"] == "POL162"] == expected == ["error"] * is_whole
