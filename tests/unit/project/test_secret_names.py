"""Which named values are secret: the folders of APIOps, and the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apimpolicy.project.check_projects import CheckOptions, CheckProjects
from apimpolicy.project.check_run import CheckRun
from apimpolicy.project.known_service import ServiceView
from apimpolicy.project.service.extract import read_extract

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

VALUES = {
    "named values/a/namedValueInformation.json": '{"properties": {"displayName": "a", "secret": true}}',
    "named values/b/namedValueInformation.json": '{"properties": {"displayName": "b", "secret": false}}',
    "named values/c/namedValueInformation.json": '{"properties": {"keyVault": {"secretIdentifier": "https://v"}}}',
    "named values/0815/namedValueInformation.json": '{"properties": {"displayName": "d", "secret": true}}',
    "named values/e/namedValueInformation.json": "{",
    "named values/f/namedValueInformation.json": '{"properties": {"displayName": "other", "secret": true}}',
}


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def test_what_a_folder_knows(tmp_path: Path) -> None:
    write(tmp_path, VALUES)
    found = ServiceView(read_extract(str(tmp_path))).named_values
    assert found == {"a": True, "b": False, "c": True, "d": True, "e": None, "other": True}


def test_a_policy_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = (
        "<set-header name='X'><value>{{a}}</value></set-header><set-header name='Y'><value>{{b}}</value></set-header>"
    )
    write(tmp_path, {**VALUES, "policy.xml": f"<policies><inbound /><outbound>{body}</outbound></policies>"})
    monkeypatch.chdir(tmp_path)
    checked = CheckRun(CheckProjects(CheckOptions(select=("POL342",)))).one("policy.xml")
    assert [finding.message for finding in checked.findings] == ["callers get the secret named value 'a'"]
