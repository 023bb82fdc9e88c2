"""Each way to write an MCP server: `reading.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.rows import read_yaml

from apimpolicy.project.overlays import NO_CHANGES
from apimpolicy.project.service.reading import describe

GIVEN: dict[str, Any] = read_yaml((Path(__file__).parent / "reading.yaml").read_text("utf-8"))


@pytest.mark.parametrize("name", GIVEN["rows"])
def test_what_is_read(name: str, tmp_path: Path) -> None:
    row: dict[str, Any] = GIVEN["rows"][name]
    for file, text in row.items():
        if "." in file:
            path = tmp_path / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    server = describe(str(tmp_path), NO_CHANGES).api("orders-mcp")
    assert server is not None
    assert server.is_server
    tools = [
        [each.name.known, each.api.known, each.operation.known, each.description.known or ""] for each in server.tools
    ]
    assert tools == row.get("tools", [])
    assert len(server.tool_gaps) == row.get("gaps", 0)
    assert server.backend.known == row.get("backend")
    assert server.endpoint.known == row.get("endpoint")
    assert [each.name.known for each in server.tools if each.has_revision] == row.get("revisions", [])
