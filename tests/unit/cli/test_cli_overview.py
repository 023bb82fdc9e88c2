"""`apimpolicy FOLDER`, and `apimpolicy` without arguments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from apimpolicy.cli.program import run

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.mark.parametrize("arguments", [[], ["."], [str(EXAMPLES / "apiops-folder")]])
def test_one_screen_about_a_folder(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(EXAMPLES / "apiops-folder")
    assert run(arguments) == 0
    shown = capsys.readouterr().out
    for sentence in (
        "apiops-folder  4 policies, 2 operations of 1 API",
        "  findings  none",
        "  access    2 × subscription key: orders/*",
        "  tests     1 test file with 4 cases",
        "Next:",
    ):
        assert sentence in shown
    assert len(shown.splitlines()) < 24


def test_findings_come_first(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "orders.xml").write_text("<policies><inbound><bas /></inbound></policies>")
    found = apimpolicy()
    assert found.code == 0
    assert "  findings  1 error in 1 file\n" in found.out
    assert found.out.endswith(
        "Next:\n"
        "  apimpolicy check                       list the findings\n"
        "  apimpolicy new test .                  write first tests\n"
        "  apimpolicy explain orders.xml --get /  send a request and see what decides\n"
    )


def test_without_policies_the_help_is_shown(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    found = apimpolicy()
    assert found.code == 2
    assert found.out.startswith("Usage: apimpolicy")
    (tmp_path / "empty").mkdir()
    found = apimpolicy("empty")
    assert found.code == 2
    assert "found no policies in empty" in found.err


def test_only_what_a_request_has_reached_is_open(apimpolicy: Callable[..., Any], tmp_path: Path) -> None:
    """Without a key there is no subscription whose id the limit could count."""
    api = tmp_path / "apimartifacts" / "apis" / "orders"
    api.mkdir(parents=True)
    properties = {"path": "orders", "subscriptionRequired": False, "serviceUrl": "https://orders.example"}
    (api / "apiInformation.json").write_text(json.dumps({"properties": {"displayName": "orders", **properties}}))
    limit = '<rate-limit-by-key calls="2" renewal-period="90" counter-key="@({key})" />'
    policy = api / "policy.xml"
    for key, words in (("context.Subscription.Id", "not decided"), ("context.Request.IpAddress", "anyone")):
        policy.write_text(f"<policies><inbound><base />{limit.format(key=key)}</inbound></policies>")
        (row,) = (line for line in apimpolicy().out.splitlines() if line.startswith("  access"))
        assert row == f"  access    1 × {words}: orders/*"
        assert f"{words}  " in apimpolicy("audit").out
