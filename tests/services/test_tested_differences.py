"""The requests of test files run through both versions: what no search finds, people have written down."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.cli import main

if TYPE_CHECKING:
    from pathlib import Path

KEY = base64.b64encode(hashlib.sha256(b"open sesame 42").digest()).decode()
POLICY = f"""<policies><inbound><base /><choose><when condition='@(Convert.ToBase64String(SHA256.Create().ComputeHash(
    System.Text.Encoding.UTF8.GetBytes(context.Request.Headers.GetValueOrDefault("X-Key", "")))) == "{KEY}")'>
    <set-header name="X-Role" exists-action="override"><value>admin</value></set-header></when></choose>
    <set-header name="X-Chance" exists-action="override"><value>@(Guid.NewGuid().ToString())</value></set-header>
</inbound></policies>"""
TESTS = """policy: orders.xml
cases:
  - name: {}
    request: {{get: /orders, headers: {{X-Key: {}}}}}
    expect: {{status: 200}}
"""


def differences(capsys: pytest.CaptureFixture[str], old: Path, new: Path) -> list[dict[str, Any]]:
    main(["diff", str(old), str(new), "--format", "json"])
    policies = json.loads(capsys.readouterr().out)["policies"]
    return [each for policy in policies for each in policy["differences"]]


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_case_shows_what_the_search_misses(tmp_path: Path, side: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A test file of either version counts."""
    for name, text in {"old": POLICY, "new": POLICY.replace("admin", "owner")}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "orders.xml").write_text(text, "utf-8")
    (tmp_path / side / "orders.test.yaml").write_text(TESTS.format("an owner", "open sesame 42"), "utf-8")
    (found,) = differences(capsys, tmp_path / "old", tmp_path / "new")
    assert found["what"] == "the backend gets X-Role: owner instead of admin"
    assert found["request"].startswith("the test 'an owner'")
    assert found["cause"]["element"] == '<value> of <set-header name="X-Role">'


def test_a_case_without_a_difference_shows_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, text in {"old": POLICY, "new": POLICY.replace("admin", "owner")}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "orders.xml").write_text(text, "utf-8")
        (tmp_path / name / "orders.test.yaml").write_text(TESTS.format("nobody", "x"), "utf-8")
    assert differences(capsys, tmp_path / "old", tmp_path / "new") == []
