"""What `check` says about MCP servers: `checks.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.rows import read_yaml

from apimpolicy.cli import main
from apimpolicy.project.check_run import check

if TYPE_CHECKING:
    from collections.abc import Mapping

GIVEN: dict[str, Any] = read_yaml((Path(__file__).parent / "checks.yaml").read_text("utf-8"))

WITHOUT_POLICIES = """
resource apim 'Microsoft.ApiManagement/service@2024-05-01' existing = { name: 'x' }
resource srv 'Microsoft.ApiManagement/service/apis@2025-09-01-preview' = {
  parent: apim, name: 'orders-mcp', properties: {
  type: 'mcp', path: 'orders-mcp', protocols: ['https'], backendId: 'x'
  mcpTools: [ { name: 'a', operationId: '${apim.id}/apis/orders/operations/get-order' } ] } }
"""


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", GIVEN["rows"])
def test_findings(name: str, tmp_path: Path) -> None:
    row = dict(GIVEN["rows"][name])
    expected: list[str] = row.pop("found")
    write(tmp_path, {**GIVEN["service"], **row})
    found = [each for each in check(tmp_path) if each.code.startswith("POL17")]
    assert len(found) == len(expected), found
    for finding, text in zip(found, expected, strict=True):
        code, severity, message = text.split(" ", 2)
        assert (finding.code, finding.severity) == (code, severity)
        assert message in finding.message


def test_a_service_without_policies_is_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"main.bicep": WITHOUT_POLICIES})
    assert main(["check", str(tmp_path)]) == 1
    assert "POL173 error: Azure refuses the MCP server 'orders-mcp'" in capsys.readouterr().out
