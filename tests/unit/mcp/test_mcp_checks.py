"""What `check` says about MCP servers: `checks.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from apimpolicy.project.checking import check

if TYPE_CHECKING:
    from collections.abc import Mapping

GIVEN: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "checks.yaml").read_text("utf-8"))


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
