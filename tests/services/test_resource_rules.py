"""Rules of an organisation about the resources of a service: what teams script by hand, as the how-to has it."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.documentation.page_runner import blocks

from apimpolicy.cli import main

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__)
ROWS: list[dict[str, Any]] = tomllib.loads(HERE.with_name("resource_rules.toml").read_text("utf-8"))["row"]
PAGE = (HERE.parents[2] / "docs/how-to/platform-rules.md").read_text("utf-8")
RULES = next(block.content for block in blocks(PAGE) if block.title == "apimpolicy.toml")
_MARKS = {"broken": "warning|error", "open": "info"}
SERVICE = 'resource "azurerm_api_management" "apim" {\n  name     = "apim"\n  sku_name = "Premium_1"\n}\n'


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def findings(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    main(["check", str(folder), "--format", "json", "--config", str(folder / "apimpolicy.toml"), *options])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["diagnostics"]
    return found


def in_terraform(row: dict[str, Any]) -> str:
    text = str(row["code-of-service"])
    return (
        text
        if '"azurerm_api_management" ' in text
        else SERVICE
        + text.replace("revision = ", "api_management_name = azurerm_api_management.apim.name\n  revision = ")
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["code"])
def test_what_teams_script_by_hand(row: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = in_terraform(row) if "code-of-service" in row else ""
    write(tmp_path, {"apimpolicy.toml": RULES, **row.get("files", {}), **({"main.tf": text} if text else {})})
    found = findings(tmp_path, capsys, "--select", row["code"])
    if not text:
        places = [f"{Path(each['path']).relative_to(tmp_path)}:{each['line']} {each['severity']}" for each in found]
        assert places == row["found"]
        return
    marked = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if "# " in line]
    expected = [(number, _MARKS[line.rpartition("# ")[2]]) for number, line in marked]
    assert [each["line"] for each in found] == [number for number, _ in expected], found
    for each, (_, severities) in zip(found, expected, strict=True):
        assert re.fullmatch(severities, each["severity"])
        assert "hunter2" not in each["message"]


def test_every_rule_of_the_page_is_tried() -> None:
    assert {row["code"] for row in ROWS} >= {f"PLATFORM{number:03}" for number in range(1, 12)}


def test_a_workspace_that_is_frozen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a revision, changed files of resources below the folders count; without one, nothing is decided."""
    api = "apis/orders/apiInformation.json"
    kept, changed = f"workspaces/legacy/{api}", "workspaces/legacy/apis/stock/apiInformation.json"
    write(tmp_path, {"apimpolicy.toml": RULES, "policy.xml": "<policies><inbound /></policies>"})
    write(tmp_path, {api: "{}", kept: "{}", changed: "{}"})
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a"]):
        name = ["-c", "user.name=a", "-c", "user.email=a@contoso.example"]
        subprocess.run(["git", "-C", str(tmp_path), *name, *arguments], check=True)
    options = ("--select", "PLATFORM012")
    found = findings(tmp_path, capsys, *options)
    assert [(Path(each["path"]).parent.name, each["severity"]) for each in found] == [
        ("orders", "info"),
        ("stock", "info"),
    ]
    assert "--since" in found[0]["message"]
    write(tmp_path, {"workspaces/legacy/apis/stock/policy.xml": "<policies><inbound><base /></inbound></policies>"})
    write(tmp_path, {api: '{"properties": {"path": "orders"}}'})
    found = findings(tmp_path, capsys, *options, "--since", "HEAD")
    assert [(Path(each["path"]).parent.name, each["severity"]) for each in found] == [("stock", "error")]


def test_rules_see_the_overlay_of_an_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"apimpolicy.toml": RULES, "policy.xml": "<policies><inbound /></policies>"})
    information = '{"properties": {"url": "https://orders.contoso.internal", "protocol": "http"}}'
    write(tmp_path, {"backends/orders/backendInformation.json": information})
    overlay = "backends:\n  - name: orders\n    properties:\n      url: https://orders.example.com\n"
    write(tmp_path, {"configuration.prod.yaml": overlay})
    assert findings(tmp_path, capsys, "--select", "PLATFORM001") == []
    (found,) = findings(tmp_path, capsys, "--select", "PLATFORM001", "--environment", "prod")
    assert "orders.example.com" in found["message"]
    (found,) = findings(tmp_path, capsys, "--select", "PLATFORM001", "--environment", "all")
    assert "orders.example.com" in found["message"]


def test_fields_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "--fields", "backend"]) == 0
    assert "host" in capsys.readouterr().out
    assert main(["rule", "--fields", "back"]) == 2
    assert main(["rule", "--fields"]) == 0
    assert 'about = "version-set"' in capsys.readouterr().out
