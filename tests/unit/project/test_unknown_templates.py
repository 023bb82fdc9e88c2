"""A policy in a template language that isn't read gets one finding: the rows of `unknown_templates.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from apimpolicy.diagnostics import Severity
from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun

ROWS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("unknown_templates.toml").read_text(encoding="utf-8")
)["row"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_a_template_has_one_finding(row: dict[str, Any], tmp_path: Path) -> None:
    text = f"<policies><inbound><base />{row['inbound']}</inbound></policies>"
    found = CheckRun(CheckProjects(CheckOptions())).diagnostics(text.encode(), str(tmp_path / "orders.xml"))
    shown = [f"{each.code} {text[each.start : each.end]}" for each in found if each.severity is not Severity.WARNING]
    assert shown == row["found"]
