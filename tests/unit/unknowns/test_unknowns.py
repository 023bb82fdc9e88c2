"""What each command says about what a service doesn't know: the rows of `rows.yaml`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.rows import read_yaml
from tests.sampling import sampled

from apimpolicy.cli import main
from apimpolicy.project.service.leniency import lenient
from apimpolicy.serving.loading import ServeTarget

DATA = read_yaml(Path(__file__).with_name("rows.yaml").read_text(encoding="utf-8"))
ROWS: dict[str, dict[str, Any]] = DATA["rows"]
COLUMNS = (
    *("check", "audit", "gate", "prove", "run", "serve", "effective", "new test", "diff", "change", "two deployments"),
)
CLAIM = """service = "."
[audit]
undecided = "fail"
[[claims]]
name = "no request without a token reaches the backend"
if = "reaches-backend"
then = '@(context.Request.Headers.ContainsKey("Authorization"))'
[prove]
runs = 20
"""
CHECKS = re.compile(r"<(?:check-header.*?/>|validate-azure-ad-token.*?</validate-azure-ad-token>)", re.DOTALL)
SEARCH_SECONDS = "0.2"
"""What is undecided here is so whatever time a search takes, and however many requests it runs (`CLAIM`)."""
OTHER_KEYS = frozenset(("base", "api", "replaces", "removes", "problem", *COLUMNS))


def api_of(row: dict[str, Any]) -> str:
    if "api" not in row:
        return ""
    return str(DATA["api"]).replace("{each}", row["api"].get("each", "")).replace("{name}", row["api"]["name"])


def write(row: dict[str, Any], root: Path) -> None:
    files = dict(DATA["bases"][row["base"]])
    if row.get("replaces"):
        files[row["replaces"]] = ""
    files.pop(row.get("removes", ""), None)
    for name, text in row.items():
        if name not in OTHER_KEYS:
            is_code = name in files and name.startswith("main.")
            files[name] = files[name] + api_of(row) + text if is_code else text
    for name, text in {**files, "apimpolicy.toml": CLAIM}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def usual(command: str, row: dict[str, Any]) -> object:
    """Return what a command says where a row doesn't say it; what is served is what `run` shows.

    Beside another deployment, a service is audited as it is alone.
    """
    if command == "two deployments":
        return row.get("audit", DATA["usual"]["audit"])
    return row.get("run", DATA["usual"]["run"]) if command == "serve" else DATA["usual"][command]


def answer(command: str, row: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> object:
    """Return what a command says."""
    if command == "check":
        main(["check", ".", "--format", "json"])
        found = json.loads(capsys.readouterr().out)["diagnostics"]
        return sorted({f"{each['code']} {each['severity']}" for each in found})
    if command in ("audit", "gate"):
        code = main(["audit", ".", "--format", "json"])
        report = json.loads(capsys.readouterr().out)
        if command == "gate":
            return "fails" if code else "passes"
        return " and ".join(sorted({each["access"] for each in report["operations"]}))
    if command == "two deployments":
        return beside_another(row, capsys)
    if command == "prove":
        code = main(["prove", ".", "--seconds", SEARCH_SECONDS])
        capsys.readouterr()
        return {0: "proven", 1: "false", 3: "not decided"}[code]
    if command == "run":
        main(["run", ".", "--get", "/orders"])
        shown = capsys.readouterr()
        assert row.get("problem", "") in shown.err
        return int(shown.out.partition("HTTP/1.1 ")[2][:3])
    if command == "serve":
        with lenient():
            return ServeTarget(path=".").load().gateway.send("/orders").response.status_code
    if command in ("diff", "change"):
        return compared(row, is_changed=command == "change", capsys=capsys)
    if command == "effective":
        main(["explain", ".", "--effective", "--get", "/orders"])
        return row.get("effective", "") in capsys.readouterr().out
    main(["new", "test", "."])
    capsys.readouterr()
    return "written" if list(Path().rglob("*.test.yaml")) else "not written"


def beside_another(row: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    """Return what `audit` says about a service beside another one, which is open to anyone."""
    write(row, Path("both/one"))
    Path("both/other").mkdir()
    Path("both/other/main.tf").write_text(OTHER, encoding="utf-8")
    Path("both/one/apimpolicy.toml").unlink()
    Path("apimpolicy.toml").unlink()
    main(["audit", "both", "--format", "json"])
    found = json.loads(capsys.readouterr().out)["operations"]
    assert [each["access"] for each in found if each["service"] == "other"] == ["anyone"]
    return " and ".join(sorted({each["access"] for each in found if each["service"] == "one"}))


OTHER = """resource "azurerm_api_management" "apim" { name = "other" }
resource "azurerm_api_management_policy" "global" {
  api_management_id = azurerm_api_management.apim.id
  xml_content       = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>"
}
resource "azurerm_api_management_api" "orders" {
  name                  = "orders"
  api_management_name   = azurerm_api_management.apim.name
  path                  = "orders"
  protocols             = ["https"]
  subscription_required = false
  service_url           = "https://other.example"
}
"""


def compared(row: dict[str, Any], *, is_changed: bool, capsys: pytest.CaptureFixture[str]) -> str:
    """Return what `diff` says about the same service, or about one whose policies no longer check the caller."""
    for version in ("old", "new"):
        write(row, Path(version))
    for path in Path("new").rglob("*") if is_changed else ():
        if path.is_file():
            path.write_text(CHECKS.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    code = main(["diff", "old", "new", "--seconds", SEARCH_SECONDS])
    capsys.readouterr()
    return {0: "equal", 1: "different", 3: "not decided"}[code]


@pytest.mark.parametrize(("name", "command"), sampled([(name, command) for name in ROWS for command in COLUMNS], 149))
def test_what_each_command_says(
    name: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = ROWS[name]
    write(row, tmp_path)
    monkeypatch.chdir(tmp_path)
    expected = True if command == "effective" else row.get(command, usual(command, row))
    assert answer(command, row, capsys) == expected
