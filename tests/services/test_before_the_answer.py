"""What commands print before their answer: what concerns it, and one line about the rest, which `-v` lists."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from apimpolicy.cli.program import run
from apimpolicy.project.gateways import load_gateway
from apimpolicy.project.service.concerns import ListConcerns
from apimpolicy.project.service.leniency import Leniency, lenient
from apimpolicy.report.stand_in_text import stand_in_lines

if TYPE_CHECKING:
    from pathlib import Path

POLICY = "<policies><inbound><base />{}</inbound><backend><base /></backend><outbound /><on-error /></policies>"
BROKEN = "<policies><inbound>"
GLOBAL = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"
SETS = '<set-header name="A" exists-action="override"><value>{{partner-key}}</value></set-header>'
USES = POLICY.format(SETS)
INCLUDES = POLICY.format('<include-fragment fragment-id="log" />')
TOKEN = '<fragment><set-variable name="a" value="#{release}#" /></fragment>'
TO_BACKEND = POLICY.format('<set-backend-service backend-id="stock" />')
TESTS = "service: .\ncases:\n  - {{name: a, request: {{get: {}}}, expect: {{status: 418}}}}\n"

OWN = "error: the policy of the API 'b' can't be read"
FILES = {
    "a policy": {"apis/b/policy.xml": BROKEN},
    "a named value": {"apis/b/policy.xml": USES},
    "a named value of all": {"policy.xml": GLOBAL.replace("<inbound />", f"<inbound>{SETS}</inbound>")},
    "a fragment": {"policy fragments/log/policy.xml": TOKEN, "apis/b/policy.xml": INCLUDES},
    "a backend": {"backends/stock/backendInformation.json": '{"properties": {}}', "apis/b/policy.xml": TO_BACKEND},
    "an API": {"apis/c/policy.xml": POLICY},
    "a link": {
        "products/p/apis/c/apiInformation.json": "{}",
        "products/p/productInformation.json": '{"properties":{}}',
    },
    "a product": {"products/p/productInformation.json": "[]"},
}

REST = "elsewhere in the service: "
ROWS: list[tuple[str, str, str | None, str | None]] = [
    # what isn't known, the command, what is printed in full, and the line about the rest
    ("a policy", "run . --get /a/x", None, REST + "1 error"),
    ("a policy", "run . --get /b/x", OWN, None),
    ("a policy", "run . --get /nothing", None, REST + "1 error"),
    ("a policy", "explain . --get /a/x", None, REST + "1 error"),
    ("a policy", "explain . --get /b/x", OWN, None),
    ("a policy", "explain . --effective", OWN, None),
    ("a policy", "audit .", None, "about the service: 1 error"),
    ("a policy", "audit . --format junit", None, "about the service: 1 error"),
    ("a policy", "prove . --seconds 0.2 --total-seconds 0.2", None, "about the service: 1 error"),
    ("a policy", "prove . --seconds 0.2 --total-seconds 0.2 --format junit", None, "about the service: 1 error"),
    ("a policy", "diff . .", None, "about the service: 1 error"),
    ("a policy", "diff . . --format github", None, "about the service: 1 error"),
    ("a policy", "test a.test.yaml", None, REST + "1 error"),
    ("a policy", "test b.test.yaml", OWN, None),
    ("a named value", "run . --get /a/x", None, REST + "1 stand-in (1 named value)"),
    ("a named value", "run . --get /b/x", "uses a stand-in for the named value partner-key; -v shows it", None),
    ("a named value", "audit .", None, "1 stand-in (1 named value)"),
    ("a named value of all", "run . --get /a/x", "uses a stand-in for the named value partner-key", None),
    ("a fragment", "run . --get /a/x", None, REST + "1 warning"),
    ("a fragment", "run . --get /b/x", "the fragment 'log' contains #{release}#", None),
    ("a backend", "run . --get /a/x", None, REST + "1 error, 1 stand-in (1 backend)"),
    ("a backend", "run . --get /b/x", "uses a stand-in for the backend stock", None),
    ("a backend", "run . --get /b/x", "'properties.url' is missing", None),
    ("an API", "run . --get /a/x", "the API 'c' has no apiInformation.json", None),
    ("an API", "run . --get /nothing", "the API 'c' has no apiInformation.json", None),
    ("an API", "explain . --effective", "the API 'c' has no apiInformation.json", None),
    ("a link", "run . --get /a/x", None, REST + "1 "),
    ("a link", "run . --get /nothing", "has the API 'c', which doesn't exist", None),
    ("a product", "run . --get /a/x", "must be a JSON object", None),
]


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two APIs without a subscription, in the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        properties = {"displayName": name, "path": name, "subscriptionRequired": False, "protocols": ["https"]}
        write(tmp_path / "apis" / name / "apiInformation.json", json.dumps({"properties": properties}))
        write(tmp_path / "apis" / name / "policy.xml", POLICY.format(""))
        write(tmp_path / f"{name}.test.yaml", TESTS.format(f"/{name}/x"))
    write(tmp_path / "policy.xml", GLOBAL)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def notes_of(command: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    run(command.split())
    lines = capsys.readouterr().err.splitlines()
    return "\n".join(line for line in lines if "the named claims are decided" not in line)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}, {row[1]}")
def test_what_concerns_the_answer_is_printed_and_the_rest_counted(
    row: tuple[str, str, str | None, str | None], service: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    part, command, full, rest = row
    for path, text in FILES[part].items():
        write(service / path, text)
    notes = notes_of(command, capsys)
    if full is not None:
        assert full in notes
    else:
        assert len(notes.splitlines()) == 1, notes
    if rest is not None:
        assert re.match(re.escape(rest) + ".*; -v lists them$", notes.splitlines()[-1]), notes


@pytest.mark.parametrize("part", FILES)
def test_verbose_and_json_have_everything(part: str, service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, text in FILES[part].items():
        write(service / path, text)
    with lenient(Leniency()) as found:
        load_gateway(".")
    listed = stand_in_lines(found.stand_ins, found.problems)
    assert listed
    assert notes_of("run . --get /a/x -v", capsys) == "\n".join(listed)
    run(["run", ".", "--get", "/a/x", "--format", "json"])
    report = json.loads(capsys.readouterr().out)
    assert [each["message"] for each in report["problems"]] == [each.message for each in found.problems]
    assert [each["name"] for each in report["stand_ins"]] == [each.name for each in found.stand_ins]


def test_of_many_that_may_concern_the_answer_the_first_ones_are_printed(
    service: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        write(service / f"apis/c{number}/policy.xml", POLICY)
    assert notes_of("run . --get /a/x", capsys).splitlines()[3:] == [
        "2 more errors may concern this answer; -v lists them"
    ]


CALLS = """
module "{0}" {{
  source        = "git@github.com:hmcts/cnp-module-api-mgmt-api?ref=master"
  name          = "{0}"
  display_name  = "{0}"
  path          = "{0}"
  api_mgmt_name = "apim"
  api_mgmt_rg   = "rg"
  product_id    = "p"
  revision      = "1"
  service_url   = "https://{0}.example"
}}
"""


def test_a_module_is_of_the_api_that_it_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "main.tf", CALLS.format("a") + CALLS.format("b"))
    notes = notes_of("run . --get /a", capsys)
    assert "the module 'a' isn't read" in notes
    assert "the module 'b' isn't read" not in notes
    assert "elsewhere in the service: 3 warnings; -v" in notes


def test_a_served_folder_names_what_it_lacks(service: Path) -> None:
    write(service / "apis/c/policy.xml", POLICY)
    write(service / "apis/b/policy.xml", POLICY.format('<set-variable name="a" value="#{release}#" />'))
    with lenient(Leniency()) as found:
        load_gateway(".")
    lines = stand_in_lines(found.stand_ins, found.problems, in_full=False, concerns=ListConcerns())
    assert [line.partition(": ")[2] for line in lines] == [
        "error: the API 'c' has no apiInformation.json, so its path isn't known",
        "1 warning; -v lists them",
    ]
