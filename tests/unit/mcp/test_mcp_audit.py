"""Who reaches the backend of an operation by the call of a tool: `audit.yaml`."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from tests.rows import read_yaml

from apimpolicy.project.audit_run import audit_gateway
from apimpolicy.project.audit_settings import AuditSettings
from apimpolicy.project.configuration import Configuration
from apimpolicy.project.environments import merged
from apimpolicy.project.toml_table import Table
from apimpolicy.reasoning.audit.access import limited_by
from apimpolicy.report.audit_text import answer

GIVEN: dict[str, Any] = read_yaml((Path(__file__).parent / "audit.yaml").read_text("utf-8"))
WORDS = {"nobody": "none", "key": "subscription key"}


def settings_of(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = merged(copy.deepcopy(GIVEN["service"]), row.get("settings", {}))
    for name, api in (("server", "orders-mcp"), ("api", "orders"), ("server-without-base", "orders-mcp")):
        if name in row:
            base = "" if "without" in name else "<base />"
            text = f"<policies><inbound>{base}{row[name]}</inbound><backend><base /></backend></policies>"
            found["apis"][api]["policy"] = text
    if "global" in row:
        backend = "<backend><forward-request /></backend>"
        found["global-policy"] = f"<policies><inbound>{row['global']}</inbound>{backend}</policies>"
    return found


@pytest.mark.parametrize("name", GIVEN["rows"])
def test_access(name: str) -> None:
    row = GIVEN["rows"][name]
    gateway = Configuration(Table("audit.yaml", settings_of(row))).gateway()
    run = audit_gateway(gateway, ".", AuditSettings())
    tools = [each for each in run.audit.operations if each.api.id == "orders-mcp"]
    assert [each.name for each in tools] == ["tool getOrder"]
    assert answer(tools[0]) == WORDS.get(row["access"], row["access"])
    if "limited" in row:
        assert limited_by(tools[0]) == row["limited"]
