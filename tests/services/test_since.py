"""`check --since REVISION`: what a change deletes, and something still uses."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from apimpolicy.cli import main

ORDERS = Path(__file__).parent / "orders"
DELETED = "is still used here, but was deleted since HEAD"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The service in a repository whose only revision has all of it."""
    folder = Path(shutil.copytree(ORDERS, tmp_path / "extracted"))
    monkeypatch.chdir(tmp_path)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "--quiet"), ("add", "--all"), ("commit", "--quiet", "--message", "x")):
        subprocess.run(["git", *who, *arguments], check=True, capture_output=True)
    return folder


def check(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    code = main(["check", "extracted", "--no-cache", *options])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


ROWS = [
    ("backends/orders-pool", "the backend 'orders-pool'", 1),
    ("backends", "the backend 'orders-pool'", 3),
    ("loggers", "the logger 'insights'", 2),
    ("named values", "the named value 'partner-name'", 4),
    ("policy fragments", "the fragment 'log-caller'", 1),
    ("groups", "the group 'partners'", 2),
    ("products", "the product 'starter'", 2),
    ("workspaces/sales/backends", "the backend 'leads'", 1),
    ("caches", "the cache 'westeurope'", 1),
]
"""What is deleted, one of the findings, and how many there are."""


@pytest.mark.parametrize(("folder", "what", "count"), ROWS)
def test_what_is_deleted_and_still_used(
    service: Path, folder: str, what: str, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(capsys, "--since", "HEAD")[0] == 0
    shutil.rmtree(service / folder)
    code, text = check(capsys, "--since", "HEAD")
    assert text.count(DELETED) == count, text
    assert code == (0 if "error" not in text else 1)
    assert f"{what} {DELETED}" in text


def test_what_nothing_uses_any_more(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(service / "authorization providers")
    policy = service / "apis" / "orders" / "policy.xml"
    kept = [line for line in policy.read_text("utf-8").splitlines() if "get-authorization-context" not in line]
    policy.write_text("\n".join(kept), "utf-8")
    assert check(capsys, "--since", "HEAD")[0] == 0


def test_what_moved_to_infrastructure_code(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(service / "backends" / "orders-pool")
    code = 'resource "azurerm_api_management_backend" "pool" {\n  name = "orders-pool"\n}\n'
    (service.parent / "main.tf").write_text(code, "utf-8")
    assert check(capsys, "--since", "HEAD")[0] == 0


def test_a_policy_outside_of_the_service(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lone = service.parent / "lone.xml"
    lone.write_text("<policies><inbound><base /></inbound></policies>", "utf-8")
    assert main(["check", "--no-cache", "--since", "HEAD", "lone.xml", "extracted"]) == 0
    assert main(["check", "--no-cache", "--since", "HEAD", "lone.xml"]) == 0
    assert main(["check", "--no-cache", "--since", "nothing", "lone.xml"]) == 2
    assert "git has no revision 'nothing'" in capsys.readouterr().err


def test_without_since_a_kind_that_is_gone_is_not_missed(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(service / "loggers")
    assert check(capsys)[0] == 0


def test_an_unknown_revision(service: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = check(capsys, "--since", "nothing")
    assert code == 2
    assert text.count("git has no revision 'nothing'") == 1
