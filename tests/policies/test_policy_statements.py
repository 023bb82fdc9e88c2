"""What Microsoft's documentation says that policies do, or was seen on real gateways, a row for each statement.

`statements/*.toml` have `[[statement]]`s, each with `says`, the statement in our words, and policies by section
(`inbound`, `backend`, `outbound`, `on-error`), which stand behind `<base />` in one document at `scope` ("api" unless
given); policies in backend replace it. `global` has policies by section of a global document besides, `fragments`
fragments by id. Requests, settings and expectations are those of any other case, see test_policy_cases.py. A statement
that has a folder of cases, or a row of errors/rows.toml, has none here.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from test_policy_cases import run_case

FOLDER = Path(__file__).parent / "statements"
SECTIONS = ("inbound", "backend", "outbound", "on-error")
STATEMENTS = [
    pytest.param(row, id=f"{file.stem}: {row['says']}")
    for file in sorted(FOLDER.glob("*.toml"))
    for row in tomllib.loads(file.read_text("utf-8"))["statement"]
]


def document(policies: dict[str, str], *, is_global: bool = False) -> str:
    """A document with these policies, by section."""
    parts = []
    for section in SECTIONS:
        content = policies.get(section, "<forward-request />" if is_global and section == "backend" else "")
        base = "" if is_global or (section == "backend" and content) else "<base />"
        parts.append(f"<{section}>{base}{content}</{section}>")
    return f"<policies>{''.join(parts)}</policies>"


@pytest.mark.parametrize("row", STATEMENTS)
def test_statement(row: dict[str, Any]) -> None:
    documents = {row.get("scope", "api"): document(row, is_global=row.get("scope") == "global")}
    if "global" in row:
        documents["global"] = document(row["global"], is_global=True)
    settings = dict(row.get("gateway", {}))
    if "fragments" in row:
        settings["fragments"] = {name: f"<fragment>{text}</fragment>" for name, text in row["fragments"].items()}
    run_case(FOLDER, documents, settings, row)
